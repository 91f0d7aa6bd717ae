//! What outlives the connection: saved before anyone is told, and in good time otherwise.

use roadstead_model::Timestamp;
use roadstead_services::intake::IntakeError;
use roadstead_services::sessions::{SessionState, Ticket};
use tokio::time::Instant;

use super::{End, Session};
use crate::codec::Reason;
use crate::codec::ack::AckKind;
use crate::owed::Debt;

impl Session {
    fn is_kept(&self) -> bool {
        self.wishes.expiry > 0
    }

    fn state(&self, left: Option<Timestamp>) -> SessionState {
        SessionState {
            expiry_s: self.wishes.expiry,
            left,
            subscriptions: self
                .deliverer
                .subscriptions
                .iter()
                .map(|heard| heard.stored.clone())
                .collect(),
            cursor: self.deliverer.cursor(),
            told: u32::try_from(self.deliverer.told()).unwrap_or(u32::MAX),
            in_flight: self.deliverer.flights.to_keep(),
            received: self.received.iter().copied().collect(),
        }
    }

    /// Saves a session that is to be kept before anything is taken from its client.
    ///
    /// QoS 2 packet ids become durable after this, so that a server that is killed still knows
    /// whose they are; and a session that was left long ago counts as here again. One that is
    /// taken up only to end with its connection is saved as that: it must not come back to life.
    pub(crate) fn keep_from_the_start(&mut self, present: bool) -> Result<(), Reason> {
        self.was_kept |= present;
        if self.was_kept {
            self.save().map_err(|_| Reason::SERVER_BUSY)?;
            self.place.kept = true;
        }
        Ok(())
    }

    /// Saves the session; the ticket says when it is durable.
    fn save(&mut self) -> Result<Ticket, IntakeError> {
        self.save_at = None;
        self.door.tools.sessions.save(&self.caller, &self.client, self.state(None))
    }

    /// Saves what the client is told next: at once, or as soon as there is room for it.
    pub(crate) async fn save_first(&mut self) -> Result<Ticket, End> {
        if !self.is_kept() {
            return Ok(Ticket::default());
        }
        loop {
            match self.save() {
                Ok(ticket) => return Ok(ticket),
                Err(IntakeError::Busy) => self.door.tools.intake.room().await,
                Err(_) => return Err(Reason::UNSPECIFIED.into()),
            }
        }
    }

    /// Notes that there is something new to be saved, soon.
    pub(super) fn progressed(&mut self) {
        if self.is_kept() && self.save_at.is_none() {
            self.save_at = Some(Instant::now() + self.door.limits.save_every);
            self.set_timer();
        }
    }

    /// Saves what has come since the last time. When the store is busy, it is tried again later.
    pub(super) fn save_progress(&mut self) {
        if self.save().is_err() {
            self.progressed();
        }
    }

    /// Sends PUBREL for what the client has received, once that is durable.
    pub(super) fn release_saved(&mut self) -> Result<(), End> {
        if self.releasing.is_empty() {
            return Ok(());
        }
        let ticket = self.save().map_err(|_| Reason::SERVER_BUSY)?;
        for packet in std::mem::take(&mut self.releasing) {
            self.owed.when(ticket, 0, Debt::Ack(AckKind::Rel, packet));
        }
        Ok(())
    }

    /// Sees to it that what was just put on its way can be told again after a crash.
    pub(super) fn after_delivery(&mut self) -> Result<(), End> {
        let missed = self.deliverer.take_missed();
        if missed > 0 {
            self.door.counters.missed(missed);
            tracing::warn!(principal = %self.caller.principal(), missed, "a reader was too slow");
        }
        let held = self.deliverer.take_held();
        if !held.is_empty() {
            let ticket = self.save().map_err(|_| Reason::SERVER_BUSY)?;
            for packet in held {
                self.owed.when(ticket, 0, Debt::Send(packet));
            }
        }
        if self.deliverer.take_moved() {
            self.progressed();
        }
        Ok(())
    }

    /// Leaves the session for a later connection, or forgets it.
    pub(super) fn keep_or_forget(&mut self) {
        self.place.kept = self.is_kept();
        let sessions = &self.door.tools.sessions;
        let done = if self.is_kept() {
            let left = Some(self.door.tools.clock.now());
            sessions.save(&self.caller, &self.client, self.state(left))
        } else if self.was_kept || !self.received.is_empty() {
            sessions.remove(&self.caller, &self.client)
        } else {
            return;
        };
        if let Err(error) = done {
            let principal = self.caller.principal();
            tracing::warn!(%principal, error = &error as &dyn std::error::Error, "a session was not saved");
        }
    }
}
