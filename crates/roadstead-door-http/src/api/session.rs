//! The claim, log-in, log-out, and who am I.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use roadstead_guard::Secret;
use roadstead_model::Principal;
use roadstead_services::{Issued, NewToken, ServiceError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::shapes::{CredentialView, Named, credential_view, email, name};
use crate::App;
use crate::auth::{self, Me};
use crate::bodies::Told;
use crate::problem::{Kind, Problem, ProblemBody};

const CLAIM_TOKEN_DAYS: u32 = 30;
const LONGEST_LOGIN_DAYS: u32 = 365;

/// A person, as others of the tenant know them.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct PersonView {
    pub id: String,
    pub email: String,
}

/// A claim: the link's secret, and who the server will belong to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClaimRequest {
    /// What follows `#` in the claim link.
    secret: String,
    /// The organisation's name.
    tenant: String,
    /// The owner's address.
    email: String,
    /// At least 15 characters.
    password: String,
}

/// What a claim or a log-in gives: a token, shown once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenGrant {
    tenant: Named,
    person: PersonView,
    /// To be sent as `Authorization: Bearer …`.
    token: String,
    expires: Option<String>,
}

/// Uses up a claim link: makes the tenant and its owner, and a token for the owner's command line.
#[utoipa::path(post, path = "/api/v1/claim", tag = "session", request_body = ClaimRequest, security(()),
    responses((status = 201, body = TokenGrant), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn claim(
    State(app): State<App>,
    auth::From(origin): auth::From,
    Told(body): Told<ClaimRequest>,
) -> Result<(StatusCode, Json<TokenGrant>), Problem> {
    let (tenant, address) = (name(&body.tenant)?, email(&body.email)?);
    let link = Secret::presented(body.secret);
    let password = Secret::presented(body.password);
    let claimed = app.tenants.claim(&link, (tenant, address.clone()), &password, origin).await;
    let (tenant, person) = claimed.map_err(gone)?;
    let token = token_request("command line".into(), Some(CLAIM_TOKEN_DAYS), &app);
    let who = (&address, Some(&tenant.name));
    let issued = app.people.token_by_password(who, &password, origin, token).await?;
    let tenant = Named { id: tenant.id.to_string(), name: tenant.name.to_string() };
    let person = PersonView { id: person.id.to_string(), email: person.email.to_string() };
    Ok((StatusCode::CREATED, Json(token_grant(tenant, person, &issued))))
}

/// A link that is used, ended or mistyped is gone.
fn gone(error: ServiceError) -> Problem {
    match error {
        ServiceError::Missing(_) => Problem::new(Kind::Gone, error.to_string()),
        other => other.into(),
    }
}

fn token_request(label: String, days: Option<u32>, app: &App) -> NewToken {
    let day = std::time::Duration::from_hours(24);
    let days = days.unwrap_or(CLAIM_TOKEN_DAYS).clamp(1, LONGEST_LOGIN_DAYS);
    NewToken { label, expires: Some(app.clock.now().after(day * days)), only: None }
}

fn token_grant(tenant: Named, person: PersonView, issued: &Issued) -> TokenGrant {
    TokenGrant {
        tenant,
        person,
        token: issued.secret.reveal().to_owned(),
        expires: issued.credential.expires.map(|end| end.to_string()),
    }
}

/// A log-in of a program.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginRequest {
    email: String,
    password: String,
    /// Needed only by whoever has the same address in several tenants.
    tenant: Option<String>,
    /// What to call the token.
    #[serde(default)]
    label: String,
    /// After how many days the token ends; 30 when left out, at most 365.
    days: Option<u32>,
}

/// Gives a token for a password.
#[utoipa::path(post, path = "/api/v1/login", tag = "session", request_body = LoginRequest, security(()),
    responses((status = 200, body = TokenGrant), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn log_in(
    State(app): State<App>,
    auth::From(origin): auth::From,
    Told(body): Told<LoginRequest>,
) -> Result<Json<TokenGrant>, Problem> {
    let address = body.email.parse().map_err(|_| Problem::unauthenticated())?;
    let tenant = body.tenant.as_deref().map(name).transpose()?;
    let password = Secret::presented(body.password);
    let token = token_request(body.label, body.days, &app);
    let issued =
        app.people.token_by_password((&address, tenant.as_ref()), &password, origin, token).await?;
    let caller = app.guard.by_token(&issued.secret, origin)?;
    let (tenant, person) = whose(&app, &caller)?;
    let person = person.ok_or_else(Problem::unauthenticated)?;
    Ok(Json(token_grant(tenant, person, &issued)))
}

/// Ends the token or session that the request came with.
#[utoipa::path(post, path = "/api/v1/logout", tag = "session",
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn log_out(State(app): State<App>, Me(caller): Me) -> Result<Response, Problem> {
    app.people.sign_out(&caller).await?;
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, auth::drop_cookie())]).into_response())
}

/// Who calls, and with what.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MeView {
    tenant: Named,
    /// Set when a person calls.
    person: Option<PersonView>,
    /// Set when a device calls.
    device: Option<Named>,
    credential: Option<CredentialView>,
}

/// Shows who calls, and with what.
#[utoipa::path(get, path = "/api/v1/me", tag = "session",
    responses((status = 200, body = MeView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn who_am_i(
    State(app): State<App>,
    Me(caller): Me,
) -> Result<Json<MeView>, Problem> {
    let (tenant, person) = whose(&app, &caller)?;
    let device = match caller.principal() {
        Principal::Person(_) => None,
        Principal::Device(id) => {
            let permit = app.guard.permit::<roadstead_guard::Read, _>(&caller, id)?;
            let row = app.things.directory().device(&permit);
            row.map(|row| Named { id: id.to_string(), name: row.name.to_string() })
        }
    };
    let own = app.things.directory().own_credentials(&caller);
    let credential = own.iter().find(|row| row.id == caller.credential()).map(credential_view);
    Ok(Json(MeView { tenant, person, device, credential }))
}

fn whose(
    app: &App,
    caller: &roadstead_guard::Caller,
) -> Result<(Named, Option<PersonView>), Problem> {
    let directory = app.things.directory();
    let tenant = directory.tenant_of(caller).ok_or_else(Problem::not_found)?;
    let person = directory.person_of(caller);
    let tenant = Named { id: tenant.id.to_string(), name: tenant.name.to_string() };
    let person =
        person.map(|row| PersonView { id: row.id.to_string(), email: row.email.to_string() });
    Ok((tenant, person))
}
