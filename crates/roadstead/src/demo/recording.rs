//! A recording: rows of a wall clock's time and one value per sensor, embedded in the binary.

use std::io::Read;

use flate2::read::GzDecoder;

/// Far above what is embedded; bounds what a damaged file can unpack to.
const LARGEST: u64 = 8 << 20;

/// Seconds on a recorded wall clock, counted from 1970-01-01T00:00:00 on that clock.
pub(super) type Wall = i64;

/// One instant of a recording.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// When, on the recorded wall clock.
    pub(super) at: Wall,
    /// What each sensor said; `None` where it said nothing.
    pub(super) values: Vec<Option<f64>>,
}

/// What some sensors said over at least two days, in the order of time.
#[derive(Debug)]
pub(super) struct Recording {
    /// The sensors' names, in the order of a row's values.
    pub(super) sensors: Vec<String>,
    /// The rows, strictly ascending in time.
    pub(super) rows: Vec<Row>,
}

/// What makes a file no recording.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadRecording {
    #[error("the recording cannot be unpacked")]
    Packed(#[from] std::io::Error),
    #[error("the recording is not a table")]
    Table(#[from] csv::Error),
    #[error("the recording's row {0} has no time, or one that is not after the row before")]
    Time(usize),
    #[error("the recording's row {0} has a value that is not a finite number")]
    Value(usize),
    #[error("the recording has fewer than two rows")]
    Short,
}

impl Recording {
    /// Reads a compressed CSV with the columns `time` and one for each sensor.
    pub(super) fn read(packed: &[u8]) -> Result<Self, BadRecording> {
        let mut text = Vec::new();
        GzDecoder::new(packed).take(LARGEST).read_to_end(&mut text)?;
        let mut table = csv::Reader::from_reader(&text[..]);
        let sensors = table.headers()?.iter().skip(1).map(str::to_owned).collect();
        let mut rows: Vec<Row> = Vec::new();
        for (index, record) in table.records().enumerate() {
            let row = Row::read(index, &record?)?;
            if rows.last().is_some_and(|last| last.at >= row.at) {
                return Err(BadRecording::Time(index));
            }
            rows.push(row);
        }
        if rows.len() < 2 { Err(BadRecording::Short) } else { Ok(Self { sensors, rows }) }
    }
}

impl Row {
    fn read(index: usize, record: &csv::StringRecord) -> Result<Self, BadRecording> {
        let time = record.get(0).and_then(|text| text.parse::<jiff::civil::DateTime>().ok());
        let time = time.and_then(|time| time.to_zoned(jiff::tz::TimeZone::UTC).ok());
        let at = time.ok_or(BadRecording::Time(index))?.timestamp().as_second();
        let values = record.iter().skip(1).map(|text| read_value(index, text));
        Ok(Self { at, values: values.collect::<Result<_, _>>()? })
    }
}

fn read_value(index: usize, text: &str) -> Result<Option<f64>, BadRecording> {
    if text.is_empty() {
        return Ok(None);
    }
    let value = text.parse::<f64>().ok().filter(|value| value.is_finite());
    value.map(Some).ok_or(BadRecording::Value(index))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::plan::DEVICES;
    use super::*;

    fn packed(text: &str) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(text.as_bytes()).unwrap();
        packer.finish().unwrap()
    }

    #[test]
    fn every_embedded_recording_has_the_sensors_of_its_device() {
        let rows = DEVICES.map(|device| {
            let recording = Recording::read(device.recording).unwrap();
            let planned: Vec<_> = device.sensors.iter().map(|sensor| sensor.name).collect();
            assert_eq!(recording.sensors, planned, "{}", device.name);
            assert!(recording.rows.iter().all(|row| row.values.len() == planned.len()));
            recording.rows.len()
        });
        assert_eq!(rows, [10_000, 8_760, 509]);
    }

    #[test]
    fn a_missing_value_stays_missing() {
        let recording =
            Recording::read(&packed("time,a,b\n1970-01-01T00:01:00,,2\n1970-01-02T00:00:00,1,\n"));
        let rows = recording.unwrap().rows;
        assert_eq!(rows[0], Row { at: 60, values: vec![None, Some(2.0)] });
        assert_eq!(rows[1].values, [Some(1.0), None]);
    }

    #[test]
    fn what_is_damaged_is_refused() {
        assert!(matches!(Recording::read(b"no gzip"), Err(BadRecording::Packed(_))));
        let read = |text| Recording::read(&packed(text)).unwrap_err();
        assert!(matches!(read("time,a\n1970-01-01T00:00:00,1\n"), BadRecording::Short));
        assert!(matches!(read("time,a\nyesterday,1\n"), BadRecording::Time(0)));
        assert!(matches!(
            read("time,a\n1970-01-02T00:00:00,1\n1970-01-01T00:00:00,1\n"),
            BadRecording::Time(1)
        ));
        assert!(matches!(read("time,a\n1970-01-01T00:00:00,NaN\n"), BadRecording::Value(0)));
    }
}
