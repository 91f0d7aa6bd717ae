//! The few bytes of MQTT that a publisher needs, and no more.
//!
//! Written by hand so that one `PUBLISH` costs a copy and the patching of a few bytes.

use clap::ValueEnum;

use crate::series::Series;

#[cfg(test)]
mod tests;

const CONNECT: u8 = 0x10;
const CONNACK: u8 = 0x20;
const PUBLISH: u8 = 0x30;
const PUBACK: u8 = 0x40;
const DISCONNECT: u8 = 0xE0;

/// How long a connection may stay silent; a run never does, but may wait to start.
const KEEP_ALIVE_S: u16 = 120;

/// `DISCONNECT` without a reason, the same in both versions.
pub(crate) const GOODBYE: [u8; 2] = [DISCONNECT, 0];

/// Which MQTT is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Protocol {
    /// Protocol level 4.
    #[value(name = "3.1.1")]
    V3,
    /// Protocol level 5.
    #[value(name = "5")]
    V5,
}

/// Bytes that cannot be what a server says to a publisher.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server sent a malformed packet: {0}")]
pub(crate) struct Malformed(&'static str);

/// What a connection says of itself.
pub(crate) struct Hello<'a> {
    pub(crate) protocol: Protocol,
    pub(crate) client_id: &'a str,
    pub(crate) user: &'a str,
    pub(crate) password: &'a str,
}

impl Hello<'_> {
    /// Encodes a `CONNECT` that keeps no session.
    pub(crate) fn encode(&self) -> Vec<u8> {
        const CLEAN_USER_PASSWORD: u8 = 0b1100_0010;
        let mut body = Vec::with_capacity(128);
        put_text(&mut body, "MQTT");
        match self.protocol {
            Protocol::V3 => body.push(4),
            Protocol::V5 => body.push(5),
        }
        body.push(CLEAN_USER_PASSWORD);
        body.extend(KEEP_ALIVE_S.to_be_bytes());
        if self.protocol == Protocol::V5 {
            body.push(0);
        }
        for text in [self.client_id, self.user, self.password] {
            put_text(&mut body, text);
        }
        let mut packet = vec![CONNECT];
        put_length(&mut packet, body.len());
        packet.extend(body);
        packet
    }
}

/// One `PUBLISH` that is sent over and over, with a new id, time and value each time.
pub(crate) struct Publication {
    bytes: Vec<u8>,
    id_at: Option<usize>,
    payload_at: usize,
    series: Series,
}

impl Publication {
    /// Prepares the packet; `acknowledged` asks for a `PUBACK` each time.
    pub(crate) fn new(protocol: Protocol, topic: &str, acknowledged: bool, series: Series) -> Self {
        let payload = series.text();
        let mut body = Vec::with_capacity(256);
        put_text(&mut body, topic);
        let id_in_body = acknowledged.then_some(body.len());
        if acknowledged {
            body.extend([0, 0]);
        }
        if protocol == Protocol::V5 {
            body.push(0);
        }
        let payload_in_body = body.len();
        body.extend(payload.as_bytes());

        let mut bytes = vec![PUBLISH | u8::from(acknowledged) << 1];
        put_length(&mut bytes, body.len());
        let header = bytes.len();
        bytes.extend(body);
        Self {
            bytes,
            id_at: id_in_body.map(|at| header + at),
            payload_at: header + payload_in_body,
            series,
        }
    }

    /// Length of every packet that [`append`](Self::append) writes.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Writes the next packet. Allocates nothing when `out` has room.
    pub(crate) fn append(&mut self, id: u16, out: &mut Vec<u8>) {
        if let Some(at) = self.id_at {
            self.bytes[at..at + 2].copy_from_slice(&id.to_be_bytes());
        }
        self.series.advance(&mut self.bytes[self.payload_at..]);
        out.extend_from_slice(&self.bytes);
    }
}

/// One whole packet, as it lies in a buffer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Packet<'a> {
    pub(crate) first: u8,
    pub(crate) body: &'a [u8],
}

/// Cuts the first whole packet off `bytes` and says how long it was.
pub(crate) fn split(bytes: &[u8]) -> Result<Option<(Packet<'_>, usize)>, Malformed> {
    let Some((&first, rest)) = bytes.split_first() else { return Ok(None) };
    let Some((length, length_bytes)) = read_length(rest)? else { return Ok(None) };
    let start = 1 + length_bytes;
    let Some(body) = bytes.get(start..start + length) else { return Ok(None) };
    Ok(Some((Packet { first, body }, start + length)))
}

/// What a server can say to a publisher.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// `CONNACK`: the reason code, and how many messages may be under way.
    Connected { reason: u8, receive_maximum: u16 },
    /// `PUBACK`: one message is taken, or refused when the reason is 0x80 or above.
    Acknowledged { id: u16, reason: u8 },
    /// `DISCONNECT` by the server.
    Dismissed { reason: u8 },
    /// Anything else; a publisher need not care.
    Other,
}

impl Packet<'_> {
    /// Reads what the server says.
    pub(crate) fn answer(&self, protocol: Protocol) -> Result<Answer, Malformed> {
        match self.first {
            PUBACK => {
                let [high, low, rest @ ..] = self.body else {
                    return Err(Malformed("PUBACK without an id"));
                };
                let reason = rest.first().copied().unwrap_or(0);
                Ok(Answer::Acknowledged { id: u16::from_be_bytes([*high, *low]), reason })
            }
            CONNACK => {
                let [_flags, reason, rest @ ..] = self.body else {
                    return Err(Malformed("CONNACK without a reason code"));
                };
                let receive_maximum = match protocol {
                    Protocol::V3 => None,
                    Protocol::V5 => receive_maximum(rest)?,
                };
                Ok(Answer::Connected {
                    reason: *reason,
                    receive_maximum: receive_maximum.unwrap_or(u16::MAX),
                })
            }
            DISCONNECT => Ok(Answer::Dismissed { reason: self.body.first().copied().unwrap_or(0) }),
            _ => Ok(Answer::Other),
        }
    }

    /// Id of a `PUBLISH` that asks to be acknowledged.
    pub(crate) fn publish_id(&self) -> Result<Option<u16>, Malformed> {
        if self.first & 0xF0 != PUBLISH || self.first & 0b0110 == 0 {
            return Ok(None);
        }
        let id = self.body.get(..2).and_then(|length| {
            let at = 2 + usize::from(u16::from_be_bytes([length[0], length[1]]));
            self.body.get(at..at + 2)
        });
        let id = id.ok_or(Malformed("PUBLISH without an id"))?;
        Ok(Some(u16::from_be_bytes([id[0], id[1]])))
    }

    /// `CONNACK` that welcomes this packet's sender, if it is a `CONNECT`.
    pub(crate) fn welcome(&self) -> Option<&'static [u8]> {
        const LEVEL_AT: usize = 6;
        if self.first != CONNECT {
            return None;
        }
        match self.body.get(LEVEL_AT) {
            Some(5) => Some(&[CONNACK, 3, 0, 0, 0]),
            _ => Some(&[CONNACK, 2, 0, 0]),
        }
    }
}

/// Writes a `PUBACK` of success, the same in both versions.
pub(crate) fn put_acknowledgement(out: &mut Vec<u8>, id: u16) {
    let [high, low] = id.to_be_bytes();
    out.extend_from_slice(&[PUBACK, 2, high, low]);
}

/// Looks for the receive maximum among the properties of a `CONNACK`.
fn receive_maximum(properties: &[u8]) -> Result<Option<u16>, Malformed> {
    const CUT: Malformed = Malformed("CONNACK with cut properties");
    let Some((length, length_bytes)) = read_length(properties)? else { return Ok(None) };
    let mut rest = properties.get(length_bytes..length_bytes + length).ok_or(CUT)?;
    while let Some((&name, value)) = rest.split_first() {
        if name == 0x21 {
            let value = value.get(..2).ok_or(CUT)?;
            return Ok(Some(u16::from_be_bytes([value[0], value[1]])));
        }
        rest = value.get(property_length(name, value).ok_or(CUT)?..).ok_or(CUT)?;
    }
    Ok(None)
}

/// Length of a `CONNACK` property's value, from its name and the bytes that follow.
fn property_length(name: u8, value: &[u8]) -> Option<usize> {
    let text = |at: usize| {
        let length = value.get(at..at + 2)?;
        Some(at + 2 + usize::from(u16::from_be_bytes([length[0], length[1]])))
    };
    match name {
        0x24 | 0x25 | 0x28 | 0x29 | 0x2A => Some(1),
        0x13 | 0x22 => Some(2),
        0x11 | 0x27 => Some(4),
        0x12 | 0x15 | 0x16 | 0x1A | 0x1C | 0x1F => text(0),
        0x26 => text(text(0)?),
        _ => None,
    }
}

/// Reads a variable length: its value and how many bytes it took.
fn read_length(bytes: &[u8]) -> Result<Option<(usize, usize)>, Malformed> {
    let mut value = 0;
    for (at, &byte) in bytes.iter().take(4).enumerate() {
        value |= usize::from(byte & 0x7F) << (7 * at);
        if byte & 0x80 == 0 {
            return Ok(Some((value, at + 1)));
        }
    }
    if bytes.len() < 4 { Ok(None) } else { Err(Malformed("a length of more than four bytes")) }
}

fn put_length(out: &mut Vec<u8>, mut length: usize) {
    loop {
        let [low, ..] = length.to_le_bytes();
        length >>= 7;
        if length == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    let length = u16::try_from(text.len()).expect("names, tokens and topics are short");
    out.extend(length.to_be_bytes());
    out.extend(text.as_bytes());
}
