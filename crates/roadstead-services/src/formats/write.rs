//! What readers get: SenML, CSV, NDJSON, and the JSON of one live measurement.

use std::io::Write as _;

use ciborium::Value as Cbor;
use roadstead_model::{Quality, Reading, Timestamp, Value};

/// One measurement to be written, with the names that a reader knows it by.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The device's name.
    pub device: &'a str,
    /// The sensor's name.
    pub sensor: &'a str,
    /// The sensor's unit; empty if it has none.
    pub unit: &'a str,
    /// When it was measured.
    pub time: Timestamp,
    /// What was measured.
    pub value: &'a Value,
    /// How far it can be trusted.
    pub quality: Quality,
}

/// Writes a live measurement as JSON: `{"time":"…","value":21.5,"unit":"Cel"}`.
///
/// The unit is left out when it is empty, the quality when it is good.
pub fn delivered(out: &mut Vec<u8>, reading: &Reading, unit: &str) {
    out.extend_from_slice(b"{\"time\":\"");
    time(out, reading.time);
    out.extend_from_slice(b"\",\"value\":");
    value(out, &reading.value);
    if !unit.is_empty() {
        out.extend_from_slice(b",\"unit\":");
        text(out, unit);
    }
    if reading.quality != Quality::Good {
        out.extend_from_slice(b",\"quality\":");
        text(out, quality(reading.quality));
    }
    out.push(b'}');
}

/// Writes one line of NDJSON, its line break included.
pub fn ndjson_row(out: &mut Vec<u8>, row: &Row<'_>) {
    out.extend_from_slice(b"{\"device\":");
    text(out, row.device);
    out.extend_from_slice(b",\"sensor\":");
    text(out, row.sensor);
    out.extend_from_slice(b",\"time\":\"");
    time(out, row.time);
    out.extend_from_slice(b"\",\"value\":");
    value(out, row.value);
    out.extend_from_slice(b",\"unit\":");
    text(out, row.unit);
    out.extend_from_slice(b",\"quality\":");
    text(out, quality(row.quality));
    out.extend_from_slice(b"}\n");
}

/// Writes the header of the table that [`csv_row`] fills.
pub fn csv_header(out: &mut Vec<u8>) {
    out.extend_from_slice(b"time,device,sensor,value,unit,quality\r\n");
}

/// Writes one row of a table (RFC 4180).
///
/// A text that a spreadsheet would run as a formula is written behind an apostrophe.
pub fn csv_row(out: &mut Vec<u8>, row: &Row<'_>) {
    time(out, row.time);
    out.push(b',');
    cell(out, row.device);
    out.push(b',');
    cell(out, row.sensor);
    out.push(b',');
    match row.value {
        Value::Text(text) => cell(out, text),
        Value::Number(_) | Value::Flag(_) => value(out, row.value),
    }
    out.push(b',');
    cell(out, row.unit);
    out.push(b',');
    out.extend_from_slice(quality(row.quality).as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Writes a SenML pack as JSON; the base name is the device's, followed by a slash.
pub fn senml_json(rows: &[Row<'_>]) -> Vec<u8> {
    let mut out = vec![b'['];
    let mut base = None;
    for (at, row) in rows.iter().enumerate() {
        out.extend_from_slice(if at == 0 { b"{" } else { b",{" });
        if base != Some(row.device) {
            out.extend_from_slice(b"\"bn\":");
            text(&mut out, &format!("{}/", row.device));
            out.push(b',');
            base = Some(row.device);
        }
        out.extend_from_slice(b"\"n\":");
        text(&mut out, row.sensor);
        if !row.unit.is_empty() {
            out.extend_from_slice(b",\"u\":");
            text(&mut out, row.unit);
        }
        out.extend_from_slice(b",\"t\":");
        number(&mut out, seconds(row.time));
        out.extend_from_slice(match row.value {
            Value::Number(_) => b",\"v\":",
            Value::Flag(_) => b",\"vb\":",
            Value::Text(_) => b",\"vs\":",
        });
        value(&mut out, row.value);
        out.push(b'}');
    }
    out.push(b']');
    out
}

/// Writes a SenML pack as CBOR; the base name is the device's, followed by a slash.
pub fn senml_cbor(rows: &[Row<'_>]) -> Vec<u8> {
    let label = |number: i32| Cbor::Integer(number.into());
    let mut base = None;
    let records = rows.iter().map(|row| {
        let mut record = Vec::with_capacity(5);
        if base != Some(row.device) {
            record.push((label(-2), Cbor::Text(format!("{}/", row.device))));
            base = Some(row.device);
        }
        record.push((label(0), Cbor::Text(row.sensor.to_owned())));
        if !row.unit.is_empty() {
            record.push((label(1), Cbor::Text(row.unit.to_owned())));
        }
        record.push((label(6), Cbor::Float(seconds(row.time))));
        record.push(match row.value {
            Value::Number(number) => (label(2), Cbor::Float(*number)),
            Value::Text(text) => (label(3), Cbor::Text(text.to_string())),
            Value::Flag(flag) => (label(4), Cbor::Bool(*flag)),
        });
        Cbor::Map(record)
    });
    let pack = Cbor::Array(records.collect());
    let mut out = Vec::new();
    ciborium::into_writer(&pack, &mut out).expect("memory takes every byte");
    out
}

/// Seconds since the epoch; exact to the microsecond until the year 2242.
#[expect(clippy::cast_precision_loss, reason = "2^53 microseconds last until the year 2255")]
fn seconds(time: Timestamp) -> f64 {
    time.micros() as f64 / 1e6
}

fn time(out: &mut Vec<u8>, time: Timestamp) {
    write!(out, "{time}").expect("memory takes every byte");
}

fn value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Number(found) => number(out, *found),
        Value::Flag(flag) => out.extend_from_slice(if *flag { b"true" } else { b"false" }),
        Value::Text(found) => text(out, found),
    }
}

/// A finite number in the fewest digits that read back as the same one; a whole one without `.0`.
fn number(out: &mut Vec<u8>, number: f64) {
    let mut buffer = ryu::Buffer::new();
    let digits = buffer.format_finite(number);
    out.extend_from_slice(digits.strip_suffix(".0").unwrap_or(digits).as_bytes());
}

fn text(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("memory takes every byte");
}

const fn quality(quality: Quality) -> &'static str {
    match quality {
        Quality::Good => "good",
        Quality::Estimated => "estimated",
        Quality::Quarantined => "quarantined",
    }
}

/// Quotes a cell where it must be, and takes a formula its power.
fn cell(out: &mut Vec<u8>, text: &str) {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let quoted = text.contains(['"', ',', '\n', '\r']);
    let mark = if formula { "'" } else { "" };
    if quoted {
        out.push(b'"');
        out.extend_from_slice(mark.as_bytes());
        out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(mark.as_bytes());
        out.extend_from_slice(text.as_bytes());
    }
}

#[cfg(test)]
mod tests;
