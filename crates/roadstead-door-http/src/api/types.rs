//! Device types and sensors.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use roadstead_guard::{Manage, Read};
use roadstead_model::{DeviceType, DeviceTypeId, SensorId, SensorShape, TypeMode};
use roadstead_services::{SensorPlace, TypeChange};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::shapes::{Named, device_ref, name, type_ref};
use crate::App;
use crate::auth::Me;
use crate::bodies::Told;
use crate::problem::{Items, Problem, ProblemBody};

/// A sensor as a type lists it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShapeView {
    /// Unique within the device.
    name: String,
    /// A SenML unit (RFC 8428, section 12.1), such as `Cel` or `W`; empty if there is none.
    #[serde(default)]
    unit: String,
    /// A QUDT quantity kind, such as `Temperature`; empty if unknown.
    #[serde(default)]
    quantity: String,
}

/// A contract: which sensors a device has.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TypeView {
    #[schema(value_type = String)]
    id: DeviceTypeId,
    integer: u64,
    name: String,
    /// `open`: devices may bring further sensors. `fixed`: they may not.
    #[schema(value_type = String)]
    mode: TypeMode,
    sensors: Vec<ShapeView>,
}

/// A device type to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TypeRequest {
    /// Unique within the tenant.
    name: String,
    #[schema(value_type = String)]
    mode: TypeMode,
    #[serde(default)]
    sensors: Vec<ShapeView>,
}

/// One series of measurements.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SensorView {
    #[schema(value_type = String)]
    id: SensorId,
    integer: u64,
    name: String,
    unit: String,
    quantity: String,
    device: Named,
}

/// What to change of a sensor; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SensorPatch {
    name: Option<String>,
    unit: Option<String>,
    quantity: Option<String>,
}

fn shape(view: ShapeView) -> Result<SensorShape, Problem> {
    let short = |text: String| {
        let fits = text.len() <= 64 && !text.chars().any(char::is_control);
        if fits {
            Ok(text)
        } else {
            Err(Problem::unprocessable("units and quantities have at most 64 bytes"))
        }
    };
    Ok(SensorShape {
        name: name(&view.name)?,
        unit: short(view.unit)?,
        quantity: short(view.quantity)?,
    })
}

/// Reads a sensor as a form or a request tells it.
pub(crate) fn shape_of(
    name: String,
    unit: String,
    quantity: String,
) -> Result<SensorShape, Problem> {
    shape(ShapeView { name, unit, quantity })
}

fn shape_view(shape: &SensorShape) -> ShapeView {
    ShapeView {
        name: shape.name.to_string(),
        unit: shape.unit.clone(),
        quantity: shape.quantity.clone(),
    }
}

fn type_view(row: &DeviceType) -> TypeView {
    TypeView {
        id: row.id,
        integer: row.id.integer(),
        name: row.name.to_string(),
        mode: row.mode,
        sensors: row.sensors.iter().map(shape_view).collect(),
    }
}

fn sensor_view(row: &SensorPlace) -> SensorView {
    let sensor = &row.sensor;
    SensorView {
        id: sensor.id,
        integer: sensor.id.integer(),
        name: sensor.shape.name.to_string(),
        unit: sensor.shape.unit.clone(),
        quantity: sensor.shape.quantity.clone(),
        device: Named { id: sensor.device.to_string(), name: row.device.to_string() },
    }
}

/// Lists the tenant's device types.
#[utoipa::path(get, path = "/api/v1/types", tag = "types",
    responses((status = 200, body = Items<TypeView>), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn list_types(
    State(app): State<App>,
    Me(caller): Me,
) -> Result<Json<Items<TypeView>>, Problem> {
    let types = app.things.directory().device_types(&app.guard.scope::<Read>(&caller)?);
    Ok(Items::all(types.iter().map(type_view).collect()))
}

/// Makes a device type.
#[utoipa::path(post, path = "/api/v1/types", tag = "types", request_body = TypeRequest,
    responses((status = 201, body = TypeView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn create_type(
    State(app): State<App>,
    Me(caller): Me,
    Told(body): Told<TypeRequest>,
) -> Result<(StatusCode, Json<TypeView>), Problem> {
    let permit = app.guard.permit::<Manage, _>(&caller, caller.tenant())?;
    let sensors = body.sensors.into_iter().map(shape).collect::<Result<_, _>>()?;
    let row = app.things.create_device_type(&permit, name(&body.name)?, body.mode, sensors).await?;
    Ok((StatusCode::CREATED, Json(type_view(&row))))
}

/// What to change of a device type; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TypePatch {
    name: Option<String>,
    #[schema(value_type = Option<String>)]
    mode: Option<TypeMode>,
    /// Sensors to be listed besides those it has; each device of the type gets those it lacks.
    #[serde(default)]
    add_sensors: Vec<ShapeView>,
}

/// Renames a device type, opens or fixes it, or lists further sensors with it.
#[utoipa::path(patch, path = "/api/v1/types/{type}", tag = "types", request_body = TypePatch,
    params(("type" = String, Path, description = "Id or name")),
    responses((status = 200, body = TypeView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn change_type(
    State(app): State<App>,
    Me(caller): Me,
    Path(kind): Path<String>,
    Told(body): Told<TypePatch>,
) -> Result<Json<TypeView>, Problem> {
    let permit = app.guard.permit::<Manage, _>(&caller, caller.tenant())?;
    let kind = type_ref(&app, &app.guard.scope::<Read>(&caller)?, &kind)?;
    let change = TypeChange {
        name: body.name.as_deref().map(name).transpose()?,
        mode: body.mode,
        added: body.add_sensors.into_iter().map(shape).collect::<Result<_, _>>()?,
    };
    let row = app.things.change_device_type(&permit, kind, change).await?;
    Ok(Json(type_view(&row)))
}

/// Removes a device type that no device has.
#[utoipa::path(delete, path = "/api/v1/types/{type}", tag = "types",
    params(("type" = String, Path, description = "Id or name")),
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn remove_type(
    State(app): State<App>,
    Me(caller): Me,
    Path(kind): Path<String>,
) -> Result<StatusCode, Problem> {
    let permit = app.guard.permit::<Manage, _>(&caller, caller.tenant())?;
    let kind = type_ref(&app, &app.guard.scope::<Read>(&caller)?, &kind)?;
    app.things.remove_device_type(&permit, kind).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists a device's sensors.
#[utoipa::path(get, path = "/api/v1/devices/{device}/sensors", tag = "devices",
    params(("device" = String, Path, description = "Id, unique name, or `me`")),
    responses((status = 200, body = Items<SensorView>), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn list_sensors(
    State(app): State<App>,
    Me(caller): Me,
    Path(device): Path<String>,
) -> Result<Json<Items<SensorView>>, Problem> {
    let permit = app.guard.permit::<Read, _>(&caller, device_ref(&app, &caller, &device)?)?;
    let scope = app.guard.scope::<Read>(&caller)?;
    let rows = app.things.directory().sensors(&scope, permit.resource().into());
    Ok(Items::all(rows.iter().map(|row| sensor_view(row)).collect()))
}

/// Makes a sensor by hand, whatever the device's type lists.
#[utoipa::path(post, path = "/api/v1/devices/{device}/sensors", tag = "devices", request_body = ShapeView,
    params(("device" = String, Path, description = "Id or unique name")),
    responses((status = 201, body = SensorView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn create_sensor(
    State(app): State<App>,
    Me(caller): Me,
    Path(device): Path<String>,
    Told(body): Told<ShapeView>,
) -> Result<(StatusCode, Json<SensorView>), Problem> {
    let permit = app.guard.permit::<Manage, _>(&caller, device_ref(&app, &caller, &device)?)?;
    let made = app.things.add_sensor(&permit, shape(body)?).await?;
    let seen = app.guard.permit::<Read, _>(&caller, made.id)?;
    let row = app.things.directory().sensor(&seen).ok_or_else(Problem::not_found)?;
    Ok((StatusCode::CREATED, Json(sensor_view(&row))))
}

/// Removes a sensor. Its values are left to retention; a device may bring the name again.
#[utoipa::path(delete, path = "/api/v1/sensors/{sensor}", tag = "devices",
    params(("sensor" = String, Path, description = "Id")),
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn remove_sensor(
    State(app): State<App>,
    Me(caller): Me,
    Path(sensor): Path<String>,
) -> Result<StatusCode, Problem> {
    let sensor: SensorId = sensor.parse().map_err(|_| Problem::not_found())?;
    app.things.remove_sensor(&app.guard.permit::<Manage, _>(&caller, sensor)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Changes a sensor's name, unit or quantity.
#[utoipa::path(patch, path = "/api/v1/sensors/{sensor}", tag = "devices", request_body = SensorPatch,
    params(("sensor" = String, Path, description = "Id")),
    responses((status = 200, body = SensorView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn change_sensor(
    State(app): State<App>,
    Me(caller): Me,
    Path(sensor): Path<String>,
    Told(body): Told<SensorPatch>,
) -> Result<Json<SensorView>, Problem> {
    let sensor: SensorId = sensor.parse().map_err(|_| Problem::not_found())?;
    let permit = app.guard.permit::<Manage, _>(&caller, sensor)?;
    let seen = app.guard.permit::<Read, _>(&caller, sensor)?;
    let now = app.things.directory().sensor(&seen).ok_or_else(Problem::not_found)?;
    let before = shape_view(&now.sensor.shape);
    let wanted = ShapeView {
        name: body.name.unwrap_or(before.name),
        unit: body.unit.unwrap_or(before.unit),
        quantity: body.quantity.unwrap_or(before.quantity),
    };
    app.things.change_sensor(&permit, shape(wanted)?).await?;
    let after = app.things.directory().sensor(&seen).ok_or_else(Problem::not_found)?;
    Ok(Json(sensor_view(&after)))
}
