//! A copy of the advisory database: a folder, or an archive of one.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use flate2::read::GzDecoder;

use super::advisory::Advisory;

/// Far above any advisory ever written, so that a broken archive cannot fill the memory.
const LARGEST_FILE: u64 = 1 << 20;

/// What a copy holds.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) advisories: Vec<Advisory>,
    name: String,
}

impl Database {
    /// Reads a folder with `crates/NAME/RUSTSEC-….md` in it, or a `.tgz` of one.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let texts = if path.is_dir() { from_folder(path)? } else { from_archive(path)? };
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let mut advisories = Vec::with_capacity(texts.len());
        for (file, text) in texts {
            let read = Advisory::parse(&text).with_context(|| format!("reading {file}"))?;
            advisories.extend(read);
        }
        if advisories.is_empty() {
            bail!("{} holds no advisory", path.display());
        }
        Ok(Self { advisories, name })
    }
}

impl fmt::Display for Database {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let newest = self.advisories.iter().map(|advisory| advisory.date.as_str()).max();
        write!(
            out,
            "{}: {} advisories, the newest of {}",
            self.name,
            self.advisories.len(),
            newest.unwrap_or("no date")
        )
    }
}

fn is_advisory(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with("RUSTSEC-") && path.extension().is_some_and(|ending| ending == "md")
}

fn from_folder(root: &Path) -> Result<Vec<(String, String)>> {
    let mut texts = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder);
        for entry in entries.with_context(|| format!("listing {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if is_advisory(&path) {
                texts.push((path.display().to_string(), std::fs::read_to_string(&path)?));
            }
        }
    }
    Ok(texts)
}

fn from_archive(path: &Path) -> Result<Vec<(String, String)>> {
    let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    let mut archive = tar::Archive::new(GzDecoder::new(file));
    let mut texts = Vec::new();
    for entry in archive.entries().context("reading the archive")? {
        let entry = entry.context("reading the archive")?;
        let inside = entry.path()?.into_owned();
        if is_advisory(&inside) {
            let mut text = String::new();
            entry.take(LARGEST_FILE).read_to_string(&mut text)?;
            texts.push((inside.display().to_string(), text));
        }
    }
    Ok(texts)
}
