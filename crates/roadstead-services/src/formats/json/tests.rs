//! What this file promises, tried.

use super::*;

#[test]
fn nan_and_infinities_are_refused_by_name() {
    for text in ["NaN", r#"{"a":NaN}"#, "[1,nan]", "{\"a\":\n NaN}"] {
        assert_eq!(read(text.as_bytes()), Err(BadValue::NotANumber.into()), "{text}");
    }
    for text in ["1e999", "-1e999", "Infinity", r#"{"a":-Infinity}"#, r#"{"a":Infinity}"#] {
        assert_eq!(read(text.as_bytes()), Err(BadValue::Infinite.into()), "{text}");
    }
}

#[test]
fn a_key_that_stands_twice_is_refused() {
    let few = read(br#"{"a":1,"b":2,"a":3}"#);
    assert_eq!(few, Err(FormatError::RepeatedKey("a".to_owned())));
    let keys: Vec<String> = (0..40).map(|n| format!("\"k{}\":0", n % 39)).collect();
    let many = format!("{{{}}}", keys.join(","));
    assert_eq!(read(many.as_bytes()), Err(FormatError::RepeatedKey("k0".to_owned())));
    let escaped = read(br#"{"a":1,"\u0061":3}"#);
    assert_eq!(escaped, Err(FormatError::RepeatedKey("a".to_owned())));
}

#[test]
fn depth_is_bounded() {
    let deep = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(read(deep(DEEPEST).as_bytes()).is_ok());
    assert_eq!(read(deep(DEEPEST + 1).as_bytes()), Err(FormatError::TooDeep { limit: DEEPEST }));
    assert_eq!(read(deep(100_000).as_bytes()), Err(FormatError::TooDeep { limit: DEEPEST }));
}

#[test]
fn garbage_is_refused_with_its_place() {
    for text in ["", "{", "{}x", "nul", "\u{0}", "[1,]", "{\"a\" 1}"] {
        let refused = matches!(read(text.as_bytes()), Err(FormatError::Unreadable { .. }));
        assert!(refused, "{text:?}");
    }
}
