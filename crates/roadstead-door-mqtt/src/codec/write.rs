//! What we send: each packet appended to the bytes that wait to go out.

use super::ack::AckKind;
use super::{Qos, Reason, Version};

/// What a CONNACK tells.
#[derive(Debug, Clone, Default)]
pub(crate) struct Connack<'a> {
    pub(crate) session_present: bool,
    pub(crate) session_expiry: Option<u32>,
    pub(crate) receive_maximum: u16,
    pub(crate) maximum_packet_size: u32,
    pub(crate) assigned_client: Option<&'a str>,
    pub(crate) topic_alias_maximum: u16,
    pub(crate) shared_subscriptions: bool,
    pub(crate) keep_alive: Option<u16>,
}

impl Connack<'_> {
    /// Writes a CONNACK that lets the client in.
    pub(crate) fn write(&self, version: Version, out: &mut Vec<u8>) {
        if !version.is_5() {
            out.extend([0x20, 2, u8::from(self.session_present), 0]);
            return;
        }
        let mut properties = Vec::with_capacity(64);
        if let Some(expiry) = self.session_expiry {
            properties.push(0x11);
            properties.extend(expiry.to_be_bytes());
        }
        properties.push(0x21);
        properties.extend(self.receive_maximum.to_be_bytes());
        properties.push(0x27);
        properties.extend(self.maximum_packet_size.to_be_bytes());
        if let Some(client) = self.assigned_client {
            properties.push(0x12);
            put_text(client, &mut properties);
        }
        if self.topic_alias_maximum > 0 {
            properties.push(0x22);
            properties.extend(self.topic_alias_maximum.to_be_bytes());
        }
        if !self.shared_subscriptions {
            properties.extend([0x2a, 0]);
        }
        if let Some(keep_alive) = self.keep_alive {
            properties.push(0x13);
            properties.extend(keep_alive.to_be_bytes());
        }
        out.push(0x20);
        put_varint(2 + varint_length(properties.len()) + properties.len(), out);
        out.extend([u8::from(self.session_present), 0]);
        put_varint(properties.len(), out);
        out.extend_from_slice(&properties);
    }
}

/// Writes a CONNACK that refuses.
pub(crate) fn refusal(version: Version, reason: Reason, out: &mut Vec<u8>) {
    let code = reason.in_connack(version);
    match version {
        Version::V3 => out.extend([0x20, 2, 0, code]),
        Version::V5 => out.extend([0x20, 3, 0, code, 0]),
    }
}

/// Writes a PUBACK, PUBREC, PUBREL or PUBCOMP.
pub(crate) fn ack(kind: AckKind, packet: u16, out: &mut Vec<u8>) {
    let [high, low] = packet.to_be_bytes();
    out.extend([kind.first_byte(), 2, high, low]);
}

/// Writes an MQTT 5 acknowledgement that says what was wrong, and why if the client wants to know.
pub(crate) fn failed_ack(
    kind: AckKind,
    packet: u16,
    (reason, why): (Reason, &str),
    out: &mut Vec<u8>,
) {
    let [high, low] = packet.to_be_bytes();
    if why.is_empty() {
        out.extend([kind.first_byte(), 3, high, low, reason.0]);
        return;
    }
    let properties = 3 + why.len();
    out.push(kind.first_byte());
    put_varint(3 + varint_length(properties) + properties, out);
    out.extend([high, low, reason.0]);
    put_varint(properties, out);
    out.push(0x1f);
    put_text(why, out);
}

/// Writes a SUBACK, or an UNSUBACK of MQTT 5.
pub(crate) fn answers(first: u8, version: Version, packet: u16, codes: &[u8], out: &mut Vec<u8>) {
    let properties = usize::from(version.is_5());
    out.push(first);
    put_varint(2 + properties + codes.len(), out);
    out.extend(packet.to_be_bytes());
    out.extend(&[0][..properties]);
    out.extend_from_slice(codes);
}

/// The first byte of a SUBACK.
pub(crate) const SUBACK: u8 = 0x90;
/// The first byte of an UNSUBACK.
pub(crate) const UNSUBACK: u8 = 0xb0;

/// Writes a PINGRESP.
pub(crate) fn pong(out: &mut Vec<u8>) {
    out.extend([0xd0, 0]);
}

/// Writes a DISCONNECT, which only MQTT 5 has.
pub(crate) fn disconnect(reason: Reason, out: &mut Vec<u8>) {
    out.extend([0xe0, 1, reason.0]);
}

/// How many bytes an alias adds to a message.
pub(crate) const ALIAS: usize = 3;

/// A message to a client, ready to be written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Message<'a> {
    pub(crate) qos: Qos,
    pub(crate) again: bool,
    pub(crate) retain: bool,
    /// Empty when an alias stands for it.
    pub(crate) topic: &'a str,
    /// Only looked at above QoS 0.
    pub(crate) packet: u16,
    pub(crate) alias: Option<u16>,
    pub(crate) identifiers: &'a [u32],
    pub(crate) payload: &'a [u8],
}

impl Message<'_> {
    /// How many bytes the whole packet has.
    pub(crate) fn length(&self, version: Version) -> usize {
        let body = self.body(version);
        1 + varint_length(body) + body
    }

    fn body(&self, version: Version) -> usize {
        let packet = if self.qos == Qos::AtMost { 0 } else { 2 };
        let properties = match version {
            Version::V3 => 0,
            Version::V5 => self.properties() + varint_length(self.properties()),
        };
        2 + self.topic.len() + packet + properties + self.payload.len()
    }

    fn properties(&self) -> usize {
        let identifiers = self.identifiers.iter().map(|id| 1 + varint_length(*id as usize));
        self.alias.map_or(0, |_| ALIAS) + identifiers.sum::<usize>()
    }

    /// Writes the PUBLISH.
    pub(crate) fn write(&self, version: Version, out: &mut Vec<u8>) {
        let flags = u8::from(self.again) << 3 | self.qos.bits() << 1 | u8::from(self.retain);
        out.push(0x30 | flags);
        put_varint(self.body(version), out);
        put_text(self.topic, out);
        if self.qos != Qos::AtMost {
            out.extend_from_slice(&self.packet.to_be_bytes());
        }
        if version.is_5() {
            put_varint(self.properties(), out);
            if let Some(alias) = self.alias {
                out.push(0x23);
                out.extend_from_slice(&alias.to_be_bytes());
            }
            for identifier in self.identifiers {
                out.push(0x0b);
                put_varint(*identifier as usize, out);
            }
        }
        out.extend_from_slice(self.payload);
    }
}

fn put_text(text: &str, out: &mut Vec<u8>) {
    let length = u16::try_from(text.len()).expect("texts of ours are short");
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn put_varint(mut value: usize, out: &mut Vec<u8>) {
    loop {
        let low = value.to_le_bytes()[0] & 0x7f;
        value >>= 7;
        if value == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

const fn varint_length(value: usize) -> usize {
    match value {
        0..0x80 => 1,
        0x80..0x4000 => 2,
        0x4000..0x20_0000 => 3,
        _ => 4,
    }
}
