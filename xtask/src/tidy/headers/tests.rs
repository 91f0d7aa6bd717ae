//! A file without a header is found.

use super::*;

fn count(text: &str) -> usize {
    check(&Tree::planted(&[("crates/a/src/b.rs", text)])).len()
}

#[test]
fn a_file_that_says_what_it_is_is_fine() {
    assert_eq!(count("//! What this is.\n\nfn f() {}\n"), 0);
}

#[test]
fn a_file_without_a_header_or_with_an_empty_one_is_found() {
    for text in ["", "fn f() {}\n", "\n//! late\n", "//!\n", "/// wrong kind\n"] {
        assert_eq!(count(text), 1, "{text:?}");
    }
}
