//! Bytes on the wire and what they say, both ways. Pure: no clock, no store, no lock.
//!
//! Every decoder is bounded in depth and count, refuses NaN, infinities and repeated keys
//! by name, and reports what is wrong with one entry without giving up the others.

mod csv; // time,sensor,value or time,<sensor>,<sensor>…
mod entry; // what one value on the wire says
mod influx; // measurement,tag=… field=… time
mod json; // any JSON, read once, bounded
mod payload; // one value on a sensor's own topic: the hot path
mod plain; // JSON objects of names and values
mod rec; // the RealEstateCore edge message
mod senml; // RFC 8428
mod time; // RFC 3339 quickly, and numbers by magnitude
mod write; // what readers get

use roadstead_model::{BadValue, DeviceId, Timestamp};

pub(crate) use entry::short;
pub use entry::{Entry, EntryError, SensorRef};
pub use influx::Precision;
pub use payload::sensor_payload;
pub use write::{Row, csv_header, csv_row, delivered, ndjson_row, senml_cbor, senml_json};

/// The most entries that one body may hold.
pub const MOST_ENTRIES: usize = 100_000;
/// The most JSON or CBOR items in one body: enough for as many entries of ten fields each.
const MOST_ITEMS: usize = 1_000_000;

/// A way to write measurements down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Any JSON: what it is shows in its first bytes.
    ///
    /// An object with `format` beginning with `rec` and `deviceId` is a RealEstateCore edge
    /// message; an array whose first object has `n` or `bn`, or only SenML's labels, is SenML;
    /// other objects are names and values; on a sensor's own topic a bare value will do.
    Json,
    /// SenML as JSON: `application/senml+json`.
    SenmlJson,
    /// SenML as CBOR: `application/senml+cbor`.
    SenmlCbor,
    /// The RealEstateCore edge message, version 3.
    RecEdge,
    /// Comma-separated values with a header.
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// Influx line protocol, its times in this unit.
    Influx(Precision),
}

impl Format {
    /// Finds the format by the media type of a body; parameters such as `charset` do not matter.
    ///
    /// `text/plain` is Influx line protocol: that is how its clients send it.
    pub fn of_content_type(text: &str) -> Option<Self> {
        let essence = text.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        match essence.as_str() {
            "application/json" => Some(Self::Json),
            "application/senml+json" | "application/sensml+json" => Some(Self::SenmlJson),
            "application/senml+cbor" | "application/sensml+cbor" => Some(Self::SenmlCbor),
            "text/csv" => Some(Self::Csv),
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" => {
                Some(Self::Ndjson)
            }
            "text/plain" => Some(Self::Influx(Precision::Nanoseconds)),
            _ => None,
        }
    }
}

/// What a decoder must know besides the bytes.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The device that the values are of. It comes from the credential, never from the body.
    pub device: DeviceId,
    /// Its name.
    pub device_name: &'a str,
    /// The sensor whose own topic or path the body came by.
    pub sensor: Option<&'a str>,
    /// When the body came: relative times count from here.
    pub arrival: Timestamp,
}

impl Context<'_> {
    /// Whether a text in the body names the device that was authenticated.
    pub(crate) fn is_this_device(&self, text: &str) -> bool {
        text == self.device_name || text.parse() == Ok(self.device)
    }
}

/// Reads a body. What is wrong with the whole is an error; what is wrong with one entry stands
/// at that entry's place.
pub fn decode(
    format: Format,
    body: &[u8],
    context: &Context<'_>,
) -> Result<Vec<Result<Entry, EntryError>>, FormatError> {
    if context.sensor.is_some_and(|own| entry::of_fair_length(own).is_err()) {
        return Err(FormatError::Shape("the topic's sensor must be a name of 1 to 64 characters"));
    }
    let entries = match format {
        Format::Json => decode_json(body, context)?,
        Format::SenmlJson => senml::decode(&json::read(body)?, context)?,
        Format::SenmlCbor => senml::decode(&senml::read_cbor(body)?, context)?,
        Format::RecEdge => rec::decode(&json::read(body)?, context)?,
        Format::Csv => csv::decode(body, context)?,
        Format::Ndjson => plain::decode_lines(body, context)?,
        Format::Influx(precision) => influx::decode(body, precision, context)?,
    };
    if entries.len() > MOST_ENTRIES {
        return Err(FormatError::TooMany { limit: MOST_ENTRIES });
    }
    Ok(entries)
}

fn decode_json(
    body: &[u8],
    context: &Context<'_>,
) -> Result<Vec<Result<Entry, EntryError>>, FormatError> {
    let node = json::read(body)?;
    if rec::looks_like_it(&node) {
        return rec::decode(&node, context);
    }
    if senml::looks_like_it(&node) {
        return senml::decode(&node, context);
    }
    plain::decode(node, context)
}

/// What is wrong with a whole body, and what to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// Not what it says it is.
    #[error("this is not {expected}: {detail}")]
    Unreadable {
        /// The format that was expected.
        expected: &'static str,
        /// Where it fails and how.
        detail: String,
    },
    /// A number that no value can be, where no single entry can be blamed.
    #[error(transparent)]
    Value(#[from] BadValue),
    /// An object that says one thing twice.
    #[error("the key `{0}` stands twice in one object: which one counts? Send it once")]
    RepeatedKey(String),
    /// Nested deeper than any of the formats is.
    #[error("nested more than {limit} deep: no format here needs that")]
    TooDeep {
        /// How deep it may be.
        limit: usize,
    },
    /// Too many entries for one body.
    #[error("a body has at most {limit} values: send several")]
    TooMany {
        /// How many there may be.
        limit: usize,
    },
    /// The body speaks for another device than the one that was authenticated.
    #[error("the body says it is of device `{0}`: a device speaks for itself only")]
    AnotherDevice(String),
    /// A version of a format that is not read here.
    #[error("{format} version `{found}` is not read here: send {known}")]
    Version {
        /// Which format.
        format: &'static str,
        /// The version in the body.
        found: String,
        /// What is read.
        known: &'static str,
    },
    /// The body is of a shape that means nothing here.
    #[error("{0}")]
    Shape(&'static str),
    /// The only entry of the body is wrong.
    #[error(transparent)]
    Entry(#[from] EntryError),
}

#[cfg(test)]
mod tests;
