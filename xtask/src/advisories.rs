//! Known holes in what comes from outside: Cargo.lock against a copy of the RustSec advisory database.
//!
//! Vulnerable and unsound versions are findings. That a crate is no longer maintained is told, not refused.
//! What does not reach us is listed with its reason under `[advisories] ignore` in deny.toml.

mod advisory; // one advisory: what it is about, which versions it concerns
mod database; // a folder or an archive of them
mod ignored; // what deny.toml leaves out, and why

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use semver::Version;
use serde::Deserialize;

use crate::tree::{Finding, line_of};
use advisory::{Advisory, Kind};
use database::Database;
use ignored::Ignored;

const RULE: &str = "advisories";

/// Where a copy is looked for when none is named: the newest archive in this folder beside the clone.
const USUAL_FOLDER: &str = "../shared/security";

#[derive(Debug, Deserialize)]
struct Lock {
    package: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    version: Version,
    source: Option<String>,
}

/// Compares the lock of the clone with the database, and says which one it was.
pub(crate) fn run(root: &Path, named: Option<&Path>) -> Result<Vec<Finding>> {
    let Some(path) = named.map(Path::to_owned).or_else(|| usual_copy(&root.join(USUAL_FOLDER)))
    else {
        println!(
            "advisories: SKIPPED, there is no rustsec-advisory-db-*.tgz in {USUAL_FOLDER}; \
             name a folder or an archive: cargo run -p xtask -- advisories PATH"
        );
        return Ok(Vec::new());
    };
    let database = Database::open(&path)?;
    println!("advisories: {database}");
    let lock = read(&root.join("Cargo.lock"))?;
    let ignored = ignored::read(&read(&root.join("deny.toml"))?)?;
    compare(&lock, &database.advisories, &ignored)
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

fn usual_copy(folder: &Path) -> Option<PathBuf> {
    let files = std::fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let copies = files.filter(|path| {
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("rustsec-advisory-db-") && path.extension().is_some_and(|e| e == "tgz")
    });
    copies.max() // their names end in the date
}

fn compare(lock: &str, advisories: &[Advisory], ignored: &[Ignored]) -> Result<Vec<Finding>> {
    let packages = toml::from_str::<Lock>(lock).context("reading Cargo.lock")?.package;
    let from_outside = packages.iter().filter(|package| package.source.is_some());
    let hits: Vec<(&Package, &Advisory)> = from_outside
        .flat_map(|package| advisories.iter().map(move |advisory| (package, advisory)))
        .filter(|(package, advisory)| advisory.concerns(&package.name, &package.version))
        .collect();
    let mut found = Vec::new();
    for (package, advisory) in &hits {
        let excused = ignored.iter().any(|entry| entry.id == advisory.id);
        match (advisory.kind, excused) {
            (_, true) => {}
            (Kind::Notice, false) => println!("advisories: note: {}", told(package, advisory)),
            (Kind::Hole, false) => found.push(hole(lock, package, advisory)),
        }
    }
    let stale = ignored.iter().filter(|entry| !hits.iter().any(|(_, hit)| hit.id == entry.id));
    found.extend(stale.map(Ignored::in_vain));
    Ok(found)
}

fn told(package: &Package, advisory: &Advisory) -> String {
    format!("{} {}: {}: {}", package.name, package.version, advisory.id, advisory.title)
}

fn hole(lock: &str, package: &Package, advisory: &Advisory) -> Finding {
    let entry = format!("name = \"{}\"\nversion = \"{}\"", package.name, package.version);
    let line = lock.find(&entry).map_or(1, |at| line_of(lock, at));
    let say = format!("{}; {}", told(package, advisory), advisory.remedy());
    Finding { path: "Cargo.lock".to_owned(), line, rule: RULE, say }
}

#[cfg(test)]
mod tests;
