//! A measurement as columns: the schema of the files, and rows into and out of it.

use std::sync::{Arc, LazyLock};

use arrow_array::builder::{
    BooleanBuilder, Float64Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
    UInt8Builder,
};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType, UInt8Type};
use arrow_array::{Array, RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, DataType, Field, Schema, TimeUnit};
use roadstead_model::{
    Attribution, CredentialId, DeviceId, Measurement, Position, Principal, Quality, Reading,
    SensorId, Timestamp, Value,
};

/// The columns, in order. Sorted by sensor, time and principal.
pub(super) static SCHEMA: LazyLock<Arc<Schema>> = LazyLock::new(|| {
    let instant = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    Arc::new(Schema::new(vec![
        Field::new("sensor", DataType::Int64, false),
        Field::new("time", instant(), false),
        Field::new("number", DataType::Float64, true),
        Field::new("flag", DataType::Boolean, true),
        Field::new("text", DataType::Utf8, true),
        Field::new("quality", DataType::UInt8, false),
        Field::new("device", DataType::Int64, false),
        Field::new("principal", DataType::Int64, false),
        Field::new("credential", DataType::Int64, false),
        Field::new("arrival", instant(), false),
        Field::new("position", DataType::Int64, false),
    ]))
});

/// The columns that a curve needs.
pub(super) const FOR_CURVES: [&str; 7] =
    ["sensor", "time", "number", "flag", "quality", "principal", "position"];

/// Measurements on their way into columns.
#[derive(Default)]
pub(super) struct Columns {
    rows: usize,
    sensor: Int64Builder,
    time: TimestampMicrosecondBuilder,
    number: Float64Builder,
    flag: BooleanBuilder,
    text: StringBuilder,
    quality: UInt8Builder,
    device: Int64Builder,
    principal: Int64Builder,
    credential: Int64Builder,
    arrival: TimestampMicrosecondBuilder,
    position: Int64Builder,
}

impl Columns {
    /// How many rows wait.
    pub(super) const fn len(&self) -> usize {
        self.rows
    }

    /// Adds a measurement.
    pub(super) fn push(&mut self, measurement: &Measurement) {
        let Measurement { position, reading, source, arrival } = measurement;
        let (number, flag, text) = match &reading.value {
            Value::Number(number) => (Some(*number), None, None),
            Value::Flag(flag) => (None, Some(*flag), None),
            Value::Text(text) => (None, None, Some(&**text)),
        };
        self.sensor.append_value(reading.sensor.sql());
        self.time.append_value(reading.time.micros());
        self.number.append_option(number);
        self.flag.append_option(flag);
        self.text.append_option(text);
        self.quality.append_value(reading.quality.code());
        self.device.append_value(source.device.sql());
        self.principal.append_value(source.principal.integer().cast_signed());
        self.credential.append_value(source.credential.sql());
        self.arrival.append_value(arrival.micros());
        self.position.append_value(position.0.cast_signed());
        self.rows += 1;
    }

    /// Gives the columns and begins anew.
    pub(super) fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        self.rows = 0;
        let columns: Vec<Arc<dyn Array>> = vec![
            Arc::new(self.sensor.finish()),
            Arc::new(self.time.finish().with_timezone("UTC")),
            Arc::new(self.number.finish()),
            Arc::new(self.flag.finish()),
            Arc::new(self.text.finish()),
            Arc::new(self.quality.finish()),
            Arc::new(self.device.finish()),
            Arc::new(self.principal.finish()),
            Arc::new(self.credential.finish()),
            Arc::new(self.arrival.finish().with_timezone("UTC")),
            Arc::new(self.position.finish()),
        ];
        RecordBatch::try_new_with_options(
            Arc::clone(&SCHEMA),
            columns,
            &RecordBatchOptions::default(),
        )
    }
}

/// What of a row a curve needs. Two rows with the same time and principal are one measurement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub(super) time: i64,
    pub(super) principal: u64,
    pub(super) position: u64,
    pub(super) quarantined: bool,
    pub(super) number: Option<f64>,
}

fn integers<'a>(batch: &'a RecordBatch, name: &str) -> Option<&'a [i64]> {
    let column = batch.column_by_name(name)?;
    match column.data_type() {
        DataType::Int64 => Some(column.as_primitive_opt::<Int64Type>()?.values()),
        _ => Some(column.as_primitive_opt::<TimestampMicrosecondType>()?.values()),
    }
}

/// Takes the points of one sensor with times in `[from, to)` out of a batch.
pub(super) fn points(
    batch: &RecordBatch,
    sensor: SensorId,
    (from, to): (i64, i64),
    into: &mut Vec<Point>,
) -> Option<()> {
    let (sensors, times) = (integers(batch, "sensor")?, integers(batch, "time")?);
    let (principals, positions) = (integers(batch, "principal")?, integers(batch, "position")?);
    let numbers = batch.column_by_name("number")?.as_primitive_opt::<Float64Type>()?;
    let flags = batch.column_by_name("flag")?.as_boolean_opt()?;
    let qualities = batch.column_by_name("quality")?.as_primitive_opt::<UInt8Type>()?;
    for row in 0..batch.num_rows() {
        let time = times[row];
        if sensors[row] != sensor.sql() || time < from || time >= to {
            continue;
        }
        let flag = || flags.is_valid(row).then(|| f64::from(u8::from(flags.value(row))));
        let number = numbers.is_valid(row).then(|| numbers.value(row)).or_else(flag);
        into.push(Point {
            time,
            principal: principals[row].cast_unsigned(),
            position: positions[row].cast_unsigned(),
            quarantined: qualities.value(row) == Quality::Quarantined.code(),
            number,
        });
    }
    Some(())
}

/// Reads all rows of a batch with all columns; `None` when one of them cannot be.
pub(super) fn measurements(batch: &RecordBatch) -> Option<Vec<Measurement>> {
    let (sensors, times) = (integers(batch, "sensor")?, integers(batch, "time")?);
    let (devices, principals) = (integers(batch, "device")?, integers(batch, "principal")?);
    let (credentials, arrivals) = (integers(batch, "credential")?, integers(batch, "arrival")?);
    let positions = integers(batch, "position")?;
    let numbers = batch.column_by_name("number")?.as_primitive_opt::<Float64Type>()?;
    let flags = batch.column_by_name("flag")?.as_boolean_opt()?;
    let texts = batch.column_by_name("text")?.as_string_opt::<i32>()?;
    let qualities = batch.column_by_name("quality")?.as_primitive_opt::<UInt8Type>()?;
    let value = |row| {
        if numbers.is_valid(row) {
            Some(Value::Number(numbers.value(row)))
        } else if flags.is_valid(row) {
            Some(Value::Flag(flags.value(row)))
        } else {
            texts.is_valid(row).then(|| Value::Text(texts.value(row).into()))
        }
    };
    let read = |row: usize| {
        Some(Measurement {
            position: Position(positions[row].cast_unsigned()),
            reading: Reading {
                sensor: SensorId::from_integer(sensors[row].cast_unsigned()).ok()?,
                time: Timestamp::from_micros(times[row]).ok()?,
                value: value(row)?,
                quality: Quality::from_code(qualities.value(row))?,
            },
            source: Attribution {
                device: DeviceId::from_integer(devices[row].cast_unsigned()).ok()?,
                principal: Principal::from_integer(principals[row].cast_unsigned())?,
                credential: CredentialId::from_integer(credentials[row].cast_unsigned()).ok()?,
            },
            arrival: Timestamp::from_micros(arrivals[row]).ok()?,
        })
    };
    (0..batch.num_rows()).map(read).collect()
}
