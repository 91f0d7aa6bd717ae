//! One device: its state, its sensors with their latest values and senders, its tokens.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use roadstead_guard::{Credential, Manage, Read};
use roadstead_model::{DeviceId, Measurement, Quality, Timestamp, Value};
use roadstead_services::SensorPlace;

use super::frame::{Choice, Field, Moment, Page, Say, show};
use super::places::Manageable;
use super::rows::{Surroundings, heard};
use super::senders::Senders;
use super::session::Signed;
use super::text::{unit_text, value_text};
use crate::App;
use crate::auth::Visitor;
use crate::problem::Problem;

/// So many curves are drawn at first.
const SHOWN: usize = 6;

/// The page of a device.
#[derive(Template)]
#[template(path = "device.html")]
pub(super) struct DevicePage {
    pub page: Page,
    id: String,
    number: u64,
    name: String,
    kind: String,
    place: String,
    state: &'static str,
    last_seen: Option<Moment>,
    created: Moment,
    sensors: Vec<SensorRow>,
    credentials: Vec<CredentialRow>,
    may_manage: bool,
    /// The forms that change it, for whoever manages it.
    pub new_name: Field,
    places: Vec<Choice>,
    pub new_sensor: Field,
    pub delete_error: Option<String>,
}

struct SensorRow {
    id: String,
    name: String,
    unit: String,
    /// Whether its values can be drawn; texts cannot.
    chartable: bool,
    /// Whether it is drawn at first.
    shown: bool,
    latest: Option<LatestValue>,
}

struct LatestValue {
    value: String,
    quality: &'static str,
    time: Moment,
    principal: String,
    credential: String,
}

struct CredentialRow {
    id: String,
    label: String,
    created: Moment,
    last_used: Option<Moment>,
    active: bool,
}

/// Shows a device.
pub(crate) async fn show_device(
    State(app): State<App>,
    Path(device): Path<String>,
    Query(say): Query<Say>,
    Signed(visitor): Signed,
) -> Result<Response, Problem> {
    let device = device.parse().map_err(|_| Problem::not_found())?;
    let mut page = DevicePage::of(&app, &visitor, device)?;
    page.page = page.page.saying(&say);
    show(StatusCode::OK, &page)
}

impl DevicePage {
    /// Puts the page of a device together, as far as the visitor may see it.
    pub(super) fn of(app: &App, visitor: &Visitor, id: DeviceId) -> Result<Self, Problem> {
        let caller = &visitor.caller;
        let permit = app.guard.permit::<Read, _>(caller, id)?;
        let scope = app.guard.scope::<Read>(caller)?;
        let directory = app.things.directory();
        let device = directory.device(&permit).ok_or_else(Problem::not_found)?;
        let heard = heard(app, &scope, &device).ok_or_else(Problem::not_found)?;
        let around = Surroundings::of(app, &scope);
        let manage = app.guard.permit::<Manage, _>(caller, id).ok();
        let tokens = manage.as_ref().map(|permit| directory.device_credentials(permit));
        let now = app.clock.now();
        let may = Manageable { app, visitor, around: &around };
        Ok(Self {
            page: Page::new(app, device.name.as_str(), "devices", Some(visitor)),
            id: id.to_string(),
            number: id.integer(),
            name: device.name.to_string(),
            kind: around.kind(&device),
            place: around.path(device.parent),
            state: heard.state.name(),
            last_seen: heard.last.map(Moment::from),
            created: device.created.into(),
            sensors: sensor_rows(&heard.sensors, Senders::new(app, caller)),
            credentials: tokens.iter().flatten().map(|row| CredentialRow::of(row, now)).collect(),
            may_manage: manage.is_some(),
            new_name: Field::typed(device.name.as_str()),
            places: may.with_present(may.places("No place", ""), device.parent),
            new_sensor: Field::default(),
            delete_error: None,
        })
    }
}

fn sensor_rows(
    sensors: &[(std::sync::Arc<SensorPlace>, Option<Measurement>)],
    mut senders: Senders<'_>,
) -> Vec<SensorRow> {
    let mut room = SHOWN;
    let mut rows = Vec::with_capacity(sensors.len());
    for (place, latest) in sensors {
        let value = latest.as_ref().map(|latest| &latest.reading.value);
        let chartable = !matches!(value, Some(Value::Text(_)));
        let shown = chartable && room > 0;
        room -= usize::from(shown);
        rows.push(SensorRow {
            id: place.sensor.id.to_string(),
            name: place.sensor.shape.name.to_string(),
            unit: unit_text(&place.sensor.shape.unit).to_owned(),
            chartable,
            shown,
            latest: latest.as_ref().map(|latest| LatestValue::of(latest, &mut senders)),
        });
    }
    rows
}

impl LatestValue {
    fn of(latest: &Measurement, senders: &mut Senders<'_>) -> Self {
        let (principal, credential) = senders.names(latest.source);
        let quality = match latest.reading.quality {
            Quality::Good => "good",
            Quality::Estimated => "estimated",
            Quality::Quarantined => "quarantined",
        };
        let value = value_text(&latest.reading.value);
        Self { value, quality, time: latest.reading.time.into(), principal, credential }
    }
}

impl CredentialRow {
    fn of(row: &Credential, now: Timestamp) -> Self {
        let label = if row.label.is_empty() { "unnamed" } else { &row.label };
        Self {
            id: row.id.to_string(),
            label: label.to_owned(),
            created: row.created.into(),
            last_used: row.last_used.map(Moment::from),
            active: row.is_live(now),
        }
    }
}
