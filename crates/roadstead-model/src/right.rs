//! Who may do what, in words: capability, role, grant.

use crate::{GrantId, Principal, Resource, Timestamp};

/// What can be done. A new one does not compile until every decision has a row for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Capability {
    /// See a thing, its values and its live feed.
    Read,
    /// Send values for it.
    Write,
    /// Command it.
    Actuate,
    /// Offer it software.
    Update,
    /// Make, change and remove it, its credentials and its grants.
    Manage,
    /// Let others outside the tenant see it.
    Share,
    /// Take its data away in bulk.
    Export,
    /// Read who did what.
    Audit,
}

impl Capability {
    /// All of them, in the order of the matrix.
    pub const ALL: [Self; 8] = [
        Self::Read,
        Self::Write,
        Self::Actuate,
        Self::Update,
        Self::Manage,
        Self::Share,
        Self::Export,
        Self::Audit,
    ];

    /// The capability's bit in a mask.
    pub const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A named set of capabilities. It has no scope of its own: a grant gives it one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything.
    Owner,
    /// Everything but sharing and the audit log.
    Manager,
    /// See, command and export.
    Operator,
    /// See.
    Viewer,
    /// Send values, and see what was sent.
    Writer,
}

impl Role {
    /// What the role lets its holder do.
    pub const fn capabilities(self) -> &'static [Capability] {
        use Capability::{Actuate, Audit, Export, Manage, Read, Share, Update, Write};
        match self {
            Self::Owner => &[Read, Write, Actuate, Update, Manage, Share, Export, Audit],
            Self::Manager => &[Read, Write, Actuate, Update, Manage, Export],
            Self::Operator => &[Read, Actuate, Export],
            Self::Viewer => &[Read],
            Self::Writer => &[Read, Write],
        }
    }

    /// The role as a mask of capability bits.
    pub fn mask(self) -> u8 {
        self.capabilities().iter().fold(0, |mask, capability| mask | capability.bit())
    }
}

/// One indivisible triple: this principal, this role, this resource and all below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Which one.
    pub id: GrantId,
    /// Who holds it.
    pub principal: Principal,
    /// What they may do.
    pub role: Role,
    /// On what, with everything below it.
    pub resource: Resource,
    /// When it ends, if it does.
    pub expires: Option<Timestamp>,
    /// Why it was given.
    pub reason: String,
}
