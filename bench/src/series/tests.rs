//! Payloads move as a sensor would, and stay what they are.

use super::*;

const NOON: Timestamp = Timestamp::constant(1_795_262_400, 0);
const LAST_MICROSECOND: Timestamp = Timestamp::constant(1_795_262_399, 999_999_000);

fn next(series: &mut Series, text: &mut String) {
    let mut bytes = std::mem::take(text).into_bytes();
    series.advance(&mut bytes);
    *text = String::from_utf8(bytes).unwrap();
}

fn instant(text: &str) -> Timestamp {
    let json: serde_json::Value = serde_json::from_str(text).expect("JSON");
    json["time"].as_str().expect("a time").parse().expect("RFC 3339")
}

#[test]
fn json_stays_json_of_the_same_length_and_moves_by_a_microsecond() {
    let mut series = Series::new(Form::Json, "load", NOON, 3);
    let mut text = series.text();
    let length = text.len();
    assert!((60..=100).contains(&length));
    let mut before = instant(&text);
    for _ in 0..1_000 {
        next(&mut series, &mut text);
        let now = instant(&text);
        assert_eq!(now.as_microsecond(), before.as_microsecond() + 1);
        assert_eq!(text.len(), length);
        before = now;
    }
}

#[test]
fn a_full_second_carries_into_the_date() {
    let mut series = Series::new(Form::Json, "load", LAST_MICROSECOND, 3);
    let mut text = series.text();
    next(&mut series, &mut text);
    assert!(text.contains(r#""2026-11-21T12:00:00.000000Z""#), "{text}");
}

#[test]
fn a_full_second_carries_into_unix_time() {
    let mut series = Series::new(Form::Senml, "load", LAST_MICROSECOND, 3);
    let mut text = series.text();
    next(&mut series, &mut text);
    assert!(text.contains(r#""t":1795262400.000000"#), "{text}");
}

#[test]
fn values_vary_and_stay_between_20_and_30() {
    let mut series = Series::new(Form::Number, "load", NOON, 3);
    let mut text = series.text();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..1_000 {
        next(&mut series, &mut text);
        let value: f64 = text.parse().expect("a number");
        assert!((20.0..30.0).contains(&value));
        seen.insert(text.clone());
    }
    assert!(seen.len() > 500, "only {} different values", seen.len());
}

#[test]
fn two_connections_send_different_values() {
    let mut texts = [1, 2].map(|seed| {
        let mut series = Series::new(Form::Number, "load", NOON, seed);
        let mut text = series.text();
        next(&mut series, &mut text);
        text
    });
    texts.sort();
    assert_ne!(texts[0], texts[1]);
}

#[test]
fn times_rise_through_a_batch_and_into_the_next() {
    for form in [Form::Named, Form::Senml] {
        let mut series = Series::new(form, "load", NOON, 3);
        let entry = series.text().into_bytes();
        let mut batch = vec![entry; 10];
        let mut times = Vec::new();
        for _ in 0..3 {
            for entry in &mut batch {
                series.advance(entry);
                let json: serde_json::Value = serde_json::from_slice(entry).expect("JSON");
                times.push(json.get("time").or(json.get("t")).expect("a time").to_string());
            }
        }
        assert!(times.is_sorted_by(|earlier, later| earlier < later), "{times:?}");
    }
}
