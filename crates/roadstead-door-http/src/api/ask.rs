//! What a question about stored values says: sensors, range, detail and format.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, header};
use roadstead_model::Timestamp;
use roadstead_services::history::{
    Aggregate, Cursor, CurveQuery, Detail, HistoryError, Resolution,
};
use roadstead_services::history::{Thinning, TimeRange, Zone};

use crate::problem::{Kind, Problem};

/// How the answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Json,
    Csv,
    Ndjson,
    Arrow,
    Parquet,
}

impl Shape {
    pub(super) const fn media(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Ndjson => "application/x-ndjson; charset=utf-8",
            Self::Arrow => "application/vnd.apache.arrow.stream",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    fn named(name: &str) -> Option<Self> {
        match name {
            "json" => Some(Self::Json),
            "csv" => Some(Self::Csv),
            "ndjson" => Some(Self::Ndjson),
            "arrow" => Some(Self::Arrow),
            "parquet" => Some(Self::Parquet),
            _ => None,
        }
    }

    /// Reads `Accept`: the first media range that is known decides.
    fn accepted(headers: &HeaderMap) -> Result<Self, Problem> {
        let Some(accept) = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()) else {
            return Ok(Self::Json);
        };
        let ranges = accept.split(',').filter_map(|range| range.split(';').next()).map(str::trim);
        let known = ranges.filter_map(|range| match range {
            "*/*" | "application/*" | "application/json" => Some(Self::Json),
            "text/csv" | "text/*" => Some(Self::Csv),
            "application/x-ndjson" | "application/jsonl" => Some(Self::Ndjson),
            "application/vnd.apache.arrow.stream" => Some(Self::Arrow),
            "application/vnd.apache.parquet" => Some(Self::Parquet),
            _ => None,
        });
        let advice = "accept JSON, text/csv, application/x-ndjson, application/vnd.apache.arrow.stream \
                      or application/vnd.apache.parquet";
        let mut known = known;
        known.next().ok_or_else(|| Problem::new(Kind::BadRequest, advice))
    }
}

/// A question, read once.
#[derive(Debug)]
pub(super) struct Ask {
    pub sensors: Vec<String>,
    pub device: Option<String>,
    pub range: TimeRange,
    /// `None`: whole measurements, by the page.
    pub curve: Option<CurveQuery>,
    pub cursor: Option<Cursor>,
    pub limit: Option<usize>,
    pub shape: Shape,
}

/// The parameters as they come.
#[derive(Default)]
struct Raw {
    sensors: Vec<String>,
    device: Option<String>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    resolution: Option<String>,
    aggregates: Vec<Aggregate>,
    points: Option<usize>,
    thinning: Option<Thinning>,
    zone: Option<Zone>,
    cursor: Option<Cursor>,
    limit: Option<usize>,
    shape: Option<Shape>,
}

const A_DAY: Duration = Duration::from_hours(24);

impl Ask {
    pub(super) fn read(
        pairs: Vec<(String, String)>,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let mut raw = Raw::default();
        for (key, value) in pairs {
            raw.take(&key, value)?;
        }
        let to = raw.to.unwrap_or_else(|| now.after(Duration::from_micros(1)));
        let range = TimeRange { from: raw.from.unwrap_or_else(|| to.before(A_DAY)), to };
        if range.from >= range.to {
            return Err(HistoryError::EmptyRange.into());
        }
        let curve = raw.detail()?.map(|detail| CurveQuery { range, detail });
        let shape = raw.shape.map_or_else(|| Shape::accepted(headers), Ok)?;
        Ok(Self {
            sensors: raw.sensors,
            device: raw.device,
            range,
            curve,
            cursor: raw.cursor,
            limit: raw.limit,
            shape,
        })
    }
}

impl Raw {
    fn take(&mut self, key: &str, value: String) -> Result<(), Problem> {
        match key {
            "sensor" => self.sensors.push(value),
            "device" => self.device = Some(value),
            "from" => self.from = Some(time(key, &value)?),
            "to" => self.to = Some(time(key, &value)?),
            "resolution" => self.resolution = Some(value),
            "aggregate" => {
                let names =
                    value.split(',').map(str::parse::<Aggregate>).collect::<Result<Vec<_>, _>>()?;
                self.aggregates.extend(names);
            }
            "points" => self.points = Some(count(key, &value)?),
            "thinning" => self.thinning = Some(value.parse()?),
            "timezone" => self.zone = Some(value.parse().map_err(HistoryError::Zone)?),
            "cursor" => self.cursor = Some(value.parse()?),
            "limit" => self.limit = Some(count(key, &value)?),
            "format" => {
                let shape = Shape::named(&value);
                let advice = "format is json, csv, ndjson, arrow or parquet";
                self.shape = Some(shape.ok_or_else(|| Problem::bad_request(advice))?);
            }
            other => {
                return Err(Problem::bad_request(format!(
                    "`{other}` is no parameter here: use sensor, device, from, to, resolution, aggregate, \
                     points, thinning, timezone, cursor, limit or format"
                )));
            }
        }
        Ok(())
    }

    fn detail(&mut self) -> Result<Option<Detail>, Problem> {
        match (self.resolution.take(), self.points) {
            (Some(_), Some(_)) => {
                Err(Problem::bad_request("ask for a resolution or for points, not for both"))
            }
            (None, _) if !self.aggregates.is_empty() => {
                Err(Problem::bad_request("an aggregate needs a resolution, such as PT15M"))
            }
            (None, None) => Ok(None),
            (None, Some(count)) => {
                Ok(Some(Detail::Points { count, thinning: self.thinning.unwrap_or_default() }))
            }
            (Some(text), None) => {
                let zone = self.zone.take().unwrap_or(Zone::UTC);
                let resolution =
                    Resolution::parse(&text, &zone).map_err(HistoryError::Resolution)?;
                if self.aggregates.is_empty() {
                    self.aggregates.push(Aggregate::Mean);
                }
                let aggregates: Arc<[Aggregate]> = self.aggregates.as_slice().into();
                Ok(Some(Detail::Buckets { resolution, aggregates }))
            }
        }
    }
}

fn time(key: &str, value: &str) -> Result<Timestamp, Problem> {
    let advice =
        "a time as RFC 3339 with an offset, such as 2026-03-29T12:00:00Z (write `+` as %2B)";
    value.parse().map_err(|_| Problem::bad_request(format!("`{key}` takes {advice}")))
}

fn count(key: &str, value: &str) -> Result<usize, Problem> {
    let number = value.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| Problem::bad_request(format!("`{key}` takes a whole number above 0")))
}

impl From<HistoryError> for Problem {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::EmptyRange
            | HistoryError::TooManySensors { .. }
            | HistoryError::TooMuch { .. }
            | HistoryError::Points { .. }
            | HistoryError::NoAggregate
            | HistoryError::UnknownAggregate(_)
            | HistoryError::UnknownThinning(_)
            | HistoryError::Resolution(_)
            | HistoryError::Zone(_)
            | HistoryError::Cursor => Self::unprocessable(error.to_string()),
            HistoryError::Closed => Self::new(Kind::Busy, error.to_string()),
            HistoryError::Store(_) => Self::internal(&error),
        }
    }
}
