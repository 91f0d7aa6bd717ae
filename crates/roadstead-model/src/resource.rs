//! Anything a right can be given on. One tree per tenant.

use std::fmt;

use crate::{AssetId, DeviceId, SensorId, SpaceId, TenantId};

/// A node of a tenant's tree.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Resource {
    /// The whole tenant.
    Tenant(TenantId),
    /// A site, building, level, room or zone.
    Space(SpaceId),
    /// A placed thing.
    Asset(AssetId),
    /// A device.
    Device(DeviceId),
    /// A sensor of a device.
    Sensor(SensorId),
}

impl Resource {
    /// The tenant whose tree it is in.
    pub fn tenant(self) -> TenantId {
        match self {
            Self::Tenant(id) => id,
            Self::Space(id) => id.tenant(),
            Self::Asset(id) => id.tenant(),
            Self::Device(id) => id.tenant(),
            Self::Sensor(id) => id.tenant(),
        }
    }

    /// The integer form of its id: unique over all kinds.
    pub const fn integer(self) -> u64 {
        match self {
            Self::Tenant(id) => id.integer(),
            Self::Space(id) => id.integer(),
            Self::Asset(id) => id.integer(),
            Self::Device(id) => id.integer(),
            Self::Sensor(id) => id.integer(),
        }
    }

    /// Reads the integer form of any resource's id.
    pub fn from_integer(integer: u64) -> Option<Self> {
        let tenant = TenantId::from_integer(integer).map(Self::Tenant);
        tenant
            .or_else(|_| SpaceId::from_integer(integer).map(Self::Space))
            .or_else(|_| AssetId::from_integer(integer).map(Self::Asset))
            .or_else(|_| DeviceId::from_integer(integer).map(Self::Device))
            .or_else(|_| SensorId::from_integer(integer).map(Self::Sensor))
            .ok()
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tenant(id) => id.fmt(f),
            Self::Space(id) => id.fmt(f),
            Self::Asset(id) => id.fmt(f),
            Self::Device(id) => id.fmt(f),
            Self::Sensor(id) => id.fmt(f),
        }
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Resource {
    type Err = crate::BadId;

    /// Reads the text form of any resource's id.
    fn from_str(text: &str) -> Result<Self, crate::BadId> {
        let tenant = text.parse().map(Self::Tenant);
        tenant
            .or_else(|_| text.parse().map(Self::Space))
            .or_else(|_| text.parse().map(Self::Asset))
            .or_else(|_| text.parse().map(Self::Device))
            .or_else(|_| text.parse().map(Self::Sensor))
            .map_err(|_| crate::BadId { expected: "tnt_, spc_, ast_, dev_ or sen" })
    }
}

macro_rules! is_a_resource {
    ($($id:ident $variant:ident)*) => {$(
        impl From<$id> for Resource {
            fn from(id: $id) -> Self {
                Self::$variant(id)
            }
        }
    )*};
}

is_a_resource! { TenantId Tenant SpaceId Space AssetId Asset DeviceId Device SensorId Sensor }
