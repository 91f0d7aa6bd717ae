//! People of the tenant, and the grants they hold.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use roadstead_guard::{Manage, Permit, Secret};
use roadstead_model::{Grant, Principal, Resource, Role, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::session::PersonView;
use super::shapes::{device_ref, email};
use crate::App;
use crate::auth::Me;
use crate::bodies::Told;
use crate::problem::{Items, Problem, ProblemBody};

/// A person to be invited.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Invite {
    email: String,
}

/// A new person, with the link that lets them in the first time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Invited {
    person: PersonView,
    /// Works once, for an hour: hand it over by a way you trust.
    link: String,
}

/// Lists the people of the tenant.
#[utoipa::path(get, path = "/api/v1/people", tag = "people",
    responses((status = 200, body = Items<PersonView>), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn list_people(
    State(app): State<App>,
    Me(caller): Me,
) -> Result<Json<Items<PersonView>>, Problem> {
    let permit = app.guard.permit::<Manage, _>(&caller, caller.tenant())?;
    let rows = app.things.directory().people(&permit);
    let view = |row: roadstead_model::Person| PersonView {
        id: row.id.to_string(),
        email: row.email.to_string(),
    };
    Ok(Items::all(rows.into_iter().map(view).collect()))
}

/// Makes a person without any right yet, and a one-time sign-in link for them.
#[utoipa::path(post, path = "/api/v1/people", tag = "people", request_body = Invite,
    responses((status = 201, body = Invited), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn invite_person(
    State(app): State<App>,
    Me(caller): Me,
    Told(body): Told<Invite>,
) -> Result<(StatusCode, Json<Invited>), Problem> {
    let permit = app.guard.permit::<Manage, _>(&caller, caller.tenant())?;
    let (person, secret) = app.people.invite(&permit, email(&body.email)?).await?;
    let link = app.settings.invitation(&secret);
    let person = PersonView { id: person.id.to_string(), email: person.email.to_string() };
    Ok((StatusCode::CREATED, Json(Invited { person, link })))
}

/// A new password for oneself.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordRequest {
    /// The password so far; left out by whoever has none yet.
    current: Option<String>,
    /// At least 15 characters; there is no rule of composition.
    password: String,
}

/// Sets one's own password; one's other sessions end.
#[utoipa::path(put, path = "/api/v1/me/password", tag = "session", request_body = PasswordRequest,
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn set_password(
    State(app): State<App>,
    Me(caller): Me,
    Told(body): Told<PasswordRequest>,
) -> Result<StatusCode, Problem> {
    let current = body.current.map(Secret::presented);
    let new = Secret::presented(body.password);
    app.people.set_password(&caller, (current.as_ref(), &new)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One grant: this principal, this role, this resource and all below it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GrantView {
    id: String,
    /// Id of the person or device.
    principal: String,
    /// The person's address, or the device's name.
    name: Option<String>,
    #[schema(value_type = String)]
    role: Role,
    /// Id of the tenant, space, asset, device or sensor.
    resource: String,
    expires: Option<String>,
    reason: String,
}

/// A grant to be given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantRequest {
    /// A person's address or id, or a device's name or id.
    principal: String,
    /// `owner`, `manager`, `operator`, `viewer` or `writer`.
    #[schema(value_type = String)]
    role: Role,
    #[schema(value_type = Option<String>)]
    expires: Option<Timestamp>,
    /// Why: the audit log keeps it.
    #[serde(default)]
    reason: String,
}

fn grant_view(app: &App, permit: &Permit<Manage, Resource>, grant: &Grant) -> GrantView {
    GrantView {
        id: grant.id.to_string(),
        principal: grant.principal.to_string(),
        name: app.things.directory().holder_name(permit, grant.principal),
        role: grant.role,
        resource: grant.resource.to_string(),
        expires: grant.expires.map(|end| end.to_string()),
        reason: grant.reason.clone(),
    }
}

/// Lists the grants given on a resource itself.
#[utoipa::path(get, path = "/api/v1/resources/{resource}/grants", tag = "people",
    params(("resource" = String, Path, description = "Id of a tenant, space, asset, device or sensor")),
    responses((status = 200, body = Items<GrantView>), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn list_grants(
    State(app): State<App>,
    Me(caller): Me,
    Path(resource): Path<String>,
) -> Result<Json<Items<GrantView>>, Problem> {
    let resource: Resource = resource.parse().map_err(|_| Problem::not_found())?;
    let permit = app.guard.permit::<Manage, _>(&caller, resource)?;
    let grants = app.things.directory().grants_on(&permit);
    Ok(Items::all(grants.iter().map(|grant| grant_view(&app, &permit, grant)).collect()))
}

/// Gives a role on a resource and all below it. Nobody gives more than they have.
#[utoipa::path(post, path = "/api/v1/resources/{resource}/grants", tag = "people",
    params(("resource" = String, Path, description = "Id of a tenant, space, asset, device or sensor")),
    request_body = GrantRequest,
    responses((status = 201, body = GrantView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn give_grant(
    State(app): State<App>,
    Me(caller): Me,
    Path(resource): Path<String>,
    Told(body): Told<GrantRequest>,
) -> Result<(StatusCode, Json<GrantView>), Problem> {
    let resource: Resource = resource.parse().map_err(|_| Problem::not_found())?;
    let permit = app.guard.permit::<Manage, _>(&caller, resource)?;
    let principal = principal_ref(&app, &caller, &body.principal)?;
    let grant =
        app.people.grant(&permit, (principal, body.role), body.expires, body.reason).await?;
    Ok((StatusCode::CREATED, Json(grant_view(&app, &permit, &grant))))
}

pub(crate) fn principal_ref(
    app: &App,
    caller: &roadstead_guard::Caller,
    text: &str,
) -> Result<Principal, Problem> {
    if let Ok(person) = text.parse() {
        return Ok(Principal::Person(person));
    }
    match app.things.directory().person_addressed(caller.tenant(), text) {
        Some(person) => Ok(Principal::Person(person)),
        None => device_ref(app, caller, text).map(Principal::Device),
    }
}

/// Ends a grant; what lived by it is cut off within a second.
#[utoipa::path(delete, path = "/api/v1/resources/{resource}/grants/{grant}", tag = "people",
    params(("resource" = String, Path, description = "Id of the resource it was given on"),
        ("grant" = String, Path, description = "Id of the grant")),
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn end_grant(
    State(app): State<App>,
    Me(caller): Me,
    Path((resource, grant)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let resource: Resource = resource.parse().map_err(|_| Problem::not_found())?;
    let permit = app.guard.permit::<Manage, _>(&caller, resource)?;
    app.people.end_grant(&permit, grant.parse().map_err(|_| Problem::not_found())?).await?;
    Ok(StatusCode::NO_CONTENT)
}
