//! The API, ready to try.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::frame::{Page, show};
use super::session::Signed;
use crate::App;
use crate::problem::Problem;

/// The explorer; its script reads the description.
#[derive(Template)]
#[template(path = "api.html")]
struct ApiPage {
    page: Page,
    source: &'static str,
}

/// Shows every operation of the API.
pub(crate) async fn explorer(
    State(app): State<App>,
    Signed(visitor): Signed,
) -> Result<Response, Problem> {
    let page = Page::new(&app, "API", "api", Some(&visitor));
    show(StatusCode::OK, &ApiPage { page, source: "/api/openapi.json" })
}
