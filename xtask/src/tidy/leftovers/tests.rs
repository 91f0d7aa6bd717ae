//! Leftovers are found; what merely looks like them is not.

use super::*;

fn lines(path: &str, text: &str) -> Vec<usize> {
    check(&Tree::planted(&[(path, text)])).into_iter().map(|finding| finding.line).collect()
}

#[test]
fn a_path_of_one_machine_is_found() {
    for path in [
        concat!("/", "work/main"),
        concat!("/", "root/.cache"),
        concat!("\"/", "home/ann\""),
        concat!("/", "tmp/x"),
        concat!("=/", "tmp/x"),
    ] {
        assert_eq!(lines("a.md", &format!("first\ncd {path}\n")), [2], "{path}");
    }
}

#[test]
fn a_relative_path_a_variable_and_an_address_are_not_found() {
    for path in [
        concat!("web/", "home/a"),
        concat!("$HOME/", "work/a"),
        concat!("${X}/", "tmp/a"),
        concat!("/", "tmp/$name"),
        concat!("https://example.com/", "home/a"),
        concat!("/", "rootless/"),
    ] {
        assert_eq!(lines("a.md", path), [], "{path}");
    }
}

#[test]
fn the_host_of_a_registry_is_found() {
    assert_eq!(lines("a.toml", concat!("x\nurl = \"https://registry.", "npmjs.org/\"")), [2]);
    let lock = "{\n\"resolved\": \"https://mirror.example/a.tgz\"\n}";
    assert_eq!(lines("web/package-lock.json", lock), [2]);
}

#[test]
fn a_crate_from_elsewhere_is_found_and_one_from_crates_io_is_not() {
    let here = format!("[[package]]\nname = \"a\"\nsource = \"{CRATES_IO}\"\n");
    let there = "[[package]]\nname = \"a\"\nsource = \"git+https://example.com/a\"\n";
    assert_eq!(lines("Cargo.lock", &here), []);
    assert_eq!(lines("Cargo.lock", there), [3]);
}

#[test]
fn a_mark_of_unfinished_work_is_found_but_not_inside_a_word() {
    assert_eq!(lines("a.rs", concat!("//! x\n// TO", "DO: later\n")), [2]);
    assert_eq!(lines("a.rs", concat!("//! x\n// FIX", "ME\n")), [2]);
    assert_eq!(lines("a.rs", concat!("//! TO", "DOS and MASTO", "DON\n")), []);
}
