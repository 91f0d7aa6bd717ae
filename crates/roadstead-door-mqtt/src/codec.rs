//! MQTT on the wire: bytes to packets and back, strict in what it takes.
//!
//! Packets borrow from the read buffer. Whatever a parser refuses, it refuses with
//! the reason code that MQTT 5 has for it.

pub(crate) mod ack; // PUBACK, PUBREC, PUBREL, PUBCOMP, DISCONNECT
pub(crate) mod connect; // CONNECT
pub(crate) mod properties; // MQTT 5 properties
pub(crate) mod publish; // PUBLISH, the hot one
pub(crate) mod reason; // reason codes
pub(crate) mod subscribe; // SUBSCRIBE and UNSUBSCRIBE
pub(crate) mod write; // what we send

pub(crate) use reason::Reason;

/// Which MQTT a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// MQTT 3.1.1.
    V3,
    /// MQTT 5.
    V5,
}

impl Version {
    pub(crate) const fn is_5(self) -> bool {
        matches!(self, Self::V5)
    }
}

/// A quality of service that a packet asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Qos {
    /// At most once.
    AtMost = 0,
    /// At least once.
    AtLeast = 1,
    /// Exactly once.
    Exactly = 2,
}

impl Qos {
    pub(crate) const fn from_bits(bits: u8) -> Option<Self> {
        match bits {
            0 => Some(Self::AtMost),
            1 => Some(Self::AtLeast),
            2 => Some(Self::Exactly),
            _ => None,
        }
    }

    pub(crate) const fn bits(self) -> u8 {
        self as u8
    }
}

/// Where the first packet of a buffer begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Type and flags.
    pub(crate) first: u8,
    /// Bytes before the body.
    pub(crate) head: usize,
    /// Bytes of the whole packet.
    pub(crate) total: usize,
}

impl Frame {
    /// Looks at the first packet. `None` while its length is not known yet.
    ///
    /// The packet's body may still be on its way: compare `total` with what is there.
    pub(crate) fn peek(buffer: &[u8], largest: usize) -> Result<Option<Self>, Reason> {
        let Some((first, rest)) = buffer.split_first() else { return Ok(None) };
        if first >> 4 == 0 {
            return Err(Reason::PROTOCOL_ERROR);
        }
        let mut length = 0_usize;
        for (at, byte) in rest.iter().take(4).enumerate() {
            length |= usize::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                let head = at + 2;
                let total = head + length;
                let padded = at > 0 && *byte == 0;
                return match () {
                    () if padded => Err(Reason::MALFORMED_PACKET),
                    () if total > largest => Err(Reason::PACKET_TOO_LARGE),
                    () => Ok(Some(Self { first: *first, head, total })),
                };
            }
        }
        if rest.len() >= 4 { Err(Reason::MALFORMED_PACKET) } else { Ok(None) }
    }

    /// The packet's type: the high half of its first byte.
    pub(crate) const fn kind(self) -> u8 {
        self.first >> 4
    }

    /// Refuses flags other than the only ones that this type of packet has.
    pub(crate) const fn only_flags(self, flags: u8) -> Result<(), Reason> {
        if self.first & 0x0f == flags { Ok(()) } else { Err(Reason::MALFORMED_PACKET) }
    }
}

/// The rest of a packet's body that was not read yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Body<'a> {
    rest: &'a [u8],
}

impl<'a> Body<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.rest.is_empty()
    }

    /// Everything that is left.
    pub(crate) const fn rest(self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], Reason> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Reason::MALFORMED_PACKET)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Reason> {
        self.take(1).map(|bytes| bytes[0])
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Reason> {
        self.take(2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Reason> {
        self.take(4).map(|bytes| u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// A variable byte integer in as few bytes as it needs.
    pub(crate) fn varint(&mut self) -> Result<u32, Reason> {
        let mut value = 0;
        for at in 0..4 {
            let byte = self.u8()?;
            value |= u32::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                let padded = at > 0 && byte == 0;
                return if padded { Err(Reason::MALFORMED_PACKET) } else { Ok(value) };
            }
        }
        Err(Reason::MALFORMED_PACKET)
    }

    /// Binary data behind its length.
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Reason> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }

    /// A text behind its length.
    pub(crate) fn text(&mut self) -> Result<&'a str, Reason> {
        text(self.bytes()?)
    }

    /// A packet id, which is never 0.
    pub(crate) fn packet_id(&mut self) -> Result<u16, Reason> {
        match self.u16()? {
            0 => Err(Reason::PROTOCOL_ERROR),
            id => Ok(id),
        }
    }

    /// Refuses what is left over.
    pub(crate) const fn end(self) -> Result<(), Reason> {
        if self.rest.is_empty() { Ok(()) } else { Err(Reason::MALFORMED_PACKET) }
    }
}

/// Reads a text as MQTT wants it: UTF-8 without U+0000.
///
/// Control characters and non-characters, which a receiver may refuse, are refused too:
/// no name here has them, and logs and terminals are spared.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, Reason> {
    let text = std::str::from_utf8(bytes).map_err(|_| Reason::MALFORMED_PACKET)?;
    let odd = |c: char| c.is_control() || is_no_character(c);
    if text.chars().any(odd) { Err(Reason::MALFORMED_PACKET) } else { Ok(text) }
}

const fn is_no_character(c: char) -> bool {
    matches!(c, '\u{fdd0}'..='\u{fdef}') || (c as u32) & 0xfffe == 0xfffe
}

/// Reads bytes as every packet that they could be, in both versions.
pub(crate) fn read_as_anything(bytes: &[u8], largest: usize) {
    let Ok(Some(frame)) = Frame::peek(bytes, largest) else { return };
    let Some(packet) = bytes.get(..frame.total) else { return };
    let body = &packet[frame.head..];
    // Only that they end matters: each refuses what it does not like.
    let _ = connect::Connect::read(frame, body);
    for version in [Version::V3, Version::V5] {
        let _ = publish::Publish::read(version, frame, body);
        let _ = subscribe::Subscribe::read(version, frame, body);
        let _ = subscribe::Unsubscribe::read(version, frame, body);
        let _ = ack::Disconnect::read(version, frame, body);
        if let Some(kind) = ack::AckKind::from_number(frame.kind()) {
            let _ = ack::Ack::read(version, kind, (frame, body));
        }
    }
}

#[cfg(test)]
mod tests;
