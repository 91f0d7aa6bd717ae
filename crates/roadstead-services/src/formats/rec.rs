//! The RealEstateCore edge message, version 3.
//!
//! `{"format":"rec3.3","deviceId":"…","observations":[{"observationTime":"…","value":21.5,
//! "sensorId":"…"}]}`. The body's `deviceId` must be the authenticated device's name or id.

use roadstead_model::{Quality, Value};

use super::entry::short;
use super::json::Node;
use super::{Context, Entry, EntryError, FormatError, MOST_ENTRIES, SensorRef};

type Entries = Vec<Result<Entry, EntryError>>;

/// Whether a tree of JSON says of itself that it is an edge message.
pub(super) fn looks_like_it(node: &Node<'_>) -> bool {
    let format = field(node, "format").and_then(Node::text);
    format.is_some_and(|format| format.starts_with("rec")) && field(node, "deviceId").is_some()
}

/// Reads an edge message.
pub(super) fn decode(node: &Node<'_>, context: &Context<'_>) -> Result<Entries, FormatError> {
    if !matches!(node, Node::Object(_)) {
        return Err(FormatError::Shape("an edge message is an object"));
    }
    let format = field(node, "format").and_then(Node::text).unwrap_or_default();
    if !format.starts_with("rec3.") {
        let found = format.chars().take(20).collect();
        return Err(FormatError::Version {
            format: "edge message",
            found,
            known: "rec3.0 to rec3.3",
        });
    }
    let device = field(node, "deviceId").and_then(Node::text).unwrap_or_default();
    if !context.is_this_device(device) {
        return Err(FormatError::AnotherDevice(device.chars().take(80).collect()));
    }
    let mut entries = observations(node, context)?;
    entries.extend(not_taken(node).map(|reason| Err(EntryError::NotTaken(reason))));
    Ok(entries)
}

fn observations(message: &Node<'_>, context: &Context<'_>) -> Result<Entries, FormatError> {
    match field(message, "observations") {
        None | Some(Node::Null) => Ok(Vec::new()),
        Some(Node::List(list)) if list.len() > MOST_ENTRIES => {
            Err(FormatError::TooMany { limit: MOST_ENTRIES })
        }
        Some(Node::List(list)) => Ok(list.iter().map(|node| observation(node, context)).collect()),
        Some(_) => Err(FormatError::Shape("`observations` must be an array")),
    }
}

/// The parts of an edge message that are no measurements. They are named, not passed over.
fn not_taken(message: &Node<'_>) -> impl Iterator<Item = &'static str> {
    let parts = [
        ("actuationCommands", "`actuationCommands` are not taken from a device"),
        ("actuationResponses", "`actuationResponses` are not taken here: only observations are"),
        ("exceptions", "`exceptions` are not taken here: only observations are"),
    ];
    let filled = |name| matches!(field(message, name), Some(Node::List(list)) if !list.is_empty());
    parts.into_iter().filter(move |(name, _)| filled(name)).map(|(_, reason)| reason)
}

fn observation(node: &Node<'_>, context: &Context<'_>) -> Result<Entry, EntryError> {
    let wrong = |name: &str, expected| EntryError::Type { field: name.into(), expected };
    let time = match field(node, "observationTime") {
        None | Some(Node::Null) => None,
        Some(time) => Some(time.time()?),
    };
    let number = field(node, "value").map(|node| match node {
        Node::Number(number, _) => Ok(Value::number(*number)?),
        _ => Err(wrong("value", "a number")),
    });
    let text = field(node, "valueString").map(|node| match node {
        Node::Text(text) => Ok(Value::text(text)?),
        _ => Err(wrong("valueString", "a text")),
    });
    let flag = field(node, "valueBoolean").map(|node| match node {
        Node::Flag(flag) => Ok(Value::Flag(*flag)),
        _ => Err(wrong("valueBoolean", "true or false")),
    });
    let mut values = [number, text, flag].into_iter().flatten();
    let value = values.next().ok_or(EntryError::NoValue)??;
    if values.next().is_some() {
        return Err(EntryError::SeveralValues);
    }
    let named = field(node, "sensorId").and_then(Node::text).filter(|text| !text.is_empty());
    let sensor = match (named, context.sensor) {
        (None, None) => return Err(EntryError::NoSensor),
        (Some(named), Some(own)) if named != own => {
            return Err(EntryError::AnotherSensor { own: own.into(), named: short(named) });
        }
        (Some(sensor), _) | (None, Some(sensor)) => SensorRef::read(sensor),
    };
    Ok(Entry { sensor, time, value, unit: None, quality: Quality::Good })
}

fn field<'n, 'a>(node: &'n Node<'a>, name: &str) -> Option<&'n Node<'a>> {
    let Node::Object(fields) = node else { return None };
    fields.iter().find(|(key, _)| key == name).map(|(_, node)| node)
}

#[cfg(test)]
mod tests;
