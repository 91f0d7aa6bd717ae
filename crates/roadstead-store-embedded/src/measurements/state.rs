//! What stands in no row: sessions, packet ids, idempotency keys; and the queue to the writer.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use roadstead_model::{DeviceId, SensorId, Timestamp, Value};
use roadstead_store::{Appended, Once, SessionKey, SessionState, StoreError, Ticket};

use super::Map;
use super::record::{Entry, Handed};

/// An idempotency key is remembered for this long.
const KEY_KEPT: Duration = Duration::from_hours(24);

/// Sessions and keys as the journal has them. Only the writer and recovery change it.
pub(super) struct Kept {
    pub(super) sessions: Map<SessionKey, Arc<SessionState>>,
    pub(super) received: Map<SessionKey, BTreeSet<u16>>,
    /// Idempotency keys with their arrival, the oldest first.
    keys: VecDeque<([u8; 32], Timestamp)>,
    most_keys: usize,
}

impl Kept {
    /// Nothing yet. Of idempotency keys it will keep so many at most.
    pub(super) fn keeping(most_keys: usize) -> Self {
        let (sessions, received, keys) = (Map::default(), Map::default(), VecDeque::new());
        Self { sessions, received, keys, most_keys }
    }

    /// Idempotency keys, each once with its last arrival, the oldest first.
    pub(super) fn keys(&self) -> Vec<([u8; 32], Timestamp)> {
        let mut seen = HashSet::<_, foldhash::fast::RandomState>::default();
        let mut keys: Vec<_> = self.keys.iter().rev().copied().collect();
        keys.retain(|(key, _)| seen.insert(*key));
        keys.reverse();
        keys
    }

    fn remember(&mut self, key: [u8; 32], at: Timestamp) {
        self.keys.push_back((key, at));
        while self.keys.len() > self.most_keys
            || self.keys.front().is_some_and(|(_, oldest)| at.since(*oldest) >= KEY_KEPT)
        {
            self.keys.pop_front();
        }
    }

    /// Takes an entry in that became durable.
    pub(super) fn apply(&mut self, entry: &Entry) {
        match entry {
            Entry::Batch(handed) => match &handed.batch.once {
                None => {}
                Some(Once::Packet(key, packet)) => {
                    self.received.entry(key.clone()).or_default().insert(*packet);
                }
                Some(Once::Key(key)) => self.remember(*key, handed.batch.arrival),
            },
            Entry::Key(key, at) => self.remember(*key, *at),
            Entry::Save(key, state) => {
                self.sessions.insert(key.clone(), Arc::clone(state));
            }
            Entry::Release(key, packet) => {
                if let Some(packets) = self.received.get_mut(key)
                    && packets.remove(packet)
                    && packets.is_empty()
                {
                    self.received.remove(key);
                }
            }
            Entry::Remove(key) => {
                self.sessions.remove(key);
                self.received.remove(key);
            }
            Entry::Received(key, packets) => {
                self.received.insert(key.clone(), packets.iter().copied().collect());
            }
            Entry::Forget(_)
            | Entry::Closed
            | Entry::Begin { .. }
            | Entry::Next(..)
            | Entry::Sensor(..) => {}
        }
    }

    /// All of it, for the beginning of a segment.
    pub(super) fn entries(&self) -> impl Iterator<Item = Entry> {
        let sessions = self.sessions.iter();
        let saved = sessions.map(|(key, state)| Entry::Save(key.clone(), Arc::clone(state)));
        let received = self.received.iter();
        let received = received
            .map(|(key, packets)| Entry::Received(key.clone(), packets.iter().copied().collect()));
        let keys = self.keys.iter().map(|(key, at)| Entry::Key(*key, *at));
        saved.chain(received).chain(keys)
    }
}

/// Idempotency keys, each with the ticket of its batch; the oldest go first.
#[derive(Default)]
struct Keys {
    tickets: Map<[u8; 32], Ticket>,
    order: VecDeque<([u8; 32], Timestamp)>,
}

impl Keys {
    fn remember(&mut self, key: [u8; 32], (at, ticket): (Timestamp, Ticket), most: usize) {
        if self.tickets.insert(key, ticket).is_none() {
            self.order.push_back((key, at));
        }
        while self.order.len() > most {
            self.forget_oldest();
        }
    }

    fn expire(&mut self, now: Timestamp) {
        while self.order.front().is_some_and(|(_, at)| now.since(*at) >= KEY_KEPT) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((key, _)) = self.order.pop_front() {
            self.tickets.remove(&key);
        }
    }
}

/// How much may wait for the writer and be remembered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) pending: usize,
    pub(super) keys: usize,
}

/// What callers share with the writer, behind one short lock.
pub(super) struct Front {
    bounds: Bounds,
    entries: Vec<Entry>,
    weight: usize,
    last: Ticket,
    /// The writer sleeps and wants to be woken.
    pub(super) idle: bool,
    pub(super) closing: bool,
    pub(super) stopped: bool,
    owners: Map<SensorId, DeviceId>,
    sessions: Map<SessionKey, Arc<SessionState>>,
    received: Map<SessionKey, Map<u16, Ticket>>,
    keys: Keys,
}

impl Front {
    /// Begins with what recovery found.
    pub(super) fn new(bounds: Bounds, owners: Map<SensorId, DeviceId>, kept: &Kept) -> Self {
        let taken = |packets: &BTreeSet<u16>| {
            packets.iter().map(|packet| (*packet, Ticket::default())).collect()
        };
        let received = kept.received.iter();
        Self {
            bounds,
            entries: Vec::new(),
            weight: 0,
            last: Ticket::default(),
            idle: false,
            closing: false,
            stopped: false,
            owners,
            sessions: kept.sessions.clone(),
            received: received.map(|(key, packets)| (key.clone(), taken(packets))).collect(),
            keys: Keys::default(),
        }
    }

    /// Takes in a key that recovery found.
    pub(super) fn remember(&mut self, key: [u8; 32], at: Timestamp) {
        self.keys.remember(key, (at, Ticket::default()), self.bounds.keys);
    }

    /// Forgets keys that are a day old.
    pub(super) fn expire_keys(&mut self, now: Timestamp) {
        self.keys.expire(now);
    }

    /// Queues a batch, or finds that it came before.
    pub(super) fn append(&mut self, handed: Handed) -> Result<Appended, StoreError> {
        self.check_open()?;
        if let Some(ticket) = handed.batch.once.as_ref().and_then(|once| self.seen(once)) {
            return Ok(Appended::Repeated(ticket));
        }
        if self.weight >= self.bounds.pending {
            return Err(StoreError::Busy);
        }
        self.claim(&handed)?;
        let weight = handed.batch.readings.iter().map(weight).sum::<usize>() + 1;
        let ticket = self.next_ticket();
        match &handed.batch.once {
            None => {}
            Some(Once::Packet(key, packet)) => {
                self.received.entry(key.clone()).or_default().insert(*packet, ticket);
            }
            Some(Once::Key(key)) => {
                let when = (handed.batch.arrival, ticket);
                self.keys.remember(*key, when, self.bounds.keys);
            }
        }
        self.push(Entry::Batch(handed), weight);
        Ok(Appended::Queued(ticket))
    }

    fn seen(&self, once: &Once) -> Option<Ticket> {
        match once {
            Once::Packet(key, packet) => self.received.get(key)?.get(packet).copied(),
            Once::Key(key) => self.keys.tickets.get(key).copied(),
        }
    }

    /// A sensor belongs to the device that wrote it first; nobody writes another's.
    fn claim(&mut self, Handed { source, batch, .. }: &Handed) -> Result<(), StoreError> {
        let tenant = source.device.tenant();
        let foreign = batch.readings.iter().any(|reading| {
            let owner = self.owners.get(&reading.sensor);
            reading.sensor.tenant() != tenant || owner.is_some_and(|owner| *owner != source.device)
        });
        if foreign {
            return Err(StoreError::Missing("sensor of this device"));
        }
        for reading in &batch.readings {
            self.owners.entry(reading.sensor).or_insert(source.device);
        }
        Ok(())
    }

    /// The device that a sensor belongs to.
    pub(super) fn owner(&self, sensor: SensorId) -> Option<DeviceId> {
        self.owners.get(&sensor).copied()
    }

    /// Queues anything but a batch. Room is kept for these when readings have none.
    pub(super) fn push_change(&mut self, entry: Entry) -> Result<Ticket, StoreError> {
        self.check_open()?;
        let weight = match &entry {
            Entry::Save(_, state) => {
                1 + state.in_flight.iter().map(|held| held.payload.len() / 16).sum::<usize>()
            }
            _ => 1,
        };
        if self.weight + weight >= self.bounds.pending.saturating_mul(2).max(weight + 1) {
            return Err(StoreError::Busy);
        }
        match &entry {
            Entry::Save(key, state) => {
                self.sessions.insert(key.clone(), Arc::clone(state));
            }
            Entry::Release(key, packet) => {
                if let Some(packets) = self.received.get_mut(key)
                    && packets.remove(packet).is_some()
                    && packets.is_empty()
                {
                    self.received.remove(key);
                }
            }
            Entry::Remove(key) => {
                self.sessions.remove(key);
                self.received.remove(key);
            }
            _ => {}
        }
        let ticket = self.next_ticket();
        self.push(entry, weight);
        Ok(ticket)
    }

    fn check_open(&self) -> Result<(), StoreError> {
        if self.stopped || self.closing { Err(StoreError::Stopped) } else { Ok(()) }
    }

    fn next_ticket(&mut self) -> Ticket {
        self.last = Ticket(self.last.0 + 1);
        self.last
    }

    fn push(&mut self, entry: Entry, weight: usize) {
        self.entries.push(entry);
        self.weight += weight;
    }

    /// Whether a batch would be taken now.
    pub(super) const fn has_room(&self) -> bool {
        self.weight < self.bounds.pending || self.stopped || self.closing
    }

    /// Whether nothing waits.
    pub(super) const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Gives what waits in exchange for an empty queue; with it its weight and last ticket.
    pub(super) fn swap(&mut self, empty: &mut Vec<Entry>) -> (usize, Ticket) {
        std::mem::swap(&mut self.entries, empty);
        (std::mem::take(&mut self.weight), self.last)
    }

    /// A session with the packet ids that it has received.
    pub(super) fn session(&self, key: &SessionKey) -> Option<SessionState> {
        let mut state = SessionState::clone(self.sessions.get(key)?);
        state.received = match self.received.get(key) {
            Some(packets) => packets.keys().copied().collect(),
            None => Vec::new(),
        };
        state.received.sort_unstable();
        Some(state)
    }

    /// Every session's key.
    pub(super) fn session_keys(&self) -> Vec<SessionKey> {
        self.sessions.keys().cloned().collect()
    }
}

/// How much a reading counts in the queue: about 64 bytes are one.
fn weight(reading: &roadstead_model::Reading) -> usize {
    match &reading.value {
        Value::Number(_) | Value::Flag(_) => 1,
        Value::Text(text) => 1 + text.len() / 64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys_after(arrivals: &[(u8, i64)], most: usize) -> Vec<u8> {
        let mut kept = Kept::keeping(most);
        for (key, hour) in arrivals {
            let at = Timestamp::from_micros(hour * 3_600_000_000).unwrap();
            kept.apply(&Entry::Key([*key; 32], at));
        }
        kept.keys().into_iter().map(|(key, _)| key[0]).collect()
    }

    #[test]
    fn keys_are_kept_for_a_day_and_not_more_than_so_many() {
        assert_eq!(keys_after(&[(1, 0), (2, 1), (3, 23)], 10), [1, 2, 3]);
        assert_eq!(keys_after(&[(1, 0), (2, 1), (3, 24)], 10), [2, 3]);
        assert_eq!(keys_after(&[(1, 0), (2, 1), (3, 2)], 2), [2, 3]);
        assert_eq!(keys_after(&[(1, 0), (2, 1), (1, 2)], 10), [2, 1], "it came again last");
    }
}
