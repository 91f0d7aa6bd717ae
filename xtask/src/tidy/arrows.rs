//! The arrows between the rooms, written down. A new arrow is a design decision: change it here first.

use std::collections::BTreeSet;

use super::rust;
use crate::tree::{Finding, Tree, is_test_file, line_of, words_at};

const RULE: &str = "arrows";

/// Who may lean on whom, by the name without `roadstead-`. Only `[dependencies]` are arrows; what a crate's
/// tests use is theirs to say.
pub(crate) const MAY_USE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("guard", &["model"]),
    ("store", &["guard", "model"]),
    ("store-embedded", &["store", "guard", "model"]),
    ("store-cluster", &["store", "guard", "model"]),
    ("services", &["store", "guard", "model"]),
    ("door-http", &["services", "guard", "model"]),
    ("door-mqtt", &["services", "guard", "model"]),
    ("dialects", &["services", "guard", "model"]),
    ("agent", &["model"]),
    ("prove", &["model"]),
    ("testkit", &["model"]),
    (
        "roadstead",
        &[
            "door-http",
            "door-mqtt",
            "dialects",
            "prove",
            "agent",
            "services",
            "store",
            "store-embedded",
            "store-cluster",
            "guard",
            "model",
        ],
    ),
    ("tests", &["testkit", "model"]),
    ("bench", &["testkit", "model"]),
    ("fuzz", &["door-http", "door-mqtt", "services", "store-embedded", "store", "guard", "model"]),
    ("xtask", &[]),
];

/// The crates that only the binary's `assemble.rs` may name.
const BACKENDS: &[&str] = &["store-embedded", "store-cluster"];
const ASSEMBLY: &str = "crates/roadstead/src/assemble.rs";

/// The rooms that may not know stores: they know bytes and status codes.
const STORELESS: &[&str] = &["door-http", "door-mqtt", "dialects"];

/// Checks dependencies against [`MAY_USE`], and who names a backend or a store.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = dependencies(tree);
    for (path, text) in tree.ending(&[".rs"]).filter(|(path, _)| path.starts_with("crates/")) {
        if !is_test_file(path) {
            found.extend(named(path, text));
        }
    }
    found
}

fn dependencies(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for (path, text) in tree.ending(&["/Cargo.toml"]) {
        let Some(room) = room_of_manifest(path) else { continue };
        seen.insert(room);
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == room) else {
            let say = format!("`{room}` has no row in MAY_USE (xtask/src/tidy/arrows.rs); add one");
            found.push(Finding { path: path.to_owned(), line: 1, rule: RULE, say });
            continue;
        };
        found.extend(forbidden_arrows(path, text, room, allowed));
    }
    found.extend(rows_without_room(tree, &seen));
    found
}

fn forbidden_arrows(path: &str, text: &str, room: &str, allowed: &[&str]) -> Vec<Finding> {
    let manifest: toml::Table = match text.parse() {
        Ok(manifest) => manifest,
        Err(error) => {
            let say = format!("is not TOML: {}", error.message());
            return vec![Finding { path: path.to_owned(), line: 1, rule: RULE, say }];
        }
    };
    let mut found = Vec::new();
    for name in dependency_names(&manifest) {
        let Some(other) = room_of_package(&name) else { continue };
        if !allowed.contains(&other) {
            let line = words_at(text, &name).next().map_or(1, |at| line_of(text, at));
            let say = format!(
                "`{room}` may not use `{other}`; the arrows are in xtask/src/tidy/arrows.rs, \
                 a new one is a design decision"
            );
            found.push(Finding { path: path.to_owned(), line, rule: RULE, say });
        }
    }
    found
}

/// Names of `[dependencies]`, of `[build-dependencies]`, and of the same under `[target.…]`.
fn dependency_names(manifest: &toml::Table) -> Vec<String> {
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let tables = targets.into_iter().flat_map(|table| table.values().filter_map(|v| v.as_table()));
    let mut names = Vec::new();
    for table in tables.chain([manifest]) {
        for section in ["dependencies", "build-dependencies"] {
            let entries = table.get(section).and_then(toml::Value::as_table).into_iter().flatten();
            for (key, value) in entries {
                let renamed = value.get("package").and_then(toml::Value::as_str);
                names.push(renamed.unwrap_or(key).to_owned());
            }
        }
    }
    names
}

fn rows_without_room(tree: &Tree, seen: &BTreeSet<&str>) -> Vec<Finding> {
    if !tree.has("xtask/src/tidy/arrows.rs") {
        return Vec::new();
    }
    let gone = MAY_USE.iter().filter(|(room, _)| !seen.contains(room));
    gone.map(|(room, _)| Finding {
        path: "xtask/src/tidy/arrows.rs".to_owned(),
        line: 1,
        rule: RULE,
        say: format!("MAY_USE has a row for `{room}`, which does not exist; remove it"),
    })
    .collect()
}

/// The room whose manifest this is: `crates/roadstead-model/Cargo.toml` is `model`, `bench/Cargo.toml` is `bench`.
fn room_of_manifest(path: &str) -> Option<&str> {
    let folder = path.strip_suffix("/Cargo.toml")?;
    match folder.strip_prefix("crates/") {
        Some(package) => Some(room_of_package(package).unwrap_or(package)),
        None => (!folder.contains('/')).then_some(folder),
    }
}

fn room_of_package(package: &str) -> Option<&str> {
    if package == "roadstead" {
        return Some(package);
    }
    package.strip_prefix("roadstead-")
}

fn named(path: &str, text: &str) -> Vec<Finding> {
    let folder = path.split('/').nth(1).unwrap_or_default();
    let room = room_of_package(folder).unwrap_or(folder);
    let code = rust::without_tests(&rust::code_only(text));
    let mut found = Vec::new();
    for backend in BACKENDS.iter().filter(|backend| **backend != room && path != ASSEMBLY) {
        let name = format!("roadstead_{}", backend.replace('-', "_"));
        let say =
            format!("names the backend `{name}`; only {ASSEMBLY} may, pass the trait instead");
        found.extend(each_place(path, &code, &name, &say));
    }
    if STORELESS.contains(&room) {
        let say = format!("`{room}` may not know stores; ask a service");
        found.extend(each_place(path, &code, "roadstead_store", &say));
    }
    found
}

fn each_place(path: &str, code: &str, name: &str, say: &str) -> Vec<Finding> {
    let finding = |at| Finding {
        path: path.to_owned(),
        line: line_of(code, at),
        rule: RULE,
        say: say.to_owned(),
    };
    words_at(code, name).map(finding).collect()
}

#[cfg(test)]
mod tests;
