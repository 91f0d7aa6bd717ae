//! Packets of the client: each is read, understood and acted on, in order.

use bytes::Buf;
use roadstead_services::sessions::Ticket;
use tokio::io::{AsyncRead, AsyncWrite};

use super::aliases::Alias;
use super::{End, Session};
use crate::codec::ack::{Ack, AckKind, Disconnect, check_ping};
use crate::codec::publish::Publish;
use crate::codec::{Frame, Qos, Reason, Version, write};
use crate::flights::Progress;
use crate::owed::Debt;
use crate::publish::{self, Gathered, Said, Wrong};
use crate::tray::Awaiting;
use crate::wire::Wire;

impl Session {
    /// Takes every whole packet that is there; says whether some had to be left for later.
    pub(super) async fn digest<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        wire: &mut Wire<S>,
    ) -> Result<bool, End> {
        if wire.inbox.is_empty() {
            return Ok(false);
        }
        let mut inbox = std::mem::take(&mut wire.inbox);
        let largest = self.door.limits.packet_bytes;
        let mut at = 0;
        let mut held_up = false;
        while let Some(frame) = Frame::peek(&inbox[at..], largest)? {
            let Some(packet) = inbox[at..].get(..frame.total) else { break };
            held_up = self.is_held_up();
            if held_up {
                break;
            }
            self.take((frame, &packet[frame.head..]), &mut wire.outbox).await?;
            at += frame.total;
        }
        self.door.counters.taken(std::mem::take(&mut self.taken));
        inbox.advance(at);
        wire.inbox = inbox;
        self.hand_over()?;
        self.release_saved()?;
        Ok(held_up)
    }

    async fn take(&mut self, (frame, body): (Frame, &[u8]), out: &mut Vec<u8>) -> Result<(), End> {
        let version = self.wishes.version;
        match frame.kind() {
            3 => self.publish(frame, body).await,
            kind @ 4..=7 => match AckKind::from_number(kind) {
                Some(kind) => self.acknowledged(Ack::read(version, kind, (frame, body))?, out),
                None => Err(Reason::PROTOCOL_ERROR.into()),
            },
            8 => self.subscribe(frame, body).await,
            10 => self.unsubscribe(frame, body).await,
            12 => {
                check_ping(frame, body)?;
                write::pong(out);
                Ok(())
            }
            14 => Err(self.goodbye(Disconnect::read(version, frame, body)?)),
            _ => Err(Reason::PROTOCOL_ERROR.into()),
        }
    }

    fn goodbye(&mut self, goodbye: Disconnect) -> End {
        if let Some(expiry) = goodbye.session_expiry {
            // A session that was to end with its connection cannot be given a longer life now.
            if self.wishes.expiry == 0 && expiry > 0 {
                return Reason::PROTOCOL_ERROR.into();
            }
            let most = u32::try_from(self.door.limits.session_expiry.as_secs());
            self.wishes.expiry = expiry.min(most.unwrap_or(u32::MAX));
        }
        if goodbye.reason == Reason::SUCCESS { End::GOODBYE } else { End::LOST }
    }

    async fn publish(&mut self, frame: Frame, body: &[u8]) -> Result<(), End> {
        let message = Publish::read(self.wishes.version, frame, body)?;
        let awaiting = self.count(&message, frame)?;
        let epoch = self.door.tools.guard.epoch();
        if self.targets.are_stale(epoch) {
            self.targets.forget(epoch);
        }
        let meant = self.topic_meant(&message)?;
        let topic = match &meant {
            Some(Alias::Topic(topic)) => topic,
            Some(Alias::Refused) => return self.refuse(refused_alias(), awaiting),
            Some(Alias::Unsaid) | None => message.topic,
        };
        let said = Said {
            payload: message.payload,
            content_type: message.content_type,
            retain: message.retain,
            once: (message.qos == Qos::Exactly).then_some((&self.key, message.packet)),
        };
        let tools = &self.door.tools;
        let target = match self.targets.known(topic) {
            Some(target) => Ok(target),
            None => self.targets.find(tools, &self.caller, topic),
        };
        self.aliases.note(&message, target.is_ok());
        let target = match target {
            Ok(target) => target,
            Err(wrong) => return self.refuse(wrong, awaiting),
        };
        if said.retain && said.payload.is_empty() {
            return match publish::forget_retained(&tools.sessions, target) {
                Ok(ticket) => {
                    self.tray.add_ticket(ticket, awaiting);
                    Ok(())
                }
                Err(wrong) => self.refuse(wrong, awaiting),
            };
        }
        if let Some(read) = publish::quick(tools, target, &said) {
            self.tray.add(&target.permit, (&said, awaiting), read);
            return Ok(());
        }
        let gathered = publish::thorough(tools, target, &said).await;
        self.gathered(gathered, awaiting)
    }

    fn gathered(
        &mut self,
        gathered: Result<Gathered, Wrong>,
        awaiting: Option<Awaiting>,
    ) -> Result<(), End> {
        let gathered = match gathered {
            Ok(gathered) => gathered,
            Err(wrong) => return self.refuse(wrong, awaiting),
        };
        self.door.counters.refused(u64::from(gathered.wrong.is_some()));
        self.tray.add_batch(gathered, awaiting);
        Ok(())
    }

    /// Counts a message against the client's window, and says which answer it awaits.
    fn count(&mut self, message: &Publish<'_>, frame: Frame) -> Result<Option<Awaiting>, End> {
        self.taken += 1;
        let (packet, bytes) = (message.packet, frame.total);
        let kind = match message.qos {
            Qos::AtMost => return Ok(None),
            Qos::AtLeast => AckKind::Ack,
            Qos::Exactly => AckKind::Rec,
        };
        // The same QoS 2 packet id again is the same message again.
        let again = message.qos == Qos::Exactly && !self.received.insert(packet);
        if !again {
            self.open += 1;
        }
        let most = usize::from(self.door.limits.receive_maximum);
        // MQTT 3.1.1 knows no window; but nobody may hold packet ids without end.
        let counted = if self.wishes.version.is_5() { self.open } else { self.received.len() };
        if counted > most {
            return Err(Reason::RECEIVE_MAXIMUM_EXCEEDED.into());
        }
        Ok(Some(Awaiting { kind, packet, bytes }))
    }

    /// What the message's alias stands for; `None` when the message has its own topic.
    fn topic_meant(&self, message: &Publish<'_>) -> Result<Option<Alias>, End> {
        let limits = &self.door.limits;
        if message.topic.len() > limits.topic_bytes {
            return Err(Reason::TOPIC_NAME_INVALID.into());
        }
        Ok(self.aliases.meant(message, limits.topic_aliases)?.cloned())
    }

    /// Tells a client that its message is not taken, as its version of MQTT lets us.
    ///
    /// MQTT 3.1.1 has no word for a payload that cannot be taken: it is acknowledged and
    /// counted as refused, or its device would send it again for ever.
    fn refuse(&mut self, wrong: Wrong, awaiting: Option<Awaiting>) -> Result<(), End> {
        self.door.counters.refused(1);
        tracing::debug!(principal = %self.caller.principal(), why = %wrong.why, "a message was refused");
        let forbidden = wrong.reason == Reason::NOT_AUTHORIZED;
        let malformed =
            matches!(wrong.reason, Reason::MALFORMED_PACKET | Reason::TOPIC_NAME_INVALID);
        let can_be_told = self.wishes.version.is_5() && awaiting.is_some();
        if malformed || (forbidden && !can_be_told) {
            return Err(wrong.reason.into());
        }
        if let Some(awaiting) = awaiting {
            let why = if self.wishes.explain { wrong.why } else { Box::default() };
            self.tray.add_wrong(Wrong { reason: wrong.reason, why }, awaiting);
        }
        Ok(())
    }

    fn acknowledged(&mut self, ack: Ack, out: &mut Vec<u8>) -> Result<(), End> {
        if ack.kind == AckKind::Rel {
            return self.released(ack.packet);
        }
        let progress = self.deliverer.flights.take(ack)?;
        let rec = ack.kind == AckKind::Rec && !ack.reason.is_failure();
        match progress {
            Progress::Done => self.progressed(),
            Progress::Release if self.wishes.expiry > 0 => self.releasing.push(ack.packet),
            Progress::Release => write::ack(AckKind::Rel, ack.packet, out),
            Progress::Unknown if rec => self.release_unknown(ack.packet, out),
            Progress::Unknown => {}
        }
        Ok(())
    }

    fn release_unknown(&self, packet: u16, out: &mut Vec<u8>) {
        match self.wishes.version {
            Version::V3 => write::ack(AckKind::Rel, packet, out),
            Version::V5 => {
                write::failed_ack(AckKind::Rel, packet, (Reason::PACKET_ID_NOT_FOUND, ""), out);
            }
        }
    }

    /// The client has let go of a QoS 2 packet id: so do we, and say so when that is durable.
    fn released(&mut self, packet: u16) -> Result<(), End> {
        if !self.received.remove(&packet) {
            let why = (Reason::PACKET_ID_NOT_FOUND, Box::default());
            self.owed.now(Debt::Failed(AckKind::Comp, packet, why.0, why.1));
            return Ok(());
        }
        let sessions = &self.door.tools.sessions;
        let ticket: Result<Ticket, _> = sessions.release(&self.caller, &self.client, packet);
        let ticket = ticket.map_err(|_| Reason::SERVER_BUSY)?;
        self.owed.when(ticket, 0, Debt::Ack(AckKind::Comp, packet));
        Ok(())
    }
}

fn refused_alias() -> Wrong {
    let why = "this alias stands for a topic that was refused: send the topic itself";
    Wrong::new(Reason::NOT_AUTHORIZED, why)
}
