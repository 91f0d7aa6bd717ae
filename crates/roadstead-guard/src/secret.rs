//! Secrets: 256 random bits, shown once, kept only as a keyed digest.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use roadstead_model::Random;
use zeroize::{Zeroize, Zeroizing};

/// The server's keys for digests and passwords. They live outside the database.
pub struct Keys {
    digest: hmac::Key,
    pepper: Zeroizing<[u8; 32]>,
}

impl Keys {
    /// Takes the two keys, 256 bits each.
    pub fn new(digest: &[u8; 32], pepper: [u8; 32]) -> Self {
        Self { digest: hmac::Key::new(hmac::HMAC_SHA256, digest), pepper: Zeroizing::new(pepper) }
    }

    pub(crate) fn pepper(&self) -> &[u8] {
        &*self.pepper
    }

    /// HMAC-SHA-256 under the server's digest key.
    pub fn digest(&self, text: &str) -> Digest {
        let tag = hmac::sign(&self.digest, text.as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(tag.as_ref());
        Digest(bytes)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
    }
}

/// The keyed digest of a secret: what is kept in its place.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest")
    }
}

/// A secret's text. Wiped from memory when dropped, and never printed by accident.
pub struct Secret(String);

impl Secret {
    /// Makes 256 random bits behind a prefix that secret scanners can look for.
    pub fn random(prefix: &str, random: &dyn Random) -> Self {
        let mut bits = Zeroizing::new([0_u8; 32]);
        random.fill(&mut *bits);
        Self(format!("{prefix}_{}", URL_SAFE_NO_PAD.encode(*bits)))
    }

    /// Takes a text that somebody presented.
    pub fn presented(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Shows the text: to its owner once, or to a digest.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// A new secret and the digest to keep of it.
#[derive(Debug)]
pub struct Minted {
    /// To be shown once.
    pub secret: Secret,
    /// To be kept.
    pub digest: Digest,
}

/// Proof that somebody presented the text of a claim link. Only the guard makes one.
///
/// The store still decides whether a link with this digest waits, and lets it be used once.
#[derive(Debug)]
pub struct ClaimProof {
    digest: Digest,
}

impl ClaimProof {
    pub(crate) const fn new(digest: Digest) -> Self {
        Self { digest }
    }

    /// The digest of the presented text.
    pub const fn digest(&self) -> Digest {
        self.digest
    }
}
