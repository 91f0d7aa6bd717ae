//! Values out: curves, and whole measurements by the page.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use roadstead_guard::{Caller, Permit, Read, Scope};
use roadstead_model::{Measurement, SensorId};
use roadstead_services::SensorPlace;
use roadstead_services::history::Series;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ask::{Ask, Shape};
use super::shapes::{device_ref, sensor_ref};
use super::tables::Table;
use crate::App;
use crate::auth::Me;
use crate::problem::{Problem, ProblemBody};

/// As many whole measurements go into a file when no limit was asked for.
const FILE_ROWS: usize = 100_000;
const PAGE_ROWS: usize = 1_000;

/// What to read, and how. Times are RFC 3339; `sensor` and `aggregate` can be repeated.
#[derive(Debug, Deserialize, IntoParams)]
#[expect(dead_code, reason = "describes the query; `Ask` reads it")]
pub(crate) struct Question {
    /// Ids, or names within the device.
    #[param(example = "sen_0000000000000")]
    sensor: Option<String>,
    /// A device, by id or name: all its sensors, or those named.
    device: Option<String>,
    /// The first instant inside; a day before `to` when left out.
    from: Option<String>,
    /// The first instant outside; now when left out.
    to: Option<String>,
    /// One row for each such stretch: `PT1M`, `PT15M`, `PT1H`, `P1D`, `P1W`, `P1M` (ISO 8601).
    resolution: Option<String>,
    /// `mean`, `min`, `max`, `sum`, `count`, `first`, `last` or `time-weighted-mean`.
    aggregate: Option<String>,
    /// At most so many of the values, chosen so that peaks stay.
    points: Option<usize>,
    /// `min-max` or `lttb`: how `points` are chosen.
    thinning: Option<String>,
    /// Where days begin: an IANA name such as `Europe/Stockholm`; UTC when left out.
    timezone: Option<String>,
    /// From `next` of the page before.
    cursor: Option<String>,
    /// At most so many whole measurements in one page.
    limit: Option<usize>,
    /// `json`, `csv`, `ndjson`, `arrow` or `parquet`; wins over `Accept`.
    format: Option<String>,
}

/// The curves or measurements of some sensors.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Answer {
    series: Vec<SeriesView>,
    /// Whether there is more: pass `next` as `cursor`.
    truncated: bool,
    next: Option<String>,
}

/// One sensor's rows.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeriesView {
    sensor: String,
    device: String,
    name: String,
    unit: String,
    /// What each point has after its time: `value`, or the aggregates.
    columns: Vec<&'static str>,
    /// Milliseconds since 1970-01-01T00:00:00Z, then the columns.
    #[schema(value_type = Vec<Vec<serde_json::Value>>)]
    points: Vec<Vec<serde_json::Value>>,
}

/// Reads stored values of several sensors at once, as curves or whole.
#[utoipa::path(get, path = "/api/v1/measurements", tag = "measurements", params(Question),
    responses((status = 200, body = Answer), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn measurements(
    State(app): State<App>,
    Me(caller): Me,
    Query(pairs): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let ask = Ask::read(pairs, &headers, app.clock.now())?;
    if ask.sensors.is_empty() && ask.device.is_none() {
        return Err(Problem::bad_request("name sensors, or a device"));
    }
    answer(&app, &caller, ask).await
}

/// Reads stored values of one device.
#[utoipa::path(get, path = "/api/v1/devices/{device}/measurements", tag = "measurements",
    params(("device" = String, Path, description = "Id, unique name, or `me`"), Question),
    responses((status = 200, body = Answer), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn device_measurements(
    State(app): State<App>,
    Me(caller): Me,
    Path(device): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let ask = Ask::read(pairs, &headers, app.clock.now())?;
    answer(&app, &caller, Ask { device: Some(device), ..ask }).await
}

pub(super) type Chosen = (Permit<Read, SensorId>, Arc<SensorPlace>);

pub(super) fn choose(
    app: &App,
    scope: &Scope<Read>,
    device: Option<&str>,
    sensors: &[String],
) -> Result<Vec<Chosen>, Problem> {
    let caller = scope.caller();
    let device = device.map(|text| device_ref(app, caller, text)).transpose()?;
    let device = device.map(|device| app.guard.permit::<Read, _>(caller, device)).transpose()?;
    let device = device.map(|permit| permit.resource());
    let ids = match device {
        Some(device) if sensors.is_empty() => {
            let rows = app.things.directory().sensors(scope, device.into());
            rows.iter().map(|row| row.sensor.id).collect()
        }
        _ => sensors
            .iter()
            .map(|text| sensor_ref(app, scope, device, text))
            .collect::<Result<Vec<_>, _>>()?,
    };
    let chosen = ids.into_iter().map(|id| {
        let permit = app.guard.permit::<Read, _>(caller, id)?;
        let place = app.things.directory().sensor(&permit).ok_or_else(Problem::not_found)?;
        Ok((permit, place))
    });
    chosen.collect()
}

async fn answer(app: &App, caller: &Caller, ask: Ask) -> Result<Response, Problem> {
    let scope = app.guard.scope::<Read>(caller)?;
    let chosen = choose(app, &scope, ask.device.as_deref(), &ask.sensors)?;
    let (permits, places): (Vec<_>, Vec<_>) = chosen.into_iter().unzip();
    if let Some(query) = &ask.curve {
        let series = app.history.curve(&permits, query).await?;
        return match ask.shape {
            Shape::Json => Ok(Json(curves_as_json(&series, &places)).into_response()),
            shape => file(&Table::of_curves(&series, &places), shape, None),
        };
    }
    let json = ask.shape == Shape::Json;
    let most = ask.limit.unwrap_or(if json { PAGE_ROWS } else { FILE_ROWS }).min(FILE_ROWS);
    let mut rows = Vec::new();
    let mut next = ask.cursor;
    loop {
        let page = app.history.page(&permits, ask.range, next, most - rows.len()).await?;
        next = page.next;
        rows.extend(page.measurements);
        if next.is_none() || rows.len() >= most {
            break;
        }
    }
    let next = next.map(|cursor| cursor.to_string());
    if json {
        return Ok(Json(rows_as_json(&rows, &places, next)).into_response());
    }
    file(&Table::of_measurements(&rows, &places), ask.shape, next)
}

fn file(table: &Table, shape: Shape, next: Option<String>) -> Result<Response, Problem> {
    let bytes = match shape {
        Shape::Json => {
            serde_json::to_vec(&table.rows()).map_err(|error| Problem::internal(&error))?
        }
        Shape::Csv => table.csv().map_err(|error| Problem::internal(&error))?,
        Shape::Ndjson => table.ndjson(),
        Shape::Arrow => table.arrow().map_err(|error| Problem::internal(&error))?,
        Shape::Parquet => table.parquet().map_err(|error| Problem::internal(&error))?,
    };
    let mut response = crate::edge::text(shape.media(), bytes);
    let kept = HeaderValue::from_static("attachment; filename=\"measurements\"");
    response.headers_mut().insert(header::CONTENT_DISPOSITION, kept);
    if let Some(next) = next.and_then(|next| HeaderValue::from_str(&next).ok()) {
        response.headers_mut().insert("x-next-cursor", next);
    }
    Ok(response)
}

fn view(place: &SensorPlace, columns: Vec<&'static str>) -> SeriesView {
    SeriesView {
        sensor: place.sensor.id.to_string(),
        device: place.sensor.device.to_string(),
        name: place.sensor.shape.name.to_string(),
        unit: place.sensor.shape.unit.clone(),
        columns,
        points: Vec::new(),
    }
}

fn curves_as_json(series: &[Series], places: &[Arc<SensorPlace>]) -> Answer {
    let views = series.iter().zip(places).map(|(series, place)| {
        let mut view = view(place, series.columns.iter().map(|column| column.name).collect());
        view.points = series
            .times
            .iter()
            .enumerate()
            .map(|(row, time)| {
                let numbers = series.columns.iter().map(|column| column.numbers[row].into());
                std::iter::once(time.div_euclid(1000).into()).chain(numbers).collect()
            })
            .collect();
        view
    });
    Answer { series: views.collect(), truncated: false, next: None }
}

fn rows_as_json(rows: &[Measurement], places: &[Arc<SensorPlace>], next: Option<String>) -> Answer {
    let mut series: Vec<_> = places.iter().map(|place| view(place, vec!["value"])).collect();
    for row in rows {
        if let Some(at) = places.iter().position(|place| place.sensor.id == row.reading.sensor) {
            let value = serde_json::to_value(&row.reading.value).unwrap_or_default();
            series[at].points.push(vec![row.reading.time.millis().into(), value]);
        }
    }
    Answer { series, truncated: next.is_some(), next }
}
