//! SUBSCRIBE and UNSUBSCRIBE: what a client wants to hear, and what no longer.

use super::properties::{Place, Properties};
use super::{Body, Frame, Qos, Reason, Version};

/// A client's wish to hear.
#[derive(Debug, Clone)]
pub(crate) struct Subscribe<'a> {
    pub(crate) packet: u16,
    pub(crate) identifier: Option<u32>,
    pub(crate) wishes: Vec<Wish<'a>>,
}

/// One filter with its options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wish<'a> {
    pub(crate) filter: &'a str,
    pub(crate) qos: Qos,
    pub(crate) no_local: bool,
    pub(crate) retain_as_published: bool,
    /// 0 send retained, 1 only if new, 2 never.
    pub(crate) retain_handling: u8,
}

/// A client's wish to hear no longer.
#[derive(Debug, Clone)]
pub(crate) struct Unsubscribe<'a> {
    pub(crate) packet: u16,
    pub(crate) filters: Vec<&'a str>,
}

const FLAGS: u8 = 2;

impl<'a> Subscribe<'a> {
    /// Reads a SUBSCRIBE.
    pub(crate) fn read(version: Version, frame: Frame, body: &'a [u8]) -> Result<Self, Reason> {
        frame.only_flags(FLAGS)?;
        let mut body = Body::new(body);
        let packet = body.packet_id()?;
        let identifier = match version {
            Version::V3 => None,
            Version::V5 => Properties::read(&mut body, Place::SUBSCRIBE)?.subscription_identifier,
        };
        let mut wishes = Vec::new();
        while !body.is_empty() {
            wishes.push(Wish::read(version, &mut body)?);
        }
        if wishes.is_empty() {
            Err(Reason::PROTOCOL_ERROR)
        } else {
            Ok(Self { packet, identifier, wishes })
        }
    }
}

impl<'a> Wish<'a> {
    fn read(version: Version, body: &mut Body<'a>) -> Result<Self, Reason> {
        let filter = filter(body)?;
        let options = body.u8()?;
        let reserved = if version.is_5() { 0xc0 } else { 0xfc };
        let qos = Qos::from_bits(options & 3);
        let retain_handling = (options >> 4) & 3;
        match qos {
            Some(qos) if options & reserved == 0 && retain_handling < 3 => Ok(Self {
                filter,
                qos,
                no_local: options & 0x04 != 0,
                retain_as_published: options & 0x08 != 0,
                retain_handling,
            }),
            Some(_) | None => Err(Reason::MALFORMED_PACKET),
        }
    }
}

impl<'a> Unsubscribe<'a> {
    /// Reads an UNSUBSCRIBE.
    pub(crate) fn read(version: Version, frame: Frame, body: &'a [u8]) -> Result<Self, Reason> {
        frame.only_flags(FLAGS)?;
        let mut body = Body::new(body);
        let packet = body.packet_id()?;
        if version.is_5() {
            Properties::read(&mut body, Place::UNSUBSCRIBE)?;
        }
        let mut filters = Vec::new();
        while !body.is_empty() {
            filters.push(filter(&mut body)?);
        }
        if filters.is_empty() { Err(Reason::PROTOCOL_ERROR) } else { Ok(Self { packet, filters }) }
    }
}

/// A filter has at least one character.
fn filter<'a>(body: &mut Body<'a>) -> Result<&'a str, Reason> {
    let filter = body.text()?;
    if filter.is_empty() { Err(Reason::MALFORMED_PACKET) } else { Ok(filter) }
}
