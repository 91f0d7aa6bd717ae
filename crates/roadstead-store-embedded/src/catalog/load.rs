//! All rows, read at the start.

use std::collections::HashMap;

use roadstead_guard::{Credential, CredentialKind, PasswordHash};
use roadstead_model::{
    Asset, Device, DeviceType, Grant, Person, Sensor, SensorShape, Space, Tenant,
};
use roadstead_store::{Loaded, StoreError};
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Sqlite, SqliteConnection, query_as};

use super::rows;

pub(super) type SpaceRow = (i64, i64, String, String);
pub(super) type AssetRow = (i64, i64, String);
pub(super) type DeviceRow = (i64, i64, String, Option<i64>, i64);
pub(super) type SensorRow = (i64, i64, String, String, String);
type CredentialRow = (i64, i64, String, String, String, i64, Option<i64>, i64, Option<i64>);
type GrantRow = (i64, i64, String, i64, Option<i64>, String);
type ShapeRow = (String, String, String);

/// Reads the whole catalog.
pub(super) async fn all(sql: &mut SqliteConnection) -> Result<Loaded, StoreError> {
    Ok(Loaded {
        tenants: read(sql, "SELECT id, name, created FROM tenants", tenant).await?,
        people: read(sql, "SELECT id, email, created FROM people", person).await?,
        spaces: read(sql, "SELECT id, parent, name, class FROM spaces", space).await?,
        assets: read(sql, "SELECT id, parent, name FROM assets", asset).await?,
        device_types: device_types(sql).await?,
        devices: read(sql, "SELECT id, parent, name, device_type, created FROM devices", device)
            .await?,
        sensors: read(sql, "SELECT id, device, name, unit, quantity FROM sensors", sensor).await?,
        credentials: read(
            sql,
            "SELECT id, principal, kind, digest, label, created, expires, capabilities, last_used
             FROM credentials",
            credential,
        )
        .await?,
        passwords: read(sql, "SELECT person, credential, hash FROM passwords", password).await?,
        grants: read(
            sql,
            "SELECT id, principal, role, resource, expires, reason FROM grants ORDER BY id",
            grant,
        )
        .await?,
    })
}

async fn read<R, T>(
    sql: &mut SqliteConnection,
    text: &'static str,
    make: impl Fn(R) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError>
where
    R: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
{
    let rows = query_as::<Sqlite, R>(text).fetch_all(sql).await.map_err(StoreError::failed)?;
    rows.into_iter().map(make).collect()
}

fn tenant((id, name, created): (i64, String, i64)) -> Result<Tenant, StoreError> {
    let table = "tenants";
    Ok(Tenant {
        id: rows::id(table, id)?,
        name: rows::text(table, &name)?,
        created: rows::time(table, created)?,
    })
}

fn person((id, email, created): (i64, String, i64)) -> Result<Person, StoreError> {
    let table = "people";
    Ok(Person {
        id: rows::id(table, id)?,
        email: rows::text(table, &email)?,
        created: rows::time(table, created)?,
    })
}

pub(super) fn space((id, parent, name, class): SpaceRow) -> Result<Space, StoreError> {
    let table = "spaces";
    Ok(Space {
        id: rows::id(table, id)?,
        name: rows::text(table, &name)?,
        parent: rows::resource(table, parent)?,
        class: rows::text(table, &class)?,
    })
}

pub(super) fn asset((id, parent, name): AssetRow) -> Result<Asset, StoreError> {
    let table = "assets";
    Ok(Asset {
        id: rows::id(table, id)?,
        name: rows::text(table, &name)?,
        parent: rows::resource(table, parent)?,
    })
}

async fn device_types(sql: &mut SqliteConnection) -> Result<Vec<DeviceType>, StoreError> {
    let table = "device_type_sensors";
    let listed = query_as::<Sqlite, (i64, String, String, String)>(
        "SELECT device_type, name, unit, quantity FROM device_type_sensors
         ORDER BY device_type, place",
    );
    let mut shapes: HashMap<i64, Vec<SensorShape>> = HashMap::new();
    for (of, name, unit, quantity) in
        listed.fetch_all(&mut *sql).await.map_err(StoreError::failed)?
    {
        shapes.entry(of).or_default().push(shape(table, (name, unit, quantity))?);
    }
    let make = |(id, name, mode): (i64, String, String)| {
        Ok(DeviceType {
            id: rows::id("device_types", id)?,
            name: rows::text("device_types", &name)?,
            mode: rows::mode(&mode)?,
            sensors: shapes.get(&id).cloned().unwrap_or_default(),
        })
    };
    read(sql, "SELECT id, name, mode FROM device_types", make).await
}

pub(super) fn shape(
    table: &'static str,
    (name, unit, quantity): ShapeRow,
) -> Result<SensorShape, StoreError> {
    Ok(SensorShape { name: rows::text(table, &name)?, unit, quantity })
}

pub(super) fn device(
    (id, parent, name, device_type, created): DeviceRow,
) -> Result<Device, StoreError> {
    let table = "devices";
    Ok(Device {
        id: rows::id(table, id)?,
        name: rows::text(table, &name)?,
        parent: rows::resource(table, parent)?,
        device_type: device_type.map(|id| rows::id(table, id)).transpose()?,
        created: rows::time(table, created)?,
    })
}

pub(super) fn sensor((id, device, name, unit, quantity): SensorRow) -> Result<Sensor, StoreError> {
    let table = "sensors";
    Ok(Sensor {
        id: rows::id(table, id)?,
        device: rows::id(table, device)?,
        shape: shape(table, (name, unit, quantity))?,
    })
}

fn credential(row: CredentialRow) -> Result<Credential, StoreError> {
    let table = "credentials";
    let (id, principal, kind, digest, label, created, expires, limit, last_used) = row;
    let unknown = || rows::odd(table, &format!("there is no kind `{kind}`"));
    Ok(Credential {
        id: rows::id(table, id)?,
        principal: rows::principal(table, principal)?,
        kind: CredentialKind::from_name(&kind).ok_or_else(unknown)?,
        digest: rows::digest(&digest)?,
        label,
        created: rows::time(table, created)?,
        expires: expires.map(|end| rows::time(table, end)).transpose()?,
        limit: u8::try_from(limit).map_err(|error| rows::odd(table, &error))?,
        last_used: last_used.map(|at| rows::time(table, at)).transpose()?,
    })
}

fn password(
    (person, credential, hash): (i64, i64, String),
) -> Result<(roadstead_model::PersonId, roadstead_model::CredentialId, PasswordHash), StoreError> {
    let table = "passwords";
    let hash = PasswordHash::from_stored(hash);
    Ok((rows::id(table, person)?, rows::id(table, credential)?, hash))
}

fn grant((id, principal, role, resource, expires, reason): GrantRow) -> Result<Grant, StoreError> {
    let table = "grants";
    Ok(Grant {
        id: rows::id(table, id)?,
        principal: rows::principal(table, principal)?,
        role: rows::role(&role)?,
        resource: rows::resource(table, resource)?,
        expires: expires.map(|end| rows::time(table, end)).transpose()?,
        reason,
    })
}
