//! A lost, doubled or unknown promise is found, and evidence that does not exist.

use std::fmt::Write;

use super::*;

fn entry(id: &str, state: &str, evidence: &str) -> String {
    format!(
        "[[claim]]\nid = \"{id}\"\nsystem = \"s\"\narea = \"a\"\nproof = \"test\"\nasks = \"x\"\n\
         state = \"{state}\"\nevidence = [{evidence}]\n"
    )
}

/// All promises open, but for `FM-1`.
fn with_first(first: &str) -> String {
    let mut text = first.to_owned();
    for (system, last) in KNOWN {
        for number in 1..=*last {
            let id = format!("{system}-{number}");
            if id != "FM-1" {
                write!(text, "{}", entry(&id, "open", "")).unwrap();
            }
        }
    }
    text
}

fn found(claims: &str) -> Vec<String> {
    let rust = "#[test]\nfn it_holds() {}\nfn it_holds_not_here() {}\n";
    let script = "test('it shows', () => {});";
    let python = "def test_it(self):\n";
    let files =
        [(FILE, claims), ("a.rs", rust), ("b.ts", script), ("c.py", python), ("d/e.md", "")];
    check(&Tree::planted(&files)).into_iter().map(|finding| finding.say).collect()
}

fn first(state: &str, evidence: &str) -> Vec<String> {
    found(&with_first(&entry("FM-1", state, evidence)))
}

#[test]
fn there_are_as_many_promises_as_were_made() {
    assert_eq!(KNOWN.iter().map(|(_, last)| last).sum::<u32>(), 183);
}

#[test]
fn evidence_that_exists_is_fine() {
    assert_eq!(first("open", ""), Vec::<String>::new());
    for evidence in
        ["a.rs", "a.rs::it_holds", "a.rs::m::it_holds", "b.ts::it shows", "c.py::test_it", "d"]
    {
        assert_eq!(first("shown", &format!("{evidence:?}")), Vec::<String>::new(), "{evidence}");
    }
}

#[test]
fn evidence_that_does_not_exist_is_found() {
    for evidence in ["z.rs", "a.rs::it", "a.rs::holds", "b.ts::it shows more", "c.py::test", "d::x"]
    {
        assert_eq!(first("partly", &format!("{evidence:?}")).len(), 1, "{evidence}");
    }
}

#[test]
fn a_claim_that_is_shown_needs_evidence_and_an_open_one_has_none() {
    assert_eq!(first("shown", "").len(), 1);
    assert_eq!(first("partly", "").len(), 1);
    assert_eq!(first("open", "\"a.rs\"").len(), 1);
}

#[test]
fn a_lost_a_doubled_and_an_unknown_promise_are_found() {
    let one = entry("FM-1", "open", "");
    assert_eq!(found(&with_first("")), ["promise `FM-1` is lost; put it back"]);
    assert_eq!(found(&with_first(&format!("{one}{one}"))).len(), 1);
    assert_eq!(found(&with_first(&format!("{one}{}", entry("FM-18", "open", "")))).len(), 1);
}

#[test]
fn a_misspelt_field_or_state_is_found() {
    let one = entry("FM-1", "open", "");
    assert_eq!(found(&with_first(&one.replace("state =", "stat ="))).len(), 1);
    assert_eq!(first("done", "").len(), 1);
}
