//! What proves a caller: a password, a token or a browser session. Only digests are kept.

use roadstead_model::{CredentialId, Principal, Timestamp};

use crate::Digest;

/// How a caller can prove itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// A token that a device or a program sends with each request or connection.
    Token,
    /// A browser's cookie after a person signed in.
    Session,
    /// A password. Good for signing in and for nothing else.
    Password,
    /// A link that signs a person in once.
    SignInLink,
}

impl CredentialKind {
    /// The kind's name as stores and audit entries have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Session => "session",
            Self::Password => "password",
            Self::SignInLink => "sign-in-link",
        }
    }

    /// Reads the name back.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Token, Self::Session, Self::Password, Self::SignInLink]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// A live credential as the stores keep it.
#[derive(Debug, Clone)]
pub struct Credential {
    /// Which one.
    pub id: CredentialId,
    /// Who it proves.
    pub principal: Principal,
    /// How.
    pub kind: CredentialKind,
    /// The keyed digest of the secret. For a password the salted hash is kept apart, and this is unique noise.
    pub digest: Digest,
    /// What its holder calls it.
    pub label: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends, if it does.
    pub expires: Option<Timestamp>,
    /// The capabilities it is limited to, as a mask: never more than its principal's own.
    pub limit: u8,
    /// When it was last used, to the minute.
    pub last_used: Option<Timestamp>,
}

impl Credential {
    /// Whether it still proves anything at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|end| now < end)
    }
}
