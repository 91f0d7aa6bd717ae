//! Exceptions excuse what they name, and nothing else.

use super::*;

const WIDE: Exception =
    Exception { rule: "sizes", path: "a.rs", about: "lines", reason: "a table of one thing" };

fn finding(rule: &'static str, path: &str, say: &str) -> Finding {
    Finding { path: path.to_owned(), line: 1, rule, say: say.to_owned() }
}

#[test]
fn what_is_named_is_excused() {
    assert_eq!(apply(&[WIDE], vec![finding("sizes", "a.rs", "has 500 lines")]), []);
}

#[test]
fn another_file_another_rule_or_another_fault_is_not_excused() {
    let excused = finding("sizes", "a.rs", "has 500 lines");
    for other in [
        finding("sizes", "b.rs", "has 500 lines"),
        finding("headers", "a.rs", "has 500 lines"),
        finding("sizes", "a.rs", "function `f`"),
    ] {
        assert_eq!(apply(&[WIDE], vec![excused.clone(), other.clone()]), [other]);
    }
}

#[test]
fn an_exception_that_excuses_nothing_is_found() {
    let left = apply(&[WIDE], Vec::new());
    assert_eq!(left[0].rule, "exceptions");
}

#[test]
fn an_exception_without_a_reason_excuses_nothing() {
    let mute = Exception { reason: "", ..WIDE };
    assert_eq!(apply(&[mute], vec![finding("sizes", "a.rs", "has 500 lines")]).len(), 2);
}
