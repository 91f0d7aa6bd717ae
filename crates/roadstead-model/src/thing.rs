//! The things of a tenant: spaces, assets, device types, devices and sensors.

use crate::{
    AssetId, DeviceId, DeviceTypeId, Name, Resource, SensorId, SpaceId, TenantId, Timestamp,
};

/// The isolation boundary: an organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Which one.
    pub id: TenantId,
    /// Unique on the server.
    pub name: Name,
    /// When it was made.
    pub created: Timestamp,
}

/// A site, building, level, room or zone. Part of another space, or of the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Space {
    /// Which one.
    pub id: SpaceId,
    /// Unique within its parent.
    pub name: Name,
    /// `Resource::Tenant` or `Resource::Space`.
    pub parent: Resource,
    /// A word of RealEstateCore 4 such as `Site`, `Building`, `Level`, `Room` or `Zone`.
    pub class: Name,
}

/// A placed thing: inverter, antenna, boiler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// Which one.
    pub id: AssetId,
    /// Unique within its parent.
    pub name: Name,
    /// `Resource::Tenant` or `Resource::Space`.
    pub parent: Resource,
}

/// Whether a device may bring sensors that its type does not list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TypeMode {
    /// A new name makes a new sensor, up to the limits.
    Open,
    /// Only the listed sensors exist; a measurement of another is refused.
    Fixed,
}

/// What a sensor is, apart from which one it is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SensorShape {
    /// Unique within the device.
    pub name: Name,
    /// The unit as a SenML symbol (RFC 8428, section 12.1) such as `Cel`, `W` or `%RH`; empty if none.
    #[serde(default)]
    pub unit: String,
    /// What is measured, as a QUDT quantity kind such as `Temperature`; empty if unknown.
    #[serde(default)]
    pub quantity: String,
}

/// A contract: which sensors a device has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceType {
    /// Which one.
    pub id: DeviceTypeId,
    /// Unique within the tenant.
    pub name: Name,
    /// Open or fixed.
    pub mode: TypeMode,
    /// The sensors that each device of this type has from the start.
    pub sensors: Vec<SensorShape>,
}

/// Something that sends data or takes commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Which one.
    pub id: DeviceId,
    /// Unique within the tenant.
    pub name: Name,
    /// Where it is: the tenant, a space or an asset.
    pub parent: Resource,
    /// Its contract; a device without one is open.
    pub device_type: Option<DeviceTypeId>,
    /// When it was made.
    pub created: Timestamp,
}

/// One series of measurements of one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sensor {
    /// Which one.
    pub id: SensorId,
    /// The device that has it.
    pub device: DeviceId,
    /// Name, unit and quantity.
    pub shape: SensorShape,
}
