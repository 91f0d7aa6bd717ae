//! Device types, devices and sensors.

use roadstead_guard::{Manage, Permit, Write};
use roadstead_model::{
    Device, DeviceId, DeviceType, DeviceTypeId, Name, Resource, Sensor, SensorId, SensorShape,
    TenantId, TypeMode,
};
use roadstead_store::{DeviceChange, NewDevice, StoreError};
use sqlx::{Sqlite, query, query_as};

use super::draft::Draft;
use super::load;
use super::rows::{mode_name, node, number};

pub(super) async fn create_type(
    draft: &mut Draft<'_>,
    permit: Permit<Manage, TenantId>,
    (name, mode, sensors): (Name, TypeMode, Vec<SensorShape>),
) -> Result<DeviceType, StoreError> {
    draft.stands(permit.resource().into(), "organisation")?;
    let id: DeviceTypeId = draft.next_id(permit.tenant()).await?;
    let kept = query("INSERT INTO device_types (id, tenant, name, mode) VALUES ($1, $2, $3, $4)")
        .bind(id.sql())
        .bind(permit.tenant().sql())
        .bind(name.to_string())
        .bind(mode_name(mode));
    draft.name(("a device type", name.as_str()), kept).await?;
    for (place, shape) in (0_i64..).zip(&sensors) {
        let kept = query(
            "INSERT INTO device_type_sensors (device_type, place, name, unit, quantity)
             VALUES ($1, $2, $3, $4, $5)",
        );
        let kept = kept
            .bind(id.sql())
            .bind(place)
            .bind(shape.name.to_string())
            .bind(shape.unit.clone())
            .bind(shape.quantity.clone());
        draft.name(("a sensor", shape.name.as_str()), kept).await?;
    }
    let new = DeviceType { id, name, mode, sensors };
    draft.then({
        let row = new.clone();
        move |open| open.put_device_type(row)
    });
    Ok(new)
}

pub(super) async fn remove_type(
    draft: &mut Draft<'_>,
    permit: Permit<Manage, TenantId>,
    id: DeviceTypeId,
) -> Result<(), StoreError> {
    let missing = StoreError::Missing("device type");
    if id.tenant() != permit.tenant() {
        return Err(missing);
    }
    let having = "SELECT COUNT(*) FROM devices WHERE device_type = $1";
    if draft.count(having, id.sql()).await? > 0 {
        return Err(StoreError::InUse("devices still have this type: remove them first"));
    }
    let gone = query("DELETE FROM device_types WHERE id = $1").bind(id.sql());
    draft.must("device type", gone).await?;
    draft.then(move |open| open.remove_device_type(id));
    Ok(())
}

pub(super) async fn create(
    draft: &mut Draft<'_>,
    permit: Permit<Manage, Resource>,
    new: NewDevice,
) -> Result<Device, StoreError> {
    may_hold_devices(draft, permit.resource())?;
    let shapes = match new.device_type {
        None => Vec::new(),
        Some(id) if id.tenant() == permit.tenant() => shapes_of(draft, id).await?,
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

async fn shapes_of(
    draft: &mut Draft<'_>,
    id: DeviceTypeId,
) -> Result<Vec<SensorShape>, StoreError> {
    let there = "SELECT COUNT(*) FROM device_types WHERE id = $1";
    if draft.count(there, id.sql()).await? == 0 {
        return Err(StoreError::Missing("device type"));
    }
    let shapes = query_as::<Sqlite, (String, String, String)>(
        "SELECT name, unit, quantity FROM device_type_sensors
         WHERE device_type = $1 ORDER BY place",
    );
    let shapes = shapes.bind(id.sql()).fetch_all(draft.sql()).await.map_err(StoreError::failed)?;
    shapes.into_iter().map(|row| load::shape("device_type_sensors", row)).collect()
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

async fn keep_sensor(
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
