//! Rows as files: CSV, NDJSON, Arrow IPC and Parquet, all from the same columns.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
    UInt64Array,
};
use arrow_schema::{ArrowError, DataType, Field, Schema, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use roadstead_model::{Measurement, Timestamp, Value};
use roadstead_services::SensorPlace;
use roadstead_services::history::Series;

use super::ask::Shape;
use crate::problem::Problem;

/// A column's cells.
enum Cells {
    Time(Vec<i64>),
    Text(Vec<Option<String>>),
    Number(Vec<Option<f64>>),
    Flag(Vec<Option<bool>>),
    Integer(Vec<u64>),
}

/// Rows, column by column.
pub(super) struct Table {
    columns: Vec<(&'static str, Cells)>,
    length: usize,
}

impl Table {
    /// Whole measurements, sources included.
    pub(super) fn of_measurements(rows: &[Measurement], places: &[Arc<SensorPlace>]) -> Self {
        let place =
            |row: &Measurement| places.iter().find(|place| place.sensor.id == row.reading.sensor);
        let text = |say: &dyn Fn(&Measurement) -> String| {
            Cells::Text(rows.iter().map(|row| Some(say(row))).collect())
        };
        let named = |say: &dyn Fn(&SensorPlace) -> String| {
            Cells::Text(rows.iter().map(|row| place(row).map(|place| say(place))).collect())
        };
        let number = |row: &Measurement| match row.reading.value {
            Value::Number(number) => Some(number),
            Value::Flag(_) | Value::Text(_) => None,
        };
        let flag = |row: &Measurement| match row.reading.value {
            Value::Flag(flag) => Some(flag),
            Value::Number(_) | Value::Text(_) => None,
        };
        let words = |row: &Measurement| match &row.reading.value {
            Value::Text(text) => Some(text.to_string()),
            Value::Number(_) | Value::Flag(_) => None,
        };
        let columns = vec![
            ("time", Cells::Time(rows.iter().map(|row| row.reading.time.micros()).collect())),
            ("device", named(&|place| place.device.to_string())),
            ("sensor", named(&|place| place.sensor.shape.name.to_string())),
            ("number", Cells::Number(rows.iter().map(number).collect())),
            ("flag", Cells::Flag(rows.iter().map(flag).collect())),
            ("text", Cells::Text(rows.iter().map(words).collect())),
            ("unit", named(&|place| place.sensor.shape.unit.clone())),
            ("quality", text(&|row| format!("{:?}", row.reading.quality).to_lowercase())),
            ("sensor_id", text(&|row| row.reading.sensor.to_string())),
            ("principal", text(&|row| row.source.principal.to_string())),
            ("credential", text(&|row| row.source.credential.to_string())),
            ("arrival", Cells::Time(rows.iter().map(|row| row.arrival.micros()).collect())),
            ("position", Cells::Integer(rows.iter().map(|row| row.position.0).collect())),
        ];
        Self { columns, length: rows.len() }
    }

    /// Curves, one sensor after the other.
    pub(super) fn of_curves(series: &[Series], places: &[Arc<SensorPlace>]) -> Self {
        let length = series.iter().map(|series| series.times.len()).sum();
        let named = |say: &dyn Fn(&SensorPlace) -> String| {
            let each = series.iter().zip(places);
            let cells = each.flat_map(|(series, place)| vec![Some(say(place)); series.times.len()]);
            Cells::Text(cells.collect())
        };
        let times = series.iter().flat_map(|series| series.times.iter().copied()).collect();
        let mut columns = vec![
            ("time", Cells::Time(times)),
            ("device", named(&|place| place.device.to_string())),
            ("sensor", named(&|place| place.sensor.shape.name.to_string())),
        ];
        let count = series.first().map_or(0, |series| series.columns.len());
        for at in 0..count {
            let numbers =
                series.iter().flat_map(|series| series.columns[at].numbers.iter().copied());
            columns.push((series[0].columns[at].name, Cells::Number(numbers.map(Some).collect())));
        }
        columns.push(("unit", named(&|place| place.sensor.shape.unit.clone())));
        columns.push(("sensor_id", named(&|place| place.sensor.id.to_string())));
        Self { columns, length }
    }

    /// Writes the rows as a file.
    pub(super) fn write(&self, shape: Shape) -> Result<Vec<u8>, Problem> {
        match shape {
            Shape::Json => {
                serde_json::to_vec(&self.rows()).map_err(|error| Problem::internal(&error))
            }
            Shape::Csv => self.csv().map_err(|error| Problem::internal(&error)),
            Shape::Ndjson => Ok(self.ndjson()),
            Shape::Arrow => self.arrow().map_err(|error| Problem::internal(&error)),
            Shape::Parquet => self.parquet().map_err(|error| Problem::internal(&error)),
        }
    }

    /// Rows as JSON objects; an empty cell is left out.
    fn rows(&self) -> Vec<serde_json::Map<String, serde_json::Value>> {
        let row = |at| {
            let filled = self.columns.iter().filter_map(|(name, cells)| {
                let cell = cells.json(at);
                (!cell.is_null()).then(|| ((*name).to_owned(), cell))
            });
            filled.collect()
        };
        (0..self.length).map(row).collect()
    }

    fn ndjson(&self) -> Vec<u8> {
        let lines =
            self.rows().into_iter().map(|row| format!("{}\n", serde_json::Value::Object(row)));
        lines.collect::<String>().into_bytes()
    }

    /// CSV as of RFC 4180. A text that a spreadsheet would run as a formula is put behind a `'`.
    fn csv(&self) -> Result<Vec<u8>, csv::Error> {
        let mut writer =
            csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        writer.write_record(self.columns.iter().map(|(name, _)| *name))?;
        for at in 0..self.length {
            writer.write_record(self.columns.iter().map(|(_, cells)| cells.plain(at)))?;
        }
        writer.into_inner().map_err(|error| error.into_error().into())
    }

    fn arrow(&self) -> Result<Vec<u8>, ArrowError> {
        let batch = self.batch()?;
        let mut writer = arrow_ipc::writer::StreamWriter::try_new(Vec::new(), &batch.schema())?;
        writer.write(&batch)?;
        writer.finish()?;
        writer.into_inner()
    }

    fn parquet(&self) -> Result<Vec<u8>, ParquetError> {
        let batch = self.batch()?;
        let packed = Compression::ZSTD(ZstdLevel::default());
        let properties = WriterProperties::builder().set_compression(packed).build();
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties))?;
        writer.write(&batch)?;
        writer.into_inner()
    }

    fn batch(&self) -> Result<RecordBatch, ArrowError> {
        let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let fields = self.columns.iter().map(|(name, cells)| match cells {
            Cells::Time(_) => Field::new(*name, utc.clone(), false),
            Cells::Text(_) => Field::new(*name, DataType::Utf8, true),
            Cells::Number(_) => Field::new(*name, DataType::Float64, true),
            Cells::Flag(_) => Field::new(*name, DataType::Boolean, true),
            Cells::Integer(_) => Field::new(*name, DataType::UInt64, false),
        });
        let schema = Schema::new(fields.collect::<Vec<_>>());
        let arrays = self.columns.iter().map(|(_, cells)| cells.array());
        RecordBatch::try_new(Arc::new(schema), arrays.collect())
    }
}

impl Cells {
    fn array(&self) -> ArrayRef {
        match self {
            Self::Time(cells) => {
                Arc::new(TimestampMicrosecondArray::from(cells.clone()).with_timezone("UTC"))
            }
            Self::Text(cells) => Arc::new(StringArray::from(cells.clone())),
            Self::Number(cells) => Arc::new(Float64Array::from(cells.clone())),
            Self::Flag(cells) => Arc::new(BooleanArray::from(cells.clone())),
            Self::Integer(cells) => Arc::new(UInt64Array::from(cells.clone())),
        }
    }

    fn json(&self, at: usize) -> serde_json::Value {
        match self {
            Self::Time(cells) => time(cells[at]).into(),
            Self::Text(cells) => cells[at].clone().into(),
            Self::Number(cells) => cells[at].into(),
            Self::Flag(cells) => cells[at].into(),
            Self::Integer(cells) => cells[at].into(),
        }
    }

    fn plain(&self, at: usize) -> String {
        match self {
            Self::Time(cells) => time(cells[at]),
            Self::Text(cells) => cells[at].as_deref().map(no_formula).unwrap_or_default(),
            Self::Number(cells) => cells[at].map(|number| number.to_string()).unwrap_or_default(),
            Self::Flag(cells) => cells[at].map(|flag| flag.to_string()).unwrap_or_default(),
            Self::Integer(cells) => cells[at].to_string(),
        }
    }
}

fn time(micros: i64) -> String {
    Timestamp::from_micros(micros).map(|time| time.to_string()).unwrap_or_default()
}

fn no_formula(text: &str) -> String {
    let runs = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if runs { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_in_a_text_is_put_behind_a_quote() {
        for bad in ["=1+1", "+1", "-1", "@x", "\tx"] {
            assert!(no_formula(bad).starts_with('\''), "{bad:?}");
        }
        assert_eq!(no_formula("open"), "open");
    }

    #[test]
    fn every_file_form_is_written_of_the_same_columns() {
        let columns = vec![
            ("time", Cells::Time(vec![0, 1_000_000])),
            ("number", Cells::Number(vec![Some(1.5), None])),
            ("text", Cells::Text(vec![None, Some("open, wide".into())])),
        ];
        let table = Table { columns, length: 2 };
        let csv = String::from_utf8(table.csv().unwrap()).unwrap();
        let wanted = "time,number,text\r\n1970-01-01T00:00:00Z,1.5,\r\n1970-01-01T00:00:01Z,,\"open, wide\"\r\n";
        assert_eq!(csv, wanted);
        assert_eq!(String::from_utf8(table.ndjson()).unwrap().lines().count(), 2);
        assert_eq!(&table.parquet().unwrap()[..4], b"PAR1");
        assert!(!table.arrow().unwrap().is_empty());
    }
}
