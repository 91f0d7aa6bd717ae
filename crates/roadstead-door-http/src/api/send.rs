//! Values in.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use roadstead_guard::{Caller, Read, Write};
use roadstead_model::DeviceId;
use roadstead_services::formats::{Context, Format, FormatError, decode};
use roadstead_services::intake::{IntakeError, Once};
use serde::Serialize;
use utoipa::ToSchema;

use super::shapes::device_ref;
use crate::App;
use crate::auth::Me;
use crate::bodies::packed;
use crate::problem::{Kind, Problem, ProblemBody};

/// What became of a body of measurements. All that was accepted is durable.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReceiptView {
    accepted: usize,
    /// How many of these were kept aside because their time is absurd.
    quarantined: usize,
    /// Whether the same idempotency key was seen before: then nothing was kept twice.
    repeated: bool,
    refused: Vec<RefusalView>,
}

/// One value that was not taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RefusalView {
    /// Which value of the body, counted from 0.
    index: usize,
    /// Why, and what to change.
    detail: String,
}

/// Takes measurements of a device: JSON, SenML (JSON or CBOR), RealEstateCore edge message, CSV,
/// NDJSON or Influx line protocol, plain or packed with gzip or zstd.
///
/// Success means durable. A value that cannot be taken is reported by its index and does not hold
/// up the others. The same body with the same `Idempotency-Key` changes nothing.
#[utoipa::path(post, path = "/api/v1/devices/{device}/measurements", tag = "measurements",
    params(("device" = String, Path, description = "Id, unique name, or `me`"),
        ("Idempotency-Key" = Option<String>, Header, description = "Up to 255 characters, remembered for a day")),
    request_body(content((serde_json::Value = "application/json"),
        (serde_json::Value = "application/senml+json"), (String = "text/csv"),
        (String = "application/x-ndjson"), (String = "text/plain"))),
    responses((status = 200, body = ReceiptView), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn send_measurements(
    State(app): State<App>,
    Me(caller): Me,
    Path(device): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<ReceiptView>, Problem> {
    let device = device_ref(&app, &caller, &device)?;
    let permit = app.guard.permit::<Write, _>(&caller, device)?;
    let format = format_of(&headers)?;
    let once = idempotency(&headers, &caller, device)?;
    let packed = packed(&app, &headers, body).await?;
    let name = device_name(&app, &caller, device);
    let arrival = app.intake.arrival();
    let light = packed.is_light();
    let read = move || {
        let context = Context { device, device_name: &name, sensor: None, arrival };
        Ok(decode(format, &packed.open()?, &context)?)
    };
    let entries = if light { read()? } else { app.beside(read).await? };
    let receipt = app.intake.keep(&permit, entries, once).await?;
    let refused = receipt
        .refused
        .into_iter()
        .map(|refusal| RefusalView { index: refusal.index, detail: refusal.reason.to_string() });
    Ok(Json(ReceiptView {
        accepted: receipt.accepted,
        quarantined: receipt.quarantined,
        repeated: receipt.repeated,
        refused: refused.collect(),
    }))
}

fn format_of(headers: &HeaderMap) -> Result<Format, Problem> {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let advice = "say the format in Content-Type: application/json, application/senml+json, \
                  application/senml+cbor, text/csv, application/x-ndjson or text/plain (Influx)";
    let known = media.and_then(Format::of_content_type);
    known.ok_or_else(|| Problem::new(Kind::UnsupportedMedia, advice))
}

/// A key is the caller's own, and good for one device: nobody meets another's.
fn idempotency(
    headers: &HeaderMap,
    caller: &Caller,
    device: DeviceId,
) -> Result<Option<Once>, Problem> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    if key.is_empty() || key.len() > 255 {
        return Err(Problem::bad_request("an Idempotency-Key has 1 to 255 characters"));
    }
    let mut hash = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    hash.update(&caller.principal().integer().to_be_bytes());
    hash.update(&device.integer().to_be_bytes());
    hash.update(key.as_bytes());
    let mut bytes = [0; 32];
    bytes.copy_from_slice(hash.finish().as_ref());
    Ok(Some(Once::Key(bytes)))
}

fn device_name(app: &App, caller: &Caller, device: DeviceId) -> String {
    let permit = app.guard.permit::<Read, _>(caller, device).ok();
    let row = permit.and_then(|permit| app.things.directory().device(&permit));
    row.map_or_else(|| device.to_string(), |row| row.name.to_string())
}

impl From<FormatError> for Problem {
    fn from(error: FormatError) -> Self {
        Self::unprocessable(error.to_string())
    }
}

impl From<IntakeError> for Problem {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Denied(denied) => denied.into(),
            IntakeError::Busy => Self::new(Kind::Busy, error.to_string()),
            IntakeError::TooMany { .. } => Self::new(Kind::TooLarge, error.to_string()),
            IntakeError::Stopped | IntakeError::Store(_) => Self::internal(&error),
            IntakeError::Entry(_)
            | IntakeError::Name { .. }
            | IntakeError::UnknownSensor(_)
            | IntakeError::DeviceFull { .. }
            | IntakeError::TenantFull { .. }
            | IntakeError::Unit { .. }
            | IntakeError::SecondWithoutTime => Self::unprocessable(error.to_string()),
        }
    }
}
