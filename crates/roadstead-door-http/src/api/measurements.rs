//! Values out: curves, and whole measurements by the page.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use roadstead_guard::{Caller, Permit, Read, Scope};
use roadstead_model::SensorId;
use roadstead_services::SensorPlace;
use serde::Deserialize;
use utoipa::IntoParams;

use super::ask::{Ask, Shape};
use super::json;
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

/// Reads stored values of several sensors at once, as curves or whole.
#[utoipa::path(get, path = "/api/v1/measurements", tag = "measurements", params(Question),
    responses((status = 200, body = json::Answer), (status = "4XX", body = ProblemBody)))]
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
    responses((status = 200, body = json::Answer), (status = "4XX", body = ProblemBody)))]
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
    let position = app.live.position(&scope);
    if let Some(query) = &ask.curve {
        let curves = app.history.curve(&permits, query).await?;
        let write = move || match ask.shape {
            Shape::Json => json::of_curves(&curves, &places, position),
            shape => Table::of_curves(&curves, &places).write(shape),
        };
        return Ok(file(app.beside(write).await?, ask.shape, None));
    }
    let default = if ask.shape == Shape::Json { PAGE_ROWS } else { FILE_ROWS };
    let most = ask.limit.unwrap_or(default).clamp(1, FILE_ROWS);
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
    let told = next.clone();
    let write = move || match ask.shape {
        Shape::Json => json::of_measurements(&rows, &places, (told, position)),
        shape => Table::of_measurements(&rows, &places).write(shape),
    };
    Ok(file(app.beside(write).await?, ask.shape, next))
}

fn file(bytes: Vec<u8>, shape: Shape, next: Option<String>) -> Response {
    let mut response = crate::edge::text(shape.media(), bytes);
    if shape != Shape::Json {
        let kept = HeaderValue::from_static("attachment; filename=\"measurements\"");
        response.headers_mut().insert(header::CONTENT_DISPOSITION, kept);
    }
    if let Some(next) = next.and_then(|next| HeaderValue::from_str(&next).ok()) {
        response.headers_mut().insert("x-next-cursor", next);
    }
    response
}
