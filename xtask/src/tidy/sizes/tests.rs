//! What is too long is found, tests aside.

use super::*;

fn found(path: &str, text: &str) -> Vec<usize> {
    check(&Tree::planted(&[(path, text)])).into_iter().map(|finding| finding.line).collect()
}

fn function_of(lines: usize) -> String {
    format!("//! x\nfn long() {{\n{}}}\n", "    step();\n".repeat(lines))
}

#[test]
fn a_file_at_its_budget_is_fine_and_one_line_more_is_found() {
    assert_eq!(found("a.rs", &"//\n".repeat(400)), []);
    assert_eq!(found("a.rs", &"//\n".repeat(401)), [1]);
    assert_eq!(found("web/src/a.ts", &"//\n".repeat(401)), [1]);
}

#[test]
fn tests_do_not_count() {
    let inside = format!("//! x\n#[cfg(test)]\nmod tests {{\n{}}}\n", "    //\n".repeat(500));
    assert_eq!(found("a.rs", &inside), []);
    assert_eq!(found("crates/a/src/b/tests.rs", &"//\n".repeat(500)), []);
    assert_eq!(found("tests/src/a.rs", &"//\n".repeat(500)), []);
}

#[test]
fn a_function_at_its_budget_is_fine_and_one_line_more_is_found() {
    assert_eq!(found("a.rs", &function_of(50)), []);
    assert_eq!(found("a.rs", &function_of(51)), [2]);
}

#[test]
fn comments_and_empty_lines_in_a_function_do_not_count() {
    let text = format!("//! x\nfn f() {{\n{}}}\n", "    // why\n\n".repeat(60));
    assert_eq!(found("a.rs", &text), []);
}
