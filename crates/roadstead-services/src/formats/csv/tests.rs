//! What this file promises, tried.

use super::super::tests::{all, context, entry};
use super::super::{Format, decode};
use super::*;

const TIME: &str = "2026-11-21T09:59:00Z";

#[test]
fn a_long_table_has_a_value_a_row() {
    let body = "time,sensor,value,unit\r\n2026-11-21T09:59:00Z,a,1.5,Cel\r\n1795255140,b,true,\r\n,c,\"x, y\",\r\n";
    let mut first = entry("a", Some(TIME), Value::Number(1.5));
    first.unit = Some("Cel".into());
    let second = entry("b", Some(TIME), Value::Flag(true));
    let third = entry("c", None, Value::text("x, y").unwrap());
    assert_eq!(all(Format::Csv, body, None), [first, second, third]);
}

#[test]
fn a_wide_table_has_a_sensor_a_column() {
    let body = "time,a,b\n2026-11-21T09:59:00Z,1,2\n2026-11-21T09:59:00Z,,3\n";
    let of = |sensor, number| entry(sensor, Some(TIME), Value::Number(number));
    assert_eq!(all(Format::Csv, body, None), [of("a", 1.0), of("b", 2.0), of("b", 3.0)]);
}

#[test]
fn a_sensors_own_path_needs_no_sensor_column() {
    let body = "time,value\n2026-11-21T09:59:00Z,1\n";
    assert_eq!(all(Format::Csv, body, Some("a")), [entry("a", Some(TIME), Value::Number(1.0))]);
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let body = b"time,sensor,value\n,a,NaN\n,a,inf\nnoon,a,1\n,,1\n,a,\n,a,2\n,\xff,1\n";
    let entries = decode(Format::Csv, body, &context(None)).unwrap();
    let texts =
        entries.iter().map(|e| e.as_ref().map_or_else(ToString::to_string, |_| String::new()));
    let texts: Vec<String> = texts.collect();
    assert!(texts[0].contains("line 2: NaN"), "{}", texts[0]);
    assert!(texts[1].contains("infinite"));
    assert!(texts[2].contains("not a time"));
    assert!(texts[3].contains("names no sensor") && texts[4].contains("no value"));
    assert!(texts[5].is_empty() && texts[6].contains("UTF-8"));
}

#[test]
fn a_table_without_a_meaning_is_refused() {
    assert!(decode(Format::Csv, b"a,b\n1,2\n", &context(None)).is_err());
    assert!(decode(Format::Csv, b"time,a,a\n1,2,3\n", &context(None)).is_err());
}
