//! The short packets: PUBACK, PUBREC, PUBREL, PUBCOMP, PINGREQ and DISCONNECT from a client.

use super::properties::{Place, Properties};
use super::{Body, Frame, Reason, Version};

/// A client's answer about one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ack {
    pub(crate) kind: AckKind,
    pub(crate) packet: u16,
    pub(crate) reason: Reason,
}

/// Which answer it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AckKind {
    /// PUBACK: QoS 1 arrived.
    Ack,
    /// PUBREC: QoS 2 arrived.
    Rec,
    /// PUBREL: QoS 2 may be forgotten by the receiver.
    Rel,
    /// PUBCOMP: QoS 2 is over.
    Comp,
}

impl AckKind {
    pub(crate) const fn from_number(kind: u8) -> Option<Self> {
        match kind {
            4 => Some(Self::Ack),
            5 => Some(Self::Rec),
            6 => Some(Self::Rel),
            7 => Some(Self::Comp),
            _ => None,
        }
    }

    /// The first byte of the packet.
    pub(crate) const fn first_byte(self) -> u8 {
        match self {
            Self::Ack => 0x40,
            Self::Rec => 0x50,
            Self::Rel => 0x62,
            Self::Comp => 0x70,
        }
    }

    fn has(self, reason: Reason) -> bool {
        let allowed: &[u8] = match self {
            Self::Ack | Self::Rec => &[0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99],
            Self::Rel | Self::Comp => &[0x00, 0x92],
        };
        allowed.contains(&reason.0)
    }
}

impl Ack {
    /// Reads one of the four.
    pub(crate) fn read(
        version: Version,
        kind: AckKind,
        (frame, body): (Frame, &[u8]),
    ) -> Result<Self, Reason> {
        frame.only_flags(kind.first_byte() & 0x0f)?;
        let mut body = Body::new(body);
        let packet = body.packet_id()?;
        let mut reason = Reason::SUCCESS;
        if version.is_5() && !body.is_empty() {
            reason = Reason(body.u8()?);
            if !kind.has(reason) {
                return Err(Reason::PROTOCOL_ERROR);
            }
            if !body.is_empty() {
                Properties::read(&mut body, Place::ACK)?;
            }
        }
        body.end()?;
        Ok(Self { kind, packet, reason })
    }
}

/// A client's good-bye.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Disconnect {
    pub(crate) reason: Reason,
    pub(crate) session_expiry: Option<u32>,
}

impl Disconnect {
    const ALLOWED: &[u8] =
        &[0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99];

    /// Reads a DISCONNECT.
    pub(crate) fn read(version: Version, frame: Frame, body: &[u8]) -> Result<Self, Reason> {
        frame.only_flags(0)?;
        let mut body = Body::new(body);
        let mut goodbye = Self { reason: Reason::SUCCESS, session_expiry: None };
        if version.is_5() && !body.is_empty() {
            goodbye.reason = Reason(body.u8()?);
            if !Self::ALLOWED.contains(&goodbye.reason.0) {
                return Err(Reason::PROTOCOL_ERROR);
            }
            if !body.is_empty() {
                let properties = Properties::read(&mut body, Place::DISCONNECT)?;
                goodbye.session_expiry = properties.session_expiry;
            }
        }
        body.end()?;
        Ok(goodbye)
    }
}

/// Checks a PINGREQ, which says nothing.
pub(crate) const fn check_ping(frame: Frame, body: &[u8]) -> Result<(), Reason> {
    match frame.only_flags(0) {
        Ok(()) if body.is_empty() => Ok(()),
        Ok(()) => Err(Reason::MALFORMED_PACKET),
        Err(reason) => Err(reason),
    }
}
