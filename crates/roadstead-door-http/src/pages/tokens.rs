//! One's own API tokens.

use std::time::Duration;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use roadstead_guard::{Credential, CredentialKind};
use roadstead_model::Timestamp;
use roadstead_services::{NewToken, ServiceError};
use serde::Deserialize;

use super::frame::{Choice, Field, Moment, Page, Say, go_to, show};
use super::session::{Nothing, Posted, Signed};
use crate::App;
use crate::auth::Visitor;
use crate::problem::Problem;

const DAY: Duration = Duration::from_hours(24);
const LIFETIMES: [(u32, &str); 4] =
    [(7, "7 days"), (30, "30 days"), (90, "90 days"), (365, "1 year")];
const USUAL_DAYS: u32 = 90;

/// The list, the form, and a new token once.
#[derive(Template)]
#[template(path = "tokens.html")]
struct TokensPage {
    page: Page,
    tokens: Vec<TokenRow>,
    shown: Option<ShownToken>,
    name: Field,
    lifetimes: Vec<Choice>,
}

struct TokenRow {
    id: String,
    name: String,
    created: Moment,
    expires: Option<Moment>,
    last_used: Option<Moment>,
    active: bool,
}

struct ShownToken {
    name: String,
    text: String,
}

/// What the form has.
#[derive(Deserialize)]
pub(crate) struct TokenForm {
    name: String,
    days: u32,
}

/// Lists one's own tokens.
pub(crate) async fn list(
    State(app): State<App>,
    Query(say): Query<Say>,
    Signed(visitor): Signed,
) -> Result<Response, Problem> {
    let mut page = TokensPage::of(&app, &visitor, USUAL_DAYS);
    page.page = page.page.saying(&say);
    show(StatusCode::OK, &page)
}

/// Makes a token and shows it once, in this very answer.
pub(crate) async fn create(
    State(app): State<App>,
    Posted { visitor, form }: Posted<TokenForm>,
) -> Result<Response, Problem> {
    let name = form.name.trim();
    let mut lifetimes = LIFETIMES.iter();
    if name.is_empty() || !lifetimes.any(|(days, _)| *days == form.days) {
        return refuse(&app, &visitor, (&form, "give the token a name and one of the lifetimes"));
    }
    let expires = Some(app.clock.now().after(DAY * form.days));
    let token = NewToken { label: name.to_owned(), expires, only: None };
    match app.people.create_own_token(&visitor.caller, token).await {
        Ok(issued) => {
            let mut page = TokensPage::of(&app, &visitor, USUAL_DAYS);
            let text = issued.secret.reveal().to_owned();
            page.shown = Some(ShownToken { name: issued.credential.label, text });
            show(StatusCode::OK, &page)
        }
        Err(ServiceError::Invalid(why) | ServiceError::Limit(why)) => {
            refuse(&app, &visitor, (&form, &why))
        }
        Err(other) => Err(other.into()),
    }
}

fn refuse(
    app: &App,
    visitor: &Visitor,
    (form, why): (&TokenForm, &str),
) -> Result<Response, Problem> {
    let mut page = TokensPage::of(app, visitor, form.days);
    page.name = Field::wrong(&form.name, why);
    show(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// Ends a token.
pub(crate) async fn revoke(
    State(app): State<App>,
    Path(token): Path<String>,
    Posted { visitor, .. }: Posted<Nothing>,
) -> Result<Response, Problem> {
    let token = token.parse().map_err(|_| Problem::not_found())?;
    app.people.end_own(&visitor.caller, token).await?;
    Ok(go_to("/tokens?notice=token-revoked"))
}

impl TokensPage {
    fn of(app: &App, visitor: &Visitor, days: u32) -> Self {
        let now = app.clock.now();
        let rows = app.things.directory().own_credentials(&visitor.caller);
        let tokens = rows.iter().filter(|row| row.kind == CredentialKind::Token);
        let wanted = days.to_string();
        let lifetimes =
            LIFETIMES.iter().map(|(days, label)| Choice::new(days.to_string(), *label, &wanted));
        Self {
            page: Page::new(app, "API tokens", "tokens", Some(visitor)),
            tokens: tokens.map(|row| TokenRow::of(row, now)).collect(),
            shown: None,
            name: Field::default(),
            lifetimes: lifetimes.collect(),
        }
    }
}

impl TokenRow {
    fn of(row: &Credential, now: Timestamp) -> Self {
        let name = if row.label.is_empty() { "unnamed" } else { &row.label };
        Self {
            id: row.id.to_string(),
            name: name.to_owned(),
            created: row.created.into(),
            expires: row.expires.map(Moment::from),
            last_used: row.last_used.map(Moment::from),
            active: row.is_live(now),
        }
    }
}
