//! The master key: one file outside the database, from which every other key is derived.

use std::path::Path;

use anyhow::{Context, bail};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use roadstead_guard::Keys;
use roadstead_model::Random;
use zeroize::Zeroizing;

use crate::folder::{self, Folder};

const SALT: &[u8] = b"roadstead master key 1";
const DIGEST: &str = "digests of secrets";
const PEPPER: &str = "pepper of passwords";

/// 256 random bits and what is derived from them with HKDF-SHA-256.
pub(crate) struct MasterKey {
    root: Prk,
}

struct Bits256;

impl KeyType for Bits256 {
    fn len(&self) -> usize {
        32
    }
}

impl MasterKey {
    /// Reads `keys/master.key`; makes it at the first start, and only then.
    pub(crate) fn open(folder: &Folder, random: &dyn Random) -> anyhow::Result<Self> {
        let path = folder.inner("keys")?.join("master.key");
        if path.exists() {
            return Self::read(&path);
        }
        if folder.path().join("catalog.sqlite").exists() {
            bail!(
                "`{}` is missing, and without it no token or password of this folder can be checked: \
                 put it back from your backup",
                path.display()
            );
        }
        let mut bits = Zeroizing::new([0_u8; 32]);
        random.fill(&mut *bits);
        folder::write_private(&path, hex(&bits).as_bytes())?;
        Ok(Self::from_bits(&bits))
    }

    fn read(path: &Path) -> anyhow::Result<Self> {
        let text = Zeroizing::new(folder::read_private(path)?);
        let bits = unhex(text.trim()).with_context(|| {
            format!(
                "`{}` does not hold 64 hexadecimal digits: put it back from your backup",
                path.display()
            )
        })?;
        Ok(Self::from_bits(&bits))
    }

    fn from_bits(bits: &[u8; 32]) -> Self {
        Self { root: Salt::new(HKDF_SHA256, SALT).extract(bits) }
    }

    /// The keys that the guard digests and hashes with.
    pub(crate) fn guard_keys(&self) -> Keys {
        Keys::new(&self.derive(DIGEST), *self.derive(PEPPER))
    }

    /// A key for one purpose. Another label, another key.
    fn derive(&self, label: &str) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        self.root
            .expand(&[label.as_bytes()], Bits256)
            .and_then(|material| material.fill(&mut *key))
            .expect("HKDF-SHA-256 gives 32 bytes for every label");
        key
    }
}

fn hex(bits: &[u8; 32]) -> Zeroizing<String> {
    let mut text = String::with_capacity(65);
    for byte in bits {
        text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
        text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
    }
    text.push('\n');
    Zeroizing::new(text)
}

fn unhex(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut bits = Zeroizing::new([0; 32]);
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    let digits = Zeroizing::new(digits?);
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in bits.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::try_from(pair[0] << 4 | pair[1]).ok()?;
    }
    Some(bits)
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::system::SystemRandom;

    fn opened(path: &Path) -> anyhow::Result<Zeroizing<[u8; 32]>> {
        let folder = Folder::open(path)?;
        Ok(MasterKey::open(&folder, &SystemRandom)?.derive("test"))
    }

    #[test]
    fn the_key_is_made_once_in_a_file_of_its_owner_alone() {
        let home = tempfile::tempdir().unwrap();
        let data = home.path().join("data");
        let first = opened(&data).unwrap();
        assert_eq!(opened(&data).unwrap(), first);
        let mode = data.join("keys/master.key").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let data = home.path().join("data");
        opened(&data).unwrap();
        let lax = Permissions::from_mode(0o644);
        std::fs::set_permissions(data.join("keys/master.key"), lax).unwrap();
        let refused = opened(&data).unwrap_err().to_string();
        assert!(refused.contains("chmod 600"), "{refused}");
    }

    #[test]
    fn a_lost_key_is_never_replaced_when_there_is_a_catalog() {
        let home = tempfile::tempdir().unwrap();
        let data = home.path().join("data");
        opened(&data).unwrap();
        std::fs::remove_file(data.join("keys/master.key")).unwrap();
        std::fs::write(data.join("catalog.sqlite"), "").unwrap();
        let refused = opened(&data).unwrap_err().to_string();
        assert!(refused.contains("backup"), "{refused}");
    }

    #[test]
    fn each_purpose_has_a_key_of_its_own() {
        let key = MasterKey::from_bits(&[7; 32]);
        assert_ne!(key.derive(DIGEST), key.derive(PEPPER));
        assert_ne!(key.derive(DIGEST), MasterKey::from_bits(&[8; 32]).derive(DIGEST));
    }
}
