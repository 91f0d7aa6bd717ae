//! Spaces, assets, device types, devices and sensors: made, changed, removed, each with its audit entry.

use std::sync::Arc;

use roadstead_guard::{Manage, Permit};
use roadstead_model::{
    Asset, AssetId, Device, DeviceId, DeviceType, DeviceTypeId, Name, Resource, Sensor, SensorId,
    SensorShape, Space, SpaceId, TenantId, TypeMode,
};
use roadstead_store::{
    AssetChange, Catalog, DeviceChange, Directory, Move, NewDevice, SpaceChange, TypeChange,
};
use serde_json::json;

use crate::{Deeds, ServiceError};

/// What the platform does with things.
pub struct Things {
    catalog: Arc<dyn Catalog>,
    deeds: Deeds,
}

impl Things {
    /// Makes the service.
    pub fn new(catalog: Arc<dyn Catalog>, deeds: Deeds) -> Self {
        Self { catalog, deeds }
    }

    /// The catalog in memory: every look-up takes a permit or a scope.
    pub fn directory(&self) -> &Directory {
        self.catalog.directory()
    }

    /// Makes a space below the permitted tenant or space.
    pub async fn create_space(
        &self,
        permit: &Permit<Manage, Resource>,
        name: Name,
        class: Name,
    ) -> Result<Space, ServiceError> {
        holds_places(permit.resource())?;
        let entry = self.deeds.by(permit.caller(), "space.create").on(permit.resource());
        let entry = entry.saying(json!({ "name": name, "class": class }));
        self.deeds.perform(entry, self.catalog.create_space(permit, name, class)).await
    }

    /// Changes a space's name, class or parent; a move needs permits for both parents.
    pub async fn change_space(
        &self,
        permit: &Permit<Manage, SpaceId>,
        change: SpaceChange,
    ) -> Result<Space, ServiceError> {
        let to = destination(change.moved.as_ref())?;
        let entry = self.deeds.by(permit.caller(), "space.change").on(permit.resource());
        let entry =
            entry.saying(json!({ "name": change.name, "class": change.class, "parent": to }));
        self.deeds.perform(entry, self.catalog.change_space(permit, change)).await
    }

    /// Removes an empty space.
    pub async fn remove_space(&self, permit: &Permit<Manage, SpaceId>) -> Result<(), ServiceError> {
        let entry = self.deeds.by(permit.caller(), "space.remove").on(permit.resource());
        self.deeds.perform(entry, self.catalog.remove_space(permit)).await
    }

    /// Makes an asset below the permitted tenant or space.
    pub async fn create_asset(
        &self,
        permit: &Permit<Manage, Resource>,
        name: Name,
    ) -> Result<Asset, ServiceError> {
        holds_places(permit.resource())?;
        let entry = self.deeds.by(permit.caller(), "asset.create").on(permit.resource());
        let entry = entry.saying(json!({ "name": name }));
        self.deeds.perform(entry, self.catalog.create_asset(permit, name)).await
    }

    /// Changes an asset's name or place; a move needs permits for both places.
    pub async fn change_asset(
        &self,
        permit: &Permit<Manage, AssetId>,
        change: AssetChange,
    ) -> Result<Asset, ServiceError> {
        let to = destination(change.moved.as_ref())?;
        let entry = self.deeds.by(permit.caller(), "asset.change").on(permit.resource());
        let entry = entry.saying(json!({ "name": change.name, "place": to }));
        self.deeds.perform(entry, self.catalog.change_asset(permit, change)).await
    }

    /// Removes an empty asset.
    pub async fn remove_asset(&self, permit: &Permit<Manage, AssetId>) -> Result<(), ServiceError> {
        let entry = self.deeds.by(permit.caller(), "asset.remove").on(permit.resource());
        self.deeds.perform(entry, self.catalog.remove_asset(permit)).await
    }

    /// Makes a device type, open or fixed.
    pub async fn create_device_type(
        &self,
        permit: &Permit<Manage, TenantId>,
        name: Name,
        mode: TypeMode,
        sensors: Vec<SensorShape>,
    ) -> Result<DeviceType, ServiceError> {
        differ(&sensors)?;
        let entry = self.deeds.by(permit.caller(), "device-type.create").on(permit.resource());
        let entry = entry.saying(json!({ "name": name, "mode": mode, "sensors": sensors }));
        self.deeds
            .perform(entry, self.catalog.create_device_type(permit, name, mode, sensors))
            .await
    }

    /// Changes a device type's name or mode, and lists further sensors with it.
    ///
    /// Each device of the type gets the added sensors that it lacks.
    pub async fn change_device_type(
        &self,
        permit: &Permit<Manage, TenantId>,
        id: DeviceTypeId,
        change: TypeChange,
    ) -> Result<DeviceType, ServiceError> {
        differ(&change.added)?;
        let TypeChange { name, mode, added } = &change;
        let entry = self.deeds.by(permit.caller(), "device-type.change").on(permit.resource());
        let entry =
            entry.saying(json!({ "type": id, "name": name, "mode": mode, "sensors": added }));
        self.deeds.perform(entry, self.catalog.change_device_type(permit, id, change)).await
    }

    /// Removes a device type that no device has.
    pub async fn remove_device_type(
        &self,
        permit: &Permit<Manage, TenantId>,
        id: DeviceTypeId,
    ) -> Result<(), ServiceError> {
        let entry = self.deeds.by(permit.caller(), "device-type.remove").on(permit.resource());
        let entry = entry.saying(json!({ "type": id }));
        self.deeds.perform(entry, self.catalog.remove_device_type(permit, id)).await
    }

    /// Makes a device below the permitted tenant, space or asset, with the sensors of its type.
    pub async fn create_device(
        &self,
        permit: &Permit<Manage, Resource>,
        name: Name,
        device_type: Option<DeviceTypeId>,
    ) -> Result<Device, ServiceError> {
        let entry = self.deeds.by(permit.caller(), "device.create").on(permit.resource());
        let entry = entry.saying(json!({ "name": name, "type": device_type }));
        let new = NewDevice { name, device_type, now: self.deeds.now() };
        self.deeds.perform(entry, self.catalog.create_device(permit, new)).await
    }

    /// Changes a device's name or place; moving it needs a permit for the new place too.
    pub async fn change_device(
        &self,
        permit: &Permit<Manage, DeviceId>,
        name: Option<Name>,
        place: Option<Permit<Manage, Resource>>,
    ) -> Result<Device, ServiceError> {
        let to = place.as_ref().map(|place| place.resource().to_string());
        let entry = self.deeds.by(permit.caller(), "device.change").on(permit.resource());
        let entry = entry.saying(json!({ "name": name, "place": to }));
        let change = DeviceChange { name, parent: place };
        self.deeds.perform(entry, self.catalog.change_device(permit, change)).await
    }

    /// Removes a device with its sensors, credentials and grants.
    pub async fn remove_device(
        &self,
        permit: &Permit<Manage, DeviceId>,
    ) -> Result<(), ServiceError> {
        let entry = self.deeds.by(permit.caller(), "device.remove").on(permit.resource());
        self.deeds.perform(entry, self.catalog.remove_device(permit)).await
    }

    /// Makes a sensor by hand, whatever the device's type lists.
    pub async fn add_sensor(
        &self,
        permit: &Permit<Manage, DeviceId>,
        shape: SensorShape,
    ) -> Result<Sensor, ServiceError> {
        let entry = self.deeds.by(permit.caller(), "sensor.create").on(permit.resource());
        let entry = entry.saying(json!(shape));
        self.deeds.perform(entry, self.catalog.add_sensor(permit, shape)).await
    }

    /// Removes a sensor; its values are left to retention.
    pub async fn remove_sensor(
        &self,
        permit: &Permit<Manage, SensorId>,
    ) -> Result<(), ServiceError> {
        let entry = self.deeds.by(permit.caller(), "sensor.remove").on(permit.resource());
        self.deeds.perform(entry, self.catalog.remove_sensor(permit)).await
    }

    /// Changes a sensor's name, unit or quantity.
    pub async fn change_sensor(
        &self,
        permit: &Permit<Manage, SensorId>,
        shape: SensorShape,
    ) -> Result<Sensor, ServiceError> {
        let entry = self.deeds.by(permit.caller(), "sensor.change").on(permit.resource());
        let entry = entry.saying(json!(shape));
        self.deeds.perform(entry, self.catalog.change_sensor(permit, shape)).await
    }
}

/// Places lie in the tenant or in a space, never in an asset, a device or a sensor.
fn holds_places(node: Resource) -> Result<(), ServiceError> {
    match node {
        Resource::Tenant(_) | Resource::Space(_) => Ok(()),
        Resource::Asset(_) | Resource::Device(_) | Resource::Sensor(_) => {
            Err(ServiceError::Invalid(
                "a space or asset lies in the tenant or in another space: name one of these".into(),
            ))
        }
    }
}

/// Where a place goes, as text for the audit log; a thing that holds no places is refused.
fn destination(moved: Option<&Move>) -> Result<Option<String>, ServiceError> {
    let to = moved.map(|moved| moved.to.resource());
    to.map_or(Ok(()), holds_places)?;
    Ok(to.map(|to| to.to_string()))
}

/// Sensors are told apart by name.
fn differ(sensors: &[SensorShape]) -> Result<(), ServiceError> {
    let mut names: Vec<_> = sensors.iter().map(|shape| &shape.name).collect();
    names.sort();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(ServiceError::Invalid("two sensors of a type cannot share a name".into()));
    }
    Ok(())
}
