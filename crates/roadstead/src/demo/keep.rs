//! What the demo keeps between starts: the devices' tokens, and up to when each device has spoken.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use roadstead_model::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::folder;

/// One device of the demo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Its id, as text.
    pub(super) id: String,
    /// Its token.
    pub(super) token: String,
    /// The last instant whose value was acknowledged.
    pub(super) until: Option<Timestamp>,
}

/// What stands in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Known {
    /// The owner's password, only until the answer to the claim is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) password: Option<String>,
    /// The owner's token, only while the demo is being set up.
    pub(super) owner: Option<String>,
    /// The devices by name.
    #[serde(default)]
    pub(super) devices: BTreeMap<String, Kept>,
}

/// The file `demo.json` in the data folder.
pub(super) struct Keep {
    path: PathBuf,
    known: Mutex<Known>,
}

impl Keep {
    /// Reads the file; `None` when there is none.
    pub(super) fn open(data: &Path) -> anyhow::Result<Option<Self>> {
        let path = data.join("demo.json");
        if !path.exists() {
            return Ok(None);
        }
        let known = serde_json::from_str(&folder::read_private(&path)?)
            .with_context(|| format!("`{}` is not what the demo wrote", path.display()))?;
        Ok(Some(Self { path, known: Mutex::new(known) }))
    }

    /// Begins a new file with the password that the claim will set; what was there is gone.
    pub(super) async fn begin(data: &Path, password: String) -> anyhow::Result<Self> {
        let keep = Self { path: data.join("demo.json"), known: Mutex::default() };
        keep.change(|known| known.password = Some(password)).await?;
        Ok(keep)
    }

    /// Notes the owner's token, which takes the password's place.
    pub(super) async fn claimed(&self, owner: String) -> anyhow::Result<()> {
        let note = |known: &mut Known| {
            known.password = None;
            known.owner = Some(owner);
        };
        self.change(note).await
    }

    /// What is known at present.
    pub(super) async fn known(&self) -> Known {
        self.known.lock().await.clone()
    }

    /// Changes what is known, and writes it before anybody else can change it.
    pub(super) async fn change(&self, change: impl FnOnce(&mut Known)) -> anyhow::Result<()> {
        let mut known = self.known.lock().await;
        change(&mut known);
        let (path, text) = (self.path.clone(), serde_json::to_vec_pretty(&*known)?);
        tokio::task::spawn_blocking(move || folder::write_private(&path, &text)).await?
    }

    /// Notes up to when a device has spoken.
    pub(super) async fn spoken(&self, name: &str, until: Timestamp) -> anyhow::Result<()> {
        let note = |known: &mut Known| {
            if let Some(kept) = known.devices.get_mut(name) {
                kept.until = Some(until);
            }
        };
        self.change(note).await
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[tokio::test]
    async fn what_is_kept_is_there_at_the_next_start_for_its_owner_alone() {
        let data = tempfile::tempdir().unwrap();
        assert!(Keep::open(data.path()).unwrap().is_none());
        let keep = Keep::begin(data.path(), "a password".into()).await.unwrap();
        let kept = Kept { id: "dev_1".into(), token: "rst_device".into(), until: None };
        keep.change(|known| drop(known.devices.insert("inverter-1".into(), kept))).await.unwrap();
        keep.spoken("inverter-1", "2026-11-21T10:00:00Z".parse().unwrap()).await.unwrap();

        let again = Keep::open(data.path()).unwrap().unwrap();
        assert_eq!(again.known().await, keep.known().await);
        let mode = data.path().join("demo.json").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
