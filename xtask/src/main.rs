//! What cargo alone cannot say: whether the house is tidy, and whether a known hole came in from outside.
//!
//! `cargo run -p xtask -- tidy` checks arrows, headers, sizes, leftovers, claims and links.
//! `cargo run -p xtask -- licences` checks what is built from outside against deny.toml.
//! `cargo run -p xtask -- advisories [FOLDER or TGZ]` compares Cargo.lock with a copy of the RustSec database.

mod advisories; // known holes in what comes from outside
mod licences; // licences and bans of what comes from outside
mod tidy; // the rules of the house
mod tree; // the tracked files, read once

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use tree::{Finding, Tree};

const USAGE: &str = "usage: xtask tidy | xtask licences | xtask advisories [FOLDER or TGZ]";

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let root = root_of_the_clone()?;
    let findings = match words[..] {
        ["tidy"] => tidy::run(&Tree::of_clone(&root)?),
        ["licences"] => licences::run(&root)?,
        ["advisories"] => advisories::run(&root, None)?,
        ["advisories", database] => advisories::run(&root, Some(Path::new(database)))?,
        _ => bail!(USAGE),
    };
    Ok(report(&findings))
}

fn root_of_the_clone() -> Result<PathBuf> {
    let asked = Command::new("git").args(["rev-parse", "--show-toplevel"]).output();
    let answer = asked.context("asking git where the clone begins")?;
    if !answer.status.success() {
        bail!("this is not a git clone; xtask looks at the files that git knows");
    }
    Ok(PathBuf::from(String::from_utf8(answer.stdout)?.trim_end()))
}

fn report(findings: &[Finding]) -> ExitCode {
    for finding in findings {
        eprintln!("{finding}");
    }
    if findings.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("{} to change", findings.len());
    ExitCode::FAILURE
}
