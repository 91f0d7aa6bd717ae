//! One's own tokens and sessions.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::shapes::{CredentialView, TokenRequest, credential_view, issued_view};
use crate::App;
use crate::auth::Me;
use crate::bodies::Told;
use crate::problem::{Items, Problem, ProblemBody};

/// Lists the caller's own tokens and sessions, without their secrets.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens",
    responses((status = 200, body = Items<CredentialView>), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn list_tokens(
    State(app): State<App>,
    Me(caller): Me,
) -> Result<Json<Items<CredentialView>>, Problem> {
    let rows = app.things.directory().own_credentials(&caller);
    Ok(Items::all(rows.iter().map(credential_view).collect()))
}

/// Makes a token for the caller's own programs. It never exceeds the rights of its owner.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "tokens", request_body = TokenRequest,
    responses((status = 201, body = CredentialView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn create_token(
    State(app): State<App>,
    Me(caller): Me,
    Told(body): Told<TokenRequest>,
) -> Result<(StatusCode, Json<CredentialView>), Problem> {
    let issued = app.people.create_own_token(&caller, body.parse(app.clock.now())).await?;
    Ok((StatusCode::CREATED, Json(issued_view(&issued))))
}

/// Ends one of the caller's own tokens or sessions.
#[utoipa::path(delete, path = "/api/v1/tokens/{credential}", tag = "tokens",
    params(("credential" = String, Path, description = "Id of the token or session")),
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn end_token(
    State(app): State<App>,
    Me(caller): Me,
    Path(credential): Path<String>,
) -> Result<StatusCode, Problem> {
    let credential = credential.parse().map_err(|_| Problem::not_found())?;
    app.people.end_own(&caller, credential).await?;
    Ok(StatusCode::NO_CONTENT)
}
