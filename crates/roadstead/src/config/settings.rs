//! Values by key, each with its origin.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::section::join;
use super::{ConfigError, Section};

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nobody said anything.
    Default,
    /// The file, and the line in it.
    File(PathBuf, usize),
    /// An environment variable.
    Environment(String),
    /// An argument of the command.
    Argument(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::Argument(name) => write!(f, "argument {name}"),
        }
    }
}

/// What was set, by full key. Later origins have overruled earlier ones.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    values: BTreeMap<String, (toml::Value, Origin)>,
    data: Option<PathBuf>,
}

impl Settings {
    /// Sets a value in place of the one before.
    pub(crate) fn set(&mut self, key: &str, value: toml::Value, origin: Origin) {
        self.values.insert(key.to_owned(), (value, origin));
    }

    /// Sets the data folder, whose path need not be text.
    pub(crate) fn set_data(&mut self, path: &Path, origin: Origin) {
        self.set("data", toml::Value::String(path.to_string_lossy().into_owned()), origin);
        self.data = Some(path.to_owned());
    }

    /// The data folder if it was set as a path.
    pub(crate) fn data(&self) -> Option<&Path> {
        self.data.as_deref()
    }

    /// What was set for a key.
    pub(crate) fn get(&self, key: &str) -> Option<&(toml::Value, Origin)> {
        self.values.get(key)
    }

    /// Where the key's value comes from.
    pub(crate) fn origin(&self, key: &str) -> Origin {
        self.values.get(key).map_or(Origin::Default, |(_, origin)| origin.clone())
    }

    /// Every value that was set.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &toml::Value, &Origin)> {
        self.values.iter().map(|(key, (value, origin))| (key.as_str(), value, origin))
    }

    /// Makes a section of what was set; each value is tried alone first, so that the error names its key.
    pub(crate) fn section<S: Section>(&self) -> Result<S, ConfigError> {
        let mut table = toml::Table::new();
        for (name, _) in S::KEYS {
            let key = join(S::PATH, name);
            let Some((value, origin)) = self.values.get(&key) else { continue };
            let alone = toml::Table::from_iter([((*name).to_owned(), value.clone())]);
            alone.try_into::<S>().map_err(|error| wrong_kind(origin, &key, &error))?;
            table.insert((*name).to_owned(), value.clone());
        }
        table.try_into().map_err(|error| wrong_kind(&Origin::Default, S::PATH, &error))
    }
}

fn wrong_kind(origin: &Origin, key: &str, error: &toml::de::Error) -> ConfigError {
    let message = error.message().to_owned();
    ConfigError::Kind { place: origin.clone(), key: key.to_owned(), message }
}
