//! What the operator may decide: safe when left out, refused when misspelt.
//!
//! Values come from four places, each overruling the one before: the default, the file,
//! the environment, the command's arguments. Where each came from is kept and shown.

pub(crate) mod commands; // `config check` and `config show`

mod check; // whether a configuration can work, without starting anything
mod error; // what is wrong with it, where, and what to write instead
#[cfg(test)]
mod manual; // the manual's chapter, made of the sections
mod read; // from a file and the environment to values with origins
mod section; // a struct whose doc comments are its manual
mod sections; // every key there is
mod settings; // values by key, each with its origin
mod show; // everything in force, as commented TOML

pub(crate) use check::check;
pub(crate) use error::ConfigError;
pub(crate) use read::{Sources, read};
pub(crate) use section::Section;
pub(crate) use sections::{
    General, HttpDoor, HttpsDoor, Limits, Log, LogFormat, LogLevel, MqttDoor, Tls, TlsVersion,
};
pub(crate) use settings::{Origin, Settings};
pub(crate) use show::show;

/// Everything that can be configured, resolved.
#[derive(Debug, Clone, Default)]
pub(crate) struct Config {
    pub(crate) general: General,
    pub(crate) https: HttpsDoor,
    pub(crate) mqtt: MqttDoor,
    pub(crate) http: HttpDoor,
    pub(crate) tls: Tls,
    pub(crate) limits: Limits,
    pub(crate) log: Log,
}

impl Config {
    /// Makes the typed form of the values; says which key has a value of the wrong kind.
    pub(crate) fn of(settings: &Settings) -> Result<Self, ConfigError> {
        let mut general: General = settings.section()?;
        if let Some(data) = settings.data() {
            data.clone_into(&mut general.data);
        }
        Ok(Self {
            general,
            https: settings.section()?,
            mqtt: settings.section()?,
            http: settings.section()?,
            tls: settings.section()?,
            limits: settings.section()?,
            log: settings.section()?,
        })
    }
}

/// Every section, in the order of the manual.
pub(crate) fn sections() -> [section::Described; 7] {
    [
        section::describe::<General>(),
        section::describe::<HttpsDoor>(),
        section::describe::<MqttDoor>(),
        section::describe::<HttpDoor>(),
        section::describe::<Tls>(),
        section::describe::<Limits>(),
        section::describe::<Log>(),
    ]
}

#[cfg(test)]
mod tests;
