//! Spaces and assets: where things are.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use roadstead_guard::{Manage, Read, Scope};
use roadstead_model::{Asset, AssetId, Resource, Space, SpaceId};
use roadstead_services::{AssetChange, Move, SpaceChange};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::paths::Places;
use super::shapes::{PlaceView, asset_ref, name, place_ref, space_ref};
use crate::App;
use crate::auth::Me;
use crate::bodies::Told;
use crate::problem::{Items, Problem, ProblemBody};

/// A site, building, level, room or zone.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SpaceView {
    #[schema(value_type = String)]
    id: SpaceId,
    integer: u64,
    name: String,
    /// A word of RealEstateCore 4, such as `Site`, `Building`, `Level`, `Room` or `Zone`.
    class: String,
    parent: PlaceView,
    path: String,
}

/// A placed thing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AssetView {
    #[schema(value_type = String)]
    id: AssetId,
    integer: u64,
    name: String,
    place: PlaceView,
    path: String,
}

/// A space to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SpaceRequest {
    /// Unique within its parent.
    name: String,
    /// A word of RealEstateCore 4; `Space` when left out.
    class: Option<String>,
    /// The space above, by id or path; without it, the tenant.
    parent: Option<String>,
}

/// An asset to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AssetRequest {
    /// Unique within its place.
    name: String,
    /// The space it is in, by id or path; without it, the tenant.
    place: Option<String>,
}

fn space_view(row: &Space, places: &Places) -> SpaceView {
    SpaceView {
        id: row.id,
        integer: row.id.integer(),
        name: row.name.to_string(),
        class: row.class.to_string(),
        parent: PlaceView { id: row.parent.to_string(), path: places.path(row.parent) },
        path: places.path(row.id.into()),
    }
}

fn asset_view(row: &Asset, places: &Places) -> AssetView {
    AssetView {
        id: row.id,
        integer: row.id.integer(),
        name: row.name.to_string(),
        place: PlaceView { id: row.parent.to_string(), path: places.path(row.parent) },
        path: places.path(row.id.into()),
    }
}

/// Lists the spaces that the caller may see.
#[utoipa::path(get, path = "/api/v1/spaces", tag = "places",
    responses((status = 200, body = Items<SpaceView>), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn list_spaces(
    State(app): State<App>,
    Me(caller): Me,
) -> Result<Json<Items<SpaceView>>, Problem> {
    let scope = app.guard.scope::<Read>(&caller)?;
    let (spaces, places) = (app.things.directory().spaces(&scope), Places::in_reach(&app, &scope));
    Ok(Items::all(spaces.iter().map(|row| space_view(row, &places)).collect()))
}

/// Makes a space.
#[utoipa::path(post, path = "/api/v1/spaces", tag = "places", request_body = SpaceRequest,
    responses((status = 201, body = SpaceView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn create_space(
    State(app): State<App>,
    Me(caller): Me,
    Told(body): Told<SpaceRequest>,
) -> Result<(StatusCode, Json<SpaceView>), Problem> {
    let scope = app.guard.scope::<Read>(&caller)?;
    let parent = place_ref(&app, &scope, body.parent.as_deref())?;
    let permit = app.guard.permit::<Manage, Resource>(&caller, parent)?;
    let class = name(body.class.as_deref().unwrap_or("Space"))?;
    let row = app.things.create_space(&permit, name(&body.name)?, class).await?;
    let places = Places::in_reach(&app, &app.guard.scope::<Read>(&caller)?);
    Ok((StatusCode::CREATED, Json(space_view(&row, &places))))
}

/// What to change of a space; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SpacePatch {
    name: Option<String>,
    class: Option<String>,
    /// Another space above, by id or path; an empty text means the tenant.
    parent: Option<String>,
}

/// Changes or moves a space with all in it. A move needs `manage` at both places.
#[utoipa::path(patch, path = "/api/v1/spaces/{space}", tag = "places", request_body = SpacePatch,
    params(("space" = String, Path, description = "Id, or path with `/` written as `%2F`")),
    responses((status = 200, body = SpaceView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn change_space(
    State(app): State<App>,
    Me(caller): Me,
    Path(space): Path<String>,
    Told(body): Told<SpacePatch>,
) -> Result<Json<SpaceView>, Problem> {
    let scope = app.guard.scope::<Read>(&caller)?;
    let permit = app.guard.permit::<Manage, _>(&caller, space_ref(&app, &scope, &space)?)?;
    let seen = app.guard.permit::<Read, _>(&caller, permit.resource())?;
    let before = app.things.directory().space(&seen).ok_or_else(Problem::not_found)?;
    let change = SpaceChange {
        name: body.name.as_deref().map(name).transpose()?,
        class: body.class.as_deref().map(name).transpose()?,
        moved: moved(&app, &scope, (before.parent, body.parent.as_deref()))?,
    };
    let row = app.things.change_space(&permit, change).await?;
    let places = Places::in_reach(&app, &app.guard.scope::<Read>(&caller)?);
    Ok(Json(space_view(&row, &places)))
}

/// A move to where a request wants a place, if that is another one than it has.
pub(crate) fn moved(
    app: &App,
    scope: &Scope<Read>,
    (from, to): (Resource, Option<&str>),
) -> Result<Option<Move>, Problem> {
    let to = to.map(|text| place_ref(app, scope, Some(text))).transpose()?;
    let Some(to) = to.filter(|to| *to != from) else { return Ok(None) };
    let from = app.guard.permit::<Manage, Resource>(scope.caller(), from)?;
    let to = app.guard.permit::<Manage, Resource>(scope.caller(), to)?;
    Ok(Some(Move { from, to }))
}

/// Removes an empty space.
#[utoipa::path(delete, path = "/api/v1/spaces/{space}", tag = "places",
    params(("space" = String, Path, description = "Id, or path with `/` written as `%2F`")),
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn remove_space(
    State(app): State<App>,
    Me(caller): Me,
    Path(space): Path<String>,
) -> Result<StatusCode, Problem> {
    let space = space_ref(&app, &app.guard.scope::<Read>(&caller)?, &space)?;
    app.things.remove_space(&app.guard.permit::<Manage, _>(&caller, space)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the assets that the caller may see.
#[utoipa::path(get, path = "/api/v1/assets", tag = "places",
    responses((status = 200, body = Items<AssetView>), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn list_assets(
    State(app): State<App>,
    Me(caller): Me,
) -> Result<Json<Items<AssetView>>, Problem> {
    let scope = app.guard.scope::<Read>(&caller)?;
    let (assets, places) = (app.things.directory().assets(&scope), Places::in_reach(&app, &scope));
    Ok(Items::all(assets.iter().map(|row| asset_view(row, &places)).collect()))
}

/// Makes an asset.
#[utoipa::path(post, path = "/api/v1/assets", tag = "places", request_body = AssetRequest,
    responses((status = 201, body = AssetView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn create_asset(
    State(app): State<App>,
    Me(caller): Me,
    Told(body): Told<AssetRequest>,
) -> Result<(StatusCode, Json<AssetView>), Problem> {
    let scope = app.guard.scope::<Read>(&caller)?;
    let place = place_ref(&app, &scope, body.place.as_deref())?;
    let permit = app.guard.permit::<Manage, Resource>(&caller, place)?;
    let row = app.things.create_asset(&permit, name(&body.name)?).await?;
    let places = Places::in_reach(&app, &app.guard.scope::<Read>(&caller)?);
    Ok((StatusCode::CREATED, Json(asset_view(&row, &places))))
}

/// What to change of an asset; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AssetPatch {
    name: Option<String>,
    /// Another space, by id or path; an empty text means the tenant.
    place: Option<String>,
}

/// Renames or moves an asset with all in it. A move needs `manage` at both places.
#[utoipa::path(patch, path = "/api/v1/assets/{asset}", tag = "places", request_body = AssetPatch,
    params(("asset" = String, Path, description = "Id, or path with `/` written as `%2F`")),
    responses((status = 200, body = AssetView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn change_asset(
    State(app): State<App>,
    Me(caller): Me,
    Path(asset): Path<String>,
    Told(body): Told<AssetPatch>,
) -> Result<Json<AssetView>, Problem> {
    let scope = app.guard.scope::<Read>(&caller)?;
    let permit = app.guard.permit::<Manage, _>(&caller, asset_ref(&app, &scope, &asset)?)?;
    let seen = app.guard.permit::<Read, _>(&caller, permit.resource())?;
    let before = app.things.directory().asset(&seen).ok_or_else(Problem::not_found)?;
    let change = AssetChange {
        name: body.name.as_deref().map(name).transpose()?,
        moved: moved(&app, &scope, (before.parent, body.place.as_deref()))?,
    };
    let row = app.things.change_asset(&permit, change).await?;
    let places = Places::in_reach(&app, &app.guard.scope::<Read>(&caller)?);
    Ok(Json(asset_view(&row, &places)))
}

/// Removes an empty asset.
#[utoipa::path(delete, path = "/api/v1/assets/{asset}", tag = "places",
    params(("asset" = String, Path, description = "Id, or path with `/` written as `%2F`")),
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn remove_asset(
    State(app): State<App>,
    Me(caller): Me,
    Path(asset): Path<String>,
) -> Result<StatusCode, Problem> {
    let asset = asset_ref(&app, &app.guard.scope::<Read>(&caller)?, &asset)?;
    app.things.remove_asset(&app.guard.permit::<Manage, _>(&caller, asset)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
