//! What can go wrong in a store, in words that doors can translate.

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The name is taken within its parent.
    #[error("there is already {what} called `{name}` here: choose another name")]
    NameTaken {
        /// What kind of thing, with its article.
        what: &'static str,
        /// The name that is taken.
        name: String,
    },
    /// It is not there, or no longer.
    #[error("there is no such {0}")]
    Missing(&'static str),
    /// Something still depends on it.
    #[error("{0}")]
    InUse(&'static str),
    /// No more of these fit.
    #[error("the limit of {limit} {what} is reached")]
    Limit {
        /// What there are too many of.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// The write buffer is full; room comes when the disk catches up.
    #[error("the store is busy: try again in a moment")]
    Busy,
    /// The disk refused; nothing is acknowledged until the server is started again.
    #[error("the store has stopped taking data")]
    Stopped,
    /// What lies below failed.
    #[error("the store failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    /// Wraps a failure of what lies below.
    pub fn failed(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Failed(cause.into())
    }
}
