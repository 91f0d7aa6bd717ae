//! Each crate introduces itself: a description in its Cargo.toml, and a first file.
//!
//! That the file opens with a header is the rule of `headers`.

use crate::tree::{Finding, Tree};

const RULE: &str = "rooms";

/// Checks each folder of `crates/`.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    tree.folders_in("crates").flat_map(|room| introduces_itself(tree, room)).collect()
}

fn introduces_itself(tree: &Tree, room: &str) -> Vec<Finding> {
    let manifest = format!("crates/{room}/Cargo.toml");
    let first = ["lib.rs", "main.rs"].map(|file| format!("crates/{room}/src/{file}"));
    let mut found = Vec::new();
    if !tree.text(&manifest).is_some_and(has_description) {
        found.push((manifest, "has no `description`; say in one line what the room is for"));
    }
    if !first.iter().any(|path| tree.has(path)) {
        let [library, _] = first;
        found.push((library, "is missing; a room begins with lib.rs or main.rs"));
    }
    found
        .into_iter()
        .map(|(path, say)| Finding { path, line: 1, rule: RULE, say: say.to_owned() })
        .collect()
}

fn has_description(manifest: &str) -> bool {
    let Ok(table) = manifest.parse::<toml::Table>() else { return false };
    let description = table.get("package").and_then(|package| package.get("description"));
    description.and_then(toml::Value::as_str).is_some_and(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests;
