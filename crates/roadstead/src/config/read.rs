//! From a file and the environment to values with origins.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::section::{Key, join};
use super::{ConfigError, Origin, Settings, sections};

/// Texts that stand in examples where a secret belongs.
const PLACEHOLDERS: &[&str] = &[
    "",
    "changeme",
    "change_me",
    "change-me",
    "password",
    "passwort",
    "secret",
    "example",
    "default",
    "admin",
    "test",
    "token",
    "key",
    "123456",
    "12345678",
    "your-secret",
    "your-password",
    "placeholder",
    "insert-here",
    "xxx",
    "none",
];
const SECRET_ENDINGS: &[&str] = &["password", "passphrase", "secret", "token", "key"];
/// The most that names differ by while one is still worth suggesting.
const NEAR: f64 = 0.7;

/// Where a configuration is read from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sources {
    /// The file, if one was named.
    pub(crate) file: Option<PathBuf>,
    /// The environment.
    pub(crate) environment: Vec<(String, OsString)>,
    /// The argument `--data`.
    pub(crate) data: Option<PathBuf>,
}

impl Sources {
    /// This process's environment with the given arguments.
    pub(crate) fn here(file: Option<PathBuf>, data: Option<PathBuf>) -> Self {
        Self { file, environment: ours(std::env::vars_os()), data }
    }
}

/// The variables that can be meant for us. What else is there need not be text.
pub(super) fn ours(all: impl Iterator<Item = (OsString, OsString)>) -> Vec<(String, OsString)> {
    let named = all.filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    named.filter(|(name, _)| name.starts_with("ROADSTEAD_")).collect()
}

/// Reads all sources, the stronger after the weaker, and refuses unknown keys and placeholders.
pub(crate) fn read(sources: &Sources) -> Result<Settings, ConfigError> {
    let keys: Vec<Key> = sections().into_iter().flat_map(|section| section.keys).collect();
    let mut settings = Settings::default();
    if let Some(path) = &sources.file {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
            path: path.display().to_string(),
            source,
        })?;
        File { path, text: &text, keys: &keys }.read(&mut settings)?;
    }
    read_environment(&sources.environment, &keys, &mut settings)?;
    if let Some(data) = &sources.data {
        settings.set_data(data, Origin::Argument("--data"));
    }
    refuse_placeholders(&settings)?;
    Ok(settings)
}

struct File<'a> {
    path: &'a Path,
    text: &'a str,
    keys: &'a [Key],
}

impl File<'_> {
    fn read(&self, settings: &mut Settings) -> Result<(), ConfigError> {
        let table = DeTable::parse(self.text).map_err(|error| ConfigError::Syntax {
            place: self.place(error.span().map_or(0, |span| span.start)),
            message: error.message().to_owned(),
        })?;
        self.read_table("", table.get_ref(), settings)
    }

    fn read_table(
        &self,
        section: &str,
        table: &DeTable<'_>,
        settings: &mut Settings,
    ) -> Result<(), ConfigError> {
        for (name, value) in table {
            let key = join(section, name.get_ref());
            let place = self.place(name.span().start);
            let inner = self.keys.iter().any(|known| known.path.starts_with(&format!("{key}.")));
            match value.get_ref() {
                DeValue::Table(table) if inner => self.read_table(&key, table, settings)?,
                _ if self.keys.iter().any(|known| known.path == key) => {
                    settings.set(&key, self.value(&place, &key, value.span())?, place);
                }
                _ => {
                    let nearest = nearest(&key, self.keys);
                    return Err(ConfigError::Unknown { place, key, nearest });
                }
            }
        }
        Ok(())
    }

    /// Reads the value's own text again, now without spans.
    fn value(
        &self,
        place: &Origin,
        key: &str,
        span: std::ops::Range<usize>,
    ) -> Result<toml::Value, ConfigError> {
        let text = self.text.get(span).unwrap_or_default();
        text.parse().map_err(|error: toml::de::Error| ConfigError::Kind {
            place: place.clone(),
            key: key.to_owned(),
            message: error.message().to_owned(),
        })
    }

    fn place(&self, at: usize) -> Origin {
        let before = self.text.as_bytes().iter().take(at);
        Origin::File(self.path.to_owned(), 1 + before.filter(|byte| **byte == b'\n').count())
    }
}

fn read_environment(
    environment: &[(String, OsString)],
    keys: &[Key],
    settings: &mut Settings,
) -> Result<(), ConfigError> {
    for (name, text) in environment {
        let origin = Origin::Environment(name.clone());
        if let Some(key) = keys.iter().find(|key| key.variable() == *name) {
            let Some(text) = text.to_str() else {
                let message = "the value is not UTF-8".to_owned();
                return Err(ConfigError::Kind { place: origin, key: key.path.clone(), message });
            };
            settings.set(&key.path, from_text(key, text), origin);
        } else if begins_like_a_section(name) {
            let path = name.trim_start_matches("ROADSTEAD_").to_lowercase().replace('_', ".");
            let nearest = nearest(&path, keys)
                .and_then(|path| keys.iter().find(|key| key.path == path).map(Key::variable));
            return Err(ConfigError::Unknown { place: origin, key: name.clone(), nearest });
        }
    }
    Ok(())
}

/// Other programs of ours have variables too; those that begin like one of our tables can only be meant for it.
fn begins_like_a_section(name: &str) -> bool {
    let tables = sections().map(|section| section.path.replace('.', "_").to_uppercase());
    tables.iter().filter(|table| !table.is_empty()).any(|table| {
        name.strip_prefix("ROADSTEAD_").and_then(|rest| rest.strip_prefix(table.as_str())).is_some()
    })
}

/// A list may be written as in TOML or with commas; a number and a flag as in TOML; the rest is text.
fn from_text(key: &Key, text: &str) -> toml::Value {
    let parsed = || text.parse::<toml::Value>().ok();
    let as_text = || toml::Value::String(text.to_owned());
    match &key.default {
        Some(toml::Value::Array(_)) => {
            parsed().filter(toml::Value::is_array).unwrap_or_else(|| {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                toml::Value::Array(items.map(|item| toml::Value::String(item.to_owned())).collect())
            })
        }
        Some(toml::Value::Integer(_) | toml::Value::Float(_) | toml::Value::Boolean(_)) => {
            parsed().unwrap_or_else(as_text)
        }
        Some(toml::Value::String(_) | toml::Value::Datetime(_) | toml::Value::Table(_)) | None => {
            as_text()
        }
    }
}

fn nearest(key: &str, keys: &[Key]) -> Option<String> {
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let likeness = |known: &Key| {
        let whole = strsim::jaro_winkler(key, &known.path);
        // The right name in the wrong table is as near as a slip of the pen.
        let name = strsim::jaro_winkler(&last(key), known.name) * 0.95;
        whole.max(name)
    };
    let best = keys.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(best) >= NEAR).then(|| best.path.clone())
}

fn refuse_placeholders(settings: &Settings) -> Result<(), ConfigError> {
    for (key, value, origin) in settings.iter() {
        if holds_a_secret(key) && value.as_str().is_some_and(is_placeholder) {
            return Err(ConfigError::Placeholder { place: origin.clone(), key: key.to_owned() });
        }
    }
    Ok(())
}

/// Whether a key's name says that its value, or the file it names, is a secret.
pub(super) fn holds_a_secret(key: &str) -> bool {
    SECRET_ENDINGS.iter().any(|ending| key.to_lowercase().ends_with(ending))
}

/// Whether a text stands where a secret was never put.
pub(super) fn is_placeholder(text: &str) -> bool {
    let plain = text.trim().trim_matches(['<', '>', '*', '.']).to_lowercase();
    PLACEHOLDERS.contains(&plain.as_str()) || plain.contains("changeme")
}
