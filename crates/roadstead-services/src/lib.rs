//! What the platform does, one noun a file. Doors call these verbs; nothing else does the work.
//!
//! Every verb that touches a tenant's data takes a permit, or asks the guard itself.

mod deeds; // a change is recorded before it is done
mod error; // what can go wrong, for every door
mod people; // signing in, tokens, invitations, grants
mod presence; // which devices are here
mod tenants; // claims
mod things; // spaces, assets, types, devices, sensors

pub mod formats; // bytes on the wire <-> entries
pub mod history; // what was measured: latest, pages, curves
pub mod intake; // a measurement is taken
pub mod live; // what is being measured, as it comes
pub mod sessions; // what MQTT sessions must not forget

pub use deeds::Deeds;
pub use error::ServiceError;
pub use people::{Issued, NewToken, People, TOKEN_PREFIX};
pub use presence::{DeviceState, Here, Presence};
pub use roadstead_store::{AssetChange, Move, SensorPlace, SpaceChange, TypeChange};
pub use tenants::{CLAIM_WAITS, Invitation, Tenants};
pub use things::Things;

#[cfg(test)]
mod fake; // a tenant in memory to try services on
