//! Passwords: Argon2id with a pepper outside the database, and the rules of NIST SP 800-63B-4.

use std::fmt;

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use roadstead_model::Random;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

const SHORTEST: usize = 15;
const LONGEST_BYTES: usize = 1024;
const MEMORY_KIB: u32 = 19_456;
const ROUNDS: u32 = 2;

/// Texts that so many people chose that they protect nothing.
const KNOWN: &[&str] = &[
    "123456789012345",
    "1234567890123456",
    "passwordpassword",
    "password12345678",
    "qwertyuiopasdfgh",
    "qwertyuiop123456",
    "111111111111111",
    "aaaaaaaaaaaaaaa",
    "iloveyouiloveyou",
    "changemechangeme",
    "adminadminadmin",
    "roadsteadroadstead",
];

/// A password's salted hash in PHC form.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Takes what a store kept.
    pub fn from_stored(phc: String) -> Self {
        Self(phc)
    }

    /// The PHC text, such as `$argon2id$v=19$m=19456,t=2,p=1$…`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Hashes a password that keeps the rules. Takes about 30 ms of one core.
    pub(crate) fn make(text: &str, pepper: &[u8], random: &dyn Random) -> Self {
        let mut salt = [0_u8; 16];
        random.fill(&mut salt);
        let normal = normalise(text);
        let hash = hasher(pepper)
            .hash_password_with_salt(normal.as_bytes(), &salt)
            .expect("fixed parameters and a salt of 16 bytes are always taken");
        Self(hash.to_string())
    }

    /// Whether the password is the hashed one. As slow as [`Self::make`].
    pub(crate) fn matches(&self, text: &str, pepper: &[u8]) -> bool {
        let Ok(hash) = phc::PasswordHash::new(&self.0) else { return false };
        hasher(pepper).verify_password(normalise(text).as_bytes(), &hash).is_ok()
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash")
    }
}

fn hasher(pepper: &[u8]) -> Argon2<'_> {
    let params = Params::new(MEMORY_KIB, ROUNDS, 1, None).expect("the constants are in range");
    Argon2::new_with_secret(pepper, Algorithm::Argon2id, Version::V0x13, params)
        .expect("a pepper of 32 bytes is in range")
}

fn normalise(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.nfc().collect())
}

/// Checks the rules before any hashing: 15 characters to 1,024 bytes, no well-known
/// text, not one's own address or organisation. There is no rule of composition.
pub(crate) fn keeps_the_rules(text: &str, context: &[&str]) -> Result<(), BadPassword> {
    if text.len() > LONGEST_BYTES {
        return Err(BadPassword::TooLong);
    }
    if normalise(text).chars().count() < SHORTEST {
        return Err(BadPassword::TooShort);
    }
    let plain = text.to_lowercase();
    let mut symbols: Vec<char> = plain.chars().collect();
    symbols.sort_unstable();
    symbols.dedup();
    if symbols.len() < 3 || KNOWN.contains(&plain.as_str()) {
        return Err(BadPassword::WellKnown);
    }
    let own = context.iter().any(|word| word.to_lowercase() == plain);
    if own { Err(BadPassword::Own) } else { Ok(()) }
}

/// Which rule a password breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPassword {
    /// Under 15 characters.
    #[error("a password has at least 15 characters: a sentence is easiest to remember")]
    TooShort,
    /// Over 1,024 bytes.
    #[error("a password has at most 1,024 bytes")]
    TooLong,
    /// On the list of well-known ones, or one symbol repeated.
    #[error("this password is among the first that anyone would guess: choose another")]
    WellKnown,
    /// The same as the address or the organisation's name.
    #[error("a password cannot be your own address or your organisation's name")]
    Own,
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;
    impl Random for Fixed {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(7);
        }
    }

    #[test]
    fn a_password_is_known_again_and_only_with_its_pepper() {
        let hash = PasswordHash::make("correct horse battery staple", &[1; 32], &Fixed);
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(hash.matches("correct horse battery staple", &[1; 32]));
        assert!(!hash.matches("correct horse battery staplf", &[1; 32]));
        assert!(!hash.matches("correct horse battery staple", &[2; 32]));
    }

    #[test]
    fn nothing_is_cut_off_a_long_password() {
        let long = "x y z ".repeat(20);
        let hash = PasswordHash::make(&long, &[1; 32], &Fixed);
        assert!(!hash.matches(&long[..72], &[1; 32]));
    }

    #[test]
    fn the_rules_are_length_and_lists_and_never_composition() {
        assert_eq!(keeps_the_rules("correct horse battery staple", &[]), Ok(()));
        assert_eq!(keeps_the_rules("short", &[]), Err(BadPassword::TooShort));
        assert_eq!(keeps_the_rules("aaaaaaaaaaaaaaaaaa", &[]), Err(BadPassword::WellKnown));
        let own = keeps_the_rules("Someone@example.org", &["someone@example.org"]);
        assert_eq!(own, Err(BadPassword::Own));
    }
}
