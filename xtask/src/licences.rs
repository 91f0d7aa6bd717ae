//! What the binary is built from: licences that fit, and no crate that deny.toml bans.
//!
//! Looks at what is really built, as `cargo tree` tells it: Cargo.lock also names what no feature asks for.

mod expression; // whether a licence's expression is allowed

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::tree::{Finding, line_of};

#[derive(Debug, Deserialize)]
struct Deny {
    licenses: Licences,
    bans: Bans,
}

#[derive(Debug, Deserialize)]
struct Licences {
    allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Debug, Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Built {
    name: String,
    version: String,
    licence: String,
}

/// Compares what is built with deny.toml.
pub(crate) fn run(root: &Path) -> Result<Vec<Finding>> {
    let text = std::fs::read_to_string(root.join("deny.toml")).context("reading deny.toml")?;
    let deny: Deny = toml::from_str(&text).context("reading deny.toml")?;
    let lock = std::fs::read_to_string(root.join("Cargo.lock")).context("reading Cargo.lock")?;
    let built = read(&tree_of(root)?);
    println!("licences: {} crates are built from outside", built.len());
    Ok(built.iter().flat_map(|one| compare(&deny, one, &lock)).collect())
}

fn tree_of(root: &Path) -> Result<String> {
    let asked = Command::new("cargo")
        .args(["tree", "--workspace", "--locked", "--edges", "normal,build"])
        .args(["--prefix", "none", "--no-dedupe", "--format", "{p}\t{l}"])
        .current_dir(root)
        .output()
        .context("asking cargo what is built")?;
    if !asked.status.success() {
        bail!("cargo tree failed: {}", String::from_utf8_lossy(&asked.stderr).trim_end());
    }
    Ok(String::from_utf8(asked.stdout)?)
}

/// Reads lines of `name vVERSION<tab>licence`. What lies in a folder is ours and is left out.
fn read(tree: &str) -> BTreeSet<Built> {
    let lines = tree.lines().filter_map(|line| line.split_once('\t'));
    lines
        .filter(|(package, _)| !package.contains("(/"))
        .filter_map(|(package, licence)| {
            let mut words = package.split(' ');
            let (name, version) = (words.next()?, words.next()?.trim_start_matches('v'));
            Some(Built {
                name: name.to_owned(),
                version: version.to_owned(),
                licence: licence.trim().to_owned(),
            })
        })
        .collect()
}

fn compare(deny: &Deny, built: &Built, lock: &str) -> Vec<Finding> {
    let mut wrong = Vec::new();
    if let Some(ban) = deny.bans.deny.iter().find(|ban| ban.name == built.name) {
        wrong.push(format!(
            "`{}` is banned: {}; `cargo tree -i {0}` says who asks",
            built.name, ban.reason
        ));
    }
    if !expression::is_allowed(&built.licence, &deny.licenses.allow) {
        wrong.push(format!(
            "`{}` is under `{}`, which deny.toml does not allow; replace it, or allow the licence",
            built.name, built.licence
        ));
    }
    let entry = format!("name = \"{}\"\nversion = \"{}\"", built.name, built.version);
    let line = lock.find(&entry).map_or(1, |at| line_of(lock, at));
    wrong
        .into_iter()
        .map(|say| Finding { path: "Cargo.lock".to_owned(), line, rule: "licences", say })
        .collect()
}

#[cfg(test)]
mod tests;
