//! Devices and sensors.

use roadstead_guard::{Manage, Permit, Write};
use roadstead_model::{Device, DeviceId, DeviceTypeId, Resource, Sensor, SensorId, SensorShape};
use roadstead_store::{DeviceChange, NewDevice, StoreError};
use sqlx::{Sqlite, query, query_as};

use super::draft::Draft;
use super::rows::{node, number};
use super::{load, types};

/// How many sensors people can give one device by hand. What devices bring is limited apart.
pub(super) const MOST_SENSORS: usize = 4_096;

pub(super) async fn create(
    draft: &mut Draft<'_>,
    permit: Permit<Manage, Resource>,
    new: NewDevice,
) -> Result<Device, StoreError> {
    may_hold_devices(draft, permit.resource())?;
    let shapes = match new.device_type {
        None => Vec::new(),
        Some(id) if id.tenant() == permit.tenant() => types::shapes_of(draft, id).await?,
        Some(_) => return Err(StoreError::Missing("device type")),
    };
    let device = Device {
        id: draft.next_id(permit.tenant()).await?,
        name: new.name,
        parent: permit.resource(),
        device_type: new.device_type,
        created: new.now,
    };
    let kept = query(
        "INSERT INTO devices (id, tenant, parent, name, device_type, created)
         VALUES ($1, $2, $3, $4, $5, $6)",
    );
    let kept = kept
        .bind(device.id.sql())
        .bind(device.id.tenant().sql())
        .bind(node(device.parent))
        .bind(device.name.to_string())
        .bind(device.device_type.map(DeviceTypeId::sql))
        .bind(number(device.created));
    draft.name(("a device", device.name.as_str()), kept).await?;
    draft.then({
        let row = device.clone();
        move |open| open.put_device(row)
    });
    for shape in shapes {
        keep_sensor(draft, device.id, shape).await?;
    }
    Ok(device)
}

/// Devices stand in an organisation, a space or an asset that is still there.
fn may_hold_devices(draft: &Draft<'_>, parent: Resource) -> Result<(), StoreError> {
    match parent {
        Resource::Tenant(_) | Resource::Space(_) | Resource::Asset(_) => {
            draft.stands(parent, "place")
        }
        Resource::Device(_) | Resource::Sensor(_) => {
            Err(StoreError::InUse("only an organisation, a space or an asset can hold devices"))
        }
    }
}

pub(super) async fn change(
    draft: &mut Draft<'_>,
    permit: Permit<Manage, DeviceId>,
    change: DeviceChange,
) -> Result<Device, StoreError> {
    let id = permit.resource();
    let before = query_as::<Sqlite, load::DeviceRow>(
        "SELECT id, parent, name, device_type, created FROM devices WHERE id = $1",
    );
    let before = before.bind(id.sql()).fetch_optional(draft.sql()).await;
    let before = before.map_err(StoreError::failed)?.ok_or(StoreError::Missing("device"))?;
    let mut device = load::device(before)?;
    if let Some(place) = change.parent {
        if place.tenant() != permit.tenant() {
            return Err(StoreError::Missing("place"));
        }
        may_hold_devices(draft, place.resource())?;
        device.parent = place.resource();
    }
    device.name = change.name.unwrap_or(device.name);
    let changed = query("UPDATE devices SET parent = $2, name = $3 WHERE id = $1")
        .bind(id.sql())
        .bind(node(device.parent))
        .bind(device.name.to_string());
    draft.name(("a device", device.name.as_str()), changed).await?;
    draft.then({
        let row = device.clone();
        move |open| open.put_device(row)
    });
    Ok(device)
}

pub(super) async fn remove(
    draft: &mut Draft<'_>,
    permit: Permit<Manage, DeviceId>,
) -> Result<(), StoreError> {
    let id = permit.resource();
    let going = [
        "DELETE FROM grants WHERE principal = $1 OR resource = $1
         OR resource IN (SELECT id FROM sensors WHERE device = $1)",
        "DELETE FROM credentials WHERE principal = $1",
        "DELETE FROM sensors WHERE device = $1",
    ];
    for sql in going {
        draft.run(query(sql).bind(id.sql())).await?;
    }
    let gone = query("DELETE FROM devices WHERE id = $1").bind(id.sql());
    draft.must("device", gone).await?;
    draft.then(move |open| open.remove(id.into()));
    Ok(())
}

pub(super) async fn bring_sensor(
    draft: &mut Draft<'_>,
    permit: Permit<Write, DeviceId>,
    shape: SensorShape,
) -> Result<Sensor, StoreError> {
    let device = permit.resource();
    draft.stands(device.into(), "device")?;
    if let Some(known) = draft.directory.sensor_named(&permit, shape.name.as_str()) {
        return sensor(draft, known).await;
    }
    if !draft.directory.may_bring_sensors(&permit) {
        return Err(StoreError::Missing("sensor: the device's type is fixed and does not list it"));
    }
    keep_sensor(draft, device, shape).await
}

pub(super) async fn add_sensor(
    draft: &mut Draft<'_>,
    permit: Permit<Manage, DeviceId>,
    shape: SensorShape,
) -> Result<Sensor, StoreError> {
    let device = permit.resource();
    draft.stands(device.into(), "device")?;
    let there = "SELECT COUNT(*) FROM sensors WHERE device = $1";
    let there = usize::try_from(draft.count(there, device.sql()).await?).unwrap_or(usize::MAX);
    if there >= MOST_SENSORS {
        return Err(StoreError::Limit { what: "sensors of a device", limit: MOST_SENSORS });
    }
    keep_sensor(draft, device, shape).await
}

pub(super) async fn keep_sensor(
    draft: &mut Draft<'_>,
    device: DeviceId,
    shape: SensorShape,
) -> Result<Sensor, StoreError> {
    let sensor = Sensor { id: draft.next_id(device.tenant()).await?, device, shape };
    let kept = query(
        "INSERT INTO sensors (id, tenant, device, name, unit, quantity)
         VALUES ($1, $2, $3, $4, $5, $6)",
    );
    let kept = kept
        .bind(sensor.id.sql())
        .bind(device.tenant().sql())
        .bind(device.sql())
        .bind(sensor.shape.name.to_string())
        .bind(sensor.shape.unit.clone())
        .bind(sensor.shape.quantity.clone());
    draft.name(("a sensor", sensor.shape.name.as_str()), kept).await?;
    draft.then({
        let row = sensor.clone();
        move |open| open.put_sensor(row)
    });
    Ok(sensor)
}

async fn sensor(draft: &mut Draft<'_>, id: SensorId) -> Result<Sensor, StoreError> {
    let row = query_as::<Sqlite, load::SensorRow>(
        "SELECT id, device, name, unit, quantity FROM sensors WHERE id = $1",
    );
    let row = row.bind(id.sql()).fetch_optional(draft.sql()).await.map_err(StoreError::failed)?;
    load::sensor(row.ok_or(StoreError::Missing("sensor"))?)
}

pub(super) async fn change_sensor(
    draft: &mut Draft<'_>,
    permit: Permit<Manage, SensorId>,
    shape: SensorShape,
) -> Result<Sensor, StoreError> {
    let before = sensor(draft, permit.resource()).await?;
    let changed = Sensor { shape, ..before };
    let kept = query("UPDATE sensors SET name = $2, unit = $3, quantity = $4 WHERE id = $1")
        .bind(changed.id.sql())
        .bind(changed.shape.name.to_string())
        .bind(changed.shape.unit.clone())
        .bind(changed.shape.quantity.clone());
    draft.name(("a sensor", changed.shape.name.as_str()), kept).await?;
    draft.then({
        let row = changed.clone();
        move |open| open.put_sensor(row)
    });
    Ok(changed)
}

pub(super) async fn remove_sensor(
    draft: &mut Draft<'_>,
    permit: Permit<Manage, SensorId>,
) -> Result<(), StoreError> {
    let id = permit.resource();
    draft.run(query("DELETE FROM grants WHERE resource = $1").bind(id.sql())).await?;
    draft.must("sensor", query("DELETE FROM sensors WHERE id = $1").bind(id.sql())).await?;
    draft.then(move |open| open.remove(id.into()));
    Ok(())
}
