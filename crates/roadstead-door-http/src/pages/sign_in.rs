//! Signing in, by password or by a one-time link, and signing out.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use roadstead_guard::{Refused, Secret};
use roadstead_services::{Issued, ServiceError};
use serde::Deserialize;

use super::frame::{Page, Say, go_to, sentence, show};
use super::session::{Nothing, Posted, next_path};
use crate::App;
use crate::auth::{self, drop_cookie, keep_cookie};
use crate::bodies::Form;
use crate::problem::Problem;

/// The page that asks for a password.
#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    page: Page,
    email: String,
    /// Where to go afterwards.
    next: String,
    error: Option<String>,
}

/// Where to go afterwards.
#[derive(Deserialize)]
pub(crate) struct Whither {
    #[serde(default)]
    next: String,
}

/// Asks for a password, or offers the one-time link that stands behind `#` in the address.
pub(crate) async fn ask(
    State(app): State<App>,
    Query(whither): Query<Whither>,
    Query(say): Query<Say>,
) -> Result<Response, Problem> {
    let page = Page::new(&app, "Sign in", "", None).saying(&say);
    let next = next_path(&whither.next).to_owned();
    show(StatusCode::OK, &SignInPage { page, email: String::new(), next, error: None })
}

/// What the form has.
#[derive(Deserialize)]
pub(crate) struct SignInForm {
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// Signs in with a password.
pub(crate) async fn sign_in(
    State(app): State<App>,
    auth::From(origin): auth::From,
    Form(form): Form<SignInForm>,
) -> Result<Response, Problem> {
    let next = next_path(&form.next).to_owned();
    let password = Secret::presented(form.password);
    let Ok(email) = form.email.trim().parse() else {
        return ask_again(&app, (form.email, next), Refused::Invalid);
    };
    match app.people.sign_in((&email, None), &password, origin).await {
        Ok(issued) => welcome(&issued, &next),
        Err(ServiceError::Refused(refused)) => ask_again(&app, (form.email, next), refused),
        Err(other) => Err(other.into()),
    }
}

/// What the form of a one-time link has.
#[derive(Deserialize)]
pub(crate) struct LinkForm {
    link: String,
    #[serde(default)]
    next: String,
}

/// Signs in with a one-time link.
pub(crate) async fn sign_in_by_link(
    State(app): State<App>,
    auth::From(origin): auth::From,
    Form(form): Form<LinkForm>,
) -> Result<Response, Problem> {
    let link = Secret::presented(after_the_hash(&form.link));
    match app.people.sign_in_by_link(&link, origin).await {
        Ok(issued) => welcome(&issued, next_path(&form.next)),
        Err(ServiceError::Refused(Refused::Invalid)) => {
            let error =
                "This link was used, has ended, or was copied incompletely. Ask for a new one.";
            refuse(&app, (String::new(), "/".into()), (StatusCode::UNAUTHORIZED, error.into()))
        }
        Err(other) => Err(other.into()),
    }
}

/// Signs out.
pub(crate) async fn sign_out(
    State(app): State<App>,
    Posted { visitor, .. }: Posted<Nothing>,
) -> Result<Response, Problem> {
    app.people.sign_out(&visitor.caller).await?;
    with_cookie(go_to("/sign-in?notice=signed-out"), &drop_cookie())
}

/// The secret of a link, given the link or what stands behind its `#`.
pub(super) fn after_the_hash(text: &str) -> &str {
    text.rsplit('#').next().unwrap_or_default().trim()
}

/// Keeps the new session in the browser and goes on.
pub(super) fn welcome(issued: &Issued, next: &str) -> Result<Response, Problem> {
    with_cookie(go_to(next), &keep_cookie(&issued.secret))
}

fn with_cookie(mut answer: Response, cookie: &str) -> Result<Response, Problem> {
    let cookie = HeaderValue::from_str(cookie).map_err(|error| Problem::internal(&error))?;
    answer.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(answer)
}

fn ask_again(app: &App, typed: (String, String), refused: Refused) -> Result<Response, Problem> {
    let why = match refused {
        Refused::Invalid => {
            (StatusCode::UNAUTHORIZED, "E-mail address or password is not right.".to_owned())
        }
        Refused::TooMany => (StatusCode::TOO_MANY_REQUESTS, sentence(&refused.to_string())),
        Refused::Busy => (StatusCode::SERVICE_UNAVAILABLE, sentence(&refused.to_string())),
    };
    refuse(app, typed, why)
}

fn refuse(
    app: &App,
    (email, next): (String, String),
    (status, error): (StatusCode, String),
) -> Result<Response, Problem> {
    let page = Page::new(app, "Sign in", "", None);
    show(status, &SignInPage { page, email, next, error: Some(error) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_taken_from_its_link_or_alone() {
        assert_eq!(after_the_hash("https://a.example/claim#rsc_x"), "rsc_x");
        assert_eq!(after_the_hash(" rsc_x \n"), "rsc_x");
        assert_eq!(after_the_hash(""), "");
    }
}
