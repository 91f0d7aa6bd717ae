//! Who is connected: one connection a session, and how many sessions a principal has.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use roadstead_model::Principal;
use roadstead_services::sessions::SessionKey;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::codec::Reason;

/// How long a taken-over connection may take to save its session.
const HAND_OVER: Duration = Duration::from_secs(5);

/// What becomes of a will that waits for its delay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The session was resumed: the will is forgotten.
    Forgotten,
    /// The session ended: the will is sent at once.
    Due,
}

/// All seats of the door.
pub(crate) struct Seats {
    inner: Mutex<Inner>,
    /// How long a connection may take to make room for the next.
    patience: Duration,
}

impl Default for Seats {
    fn default() -> Self {
        Self { inner: Mutex::default(), patience: HAND_OVER }
    }
}

#[derive(Default)]
struct Inner {
    taken: HashMap<SessionKey, Seat>,
    clients: HashMap<Principal, HashSet<Box<str>>>,
    wills: HashMap<SessionKey, (u64, oneshot::Sender<Fate>)>,
    serial: u64,
}

struct Seat {
    serial: u64,
    /// Whether the connection before left a session that outlives it.
    inherits: bool,
    kicked: CancellationToken,
    gone: CancellationToken,
}

/// A connection's hold on its session. Given up when dropped.
pub(crate) struct Place {
    key: SessionKey,
    serial: u64,
    /// Another connection of the same identity and client id has come, or the server stops.
    pub(crate) kicked: CancellationToken,
    /// Whether the session outlives this connection.
    pub(crate) kept: bool,
    gone: CancellationToken,
    seats: Arc<Seats>,
}

impl Seats {
    fn open(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts sessions that were kept from before.
    pub(crate) fn remember(&self, keys: impl IntoIterator<Item = SessionKey>) {
        let mut inner = self.open();
        for key in keys {
            inner.clients.entry(key.principal).or_default().insert(key.client);
        }
    }

    /// Holds a session that no connection holds: whoever comes back to it waits that long.
    pub(crate) fn hold(self: &Arc<Self>, key: &SessionKey) -> Option<Place> {
        let mut inner = self.open();
        if inner.taken.contains_key(key) {
            return None;
        }
        let (place, _) = self.seat(&mut inner, key.clone(), CancellationToken::new());
        Some(place)
    }

    /// How many connections hold a session.
    pub(crate) fn taken(&self) -> usize {
        self.open().taken.len()
    }

    /// Takes the session over from whoever held it, once that one has saved it.
    pub(crate) async fn take(
        self: &Arc<Self>,
        key: SessionKey,
        most: usize,
        shutdown: &CancellationToken,
    ) -> Result<Place, Reason> {
        let (mut place, before) = self.sit_down(key, most, shutdown)?;
        let Some(before) = before else { return Ok(place) };
        before.kicked.cancel();
        if tokio::time::timeout(self.patience, before.gone.cancelled()).await.is_err() {
            // Nobody else may have the seat before that one is gone.
            tokio::spawn(async move {
                before.gone.cancelled().await;
                drop(place);
            });
            return Err(Reason::SERVER_BUSY);
        }
        place.kept = place.inherits();
        Ok(place)
    }

    fn sit_down(
        self: &Arc<Self>,
        key: SessionKey,
        most: usize,
        shutdown: &CancellationToken,
    ) -> Result<(Place, Option<Seat>), Reason> {
        let mut inner = self.open();
        let clients = inner.clients.entry(key.principal).or_default();
        if !clients.contains(&key.client) && clients.len() >= most {
            return Err(Reason::QUOTA_EXCEEDED);
        }
        clients.insert(key.client.clone());
        Ok(self.seat(&mut inner, key, shutdown.child_token()))
    }

    fn seat(
        self: &Arc<Self>,
        inner: &mut Inner,
        key: SessionKey,
        kicked: CancellationToken,
    ) -> (Place, Option<Seat>) {
        inner.serial += 1;
        let (serial, gone) = (inner.serial, CancellationToken::new());
        let before = inner.taken.remove(&key);
        let inherits = before.as_ref().is_some_and(|seat| seat.inherits);
        let seat = Seat { serial, inherits, kicked: kicked.clone(), gone: gone.clone() };
        inner.taken.insert(key.clone(), seat);
        let seats = Arc::clone(self);
        (Place { key, serial, kicked, kept: false, gone, seats }, before)
    }

    /// Notes that a will waits for its delay.
    pub(crate) fn delay_will(&self, key: SessionKey) -> (u64, oneshot::Receiver<Fate>) {
        let (sender, receiver) = oneshot::channel();
        let mut inner = self.open();
        inner.serial += 1;
        let serial = inner.serial;
        inner.wills.insert(key, (serial, sender));
        (serial, receiver)
    }

    /// Decides on the will of a session that waits, if one does.
    pub(crate) fn settle_will(&self, key: &SessionKey, fate: Fate) {
        if let Some((_, sender)) = self.open().wills.remove(key) {
            // Whoever waited may just have stopped: then the will was sent already.
            let _ = sender.send(fate);
        }
    }

    /// Notes that a will's delay is over.
    pub(crate) fn will_sent(&self, key: &SessionKey, serial: u64) {
        let mut inner = self.open();
        if inner.wills.get(key).is_some_and(|(known, _)| *known == serial) {
            inner.wills.remove(key);
        }
    }
}

impl Inner {
    fn uncount(&mut self, key: &SessionKey) {
        if let Some(clients) = self.clients.get_mut(&key.principal) {
            clients.remove(&key.client);
            if clients.is_empty() {
                self.clients.remove(&key.principal);
            }
        }
    }
}

impl Place {
    /// Takes over what the connection before left; from here on this place answers for it.
    fn inherits(&self) -> bool {
        let mut inner = self.seats.open();
        let seat = inner.taken.get_mut(&self.key).filter(|seat| seat.serial == self.serial);
        seat.is_some_and(|seat| std::mem::take(&mut seat.inherits))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inner = self.seats.open();
        match inner.taken.get_mut(&self.key) {
            Some(seat) if seat.serial == self.serial => {
                let kept = self.kept || seat.inherits;
                inner.taken.remove(&self.key);
                if !kept {
                    inner.uncount(&self.key);
                }
            }
            // Whoever has the seat by now counts what this one leaves.
            Some(seat) => seat.inherits |= self.kept,
            None => {}
        }
        self.gone.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use roadstead_model::{DeviceId, TenantId};

    fn key() -> SessionKey {
        let device = DeviceId::new(TenantId::numbered(1).unwrap(), 1).unwrap();
        SessionKey { principal: Principal::Device(device), client: "c".into() }
    }

    async fn take(seats: &Arc<Seats>) -> Result<Place, Reason> {
        seats.take(key(), 1, &CancellationToken::new()).await
    }

    #[tokio::test]
    async fn nobody_sits_beside_one_that_does_not_leave() {
        let patience = Duration::from_millis(50);
        let seats = Arc::new(Seats { patience, ..Seats::default() });
        let mut first = take(&seats).await.ok().unwrap();
        first.kept = true;
        assert!(take(&seats).await.is_err());
        assert!(first.kicked.is_cancelled());
        assert!(take(&seats).await.is_err(), "the third waits for the first too");
        drop(first);
        let mut last = take(&seats).await.ok().unwrap();
        assert!(last.kept, "what the first left is still counted");
        last.kept = false;
        drop(last);
        assert!(seats.open().clients.is_empty() && seats.open().taken.is_empty());
    }

    #[tokio::test]
    async fn whoever_comes_back_waits_for_one_that_clears_away() {
        let seats = Arc::new(Seats::default());
        seats.remember([key()]);
        let held = seats.hold(&key()).unwrap();
        assert!(seats.hold(&key()).is_none());
        let back = tokio::spawn({
            let seats = Arc::clone(&seats);
            async move { take(&seats).await.ok() }
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!back.is_finished());
        drop(held);
        let back = back.await.unwrap();
        assert!(back.is_some_and(|place| !place.kept));
    }
}
