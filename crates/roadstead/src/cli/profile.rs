//! Profiles: which server, which certificate authority, which token. One file, its owner's alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::folder;

const DEFAULT: &str = "default";

/// One server, as somebody.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Profile {
    /// Where the server is.
    pub(crate) url: String,
    /// The copy of its certificate authority, beside the profiles; `None` to trust as the system does.
    pub(crate) ca: Option<String>,
    /// The token.
    pub(crate) token: String,
}

/// All profiles of this user.
#[derive(Default, serde::Serialize, serde::Deserialize)]
struct Kept {
    #[serde(default)]
    profile: BTreeMap<String, Profile>,
}

/// Where profiles lie.
#[derive(Debug, Clone)]
pub(crate) struct Profiles {
    folder: PathBuf,
}

impl Profiles {
    /// This user's.
    pub(crate) fn here() -> anyhow::Result<Self> {
        let variable =
            |name| std::env::var_os(name).filter(|text| !text.is_empty()).map(PathBuf::from);
        let config =
            variable("XDG_CONFIG_HOME").or_else(|| Some(variable("HOME")?.join(".config")));
        let config =
            config.context("neither XDG_CONFIG_HOME nor HOME says where profiles are kept")?;
        Ok(Self::within(&config))
    }

    fn within(config: &Path) -> Self {
        Self { folder: config.join("roadstead") }
    }

    /// Reads one; without a name the one called `default`, or the only one.
    pub(crate) fn get(&self, name: Option<&str>) -> anyhow::Result<Profile> {
        let mut kept = self.read()?.profile;
        if let Some(found) = kept.remove(name.unwrap_or(DEFAULT)) {
            return Ok(found);
        }
        match (name, kept.len()) {
            (None, 1) => Ok(kept.into_values().next().context("there is no profile")?),
            (None, 0) => {
                bail!("there is no profile yet: `roadstead login URL --email ADDRESS` makes one")
            }
            (None | Some(_), _) => {
                let names: Vec<_> = kept.keys().map(String::as_str).collect();
                bail!(
                    "there is no profile `{}`; there are: {}",
                    name.unwrap_or(DEFAULT),
                    names.join(", ")
                )
            }
        }
    }

    /// Keeps one, with a copy of the certificate authority.
    pub(crate) fn keep(
        &self,
        name: Option<&str>,
        (url, token): (&str, &str),
        ca: Option<&Path>,
    ) -> anyhow::Result<()> {
        let name = fitting(name.unwrap_or(DEFAULT))?;
        let ca = ca.map(|ca| self.copy(ca, name)).transpose()?;
        let mut kept = self.read()?;
        kept.profile
            .insert(name.to_owned(), Profile { url: url.to_owned(), ca, token: token.to_owned() });
        self.write(&kept)
    }

    /// Forgets one.
    pub(crate) fn forget(&self, name: Option<&str>) -> anyhow::Result<()> {
        let gone = self.get(name)?;
        let mut kept = self.read()?;
        kept.profile.retain(|_, profile| *profile != gone);
        self.write(&kept)
    }

    /// The certificate authority that a profile trusts.
    pub(crate) fn authority(&self, profile: &Profile) -> anyhow::Result<Option<Vec<u8>>> {
        let Some(name) = &profile.ca else { return Ok(None) };
        let path = self.folder.join(name);
        let pem =
            std::fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
        Ok(Some(pem))
    }

    fn copy(&self, ca: &Path, name: &str) -> anyhow::Result<String> {
        let pem = std::fs::read(ca).with_context(|| format!("cannot read `{}`", ca.display()))?;
        let copy = format!("{name}.ca.pem");
        folder::make_private(&self.folder)?;
        folder::write_public(&self.folder.join(&copy), &pem)?;
        Ok(copy)
    }

    fn read(&self) -> anyhow::Result<Kept> {
        let path = self.folder.join("profiles.toml");
        if !path.exists() {
            return Ok(Kept::default());
        }
        let text = folder::read_private(&path)?;
        toml::from_str(&text).with_context(|| format!("cannot read `{}`", path.display()))
    }

    fn write(&self, kept: &Kept) -> anyhow::Result<()> {
        folder::make_private(&self.folder)?;
        folder::write_private(&self.folder.join("profiles.toml"), toml::to_string(kept)?.as_bytes())
    }
}

/// A profile's name becomes part of a file's name.
fn fitting(name: &str) -> anyhow::Result<&str> {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if plain && !name.is_empty() && name.len() <= 64 {
        return Ok(name);
    }
    bail!("a profile's name has letters, digits, `-` and `_`")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_kept_profile_is_found_again_and_its_file_is_its_owners_alone() {
        let home = tempfile::tempdir().unwrap();
        let profiles = Profiles::within(home.path());
        let ca = home.path().join("ca.pem");
        std::fs::write(&ca, "PEM").unwrap();
        profiles.keep(None, ("https://a", "rst_a"), Some(&ca)).unwrap();
        profiles.keep(Some("other"), ("https://b", "rst_b"), None).unwrap();
        assert_eq!(profiles.get(None).unwrap().url, "https://a");
        assert_eq!(profiles.get(Some("other")).unwrap().token, "rst_b");
        assert_eq!(profiles.authority(&profiles.get(None).unwrap()).unwrap().unwrap(), b"PEM");
        let file = home.path().join("roadstead/profiles.toml");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_forgotten_profile_is_gone() {
        let home = tempfile::tempdir().unwrap();
        let profiles = Profiles::within(home.path());
        profiles.keep(Some("one"), ("https://a", "rst_a"), None).unwrap();
        profiles.forget(None).unwrap();
        assert!(profiles.get(None).err().unwrap().to_string().contains("roadstead login"));
    }

    #[test]
    fn a_profile_cannot_name_a_file_elsewhere() {
        let home = tempfile::tempdir().unwrap();
        assert!(
            Profiles::within(home.path()).keep(Some("../x"), ("https://a", "t"), None).is_err()
        );
    }
}
