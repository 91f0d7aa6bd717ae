//! A section is a struct whose doc comments are its manual: one source for code, file and chapter.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// One struct of the configuration.
pub(crate) trait Section: Default + Serialize + DeserializeOwned {
    /// The table's name in the file; empty for the keys above all tables.
    const PATH: &'static str;
    /// What the section is about, one line each.
    const ABOUT: &'static [&'static str];
    /// The keys, in the order of the manual, each with the lines of its entry.
    const KEYS: &'static [(&'static str, &'static [&'static str])];
}

/// One key with all that is to be said of it.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    /// The key inside its section.
    pub(crate) name: &'static str,
    /// The key with its section: `door.https.listen`.
    pub(crate) path: String,
    /// The manual's entry.
    pub(crate) about: &'static [&'static str],
    /// What holds when it is left out; `None` when it then has no value at all.
    pub(crate) default: Option<toml::Value>,
}

impl Key {
    /// The environment variable that overrules the file: `ROADSTEAD_DOOR_HTTPS_LISTEN`.
    pub(crate) fn variable(&self) -> String {
        format!("ROADSTEAD_{}", self.path.replace('.', "_").to_uppercase())
    }
}

/// A section without its type.
#[derive(Debug, Clone)]
pub(crate) struct Described {
    /// The table's name in the file.
    pub(crate) path: &'static str,
    /// What the section is about.
    pub(crate) about: &'static [&'static str],
    /// Its keys.
    pub(crate) keys: Vec<Key>,
}

/// Describes a section by its type.
pub(crate) fn describe<S: Section>() -> Described {
    let defaults = toml::Table::try_from(S::default()).unwrap_or_default();
    let keys = S::KEYS.iter().map(|(name, about)| Key {
        name,
        path: join(S::PATH, name),
        about,
        default: defaults.get(*name).cloned(),
    });
    Described { path: S::PATH, about: S::ABOUT, keys: keys.collect() }
}

/// A key's full path from its section's and its own name.
pub(crate) fn join(section: &str, name: &str) -> String {
    if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") }
}

/// Declares a section: its keys with their entries, types and defaults.
macro_rules! section {
    (
        $(#[doc = $about:literal])+
        $name:ident at $path:literal {
            $($(#[doc = $entry:literal])+ $key:ident: $kind:ty = $default:expr;)+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub(crate) struct $name {
            $($(#[doc = $entry])+ pub(crate) $key: $kind,)+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($key: $default,)+ }
            }
        }

        impl $crate::config::Section for $name {
            const PATH: &'static str = $path;
            const ABOUT: &'static [&'static str] = &[$($about),+];
            const KEYS: &'static [(&'static str, &'static [&'static str])] =
                &[$((stringify!($key), &[$($entry),+])),+];
        }
    };
}

pub(crate) use section;
