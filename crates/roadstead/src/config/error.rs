//! What is wrong with a configuration, where, and what to write instead.

use super::Origin;

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("cannot read the configuration `{path}`")]
    Unreadable { path: String, source: std::io::Error },
    #[error("{place}: {message}")]
    Syntax { place: Origin, message: String },
    #[error("{place}: there is no key `{key}`{}", hint(nearest.as_ref()))]
    Unknown { place: Origin, key: String, nearest: Option<String> },
    #[error("{place}: `{key}`: {message}")]
    Kind { place: Origin, key: String, message: String },
    #[error(
        "{place}: `{key}` is a placeholder that everyone knows: make a secret of its own, or leave the key out"
    )]
    Placeholder { place: Origin, key: String },
}

fn hint(nearest: Option<&String>) -> String {
    nearest.map(|key| format!("; did you mean `{key}`?")).unwrap_or_default()
}
