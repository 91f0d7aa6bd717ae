//! PUBLISH from a client: read in place, nothing allocated, nothing copied.

use super::properties::{Place, Properties};
use super::{Body, Frame, Qos, Reason, Version};

/// A message from a client. Its topic is only checked as text when it is first seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Publish<'a> {
    pub(crate) qos: Qos,
    pub(crate) retain: bool,
    pub(crate) topic: &'a [u8],
    /// 0 with QoS 0, and never otherwise.
    pub(crate) packet: u16,
    pub(crate) alias: Option<u16>,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) payload: &'a [u8],
}

impl<'a> Publish<'a> {
    /// Reads a PUBLISH.
    pub(crate) fn read(version: Version, frame: Frame, body: &'a [u8]) -> Result<Self, Reason> {
        let mut body = Body::new(body);
        let qos = Qos::from_bits((frame.first >> 1) & 3).ok_or(Reason::MALFORMED_PACKET)?;
        let again = frame.first & 0x08 != 0;
        if again && qos == Qos::AtMost {
            return Err(Reason::MALFORMED_PACKET);
        }
        let topic = body.bytes()?;
        let packet = if qos == Qos::AtMost { 0 } else { body.packet_id()? };
        let (mut alias, mut content_type) = (None, None);
        if version.is_5() {
            if body.rest().first() == Some(&0) {
                body.u8()?;
            } else {
                let properties = Properties::read(&mut body, Place::PUBLISH)?;
                (alias, content_type) = (properties.topic_alias, properties.content_type);
            }
        }
        if topic.is_empty() && alias.is_none() {
            let wrong =
                if version.is_5() { Reason::PROTOCOL_ERROR } else { Reason::MALFORMED_PACKET };
            return Err(wrong);
        }
        let retain = frame.first & 1 != 0;
        Ok(Self { qos, retain, topic, packet, alias, content_type, payload: body.rest() })
    }
}
