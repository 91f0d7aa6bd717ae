//! What is sent and read is what the specification draws.

use super::*;
use crate::series::{Form, Series};

const NOON: jiff::Timestamp = jiff::Timestamp::constant(1_795_262_400, 0);

fn series() -> Series {
    Series::new(Form::Number, "load", NOON, 1)
}

fn answer(protocol: Protocol, bytes: &[u8]) -> Answer {
    let (packet, length) = split(bytes).unwrap().expect("a whole packet");
    assert_eq!(length, bytes.len());
    packet.answer(protocol).unwrap()
}

#[test]
fn connect_is_what_the_specification_draws() {
    let hello = Hello { protocol: Protocol::V3, client_id: "c", user: "u", password: "pw" };
    let expected = b"\x10\x14\x00\x04MQTT\x04\xC2\x00\x78\x00\x01c\x00\x01u\x00\x02pw";
    assert_eq!(hello.encode(), expected);
}

#[test]
fn connect_in_version_5_has_an_empty_list_of_properties() {
    let hello = Hello { protocol: Protocol::V5, client_id: "c", user: "u", password: "pw" };
    let expected = b"\x10\x15\x00\x04MQTT\x05\xC2\x00\x78\x00\x00\x01c\x00\x01u\x00\x02pw";
    assert_eq!(hello.encode(), expected);
}

#[test]
fn publish_carries_its_id_and_a_payload_that_moves() {
    let mut publication = Publication::new(Protocol::V3, "a/b", true, series());
    let mut out = Vec::new();
    publication.append(1, &mut out);
    publication.append(0x0203, &mut out);

    let (first, length) = split(&out).unwrap().expect("the first packet");
    let (second, _) = split(&out[length..]).unwrap().expect("the second packet");
    assert_eq!(length, publication.len());
    assert_eq!(&first.body[..7], b"\x00\x03a/b\x00\x01");
    assert_eq!(first.publish_id(), Ok(Some(1)));
    assert_eq!(second.publish_id(), Ok(Some(0x0203)));
    assert_ne!(first.body[7..], second.body[7..]);
}

#[test]
fn publish_in_version_5_has_an_empty_list_of_properties() {
    let mut publication = Publication::new(Protocol::V5, "a/b", true, series());
    let mut out = Vec::new();
    publication.append(1, &mut out);
    assert_eq!(out[..10], *b"\x32\x0d\x00\x03a/b\x00\x01\x00");
}

#[test]
fn publish_at_qos_0_has_no_id() {
    let mut publication = Publication::new(Protocol::V3, "a/b", false, series());
    let mut out = Vec::new();
    publication.append(7, &mut out);
    let (packet, _) = split(&out).unwrap().expect("a packet");
    assert_eq!(packet.publish_id(), Ok(None));
    assert_eq!(packet.body.len(), 2 + 3 + 5);
}

#[test]
fn a_packet_is_whole_only_with_its_last_byte() {
    let mut bytes = vec![0x30];
    put_length(&mut bytes, 300);
    bytes.extend([7; 300]);
    for cut in 0..bytes.len() {
        assert_eq!(split(&bytes[..cut]), Ok(None), "cut at {cut}");
    }
    let (packet, length) = split(&bytes).unwrap().expect("a whole packet");
    assert_eq!((packet.body.len(), length), (300, 303));
}

#[test]
fn every_length_comes_back() {
    for length in [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152, 268_435_455] {
        let mut bytes = Vec::new();
        put_length(&mut bytes, length);
        assert_eq!(read_length(&bytes), Ok(Some((length, bytes.len()))));
    }
}

#[test]
fn a_length_of_five_bytes_is_malformed() {
    assert!(split(&[0x40, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]).is_err());
}

#[test]
fn acknowledgements_tell_their_reason() {
    let plain = answer(Protocol::V3, &[0x40, 2, 0x12, 0x34]);
    let nobody_listens = answer(Protocol::V5, &[0x40, 3, 0, 1, 0x10]);
    let refused = answer(Protocol::V5, &[0x40, 4, 0, 2, 0x87, 0]);
    assert_eq!(plain, Answer::Acknowledged { id: 0x1234, reason: 0 });
    assert_eq!(nobody_listens, Answer::Acknowledged { id: 1, reason: 0x10 });
    assert_eq!(refused, Answer::Acknowledged { id: 2, reason: 0x87 });
}

#[test]
fn an_acknowledgement_without_an_id_is_malformed() {
    let (packet, _) = split(&[0x40, 1, 0]).unwrap().expect("a packet");
    assert!(packet.answer(Protocol::V3).is_err());
}

#[test]
fn the_receive_maximum_is_found_behind_other_properties() {
    let bytes = b"\x20\x14\x00\x00\x11\x12\x00\x02id\x26\x00\x01k\x00\x01v\x21\x00\x14";
    let bytes = [&bytes[..], &[0x24, 1]].concat();
    let welcome = answer(Protocol::V5, &bytes);
    assert_eq!(welcome, Answer::Connected { reason: 0, receive_maximum: 20 });
}

#[test]
fn without_a_receive_maximum_the_protocol_is_the_limit() {
    let old = answer(Protocol::V3, &[0x20, 2, 0, 0]);
    let new = answer(Protocol::V5, &[0x20, 3, 0, 0, 0]);
    assert_eq!(old, Answer::Connected { reason: 0, receive_maximum: u16::MAX });
    assert_eq!(new, old);
}

#[test]
fn cut_properties_are_malformed() {
    let (packet, _) = split(&[0x20, 5, 0, 0, 2, 0x21, 0]).unwrap().expect("a packet");
    assert!(packet.answer(Protocol::V5).is_err());
}

#[test]
fn a_dismissal_tells_its_reason() {
    assert_eq!(answer(Protocol::V5, &[0xE0, 1, 0x97]), Answer::Dismissed { reason: 0x97 });
    assert_eq!(answer(Protocol::V5, &GOODBYE), Answer::Dismissed { reason: 0 });
}

#[test]
fn the_sink_understands_its_own_generator() {
    for protocol in [Protocol::V3, Protocol::V5] {
        let hello = Hello { protocol, client_id: "c", user: "u", password: "p" }.encode();
        let (packet, _) = split(&hello).unwrap().expect("a packet");
        let welcome = answer(protocol, packet.welcome().expect("a CONNACK"));
        assert!(matches!(welcome, Answer::Connected { reason: 0, .. }));
    }
    let mut acknowledgement = Vec::new();
    put_acknowledgement(&mut acknowledgement, 515);
    let read = answer(Protocol::V5, &acknowledgement);
    assert_eq!(read, Answer::Acknowledged { id: 515, reason: 0 });
}
