//! Devices as lists show them.

use std::sync::Arc;

use roadstead_guard::{Caller, Manage, Read, Scope};
use roadstead_model::{
    Asset, Device, DeviceType, Measurement, Resource, SensorId, Space, Timestamp, Value,
};
use roadstead_services::{DeviceState, SensorPlace};

use super::frame::Moment;
use super::text::{unit_text, value_text};
use crate::App;
use crate::api::Places;

/// How many values stand in a row.
const SHORT: usize = 3;

/// One row of a list of devices.
pub(crate) struct DeviceRow {
    pub id: String,
    pub name: String,
    pub kind: String,
    pub place: String,
    pub state: &'static str,
    pub last_seen: Option<Moment>,
    pub values: Vec<ShortValue>,
    /// How many sensors there are beyond `values`.
    pub more: usize,
    pub spark: Option<Spark>,
    pub created: Moment,
}

/// A last value in a row.
pub(crate) struct ShortValue {
    pub sensor: String,
    pub name: String,
    pub value: String,
    pub unit: String,
}

/// The sensor whose last day is drawn small.
pub(crate) struct Spark {
    pub sensor: String,
    pub name: String,
}

/// The places and types in a person's reach, looked up once for a page.
pub(crate) struct Surroundings {
    pub spaces: Vec<Space>,
    pub assets: Vec<Asset>,
    places: Places,
    types: Vec<DeviceType>,
}

/// What was last heard of a device.
pub(crate) struct Heard {
    pub sensors: Vec<(Arc<SensorPlace>, Option<Measurement>)>,
    pub last: Option<Timestamp>,
    pub state: DeviceState,
}

impl Surroundings {
    /// Looks around.
    pub(crate) fn of(app: &App, scope: &Scope<Read>) -> Self {
        let directory = app.things.directory();
        Self {
            spaces: directory.spaces(scope),
            assets: directory.assets(scope),
            places: Places::in_reach(app, scope),
            types: directory.device_types(scope),
        }
    }

    /// The path of a place as text; empty for the tenant.
    pub(crate) fn path(&self, node: Resource) -> String {
        self.places.path(node).replace('/', " / ")
    }

    /// The name of a device's type; empty when it has none.
    pub(crate) fn kind(&self, device: &Device) -> String {
        let wanted = |row: &&DeviceType| Some(row.id) == device.device_type;
        self.types.iter().find(wanted).map(|row| row.name.to_string()).unwrap_or_default()
    }
}

/// The latest value of a sensor, if the caller may see it and there is one.
pub(crate) fn latest(app: &App, caller: &Caller, sensor: SensorId) -> Option<Measurement> {
    let permit = app.guard.permit::<Read, _>(caller, sensor).ok()?;
    app.history.latest(&permit)
}

/// What was last heard of a device; `None` when it has just gone.
pub(crate) fn heard(app: &App, scope: &Scope<Read>, device: &Device) -> Option<Heard> {
    let permit = app.guard.permit::<Read, _>(scope.caller(), device.id).ok()?;
    let rows = app.things.directory().sensors(scope, device.id.into());
    let with_latest = rows.into_iter().map(|row| {
        let latest = latest(app, scope.caller(), row.sensor.id);
        (row, latest)
    });
    let sensors: Vec<_> = with_latest.collect();
    let last =
        sensors.iter().filter_map(|(_, latest)| latest.as_ref()).map(|row| row.arrival).max();
    Some(Heard { state: app.presence.state(&permit, last, app.clock.now()), sensors, last })
}

/// Whether the caller may add a device anywhere.
pub(crate) fn may_manage(app: &App, caller: &Caller) -> bool {
    app.guard.scope::<Manage>(caller).is_ok_and(|scope| {
        scope.roots().iter().any(|root| match root {
            Resource::Tenant(_) | Resource::Space(_) | Resource::Asset(_) => true,
            Resource::Device(_) | Resource::Sensor(_) => false,
        })
    })
}

impl DeviceRow {
    /// Makes the row of a device.
    pub(crate) fn of(device: &Device, heard: &Heard, around: &Surroundings) -> Self {
        let known = heard.sensors.iter().filter_map(|(row, latest)| Some((row, latest.as_ref()?)));
        let values: Vec<_> =
            known.clone().take(SHORT).map(|(row, latest)| short(row, latest)).collect();
        let drawn =
            known.clone().find(|(_, latest)| matches!(latest.reading.value, Value::Number(_)));
        Self {
            id: device.id.to_string(),
            name: device.name.to_string(),
            kind: around.kind(device),
            place: around.path(device.parent),
            state: heard.state.name(),
            last_seen: heard.last.map(Moment::from),
            more: heard.sensors.len() - values.len(),
            values,
            spark: drawn.map(|(row, _)| Spark {
                sensor: row.sensor.id.to_string(),
                name: row.sensor.shape.name.to_string(),
            }),
            created: device.created.into(),
        }
    }
}

fn short(row: &SensorPlace, latest: &Measurement) -> ShortValue {
    ShortValue {
        sensor: row.sensor.id.to_string(),
        name: row.sensor.shape.name.to_string(),
        value: value_text(&latest.reading.value),
        unit: unit_text(&row.sensor.shape.unit).to_owned(),
    }
}
