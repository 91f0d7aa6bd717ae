//! One folder: the default store.
//!
//! Measurements and MQTT sessions stand in a journal first and in Parquet files later.
//! Everything else, the catalog and the audit log, stands in SQLite.

mod audit; // who did what, as rows
mod catalog; // tenants, people, things, credentials and grants
mod measurements; // series of values, and sessions as durable as what they acknowledge

pub use catalog::{BadCatalog, EmbeddedCatalog};
pub use measurements::{EmbeddedMeasurements, Options};
