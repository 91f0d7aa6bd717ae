//! One connection: what comes in is taken, what is owed is paid, what is new is told.
//!
//! One task, one loop: bytes either way, the disk, the feed, the clock and the guard are
//! waited for together, and every turn does all there is to do.

mod aliases; // numbers for topics
mod inbound; // packets of the client
mod keep; // what outlives the connection
mod subscribe; // what the client wants to hear

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::RandomState;
use roadstead_guard::{Caller, Denied, Read};
use roadstead_services::Here;
use roadstead_services::sessions::{Durable, SessionKey};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::CancellationToken;

use aliases::Aliases;

use crate::Inner;
use crate::codec::ack::AckKind;
use crate::codec::{Reason, Version, write};
use crate::deliver::Deliverer;
use crate::owed::{self, Debt, Owed};
use crate::publish::Targets;
use crate::seats::Place;
use crate::tray::Tray;
use crate::will::Will;
use crate::wire::{Io, May, Wire};

/// How long the last bytes may take to be written.
const LAST_WORD: Duration = Duration::from_secs(1);

/// What a client asked for in its CONNECT, within the limits.
#[derive(Debug, Clone)]
pub(crate) struct Wishes {
    pub(crate) version: Version,
    pub(crate) clean: bool,
    /// How long the session outlives the connection, in seconds.
    pub(crate) expiry: u32,
    pub(crate) expiry_was_capped: bool,
    pub(crate) keep_alive: u16,
    /// Whether a sentence on what was wrong is welcome.
    pub(crate) explain: bool,
    pub(crate) receive_maximum: u16,
    pub(crate) largest: usize,
    pub(crate) aliases: u16,
}

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct End {
    /// What an MQTT 5 client is told, if anything.
    told: Option<Reason>,
    /// Whether the will is said.
    will: bool,
}

impl End {
    const LOST: Self = Self { told: None, will: true };
    const GOODBYE: Self = Self { told: None, will: false };
    /// The server stops: nobody is lost, and everybody comes back. No will is said.
    const SHUTDOWN: Self = Self { told: Some(Reason::SERVER_SHUTTING_DOWN), will: false };
}

impl From<Reason> for End {
    fn from(reason: Reason) -> Self {
        Self { told: Some(reason), will: true }
    }
}

impl From<Denied> for End {
    fn from(_: Denied) -> Self {
        Reason::NOT_AUTHORIZED.into()
    }
}

/// One connection of one identity.
pub(crate) struct Session {
    door: Arc<Inner>,
    caller: Caller,
    client: Box<str>,
    key: SessionKey,
    wishes: Wishes,
    will: Option<Will>,
    targets: Targets,
    aliases: Aliases,
    tray: Tray,
    stalled: bool,
    owed: Owed,
    /// Messages of the client that it has no last answer to: its receive maximum counts these.
    open: usize,
    /// Messages taken since the door last counted them.
    taken: u64,
    received: HashSet<u16, RandomState>,
    /// Whether the session was kept from before, or was to be kept when it began.
    was_kept: bool,
    deliverer: Deliverer,
    /// Packet ids whose PUBREL is due as soon as that is saved.
    releasing: Vec<u16>,
    durable: watch::Receiver<Durable>,
    rights: watch::Receiver<u64>,
    last_heard: Instant,
    save_at: Option<Instant>,
    timer: Pin<Box<Sleep>>,
    place: Place,
    _here: Option<Here>,
}

/// What ended the wait.
enum Wake {
    Io(Io),
    Disk,
    Room,
    News,
    Rights,
    Timer,
    Stop,
}

impl Session {
    pub(crate) fn new(
        door: &Arc<Inner>,
        (caller, client, key, place): (Caller, Box<str>, SessionKey, Place),
        (will, wishes): (Option<Will>, Wishes),
        (deliverer, received): (Deliverer, HashSet<u16, RandomState>),
    ) -> Self {
        let now = Instant::now();
        Self {
            durable: door.tools.intake.durable(),
            rights: door.rights.subscribe(),
            timer: Box::pin(tokio::time::sleep(silence(wishes.keep_alive))),
            _here: door.tools.presence.here(&caller),
            door: Arc::clone(door),
            open: received.len(),
            was_kept: wishes.expiry > 0,
            targets: Targets::default(),
            aliases: Aliases::default(),
            tray: Tray::default(),
            stalled: false,
            taken: 0,
            owed: Owed::default(),
            releasing: Vec::new(),
            last_heard: now,
            save_at: None,
            caller,
            client,
            key,
            wishes,
            will,
            received,
            deliverer,
            place,
        }
    }

    /// The client id.
    pub(crate) fn client(&self) -> &str {
        &self.client
    }

    /// Who it is.
    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Serves the client until one of us leaves.
    pub(crate) async fn run<S: AsyncRead + AsyncWrite + Unpin>(
        mut self,
        mut wire: Wire<S>,
        shutdown: &CancellationToken,
    ) {
        let end = loop {
            if let Err(end) = self.turn(&mut wire).await {
                break end;
            }
            if let Err(end) = self.wait(&mut wire, shutdown).await {
                break end;
            }
        };
        self.leave(end, &mut wire).await;
    }

    /// Does all there is to do without waiting for anybody.
    async fn turn<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        wire: &mut Wire<S>,
    ) -> Result<(), End> {
        loop {
            let was_held_up = self.digest(wire).await?;
            self.pay(&mut wire.outbox)?;
            if !was_held_up || self.is_held_up() {
                break;
            }
        }
        // A client that waits for its SUBACK is not told other things first.
        if !self.owed.has_answers() {
            // Here and in the wait the same bytes must count as waiting, or nobody wakes us.
            wire.compact();
            self.deliverer.deliver(&self.door.tools, &mut wire.outbox)?;
            self.after_delivery()?;
            self.pay(&mut wire.outbox)?;
        }
        Ok(())
    }

    /// Waits until there is something to do.
    async fn wait<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        wire: &mut Wire<S>,
        shutdown: &CancellationToken,
    ) -> Result<(), End> {
        let room_to_write = wire.waiting() < self.door.limits.send_bytes;
        let read = !self.is_held_up() && room_to_write;
        let may = May { read, tell_when_written: !room_to_write };
        let speaks = room_to_write && !self.owed.has_answers();
        let owes = self.owed.len() > 0;
        let wake = tokio::select! {
            io = wire.ready(may) => Wake::Io(io.map_err(|_| End::LOST)?),
            disk = self.durable.changed(), if owes => disk.map(|()| Wake::Disk).map_err(|_| End::LOST)?,
            () = self.deliverer.moved(), if speaks => Wake::News,
            () = self.door.tools.intake.room(), if self.stalled => Wake::Room,
            rights = self.rights.changed() => rights.map(|()| Wake::Rights).map_err(|_| End::LOST)?,
            () = self.timer.as_mut() => Wake::Timer,
            () = self.place.kicked.cancelled() => Wake::Stop,
        };
        match wake {
            Wake::Io(Io::Closed) => return Err(End::LOST),
            Wake::Io(Io::Read) => self.last_heard = Instant::now(),
            Wake::Io(Io::Wrote) | Wake::Disk | Wake::News => {}
            Wake::Room => self.hand_over()?,
            Wake::Rights => drop(self.door.tools.guard.scope::<Read>(&self.caller)?),
            Wake::Timer => self.on_timer(wire)?,
            Wake::Stop if shutdown.is_cancelled() => return Err(End::SHUTDOWN),
            Wake::Stop => return Err(Reason::SESSION_TAKEN_OVER.into()),
        }
        Ok(())
    }

    /// Whether nothing more may be read from the client for now.
    fn is_held_up(&self) -> bool {
        let limits = &self.door.limits;
        self.stalled
            || self.owed.len() > 2 * usize::from(limits.receive_maximum)
            || self.owed.bytes() + self.tray.bytes() > limits.receive_bytes
    }

    /// Hands what was gathered to intake.
    fn hand_over(&mut self) -> Result<(), End> {
        if self.tray.is_empty() {
            self.stalled = false;
            return Ok(());
        }
        let handed = self.tray.hand_over(&self.door.tools, &mut self.owed)?;
        self.stalled = handed == crate::tray::Handed::Stalled;
        Ok(())
    }

    /// Gives every answer whose ticket the disk has reached.
    fn pay(&mut self, out: &mut Vec<u8>) -> Result<(), End> {
        if self.owed.len() == 0 {
            return Ok(());
        }
        let disk = *self.durable.borrow_and_update();
        while let Some(debt) = self.owed.next(disk.through) {
            match &debt {
                Debt::Ack(AckKind::Ack | AckKind::Comp, _) | Debt::Failed(AckKind::Ack, ..) => {
                    self.open = self.open.saturating_sub(1);
                }
                Debt::Failed(AckKind::Rec, packet, ..) if self.wishes.version.is_5() => {
                    self.give_up(*packet)?;
                }
                Debt::Send(packet) => {
                    self.deliverer.flights.send_held(*packet, self.wishes.version, out);
                }
                Debt::Ack(AckKind::Rec | AckKind::Rel, _) | Debt::Failed(..) | Debt::Answer(_) => {}
            }
            owed::write(&debt, self.wishes.version, out);
        }
        let hopeless = disk.stopped && self.owed.len() > 0;
        if hopeless { Err(Reason::UNSPECIFIED.into()) } else { Ok(()) }
    }

    /// A refused QoS 2 message is over for an MQTT 5 client: its packet id is free.
    fn give_up(&mut self, packet: u16) -> Result<(), End> {
        self.open = self.open.saturating_sub(1);
        if self.received.remove(&packet) {
            let freed = self.door.tools.sessions.release(&self.caller, &self.client, packet);
            freed.map_err(|_| Reason::SERVER_BUSY)?;
        }
        Ok(())
    }

    fn on_timer<S>(&mut self, wire: &Wire<S>) -> Result<(), End>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let now = Instant::now();
        if self.save_at.is_some_and(|at| at <= now) {
            self.save_progress();
        }
        let silent_at = self.last_heard + silence(self.wishes.keep_alive);
        let excused = self.is_held_up() && wire.waiting() < self.door.limits.send_bytes;
        if silent_at <= now && !excused {
            return Err(Reason::KEEP_ALIVE_TIMEOUT.into());
        }
        if silent_at <= now {
            self.last_heard = now;
        }
        self.set_timer();
        Ok(())
    }

    fn set_timer(&mut self) {
        let silent_at = self.last_heard + silence(self.wishes.keep_alive);
        let next = self.save_at.map_or(silent_at, |save| save.min(silent_at));
        self.timer.as_mut().reset(next);
    }

    /// What was sent before the good-bye still counts, whether or not somebody waits for an answer.
    async fn hand_over_rest(&mut self, end: End) {
        let ended = end.told == Some(Reason::NOT_AUTHORIZED);
        while !ended && self.hand_over().is_ok() && self.stalled {
            self.door.tools.intake.room().await;
        }
    }

    async fn leave<S: AsyncRead + AsyncWrite + Unpin>(mut self, end: End, wire: &mut Wire<S>) {
        if let (Version::V5, Some(reason)) = (self.wishes.version, end.told) {
            write::disconnect(reason, &mut wire.outbox);
        }
        self.hand_over_rest(end).await;
        self.keep_or_forget();
        if let Some(will) = self.will.take().filter(|_| end.will) {
            let kept = Duration::from_secs(u64::from(self.wishes.expiry));
            will.leave(&self.door, self.caller.clone(), self.key.clone(), kept);
        }
        // Who comes next must not wait for a client that does not read.
        drop(self);
        // A client that does not take the last word has missed it.
        let _ = tokio::time::timeout(LAST_WORD, wire.finish()).await;
    }
}

/// One and a half times the keep-alive: after that much silence a client is gone.
fn silence(keep_alive: u16) -> Duration {
    Duration::from_millis(u64::from(keep_alive) * 1500)
}
