//! Who may do what: the people of the tenant, and the grants on one thing.

use std::time::Duration;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use roadstead_guard::{Manage, Permit, Read};
use roadstead_model::{Grant, Principal, Resource, Role};
use roadstead_services::ServiceError;
use serde::Deserialize;

use super::frame::{Choice, Field, Moment, Page, Say, go_to, show};
use super::places::{Manageable, reason};
use super::rows::Surroundings;
use super::session::{Posted, Signed};
use crate::App;
use crate::api::principal_ref;
use crate::auth::Visitor;
use crate::problem::{Kind, Problem};

const DAY: Duration = Duration::from_hours(24);
const ROLES: [(Role, &str, &str); 5] = [
    (Role::Viewer, "viewer", "Viewer: read"),
    (Role::Writer, "writer", "Writer: read and write"),
    (Role::Operator, "operator", "Operator: read, operate, export"),
    (Role::Manager, "manager", "Manager: all but the audit log"),
    (Role::Owner, "owner", "Owner: everything"),
];
const LIFETIMES: [(u32, &str); 5] =
    [(0, "does not end"), (1, "1 day"), (7, "7 days"), (30, "30 days"), (365, "1 year")];
/// So many devices stand in the chooser; each device's page leads here too.
const DEVICES_OFFERED: usize = 200;

/// The people, for those who manage the tenant, and the grants on one thing.
#[derive(Template)]
#[template(path = "access.html")]
struct AccessPage {
    page: Page,
    people: Option<Vec<PersonRow>>,
    invited: Option<InvitedPerson>,
    email: Field,
    things: Vec<Choice>,
    /// Id of the thing whose grants are shown, and what it is called.
    on: String,
    on_name: String,
    grants: Vec<GrantRow>,
    who: Field,
    roles: Vec<Choice>,
    lifetimes: Vec<Choice>,
    why: String,
    /// Why a grant was not ended.
    refused: Option<String>,
}

struct PersonRow {
    id: String,
    email: String,
    created: Moment,
}

/// A person with the link that lets them in once.
struct InvitedPerson {
    email: String,
    link: String,
}

struct GrantRow {
    id: String,
    who: String,
    /// `Person` or `Device`.
    sort: &'static str,
    role: &'static str,
    until: Option<Moment>,
    reason: String,
}

/// Whose grants to show.
#[derive(Deserialize)]
pub(crate) struct Which {
    on: Option<String>,
}

/// What the form for an invitation has.
#[derive(Deserialize)]
pub(crate) struct InviteForm {
    email: String,
}

/// What the form for a grant has.
#[derive(Deserialize)]
pub(crate) struct GrantForm {
    on: String,
    who: String,
    role: Role,
    days: u32,
    #[serde(default)]
    reason: String,
}

/// What the form that ends a grant has.
#[derive(Deserialize)]
pub(crate) struct EndForm {
    on: String,
}

/// Shows people and the grants on a thing; without one, on the widest that the visitor manages.
pub(crate) async fn access(
    State(app): State<App>,
    Query(which): Query<Which>,
    Query(say): Query<Say>,
    Signed(visitor): Signed,
) -> Result<Response, Problem> {
    let on = which.on.as_deref().map(thing).transpose()?;
    let mut page = AccessPage::of(&app, &visitor, on)?;
    page.page = page.page.saying(&say);
    show(StatusCode::OK, &page)
}

/// Makes a person, and shows their one-time link once, in this very answer.
pub(crate) async fn invite(
    State(app): State<App>,
    Posted { visitor, form }: Posted<InviteForm>,
) -> Result<Response, Problem> {
    let permit = app.guard.permit::<Manage, _>(&visitor.caller, visitor.caller.tenant())?;
    let made = match form.email.trim().parse() {
        Ok(email) => app.people.invite(&permit, email).await,
        Err(_) => Err(ServiceError::Invalid("write an address such as ada@example.org".into())),
    };
    match made {
        Ok((person, secret)) => {
            let mut page = AccessPage::of(&app, &visitor, None)?;
            let (link, email) = (app.settings.invitation(&secret), person.email.to_string());
            page.invited = Some(InvitedPerson { email, link });
            show(StatusCode::OK, &page)
        }
        Err(error) => {
            let (status, why) = reason(error)?;
            let mut page = AccessPage::of(&app, &visitor, None)?;
            page.email = Field::wrong(&form.email, why);
            show(status, &page)
        }
    }
}

/// Gives a grant on the shown thing.
pub(crate) async fn give(
    State(app): State<App>,
    Posted { visitor, form }: Posted<GrantForm>,
) -> Result<Response, Problem> {
    let on = thing(&form.on)?;
    let permit = app.guard.permit::<Manage, _>(&visitor.caller, on)?;
    let (status, why) = match give_as_told(&app, &permit, &form).await {
        Ok(()) => return Ok(go_to(&format!("/access?on={on}&notice=grant-given"))),
        Err(ServiceError::Missing(_)) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "there is no person with this address, and no device of this name".to_owned(),
        ),
        Err(error) => more_than_held(error)?,
    };
    let mut page = AccessPage::of(&app, &visitor, Some(on))?;
    page.who = Field::wrong(&form.who, why);
    page.roles = roles(form.role);
    page.lifetimes = lifetimes(form.days);
    page.why = form.reason;
    show(status, &page)
}

async fn give_as_told(
    app: &App,
    permit: &Permit<Manage, Resource>,
    form: &GrantForm,
) -> Result<(), ServiceError> {
    let who = principal_ref(app, permit.caller(), form.who.trim());
    let who = who.map_err(|_| ServiceError::Missing("person or device"))?;
    if !LIFETIMES.iter().any(|(days, _)| *days == form.days) || form.reason.len() > 200 {
        return Err(ServiceError::Invalid("choose a lifetime, and a shorter reason".into()));
    }
    let expires = (form.days > 0).then(|| app.clock.now().after(DAY * form.days));
    let reason = form.reason.trim().to_owned();
    app.people.grant(permit, (who, form.role), expires, reason).await.map(drop)
}

/// Ends a grant on the shown thing.
pub(crate) async fn end(
    State(app): State<App>,
    Path(grant): Path<String>,
    Posted { visitor, form }: Posted<EndForm>,
) -> Result<Response, Problem> {
    let on = thing(&form.on)?;
    let permit = app.guard.permit::<Manage, _>(&visitor.caller, on)?;
    let grant = grant.parse().map_err(|_| Problem::not_found())?;
    let Err(error) = app.people.end_grant(&permit, grant).await else {
        return Ok(go_to(&format!("/access?on={on}&notice=grant-ended")));
    };
    let (status, why) = more_than_held(error)?;
    let mut page = AccessPage::of(&app, &visitor, Some(on))?;
    page.refused = Some(super::frame::sentence(&why));
    show(status, &page)
}

fn thing(text: &str) -> Result<Resource, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

/// What to say when somebody gives or ends what they do not hold themselves.
fn more_than_held(error: ServiceError) -> Result<(StatusCode, String), Problem> {
    match error {
        ServiceError::Denied(_) => Ok((
            StatusCode::FORBIDDEN,
            "nobody gives or ends more than they hold here themselves".to_owned(),
        )),
        other => reason(other),
    }
}

fn roles(wanted: Role) -> Vec<Choice> {
    let chosen = |(role, value, label): (Role, &str, &str)| Choice {
        value: value.to_owned(),
        label: label.to_owned(),
        chosen: role == wanted,
    };
    ROLES.map(chosen).into()
}

fn lifetimes(wanted: u32) -> Vec<Choice> {
    let wanted = wanted.to_string();
    LIFETIMES.map(|(days, label)| Choice::new(days.to_string(), label, &wanted)).into()
}

impl AccessPage {
    fn of(app: &App, visitor: &Visitor, on: Option<Resource>) -> Result<Self, Problem> {
        let things = things(app, visitor, on)?;
        let first = things.iter().find(|choice| choice.chosen).or(things.first());
        let first = first.ok_or_else(|| {
            Problem::new(Kind::Forbidden, "you manage nothing here: ask an owner of this tenant")
        })?;
        let on = thing(&first.value)?;
        let permit = app.guard.permit::<Manage, _>(&visitor.caller, on)?;
        let directory = app.things.directory();
        let tenant = app.guard.permit::<Manage, _>(&visitor.caller, visitor.caller.tenant());
        let people = tenant.ok().map(|permit| directory.people(&permit));
        let row = |row: roadstead_model::Person| PersonRow {
            id: row.id.to_string(),
            email: row.email.to_string(),
            created: row.created.into(),
        };
        Ok(Self {
            page: Page::new(app, "Access", "access", Some(visitor)),
            people: people.map(|people| people.into_iter().map(row).collect()),
            invited: None,
            email: Field::default(),
            on: on.to_string(),
            on_name: match on {
                Resource::Tenant(_) => "the whole tenant".to_owned(),
                Resource::Space(_)
                | Resource::Asset(_)
                | Resource::Device(_)
                | Resource::Sensor(_) => first.label.clone(),
            },
            things,
            grants: grant_rows(app, &permit),
            who: Field::default(),
            roles: roles(Role::Viewer),
            lifetimes: lifetimes(0),
            why: String::new(),
            refused: None,
        })
    }
}

fn grant_rows(app: &App, permit: &Permit<Manage, Resource>) -> Vec<GrantRow> {
    let directory = app.things.directory();
    let row = |grant: Grant| GrantRow {
        id: grant.id.to_string(),
        who: directory
            .holder_name(permit, grant.principal)
            .unwrap_or_else(|| grant.principal.to_string()),
        sort: match grant.principal {
            Principal::Person(_) => "Person",
            Principal::Device(_) => "Device",
        },
        role: ROLES
            .iter()
            .find(|(role, _, _)| *role == grant.role)
            .map_or("", |(_, _, label)| label.split(':').next().unwrap_or_default()),
        until: grant.expires.map(Moment::from),
        reason: grant.reason,
    };
    directory.grants_on(permit).into_iter().map(row).collect()
}

/// What the visitor may give rights on: the tenant, places, some devices, and what is shown.
fn things(app: &App, visitor: &Visitor, on: Option<Resource>) -> Result<Vec<Choice>, Problem> {
    let scope = app.guard.scope::<Read>(&visitor.caller)?;
    let around = Surroundings::of(app, &scope);
    let wanted = on.map(|on| on.to_string()).unwrap_or_default();
    let tenant = Resource::Tenant(visitor.caller.tenant()).to_string();
    let places = Manageable { app, visitor, around: &around }.places("The whole tenant", "");
    let named = |choice: Choice| {
        let value = if choice.value.is_empty() { tenant.clone() } else { choice.value };
        Choice::new(value, choice.label, &wanted)
    };
    let mut all: Vec<_> = places.into_iter().map(named).collect();
    let devices = app.things.directory().devices(&scope);
    let mut room = DEVICES_OFFERED;
    for row in devices {
        let may = app.guard.permit::<Manage, _>(&visitor.caller, row.id).is_ok();
        let shown = Some(Resource::Device(row.id)) == on;
        if may && (room > 0 || shown) {
            room = room.saturating_sub(1);
            all.push(Choice::new(row.id.to_string(), format!("Device {}", row.name), &wanted));
        }
    }
    if let Some(on) = on.filter(|_| !all.iter().any(|choice| choice.chosen)) {
        let _permit = app.guard.permit::<Manage, _>(&visitor.caller, on)?;
        all.push(Choice::new(wanted.clone(), wanted.clone(), &wanted));
    }
    Ok(all)
}
