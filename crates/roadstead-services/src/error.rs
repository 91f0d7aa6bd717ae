//! What can go wrong in a service, in words that every door can translate.

use roadstead_guard::{BadPassword, Denied, Refused};
use roadstead_store::StoreError;

/// Why a service did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The guard said no to the deed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The guard said no to the credential.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// A new password breaks a rule.
    #[error(transparent)]
    BadPassword(#[from] BadPassword),
    /// It collides with what is there.
    #[error("{0}")]
    Conflict(String),
    /// It is not there.
    #[error("there is no such {0}")]
    Missing(&'static str),
    /// What was asked makes no sense; the text says what to change.
    #[error("{0}")]
    Invalid(String),
    /// A limit is reached; the text says which.
    #[error("{0}")]
    Limit(String),
    /// Try again in a moment.
    #[error("the server is busy: try again in a moment")]
    Busy,
    /// The server cannot do it now; the cause is in `source()` and for the log.
    #[error("the server could not do this")]
    Failed(#[source] StoreError),
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NameTaken { .. } | StoreError::InUse(_) => {
                Self::Conflict(error.to_string())
            }
            StoreError::Missing(what) => Self::Missing(what),
            StoreError::Limit { .. } => Self::Limit(error.to_string()),
            StoreError::Busy => Self::Busy,
            StoreError::Stopped | StoreError::Failed(_) => Self::Failed(error),
        }
    }
}
