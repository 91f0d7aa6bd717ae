//! Who did what, for those who may read it.

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::App;
use crate::auth::Me;
use crate::problem::{Items, Problem, ProblemBody};

/// How much of the log.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct HowMuch {
    /// At most so many entries, newest first; 100 when left out, at most 1,000.
    limit: Option<usize>,
}

/// Shows the newest entries of the tenant's audit log.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(HowMuch),
    responses((status = 200, body = Items<serde_json::Value>), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn show_audit(
    State(app): State<App>,
    Me(caller): Me,
    Query(how): Query<HowMuch>,
) -> Result<Json<Items<serde_json::Value>>, Problem> {
    let permit = app.guard.permit::<roadstead_guard::Audit, _>(&caller, caller.tenant())?;
    let limit = how.limit.unwrap_or(100).min(1000);
    Ok(Items::all(app.people.audit_log(&permit, limit).await?))
}
