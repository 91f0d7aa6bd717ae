//! The latest values.

use axum::Json;
use axum::extract::{Query, State};
use roadstead_guard::{Read, Scope};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::measurements::{Chosen, choose};
use crate::App;
use crate::auth::Me;
use crate::problem::{Items, Problem, ProblemBody};

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
