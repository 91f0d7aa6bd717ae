//! What goes over the wire, and how names in a path find their things.

use roadstead_guard::{Caller, Credential, Read, Scope};
use roadstead_model::{
    AssetId, CredentialId, Device, DeviceId, DeviceTypeId, Principal, Resource, SensorId, SpaceId,
    Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::paths::Places;
use crate::App;
use crate::problem::{Kind, Problem};

/// Names a thing, with what people call it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Named {
    /// The text form of its id.
    pub id: String,
    /// What people call it.
    pub name: String,
}

/// A place, as a path of names from the tenant down.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct PlaceView {
    /// The text form of its id: tenant, space or asset.
    pub id: String,
    /// Names joined by `/`; empty for the tenant itself.
    pub path: String,
}

/// A device.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct DeviceView {
    #[schema(value_type = String, example = "dev_1xk8c4r9w2m0f")]
    pub id: DeviceId,
    /// The stable integer form of the id, below 2^63.
    pub integer: u64,
    pub name: String,
    pub place: PlaceView,
    /// Its type; `null` when it has none.
    pub r#type: Option<Named>,
    pub created: String,
    /// `online`, `away` or `never`.
    pub state: &'static str,
    /// When it was last heard of.
    pub last_seen: Option<String>,
    /// How many sensors it has.
    pub sensors: usize,
}

/// A credential, without its secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct CredentialView {
    #[schema(value_type = String)]
    pub id: CredentialId,
    pub label: String,
    /// `token`, `session` or `password`.
    pub kind: &'static str,
    pub created: String,
    pub expires: Option<String>,
    /// To the minute.
    pub last_used: Option<String>,
    /// The token itself: only in the answer that makes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// A token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenRequest {
    /// What its holder calls it; at most 64 characters.
    #[serde(default)]
    pub label: String,
    /// After how many days it ends; without it the token does not end by itself.
    pub days: Option<u32>,
    /// What it is limited to; without it everything its principal may do.
    #[schema(value_type = Option<Vec<String>>)]
    pub capabilities: Option<Vec<roadstead_model::Capability>>,
}

impl TokenRequest {
    pub(crate) fn parse(self, now: Timestamp) -> roadstead_services::NewToken {
        let day = |days: u32| std::time::Duration::from_hours(u64::from(days) * 24);
        roadstead_services::NewToken {
            label: self.label,
            expires: self.days.map(|days| now.after(day(days))),
            only: self.capabilities,
        }
    }
}

pub(crate) fn credential_view(row: &Credential) -> CredentialView {
    CredentialView {
        id: row.id,
        label: row.label.clone(),
        kind: row.kind.name(),
        created: row.created.to_string(),
        expires: row.expires.map(|end| end.to_string()),
        last_used: row.last_used.map(|used| used.to_string()),
        token: None,
    }
}

/// The answer that shows a token, once.
pub(crate) fn issued_view(issued: &roadstead_services::Issued) -> CredentialView {
    let token = Some(issued.secret.reveal().to_owned());
    CredentialView { token, ..credential_view(&issued.credential) }
}

/// A device as the caller may see it.
pub(crate) fn device_view(
    app: &App,
    scope: &Scope<Read>,
    places: &Places,
    row: &Device,
) -> Result<DeviceView, Problem> {
    let directory = app.things.directory();
    let sensors = directory.sensors(scope, row.id.into());
    let last = last_word(app, scope.caller(), sensors.iter().map(|row| row.sensor.id))?;
    let permit = app.guard.permit::<Read, _>(scope.caller(), row.id)?;
    let kind = row.device_type.and_then(|id| directory.device_type(scope, id));
    Ok(DeviceView {
        id: row.id,
        integer: row.id.integer(),
        name: row.name.to_string(),
        place: PlaceView { id: row.parent.to_string(), path: places.path(row.parent) },
        r#type: kind.map(|kind| Named { id: kind.id.to_string(), name: kind.name.to_string() }),
        created: row.created.to_string(),
        state: app.presence.state(&permit, last, app.clock.now()).name(),
        last_seen: last.map(|last| last.to_string()),
        sensors: sensors.len(),
    })
}

/// When any of the sensors was last heard of.
pub(crate) fn last_word(
    app: &App,
    caller: &Caller,
    sensors: impl Iterator<Item = SensorId>,
) -> Result<Option<Timestamp>, Problem> {
    let mut last = None;
    for sensor in sensors {
        let permit = app.guard.permit::<Read, _>(caller, sensor)?;
        last = last.max(app.history.latest(&permit).map(|latest| latest.arrival));
    }
    Ok(last)
}

/// Finds a device by id, by `me`, or by its name in the caller's tenant.
pub(crate) fn device_ref(app: &App, caller: &Caller, text: &str) -> Result<DeviceId, Problem> {
    if text == "me" {
        return match caller.principal() {
            Principal::Device(device) => Ok(device),
            Principal::Person(_) => {
                Err(Problem::bad_request("only a device can say `me`: name one"))
            }
        };
    }
    let by_name = || app.things.directory().device_named(caller.tenant(), text);
    text.parse().ok().or_else(by_name).ok_or_else(|| no("device", text))
}

/// What does not exist and what is out of sight are told with the same words.
fn no(what: &str, text: &str) -> Problem {
    let text: String = text.chars().take(80).collect();
    Problem::new(Kind::NotFound, format!("there is no {what} `{text}`, or you may not see it"))
}

/// Finds a sensor by id, or by name within a device.
pub(crate) fn sensor_ref(
    app: &App,
    scope: &Scope<Read>,
    device: Option<DeviceId>,
    text: &str,
) -> Result<SensorId, Problem> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let device =
        device.ok_or_else(|| Problem::bad_request("give the sensor's id, or its device too"))?;
    let sensors = app.things.directory().sensors(scope, device.into());
    let named = sensors.iter().find(|row| row.sensor.shape.name.as_str() == text);
    named.map(|row| row.sensor.id).ok_or_else(|| no("sensor", text))
}

/// Finds a space or asset by id or path; nothing means the tenant.
pub(crate) fn place_ref(
    app: &App,
    scope: &Scope<Read>,
    text: Option<&str>,
) -> Result<Resource, Problem> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(Resource::Tenant(scope.tenant()));
    };
    if let Ok(node) = text.parse() {
        return Ok(node);
    }
    Places::in_reach(app, scope).find(text).ok_or_else(|| no("place", text))
}

/// Finds a space by id or path.
pub(crate) fn space_ref(app: &App, scope: &Scope<Read>, text: &str) -> Result<SpaceId, Problem> {
    match place_ref(app, scope, Some(text))? {
        Resource::Space(id) => Ok(id),
        Resource::Tenant(_) | Resource::Asset(_) | Resource::Device(_) | Resource::Sensor(_) => {
            Err(no("space", text))
        }
    }
}

/// Finds an asset by id or path.
pub(crate) fn asset_ref(app: &App, scope: &Scope<Read>, text: &str) -> Result<AssetId, Problem> {
    match place_ref(app, scope, Some(text))? {
        Resource::Asset(id) => Ok(id),
        Resource::Tenant(_) | Resource::Space(_) | Resource::Device(_) | Resource::Sensor(_) => {
            Err(Problem::not_found())
        }
    }
}

/// Finds a device type by id or name.
pub(crate) fn type_ref(
    app: &App,
    scope: &Scope<Read>,
    text: &str,
) -> Result<DeviceTypeId, Problem> {
    let types = app.things.directory().device_types(scope);
    let found = types.iter().find(|row| row.name.as_str() == text || row.id.to_string() == text);
    found.map(|row| row.id).ok_or_else(|| no("device type", text))
}

/// Reads a name, or says what a name is.
pub(crate) fn name(text: &str) -> Result<roadstead_model::Name, Problem> {
    text.parse().map_err(|bad: roadstead_model::BadName| Problem::unprocessable(bad.to_string()))
}

/// Reads an e-mail address.
pub(crate) fn email(text: &str) -> Result<roadstead_model::Email, Problem> {
    text.parse()
        .map_err(|_| Problem::unprocessable("write an e-mail address such as ada@example.org"))
}
