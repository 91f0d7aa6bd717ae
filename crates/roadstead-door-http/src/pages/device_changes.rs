//! A device is renamed or moved, and gets or loses sensors by hand.

use axum::extract::{Path, State};
use axum::response::Response;
use roadstead_guard::{Manage, Read};
use roadstead_model::{Resource, SensorId};
use roadstead_services::ServiceError;
use serde::Deserialize;

use super::device::DevicePage;
use super::device_forms::managed;
use super::frame::{Field, go_to, show};
use super::places::{node, reason};
use super::session::Posted;
use crate::App;
use crate::api::shape_of;
use crate::auth::Visitor;
use crate::problem::Problem;

/// What the form for a name and place has.
#[derive(Deserialize)]
pub(crate) struct ChangeForm {
    name: String,
    place: String,
}

/// What the form for a sensor has.
#[derive(Deserialize)]
pub(crate) struct SensorForm {
    name: String,
    unit: String,
}

/// Which sensor to remove.
#[derive(Deserialize)]
pub(crate) struct RemoveForm {
    sensor: String,
}

/// Renames or moves a device.
pub(crate) async fn change(
    State(app): State<App>,
    Path(device): Path<String>,
    Posted { visitor, form }: Posted<ChangeForm>,
) -> Result<Response, Problem> {
    let (permit, device) = managed(&app, &visitor, &device)?;
    let to = node(&form.place, visitor.caller.tenant())?;
    let to = (to != device.parent).then_some(to);
    let to = to.map(|to| app.guard.permit::<Manage, Resource>(&visitor.caller, to)).transpose()?;
    let changed = match form.name.trim().parse() {
        Ok(name) => app.things.change_device(&permit, Some(name), to).await,
        Err(bad) => Err(ServiceError::Invalid(format!("{bad}"))),
    };
    let Err(error) = changed else {
        return Ok(go_to(&format!("/devices/{}?notice=device-changed", device.id)));
    };
    let (status, why) = reason(error)?;
    let mut page = DevicePage::of(&app, &visitor, device.id)?;
    page.new_name = Field::wrong(&form.name, why);
    show(status, &page)
}

/// Gives a device a sensor, whatever its type lists.
pub(crate) async fn add_sensor(
    State(app): State<App>,
    Path(device): Path<String>,
    Posted { visitor, form }: Posted<SensorForm>,
) -> Result<Response, Problem> {
    let (permit, device) = managed(&app, &visitor, &device)?;
    let unit = form.unit.trim().to_owned();
    let added = match shape_of(form.name.trim().to_owned(), unit, String::new()) {
        Ok(shape) => app.things.add_sensor(&permit, shape).await,
        Err(problem) => Err(ServiceError::Invalid(problem.detail().to_owned())),
    };
    let Err(error) = added else {
        return Ok(go_to(&format!("/devices/{}?notice=sensor-added", device.id)));
    };
    let (status, why) = reason(error)?;
    let mut page = DevicePage::of(&app, &visitor, device.id)?;
    page.new_sensor = Field::wrong(&form.name, why);
    show(status, &page)
}

/// Takes a sensor away from a device.
pub(crate) async fn remove_sensor(
    State(app): State<App>,
    Path(device): Path<String>,
    Posted { visitor, form }: Posted<RemoveForm>,
) -> Result<Response, Problem> {
    let (_, device) = managed(&app, &visitor, &device)?;
    let sensor: SensorId = form.sensor.parse().map_err(|_| Problem::not_found())?;
    if !of_device(&app, &visitor, (sensor, device.id.into()))? {
        return Err(Problem::not_found());
    }
    let permit = app.guard.permit::<Manage, _>(&visitor.caller, sensor)?;
    app.things.remove_sensor(&permit).await?;
    Ok(go_to(&format!("/devices/{}?notice=sensor-removed", device.id)))
}

fn of_device(
    app: &App,
    visitor: &Visitor,
    (sensor, device): (SensorId, Resource),
) -> Result<bool, Problem> {
    let scope = app.guard.scope::<Read>(&visitor.caller)?;
    Ok(app.things.directory().is_below(&scope, sensor.into(), device))
}
