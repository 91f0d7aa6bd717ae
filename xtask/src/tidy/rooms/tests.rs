//! A room that does not introduce itself is found.

use super::*;

const MANIFEST: (&str, &str) = ("crates/a/Cargo.toml", "[package]\ndescription = \"A\"\n");
const OPENING: (&str, &str) = ("crates/a/src/lib.rs", "//! A room.\n");

fn paths(files: &[(&str, &str)]) -> Vec<String> {
    check(&Tree::planted(files)).into_iter().map(|finding| finding.path).collect()
}

#[test]
fn a_room_with_description_and_first_file_is_fine() {
    assert!(paths(&[MANIFEST, OPENING]).is_empty());
}

#[test]
fn a_missing_or_empty_description_is_found() {
    assert_eq!(paths(&[OPENING]), ["crates/a/Cargo.toml"]);
    let empty = ("crates/a/Cargo.toml", "[package]\ndescription = \" \"\n");
    assert_eq!(paths(&[empty, OPENING]), ["crates/a/Cargo.toml"]);
}

#[test]
fn a_room_without_a_first_file_is_found() {
    assert_eq!(paths(&[MANIFEST]), ["crates/a/src/lib.rs"]);
    assert!(paths(&[MANIFEST, ("crates/a/src/main.rs", "//! A binary.\n")]).is_empty());
}
