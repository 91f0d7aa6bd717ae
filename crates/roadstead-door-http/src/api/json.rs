//! Stored values as JSON, written row by row.

use std::sync::Arc;

use roadstead_model::{Measurement, Position, Quality};
use roadstead_services::SensorPlace;
use roadstead_services::history::Series;
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::problem::Problem;

/// The curves or measurements of some sensors. Values that were kept aside are left out.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Answer<'a> {
    series: Vec<SeriesView<'a>>,
    /// Whether there is more: pass `next` as `cursor`.
    truncated: bool,
    next: Option<String>,
    /// Where the live feed goes on after this answer: pass it as `position`. A value may come twice,
    /// and none is left out.
    #[schema(value_type = u64)]
    position: Position,
}

/// One sensor's rows.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeriesView<'a> {
    sensor: String,
    device: String,
    name: &'a str,
    unit: &'a str,
    /// What each point has after its time: `value`, or the aggregates.
    columns: Vec<&'static str>,
    /// Milliseconds since 1970-01-01T00:00:00Z, then the columns.
    #[schema(value_type = Vec<Vec<serde_json::Value>>)]
    points: Points<'a>,
}

#[derive(Debug)]
enum Points<'a> {
    Curve(&'a Series),
    Whole(Vec<&'a Measurement>),
}

/// One row: a time and what belongs to it.
enum Point<'a> {
    Of(&'a Series, usize),
    Whole(&'a Measurement),
}

impl Serialize for Points<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Curve(series) => {
                serializer.collect_seq((0..series.times.len()).map(|row| Point::Of(series, row)))
            }
            Self::Whole(rows) => serializer.collect_seq(rows.iter().map(|row| Point::Whole(row))),
        }
    }
}

impl Serialize for Point<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Of(series, row) => {
                let mut seq = serializer.serialize_seq(Some(1 + series.columns.len()))?;
                seq.serialize_element(&Millis(series.times[*row]))?;
                for column in &series.columns {
                    seq.serialize_element(&column.numbers[*row])?;
                }
                seq.end()
            }
            Self::Whole(row) => {
                (Millis(row.reading.time.micros()), &row.reading.value).serialize(serializer)
            }
        }
    }
}

/// Microseconds, told in milliseconds: with a fraction only when there is one.
struct Millis(i64);

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % 1000 == 0 {
            return serializer.serialize_i64(self.0 / 1000);
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "exact to the microsecond until the year 2255"
        )]
        let micros = self.0 as f64;
        serializer.serialize_f64(micros / 1000.0)
    }
}

fn view<'a>(
    place: &'a SensorPlace,
    columns: Vec<&'static str>,
    points: Points<'a>,
) -> SeriesView<'a> {
    SeriesView {
        sensor: place.sensor.id.to_string(),
        device: place.sensor.device.to_string(),
        name: place.sensor.shape.name.as_str(),
        unit: &place.sensor.shape.unit,
        columns,
        points,
    }
}

/// Writes curves.
pub(super) fn of_curves(
    curves: &[Series],
    places: &[Arc<SensorPlace>],
    position: Position,
) -> Result<Vec<u8>, Problem> {
    let views = curves.iter().zip(places).map(|(series, place)| {
        let columns = series.columns.iter().map(|column| column.name).collect();
        view(place, columns, Points::Curve(series))
    });
    write(&Answer { series: views.collect(), truncated: false, next: None, position })
}

/// Writes whole measurements, sensor by sensor.
pub(super) fn of_measurements(
    rows: &[Measurement],
    places: &[Arc<SensorPlace>],
    (next, position): (Option<String>, Position),
) -> Result<Vec<u8>, Problem> {
    let views = places.iter().map(|place| {
        let own = rows.iter().filter(|row| row.reading.sensor == place.sensor.id);
        let good = own.filter(|row| row.reading.quality != Quality::Quarantined);
        view(place, vec!["value"], Points::Whole(good.collect()))
    });
    write(&Answer { series: views.collect(), truncated: next.is_some(), next, position })
}

fn write(answer: &Answer<'_>) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(answer).map_err(|error| Problem::internal(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_fraction_only_when_it_needs_one() {
        let told = |micros| serde_json::to_string(&Millis(micros)).unwrap();
        assert_eq!(told(1_795_280_718_123_000), "1795280718123");
        assert_eq!(told(1_795_280_718_123_456), "1795280718123.456");
        assert_eq!(told(-1_500), "-1.5");
    }
}
