//! Everything in force, as TOML that can be used as a configuration again.

use std::fmt::Write;

use super::section::{Described, Key};
use super::{Settings, sections};

/// Writes each key with its meaning, its value and where the value comes from.
pub(crate) fn show(settings: &Settings) -> String {
    let mut text = String::from("# Everything in force, and where each value comes from.\n");
    for section in sections() {
        text.push_str(&show_section(&section, settings));
    }
    text
}

fn show_section(section: &Described, settings: &Settings) -> String {
    let mut text = String::from("\n");
    comment(&mut text, section.about);
    if !section.path.is_empty() {
        let _ = writeln!(text, "[{}]", section.path);
    }
    for key in &section.keys {
        text.push_str(&show_key(key, settings));
    }
    text
}

fn show_key(key: &Key, settings: &Settings) -> String {
    let mut text = String::from("\n");
    comment(&mut text, key.about);
    let _ = writeln!(text, "# From: {}", settings.origin(&key.path));
    let value = settings.get(&key.path).map(|(value, _)| value).or(key.default.as_ref());
    let _ = match value {
        Some(value) => writeln!(text, "{} = {value}", key.name),
        None => writeln!(text, "# {} has no value", key.name),
    };
    text
}

fn comment(text: &mut String, lines: &[&str]) {
    for line in lines {
        let _ = writeln!(text, "#{}{}", if line.starts_with(' ') { "" } else { " " }, line);
    }
}
