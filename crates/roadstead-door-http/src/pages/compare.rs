//! Sensors of any device in one chart.

use std::time::Duration;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use roadstead_guard::{Read, Scope};
use roadstead_model::{SensorId, Timestamp, Value};
use roadstead_services::history::{CurveQuery, Detail, TimeRange};

use super::frame::{Page, show};
use super::rows::{Surroundings, latest};
use super::session::Signed;
use super::text::{number_text, unit_text};
use crate::App;
use crate::problem::Problem;

/// So many chosen sensors have a row for people without JavaScript.
const ROWS: usize = 8;
const DAY: Duration = Duration::from_hours(24);
const UNKNOWN: &str = "–";

/// The page with its chooser.
#[derive(Template)]
#[template(path = "compare.html")]
struct ComparePage {
    page: Page,
    groups: Vec<SensorGroup>,
    rows: Vec<CompareRow>,
    from: String,
    to: String,
}

struct SensorGroup {
    name: String,
    place: String,
    sensors: Vec<SensorChoice>,
}

struct SensorChoice {
    id: String,
    name: String,
    unit: String,
    chosen: bool,
}

struct CompareRow {
    device: String,
    sensor: String,
    unit: String,
    last: String,
    min: String,
    max: String,
}

/// What the address asks for; what makes no sense in it is left out.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    sensors: Vec<SensorId>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl Asked {
    fn read(pairs: &[(String, String)]) -> Self {
        let mut asked = Self::default();
        for (key, value) in pairs {
            match key.as_str() {
                "sensor" => asked.sensors.extend(value.parse::<SensorId>()),
                "from" => asked.from = value.parse().ok(),
                "to" => asked.to = value.parse().ok(),
                _ => {}
            }
        }
        asked
    }

    /// The asked range; without one the last day.
    fn range(&self, now: Timestamp) -> TimeRange {
        let to = self.to.unwrap_or(now);
        TimeRange { from: self.from.unwrap_or_else(|| to.before(DAY)), to }
    }
}

/// Shows the chosen sensors beside each other.
pub(crate) async fn compare(
    State(app): State<App>,
    Query(pairs): Query<Vec<(String, String)>>,
    Signed(visitor): Signed,
) -> Result<Response, Problem> {
    let scope = app.guard.scope::<Read>(&visitor.caller)?;
    let asked = Asked::read(&pairs);
    let text = |time: Option<Timestamp>| time.map(|time| time.to_string()).unwrap_or_default();
    let page = ComparePage {
        page: Page::new(&app, "Compare", "compare", Some(&visitor)),
        groups: groups(&app, &scope, &asked),
        rows: rows(&app, &scope, &asked).await,
        from: text(asked.from),
        to: text(asked.to),
    };
    show(StatusCode::OK, &page)
}

/// Every sensor with a value that can be drawn, by device.
fn groups(app: &App, scope: &Scope<Read>, asked: &Asked) -> Vec<SensorGroup> {
    let around = Surroundings::of(app, scope);
    let directory = app.things.directory();
    let of = |row: roadstead_model::Device| {
        let sensors = directory.sensors(scope, row.id.into()).into_iter().filter_map(|place| {
            let id = place.sensor.id;
            let last = latest(app, scope.caller(), id)?;
            let drawn = !matches!(last.reading.value, Value::Text(_));
            drawn.then(|| SensorChoice {
                id: id.to_string(),
                name: place.sensor.shape.name.to_string(),
                unit: unit_text(&place.sensor.shape.unit).to_owned(),
                chosen: asked.sensors.contains(&id),
            })
        });
        let sensors: Vec<_> = sensors.collect();
        SensorGroup { name: row.name.to_string(), place: around.path(row.parent), sensors }
    };
    let groups = directory.devices(scope).into_iter().map(of);
    groups.filter(|group| !group.sensors.is_empty()).collect()
}

/// The figures of the chosen sensors in the range.
async fn rows(app: &App, scope: &Scope<Read>, asked: &Asked) -> Vec<CompareRow> {
    let query = CurveQuery { range: asked.range(app.clock.now()), detail: Detail::Every };
    let mut rows = Vec::new();
    for id in asked.sensors.iter().take(ROWS) {
        let Some(place) = app.things.directory().sensor_in_reach(scope, *id) else { continue };
        let Ok(permit) = app.guard.permit::<Read, _>(scope.caller(), *id) else { continue };
        let curves = app.history.curve(&[permit], &query).await.ok(); // too long a range has no figures
        let series = curves.iter().flat_map(|curves| curves.iter());
        let columns = series.flat_map(|series| &series.columns);
        let numbers: Vec<f64> = columns.flat_map(|column| column.numbers.iter().copied()).collect();
        let text = |number: Option<f64>| number.map_or_else(|| UNKNOWN.to_owned(), number_text);
        rows.push(CompareRow {
            device: place.device.to_string(),
            sensor: place.sensor.shape.name.to_string(),
            unit: unit_text(&place.sensor.shape.unit).to_owned(),
            last: text(numbers.last().copied()),
            min: text(numbers.iter().copied().reduce(f64::min)),
            max: text(numbers.iter().copied().reduce(f64::max)),
        });
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_in_the_address_is_left_out() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let asked = Asked::read(&[
            pair("sensor", "<script>"),
            pair("from", "2026-11-20T00:00:00Z"),
            pair("to", "\"><script>"),
        ]);
        assert_eq!(asked.sensors, []);
        assert_eq!(asked.from, Some("2026-11-20T00:00:00Z".parse().unwrap()));
        assert_eq!(asked.to, None);
    }
}
