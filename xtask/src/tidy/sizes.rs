//! Budgets: a file is one room, a function one thought.

use super::rust;
use crate::tree::{Finding, Tree, is_test_file};

const RULE: &str = "sizes";

/// Lines of a file without its tests.
const FILE: usize = 400;

/// Lines of code in a function's body.
const FUNCTION: usize = 50;

/// Checks Rust and TypeScript files and Rust functions. Tests have no budget here; clippy looks at theirs.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let rust = tree.ending(&[".rs"]).filter(|(path, _)| !is_test_file(path));
    let browser = tree.ending(&[".ts", ".mjs", ".css"]).filter(|(path, _)| !is_test_file(path));
    let pages = browser.filter_map(|(path, text)| file_budget(path, text.lines().count()));
    rust.flat_map(|(path, text)| rust_file(path, text)).chain(pages).collect()
}

fn rust_file(path: &str, text: &str) -> Vec<Finding> {
    let code = rust::code_only(text);
    let tests = rust::lines_of_tests(&code);
    let mut found = Vec::from_iter(file_budget(path, text.lines().count() - tests));
    for function in rust::functions(&rust::without_tests(&code)) {
        if function.lines > FUNCTION {
            let say = format!(
                "function `{}` has {} lines of code, the budget is {FUNCTION}; give its parts names",
                function.name, function.lines
            );
            found.push(Finding { path: path.to_owned(), line: function.line, rule: RULE, say });
        }
    }
    found
}

fn file_budget(path: &str, lines: usize) -> Option<Finding> {
    let say = format!("has {lines} lines, the budget is {FILE} without tests; make it two rooms");
    (lines > FILE).then(|| Finding { path: path.to_owned(), line: 1, rule: RULE, say })
}

#[cfg(test)]
mod tests;
