//! What a device says: one value of one sensor at one time, and who sent it.

use std::fmt;

use crate::{CredentialId, DeviceId, Principal, SensorId, Timestamp, Value};

/// How far a measurement can be trusted.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Quality {
    /// As measured.
    #[default]
    Good,
    /// Estimated or substituted by the sender.
    Estimated,
    /// Kept aside: its time is absurd. Not part of curves, latest values or live feeds.
    Quarantined,
}

impl Quality {
    /// The number that files keep.
    pub const fn code(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::Estimated => 1,
            Self::Quarantined => 2,
        }
    }

    /// Reads the number that files keep.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Good),
            1 => Some(Self::Estimated),
            2 => Some(Self::Quarantined),
            _ => None,
        }
    }
}

/// One value of one known sensor, before it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The series it belongs to.
    pub sensor: SensorId,
    /// When it was measured.
    pub time: Timestamp,
    /// What was measured.
    pub value: Value,
    /// How far it can be trusted.
    pub quality: Quality,
}

/// Who sent a measurement: kept with every value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Attribution {
    /// The device that the measurement is of.
    pub device: DeviceId,
    /// Who spoke: the device itself, or a person or gateway that may write for it.
    pub principal: Principal,
    /// The credential that proved it.
    pub credential: CredentialId,
}

/// A stored measurement's place in the order of acceptance. Rises without gaps, survives restarts.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(transparent)]
pub struct Position(pub u64);

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A stored measurement with all that is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// Where it stands in the order of acceptance.
    pub position: Position,
    /// What was measured, of what, when.
    pub reading: Reading,
    /// Who sent it.
    pub source: Attribution,
    /// When the server took it.
    pub arrival: Timestamp,
}
