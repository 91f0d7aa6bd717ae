//! One's own account: who one is, and one's password.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use roadstead_guard::{Refused, Secret};
use roadstead_services::ServiceError;
use serde::Deserialize;

use super::claim::PASSWORD_MIN;
use super::frame::{Page, Say, go_to, sentence, show};
use super::session::{Posted, Signed};
use crate::App;
use crate::auth::Visitor;
use crate::problem::Problem;

/// The account, with the form for a password, empty or refused.
#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    page: Page,
    /// Whether there is a password that must be given to set another.
    has_password: bool,
    current_error: Option<String>,
    password_error: Option<String>,
    again_error: Option<String>,
    password_min: u32,
}

/// What the form has.
#[derive(Deserialize)]
pub(crate) struct PasswordForm {
    current: Option<String>,
    password: String,
    again: String,
}

/// Shows one's account.
pub(crate) async fn account(
    State(app): State<App>,
    Query(say): Query<Say>,
    Signed(visitor): Signed,
) -> Result<Response, Problem> {
    let mut page = AccountPage::of(&app, &visitor);
    page.page = page.page.saying(&say);
    show(StatusCode::OK, &page)
}

/// Sets one's own password; one's other sessions end.
pub(crate) async fn set_password(
    State(app): State<App>,
    Posted { visitor, form }: Posted<PasswordForm>,
) -> Result<Response, Problem> {
    let mut page = AccountPage::of(&app, &visitor);
    if form.password != form.again {
        page.again_error = Some("The two passwords differ.".to_owned());
        return show(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let current = form.current.map(Secret::presented);
    let new = Secret::presented(form.password);
    match app.people.set_password(&visitor.caller, (current.as_ref(), &new)).await {
        Ok(()) => return Ok(go_to("/account?notice=password-set")),
        Err(ServiceError::Refused(Refused::Invalid)) => {
            page.current_error = Some("This is not your present password.".to_owned());
        }
        Err(ServiceError::BadPassword(broken)) => {
            page.password_error = Some(sentence(&broken.to_string()));
        }
        Err(other) => return Err(other.into()),
    }
    show(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

impl AccountPage {
    fn of(app: &App, visitor: &Visitor) -> Self {
        Self {
            page: Page::new(app, "Account", "account", Some(visitor)),
            has_password: app.things.directory().has_password(&visitor.caller),
            current_error: None,
            password_error: None,
            again_error: None,
            password_min: PASSWORD_MIN,
        }
    }
}
