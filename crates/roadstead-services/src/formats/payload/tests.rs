//! What this file promises, tried.

use super::*;
use proptest::prelude::*;

fn number_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<f64>().prop_map(|number| number.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        "-?[0-9]{1,3}(\\.[0-9]{0,3})?([eE][+-]?[0-9]{0,3})?",
    ]
}

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![number_text(), "true|false|null|nan|\"[ -~é]{0,6}\"|\"\\\\\\\\u00e9\""]
}

fn payload() -> impl Strategy<Value = String> {
    let time = prop_oneof![
        "\"20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|\\+02:00)\"",
        number_text(),
        (0_i64..2_000_000_000_000_000_000).prop_map(|number| number.to_string()),
    ];
    let field = prop_oneof![
        (prop_oneof![Just("time"), Just("t")], time)
            .prop_map(|(key, value)| format!("\"{key}\": {value}")),
        (prop_oneof![Just("value"), Just("v"), Just("x")], scalar())
            .prop_map(|(key, value)| format!("\"{key}\":{value}")),
        Just("\"quality\":\"estimated\"".to_owned()),
    ];
    let object = proptest::collection::vec(field, 0..4)
        .prop_map(|fields| format!("{{ {}\n}}", fields.join(" ,")));
    prop_oneof![scalar(), object, "[ -~]{0,20}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]
    #[test]
    fn what_the_quick_reader_reads_the_full_one_reads_the_same(text in payload()) {
        if let Some(said) = quick(text.as_bytes()) {
            prop_assert_eq!(full(text.as_bytes()), Ok(said), "{}", text);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        let _ = sensor_payload(&bytes);
    }
}

#[test]
fn the_usual_shapes_go_the_quick_way() {
    for text in [
        "21.5",
        "-3e2",
        "true",
        "\"open\"",
        " 7 ",
        r#"{"time":"2026-11-21T10:00:00.123Z","value":21.5}"#,
        r#"{"t":1795255200,"v":21.5}"#,
        r#"{ "value" : 21.5 }"#,
    ] {
        assert!(quick(text.as_bytes()).is_some(), "{text}");
    }
}

#[test]
fn what_is_said_is_read() {
    let (time, value, quality) = sensor_payload(
        br#"{"time":"2026-11-21T10:00:00Z","value":21.5,"unit":"Cel","quality":"estimated"}"#,
    )
    .unwrap();
    assert_eq!(time, "2026-11-21T10:00:00Z".parse().ok());
    assert_eq!((value, quality), (Value::Number(21.5), Quality::Estimated));
}

#[test]
fn what_is_no_value_is_refused_with_a_reason() {
    let refused = |text: &str| sensor_payload(text.as_bytes()).unwrap_err().to_string();
    assert!(refused("NaN").contains("NaN is not a value"));
    assert!(refused("1e999").contains("infinite"));
    assert!(refused("on").contains("not JSON"));
    assert!(refused("null").contains("double quotes"));
    assert!(refused(r#"{"value":1,"v":2}"#).contains("more than one value"));
    assert!(refused(r#"{"value":1,"value":2}"#).contains("twice"));
    assert!(refused(r#"{"value":1,"colour":2}"#).contains("colour"));
    assert!(refused(r#"{"time":"2026-11-21T10:00:00","value":1}"#).contains("offset"));
}
