//! The manual's chapter on configuration: an introduction kept in the chapter, a reference made of the sections.

use std::fmt::Write;

use super::section::Described;
use super::sections;

/// What stands above the part that is made here.
pub(super) const MARK: &str = "<!-- From here on made of the source; a test compares. -->\n";

/// Writes the reference as Markdown.
pub(super) fn reference() -> String {
    let mut text = String::from(MARK);
    text.push_str("\n## Every key\n");
    for section in sections() {
        text.push_str(&describe(&section));
    }
    text
}

fn describe(section: &Described) -> String {
    let mut text = String::new();
    let title = if section.path.is_empty() { "Top" } else { section.path };
    let _ = match section.path {
        "" => writeln!(text, "\n### {title}\n"),
        path => writeln!(text, "\n### `[{path}]`\n"),
    };
    let _ = writeln!(text, "{}\n", prose(section.about));
    text.push_str("| key | default | meaning |\n|---|---|---|\n");
    for key in &section.keys {
        let default = key.default.as_ref().map_or_else(String::new, |value| format!("`{value}`"));
        let about = prose(key.about).replace('|', "\\|");
        let _ = writeln!(text, "| `{}` | {default} | {about} |", key.name);
    }
    text
}

fn prose(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}
