//! Messages on their way to the client: sent, and not yet acknowledged.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use foldhash::fast::RandomState;
use roadstead_model::SensorId;
use roadstead_services::sessions::{InFlight, Stage};

use crate::codec::ack::{Ack, AckKind};
use crate::codec::write::{self, Message};
use crate::codec::{Qos, Reason, Version};

/// What was said, kept as long as it may have to be said again.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    pub(crate) topic: Arc<str>,
    pub(crate) payload: Box<[u8]>,
    pub(crate) identifiers: Box<[u32]>,
    pub(crate) retain: bool,
    pub(crate) sensor: Option<SensorId>,
}

/// On what terms messages are sent again.
pub(crate) struct Again<'a> {
    pub(crate) version: Version,
    /// The largest packet that the client takes by now.
    pub(crate) largest: usize,
    /// How many bytes may wait to be written.
    pub(crate) most_bytes: usize,
    /// Whether the client may still read a sensor.
    pub(crate) may_read: &'a dyn Fn(SensorId) -> bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Air {
    /// From an earlier connection: to be sent again when there is room.
    Queued,
    /// Its packet id is being saved first.
    Held,
    /// On the wire.
    Out,
}

#[derive(Debug)]
struct Flight {
    packet: u16,
    qos: Qos,
    stage: Stage,
    air: Air,
    content: Option<Content>,
}

/// What a client's acknowledgement leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The message has arrived and is forgotten.
    Done,
    /// PUBREL is due, once this is saved.
    Release,
    /// Nothing is known of such a message.
    Unknown,
}

/// All messages on their way to one client.
#[derive(Debug)]
pub(crate) struct Flights {
    flying: VecDeque<Flight>,
    used: HashSet<u16, RandomState>,
    last: u16,
    most: usize,
    queued: usize,
}

impl Flights {
    /// Begins with what an earlier connection left, for a client that takes so many at once.
    pub(crate) fn new(most: u16, left: Vec<InFlight>) -> Self {
        let flying: VecDeque<_> = left.into_iter().map(Flight::from).collect();
        Self {
            used: flying.iter().map(|flight| flight.packet).collect(),
            last: flying.back().map_or(0, |flight| flight.packet),
            queued: flying.len(),
            most: usize::from(most),
            flying,
        }
    }

    /// Whether one more may be sent.
    pub(crate) fn has_room(&self) -> bool {
        self.flying.len() - self.queued < self.most
    }

    /// Whether messages of an earlier connection wait to be sent again.
    pub(crate) const fn has_queued(&self) -> bool {
        self.queued > 0
    }

    /// Sends on what an earlier connection left, as far as there is room for it; says whether
    /// something was given up.
    ///
    /// What the client may no longer have is not sent again. With QoS 1 it is forgotten. With
    /// QoS 2 the client may hold the packet id already: it is released, or a later message
    /// with this id would be taken for the same.
    pub(crate) fn resend(&mut self, terms: &Again<'_>, out: &mut Vec<u8>) -> bool {
        let before = self.flying.len();
        let mut at = 0;
        while self.queued > 0 && at < self.flying.len() {
            if !self.has_room() || out.len() >= terms.most_bytes {
                break;
            }
            let flight = &mut self.flying[at];
            if flight.air == Air::Queued {
                if !flight.may_be_said(terms) {
                    if flight.qos != Qos::Exactly {
                        self.land(at);
                        continue;
                    }
                    flight.stage = Stage::Released;
                }
                flight.air = Air::Out;
                self.queued -= 1;
                flight.write(terms.version, true, out);
            }
            at += 1;
        }
        self.flying.len() < before
    }

    /// Takes a packet id for a new message. `held` ones are sent by [`Self::send_held`].
    pub(crate) fn take_off(&mut self, qos: Qos, content: Option<Content>, held: bool) -> u16 {
        let packet = self.free_packet();
        let air = if held { Air::Held } else { Air::Out };
        self.flying.push_back(Flight { packet, qos, stage: Stage::Sent, air, content });
        packet
    }

    fn free_packet(&mut self) -> u16 {
        loop {
            self.last = self.last.checked_add(1).unwrap_or(1);
            if self.used.insert(self.last) {
                return self.last;
            }
        }
    }

    /// Sends a message whose packet id is saved now.
    pub(crate) fn send_held(&mut self, packet: u16, version: Version, out: &mut Vec<u8>) {
        let found = self.flying.iter_mut().find(|flight| flight.packet == packet);
        if let Some(flight) = found.filter(|flight| flight.air == Air::Held) {
            flight.air = Air::Out;
            flight.write(version, false, out);
        }
    }

    /// Takes a client's PUBACK, PUBREC or PUBCOMP.
    pub(crate) fn take(&mut self, ack: Ack) -> Result<Progress, Reason> {
        let Some(at) = self.flying.iter().position(|flight| flight.packet == ack.packet) else {
            return Ok(Progress::Unknown);
        };
        let flight = &mut self.flying[at];
        match (ack.kind, flight.qos) {
            (AckKind::Ack, Qos::AtLeast) | (AckKind::Comp, Qos::Exactly) => self.land(at),
            (AckKind::Rec, Qos::Exactly) if ack.reason.is_failure() => self.land(at),
            (AckKind::Rec, Qos::Exactly) => {
                flight.stage = Stage::Released;
                return Ok(Progress::Release);
            }
            (AckKind::Ack | AckKind::Rec | AckKind::Comp | AckKind::Rel, _) => {
                return Err(Reason::PROTOCOL_ERROR);
            }
        }
        Ok(Progress::Done)
    }

    fn land(&mut self, at: usize) {
        if let Some(flight) = self.flying.remove(at) {
            self.used.remove(&flight.packet);
            self.queued -= usize::from(flight.air == Air::Queued);
        }
    }

    /// What a later connection must know.
    pub(crate) fn to_keep(&self) -> Vec<InFlight> {
        self.flying.iter().filter_map(Flight::to_keep).collect()
    }
}

impl Flight {
    /// Whether the client may have it now. What nothing is known of is not sent.
    fn may_be_said(&self, terms: &Again<'_>) -> bool {
        match (self.stage, &self.content) {
            (Stage::Released, _) => true,
            (Stage::Sent, None) => false,
            (Stage::Sent, Some(content)) => {
                let fits = self.message(content, true).length(terms.version) <= terms.largest;
                fits && content.sensor.is_some_and(terms.may_read)
            }
        }
    }

    fn write(&self, version: Version, again: bool, out: &mut Vec<u8>) {
        match (self.stage, &self.content) {
            (Stage::Released, _) => write::ack(AckKind::Rel, self.packet, out),
            (Stage::Sent, None) => {}
            (Stage::Sent, Some(content)) => self.message(content, again).write(version, out),
        }
    }

    fn message<'a>(&self, content: &'a Content, again: bool) -> Message<'a> {
        Message {
            qos: self.qos,
            again,
            retain: content.retain,
            topic: &content.topic,
            packet: self.packet,
            alias: None,
            identifiers: &content.identifiers,
            payload: &content.payload,
        }
    }

    fn to_keep(&self) -> Option<InFlight> {
        let content = self.content.as_ref()?;
        Some(InFlight {
            packet: self.packet,
            qos: self.qos.bits(),
            stage: self.stage,
            topic: content.topic.to_string(),
            payload: content.payload.to_vec(),
            retain: content.retain,
            identifiers: content.identifiers.to_vec(),
            sensor: content.sensor,
        })
    }
}

impl From<InFlight> for Flight {
    fn from(kept: InFlight) -> Self {
        let content = Content {
            topic: kept.topic.into(),
            payload: kept.payload.into(),
            identifiers: kept.identifiers.into(),
            retain: kept.retain,
            sensor: kept.sensor,
        };
        Self {
            packet: kept.packet,
            qos: Qos::from_bits(kept.qos).unwrap_or(Qos::AtLeast),
            stage: kept.stage,
            air: Air::Queued,
            content: Some(content),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use roadstead_model::TenantId;

    fn sensor() -> SensorId {
        SensorId::new(TenantId::numbered(1).unwrap(), 1).unwrap()
    }

    fn again(may_read: &dyn Fn(SensorId) -> bool) -> Again<'_> {
        Again { version: Version::V3, largest: 100, most_bytes: 1000, may_read }
    }

    fn content() -> Content {
        let (topic, payload) = ("t".into(), Box::from(*b"1"));
        Content {
            topic,
            payload,
            identifiers: Box::default(),
            retain: false,
            sensor: Some(sensor()),
        }
    }

    fn ack(kind: AckKind, packet: u16) -> Ack {
        Ack { kind, packet, reason: Reason::SUCCESS }
    }

    #[test]
    fn a_packet_id_is_free_again_only_after_its_acknowledgement() {
        let mut flights = Flights::new(u16::MAX, Vec::new());
        let first = flights.take_off(Qos::AtLeast, None, false);
        for _ in 1..u16::MAX {
            assert_ne!(flights.take_off(Qos::AtLeast, None, false), 0);
        }
        assert_eq!(flights.take(ack(AckKind::Ack, first)), Ok(Progress::Done));
        assert_eq!(flights.take_off(Qos::AtLeast, None, false), first);
    }

    #[test]
    fn the_wrong_acknowledgement_breaks_the_protocol() {
        let mut flights = Flights::new(10, Vec::new());
        let once = flights.take_off(Qos::AtLeast, None, false);
        assert_eq!(flights.take(ack(AckKind::Rec, once)), Err(Reason::PROTOCOL_ERROR));
        assert_eq!(flights.take(ack(AckKind::Ack, 77)), Ok(Progress::Unknown));
    }

    #[test]
    fn what_an_earlier_connection_left_is_sent_again_as_far_as_the_window_lets_it() {
        let mut before = Flights::new(10, Vec::new());
        let _first = before.take_off(Qos::AtLeast, Some(content()), false);
        let second = before.take_off(Qos::Exactly, Some(content()), false);
        assert_eq!(before.take(ack(AckKind::Rec, second)), Ok(Progress::Release));
        let mut after = Flights::new(1, before.to_keep());
        let mut out = Vec::new();
        assert!(!after.resend(&again(&|_| true), &mut out));
        assert_eq!(out, b"\x3a\x06\x00\x01t\x00\x011", "a PUBLISH with DUP");
        assert_eq!(after.take(ack(AckKind::Ack, 1)), Ok(Progress::Done));
        out.clear();
        assert!(!after.resend(&again(&|_| true), &mut out));
        assert_eq!(out, b"\x62\x02\x00\x02", "a PUBREL");
    }

    #[test]
    fn what_the_client_may_not_have_by_now_is_forgotten_or_released() {
        let mut before = Flights::new(10, Vec::new());
        let unknown = Content { sensor: None, ..content() };
        let long = Content { payload: Box::from([b'1'; 100]), ..content() };
        for content in [content(), unknown, long] {
            before.take_off(Qos::AtLeast, Some(content.clone()), false);
            before.take_off(Qos::Exactly, Some(content), false);
        }
        let mut after = Flights::new(10, before.to_keep());
        let mut out = Vec::new();
        assert!(after.resend(&again(&|_| true), &mut out));
        let told = b"\x3a\x06\x00\x01t\x00\x011\x3c\x06\x00\x01t\x00\x021";
        assert_eq!(out, [&told[..], b"\x62\x02\x00\x04\x62\x02\x00\x06"].concat());
        let mut after = Flights::new(10, before.to_keep());
        out.clear();
        assert!(after.resend(&again(&|_| false), &mut out));
        assert_eq!(out, b"\x62\x02\x00\x02\x62\x02\x00\x04\x62\x02\x00\x06");
        assert_eq!(after.take(ack(AckKind::Comp, 2)), Ok(Progress::Done));
    }
}
