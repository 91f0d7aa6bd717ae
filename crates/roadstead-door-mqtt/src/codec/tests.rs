//! What parsers take, and that nothing makes them stumble.

use super::*;
use proptest::prelude::*;

#[test]
fn a_frame_is_known_as_soon_as_its_length_is() {
    assert_eq!(Frame::peek(&[], 100), Ok(None));
    assert_eq!(Frame::peek(&[0x30], 100), Ok(None));
    assert_eq!(Frame::peek(&[0x30, 0x80], 1000), Ok(None));
    assert_eq!(Frame::peek(&[0x30, 5], 100), Ok(Some(Frame { first: 0x30, head: 2, total: 7 })));
    let long = Frame { first: 0x30, head: 3, total: 131 };
    assert_eq!(Frame::peek(&[0x30, 0x80, 1], 1000), Ok(Some(long)));
    assert_eq!(Frame::peek(&[0x30, 0x80, 1], 100), Err(Reason::PACKET_TOO_LARGE));
    assert_eq!(Frame::peek(&[0x30, 0x80, 0], 100), Err(Reason::MALFORMED_PACKET));
    assert_eq!(Frame::peek(&[0x30, 255, 255, 255, 255], 100), Err(Reason::MALFORMED_PACKET));
}

proptest! {
    #[test]
    fn no_bytes_make_a_parser_stumble(mut bytes in prop::collection::vec(any::<u8>(), 2..64)) {
        bytes[1] = u8::try_from(bytes.len() - 2).unwrap();
        read_as_anything(&bytes, 4096);
    }

    #[test]
    fn what_is_written_reads_back(
        topic in "[a-z/]{1,40}", payload in prop::collection::vec(any::<u8>(), 0..300),
        qos in 0_u8..3, packet in 1..u16::MAX, five in any::<bool>(),
    ) {
        let version = if five { Version::V5 } else { Version::V3 };
        let message = write::Message {
            qos: Qos::from_bits(qos).unwrap(), again: false, retain: true, topic: &topic, packet,
            alias: None, identifiers: &[], payload: &payload,
        };
        let mut out = Vec::new();
        message.write(version, &mut out);
        prop_assert_eq!(out.len(), message.length(version));
        let frame = Frame::peek(&out, 4096).unwrap().unwrap();
        prop_assert_eq!(frame.total, out.len());
        let back = publish::Publish::read(version, frame, &out[frame.head..]).unwrap();
        prop_assert_eq!(back.topic, topic.as_bytes());
        prop_assert_eq!(back.payload, &payload[..]);
        prop_assert_eq!(back.packet, if qos == 0 { 0 } else { packet });
        prop_assert!(back.retain);
    }
}

#[test]
fn texts_are_strict() {
    assert_eq!(text("temperature °C".as_bytes()), Ok("temperature °C"));
    for bad in [&b"a\0b"[..], b"\xed\xa0\x80", b"a\x01", b"\x7f", "\u{ffff}".as_bytes(), b"\xff"] {
        assert_eq!(text(bad), Err(Reason::MALFORMED_PACKET), "{bad:?}");
    }
}

#[test]
fn a_property_stands_once_and_where_it_belongs() {
    use properties::{Place, Properties};
    let read = |bytes: &[u8], place| {
        let mut body = Body::new(bytes);
        Properties::read(&mut body, place).map(drop)
    };
    assert_eq!(read(&[3, 0x21, 0, 9], Place::CONNECT), Ok(()));
    assert_eq!(read(&[6, 0x21, 0, 9, 0x21, 0, 9], Place::CONNECT), Err(Reason::PROTOCOL_ERROR));
    assert_eq!(read(&[3, 0x21, 0, 0], Place::CONNECT), Err(Reason::PROTOCOL_ERROR));
    assert_eq!(read(&[3, 0x23, 0, 1], Place::CONNECT), Err(Reason::PROTOCOL_ERROR));
    assert_eq!(read(&[3, 0x23, 0, 0], Place::PUBLISH), Err(Reason::TOPIC_ALIAS_INVALID));
    assert_eq!(read(&[2, 0x0b, 1], Place::PUBLISH), Err(Reason::PROTOCOL_ERROR));
    assert_eq!(read(&[1, 0x7e], Place::PUBLISH), Err(Reason::MALFORMED_PACKET));
    let twice = [14, 0x26, 0, 1, b'a', 0, 1, b'b', 0x26, 0, 1, b'a', 0, 1, b'b'];
    assert_eq!(read(&twice, Place::ACK), Ok(()), "user properties may be repeated");
}
