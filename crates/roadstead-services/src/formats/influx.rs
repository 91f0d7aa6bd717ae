//! Influx line protocol: `measurement,tag=… field=1.5,other=2i 1700000000000000000`.
//!
//! A field called `value` is a sensor of the measurement's name; any other is a sensor
//! `measurement.field`. Tags are passed over: which device speaks is known from its credential.

use std::str::FromStr;

use roadstead_model::{BadTime, Quality, Timestamp, Value};

use super::entry::{of_fair_length, short};
use super::{Context, Entry, EntryError, FormatError, MOST_ENTRIES, SensorRef};

type Entries = Vec<Result<Entry, EntryError>>;

/// The unit of the times in line protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// As the protocol has it when nothing is said.
    #[default]
    Nanoseconds,
    /// Microseconds.
    Microseconds,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
}

impl FromStr for Precision {
    type Err = FormatError;

    /// Reads what clients of both versions of the protocol send: `ns`, `n`, `us`, `u`, `ms`, `s`.
    fn from_str(text: &str) -> Result<Self, FormatError> {
        match text {
            "ns" | "n" => Ok(Self::Nanoseconds),
            "us" | "u" | "µs" => Ok(Self::Microseconds),
            "ms" => Ok(Self::Milliseconds),
            "s" => Ok(Self::Seconds),
            _ => Err(FormatError::Shape("the precision must be ns, us, ms or s")),
        }
    }
}

impl Precision {
    fn time(self, number: i64) -> Result<Timestamp, BadTime> {
        let micros = match self {
            Self::Nanoseconds => Some(number.div_euclid(1_000)),
            Self::Microseconds => Some(number),
            Self::Milliseconds => number.checked_mul(1_000),
            Self::Seconds => number.checked_mul(1_000_000),
        };
        Timestamp::from_micros(micros.ok_or(BadTime)?)
    }
}

/// Reads lines. Empty ones and those that begin with `#` are passed over.
pub(super) fn decode(
    body: &[u8],
    precision: Precision,
    context: &Context<'_>,
) -> Result<Entries, FormatError> {
    let text = str::from_utf8(body).map_err(|error| FormatError::Unreadable {
        expected: "line protocol",
        detail: error.to_string(),
    })?;
    let mut entries = Vec::new();
    let mut lines = Lines { rest: text, number: 0 };
    while let Some((number, line)) = lines.next() {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let before = entries.len();
        if let Err(error) = read_line(line, precision, context, &mut entries) {
            entries.truncate(before);
            entries.push(Err(EntryError::Line { line: number, detail: error.to_string().into() }));
        }
        if entries.len() > MOST_ENTRIES {
            return Err(FormatError::TooMany { limit: MOST_ENTRIES });
        }
    }
    Ok(entries)
}

/// Lines, where a line break inside a quoted text does not end one.
struct Lines<'a> {
    rest: &'a str,
    number: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<(usize, &'a str)> {
        if self.rest.is_empty() {
            return None;
        }
        let begin = self.number + 1;
        let (mut quoted, mut escaped, mut in_fields) = (false, false, false);
        let comment = self.rest.trim_start_matches([' ', '\t']).starts_with('#');
        for (at, byte) in self.rest.bytes().enumerate() {
            match byte {
                b'\n' if !quoted => {
                    let line = &self.rest[..at];
                    self.rest = &self.rest[at + 1..];
                    self.number += 1;
                    return Some((begin, line));
                }
                b'\n' => self.number += 1,
                b' ' if !escaped => in_fields = true,
                b'"' if in_fields && !escaped && !comment => quoted = !quoted,
                _ => {}
            }
            escaped = byte == b'\\' && !escaped;
        }
        Some((begin, std::mem::take(&mut self.rest)))
    }
}

fn read_line(
    line: &str,
    precision: Precision,
    context: &Context<'_>,
    entries: &mut Entries,
) -> Result<(), EntryError> {
    let (key, rest) = split(line, b' ');
    let (fields, time) = split(rest.unwrap_or_default().trim_start(), b' ');
    if fields.is_empty() {
        return Err(EntryError::NoValue);
    }
    let (measurement, _tags) = split(key, b',');
    let measurement = unescaped(of_fair_length(measurement)?);
    let time = match time.map(str::trim).filter(|time| !time.is_empty()) {
        None => None,
        Some(time) => Some(precision.time(time.parse().map_err(|_| BadTime)?)?),
    };
    let mut rest = Some(fields);
    while let Some(fields) = rest.filter(|_| entries.len() <= MOST_ENTRIES) {
        let (field, others) = split(fields, b',');
        rest = others;
        entries.push(read_field(field, &measurement, context).map(|(sensor, value)| Entry {
            sensor,
            time,
            value,
            unit: None,
            quality: Quality::Good,
        }));
    }
    Ok(())
}

fn read_field(
    field: &str,
    measurement: &str,
    context: &Context<'_>,
) -> Result<(SensorRef, Value), EntryError> {
    let (name, value) = split(field, b'=');
    let (name, value) = (unescaped(name), value.ok_or(EntryError::NoValue)?);
    let sensor =
        if name == "value" { measurement.to_owned() } else { format!("{measurement}.{name}") };
    if measurement.is_empty() || name.is_empty() {
        return Err(EntryError::NoSensor);
    }
    match context.sensor {
        Some(own) if own != sensor => {
            Err(EntryError::AnotherSensor { own: own.into(), named: short(&sensor) })
        }
        _ => Ok((SensorRef::read(&sensor), read_value(value)?)),
    }
}

fn read_value(text: &str) -> Result<Value, EntryError> {
    match text {
        "t" | "T" | "true" | "True" | "TRUE" => return Ok(Value::Flag(true)),
        "f" | "F" | "false" | "False" | "FALSE" => return Ok(Value::Flag(false)),
        _ => {}
    }
    if let Some(quoted) = text.strip_prefix('"') {
        let inside =
            quoted.strip_suffix('"').ok_or_else(|| wrong("a text that ends in a quote"))?;
        return Ok(Value::text(&unquoted(inside))?);
    }
    let whole = |digits: &str| -> Result<f64, EntryError> {
        digits.parse().map_err(|_| wrong("a whole number before its `i` or `u`"))
    };
    let signed = text.strip_suffix('i').filter(|digits| digits.parse::<i64>().is_ok());
    let unsigned = text.strip_suffix('u').filter(|digits| digits.parse::<u64>().is_ok());
    let number = match signed.or(unsigned) {
        Some(digits) => whole(digits)?,
        None => text.parse().map_err(|_| wrong("a number, a flag or a text in double quotes"))?,
    };
    Ok(Value::number(number)?)
}

fn wrong(expected: &'static str) -> EntryError {
    EntryError::Type { field: "value".into(), expected }
}

/// Cuts at the first mark that is neither escaped nor inside a quoted field value.
fn split(text: &str, mark: u8) -> (&str, Option<&str>) {
    let (mut escaped, mut quoted, mut last) = (false, false, b' ');
    for (at, byte) in text.bytes().enumerate() {
        if byte == mark && !escaped && !quoted {
            return (&text[..at], Some(&text[at + 1..]));
        }
        if byte == b'"' && !escaped && (quoted || last == b'=') {
            quoted = !quoted;
        }
        escaped = byte == b'\\' && !escaped;
        last = byte;
    }
    (text, None)
}

/// A backslash before a comma, an equals sign or a space takes its meaning; elsewhere it stays.
fn unescaped(text: &str) -> String {
    without_backslash_before(text, &[',', '=', ' '])
}

/// Inside quotes a backslash stands only before a quote or another backslash.
fn unquoted(text: &str) -> String {
    without_backslash_before(text, &['"', '\\'])
}

fn without_backslash_before(text: &str, marks: &[char]) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match rest.peek() {
            Some(next) if c == '\\' && marks.contains(next) => {
                plain.push(*next);
                rest.next();
            }
            _ => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests;
