//! What this file promises, tried.

use super::super::tests::all;
use super::super::{Entry, Format, SensorRef};
use super::*;

fn row(value: &Value) -> Row<'_> {
    let time = "2026-11-21T10:00:00.123Z".parse().unwrap();
    Row { device: "pump-7", sensor: "state", unit: "", time, value, quality: Quality::Good }
}

fn csv(value: &Value) -> String {
    let mut out = Vec::new();
    csv_row(&mut out, &row(value));
    String::from_utf8(out).unwrap()
}

#[test]
fn a_formula_is_written_behind_an_apostrophe() {
    for text in ["=1+1", "+1", "-1", "@x", "\tx", "\rx"] {
        let written = csv(&Value::text(text).unwrap());
        assert!(written.contains(&format!("'{}", &text[..1])), "{written:?}");
    }
    assert!(csv(&Value::Number(-1.0)).contains(",-1,"), "a number is no formula");
}

#[test]
fn a_cell_with_marks_is_quoted() {
    let written = csv(&Value::text("a \"b\", c").unwrap());
    assert_eq!(written, "2026-11-21T10:00:00.123Z,pump-7,state,\"a \"\"b\"\", c\",,good\r\n");
}

#[test]
fn a_line_of_json_reads_back() {
    let value = Value::text("a \"b\"\n").unwrap();
    let mut out = Vec::new();
    ndjson_row(&mut out, &row(&value));
    let read: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(read["value"], "a \"b\"\n");
    assert_eq!(
        (&read["device"], &read["time"]),
        (&"pump-7".into(), &"2026-11-21T10:00:00.123Z".into())
    );
}

#[test]
fn a_live_measurement_leaves_out_what_goes_without_saying() {
    let device = super::super::tests::context(None).device;
    let sensor = roadstead_model::SensorId::new(device.tenant(), 1).unwrap();
    let time = "2026-11-21T10:00:00.123Z".parse().unwrap();
    let reading = |quality| Reading { sensor, time, value: Value::Number(21.0), quality };
    let mut out = Vec::new();
    delivered(&mut out, &reading(Quality::Good), "");
    assert_eq!(out, br#"{"time":"2026-11-21T10:00:00.123Z","value":21}"#);
    out.clear();
    delivered(&mut out, &reading(Quality::Estimated), "Cel");
    let text = str::from_utf8(&out).unwrap();
    assert_eq!(
        text,
        r#"{"time":"2026-11-21T10:00:00.123Z","value":21,"unit":"Cel","quality":"estimated"}"#
    );
    let read = all(Format::Json, text, Some("a"));
    let (unit, quality) = (Some("Cel".into()), Quality::Estimated);
    let value = Value::Number(21.0);
    assert_eq!(
        read,
        [Entry { sensor: SensorRef::read("a"), time: Some(time), value, unit, quality }]
    );
}
