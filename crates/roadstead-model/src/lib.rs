//! The words of the platform as types: no I/O, no async, few dependencies.
//!
//! Read in this order: what names things, what time and values are, what the
//! things themselves are, and who may do what in which words.

mod id; // which one: typed, with tenant and kind inside
mod name; // what people call a thing
mod time; // an instant
mod value; // what was measured
mod measurement; // what a device says
mod thing; // tenant, space, asset, device type, device, sensor
mod resource; // anything a right can be given on
mod principal; // who can act
mod right; // capability, role, grant
mod clock; // time and randomness, passed in

pub use clock::{Clock, Random};
pub use id::{AssetId, BadId, CredentialId, DeviceId, DeviceTypeId, GrantId, Id, Kind};
pub use id::{PersonId, SensorId, SpaceId, TenantId};
pub use measurement::{Attribution, Measurement, Position, Quality, Reading};
pub use name::{BadName, Email, Name};
pub use principal::{Person, Principal};
pub use resource::Resource;
pub use right::{Capability, Grant, Role};
pub use thing::{Asset, Device, DeviceType, Sensor, SensorShape, Space, Tenant, TypeMode};
pub use time::{BadTime, Timestamp};
pub use value::{BadValue, Value};
