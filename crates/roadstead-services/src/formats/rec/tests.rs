//! What this file promises, tried.

use super::super::tests::{all, context, entry};
use super::super::{Format, decode};
use super::*;

#[test]
fn a_message_for_another_device_is_refused_whole() {
    let body =
        br#"{"format":"rec3.3","deviceId":"pump-8","observations":[{"value":1,"sensorId":"a"}]}"#;
    let refused = decode(Format::RecEdge, body, &context(None));
    assert_eq!(refused, Err(FormatError::AnotherDevice("pump-8".to_owned())));
    let nobody = br#"{"format":"rec3.3","observations":[]}"#;
    assert!(decode(Format::RecEdge, nobody, &context(None)).is_err());
}

#[test]
fn a_device_is_named_by_its_id_too() {
    let id = context(None).device;
    let body = format!(
        r#"{{"format":"rec3.0","deviceId":"{id}","observations":[{{"value":1,"sensorId":"a"}}]}}"#
    );
    assert_eq!(all(Format::Json, &body, None), [entry("a", None, Value::Number(1.0))]);
}

#[test]
fn all_three_kinds_of_value_are_taken() {
    let body = r#"{"format":"rec3.2","deviceId":"pump-7","observations":[
        {"value":1.5,"sensorId":"a","quantityKind":"Temperature"},
        {"valueString":"on","sensorId":"b"},
        {"valueBoolean":true,"sensorId":"c"}]}"#;
    let values: Vec<Value> = all(Format::Json, body, None).into_iter().map(|e| e.value).collect();
    assert_eq!(values, [Value::Number(1.5), Value::text("on").unwrap(), Value::Flag(true)]);
}

#[test]
fn what_is_wrong_or_not_taken_is_named() {
    let body = br#"{"format":"rec3.2","deviceId":"pump-7","observations":[
        {"value":"1.5","sensorId":"a"},{"sensorId":"b"},{"value":1,"valueBoolean":true,"sensorId":"c"},
        {"value":1}],"exceptions":[{"id":"x"}],"actuationResponses":[]}"#;
    let entries = decode(Format::RecEdge, body, &context(None)).unwrap();
    assert!(matches!(
        entries[..],
        [
            Err(EntryError::Type { .. }),
            Err(EntryError::NoValue),
            Err(EntryError::SeveralValues),
            Err(EntryError::NoSensor),
            Err(EntryError::NotTaken(_)),
        ]
    ));
}

#[test]
fn another_version_is_refused() {
    let body = br#"{"format":"rec4.0","deviceId":"pump-7","observations":[]}"#;
    let refused = decode(Format::Json, body, &context(None));
    assert!(matches!(refused, Err(FormatError::Version { .. })));
}
