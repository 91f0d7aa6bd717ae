//! What this file promises, tried.

use super::super::tests::{all, context, entry};
use super::super::{Format, decode};
use super::*;

const TIME: &str = "2026-11-21T09:59:00Z";

fn lines(body: &str) -> Vec<Entry> {
    all(Format::Influx(Precision::Nanoseconds), body, None)
}

#[test]
fn every_kind_of_field_is_read() {
    let body = "weather,site=a\\ b temperature=21.5,count=3i,big=4u,dry=t,state=\"a \\\"b\\\", c=d\" 1795255140000000000\n";
    let of = |field: &str, value| entry(&format!("weather.{field}"), Some(TIME), value);
    let text = Value::text("a \"b\", c=d").unwrap();
    let wanted = [
        of("temperature", Value::Number(21.5)),
        of("count", Value::Number(3.0)),
        of("big", Value::Number(4.0)),
        of("dry", Value::Flag(true)),
        of("state", text),
    ];
    assert_eq!(lines(body), wanted);
}

#[test]
fn a_field_called_value_is_the_measurement() {
    assert_eq!(lines("temp\\ 1 value=1"), [entry("temp 1", None, Value::Number(1.0))]);
}

#[test]
fn escapes_take_the_meaning_of_marks() {
    let body = "a\\,b,t\\=1=x\\,y c\\=d=1,e\\ f=2";
    let wanted =
        [entry("a,b.c=d", None, Value::Number(1.0)), entry("a,b.e f", None, Value::Number(2.0))];
    assert_eq!(lines(body), wanted);
}

#[test]
fn a_quoted_text_may_hold_a_line_break() {
    let body = "# remark \"with a quote\n\na s=\"x\ny\",n=1\nb value=2\n";
    let values: Vec<Value> = lines(body).into_iter().map(|entry| entry.value).collect();
    assert_eq!(values, [Value::text("x\ny").unwrap(), Value::Number(1.0), Value::Number(2.0)]);
}

#[test]
fn times_come_in_the_unit_that_was_said() {
    for (precision, time) in
        [("s", "1795255140"), ("ms", "1795255140000"), ("us", "1795255140000000")]
    {
        let format = Format::Influx(precision.parse().unwrap());
        let read = all(format, &format!("a value=1 {time}"), None);
        assert_eq!(read, [entry("a", Some(TIME), Value::Number(1.0))]);
    }
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let body = b"a value=1\nb\nc value=NaN,d=1\ne value=1 noon\nf value=3x\ng value=\"open";
    let format = Format::Influx(Precision::Nanoseconds);
    let entries = decode(format, body, &context(None)).unwrap();
    let right: Vec<bool> = entries.iter().map(Result::is_ok).collect();
    assert_eq!(right, [true, false, false, true, false, false, false]);
    assert!(entries[1].as_ref().unwrap_err().to_string().contains("line 2"));
    assert!(entries[2].as_ref().unwrap_err().to_string().contains("NaN"));
}
