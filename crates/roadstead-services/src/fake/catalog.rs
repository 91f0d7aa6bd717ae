//! A catalog of which intake needs two verbs; the others are asked of no test here.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use roadstead_guard::{
    Caller, ClaimProof, Credential, Digest, Manage, Operator, PasswordHash, Permit, Write,
};
use roadstead_model::{
    Asset, AssetId, CredentialId, Device, DeviceId, DeviceType, DeviceTypeId, Email, Grant,
    GrantId, Name, Person, Resource, Sensor, SensorId, SensorShape, Space, SpaceId, Tenant,
    TenantId, Timestamp, TypeMode,
};
use roadstead_store::{
    AssetChange, Authority, Catalog, DeviceChange, Directory, Later, NewCredential, NewDevice,
    NewGrant, NewTenant, SpaceChange, StoreError, TypeChange,
};

/// Makes sensors, in memory.
pub(crate) struct FakeCatalog {
    pub(super) directory: Arc<Directory>,
    pub(super) sensors: AtomicU64,
}

impl FakeCatalog {
    pub(crate) fn over(directory: &Arc<Directory>) -> Self {
        Self { directory: Arc::clone(directory), sensors: AtomicU64::new(1) }
    }
}

fn unasked<'a, T: Send + 'a>() -> Later<'a, Result<T, StoreError>> {
    Box::pin(async { Err(StoreError::Missing("verb in this catalog")) })
}

impl Catalog for FakeCatalog {
    fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    fn invite(&self, _: Operator, _: Digest, _: Timestamp) -> Later<'_, Result<(), StoreError>> {
        unasked()
    }

    fn invite_first(
        &self,
        _: Operator,
        _: Digest,
        _: Timestamp,
    ) -> Later<'_, Result<(), StoreError>> {
        unasked()
    }

    fn awaits<'a>(
        &'a self,
        _: &'a ClaimProof,
        _: Timestamp,
    ) -> Later<'a, Result<bool, StoreError>> {
        unasked()
    }

    fn awaits_any(&self, _: Timestamp) -> Later<'_, Result<bool, StoreError>> {
        unasked()
    }

    fn claim(
        &self,
        _: ClaimProof,
        _: NewTenant,
    ) -> Later<'_, Result<(Tenant, Person), StoreError>> {
        unasked()
    }

    fn add_person<'a>(
        &'a self,
        _: &'a Permit<Manage, TenantId>,
        _: Email,
        _: Timestamp,
    ) -> Later<'a, Result<Person, StoreError>> {
        unasked()
    }

    fn set_password<'a>(
        &'a self,
        _: &'a Caller,
        _: PasswordHash,
        _: Timestamp,
    ) -> Later<'a, Result<(), StoreError>> {
        unasked()
    }

    fn add_credential<'a>(
        &'a self,
        _: Authority<'a>,
        _: NewCredential,
    ) -> Later<'a, Result<Credential, StoreError>> {
        unasked()
    }

    fn end_credential<'a>(
        &'a self,
        _: Authority<'a>,
        _: CredentialId,
    ) -> Later<'a, Result<(), StoreError>> {
        unasked()
    }

    fn settle(&self, _: Timestamp) -> Later<'_, Result<(), StoreError>> {
        unasked()
    }

    fn grant<'a>(
        &'a self,
        _: &'a Permit<Manage, Resource>,
        _: NewGrant,
    ) -> Later<'a, Result<Grant, StoreError>> {
        unasked()
    }

    fn end_grant<'a>(
        &'a self,
        _: &'a Permit<Manage, Resource>,
        _: GrantId,
    ) -> Later<'a, Result<(), StoreError>> {
        unasked()
    }

    fn create_space<'a>(
        &'a self,
        _: &'a Permit<Manage, Resource>,
        _: Name,
        _: Name,
    ) -> Later<'a, Result<Space, StoreError>> {
        unasked()
    }

    fn remove_space<'a>(
        &'a self,
        _: &'a Permit<Manage, SpaceId>,
    ) -> Later<'a, Result<(), StoreError>> {
        unasked()
    }

    fn create_asset<'a>(
        &'a self,
        _: &'a Permit<Manage, Resource>,
        _: Name,
    ) -> Later<'a, Result<Asset, StoreError>> {
        unasked()
    }

    fn remove_asset<'a>(
        &'a self,
        _: &'a Permit<Manage, AssetId>,
    ) -> Later<'a, Result<(), StoreError>> {
        unasked()
    }

    fn create_device_type<'a>(
        &'a self,
        _: &'a Permit<Manage, TenantId>,
        _: Name,
        _: TypeMode,
        _: Vec<SensorShape>,
    ) -> Later<'a, Result<DeviceType, StoreError>> {
        unasked()
    }

    fn remove_device_type<'a>(
        &'a self,
        _: &'a Permit<Manage, TenantId>,
        _: DeviceTypeId,
    ) -> Later<'a, Result<(), StoreError>> {
        unasked()
    }

    fn create_device<'a>(
        &'a self,
        _: &'a Permit<Manage, Resource>,
        _: NewDevice,
    ) -> Later<'a, Result<Device, StoreError>> {
        unasked()
    }

    fn change_device<'a>(
        &'a self,
        _: &'a Permit<Manage, DeviceId>,
        _: DeviceChange,
    ) -> Later<'a, Result<Device, StoreError>> {
        unasked()
    }

    fn remove_device<'a>(
        &'a self,
        _: &'a Permit<Manage, DeviceId>,
    ) -> Later<'a, Result<(), StoreError>> {
        unasked()
    }

    fn bring_sensor<'a>(
        &'a self,
        permit: &'a Permit<Write, DeviceId>,
        shape: SensorShape,
    ) -> Later<'a, Result<Sensor, StoreError>> {
        Box::pin(async move { Ok(self.put_sensor(permit.resource(), shape)) })
    }

    fn change_sensor<'a>(
        &'a self,
        _: &'a Permit<Manage, SensorId>,
        _: SensorShape,
    ) -> Later<'a, Result<Sensor, StoreError>> {
        unasked()
    }

    fn change_space<'a>(
        &'a self,
        _: &'a Permit<Manage, SpaceId>,
        _: SpaceChange,
    ) -> Later<'a, Result<Space, StoreError>> {
        unasked()
    }

    fn change_asset<'a>(
        &'a self,
        _: &'a Permit<Manage, AssetId>,
        _: AssetChange,
    ) -> Later<'a, Result<Asset, StoreError>> {
        unasked()
    }

    fn change_device_type<'a>(
        &'a self,
        _: &'a Permit<Manage, TenantId>,
        _: DeviceTypeId,
        _: TypeChange,
    ) -> Later<'a, Result<DeviceType, StoreError>> {
        unasked()
    }

    fn add_sensor<'a>(
        &'a self,
        _: &'a Permit<Manage, DeviceId>,
        _: SensorShape,
    ) -> Later<'a, Result<Sensor, StoreError>> {
        unasked()
    }

    fn remove_sensor<'a>(
        &'a self,
        _: &'a Permit<Manage, SensorId>,
    ) -> Later<'a, Result<(), StoreError>> {
        unasked()
    }
}
