//! Making a device, giving and revoking its tokens, deleting it.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use roadstead_guard::{Manage, Permit, Read};
use roadstead_model::{Device, DeviceId, Resource};
use roadstead_services::{NewToken, ServiceError};
use serde::Deserialize;

use super::device::DevicePage;
use super::frame::{Choice, Field, Page, go_to, show};
use super::places::{Manageable, node};
use super::rows::{Surroundings, may_manage};
use super::session::{Nothing, Posted, Signed};
use super::snippets::{Snippet, Target};
use crate::App;
use crate::auth::Visitor;
use crate::problem::{Kind, Problem};

const FIRST_LABEL: &str = "first token";

/// The form for a new device, empty or refused.
#[derive(Template)]
#[template(path = "device_new.html")]
struct DeviceNewPage {
    page: Page,
    name: Field,
    kinds: Vec<Choice>,
    places: Vec<Choice>,
}

/// A new token, shown once, with commands that use it.
#[derive(Template)]
#[template(path = "device_created.html")]
struct DeviceCreatedPage {
    page: Page,
    id: String,
    name: String,
    token: String,
    /// Whether the device is new too.
    fresh: bool,
    snippets: Vec<Snippet>,
    /// How to fetch the certificate authority, and its fingerprint; `None` with a publicly trusted one.
    authority: Option<(String, String)>,
}

/// What the form for a new device has.
#[derive(Deserialize, Default)]
pub(crate) struct DeviceForm {
    name: String,
    kind: String,
    place: String,
}

/// What the form for a further token has.
#[derive(Deserialize)]
pub(crate) struct LabelForm {
    label: String,
}

/// What the form for deleting has.
#[derive(Deserialize)]
pub(crate) struct DeleteForm {
    confirm: String,
}

/// Shows the form for a new device.
pub(crate) async fn ask(
    State(app): State<App>,
    Signed(visitor): Signed,
) -> Result<Response, Problem> {
    if !may_manage(&app, &visitor.caller) {
        return Err(Problem::new(
            Kind::Forbidden,
            "you may not add devices: ask an owner of this tenant",
        ));
    }
    let form = DeviceForm::default();
    show(StatusCode::OK, &DeviceNewPage::of(&app, &visitor, &form, Field::default())?)
}

/// Makes a device with a first token, and shows the token once, in this very answer.
pub(crate) async fn create(
    State(app): State<App>,
    Posted { visitor, form }: Posted<DeviceForm>,
) -> Result<Response, Problem> {
    let refuse = |why: String, status| {
        let name = Field::wrong(&form.name, why);
        show(status, &DeviceNewPage::of(&app, &visitor, &form, name)?)
    };
    let name = match form.name.trim().parse() {
        Ok(name) => name,
        Err(bad) => return refuse(format!("{bad}"), StatusCode::UNPROCESSABLE_ENTITY),
    };
    let kind = match form.kind.as_str() {
        "" => None,
        text => Some(text.parse().map_err(|_| Problem::not_found())?),
    };
    let place = node(&form.place, visitor.caller.tenant())?;
    let permit = app.guard.permit::<Manage, Resource>(&visitor.caller, place)?;
    match app.things.create_device(&permit, name, kind).await {
        Ok(device) => {
            let permit = app.guard.permit::<Manage, _>(&visitor.caller, device.id)?;
            hand_over(&app, &visitor, (&device, &permit), (FIRST_LABEL, true)).await
        }
        Err(ServiceError::Conflict(why)) => refuse(why, StatusCode::CONFLICT),
        Err(ServiceError::Invalid(why) | ServiceError::Limit(why)) => {
            refuse(why, StatusCode::UNPROCESSABLE_ENTITY)
        }
        Err(other) => Err(other.into()),
    }
}

/// Makes a further token, and shows it once, in this very answer.
pub(crate) async fn issue(
    State(app): State<App>,
    Path(device): Path<String>,
    Posted { visitor, form }: Posted<LabelForm>,
) -> Result<Response, Problem> {
    let (permit, device) = managed(&app, &visitor, &device)?;
    let label = form.label.trim();
    if label.is_empty() {
        return Err(Problem::unprocessable(
            "give the token a label, so that it is known when it is revoked",
        ));
    }
    hand_over(&app, &visitor, (&device, &permit), (label, false)).await
}

/// Ends a token of a device.
pub(crate) async fn revoke(
    State(app): State<App>,
    Path((device, credential)): Path<(String, String)>,
    Posted { visitor, .. }: Posted<Nothing>,
) -> Result<Response, Problem> {
    let (permit, device) = managed(&app, &visitor, &device)?;
    let credential = credential.parse().map_err(|_| Problem::not_found())?;
    app.people.end_device_token(&permit, credential).await?;
    Ok(go_to(&format!("/devices/{}?notice=token-revoked", device.id)))
}

/// Removes a device whose name was typed to confirm it.
pub(crate) async fn delete(
    State(app): State<App>,
    Path(device): Path<String>,
    Posted { visitor, form }: Posted<DeleteForm>,
) -> Result<Response, Problem> {
    let (permit, device) = managed(&app, &visitor, &device)?;
    if form.confirm.trim() != device.name.as_str() {
        let mut page = DevicePage::of(&app, &visitor, device.id)?;
        page.delete_error = Some("This is not the device's name: nothing was deleted.".into());
        return show(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    app.things.remove_device(&permit).await?;
    Ok(go_to("/devices?notice=device-deleted"))
}

pub(super) fn managed(
    app: &App,
    visitor: &Visitor,
    device: &str,
) -> Result<(Permit<Manage, DeviceId>, Device), Problem> {
    let id: DeviceId = device.parse().map_err(|_| Problem::not_found())?;
    let permit = app.guard.permit::<Manage, _>(&visitor.caller, id)?;
    let seen = app.guard.permit::<Read, _>(&visitor.caller, id)?;
    let row = app.things.directory().device(&seen).ok_or_else(Problem::not_found)?;
    Ok((permit, row))
}

/// Makes a token and shows it with commands that are ready to paste.
async fn hand_over(
    app: &App,
    visitor: &Visitor,
    (device, permit): (&Device, &Permit<Manage, DeviceId>),
    (label, fresh): (&str, bool),
) -> Result<Response, Problem> {
    let token = NewToken { label: label.to_owned(), expires: None, only: None };
    let issued = app.people.create_device_token(permit, token).await?;
    let target = Target::of(&app.settings);
    let title = if fresh { format!("{} is ready", device.name) } else { "New token".to_owned() };
    let page = DeviceCreatedPage {
        page: Page::new(app, title, "devices", Some(visitor)),
        id: device.id.to_string(),
        name: device.name.to_string(),
        token: issued.secret.reveal().to_owned(),
        fresh,
        snippets: target.snippets(device.name.as_str(), issued.secret.reveal()),
        authority: target.authority(),
    };
    show(StatusCode::OK, &page)
}

impl DeviceNewPage {
    fn of(app: &App, visitor: &Visitor, form: &DeviceForm, name: Field) -> Result<Self, Problem> {
        let scope = app.guard.scope::<Read>(&visitor.caller)?;
        let around = Surroundings::of(app, &scope);
        let types = app.things.directory().device_types(&scope);
        let none = Choice::new("", "No type: sensors as they come", &form.kind);
        let kinds =
            types.iter().map(|row| Choice::new(row.id.to_string(), row.name.as_str(), &form.kind));
        Ok(Self {
            page: Page::new(app, "Add a device", "devices", Some(visitor)),
            name,
            kinds: std::iter::once(none).chain(kinds).collect(),
            places: Manageable { app, visitor, around: &around }.places("No place", &form.place),
        })
    }
}
