//! Why not. What a caller may not see does not exist for it.

use roadstead_model::Capability;

/// The guard's no to a deed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The caller may not see it, or it does not exist: the two look the same.
    #[error("there is no such thing, or you may not see it")]
    Unseen,
    /// The caller sees it, and may not do this to it.
    #[error("you see this but may not {0:?} it: ask its owner for a grant")]
    Forbidden(Capability),
    /// The credential has ended since the caller came in.
    #[error("your credential is no longer valid: sign in again or use a live token")]
    Ended,
}

/// The guard's no to a credential. Says nothing of which part was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Unknown, ended, blocked or wrong.
    #[error("the credential is not valid")]
    Invalid,
    /// Too many attempts; try again later.
    #[error("too many attempts: wait and try again")]
    TooMany,
    /// All hashing places are taken.
    #[error("the server is busy checking passwords: try again in a moment")]
    Busy,
}
