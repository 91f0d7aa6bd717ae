//! What was just accepted, as a bounded log with cursors: no queue per reader.
//!
//! A reader keeps a position and asks for what came after it. A reader that falls
//! behind the oldest kept entry is told how many measurements it missed.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use roadstead_guard::{Read, Scope};
use roadstead_model::{Attribution, Position, Reading, TenantId, Timestamp};
use tokio::sync::watch;

/// Some readings of one device that were accepted together. They are durable.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The position of the first reading; the others follow without a gap.
    pub first: Position,
    /// Who sent them.
    pub source: Attribution,
    /// When the server took them.
    pub arrival: Timestamp,
    /// What was measured.
    pub readings: Vec<Reading>,
}

impl Accepted {
    /// The position after the last reading.
    pub fn end(&self) -> Position {
        Position(self.first.0 + self.readings.len() as u64)
    }
}

/// What came after a reader's position.
#[derive(Debug, Default)]
pub struct Stretch {
    /// In order of acceptance. The first may begin before the reader's position: skip those.
    pub accepted: Vec<Arc<Accepted>>,
    /// Where to read on.
    pub next: Position,
    /// How many measurements of the tenant were no longer there.
    pub missed: u64,
}

/// How many times what one tenant may have is kept of all of them together.
const ALL: usize = 5;

/// The newest accepted measurements of every tenant, bounded by count for each and for all.
pub struct Feed {
    rings: Mutex<Rings>,
    kept: usize,
}

#[derive(Default)]
struct Rings {
    tenants: HashMap<TenantId, Ring>,
    /// Measurements in all of them.
    count: usize,
}

struct Ring {
    accepted: VecDeque<Arc<Accepted>>,
    count: usize,
    end: watch::Sender<Position>,
}

impl Feed {
    /// Makes a feed that keeps so many measurements of each tenant, and of all tenants together
    /// five times as many: beyond that whoever has most loses its oldest.
    pub fn keeping(kept: usize) -> Self {
        Self { rings: Mutex::default(), kept }
    }

    fn rings(&self) -> MutexGuard<'_, Rings> {
        self.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what became durable. Only a store does this.
    pub fn push(&self, accepted: impl IntoIterator<Item = Arc<Accepted>>) {
        let mut rings = self.rings();
        let mut moved: Vec<(TenantId, Position)> = Vec::new();
        for entry in accepted.into_iter().filter(|entry| !entry.readings.is_empty()) {
            let tenant = entry.source.device.tenant();
            let end = entry.end();
            let Rings { tenants, count } = &mut *rings;
            let ring = tenants.entry(tenant).or_insert_with(|| Ring::starting(entry.first));
            *count += entry.readings.len();
            *count -= ring.push(entry, self.kept);
            match moved.iter_mut().find(|(known, _)| *known == tenant) {
                Some((_, last)) => *last = end,
                None => moved.push((tenant, end)),
            }
        }
        rings.shrink(self.kept.saturating_mul(ALL));
        for (tenant, end) in moved {
            if let Some(ring) = rings.tenants.get(&tenant) {
                ring.end.send_replace(end);
            }
        }
    }

    /// Says where a tenant's next measurement will stand, when nothing was pushed since the start.
    pub fn resume(&self, tenant: TenantId, end: Position) {
        let mut rings = self.rings();
        let ring = rings.tenants.entry(tenant).or_insert_with(|| Ring::starting(end));
        ring.end.send_if_modified(|known| std::mem::replace(known, end.max(*known)) < end);
    }

    /// Follows where the tenant's feed ends: changes wake the receiver.
    pub fn end(&self, tenant: TenantId) -> watch::Receiver<Position> {
        let mut rings = self.rings();
        let ring = rings.tenants.entry(tenant).or_insert_with(|| Ring::starting(Position(0)));
        ring.end.subscribe()
    }

    /// Reads on from a position, up to about `most` measurements.
    ///
    /// The scope names the tenant; what of it the reader may see is for the reader to leave out.
    pub fn read(&self, scope: &Scope<Read>, from: Position, most: usize) -> Stretch {
        let rings = self.rings();
        match rings.tenants.get(&scope.tenant()) {
            Some(ring) => ring.read(from, most),
            None => Stretch { next: from, ..Stretch::default() },
        }
    }
}

impl Rings {
    /// Takes the oldest quarter from whoever has most until so many are left. The newest entry of
    /// each stays.
    fn shrink(&mut self, most: usize) {
        while self.count > most {
            let largest = self.tenants.values_mut().filter(|ring| ring.accepted.len() > 1);
            let Some(ring) = largest.max_by_key(|ring| ring.count) else { return };
            self.count -= ring.cut(ring.count - ring.count.div_ceil(4));
        }
    }
}

impl Ring {
    fn starting(at: Position) -> Self {
        Self { accepted: VecDeque::new(), count: 0, end: watch::Sender::new(at) }
    }

    /// Adds an entry; says how many measurements had to go for it.
    fn push(&mut self, entry: Arc<Accepted>, kept: usize) -> usize {
        self.count += entry.readings.len();
        self.accepted.push_back(entry);
        self.cut(kept)
    }

    /// Takes the oldest until so many are left, and always the newest entry; says how many went.
    fn cut(&mut self, kept: usize) -> usize {
        let before = self.count;
        while self.count > kept && self.accepted.len() > 1 {
            let gone = self.accepted.pop_front().map_or(0, |gone| gone.readings.len());
            self.count -= gone;
        }
        before - self.count
    }

    fn read(&self, from: Position, most: usize) -> Stretch {
        let end = *self.end.borrow();
        let oldest = self.accepted.front().map_or(end, |entry| entry.first);
        let missed = oldest.0.saturating_sub(from.0);
        let from = from.max(oldest);
        let begin = self.accepted.partition_point(|entry| entry.end() <= from);
        let mut stretch = Stretch { accepted: Vec::new(), next: from.min(end), missed };
        let mut taken = 0;
        for entry in self.accepted.range(begin..).take_while(|entry| entry.end() <= end) {
            if taken >= most {
                break;
            }
            taken += entry.readings.len();
            stretch.next = entry.end();
            stretch.accepted.push(Arc::clone(entry));
        }
        stretch
    }
}

#[cfg(test)]
mod tests;
