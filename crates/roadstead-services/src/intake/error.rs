//! Why a measurement is not taken, and what to change.

use std::sync::Arc;

use roadstead_guard::Denied;
use roadstead_model::BadName;
use roadstead_store::StoreError;

use crate::formats::EntryError;

/// Why something was not taken.
#[derive(Debug, Clone, thiserror::Error)]
pub enum IntakeError {
    /// The entry itself is wrong.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The sensor's name is no name.
    #[error("`{name}` cannot be a sensor's name: {why}")]
    Name {
        /// What was sent.
        name: Box<str>,
        /// What is wrong with it.
        why: BadName,
    },
    /// The device has no such sensor and its type is fixed.
    #[error(
        "the device has no sensor `{0}`, and its type is fixed: add it to the type, or use a listed name"
    )]
    UnknownSensor(Box<str>),
    /// The device has as many sensors as it may bring.
    #[error(
        "the device has {limit} sensors and may bring no more: reuse names, or add `{name}` by hand"
    )]
    DeviceFull {
        /// The name that was new.
        name: Box<str>,
        /// How many it may bring.
        limit: usize,
    },
    /// The tenant has as many sensors as its devices may bring.
    #[error(
        "the tenant has {limit} sensors and its devices may bring no more: add `{name}` by hand"
    )]
    TenantFull {
        /// The name that was new.
        name: Box<str>,
        /// How many there may be.
        limit: usize,
    },
    /// The unit is not the sensor's.
    #[error(
        "sensor `{sensor}` is in `{known}`, not in `{said}`: convert the value, or leave the unit out"
    )]
    Unit {
        /// The sensor.
        sensor: Box<str>,
        /// Its unit.
        known: Box<str>,
        /// The unit that was sent.
        said: Box<str>,
    },
    /// Two values of one sensor without a time in one body: the second would count as a repetition.
    #[error("a second value of the same sensor without a time: give each its `time`")]
    SecondWithoutTime,
    /// More than one batch may hold.
    #[error("a batch has at most {limit} values: send several")]
    TooMany {
        /// How many there may be.
        limit: usize,
    },
    /// The guard's no.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The write buffer is full.
    #[error("the server is busy writing: send it again in a moment")]
    Busy,
    /// The disk refused; nothing is acknowledged until the server is started again.
    #[error("the server has stopped taking data: its disk refused a write")]
    Stopped,
    /// The store said no.
    #[error("could not keep the measurement")]
    Store(#[source] Arc<StoreError>),
}

impl From<StoreError> for IntakeError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self::Busy,
            StoreError::Stopped => Self::Stopped,
            StoreError::NameTaken { .. }
            | StoreError::Missing(_)
            | StoreError::InUse(_)
            | StoreError::Limit { .. }
            | StoreError::Failed(_) => Self::Store(Arc::new(error)),
        }
    }
}
