//! What this file promises, tried.

use super::*;
use roadstead_model::{Quality, TenantId, Value};

pub(super) fn context(sensor: Option<&str>) -> Context<'_> {
    let device = DeviceId::new(TenantId::numbered(1).unwrap(), 7).unwrap();
    let arrival = "2026-11-21T10:00:00Z".parse().unwrap();
    Context { device, device_name: "pump-7", sensor, arrival }
}

pub(super) fn entry(sensor: &str, time: Option<&str>, value: Value) -> Entry {
    Entry {
        sensor: SensorRef::read(sensor),
        time: time.map(|time| time.parse().unwrap()),
        value,
        unit: None,
        quality: Quality::Good,
    }
}

/// Reads a body of which every entry is right.
pub(super) fn all(format: Format, body: &str, sensor: Option<&str>) -> Vec<Entry> {
    let entries = decode(format, body.as_bytes(), &context(sensor)).unwrap();
    entries.into_iter().collect::<Result<_, _>>().unwrap()
}

const TIME: &str = "2026-11-21T09:59:00Z";

#[test]
fn json_is_told_apart_by_its_shape() {
    let temperature = entry("temperature", Some(TIME), Value::Number(21.5));
    for body in [
        r#"{"temperature":21.5,"time":"2026-11-21T09:59:00Z"}"#,
        r#"[{"temperature":21.5,"time":1795255140}]"#,
        r#"{"sensor":"temperature","value":21.5,"time":1795255140000}"#,
        r#"[{"n":"temperature","v":21.5,"t":1795255140}]"#,
        r#"[{"bn":"pump-7/","n":"temperature","v":21.5,"t":-60}]"#,
        r#"{"format":"rec3.3","deviceId":"pump-7","observations":[
            {"observationTime":"2026-11-21T09:59:00Z","value":21.5,"sensorId":"temperature"}]}"#,
    ] {
        assert_eq!(all(Format::Json, body, None), std::slice::from_ref(&temperature), "{body}");
    }
}

#[test]
fn a_sensors_own_topic_needs_no_name() {
    let temperature = |time| entry("temperature", time, Value::Number(21.5));
    for (body, time) in [
        ("21.5", None),
        (r#"{"value":21.5}"#, None),
        (r#"{"time":"2026-11-21T09:59:00Z","value":21.5}"#, Some(TIME)),
        (r#"[{"v":21.5,"t":-60}]"#, Some(TIME)),
        (r#"[{"time":"2026-11-21T09:59:00Z","value":21.5}]"#, Some(TIME)),
    ] {
        assert_eq!(all(Format::Json, body, Some("temperature")), [temperature(time)], "{body}");
    }
    let other = br#"[{"n":"humidity","v":40}]"#;
    let refused = decode(Format::Json, other, &context(Some("temperature"))).unwrap();
    assert!(matches!(&refused[..], [Err(EntryError::AnotherSensor { .. })]));
}

#[test]
fn one_wrong_entry_leaves_the_others() {
    let body = br#"{"a":1,"b":null,"c":[1],"d":true,"e":"on"}"#;
    let entries = decode(Format::Json, body, &context(None)).unwrap();
    let right: Vec<bool> = entries.iter().map(Result::is_ok).collect();
    assert_eq!(right, [true, false, false, true, true]);
}

#[test]
fn a_wrong_time_refuses_what_it_belongs_to_and_no_more() {
    let body = br#"[{"a":1,"time":"yesterday"},{"a":2}]"#;
    let entries = decode(Format::Json, body, &context(None)).unwrap();
    assert!(matches!(entries[..], [Err(EntryError::Time(_)), Ok(_)]));
}

#[test]
fn a_bare_value_without_a_topic_names_no_sensor() {
    assert!(matches!(decode(Format::Json, b"21.5", &context(None)), Err(FormatError::Shape(_))));
}

#[test]
fn lines_of_json_are_read_one_by_one() {
    let body = "{\"a\":1}\n\n{\"sensor\":\"b\",\"value\":2}\nnonsense\n{\"a\":NaN}\n";
    let entries = decode(Format::Ndjson, body.as_bytes(), &context(None)).unwrap();
    assert_eq!(entries[0], Ok(entry("a", None, Value::Number(1.0))));
    assert_eq!(entries[1], Ok(entry("b", None, Value::Number(2.0))));
    assert!(matches!(entries[2], Err(EntryError::Line { line: 4, .. })));
    assert!(entries[3].as_ref().unwrap_err().to_string().contains("NaN"));
}

#[test]
fn too_many_entries_are_refused() {
    let body = format!("[{}0]", "0,".repeat(MOST_ENTRIES));
    let context = context(Some("a"));
    let refused = decode(Format::Json, body.as_bytes(), &context);
    assert_eq!(refused, Err(FormatError::TooMany { limit: MOST_ENTRIES }));
}

#[test]
fn media_types_are_known_with_parameters_and_in_any_case() {
    assert_eq!(Format::of_content_type("Application/JSON; charset=utf-8"), Some(Format::Json));
    assert_eq!(Format::of_content_type("application/senml+cbor"), Some(Format::SenmlCbor));
    assert_eq!(Format::of_content_type("image/png"), None);
}

#[test]
fn a_repeated_key_of_another_name_is_not_hidden_by_auto_detection() {
    let body = br#"{"format":"rec3.3","deviceId":"pump-7","deviceId":"pump-8","observations":[]}"#;
    let refused = decode(Format::Json, body, &context(None));
    assert_eq!(refused, Err(FormatError::RepeatedKey("deviceId".to_owned())));
}

#[test]
fn what_many_entries_share_is_short_before_it_is_copied() {
    let long = "x".repeat(100_000);
    let refused = |format, body: String| match decode(format, body.as_bytes(), &context(None)) {
        Ok(entries) => entries.iter().all(Result::is_err),
        Err(_) => true,
    };
    let records = r#",{"n":"a","v":1}"#.repeat(10);
    assert!(refused(Format::SenmlJson, format!(r#"[{{"bn":"{long}","n":"a","v":1}}]"#)));
    assert!(refused(Format::SenmlJson, format!(r#"[{{"bu":"{long}"}}{records}]"#)));
    assert!(refused(Format::Influx(Precision::Seconds), format!("{long} a=1,b=2")));
    assert!(refused(Format::Csv, format!("time,{long}\n,1\n")));
    assert!(decode(Format::Json, b"[1,2]", &context(Some(&long))).is_err());
}

#[test]
fn a_body_of_very_many_items_is_refused_before_it_fills_the_memory() {
    let limit = MOST_ENTRIES;
    let body = format!("[{}0]", "0,".repeat(MOST_ITEMS));
    let refused = decode(Format::SenmlJson, body.as_bytes(), &context(None));
    assert_eq!(refused, Err(FormatError::TooMany { limit }));
    let mut body = vec![0x9a, 0, 0x20, 0, 0];
    body.resize(2 * MOST_ITEMS, 0);
    let refused = decode(Format::SenmlCbor, &body, &context(None));
    assert_eq!(refused, Err(FormatError::TooMany { limit }));
    let fields = format!("a {}b=1", "b=1,".repeat(MOST_ENTRIES));
    let refused = decode(Format::Influx(Precision::Seconds), fields.as_bytes(), &context(None));
    assert_eq!(refused, Err(FormatError::TooMany { limit }));
    let wide =
        format!("time,{}\n", (0..1_001).map(|n| n.to_string()).collect::<Vec<_>>().join(","));
    assert!(decode(Format::Csv, wide.as_bytes(), &context(None)).is_err());
}
