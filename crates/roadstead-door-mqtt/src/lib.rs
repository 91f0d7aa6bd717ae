//! The MQTT door: lets devices and readers in over MQTT 3.1.1 and 5, and only translates.
//!
//! Bytes become readings and wishes to hear; the work itself is done by the services.
//! This door never touches a store. One task serves one connection; nothing is queued
//! for a client but what its window and a few kilobytes hold.

mod codec; // MQTT on the wire
mod connect; // who comes in, and with which session
mod deliver; // we speak
mod flights; // what was sent and is not acknowledged
mod limits; // how much anyone may take
mod listen; // the socket, and the end of TLS
mod owed; // answers that wait for the disk
mod publish; // a client speaks
mod retained; // what a new subscription is told first
mod routes; // which names of a sensor reach a session
mod seats; // who is connected
mod session; // one connection
mod share; // shared subscriptions
mod tend; // what goes on in the background
mod topic; // topic text <-> what it means
mod tray; // what was read and is on its way to intake
mod will; // what is said for a client that was lost
mod wire; // the byte stream

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use roadstead_guard::{Guard, Origin};
use roadstead_model::{Clock, Timestamp};
use roadstead_services::Presence;
use roadstead_services::intake::Intake;
use roadstead_services::live::Live;
use roadstead_services::sessions::MqttSessions;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
pub use tokio_util::sync::CancellationToken;

pub use limits::Limits;
pub use listen::Tls;

/// What the door works with, all passed in.
pub struct Tools {
    /// The decision.
    pub guard: Arc<Guard>,
    /// Where measurements go.
    pub intake: Arc<Intake>,
    /// Where they come from.
    pub live: Arc<Live>,
    /// What sessions must not forget.
    pub sessions: Arc<MqttSessions>,
    /// Who is here.
    pub presence: Arc<Presence>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The MQTT door.
#[derive(Clone)]
pub struct MqttDoor {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) tools: Tools,
    pub(crate) limits: Limits,
    pub(crate) seats: Arc<seats::Seats>,
    pub(crate) groups: Arc<share::Groups>,
    pub(crate) counters: Counters,
    /// The guard's epoch, looked at often: sessions look at their rights when it moves.
    pub(crate) rights: watch::Sender<u64>,
    pub(crate) opened: Timestamp,
    connections: AtomicUsize,
    assigned: AtomicU64,
}

/// What the door sees of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// Connections, those included that have not said who they are.
    pub connections: usize,
    /// Connected sessions.
    pub sessions: usize,
    /// Messages taken from clients since the start.
    pub taken: u64,
    /// Messages of clients that were refused since the start.
    pub refused: u64,
    /// Connections and credentials that were turned away since the start.
    pub turned_away: u64,
    /// Measurements that were gone before a slow or absent session could be told.
    pub missed: u64,
}

#[derive(Default)]
pub(crate) struct Counters {
    taken: AtomicU64,
    refused: AtomicU64,
    turned_away: AtomicU64,
    missed: AtomicU64,
}

impl Counters {
    pub(crate) fn taken(&self, count: u64) {
        self.taken.fetch_add(count, Ordering::Relaxed);
    }
    pub(crate) fn refused(&self, count: u64) {
        self.refused.fetch_add(count, Ordering::Relaxed);
    }
    pub(crate) fn turned_away(&self, count: u64) {
        self.turned_away.fetch_add(count, Ordering::Relaxed);
    }
    pub(crate) fn missed(&self, count: u64) {
        self.missed.fetch_add(count, Ordering::Relaxed);
    }
}

impl MqttDoor {
    /// Opens the door. Must be called inside a tokio runtime: rights are watched from here on.
    pub fn open(tools: Tools, limits: Limits) -> Self {
        let seats = Arc::new(seats::Seats::default());
        seats.remember(tools.sessions.kept());
        let inner = Arc::new(Inner {
            seats,
            groups: Arc::new(share::Groups::new(Arc::clone(&tools.guard))),
            counters: Counters::default(),
            rights: watch::Sender::new(tools.guard.epoch()),
            opened: tools.clock.now(),
            connections: AtomicUsize::new(0),
            assigned: AtomicU64::new(0),
            tools,
            limits,
        });
        tend::begin(&inner);
        Self { inner }
    }

    /// Serves one client on a byte stream until it leaves or the server stops.
    ///
    /// The stream is TLS of [`Self::listen`], or a secure WebSocket that the HTTP door
    /// has turned into a stream of the bytes inside its binary messages.
    pub async fn serve<S>(&self, stream: S, origin: Origin, shutdown: CancellationToken)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let Some(_counted) = Counted::try_new(&self.inner) else {
            self.inner.counters.turned_away(1);
            return;
        };
        let mut wire = wire::Wire::new(stream);
        match connect::greet(&self.inner, &mut wire, origin, &shutdown).await {
            Some(session) => session.run(wire, &shutdown).await,
            None => self.inner.counters.turned_away(1),
        }
    }

    /// What the door sees of itself.
    pub fn status(&self) -> Status {
        let counters = &self.inner.counters;
        Status {
            connections: self.inner.connections.load(Ordering::Relaxed),
            sessions: self.inner.seats.taken(),
            taken: counters.taken.load(Ordering::Relaxed),
            refused: counters.refused.load(Ordering::Relaxed),
            turned_away: counters.turned_away.load(Ordering::Relaxed),
            missed: counters.missed.load(Ordering::Relaxed),
        }
    }
}

/// Reads bytes as every packet and every topic that they could be: what fuzzing feeds.
pub fn read_as_anything(bytes: &[u8]) {
    let limits = Limits::default();
    codec::read_as_anything(bytes, limits.packet_bytes);
    if let Ok(text) = codec::text(bytes) {
        let _ = topic::Destination::parse(text);
        let _ = topic::Filter::parse(text, &limits);
    }
}

impl Inner {
    /// Makes up a client id that no session has, before or after a restart.
    pub(crate) fn make_client_id(&self) -> String {
        let number = self.assigned.fetch_add(1, Ordering::Relaxed);
        format!("auto-{:x}-{number:x}", self.opened.micros())
    }
}

/// One connection, as long as it is counted.
struct Counted {
    inner: Arc<Inner>,
}

impl Counted {
    fn try_new(inner: &Arc<Inner>) -> Option<Self> {
        let before = inner.connections.fetch_add(1, Ordering::Relaxed);
        let counted = Self { inner: Arc::clone(inner) };
        (before < inner.limits.connections).then_some(counted)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.inner.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
