//! JSON objects of names and values, in arrays, line by line, or a bare value.
//!
//! `{"temperature":21.5,"humidity":40,"time":"…"}`: each key but `time` is a sensor.
//! `{"sensor":"temperature","value":21.5,"time":"…"}`: one value, its sensor named as a text.
//! `{"ts":1763720000000,"values":{"temperature":21.5}}`: the same with its time, as ThingsBoard has it.
//! On a sensor's own topic: `{"time":"…","value":21.5}` (also `t` and `v`), or the value alone.
//! Times are RFC 3339, or seconds, milli-, micro- or nanoseconds since 1970, told by their size.

use std::borrow::Cow;

use roadstead_model::{Quality, Timestamp, Value};

use super::entry::{short, unit_of};
use super::json::{self, Node};
use super::{Context, Entry, EntryError, FormatError, MOST_ENTRIES, SensorRef};

type Entries = Vec<Result<Entry, EntryError>>;
type Field<'a> = (Cow<'a, str>, Node<'a>);

/// Reads a tree of JSON.
pub(super) fn decode(node: Node<'_>, context: &Context<'_>) -> Result<Entries, FormatError> {
    let mut entries = Vec::new();
    match node {
        Node::List(nodes) => {
            for node in nodes {
                one(node, context, &mut entries);
                if entries.len() > MOST_ENTRIES {
                    return Err(FormatError::TooMany { limit: MOST_ENTRIES });
                }
            }
        }
        Node::Null | Node::Flag(_) | Node::Number(..) | Node::Text(_)
            if context.sensor.is_none() =>
        {
            return Err(FormatError::Shape(
                "a bare value names no sensor: send {\"name\": value}, or use the sensor's own topic",
            ));
        }
        node => one(node, context, &mut entries),
    }
    Ok(entries)
}

/// Reads one JSON text a line. A line that cannot be read is one wrong entry.
pub(super) fn decode_lines(body: &[u8], context: &Context<'_>) -> Result<Entries, FormatError> {
    let mut entries = Vec::new();
    for (number, line) in body.split(|byte| *byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        match json::read(line) {
            Ok(node) => one(node, context, &mut entries),
            Err(error) => {
                let detail = error.to_string().into();
                entries.push(Err(EntryError::Line { line: number + 1, detail }));
            }
        }
        if entries.len() > MOST_ENTRIES {
            return Err(FormatError::TooMany { limit: MOST_ENTRIES });
        }
    }
    Ok(entries)
}

fn one(node: Node<'_>, context: &Context<'_>, entries: &mut Entries) {
    match (node, context.sensor) {
        (Node::Object(fields), Some(own)) => entries.push(own_topic(&fields, own)),
        (Node::Object(fields), None) if is_long(&fields) => entries.push(long(&fields)),
        (Node::Object(fields), None) => {
            if let Some((time, values)) = stamped(&fields) {
                return wide(Some(time), values.iter(), entries);
            }
            let time = fields.iter().find(|(key, _)| key == "time").map(|(_, node)| node);
            wide(time, fields.iter().filter(|(key, _)| key != "time"), entries);
        }
        (node, Some(own)) => {
            let read = said(None, &[(Cow::Borrowed("value"), node)]);
            entries.push(read.map(|said| said.of(SensorRef::read(own))));
        }
        (_, None) => entries.push(Err(EntryError::NoSensor)),
    }
}

/// `{"sensor":"…","value":…}` and nothing that could be another sensor.
fn is_long(fields: &[Field<'_>]) -> bool {
    let names = |wanted| fields.iter().any(|(key, node)| key == wanted && node.text().is_some());
    names("sensor") && fields.iter().any(|(key, _)| key == "value" || key == "v")
}

fn long(fields: &[Field<'_>]) -> Result<Entry, EntryError> {
    let sensor = fields.iter().find(|(key, _)| key == "sensor").and_then(|(_, node)| node.text());
    let sensor = sensor.filter(|text| !text.is_empty()).ok_or(EntryError::NoSensor)?;
    Ok(said(Some("sensor"), fields)?.of(SensorRef::read(sensor)))
}

fn own_topic(fields: &[Field<'_>], own: &str) -> Result<Entry, EntryError> {
    let named = fields.iter().find(|(key, _)| key == "sensor").map(|(_, node)| node);
    if let Some(named) = named.and_then(Node::text)
        && named != own
    {
        return Err(EntryError::AnotherSensor { own: own.into(), named: short(named) });
    }
    Ok(said(Some("sensor"), fields)?.of(SensorRef::read(own)))
}

/// `{"ts":1763720000000,"values":{…}}` and nothing else, as ThingsBoard's devices send it.
fn stamped<'a>(fields: &'a [Field<'a>]) -> Option<(&'a Node<'a>, &'a [Field<'a>])> {
    let [one, other] = fields else { return None };
    match if one.0 == "ts" { (one, other) } else { (other, one) } {
        ((ts, time), (values, Node::Object(inner))) if ts == "ts" && values == "values" => {
            Some((time, inner))
        }
        _ => None,
    }
}

/// `{"temperature":21.5,"humidity":40}`, all of one time.
fn wide<'a>(
    time: Option<&Node<'a>>,
    sensors: impl Iterator<Item = &'a Field<'a>>,
    entries: &mut Entries,
) {
    let time = time.map(Node::time).transpose().map_err(EntryError::from);
    let before = entries.len();
    for (key, node) in sensors.take(MOST_ENTRIES + 1) {
        let value = match node.value() {
            Some(value) => value.map_err(EntryError::from),
            None if *node == Node::Null => Err(EntryError::NoValue),
            None => {
                let expected = "a number, true, false or a text";
                Err(EntryError::Type { field: short(key), expected })
            }
        };
        let sensor = SensorRef::read(key);
        entries.push(time.clone().and_then(|time| {
            let quality = Quality::Good;
            Ok(Entry { sensor, time, value: value?, unit: None, quality })
        }));
    }
    if entries.len() == before {
        entries.push(Err(EntryError::NoValue));
    }
}

/// What an object about one sensor says.
pub(super) struct Said {
    pub time: Option<Timestamp>,
    pub value: Value,
    pub unit: Option<Box<str>>,
    pub quality: Quality,
}

impl Said {
    fn of(self, sensor: SensorRef) -> Entry {
        let Self { time, value, unit, quality } = self;
        Entry { sensor, time, value, unit, quality }
    }
}

/// Reads `time`, `value`, `unit` and `quality`; `named` is one more field that may stand there.
pub(super) fn said(named: Option<&str>, fields: &[Field<'_>]) -> Result<Said, EntryError> {
    let (mut time, mut value, mut unit, mut quality) = (None, None, None, Quality::Good);
    for (key, node) in fields {
        match key.as_ref() {
            "time" | "t" => {
                if time.replace(node.time()?).is_some() {
                    return Err(wrong("time", "there once, as `time` or as `t`"));
                }
            }
            "value" | "v" => {
                let found = node.value().ok_or_else(|| match node {
                    Node::Null => EntryError::NoValue,
                    _ => wrong(key, "a number, true, false or a text"),
                })?;
                if value.replace(found?).is_some() {
                    return Err(EntryError::SeveralValues);
                }
            }
            "unit" => unit = unit_of(node.text().ok_or_else(|| wrong("unit", "a text"))?)?,
            "quality" => quality = quality_of(node.text().unwrap_or_default())?,
            other if Some(other) == named => {}
            other => return Err(EntryError::UnknownField(short(other))),
        }
    }
    Ok(Said { time, value: value.ok_or(EntryError::NoValue)?, unit, quality })
}

/// Reads what a sender may say of quality; to quarantine is for the server.
pub(super) fn quality_of(text: &str) -> Result<Quality, EntryError> {
    match text {
        "good" => Ok(Quality::Good),
        "estimated" => Ok(Quality::Estimated),
        _ => Err(wrong("quality", "`good` or `estimated`")),
    }
}

fn wrong(field: &str, expected: &'static str) -> EntryError {
    EntryError::Type { field: field.into(), expected }
}
