//! MQTT 5 properties: read strictly, each at most once and only where it belongs.

use super::{Body, Reason};

/// The packets from a client that have properties, and which ones those may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place(&'static [u8]);

impl Place {
    pub(crate) const CONNECT: Self = Self(&[0x11, 0x15, 0x16, 0x17, 0x19, 0x21, 0x22, USER, 0x27]);
    pub(crate) const WILL: Self = Self(&[0x01, 0x02, 0x03, 0x08, 0x09, 0x18, USER]);
    pub(crate) const PUBLISH: Self = Self(&[0x01, 0x02, 0x03, 0x08, 0x09, 0x23, USER]);
    pub(crate) const ACK: Self = Self(&[0x1f, USER]);
    pub(crate) const SUBSCRIBE: Self = Self(&[0x0b, USER]);
    pub(crate) const UNSUBSCRIBE: Self = Self(&[USER]);
    pub(crate) const DISCONNECT: Self = Self(&[0x11, 0x1f, USER]);
}

const USER: u8 = 0x26;

/// The properties of one packet that mean something to this door.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Properties<'a> {
    pub(crate) content_type: Option<&'a str>,
    pub(crate) subscription_identifier: Option<u32>,
    pub(crate) session_expiry: Option<u32>,
    pub(crate) authentication_method: Option<&'a str>,
    pub(crate) wants_no_problem_information: bool,
    pub(crate) will_delay: Option<u32>,
    pub(crate) receive_maximum: Option<u16>,
    pub(crate) topic_alias_maximum: Option<u16>,
    pub(crate) topic_alias: Option<u16>,
    pub(crate) maximum_packet_size: Option<u32>,
}

impl<'a> Properties<'a> {
    /// Reads the properties behind their length.
    pub(crate) fn read(body: &mut Body<'a>, place: Place) -> Result<Self, Reason> {
        let length = body.varint()?;
        let mut inside = Body::new(body.take(length as usize)?);
        let mut properties = Self::default();
        let mut seen = 0_u64;
        while !inside.is_empty() {
            let id = inside.u8()?;
            if !place.0.contains(&id) {
                return Err(unexpected(id));
            }
            let bit = 1 << id;
            if id != USER && seen & bit != 0 {
                return Err(Reason::PROTOCOL_ERROR);
            }
            seen |= bit;
            properties.take(id, &mut inside)?;
        }
        let half_authenticated = seen & (1 << 0x16) != 0 && seen & (1 << 0x15) == 0;
        if half_authenticated { Err(Reason::PROTOCOL_ERROR) } else { Ok(properties) }
    }

    fn take(&mut self, id: u8, body: &mut Body<'a>) -> Result<(), Reason> {
        match id {
            0x01 | 0x19 => drop(flag(body)?),
            0x02 => drop(body.u32()?),
            0x03 => self.content_type = Some(body.text()?),
            0x08 => response_topic(body)?,
            0x09 | 0x16 => drop(body.bytes()?),
            0x0b => self.subscription_identifier = Some(above_zero(body.varint()?)?),
            0x11 => self.session_expiry = Some(body.u32()?),
            0x15 => self.authentication_method = Some(body.text()?),
            0x17 => self.wants_no_problem_information = !flag(body)?,
            0x18 => self.will_delay = Some(body.u32()?),
            0x1f => drop(body.text()?),
            0x21 => self.receive_maximum = Some(above_zero(body.u16()?)?),
            0x22 => self.topic_alias_maximum = Some(body.u16()?),
            0x23 => {
                let alias = body.u16()?;
                self.topic_alias =
                    Some(above_zero(alias).map_err(|_| Reason::TOPIC_ALIAS_INVALID)?);
            }
            0x26 => {
                body.text()?;
                body.text()?;
            }
            0x27 => self.maximum_packet_size = Some(above_zero(body.u32()?)?),
            _ => return Err(unexpected(id)),
        }
        Ok(())
    }
}

/// A known property in the wrong place breaks the protocol; an unknown one is noise.
const fn unexpected(id: u8) -> Reason {
    let known = matches!(
        id,
        0x01 | 0x02 | 0x03 | 0x08 | 0x09 | 0x0b | 0x11..=0x13 | 0x15..=0x19 | 0x1a | 0x1c | 0x1f
            | 0x21..=0x2a
    );
    if known { Reason::PROTOCOL_ERROR } else { Reason::MALFORMED_PACKET }
}

fn flag(body: &mut Body<'_>) -> Result<bool, Reason> {
    match body.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Reason::PROTOCOL_ERROR),
    }
}

fn above_zero<T: Default + PartialEq>(value: T) -> Result<T, Reason> {
    if value == T::default() { Err(Reason::PROTOCOL_ERROR) } else { Ok(value) }
}

fn response_topic(body: &mut Body<'_>) -> Result<(), Reason> {
    let topic = body.text()?;
    let wild = topic.is_empty() || topic.contains(['+', '#']);
    if wild { Err(Reason::PROTOCOL_ERROR) } else { Ok(()) }
}
