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
#[derive(Default)]
pub(crate) struct Seats {
    inner: Mutex<Inner>,
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

    /// Stops counting a kept session that was forgotten.
    pub(crate) fn forget(&self, key: &SessionKey) {
        let mut inner = self.open();
        if !inner.taken.contains_key(key) {
            inner.uncount(key);
        }
    }

    /// Whether a connection holds the session.
    pub(crate) fn is_taken(&self, key: &SessionKey) -> bool {
        self.open().taken.contains_key(key)
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
        let (place, before) = self.sit_down(key, most, shutdown)?;
        if let Some(before) = before {
            before.kicked.cancel();
            let handed_over = tokio::time::timeout(HAND_OVER, before.gone.cancelled()).await;
            handed_over.map_err(|_| Reason::SERVER_BUSY)?;
        }
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
        inner.serial += 1;
        let serial = inner.serial;
        let (kicked, gone) = (shutdown.child_token(), CancellationToken::new());
        let seat = Seat { serial, kicked: kicked.clone(), gone: gone.clone() };
        let before = inner.taken.insert(key.clone(), seat);
        let seats = Arc::clone(self);
        Ok((Place { key, serial, kicked, kept: false, gone, seats }, before))
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

impl Drop for Place {
    fn drop(&mut self) {
        let mut inner = self.seats.open();
        if inner.taken.get(&self.key).is_some_and(|seat| seat.serial == self.serial) {
            inner.taken.remove(&self.key);
            if !self.kept {
                inner.uncount(&self.key);
            }
        }
        self.gone.cancel();
    }
}
