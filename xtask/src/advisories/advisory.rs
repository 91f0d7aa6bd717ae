//! One advisory: what it is about, and which versions it concerns.

use anyhow::{Context, Result};
use semver::{Comparator, Op, Version, VersionReq};
use serde::Deserialize;

/// What an advisory asks of us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A vulnerability, or code that breaks the promises of safe Rust.
    Hole,
    /// Worth knowing: no longer maintained, or a remark.
    Notice,
}

/// One advisory of the database.
#[derive(Debug)]
pub(crate) struct Advisory {
    pub(crate) id: String,
    pub(crate) package: String,
    pub(crate) date: String,
    pub(crate) title: String,
    pub(crate) kind: Kind,
    patched: Vec<VersionReq>,
    unaffected: Vec<VersionReq>,
}

#[derive(Deserialize)]
struct Front {
    advisory: Head,
    #[serde(default)]
    versions: Versions,
    #[serde(default)]
    affected: Affected,
}

#[derive(Deserialize)]
struct Head {
    id: String,
    package: String,
    date: String,
    informational: Option<String>,
    withdrawn: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Versions {
    patched: Vec<VersionReq>,
    unaffected: Vec<VersionReq>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Affected {
    os: Vec<String>,
}

impl Advisory {
    /// Reads the Markdown of an advisory. Nothing if it was withdrawn or concerns other systems than Linux only.
    pub(crate) fn parse(markdown: &str) -> Result<Option<Self>> {
        let rest = markdown.trim_start().strip_prefix("```toml").context("no TOML at its head")?;
        let (front, body) = rest.split_once("\n```").context("its TOML does not end")?;
        let Front { advisory: head, versions, affected } = toml::from_str(front)?;
        let elsewhere = !affected.os.is_empty() && !affected.os.iter().any(|os| os == "linux");
        if head.withdrawn.is_some() || elsewhere {
            return Ok(None);
        }
        let kind = match head.informational.as_deref() {
            None | Some("unsound") => Kind::Hole,
            Some(_) => Kind::Notice,
        };
        let title = body.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or("no title");
        Ok(Some(Self {
            id: head.id,
            package: head.package,
            date: head.date,
            title: title.trim().to_owned(),
            kind,
            patched: versions.patched,
            unaffected: versions.unaffected,
        }))
    }

    /// Whether this version of this package is one that the advisory is about.
    pub(crate) fn concerns(&self, package: &str, version: &Version) -> bool {
        let fine = self.patched.iter().chain(&self.unaffected);
        self.package == package && !fine.into_iter().any(|range| contains(range, version))
    }

    /// What to do about it.
    pub(crate) fn remedy(&self) -> String {
        if self.patched.is_empty() {
            return "no version mends it; replace the crate, or say in deny.toml why it does not reach us"
                .to_owned();
        }
        let patched: Vec<String> = self.patched.iter().map(ToString::to_string).collect();
        format!("mended in {}", patched.join(" or "))
    }
}

/// Whether a range contains a version, in the plain order of versions.
///
/// `VersionReq::matches` leaves pre-releases out unless the range names one, which would take
/// `2.0.0-rc.1` for unmended where `>=1.5` is.
fn contains(range: &VersionReq, version: &Version) -> bool {
    range.comparators.iter().all(|comparator| holds(comparator, version))
}

fn holds(comparator: &Comparator, version: &Version) -> bool {
    let (Some(minor), Some(patch)) = (comparator.minor, comparator.patch) else {
        return comparator.matches(version);
    };
    let bound =
        Version { pre: comparator.pre.clone(), ..Version::new(comparator.major, minor, patch) };
    match comparator.op {
        Op::Exact => *version == bound,
        Op::Greater => *version > bound,
        Op::GreaterEq => *version >= bound,
        Op::Less => *version < bound,
        Op::LessEq => *version <= bound,
        _ => comparator.matches(version),
    }
}
