//! Comma-separated values, long or wide.
//!
//! Long: a header with `sensor` and `value`, and perhaps `time`, `unit` and `quality`, in any
//! order. Wide: `time` and one column for each sensor; an empty cell is no value. A cell that
//! reads as a number is one, `true` and `false` are flags, anything else is a text.

use csv::{ReaderBuilder, StringRecord};
use roadstead_model::{BadTime, Quality, Timestamp, Value};

use super::entry::{of_fair_length, unit_of};
use super::plain::quality_of;
use super::{Context, Entry, EntryError, FormatError, MOST_ENTRIES, SensorRef, time};

/// More columns than any device has sensors.
const MOST_COLUMNS: usize = 1_000;

type Entries = Vec<Result<Entry, EntryError>>;

/// Reads a table.
pub(super) fn decode(body: &[u8], context: &Context<'_>) -> Result<Entries, FormatError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let mut reader = ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(body);
    let header = reader.headers().map_err(|error| unreadable(&error))?.clone();
    let table = Table::of(&header, context)?;
    let mut entries = Vec::new();
    for row in reader.records() {
        match row {
            Ok(row) => table.row(&row, &mut entries),
            Err(error) if error.is_io_error() => return Err(unreadable(&error)),
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                entries.push(Err(at_line(line, "not UTF-8")));
            }
        }
        if entries.len() > MOST_ENTRIES {
            return Err(FormatError::TooMany { limit: MOST_ENTRIES });
        }
    }
    Ok(entries)
}

/// Which column is what.
enum Table {
    Long { time: Option<usize>, sensor: Sensor, value: usize, rest: Rest },
    Wide { time: usize, sensors: Vec<(usize, Box<str>)> },
}

enum Sensor {
    Column(usize),
    Own(Box<str>),
}

struct Rest {
    unit: Option<usize>,
    quality: Option<usize>,
}

impl Table {
    fn of(header: &StringRecord, context: &Context<'_>) -> Result<Self, FormatError> {
        let names: Vec<&str> = header.iter().collect();
        if names.len() > MOST_COLUMNS {
            return Err(FormatError::Shape("a table has at most 1,000 columns: send several"));
        }
        for (at, name) in names.iter().enumerate() {
            of_fair_length(name)?;
            if names[..at].contains(name) {
                return Err(FormatError::RepeatedKey((*name).to_owned()));
            }
        }
        let column = |wanted| names.iter().position(|name| *name == wanted);
        let sensor = match (column("sensor"), context.sensor) {
            (Some(column), _) => Some(Sensor::Column(column)),
            (None, Some(own)) => Some(Sensor::Own(own.into())),
            (None, None) => None,
        };
        match (sensor, column("value"), column("time")) {
            (Some(sensor), Some(value), time) => {
                let rest = Rest { unit: column("unit"), quality: column("quality") };
                Ok(Self::Long { time, sensor, value, rest })
            }
            (None, _, Some(time)) => {
                let others = names.iter().enumerate().filter(|(at, _)| *at != time);
                let sensors = others.map(|(at, name)| (at, Box::from(*name))).collect();
                Ok(Self::Wide { time, sensors })
            }
            _ => Err(FormatError::Shape(
                "the first line must be `time,sensor,value` or `time,` and the sensors' names",
            )),
        }
    }

    fn row(&self, row: &StringRecord, entries: &mut Entries) {
        let cell = |at: usize| row.get(at).unwrap_or_default();
        let line = row.position().map_or(0, csv::Position::line);
        match self {
            Self::Long { time, sensor, value, rest } => {
                let sensor = match sensor {
                    Sensor::Column(at) => cell(*at),
                    Sensor::Own(own) => own,
                };
                let texts = (time.map_or("", cell), sensor, cell(*value));
                let unit = rest.unit.map_or("", cell);
                let quality = rest.quality.map(cell).filter(|quality| !quality.is_empty());
                let entry = quality.map_or(Ok(Quality::Good), quality_of).and_then(|quality| {
                    Ok(Entry { unit: unit_of(unit)?, quality, ..read(texts)? })
                });
                entries.push(entry.map_err(|error| in_line(line, error)));
            }
            Self::Wide { time, sensors } => {
                for (at, sensor) in sensors.iter().take_while(|(at, _)| *at < row.len()) {
                    if !cell(*at).is_empty() {
                        let entry = read((cell(*time), sensor, cell(*at)));
                        entries.push(entry.map_err(|error| in_line(line, error)));
                    }
                }
            }
        }
    }
}

fn read((time, sensor, value): (&str, &str, &str)) -> Result<Entry, EntryError> {
    if sensor.is_empty() {
        return Err(EntryError::NoSensor);
    }
    let time = time_of(time)?;
    let value = value_of(value)?;
    let sensor = SensorRef::read(sensor);
    Ok(Entry { sensor, time, value, unit: None, quality: Quality::Good })
}

fn time_of(text: &str) -> Result<Option<Timestamp>, BadTime> {
    if text.is_empty() {
        return Ok(None);
    }
    if let Ok(whole) = text.parse() {
        return time::by_magnitude(whole).map(Some);
    }
    match text.parse() {
        Ok(number) => time::by_magnitude_with_fraction(number).map(Some),
        Err(_) => time::rfc3339(text).map(Some),
    }
}

fn value_of(text: &str) -> Result<Value, EntryError> {
    match text {
        "" => Err(EntryError::NoValue),
        "true" => Ok(Value::Flag(true)),
        "false" => Ok(Value::Flag(false)),
        // Rust also reads `NaN`, `inf` and `infinity`: these are then refused by name.
        _ => Ok(text.parse().map_or_else(|_| Value::text(text), Value::number)?),
    }
}

fn in_line(line: u64, error: EntryError) -> EntryError {
    match error {
        line @ EntryError::Line { .. } => line,
        error => at_line(line, &error.to_string()),
    }
}

fn at_line(line: u64, detail: &str) -> EntryError {
    EntryError::Line { line: usize::try_from(line).unwrap_or(0), detail: detail.into() }
}

fn unreadable(error: &csv::Error) -> FormatError {
    FormatError::Unreadable { expected: "CSV", detail: error.to_string() }
}

#[cfg(test)]
mod tests;
