//! The claim: whoever has the link becomes the owner of a new tenant.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use roadstead_guard::Secret;
use roadstead_model::{Email, Name};
use roadstead_services::ServiceError;
use serde::Deserialize;

use super::frame::{Field, Page, sentence, show};
use super::sign_in::{after_the_hash, welcome};
use crate::App;
use crate::auth;
use crate::bodies::Form;
use crate::problem::Problem;

/// The least length of a password, as the guard keeps it.
pub(super) const PASSWORD_MIN: u32 = 15;
const NO_ADDRESS: &str = "Write an e-mail address such as ada@example.org.";

/// The form, empty or refused.
#[derive(Template)]
#[template(path = "claim.html")]
struct ClaimPage {
    page: Page,
    /// Whether the server has no tenant yet.
    first: bool,
    secret: String,
    tenant: Field,
    email: Field,
    password_error: Option<String>,
    again_error: Option<String>,
    password_min: u32,
}

/// The link was used, has ended, or never was.
#[derive(Template)]
#[template(path = "claimed_elsewhere.html")]
struct ClaimedElsewherePage {
    page: Page,
}

/// What the form has.
#[derive(Deserialize)]
pub(crate) struct ClaimForm {
    secret: String,
    tenant: String,
    email: String,
    password: String,
    again: String,
}

/// Shows the form. The link's secret stands behind `#`, so that it reaches no log.
pub(crate) async fn ask(State(app): State<App>) -> Result<Response, Problem> {
    show(StatusCode::OK, &ClaimPage::empty(&app))
}

/// Makes the tenant and its owner, and signs the owner in.
pub(crate) async fn claim(
    State(app): State<App>,
    auth::From(origin): auth::From,
    Form(form): Form<ClaimForm>,
) -> Result<Response, Problem> {
    let (name, email) = match read(&app, &form) {
        Ok(read) => read,
        Err(page) => return show(StatusCode::UNPROCESSABLE_ENTITY, &*page),
    };
    let link = Secret::presented(after_the_hash(&form.secret));
    let password = Secret::presented(form.password.as_str());
    match app.tenants.claim(&link, (name, email.clone()), &password, origin).await {
        Ok((tenant, _)) => {
            let who = (&email, Some(&tenant.name));
            welcome(&app.people.sign_in(who, &password, origin).await?, "/")
        }
        Err(error) => refuse(&app, &form, error),
    }
}

fn read(app: &App, form: &ClaimForm) -> Result<(Name, Email), Box<ClaimPage>> {
    let name = form.tenant.trim().parse::<Name>();
    let email = form.email.trim().parse::<Email>();
    let same = form.password == form.again;
    let mut page = ClaimPage::typed(app, form);
    match (name, email) {
        (Ok(name), Ok(email)) if same => return Ok((name, email)),
        (name, email) => {
            page.tenant.error = name.err().map(|bad| sentence(&bad.to_string()));
            page.email.error = email.err().map(|_| NO_ADDRESS.to_owned());
        }
    }
    page.again_error = (!same).then(|| "The two passwords differ.".to_owned());
    Err(Box::new(page))
}

fn refuse(app: &App, form: &ClaimForm, error: ServiceError) -> Result<Response, Problem> {
    let mut page = ClaimPage::typed(app, form);
    match error {
        ServiceError::Missing(_) => {
            let page = Page::new(app, "This link no longer works", "", None);
            return show(StatusCode::GONE, &ClaimedElsewherePage { page });
        }
        ServiceError::BadPassword(broken) => {
            page.password_error = Some(sentence(&broken.to_string()));
        }
        ServiceError::Conflict(_) | ServiceError::Invalid(_) | ServiceError::Limit(_) => {
            page.tenant.error = Some(sentence(&error.to_string()));
        }
        ServiceError::Denied(_)
        | ServiceError::Refused(_)
        | ServiceError::Busy
        | ServiceError::Failed(_) => return Err(error.into()),
    }
    show(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

impl ClaimPage {
    fn empty(app: &App) -> Self {
        Self {
            page: Page::new(app, "Claim", "", None),
            first: !app.tenants.is_claimed(),
            secret: String::new(),
            tenant: Field::default(),
            email: Field::default(),
            password_error: None,
            again_error: None,
            password_min: PASSWORD_MIN,
        }
    }

    /// The form as it was typed, without the passwords.
    fn typed(app: &App, form: &ClaimForm) -> Self {
        Self {
            secret: form.secret.clone(),
            tenant: Field::typed(&form.tenant),
            email: Field::typed(&form.email),
            ..Self::empty(app)
        }
    }
}
