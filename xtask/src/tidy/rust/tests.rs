//! What is code and what is not; where functions begin and end.

use super::*;

#[test]
fn comments_become_blank_and_literals_become_x() {
    for (text, code) in [
        ("a // {\nb", "a     \nb"),
        ("/* { /* } */ { */ c", "                  c"),
        (r#"f("{\"}")"#, "f(xxxxxx)"),
        (r##"f(r#"{"}"#)"##, "f(xxxxxxxx)"),
        ("'{' 'a", "xxx 'a"),
        (r"'\'' {", "xxxx {"),
        ("'\u{e4}' {", "xxxx {"),
        ("r#fn bar", "r#fn bar"),
        ("for 'a in b", "for 'a in b"),
    ] {
        assert_eq!(code_only(text), code, "{text}");
    }
}

#[test]
fn the_text_keeps_its_length_and_lines() {
    let text = include_str!("../rust.rs");
    assert_eq!(code_only(text).len(), text.len());
    assert_eq!(code_only(text).lines().count(), text.lines().count());
}

#[test]
fn functions_are_found_with_their_lines() {
    let code = "fn a(x: [u8; 4]) -> u8\nwhere\n{\n    x[0]\n}\ntrait T { fn b(); fn c() {} }\n\
                type F = fn(u8);\nfn d() {\n    if x {\n        y\n    }\n\n}\n";
    let named: Vec<_> = functions(code).into_iter().map(|f| (f.name, f.line, f.lines)).collect();
    assert_eq!(named, [("a".to_owned(), 1, 1), ("c".to_owned(), 6, 0), ("d".to_owned(), 8, 3)]);
}

#[test]
fn items_of_tests_are_taken_out() {
    let code = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n#[cfg(test)]\nmod other;\n";
    assert_eq!(lines_of_tests(code), 4);
    let names: Vec<_> = functions(&without_tests(code)).into_iter().map(|f| f.name).collect();
    assert_eq!(names, ["a", "c"]);
}
