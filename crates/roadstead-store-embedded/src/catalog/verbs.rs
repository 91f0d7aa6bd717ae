//! The trait, verb by verb: each takes what it needs of the permit, and becomes one write.

use std::sync::Arc;

use roadstead_guard::{
    Caller, ClaimProof, Credential, Digest, Facts, Manage, Operator, PasswordHash, Permit, Write,
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

use super::credentials::Right;
use super::{EmbeddedCatalog, claims, credentials, devices, grants, places, types};

type Answer<'a, T> = Later<'a, Result<T, StoreError>>;

impl Catalog for EmbeddedCatalog {
    fn directory(&self) -> &Arc<Directory> {
        self.known()
    }

    fn invite(&self, operator: Operator, link: Digest, expires: Timestamp) -> Answer<'_, ()> {
        self.write(move |draft| Box::pin(claims::invite(draft, operator, link, expires)))
    }

    fn invite_first(&self, operator: Operator, link: Digest, expires: Timestamp) -> Answer<'_, ()> {
        self.write(move |draft| Box::pin(claims::invite_first(draft, operator, link, expires)))
    }

    fn awaits<'a>(&'a self, proof: &'a ClaimProof, now: Timestamp) -> Answer<'a, bool> {
        Box::pin(
            async move { claims::awaits(&mut *self.reading().await, proof.digest(), now).await },
        )
    }

    fn awaits_any(&self, now: Timestamp) -> Answer<'_, bool> {
        Box::pin(async move { claims::awaits_any(&mut *self.reading().await, now).await })
    }

    fn claim(&self, proof: ClaimProof, new: NewTenant) -> Answer<'_, (Tenant, Person)> {
        self.write(move |draft| Box::pin(claims::claim(draft, proof, new)))
    }

    fn add_person<'a>(
        &'a self,
        permit: &'a Permit<Manage, TenantId>,
        email: Email,
        now: Timestamp,
    ) -> Answer<'a, Person> {
        let permit = permit.clone();
        self.write(move |draft| Box::pin(grants::add_person(draft, permit, email, now)))
    }

    fn set_password<'a>(
        &'a self,
        caller: &'a Caller,
        hash: PasswordHash,
        now: Timestamp,
    ) -> Answer<'a, ()> {
        let caller = caller.clone();
        self.write(move |draft| Box::pin(credentials::set_password(draft, caller, hash, now)))
    }

    fn add_credential<'a>(
        &'a self,
        by: Authority<'a>,
        new: NewCredential,
    ) -> Answer<'a, Credential> {
        let right = Right::of(&by);
        self.write(move |draft| Box::pin(credentials::add(draft, right, new)))
    }

    fn end_credential<'a>(&'a self, by: Authority<'a>, id: CredentialId) -> Answer<'a, ()> {
        let right = Right::of(&by);
        self.write(move |draft| Box::pin(credentials::end(draft, right, id)))
    }

    fn settle(&self, now: Timestamp) -> Answer<'_, ()> {
        Box::pin(async move {
            let used = Arc::new(self.known().take_used());
            let noted = Arc::clone(&used);
            let settled =
                self.write(move |draft| Box::pin(credentials::settle(draft, noted, now))).await;
            match settled {
                Ok(written) => self.known().settle_used(&written),
                Err(error) => {
                    used.iter().for_each(|(id, time)| self.known().touch(*id, *time));
                    return Err(error);
                }
            }
            Ok(())
        })
    }

    fn grant<'a>(
        &'a self,
        permit: &'a Permit<Manage, Resource>,
        new: NewGrant,
    ) -> Answer<'a, Grant> {
        let permit = permit.clone();
        self.write(move |draft| Box::pin(grants::give(draft, permit, new)))
    }

    fn end_grant<'a>(
        &'a self,
        permit: &'a Permit<Manage, Resource>,
        id: GrantId,
    ) -> Answer<'a, ()> {
        let permit = permit.clone();
        self.write(move |draft| Box::pin(grants::end(draft, permit, id)))
    }

    fn create_space<'a>(
        &'a self,
        permit: &'a Permit<Manage, Resource>,
        name: Name,
        class: Name,
    ) -> Answer<'a, Space> {
        let permit = permit.clone();
        self.write(move |draft| Box::pin(places::create_space(draft, permit, name, class)))
    }

    fn change_space<'a>(
        &'a self,
        permit: &'a Permit<Manage, SpaceId>,
        change: SpaceChange,
    ) -> Answer<'a, Space> {
        let permit = permit.clone();
        self.write(move |draft| Box::pin(places::change_space(draft, permit, change)))
    }

    fn remove_space<'a>(&'a self, permit: &'a Permit<Manage, SpaceId>) -> Answer<'a, ()> {
        let permit = permit.clone();
        self.write(move |draft| Box::pin(places::remove_space(draft, permit)))
    }

    fn create_asset<'a>(
        &'a self,
        permit: &'a Permit<Manage, Resource>,
        name: Name,
    ) -> Answer<'a, Asset> {
        let permit = permit.clone();
        self.write(move |draft| Box::pin(places::create_asset(draft, permit, name)))
    }

    fn change_asset<'a>(
        &'a self,
        permit: &'a Permit<Manage, AssetId>,
        change: AssetChange,
    ) -> Answer<'a, Asset> {
        let permit = permit.clone();
        self.write(move |draft| Box::pin(places::change_asset(draft, permit, change)))
    }

    fn remove_asset<'a>(&'a self, permit: &'a Permit<Manage, AssetId>) -> Answer<'a, ()> {
        let permit = permit.clone();
        self.write(move |draft| Box::pin(places::remove_asset(draft, permit)))
    }

    fn create_device_type<'a>(
        &'a self,
        permit: &'a Permit<Manage, TenantId>,
        name: Name,
        mode: TypeMode,
        sensors: Vec<SensorShape>,
    ) -> Answer<'a, DeviceType> {
        let permit = permit.clone();
        let what = (name, mode, sensors);
        self.write(move |draft| Box::pin(types::create(draft, permit, what)))
    }

    fn change_device_type<'a>(
        &'a self,
        permit: &'a Permit<Manage, TenantId>,
        id: DeviceTypeId,
        change: TypeChange,
    ) -> Answer<'a, DeviceType> {
        let permit = permit.clone();
        self.write(move |draft| Box::pin(types::change(draft, permit, id, change)))
    }

    fn remove_device_type<'a>(
        &'a self,
        permit: &'a Permit<Manage, TenantId>,
        id: DeviceTypeId,
    ) -> Answer<'a, ()> {
        let permit = permit.clone();
        self.write(move |draft| Box::pin(types::remove(draft, permit, id)))
    }

    fn create_device<'a>(
        &'a self,
        permit: &'a Permit<Manage, Resource>,
        new: NewDevice,
    ) -> Answer<'a, Device> {
        let permit = permit.clone();
        self.write(move |draft| Box::pin(devices::create(draft, permit, new)))
    }

    fn change_device<'a>(
        &'a self,
        permit: &'a Permit<Manage, DeviceId>,
        change: DeviceChange,
    ) -> Answer<'a, Device> {
        let permit = permit.clone();
        self.write(move |draft| Box::pin(devices::change(draft, permit, change)))
    }

    fn remove_device<'a>(&'a self, permit: &'a Permit<Manage, DeviceId>) -> Answer<'a, ()> {
        let permit = permit.clone();
        self.write(move |draft| Box::pin(devices::remove(draft, permit)))
    }

    fn bring_sensor<'a>(
        &'a self,
        permit: &'a Permit<Write, DeviceId>,
        shape: SensorShape,
    ) -> Answer<'a, Sensor> {
        let permit = permit.clone();
        self.write(move |draft| Box::pin(devices::bring_sensor(draft, permit, shape)))
    }

    fn add_sensor<'a>(
        &'a self,
        permit: &'a Permit<Manage, DeviceId>,
        shape: SensorShape,
    ) -> Answer<'a, Sensor> {
        let permit = permit.clone();
        self.write(move |draft| Box::pin(devices::add_sensor(draft, permit, shape)))
    }

    fn change_sensor<'a>(
        &'a self,
        permit: &'a Permit<Manage, SensorId>,
        shape: SensorShape,
    ) -> Answer<'a, Sensor> {
        let permit = permit.clone();
        self.write(move |draft| Box::pin(devices::change_sensor(draft, permit, shape)))
    }

    fn remove_sensor<'a>(&'a self, permit: &'a Permit<Manage, SensorId>) -> Answer<'a, ()> {
        let permit = permit.clone();
        self.write(move |draft| Box::pin(devices::remove_sensor(draft, permit)))
    }
}
