//! What the platform asks of storage, in its own verbs, and the promises each backend must keep.
//!
//! Every verb that touches a tenant's data takes a permit and acts on what is inside it.
//! The traits are `dyn`: doors and services cannot tell one backend from another.

mod error; // what can go wrong, in words that doors can translate
mod directory; // the catalog in memory: what the guard decides from
mod catalog; // tenants, people, things, credentials, grants
mod measurements; // series of values
mod feed; // what was just accepted, as a bounded log with cursors
mod sessions; // what an MQTT session must not forget
mod audit; // who did what, when

pub mod contract; // the promises, as tests that every backend runs

use std::future::Future;
use std::pin::Pin;

pub use audit::{Audit, AuditEntry, Outcome};
pub use catalog::{
    AssetChange, Authority, Catalog, DeviceChange, Move, NewCredential, NewDevice, NewGrant,
    NewTenant, SpaceChange, TypeChange,
};
pub use directory::{Change, Directory, Loaded, SensorPlace};
pub use error::StoreError;
pub use feed::{Accepted, Feed, Stretch};
pub use measurements::{
    Appended, Batch, Curve, Durable, Measurements, Once, Page, StoreStatus, Ticket, TimeRange,
};
pub use sessions::{InFlight, SessionKey, SessionState, Sessions, Stage, Subscription};

/// An answer that comes later.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
