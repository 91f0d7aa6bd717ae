//! What this file promises, tried.

use super::super::tests::{all, context, entry};
use super::super::write::{Row, senml_cbor, senml_json};
use super::super::{Format, decode};
use super::*;
use proptest::prelude::*;

fn one(body: &str) -> Result<Entry, EntryError> {
    decode(Format::SenmlJson, body.as_bytes(), &context(None)).unwrap().remove(0)
}

#[test]
fn base_fields_hold_for_all_that_follow() {
    let body = r#"[{"bn":"urn:dev:ow:10e2073a01080063:","bt":1795255140,"bu":"A","bv":100,"n":"current","v":1},
        {"n":"voltage","u":"V","v":2,"t":-60},{"bn":"pump-7/","bu":"","n":"power","vb":true}]"#;
    let read = all(Format::SenmlJson, body, None);
    let mut current = entry("current", Some("2026-11-21T09:59:00Z"), Value::Number(101.0));
    current.unit = Some("A".into());
    let mut voltage = entry("voltage", Some("2026-11-21T09:58:00Z"), Value::Number(102.0));
    voltage.unit = Some("V".into());
    let power = entry("power", Some("2026-11-21T09:59:00Z"), Value::Flag(true));
    assert_eq!(read, [current, voltage, power]);
}

#[test]
fn small_times_count_from_the_arrival() {
    let time = |body: &str| one(body).unwrap().time.unwrap().to_string();
    assert_eq!(time(r#"[{"n":"a","v":1,"t":-1.5}]"#), "2026-11-21T09:59:58.5Z");
    assert_eq!(time(r#"[{"bt":-60,"n":"a","v":1,"t":10}]"#), "2026-11-21T09:59:10Z");
    assert_eq!(time(r#"[{"n":"a","v":1,"t":268435456}]"#), "1978-07-04T21:24:16Z");
    assert_eq!(one(r#"[{"n":"a","v":1}]"#).unwrap().time, None);
}

#[test]
fn what_names_the_device_is_left_out_of_names() {
    let id = context(None).device;
    for (base, name) in [
        ("pump-7", "temp"),
        ("pump-7/", "temp"),
        ("pump-7:", "temp"),
        ("urn:dev:mac:0024befffe804ff1/", "temp"),
        ("urn:dev:mac:0024befffe804ff1:te", "mp"),
        ("", "urn:dev:mac:0024befffe804ff1:temp"),
        ("", "pump-7/temp"),
        (&format!("{id}:"), "temp"),
        ("te", "mp"),
    ] {
        let body = format!(r#"[{{"bn":"{base}","n":"{name}","v":1}}]"#);
        assert_eq!(one(&body).unwrap().sensor, SensorRef::read("temp"), "{base} {name}");
    }
}

#[test]
fn a_pack_of_two_devices_is_refused_at_the_second() {
    let body = br#"[{"bn":"urn:dev:mac:1:","n":"a","v":1},{"bn":"urn:dev:mac:2:","n":"a","v":2}]"#;
    let entries = decode(Format::SenmlJson, body, &context(None)).unwrap();
    assert!(matches!(entries[..], [Ok(_), Err(EntryError::AnotherDevice(_))]));
}

#[test]
fn what_is_not_taken_is_refused_with_a_reason() {
    let refused = |body: &str| one(body).unwrap_err().to_string();
    assert!(refused(r#"[{"n":"a","vd":"AAA"}]"#).contains("vd"));
    assert!(refused(r#"[{"n":"a","s":5}]"#).contains("sum"));
    assert!(refused(r#"[{"n":"a","v":1,"vb":true}]"#).contains("more than one"));
    assert!(refused(r#"[{"n":"a"}]"#).contains("no value"));
    assert!(refused(r#"[{"v":1}]"#).contains("names no sensor"));
    assert!(refused(r#"[{"n":"a","v":1,"must_":1}]"#).contains("must_"));
    assert!(refused(r#"[{"n":"a","v":"1"}]"#).contains("a number"));
    let sum_too = decode(Format::SenmlJson, br#"[{"n":"a","v":1,"s":5}]"#, &context(None)).unwrap();
    assert!(matches!(sum_too[..], [Ok(_), Err(EntryError::NotTaken(_))]));
}

#[test]
fn a_newer_version_is_refused_whole() {
    let refused = decode(Format::SenmlJson, br#"[{"bver":11,"n":"a","v":1}]"#, &context(None));
    assert!(matches!(refused, Err(FormatError::Version { .. })));
    assert!(one(r#"[{"bver":10,"n":"a","v":1}]"#).is_ok());
}

#[test]
fn a_record_of_base_fields_alone_is_no_entry() {
    let read = all(Format::SenmlJson, r#"[{"bn":"pump-7/"},{"n":"a","v":1}]"#, None);
    assert_eq!(read, [entry("a", None, Value::Number(1.0))]);
}

#[test]
fn cbor_is_bounded_and_says_what_is_wrong() {
    let refused = |body: &[u8]| decode(Format::SenmlCbor, body, &context(None)).unwrap_err();
    assert!(matches!(refused(&[0x81; 50]), FormatError::TooDeep { .. }));
    assert!(matches!(refused(b"\x81"), FormatError::Unreadable { .. }));
    assert!(matches!(
        refused(b"\x9b\x7f\xff\xff\xff\xff\xff\xff\xff"),
        FormatError::Unreadable { .. }
    ));
    assert!(matches!(refused(b"\x80\x80"), FormatError::Unreadable { .. }));
    assert!(matches!(refused(b"\x81\xa2\x00\x61a\x00\x61b"), FormatError::RepeatedKey(_)));
    let nan = b"\x81\xa2\x00\x61a\x02\xf9\x7e\x00";
    let entries = decode(Format::SenmlCbor, nan, &context(None)).unwrap();
    assert_eq!(entries, [Err(roadstead_model::BadValue::NotANumber.into())]);
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<f64>().prop_filter_map("finite", |number| Value::number(number).ok()),
        any::<bool>().prop_map(Value::Flag),
        ".{0,20}".prop_map(|text| Value::text(&text).unwrap()),
    ]
}

fn written() -> impl Strategy<Value = (String, Timestamp, Value, &'static str)> {
    let time = 946_684_800_000_000_i64..4_000_000_000_000_000;
    let time = time.prop_map(|micros| Timestamp::from_micros(micros).unwrap());
    ("[a-z][a-z0-9_.é-]{0,9}", time, value(), prop_oneof![Just("Cel"), Just("")])
}

proptest! {
    #[test]
    fn what_is_written_reads_back(rows in proptest::collection::vec(written(), 0..20)) {
        let row = |(sensor, time, value, unit): &'_ (String, Timestamp, Value, &'static str)| Entry {
            sensor: SensorRef::read(sensor),
            time: Some(*time),
            value: value.clone(),
            unit: (!unit.is_empty()).then(|| (*unit).into()),
            quality: Quality::Good,
        };
        let wanted: Vec<_> = rows.iter().map(row).map(Ok).collect();
        let rows: Vec<Row<'_>> = rows.iter().map(|(sensor, time, value, unit)| Row {
            device: "pump-7", sensor, unit, time: *time, value, quality: Quality::Good,
        }).collect();
        let context = context(None);
        prop_assert_eq!(decode(Format::SenmlJson, &senml_json(&rows), &context).unwrap(), wanted.clone());
        prop_assert_eq!(decode(Format::SenmlCbor, &senml_cbor(&rows), &context).unwrap(), wanted);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let _ = decode(Format::SenmlCbor, &bytes, &context(None));
    }
}

#[test]
fn a_wrong_base_field_refuses_the_pack_since_what_follows_would_be_wrong() {
    for base in [r#""bt":"noon""#, r#""bn":7"#, r#""bv":true"#] {
        let body = format!(r#"[{{{base},"n":"a","v":1}},{{"n":"b","v":1}}]"#);
        let refused = decode(Format::SenmlJson, body.as_bytes(), &context(None));
        assert!(matches!(refused, Err(FormatError::Entry(EntryError::Type { .. }))), "{base}");
    }
}

#[test]
fn a_wrong_record_leaves_its_base_fields_in_force() {
    let body = br#"[{"bn":"pump-7/","bt":1795255140,"n":"a","v":"1"},{"n":"b","v":1}]"#;
    let entries = decode(Format::SenmlJson, body, &context(None)).unwrap();
    let second = entry("b", Some("2026-11-21T09:59:00Z"), Value::Number(1.0));
    assert_eq!((entries[0].is_err(), &entries[1]), (true, &Ok(second)));
}
