//! Between rows and words: what is stored as which SQL value, and back.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use roadstead_guard::Digest;
use roadstead_model::{Id, Kind, Principal, Resource, Role, Timestamp, TypeMode};
use roadstead_store::StoreError;

use super::migrations::BadCatalog;

/// A value that a row should not have.
pub(crate) fn odd(table: &'static str, what: &dyn fmt::Display) -> StoreError {
    StoreError::failed(BadCatalog::Row { table, what: what.to_string() })
}

pub(crate) fn id<K: Kind>(table: &'static str, stored: i64) -> Result<Id<K>, StoreError> {
    Id::from_integer(stored.cast_unsigned()).map_err(|error| odd(table, &error))
}

pub(crate) fn resource(table: &'static str, stored: i64) -> Result<Resource, StoreError> {
    let read = Resource::from_integer(stored.cast_unsigned());
    read.ok_or_else(|| odd(table, &format!("{stored} names no resource")))
}

pub(crate) fn principal(table: &'static str, stored: i64) -> Result<Principal, StoreError> {
    let read = Principal::from_integer(stored.cast_unsigned());
    read.ok_or_else(|| odd(table, &format!("{stored} names no principal")))
}

pub(crate) fn time(table: &'static str, stored: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_micros(stored).map_err(|error| odd(table, &error))
}

pub(crate) fn text<T: FromStr<Err: fmt::Display>>(
    table: &'static str,
    stored: &str,
) -> Result<T, StoreError> {
    stored.parse().map_err(|error: T::Err| odd(table, &error))
}

pub(crate) const fn number(time: Timestamp) -> i64 {
    time.micros()
}

pub(crate) const fn node(resource: Resource) -> i64 {
    resource.integer().cast_signed()
}

pub(crate) const fn who(principal: Principal) -> i64 {
    principal.integer().cast_signed()
}

pub(crate) const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Manager => "manager",
        Role::Operator => "operator",
        Role::Viewer => "viewer",
        Role::Writer => "writer",
    }
}

pub(crate) fn role(stored: &str) -> Result<Role, StoreError> {
    [Role::Owner, Role::Manager, Role::Operator, Role::Viewer, Role::Writer]
        .into_iter()
        .find(|role| role_name(*role) == stored)
        .ok_or_else(|| odd("grants", &format!("there is no role `{stored}`")))
}

pub(crate) const fn mode_name(mode: TypeMode) -> &'static str {
    match mode {
        TypeMode::Open => "open",
        TypeMode::Fixed => "fixed",
    }
}

pub(crate) fn mode(stored: &str) -> Result<TypeMode, StoreError> {
    [TypeMode::Open, TypeMode::Fixed]
        .into_iter()
        .find(|mode| mode_name(*mode) == stored)
        .ok_or_else(|| odd("device_types", &format!("there is no mode `{stored}`")))
}

/// Bytes as lower-case hexadecimal digits: the same text in every database.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) fn digest(stored: &str) -> Result<Digest, StoreError> {
    let bad = || odd("credentials", &"a digest has 64 hexadecimal digits");
    let mut bytes = [0; 32];
    if stored.len() != 64 || !stored.is_ascii() {
        return Err(bad());
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&stored[at * 2..at * 2 + 2], 16).map_err(|_| bad())?;
    }
    Ok(Digest(bytes))
}
