//! The catalog's verbs: tenants, people, things, credentials and grants.
//!
//! Whatever is written is durable, and in the [`Directory`], when the verb returns.

use roadstead_guard::{
    Caller, ClaimProof, Complete, Credential, CredentialKind, Digest, Login, Manage, Operator,
    PasswordHash, Permit, Write,
};
use roadstead_model::{
    Asset, AssetId, CredentialId, Device, DeviceId, DeviceType, DeviceTypeId, Email, Grant,
    GrantId, Name, Person, PersonId, Principal, Resource, Role, Sensor, SensorId, SensorShape,
    Space, SpaceId, Tenant, TenantId, Timestamp, TypeMode,
};

use crate::{Directory, Later, StoreError};

/// What a claim brings: an organisation and its first person.
#[derive(Debug, Clone)]
pub struct NewTenant {
    /// The organisation's name, unique on the server.
    pub name: Name,
    /// The owner's address.
    pub email: Email,
    /// The owner's password, hashed.
    pub password: PasswordHash,
    /// When.
    pub now: Timestamp,
}

/// A device to be made.
#[derive(Debug, Clone)]
pub struct NewDevice {
    /// Unique within the tenant.
    pub name: Name,
    /// Its contract, if it has one.
    pub device_type: Option<DeviceTypeId>,
    /// When.
    pub now: Timestamp,
}

/// What to change of a device; `None` leaves as is.
#[derive(Debug, Clone, Default)]
pub struct DeviceChange {
    /// A new name.
    pub name: Option<Name>,
    /// A new place; the permit to put it there comes with it.
    pub parent: Option<Permit<Manage, Resource>>,
}

/// A move: whoever moves a place manages where it is and where it goes.
#[derive(Debug, Clone)]
pub struct Move {
    /// What it stands in now.
    pub from: Permit<Manage, Resource>,
    /// What it shall stand in.
    pub to: Permit<Manage, Resource>,
}

/// What to change of a space; `None` leaves as is.
#[derive(Debug, Clone, Default)]
pub struct SpaceChange {
    /// A new name.
    pub name: Option<Name>,
    /// Another class.
    pub class: Option<Name>,
    /// Another parent.
    pub moved: Option<Move>,
}

/// What to change of an asset; `None` leaves as is.
#[derive(Debug, Clone, Default)]
pub struct AssetChange {
    /// A new name.
    pub name: Option<Name>,
    /// Another place.
    pub moved: Option<Move>,
}

/// What to change of a device type; `None` leaves as is.
#[derive(Debug, Clone, Default)]
pub struct TypeChange {
    /// A new name.
    pub name: Option<Name>,
    /// Whether its devices may bring further sensors.
    pub mode: Option<TypeMode>,
    /// Sensors to be listed besides those it has.
    pub added: Vec<SensorShape>,
}

/// A credential to be kept.
#[derive(Debug, Clone)]
pub struct NewCredential {
    /// How it proves.
    pub kind: CredentialKind,
    /// The keyed digest of its secret.
    pub digest: Digest,
    /// What its holder calls it.
    pub label: String,
    /// When it is made.
    pub now: Timestamp,
    /// When it ends, if it does.
    pub expires: Option<Timestamp>,
    /// The capabilities it is limited to, as a mask.
    pub limit: u8,
}

/// A grant to be given.
#[derive(Debug, Clone)]
pub struct NewGrant {
    /// To whom.
    pub principal: Principal,
    /// What they may do.
    pub role: Role,
    /// When it ends, if it does.
    pub expires: Option<Timestamp>,
    /// Why.
    pub reason: String,
}

/// By which right a credential is made or ended. It also says whose credential it is.
#[derive(Debug, Clone, Copy)]
pub enum Authority<'a> {
    /// Whoever manages a device makes and ends its credentials.
    Device(&'a Permit<Manage, DeviceId>),
    /// Whoever manages the tenant invites its people.
    Person(&'a Permit<Manage, TenantId>, PersonId),
    /// Everyone makes and ends their own.
    Own(&'a Caller),
    /// A complete log-in becomes a session.
    Login(&'a Login<Complete>),
    /// The operator hands a person a one-time link; the audit log shows it to the tenant.
    Operator(Operator, PersonId),
}

impl Authority<'_> {
    /// Whose credential is made or ended.
    pub fn principal(&self) -> Principal {
        match self {
            Self::Device(permit) => Principal::Device(permit.resource()),
            Self::Person(_, person) | Self::Operator(_, person) => Principal::Person(*person),
            Self::Own(caller) => caller.principal(),
            Self::Login(login) => Principal::Person(login.person()),
        }
    }
}

/// Everything but values: durable rows, mirrored in memory.
pub trait Catalog: Send + Sync {
    /// The catalog in memory.
    fn directory(&self) -> &std::sync::Arc<Directory>;

    /// Keeps the digest of a new claim link until it is used or ends.
    fn invite(
        &self,
        operator: Operator,
        link: Digest,
        expires: Timestamp,
    ) -> Later<'_, Result<(), StoreError>>;

    /// Keeps the digest of the link that a start prints, in place of the unused links of earlier
    /// starts. The first claim, by whichever link, ends it. Refused once there is a tenant.
    fn invite_first(
        &self,
        operator: Operator,
        link: Digest,
        expires: Timestamp,
    ) -> Later<'_, Result<(), StoreError>>;

    /// Whether a claim link waits to be used at `now`.
    fn awaits<'a>(
        &'a self,
        proof: &'a ClaimProof,
        now: Timestamp,
    ) -> Later<'a, Result<bool, StoreError>>;

    /// Whether any claim link waits at `now`.
    fn awaits_any(&self, now: Timestamp) -> Later<'_, Result<bool, StoreError>>;

    /// Uses up a claim link: makes the tenant, its owner, and the owner's grant, or nothing at all.
    fn claim(
        &self,
        proof: ClaimProof,
        new: NewTenant,
    ) -> Later<'_, Result<(Tenant, Person), StoreError>>;

    /// Makes a person who has no right yet.
    fn add_person<'a>(
        &'a self,
        permit: &'a Permit<Manage, TenantId>,
        email: Email,
        now: Timestamp,
    ) -> Later<'a, Result<Person, StoreError>>;

    /// Sets one's own password.
    fn set_password<'a>(
        &'a self,
        caller: &'a Caller,
        hash: PasswordHash,
        now: Timestamp,
    ) -> Later<'a, Result<(), StoreError>>;

    /// Makes a credential.
    fn add_credential<'a>(
        &'a self,
        by: Authority<'a>,
        new: NewCredential,
    ) -> Later<'a, Result<Credential, StoreError>>;

    /// Ends a credential of the authority's principal.
    fn end_credential<'a>(
        &'a self,
        by: Authority<'a>,
        id: CredentialId,
    ) -> Later<'a, Result<(), StoreError>>;

    /// Writes down when credentials were last used, and drops what has expired.
    fn settle(&self, now: Timestamp) -> Later<'_, Result<(), StoreError>>;

    /// Gives a grant on the permitted resource and all below it.
    fn grant<'a>(
        &'a self,
        permit: &'a Permit<Manage, Resource>,
        new: NewGrant,
    ) -> Later<'a, Result<Grant, StoreError>>;

    /// Ends a grant on the permitted resource.
    fn end_grant<'a>(
        &'a self,
        permit: &'a Permit<Manage, Resource>,
        id: GrantId,
    ) -> Later<'a, Result<(), StoreError>>;

    /// Makes a space below the permitted tenant or space.
    fn create_space<'a>(
        &'a self,
        permit: &'a Permit<Manage, Resource>,
        name: Name,
        class: Name,
    ) -> Later<'a, Result<Space, StoreError>>;

    /// Changes a space's name, class or parent. All that stands in it moves with it.
    fn change_space<'a>(
        &'a self,
        permit: &'a Permit<Manage, SpaceId>,
        change: SpaceChange,
    ) -> Later<'a, Result<Space, StoreError>>;

    /// Removes an empty space.
    fn remove_space<'a>(
        &'a self,
        permit: &'a Permit<Manage, SpaceId>,
    ) -> Later<'a, Result<(), StoreError>>;

    /// Makes an asset below the permitted tenant or space.
    fn create_asset<'a>(
        &'a self,
        permit: &'a Permit<Manage, Resource>,
        name: Name,
    ) -> Later<'a, Result<Asset, StoreError>>;

    /// Changes an asset's name or place. All that stands in it moves with it.
    fn change_asset<'a>(
        &'a self,
        permit: &'a Permit<Manage, AssetId>,
        change: AssetChange,
    ) -> Later<'a, Result<Asset, StoreError>>;

    /// Removes an empty asset.
    fn remove_asset<'a>(
        &'a self,
        permit: &'a Permit<Manage, AssetId>,
    ) -> Later<'a, Result<(), StoreError>>;

    /// Makes a device type.
    fn create_device_type<'a>(
        &'a self,
        permit: &'a Permit<Manage, TenantId>,
        name: Name,
        mode: TypeMode,
        sensors: Vec<SensorShape>,
    ) -> Later<'a, Result<DeviceType, StoreError>>;

    /// Changes a device type. Each device of the type gets the added sensors that it lacks.
    fn change_device_type<'a>(
        &'a self,
        permit: &'a Permit<Manage, TenantId>,
        id: DeviceTypeId,
        change: TypeChange,
    ) -> Later<'a, Result<DeviceType, StoreError>>;

    /// Removes a device type that no device has.
    fn remove_device_type<'a>(
        &'a self,
        permit: &'a Permit<Manage, TenantId>,
        id: DeviceTypeId,
    ) -> Later<'a, Result<(), StoreError>>;

    /// Makes a device below the permitted tenant, space or asset, with the sensors of its type.
    fn create_device<'a>(
        &'a self,
        permit: &'a Permit<Manage, Resource>,
        new: NewDevice,
    ) -> Later<'a, Result<Device, StoreError>>;

    /// Changes a device's name or place.
    fn change_device<'a>(
        &'a self,
        permit: &'a Permit<Manage, DeviceId>,
        change: DeviceChange,
    ) -> Later<'a, Result<Device, StoreError>>;

    /// Removes a device, its sensors, credentials and grants. Its values are left to retention.
    fn remove_device<'a>(
        &'a self,
        permit: &'a Permit<Manage, DeviceId>,
    ) -> Later<'a, Result<(), StoreError>>;

    /// Makes a sensor that a device itself brought; returns the one there is when the name is known.
    fn bring_sensor<'a>(
        &'a self,
        permit: &'a Permit<Write, DeviceId>,
        shape: SensorShape,
    ) -> Later<'a, Result<Sensor, StoreError>>;

    /// Makes a sensor by hand, whatever the device's type lists.
    fn add_sensor<'a>(
        &'a self,
        permit: &'a Permit<Manage, DeviceId>,
        shape: SensorShape,
    ) -> Later<'a, Result<Sensor, StoreError>>;

    /// Changes a sensor's name, unit or quantity.
    fn change_sensor<'a>(
        &'a self,
        permit: &'a Permit<Manage, SensorId>,
        shape: SensorShape,
    ) -> Later<'a, Result<Sensor, StoreError>>;

    /// Removes a sensor and the grants on it. Its values are left to retention.
    fn remove_sensor<'a>(
        &'a self,
        permit: &'a Permit<Manage, SensorId>,
    ) -> Later<'a, Result<(), StoreError>>;
}
