//! Answers: a table for people, JSON for programs.

use std::fmt::Write;

use comfy_table::{ContentArrangement, Table, TableStyle};
use serde_json::Value;

use crate::announce::say;

/// A column's title and where its text stands in an item, as a JSON pointer.
pub(crate) type Column = (&'static str, &'static str);

/// Prints a list.
pub(crate) fn list(items: &[Value], columns: &[Column], json: bool) {
    if json {
        say(&Value::Array(items.to_vec()).to_string());
    } else {
        say(&table(items, columns).to_string());
    }
}

fn table(items: &[Value], columns: &[Column]) -> Table {
    let mut table = Table::new();
    table.load_style(TableStyle::new()).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(columns.iter().map(|(title, _)| title.to_uppercase()));
    for item in items {
        table.add_row(columns.iter().map(|(_, at)| text(item.pointer(at).unwrap_or(&Value::Null))));
    }
    table
}

/// Prints one thing: each field on a line of its own.
pub(crate) fn object(item: &Value, json: bool) {
    if json {
        say(&item.to_string());
    } else {
        say(lines(item, "").trim_end_matches('\n'));
    }
}

fn lines(item: &Value, above: &str) -> String {
    let Value::Object(fields) = item else { return format!("{above:<24} {}\n", text(item)) };
    let mut all = String::new();
    for (name, value) in fields {
        let name = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
        match value {
            Value::Null => {}
            Value::Object(_) => all.push_str(&lines(value, &name)),
            Value::Array(_) | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                let _ = writeln!(all, "{name:<24} {}", text(value));
            }
        }
    }
    all
}

/// A value as people read it. What came from elsewhere cannot move the cursor or change colours.
pub(crate) fn text(value: &Value) -> String {
    let plain = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => called(fields).unwrap_or_else(|| value.to_string()),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    };
    plain.chars().filter(|c| !c.is_control()).collect()
}

/// What stands for a thing in a cell: its name, or its id.
fn called(fields: &serde_json::Map<String, Value>) -> Option<String> {
    let shown = ["name", "email", "id"].iter().find_map(|field| fields.get(*field)?.as_str());
    shown.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_list_is_a_table_with_a_row_each() {
        let items = [json!({ "name": "kitchen", "place": { "path": "A/B" }, "type": null })];
        let shown =
            table(&items, &[("name", "/name"), ("place", "/place/path"), ("type", "/type/name")]);
        let shown = shown.to_string();
        assert!(
            shown.contains("NAME") && shown.contains("kitchen") && shown.contains("A/B"),
            "{shown}"
        );
    }

    #[test]
    fn names_from_elsewhere_cannot_drive_the_terminal() {
        assert_eq!(text(&json!("a\u{1b}[31mb\n")), "a[31mb");
    }

    #[test]
    fn a_thing_is_shown_field_by_field_without_what_is_missing() {
        let shown = lines(&json!({ "id": "dev_1", "type": null, "place": { "path": "A" } }), "");
        assert!(
            shown.contains("id ") && shown.contains("place.path ") && !shown.contains("type"),
            "{shown}"
        );
    }
}
