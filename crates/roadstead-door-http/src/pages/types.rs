//! Device types: which sensors devices have, and whether they may bring others.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use roadstead_guard::{Manage, Permit, Read};
use roadstead_model::{DeviceTypeId, SensorShape, TenantId, TypeMode};
use roadstead_services::{ServiceError, TypeChange};
use serde::Deserialize;

use super::frame::{Choice, Field, Page, Say, go_to, sentence, show};
use super::places::reason;
use super::session::{Nothing, Posted, Signed};
use crate::App;
use crate::api::shape_of;
use crate::auth::Visitor;
use crate::problem::Problem;

/// The list, with forms to add to it and to change it.
#[derive(Template)]
#[template(path = "types.html")]
struct TypesPage {
    page: Page,
    types: Vec<TypeRow>,
    may_manage: bool,
    name: Field,
    modes: Vec<Choice>,
    sensors: Field,
    /// Why a type was not changed.
    refused: Option<String>,
}

struct TypeRow {
    id: String,
    name: String,
    modes: Vec<Choice>,
    open: bool,
    devices: usize,
    sensors: Vec<SensorShape>,
}

/// What the forms for a type have; the sensors are new ones.
#[derive(Deserialize)]
pub(crate) struct TypeForm {
    name: String,
    mode: TypeMode,
    #[serde(default)]
    sensors: String,
}

/// Lists the types.
pub(crate) async fn types(
    State(app): State<App>,
    Query(say): Query<Say>,
    Signed(visitor): Signed,
) -> Result<Response, Problem> {
    let mut page = TypesPage::of(&app, &visitor)?;
    page.page = page.page.saying(&say);
    show(StatusCode::OK, &page)
}

/// Makes a type.
pub(crate) async fn create(
    State(app): State<App>,
    Posted { visitor, form }: Posted<TypeForm>,
) -> Result<Response, Problem> {
    let permit = on_tenant(&app, &visitor)?;
    let mut page = TypesPage::of(&app, &visitor)?;
    page.name = Field::typed(&form.name);
    page.modes = modes(form.mode);
    page.sensors = Field::typed(&form.sensors);
    let sensors = match listed(&form.sensors) {
        Ok(sensors) => sensors,
        Err(why) => {
            page.sensors = Field::wrong(&form.sensors, why);
            return show(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let made = match form.name.trim().parse() {
        Ok(name) => app.things.create_device_type(&permit, name, form.mode, sensors).await,
        Err(bad) => Err(ServiceError::Invalid(format!("{bad}"))),
    };
    let Err(error) = made else { return Ok(go_to("/types?notice=type-added")) };
    let (status, why) = reason(error)?;
    page.name = Field::wrong(&form.name, why);
    show(status, &page)
}

/// Renames a type, opens or fixes it, or lists further sensors with it.
pub(crate) async fn change(
    State(app): State<App>,
    Path(kind): Path<String>,
    Posted { visitor, form }: Posted<TypeForm>,
) -> Result<Response, Problem> {
    let permit = on_tenant(&app, &visitor)?;
    let kind = type_id(&kind)?;
    let changed = match (form.name.trim().parse(), listed(&form.sensors)) {
        (Ok(name), Ok(added)) => {
            let change = TypeChange { name: Some(name), mode: Some(form.mode), added };
            app.things.change_device_type(&permit, kind, change).await
        }
        (Err(bad), _) => Err(ServiceError::Invalid(format!("{bad}"))),
        (_, Err(why)) => Err(ServiceError::Invalid(why)),
    };
    match changed {
        Ok(_) => Ok(go_to("/types?notice=type-changed")),
        Err(error) => refuse(&app, &visitor, error),
    }
}

/// Removes a type that no device has.
pub(crate) async fn delete(
    State(app): State<App>,
    Path(kind): Path<String>,
    Posted { visitor, .. }: Posted<Nothing>,
) -> Result<Response, Problem> {
    let permit = on_tenant(&app, &visitor)?;
    match app.things.remove_device_type(&permit, type_id(&kind)?).await {
        Ok(()) => Ok(go_to("/types?notice=type-removed")),
        Err(error) => refuse(&app, &visitor, error),
    }
}

fn refuse(app: &App, visitor: &Visitor, error: ServiceError) -> Result<Response, Problem> {
    let (status, why) = reason(error)?;
    let mut page = TypesPage::of(app, visitor)?;
    page.refused = Some(sentence(&why));
    show(status, &page)
}

fn on_tenant(app: &App, visitor: &Visitor) -> Result<Permit<Manage, TenantId>, Problem> {
    Ok(app.guard.permit(&visitor.caller, visitor.caller.tenant())?)
}

fn type_id(text: &str) -> Result<DeviceTypeId, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

/// Reads sensors, one a line: name, unit, quantity, with commas between.
fn listed(text: &str) -> Result<Vec<SensorShape>, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let shape = |line: &str| {
        let mut parts = line.split(',').map(|part| part.trim().to_owned());
        let mut next = || parts.next().unwrap_or_default();
        let shape = shape_of(next(), next(), next());
        let shape = shape.map_err(|problem| format!("in “{line}”: {}", problem.detail()))?;
        let more = line.split(',').count() > 3;
        if more { Err(format!("in “{line}”: write name, unit, quantity")) } else { Ok(shape) }
    };
    lines.map(shape).collect()
}

fn modes(wanted: TypeMode) -> Vec<Choice> {
    let wanted = match wanted {
        TypeMode::Open => "open",
        TypeMode::Fixed => "fixed",
    };
    let open = Choice::new("open", "Open: takes further sensors", wanted);
    vec![open, Choice::new("fixed", "Fixed: listed sensors only", wanted)]
}

impl TypesPage {
    fn of(app: &App, visitor: &Visitor) -> Result<Self, Problem> {
        let scope = app.guard.scope::<Read>(&visitor.caller)?;
        let directory = app.things.directory();
        let devices = directory.devices(&scope);
        let having = |id| devices.iter().filter(|row| row.device_type == Some(id)).count();
        let row = |row: roadstead_model::DeviceType| TypeRow {
            id: row.id.to_string(),
            name: row.name.to_string(),
            modes: modes(row.mode),
            open: row.mode == TypeMode::Open,
            devices: having(row.id),
            sensors: row.sensors,
        };
        Ok(Self {
            page: Page::new(app, "Device types", "devices", Some(visitor)),
            types: directory.device_types(&scope).into_iter().map(row).collect(),
            may_manage: on_tenant(app, visitor).is_ok(),
            name: Field::default(),
            modes: modes(TypeMode::Open),
            sensors: Field::default(),
            refused: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sensors_are_read_one_a_line() {
        let shapes = listed("power, W, ActivePower\n\n  count\ntemperature,Cel\n").unwrap();
        let told: Vec<_> =
            shapes.iter().map(|it| (it.name.as_str(), &*it.unit, &*it.quantity)).collect();
        assert_eq!(
            told,
            [("power", "W", "ActivePower"), ("count", "", ""), ("temperature", "Cel", "")]
        );
        assert!(listed("a/b").unwrap_err().contains("a/b"));
        assert!(listed("a,b,c,d").is_err() && listed(",W").is_err());
    }
}
