//! Who can act: a person, a device, or the operator of the server.

use std::fmt;

use crate::{DeviceId, Email, PersonId, TenantId, Timestamp};

/// Someone who can act inside a tenant.
///
/// Applications and modules join when they can be made; until then no variant pretends.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Principal {
    /// A person with a log-in.
    Person(PersonId),
    /// A device with a credential of its own.
    Device(DeviceId),
}

impl Principal {
    /// The tenant it belongs to.
    pub fn tenant(self) -> TenantId {
        match self {
            Self::Person(id) => id.tenant(),
            Self::Device(id) => id.tenant(),
        }
    }

    /// The integer form of its id: unique over all kinds.
    pub const fn integer(self) -> u64 {
        match self {
            Self::Person(id) => id.integer(),
            Self::Device(id) => id.integer(),
        }
    }

    /// Reads the integer form of any principal's id.
    pub fn from_integer(integer: u64) -> Option<Self> {
        let person = PersonId::from_integer(integer).map(Self::Person);
        person.or_else(|_| DeviceId::from_integer(integer).map(Self::Device)).ok()
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(id) => id.fmt(f),
            Self::Device(id) => id.fmt(f),
        }
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A person of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Which one.
    pub id: PersonId,
    /// Where they are reached, and what they sign in with.
    pub email: Email,
    /// When they were made.
    pub created: Timestamp,
}
