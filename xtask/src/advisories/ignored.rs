//! What deny.toml leaves out, and why.

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::RULE;
use crate::tree::Finding;

/// One advisory that does not reach us.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ignored {
    pub(crate) id: String,
    reason: String,
}

#[derive(Deserialize)]
struct Deny {
    advisories: Section,
}

#[derive(Deserialize)]
struct Section {
    #[serde(default)]
    ignore: Vec<Ignored>,
}

/// Reads `[advisories] ignore`; each entry must give a reason.
pub(crate) fn read(text: &str) -> Result<Vec<Ignored>> {
    let deny: Deny = toml::from_str(text).context("reading [advisories] of deny.toml")?;
    let ignored = deny.advisories.ignore;
    if let Some(mute) = ignored.iter().find(|entry| entry.reason.trim().is_empty()) {
        bail!("deny.toml leaves out {} without a reason", mute.id);
    }
    Ok(ignored)
}

impl Ignored {
    /// An entry that no longer leaves anything out.
    pub(crate) fn in_vain(&self) -> Finding {
        Finding {
            path: "deny.toml".to_owned(),
            line: 1,
            rule: RULE,
            say: format!("leaves out {}, which nothing here is concerned by; remove it", self.id),
        }
    }
}
