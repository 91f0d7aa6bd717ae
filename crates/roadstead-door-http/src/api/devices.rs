//! Devices and their tokens.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use roadstead_guard::{Manage, Read};
use roadstead_model::Resource;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::paths::Places;
use super::shapes::{
    CredentialView, DeviceView, TokenRequest, credential_view, device_ref, device_view,
    issued_view, name, place_ref, type_ref,
};
use crate::App;
use crate::auth::Me;
use crate::bodies::Told;
use crate::problem::{Items, Problem, ProblemBody};

/// Which devices to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// Only those at or below this place, by id or path.
    place: Option<String>,
    /// Only those of this type, by id or name.
    r#type: Option<String>,
}

/// Lists the devices that the caller may see.
#[utoipa::path(get, path = "/api/v1/devices", tag = "devices", params(Which),
    responses((status = 200, body = Items<DeviceView>), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn list_devices(
    State(app): State<App>,
    Me(caller): Me,
    Query(which): Query<Which>,
) -> Result<Json<Items<DeviceView>>, Problem> {
    let scope = app.guard.scope::<Read>(&caller)?;
    let directory = app.things.directory();
    let kind = which.r#type.as_deref().map(|text| type_ref(&app, &scope, text)).transpose()?;
    let place =
        which.place.as_deref().map(|text| place_ref(&app, &scope, Some(text))).transpose()?;
    let mut rows = directory.devices(&scope);
    rows.retain(|row| kind.is_none_or(|kind| row.device_type == Some(kind)));
    rows.retain(|row| place.is_none_or(|place| directory.is_below(&scope, row.id.into(), place)));
    let places = Places::in_reach(&app, &scope);
    let views = rows.iter().map(|row| device_view(&app, &scope, &places, row));
    Ok(Items::all(views.collect::<Result<_, _>>()?))
}

/// A device to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeviceRequest {
    /// Unique within the tenant.
    #[schema(example = "pump-7")]
    name: String,
    /// Its type, by id or name.
    r#type: Option<String>,
    /// Where it is: a space or an asset, by id or path; without it, the tenant.
    place: Option<String>,
}

/// Makes a device. It has no token yet: make one next.
#[utoipa::path(post, path = "/api/v1/devices", tag = "devices", request_body = DeviceRequest,
    responses((status = 201, body = DeviceView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn create_device(
    State(app): State<App>,
    Me(caller): Me,
    Told(body): Told<DeviceRequest>,
) -> Result<(StatusCode, Json<DeviceView>), Problem> {
    let scope = app.guard.scope::<Read>(&caller)?;
    let place = place_ref(&app, &scope, body.place.as_deref())?;
    let permit = app.guard.permit::<Manage, Resource>(&caller, place)?;
    let kind = body.r#type.as_deref().map(|text| type_ref(&app, &scope, text)).transpose()?;
    let device = app.things.create_device(&permit, name(&body.name)?, kind).await?;
    let scope = app.guard.scope::<Read>(&caller)?;
    Ok((
        StatusCode::CREATED,
        Json(device_view(&app, &scope, &Places::in_reach(&app, &scope), &device)?),
    ))
}

/// Shows one device.
#[utoipa::path(get, path = "/api/v1/devices/{device}", tag = "devices",
    params(("device" = String, Path, description = "Id, unique name, or `me`")),
    responses((status = 200, body = DeviceView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn show_device(
    State(app): State<App>,
    Me(caller): Me,
    Path(device): Path<String>,
) -> Result<Json<DeviceView>, Problem> {
    let permit = app.guard.permit::<Read, _>(&caller, device_ref(&app, &caller, &device)?)?;
    let row = app.things.directory().device(&permit).ok_or_else(Problem::not_found)?;
    let scope = app.guard.scope::<Read>(&caller)?;
    Ok(Json(device_view(&app, &scope, &Places::in_reach(&app, &scope), &row)?))
}

/// What to change of a device; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DevicePatch {
    name: Option<String>,
    /// A new place, by id or path; an empty text means the tenant.
    place: Option<String>,
}

/// Renames or moves a device. A move needs `manage` at both places.
#[utoipa::path(patch, path = "/api/v1/devices/{device}", tag = "devices", request_body = DevicePatch,
    params(("device" = String, Path, description = "Id or unique name")),
    responses((status = 200, body = DeviceView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn change_device(
    State(app): State<App>,
    Me(caller): Me,
    Path(device): Path<String>,
    Told(body): Told<DevicePatch>,
) -> Result<Json<DeviceView>, Problem> {
    let permit = app.guard.permit::<Manage, _>(&caller, device_ref(&app, &caller, &device)?)?;
    let scope = app.guard.scope::<Read>(&caller)?;
    let new_name = body.name.as_deref().map(name).transpose()?;
    let place =
        body.place.as_deref().map(|text| place_ref(&app, &scope, Some(text))).transpose()?;
    let place =
        place.map(|place| app.guard.permit::<Manage, Resource>(&caller, place)).transpose()?;
    let row = app.things.change_device(&permit, new_name, place).await?;
    let scope = app.guard.scope::<Read>(&caller)?;
    Ok(Json(device_view(&app, &scope, &Places::in_reach(&app, &scope), &row)?))
}

/// Removes a device with its sensors, tokens and grants. Its connections end within a second.
#[utoipa::path(delete, path = "/api/v1/devices/{device}", tag = "devices",
    params(("device" = String, Path, description = "Id or unique name")),
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn remove_device(
    State(app): State<App>,
    Me(caller): Me,
    Path(device): Path<String>,
) -> Result<StatusCode, Problem> {
    let permit = app.guard.permit::<Manage, _>(&caller, device_ref(&app, &caller, &device)?)?;
    app.things.remove_device(&permit).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists a device's tokens, without their secrets.
#[utoipa::path(get, path = "/api/v1/devices/{device}/credentials", tag = "devices",
    params(("device" = String, Path, description = "Id or unique name")),
    responses((status = 200, body = Items<CredentialView>), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn list_device_credentials(
    State(app): State<App>,
    Me(caller): Me,
    Path(device): Path<String>,
) -> Result<Json<Items<CredentialView>>, Problem> {
    let permit = app.guard.permit::<Manage, _>(&caller, device_ref(&app, &caller, &device)?)?;
    let rows = app.things.directory().device_credentials(&permit);
    Ok(Items::all(rows.iter().map(credential_view).collect()))
}

/// Makes a token of a device: 256 random bits, shown in this answer and never again.
#[utoipa::path(post, path = "/api/v1/devices/{device}/credentials", tag = "devices",
    params(("device" = String, Path, description = "Id or unique name")), request_body = TokenRequest,
    responses((status = 201, body = CredentialView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn create_device_credential(
    State(app): State<App>,
    Me(caller): Me,
    Path(device): Path<String>,
    Told(body): Told<TokenRequest>,
) -> Result<(StatusCode, Json<CredentialView>), Problem> {
    let permit = app.guard.permit::<Manage, _>(&caller, device_ref(&app, &caller, &device)?)?;
    let issued = app.people.create_device_token(&permit, body.parse(app.clock.now())).await?;
    Ok((StatusCode::CREATED, Json(issued_view(&issued))))
}

/// Ends a token of a device; what is connected with it is cut off within a second.
#[utoipa::path(delete, path = "/api/v1/devices/{device}/credentials/{credential}", tag = "devices",
    params(("device" = String, Path, description = "Id or unique name"),
        ("credential" = String, Path, description = "Id of the token")),
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn end_device_credential(
    State(app): State<App>,
    Me(caller): Me,
    Path((device, credential)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let permit = app.guard.permit::<Manage, _>(&caller, device_ref(&app, &caller, &device)?)?;
    let credential = credential.parse().map_err(|_| Problem::not_found())?;
    app.people.end_device_token(&permit, credential).await?;
    Ok(StatusCode::NO_CONTENT)
}
