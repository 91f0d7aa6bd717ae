//! Device types: which sensors a device has, and whether it may bring others.

use roadstead_guard::{Manage, Permit};
use roadstead_model::{DeviceId, DeviceType, DeviceTypeId, Name, SensorShape, TenantId, TypeMode};
use roadstead_store::{StoreError, TypeChange};
use sqlx::{Sqlite, query, query_as};

use super::devices::{MOST_SENSORS, keep_sensor};
use super::draft::Draft;
use super::load;
use super::rows::{self, mode, mode_name};

pub(super) async fn create(
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
    list(draft, id, (0, &sensors)).await?;
    let new = DeviceType { id, name, mode, sensors };
    draft.then({
        let row = new.clone();
        move |open| open.put_device_type(row)
    });
    Ok(new)
}

pub(super) async fn remove(
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

/// Lists sensors with a type, from a place on.
async fn list(
    draft: &mut Draft<'_>,
    id: DeviceTypeId,
    (first, shapes): (usize, &[SensorShape]),
) -> Result<(), StoreError> {
    if first + shapes.len() > MOST_SENSORS {
        return Err(StoreError::Limit { what: "sensors of a device type", limit: MOST_SENSORS });
    }
    for (place, shape) in (0_i64..).skip(first).zip(shapes) {
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
    Ok(())
}

pub(super) async fn change(
    draft: &mut Draft<'_>,
    permit: Permit<Manage, TenantId>,
    id: DeviceTypeId,
    change: TypeChange,
) -> Result<DeviceType, StoreError> {
    let mut kind = known(draft, &permit, id).await?;
    kind.name = change.name.unwrap_or(kind.name);
    kind.mode = change.mode.unwrap_or(kind.mode);
    let changed = query("UPDATE device_types SET name = $2, mode = $3 WHERE id = $1")
        .bind(id.sql())
        .bind(kind.name.to_string())
        .bind(mode_name(kind.mode));
    draft.name(("a device type", kind.name.as_str()), changed).await?;
    list(draft, id, (kind.sensors.len(), &change.added)).await?;
    give(draft, id, &change.added).await?;
    kind.sensors.extend(change.added);
    draft.then({
        let row = kind.clone();
        move |open| open.put_device_type(row)
    });
    Ok(kind)
}

async fn known(
    draft: &mut Draft<'_>,
    permit: &Permit<Manage, TenantId>,
    id: DeviceTypeId,
) -> Result<DeviceType, StoreError> {
    let missing = StoreError::Missing("device type");
    if id.tenant() != permit.tenant() {
        return Err(missing);
    }
    let row =
        query_as::<Sqlite, (String, String)>("SELECT name, mode FROM device_types WHERE id = $1");
    let row = row.bind(id.sql()).fetch_optional(draft.sql()).await.map_err(StoreError::failed)?;
    let (name, stored) = row.ok_or(missing)?;
    let name: Name = rows::text("device_types", &name)?;
    let sensors = shapes_of(draft, id).await?;
    Ok(DeviceType { id, name, mode: mode(&stored)?, sensors })
}

/// Gives each device of a type the sensors that it lacks.
async fn give(
    draft: &mut Draft<'_>,
    id: DeviceTypeId,
    shapes: &[SensorShape],
) -> Result<(), StoreError> {
    for shape in shapes {
        let lacking = query_as::<Sqlite, (i64,)>(
            "SELECT id FROM devices WHERE device_type = $1 AND NOT EXISTS (
                 SELECT 1 FROM sensors WHERE sensors.device = devices.id AND sensors.name = $2)
             ORDER BY id",
        );
        let lacking = lacking.bind(id.sql()).bind(shape.name.to_string());
        let lacking = lacking.fetch_all(draft.sql()).await.map_err(StoreError::failed)?;
        for (device,) in lacking {
            let device: DeviceId = rows::id("devices", device)?;
            keep_sensor(draft, device, shape.clone()).await?;
        }
    }
    Ok(())
}

pub(super) async fn shapes_of(
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
