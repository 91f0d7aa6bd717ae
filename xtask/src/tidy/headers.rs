//! Each Rust file introduces itself.

use crate::tree::{Finding, Tree};

/// Checks that every `.rs` file opens with `//!` and something after it.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let silent = tree.ending(&[".rs"]).filter(|(_, text)| !introduces_itself(text));
    silent
        .map(|(path, _)| Finding {
            path: path.to_owned(),
            line: 1,
            rule: "headers",
            say: "does not say what it is; open it with a line `//! …`".to_owned(),
        })
        .collect()
}

fn introduces_itself(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    first.strip_prefix("//!").is_some_and(|words| !words.trim().is_empty())
}

#[cfg(test)]
mod tests;
