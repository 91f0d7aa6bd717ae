//! A version with a hole is found; a mended one, a withdrawn advisory and an excused one are not.

use super::*;

const HOLE: &str = "```toml\n[advisory]\nid = \"RUSTSEC-2026-0001\"\npackage = \"leaky\"\n\
    date = \"2026-01-02\"\n[versions]\npatched = [\">= 1.4.2, < 1.5.0\", \">= 1.5.3\"]\n\
    unaffected = [\"< 1.1.0\"]\n```\n\n# It leaks\n";

fn lock(version: &str) -> String {
    format!(
        "version = 4\n\n[[package]]\nname = \"leaky\"\nversion = \"{version}\"\n\
         source = \"registry+https://example.com\"\n"
    )
}

fn found(version: &str, markdown: &str, deny: &str) -> Vec<String> {
    let advisories: Vec<_> = Advisory::parse(markdown).unwrap().into_iter().collect();
    let ignored = ignored::read(deny).unwrap();
    let found = compare(&lock(version), &advisories, &ignored).unwrap();
    found.into_iter().map(|finding| format!("{}:{}", finding.path, finding.line)).collect()
}

const NOTHING: &str = "[advisories]\nignore = []\n";

#[test]
fn a_version_with_a_hole_is_found_at_its_line() {
    for version in ["1.1.0", "1.4.1", "1.5.0", "1.5.2", "1.5.3-rc.1"] {
        assert_eq!(found(version, HOLE, NOTHING), ["Cargo.lock:4"], "{version}");
    }
}

#[test]
fn a_version_before_or_after_the_hole_is_not_found() {
    for version in ["1.0.9", "1.4.2", "1.4.9", "1.5.3", "2.0.0", "2.0.0-rc.1"] {
        assert_eq!(found(version, HOLE, NOTHING), [""; 0], "{version}");
    }
}

#[test]
fn a_withdrawn_advisory_and_one_for_another_system_concern_nobody() {
    let withdrawn = HOLE.replace("[versions]", "withdrawn = \"2026-02-01\"\n[versions]");
    let elsewhere = HOLE.replace("[versions]", "[affected]\nos = [\"windows\"]\n[versions]");
    assert_eq!(found("1.1.0", &withdrawn, NOTHING), [""; 0]);
    assert_eq!(found("1.1.0", &elsewhere, NOTHING), [""; 0]);
}

#[test]
fn unsound_code_is_a_hole_and_a_resting_project_is_not() {
    let unsound = HOLE.replace("[versions]", "informational = \"unsound\"\n[versions]");
    let resting = HOLE.replace("[versions]", "informational = \"unmaintained\"\n[versions]");
    assert_eq!(found("1.1.0", &unsound, NOTHING).len(), 1);
    assert_eq!(found("1.1.0", &resting, NOTHING).len(), 0);
}

#[test]
fn an_advisory_without_a_mended_version_concerns_all() {
    let (head, tail) = HOLE.split_once("[versions]").unwrap();
    let never = format!("{head}[versions]\npatched = []\n{}", &tail[tail.find("```").unwrap()..]);
    assert_eq!(found("9.0.0", &never, NOTHING).len(), 1);
}

#[test]
fn what_deny_toml_leaves_out_is_not_found_and_a_stale_entry_is() {
    let deny =
        "[advisories]\nignore = [{ id = \"RUSTSEC-2026-0001\", reason = \"not reached\" }]\n";
    assert_eq!(found("1.1.0", HOLE, deny), [""; 0]);
    assert_eq!(found("1.5.3", HOLE, deny), ["deny.toml:1"]);
}

#[test]
fn an_entry_without_a_reason_is_refused() {
    for entry in ["{ id = \"RUSTSEC-2026-0001\", reason = \" \" }", "\"RUSTSEC-2026-0001\""] {
        assert!(ignored::read(&format!("[advisories]\nignore = [{entry}]\n")).is_err());
    }
}
