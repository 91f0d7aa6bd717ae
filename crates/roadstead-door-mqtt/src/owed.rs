//! What we owe the client: answers in order, each paid when the disk has reached its ticket.

use std::collections::VecDeque;

use roadstead_services::sessions::Ticket;

use crate::codec::ack::AckKind;
use crate::codec::{Reason, Version, write};

/// An answer that waits for the disk.
#[derive(Debug)]
pub(crate) enum Debt {
    /// PUBACK, PUBREC, PUBREL or PUBCOMP.
    Ack(AckKind, u16),
    /// PUBACK or PUBREC that says what was wrong.
    Failed(AckKind, u16, Reason, Box<str>),
    /// SUBACK or UNSUBACK, ready to be written.
    Answer(Box<[u8]>),
    /// A QoS 2 message, whose packet id had to be saved before it is sent.
    Send(u16),
}

/// What we owe a client, oldest first. MQTT wants answers in the order of what they answer.
#[derive(Debug, Default)]
pub(crate) struct Owed {
    queue: VecDeque<(Ticket, u32, Debt)>,
    bytes: usize,
    messages: usize,
    answers: usize,
}

impl Owed {
    /// Owes an answer that may be given at once, after those before it.
    pub(crate) fn now(&mut self, debt: Debt) {
        self.when(Ticket::default(), 0, debt);
    }

    /// Owes an answer about so many bytes until the ticket is durable.
    pub(crate) fn when(&mut self, ticket: Ticket, bytes: usize, debt: Debt) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.bytes += bytes as usize;
        self.messages += 1;
        self.answers += usize::from(matches!(debt, Debt::Answer(_)));
        self.queue.push_back((ticket, bytes, debt));
    }

    /// Bytes of messages that wait for their answer.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Answers that wait.
    pub(crate) const fn len(&self) -> usize {
        self.messages
    }

    /// Whether a SUBACK or UNSUBACK waits.
    pub(crate) const fn has_answers(&self) -> bool {
        self.answers > 0
    }

    /// Takes the next answer that may be given.
    pub(crate) fn next(&mut self, through: Ticket) -> Option<Debt> {
        if self.queue.front().is_none_or(|(ticket, ..)| *ticket > through) {
            return None;
        }
        let (_, bytes, debt) = self.queue.pop_front()?;
        self.bytes -= bytes as usize;
        self.messages -= 1;
        self.answers -= usize::from(matches!(debt, Debt::Answer(_)));
        Some(debt)
    }
}

/// Writes an answer that needs nothing but itself.
pub(crate) fn write(debt: &Debt, version: Version, out: &mut Vec<u8>) {
    match debt {
        Debt::Failed(kind, packet, reason, why) if version.is_5() => {
            write::failed_ack(*kind, *packet, (*reason, why), out);
        }
        Debt::Ack(kind, packet) | Debt::Failed(kind, packet, ..) => write::ack(*kind, *packet, out),
        Debt::Answer(bytes) => out.extend_from_slice(bytes),
        Debt::Send(_) => {}
    }
}
