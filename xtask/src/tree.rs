//! The files that git knows, read once; and what is found in them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// One thing to change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) rule: &'static str,
    pub(crate) say: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {} [{}]", self.path, self.line, self.say, self.rule)
    }
}

/// Paths from the root of the clone with their text, in order. Files that are not text keep an empty one.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    files: BTreeMap<String, String>,
    folders: BTreeSet<String>,
}

impl Tree {
    /// Reads what is committed or about to be: tracked files and new ones that are not ignored.
    pub(crate) fn of_clone(root: &Path) -> Result<Self> {
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output()
            .context("asking git for the files")?;
        if !listed.status.success() {
            bail!("git could not list the files");
        }
        let mut tree = Self::default();
        for path in String::from_utf8(listed.stdout)?.split_terminator('\0') {
            // Deleted and not yet committed, or a link out of the clone: nothing to read.
            let Ok(bytes) = std::fs::read(root.join(path)) else { continue };
            tree.plant(path, String::from_utf8(bytes).unwrap_or_default());
        }
        Ok(tree)
    }

    /// Adds a file.
    pub(crate) fn plant(&mut self, path: &str, text: impl Into<String>) {
        for (at, _) in path.match_indices('/') {
            self.folders.insert(path[..at].to_owned());
        }
        self.files.insert(path.to_owned(), text.into());
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Files whose name ends in one of `endings`.
    pub(crate) fn ending<'a>(
        &'a self,
        endings: &'a [&str],
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.files().filter(|(path, _)| endings.iter().any(|ending| path.ends_with(ending)))
    }

    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Whether there is a file or a folder of this name.
    pub(crate) fn has(&self, path: &str) -> bool {
        path.is_empty() || self.files.contains_key(path) || self.folders.contains(path)
    }

    /// The names directly inside `folder` that are folders themselves.
    pub(crate) fn folders_in<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        self.folders.iter().filter_map(move |path| {
            let name = path.strip_prefix(folder)?.strip_prefix('/')?;
            (!name.contains('/')).then_some(name)
        })
    }
}

/// Whether a file holds tests only: it lies in a folder `tests` or is called so.
pub(crate) fn is_test_file(path: &str) -> bool {
    path.split('/').any(|part| part == "tests" || part == "benches")
        || path.ends_with("/tests.rs")
        || path.contains(".test.")
        || path.ends_with("_test.py")
}

/// Whether the byte may be part of a word, so that a name found beside it is a longer name.
pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Where `word` stands in `text` on its own, not as part of a longer word.
pub(crate) fn words_at<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    text.match_indices(word).map(|(at, _)| at).filter(move |&at| {
        let bytes = text.as_bytes();
        let before = at.checked_sub(1).is_some_and(|before| is_word(bytes[before]));
        let after = bytes.get(at + word.len()).is_some_and(|&after| is_word(after));
        !before && !after
    })
}

/// The line, from 1, of a place in a text.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

#[cfg(test)]
impl Tree {
    /// A tree of these files, for tests that plant a fault.
    pub(crate) fn planted(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            tree.plant(path, *text);
        }
        tree
    }
}
