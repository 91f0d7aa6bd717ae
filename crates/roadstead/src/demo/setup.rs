//! The demo's first start: the claim, the places, types, devices and tokens, all by the REST API.
//!
//! Each step looks first whether its work is done, so that a set-up which was cut short goes on.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use roadstead_model::Random;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::keep::{Keep, Kept, Known};
use super::plan::{ASSETS, DEVICES, OWNER, PlannedDevice, SPACES, TENANT};
use super::rest::{Api, is_unauthorized};

/// Claims the server as the demo's owner, with a password that nobody learns.
pub(super) async fn claim(
    api: &Api,
    claim: &str,
    data: &Path,
    random: &dyn Random,
) -> anyhow::Result<Keep> {
    let mut bits = Zeroizing::new([0_u8; 32]);
    random.fill(&mut *bits);
    let password = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(*bits));
    let body = json!({ "secret": claim, "tenant": TENANT, "email": OWNER, "password": &*password });
    let keep = Keep::begin(data, password.to_string()).await?;
    let claimed = api.post("/claim", &body).await.context("the demo could not claim the server")?;
    keep.claimed(text(&claimed, "token")?).await?;
    Ok(keep)
}

/// Signs in when the answer to the claim was lost, as when the server stopped at that moment.
pub(super) async fn take_up(api: &Api, keep: &Keep) -> anyhow::Result<()> {
    let Some(password) = keep.known().await.password.map(Zeroizing::new) else { return Ok(()) };
    let body = json!({
        "email": OWNER, "tenant": TENANT, "password": &*password, "label": "demo set-up", "days": 1,
    });
    let signed_in = api.post("/login", &body).await;
    let signed_in = signed_in.context("the demo's claim came to nothing: use another folder")?;
    keep.claimed(text(&signed_in, "token")?).await
}

/// Makes what is missing. When the owner's token has ended and nothing is missing, it was all done.
pub(super) async fn complete(api: &Api, keep: &Keep) -> anyhow::Result<()> {
    let Known { owner: Some(owner), devices, .. } = keep.known().await else { return Ok(()) };
    let made = make_missing(&api.with_token(&owner), keep, &devices).await;
    let all_known = DEVICES.iter().all(|device| devices.contains_key(device.name));
    match made {
        Err(error) if all_known && is_unauthorized(&error) => {
            keep.change(|known| known.owner = None).await
        }
        made => made,
    }
}

async fn make_missing(
    api: &Api,
    keep: &Keep,
    devices: &BTreeMap<String, Kept>,
) -> anyhow::Result<()> {
    make_places(api).await?;
    for device in &DEVICES {
        let id = make_device(api, device).await?;
        if devices.contains_key(device.name) {
            continue;
        }
        let label = json!({ "label": "demo replay", "days": null });
        let made = api.post(&format!("/devices/{id}/credentials"), &label).await?;
        let kept = Kept { id, token: text(&made, "token")?, until: None };
        keep.change(|known| drop(known.devices.insert(device.name.to_owned(), kept))).await?;
    }
    Ok(())
}

/// Gives units to the sensors that came with the first values, then ends the owner's token.
pub(super) async fn finish(api: &Api, keep: &Keep) -> anyhow::Result<()> {
    let Known { owner: Some(owner), devices, .. } = keep.known().await else { return Ok(()) };
    let api = api.with_token(&owner);
    for device in DEVICES.iter().filter(|device| device.device_type.is_none()) {
        let id = &devices.get(device.name).context("a device of the demo has no token")?.id;
        let sensors = api.list(&format!("/devices/{id}/sensors")).await?;
        if sensors.is_empty() {
            return Ok(()); // nothing was said yet: the next start tries again
        }
        for sensor in sensors {
            let planned = device.sensors.iter().find(|planned| sensor["name"] == planned.name);
            if let Some(planned) = planned {
                let shape = json!({ "unit": planned.unit, "quantity": planned.quantity });
                api.patch(&format!("/sensors/{}", text(&sensor, "id")?), &shape).await?;
            }
        }
    }
    api.post("/logout", &json!({})).await?;
    keep.change(|known| known.owner = None).await
}

async fn make_places(api: &Api) -> anyhow::Result<()> {
    let spaces = api.list("/spaces").await?;
    for space in &SPACES {
        let path =
            space.parent.map_or(space.name.to_owned(), |parent| format!("{parent}/{}", space.name));
        if !has(&spaces, "path", &path) {
            let body = json!({ "name": space.name, "class": space.class, "parent": space.parent });
            api.post("/spaces", &body).await?;
        }
    }
    let assets = api.list("/assets").await?;
    for asset in &ASSETS {
        if !has(&assets, "path", &format!("{}/{}", asset.place, asset.name)) {
            api.post("/assets", &json!({ "name": asset.name, "place": asset.place })).await?;
        }
    }
    Ok(())
}

async fn make_device(api: &Api, device: &PlannedDevice) -> anyhow::Result<String> {
    let devices = api.list("/devices").await?;
    if let Some(there) = devices.iter().find(|there| there["name"] == device.name) {
        return text(there, "id");
    }
    if let Some(planned) = &device.device_type
        && !has(&api.list("/types").await?, "name", planned.name)
    {
        let sensors = device.sensors.iter();
        let sensors = sensors
            .map(|sensor| json!({ "name": sensor.name, "unit": sensor.unit, "quantity": sensor.quantity }));
        let sensors: Vec<_> = sensors.collect();
        let body = json!({ "name": planned.name, "mode": planned.mode, "sensors": sensors });
        api.post("/types", &body).await?;
    }
    let planned = device.device_type.as_ref().map(|planned| planned.name);
    let body = json!({ "name": device.name, "type": planned, "place": device.place });
    text(&api.post("/devices", &body).await?, "id")
}

fn has(items: &[Value], key: &str, wanted: &str) -> bool {
    items.iter().any(|item| item[key] == wanted)
}

fn text(value: &Value, key: &str) -> anyhow::Result<String> {
    let text =
        value[key].as_str().with_context(|| format!("the server's answer has no `{key}`"))?;
    Ok(text.to_owned())
}
