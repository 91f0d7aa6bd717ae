//! Values in and out.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use roadstead_guard::{Caller, Permit, Read, Scope, Write};
use roadstead_model::{DeviceId, Measurement, SensorId};
use roadstead_services::SensorPlace;
use roadstead_services::formats::{Context, Format, FormatError, decode};
use roadstead_services::history::Series;
use roadstead_services::intake::{IntakeError, Once};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ask::{Ask, Shape};
use super::shapes::{device_ref, sensor_ref};
use super::tables::Table;
use crate::App;
use crate::auth::Me;
use crate::bodies::unpacked;
use crate::problem::{Items, Kind, Problem, ProblemBody};

/// As many whole measurements go into a file when no limit was asked for.
const FILE_ROWS: usize = 100_000;
const PAGE_ROWS: usize = 1_000;

/// What became of a body of measurements. All that was accepted is durable.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReceiptView {
    accepted: usize,
    /// How many of these were kept aside because their time is absurd.
    quarantined: usize,
    /// Whether the same idempotency key was seen before: then nothing was kept twice.
    repeated: bool,
    refused: Vec<RefusalView>,
}

/// One value that was not taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RefusalView {
    /// Which value of the body, counted from 0.
    index: usize,
    /// Why, and what to change.
    detail: String,
}

/// Takes measurements of a device: JSON, SenML (JSON or CBOR), RealEstateCore edge message, CSV,
/// NDJSON or Influx line protocol, plain or packed with gzip or zstd.
///
/// Success means durable. A value that cannot be taken is reported by its index and does not hold
/// up the others. The same body with the same `Idempotency-Key` changes nothing.
#[utoipa::path(post, path = "/api/v1/devices/{device}/measurements", tag = "measurements",
    params(("device" = String, Path, description = "Id, unique name, or `me`"),
        ("Idempotency-Key" = Option<String>, Header, description = "Up to 255 characters, remembered for a day")),
    request_body(content((serde_json::Value = "application/json"),
        (serde_json::Value = "application/senml+json"), (String = "text/csv"),
        (String = "application/x-ndjson"), (String = "text/plain"))),
    responses((status = 200, body = ReceiptView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn send_measurements(
    State(app): State<App>,
    Me(caller): Me,
    Path(device): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<ReceiptView>, Problem> {
    let device = device_ref(&app, &caller, &device)?;
    let permit = app.guard.permit::<Write, _>(&caller, device)?;
    let format = format_of(&headers)?;
    let once = idempotency(&headers, &caller, device)?;
    let bytes = unpacked(&app, &headers, body).await?;
    let name = device_name(&app, &caller, device);
    let arrival = app.intake.arrival();
    let context = Context { device, device_name: &name, sensor: None, arrival };
    let entries = decode(format, &bytes, &context)?;
    let receipt = app.intake.keep(&permit, entries, once).await?;
    let refused = receipt
        .refused
        .into_iter()
        .map(|refusal| RefusalView { index: refusal.index, detail: refusal.reason.to_string() });
    Ok(Json(ReceiptView {
        accepted: receipt.accepted,
        quarantined: receipt.quarantined,
        repeated: receipt.repeated,
        refused: refused.collect(),
    }))
}

fn format_of(headers: &HeaderMap) -> Result<Format, Problem> {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let advice = "say the format in Content-Type: application/json, application/senml+json, \
                  application/senml+cbor, text/csv, application/x-ndjson or text/plain (Influx)";
    let known = media.and_then(Format::of_content_type);
    known.ok_or_else(|| Problem::new(Kind::UnsupportedMedia, advice))
}

/// A key is the caller's own, and good for one device: nobody meets another's.
fn idempotency(
    headers: &HeaderMap,
    caller: &Caller,
    device: DeviceId,
) -> Result<Option<Once>, Problem> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    if key.is_empty() || key.len() > 255 {
        return Err(Problem::bad_request("an Idempotency-Key has 1 to 255 characters"));
    }
    let mut hash = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    hash.update(&caller.principal().integer().to_be_bytes());
    hash.update(&device.integer().to_be_bytes());
    hash.update(key.as_bytes());
    let mut bytes = [0; 32];
    bytes.copy_from_slice(hash.finish().as_ref());
    Ok(Some(Once::Key(bytes)))
}

fn device_name(app: &App, caller: &Caller, device: DeviceId) -> String {
    let permit = app.guard.permit::<Read, _>(caller, device).ok();
    let row = permit.and_then(|permit| app.things.directory().device(&permit));
    row.map_or_else(|| device.to_string(), |row| row.name.to_string())
}

impl From<FormatError> for Problem {
    fn from(error: FormatError) -> Self {
        Self::unprocessable(error.to_string())
    }
}

impl From<IntakeError> for Problem {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Denied(denied) => denied.into(),
            IntakeError::Busy => Self::new(Kind::Busy, error.to_string()),
            IntakeError::TooMany { .. } => Self::new(Kind::TooLarge, error.to_string()),
            IntakeError::Stopped | IntakeError::Store(_) => Self::internal(&error),
            IntakeError::Entry(_)
            | IntakeError::Name { .. }
            | IntakeError::UnknownSensor(_)
            | IntakeError::DeviceFull { .. }
            | IntakeError::TenantFull { .. }
            | IntakeError::Unit { .. }
            | IntakeError::SecondWithoutTime => Self::unprocessable(error.to_string()),
        }
    }
}

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

type Chosen = (Permit<Read, SensorId>, Arc<SensorPlace>);

fn choose(
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

/// The latest measurement of a sensor, with who sent it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LatestView {
    sensor: String,
    device: String,
    name: String,
    unit: String,
    time: String,
    #[schema(value_type = serde_json::Value)]
    value: roadstead_model::Value,
    #[schema(value_type = String)]
    quality: roadstead_model::Quality,
    /// Who spoke: the device, or who may write for it.
    principal: String,
    credential: String,
    /// When the server took it.
    arrival: String,
    position: u64,
}

/// Which sensors.
#[derive(Debug, Deserialize, IntoParams)]
#[expect(dead_code, reason = "describes the query; the pairs are read as they come")]
pub(crate) struct LatestOf {
    /// Ids, or names within the device; can be repeated.
    sensor: Option<String>,
    /// A device, by id or name.
    device: Option<String>,
}

/// Reads the latest measurement of each sensor.
#[utoipa::path(get, path = "/api/v1/latest", tag = "measurements", params(LatestOf),
    responses((status = 200, body = Items<LatestView>), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn latest(
    State(app): State<App>,
    Me(caller): Me,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Json<Items<LatestView>>, Problem> {
    let (mut device, mut sensors) = (None, Vec::new());
    for (key, value) in pairs {
        match key.as_str() {
            "device" => device = Some(value),
            "sensor" => sensors.push(value),
            _ => return Err(Problem::bad_request("the parameters here are `device` and `sensor`")),
        }
    }
    let scope = app.guard.scope::<Read>(&caller)?;
    let chosen = if device.is_none() && sensors.is_empty() {
        every_sensor(&app, &scope)?
    } else {
        choose(&app, &scope, device.as_deref(), &sensors)?
    };
    let views = chosen.into_iter().filter_map(|(permit, place)| {
        let row = app.history.latest(&permit)?;
        Some(LatestView {
            sensor: place.sensor.id.to_string(),
            device: place.sensor.device.to_string(),
            name: place.sensor.shape.name.to_string(),
            unit: place.sensor.shape.unit.clone(),
            time: row.reading.time.to_string(),
            value: row.reading.value,
            quality: row.reading.quality,
            principal: row.source.principal.to_string(),
            credential: row.source.credential.to_string(),
            arrival: row.arrival.to_string(),
            position: row.position.0,
        })
    });
    Ok(Items::all(views.collect()))
}

fn every_sensor(app: &App, scope: &Scope<Read>) -> Result<Vec<Chosen>, Problem> {
    let rows = app.things.directory().sensors(scope, scope.tenant().into());
    let chosen = rows
        .into_iter()
        .map(|place| Ok((app.guard.permit::<Read, _>(scope.caller(), place.sensor.id)?, place)));
    chosen.collect()
}
