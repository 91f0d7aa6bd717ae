//! CONNECT: who comes, in which version, with which wishes.

use super::properties::{Place, Properties};
use super::{Body, Frame, Qos, Reason, Version};

/// A client's first packet.
#[derive(Debug, Clone)]
pub(crate) struct Connect<'a> {
    pub(crate) version: Version,
    /// Begin anew, whatever was kept.
    pub(crate) clean: bool,
    pub(crate) keep_alive: u16,
    pub(crate) client: &'a str,
    pub(crate) will: Option<WillPacket<'a>>,
    pub(crate) user: Option<&'a str>,
    pub(crate) password: Option<&'a [u8]>,
    pub(crate) properties: Properties<'a>,
}

/// What a client wants said when it is lost.
#[derive(Debug, Clone)]
pub(crate) struct WillPacket<'a> {
    pub(crate) topic: &'a str,
    pub(crate) payload: &'a [u8],
    pub(crate) retain: bool,
    pub(crate) delay: u32,
    pub(crate) content_type: Option<&'a str>,
}

/// Why a CONNECT is refused, and in which version to say so, if it can be said at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadConnect {
    pub(crate) answer: Option<Version>,
    pub(crate) reason: Reason,
}

const KIND: u8 = 1;
const CLEAN: u8 = 0x02;
const WILL: u8 = 0x04;
const WILL_QOS: u8 = 0x18;
const WILL_RETAIN: u8 = 0x20;
const PASSWORD: u8 = 0x40;
const USER: u8 = 0x80;

impl<'a> Connect<'a> {
    /// Reads the first packet of a connection.
    pub(crate) fn read(frame: Frame, body: &'a [u8]) -> Result<Self, BadConnect> {
        let mut body = Body::new(body);
        let silent = |reason| BadConnect { answer: None, reason };
        if frame.kind() != KIND {
            return Err(silent(Reason::PROTOCOL_ERROR));
        }
        frame.only_flags(0).map_err(silent)?;
        let version = version(&mut body)?;
        // MQTT 3.1.1 has no code for a malformed packet: the connection is closed.
        let answer = version.is_5().then_some(version);
        Self::read_rest(version, &mut body).map_err(|reason| BadConnect { answer, reason })
    }

    fn read_rest(version: Version, body: &mut Body<'a>) -> Result<Self, Reason> {
        let flags = checked_flags(version, body.u8()?)?;
        let keep_alive = body.u16()?;
        let properties = read_properties(version, body, Place::CONNECT)?;
        let client = body.text()?;
        let will = match flags & WILL {
            0 => None,
            _ => Some(read_will(version, flags, body)?),
        };
        let user = if flags & USER == 0 { None } else { Some(body.text()?) };
        let password = if flags & PASSWORD == 0 { None } else { Some(body.bytes()?) };
        body.end()?;
        let clean = flags & CLEAN != 0;
        Ok(Self { version, clean, keep_alive, client, will, user, password, properties })
    }
}

fn version(body: &mut Body<'_>) -> Result<Version, BadConnect> {
    let silent = |reason| BadConnect { answer: None, reason };
    let name = body.bytes().map_err(silent)?;
    let level = body.u8().map_err(silent)?;
    let unsupported =
        |version| BadConnect { answer: Some(version), reason: Reason::UNSUPPORTED_VERSION };
    match (name, level) {
        (b"MQTT", 4) => Ok(Version::V3),
        (b"MQTT", 5) => Ok(Version::V5),
        (b"MQTT", 3) | (b"MQIsdp", 3 | 4) => Err(unsupported(Version::V3)),
        (b"MQTT" | b"MQIsdp", _) => Err(unsupported(Version::V5)),
        _ => Err(silent(Reason::PROTOCOL_ERROR)),
    }
}

fn checked_flags(version: Version, flags: u8) -> Result<u8, Reason> {
    let reserved = flags & 1 != 0;
    let half_a_will = flags & WILL == 0 && flags & (WILL_QOS | WILL_RETAIN) != 0;
    let impossible_will = Qos::from_bits((flags & WILL_QOS) >> 3).is_none();
    // MQTT 5 allows a password without a user name.
    let nobodys_password = !version.is_5() && flags & USER == 0 && flags & PASSWORD != 0;
    let wrong = reserved || half_a_will || impossible_will || nobodys_password;
    if wrong { Err(Reason::MALFORMED_PACKET) } else { Ok(flags) }
}

fn read_properties<'a>(
    version: Version,
    body: &mut Body<'a>,
    place: Place,
) -> Result<Properties<'a>, Reason> {
    match version {
        Version::V3 => Ok(Properties::default()),
        Version::V5 => Properties::read(body, place),
    }
}

fn read_will<'a>(
    version: Version,
    flags: u8,
    body: &mut Body<'a>,
) -> Result<WillPacket<'a>, Reason> {
    let properties = read_properties(version, body, Place::WILL)?;
    let topic = body.text()?;
    let payload = body.bytes()?;
    if topic.is_empty() || topic.contains(['+', '#']) {
        return Err(Reason::TOPIC_NAME_INVALID);
    }
    Ok(WillPacket {
        topic,
        payload,
        retain: flags & WILL_RETAIN != 0,
        delay: properties.will_delay.unwrap_or(0),
        content_type: properties.content_type,
    })
}
