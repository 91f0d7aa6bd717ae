//! Who did what, when: each change has its entry before it is done.

use roadstead_guard::{Caller, Operator, Origin};
use roadstead_model::{CredentialId, Principal, Resource, TenantId, Timestamp};

use crate::{Later, StoreError};

/// How a recorded deed ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Permitted and about to be done.
    Permitted,
    /// Tried and refused by the guard or for a wrong credential.
    Refused,
    /// Permitted, and then it failed.
    Failed,
}

impl Outcome {
    /// The outcome's name as entries have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Permitted => "permitted",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// One line of the audit log.
#[derive(Debug, Clone)]
pub struct AuditEntry {
    /// When.
    pub time: Timestamp,
    /// Whose log it belongs to; `None` for the server's own affairs.
    pub tenant: Option<TenantId>,
    /// Who, if it was a principal.
    pub principal: Option<Principal>,
    /// By which credential.
    pub credential: Option<CredentialId>,
    /// From where.
    pub origin: Origin,
    /// What, as `noun.verb`: `device.create`.
    pub action: &'static str,
    /// On what.
    pub resource: Option<Resource>,
    /// How it ended.
    pub outcome: Outcome,
    /// What else there is to say, as JSON. Never a secret.
    pub detail: serde_json::Value,
}

impl AuditEntry {
    /// Begins an entry of a caller's deed.
    pub fn of(caller: &Caller, time: Timestamp, action: &'static str) -> Self {
        Self {
            time,
            tenant: Some(caller.tenant()),
            principal: Some(caller.principal()),
            credential: Some(caller.credential()),
            origin: caller.origin(),
            action,
            resource: None,
            outcome: Outcome::Permitted,
            detail: serde_json::Value::Null,
        }
    }

    /// Begins an entry of the operator's deed.
    pub fn of_operator(operator: Operator, time: Timestamp, action: &'static str) -> Self {
        let origin = Origin { address: None, door: roadstead_guard::Door::Operator };
        let detail = serde_json::json!({ "uid": operator.uid() });
        Self { detail, ..Self::of_nobody(origin, time, action) }
    }

    /// Begins an entry of somebody who is not known, such as a refused log-in.
    pub fn of_nobody(origin: Origin, time: Timestamp, action: &'static str) -> Self {
        Self {
            time,
            tenant: None,
            principal: None,
            credential: None,
            origin,
            action,
            resource: None,
            outcome: Outcome::Permitted,
            detail: serde_json::Value::Null,
        }
    }

    /// Says on what.
    #[must_use]
    pub fn on(mut self, resource: impl Into<Resource>) -> Self {
        self.resource = Some(resource.into());
        self
    }

    /// Says what else there is to say.
    #[must_use]
    pub fn saying(mut self, detail: serde_json::Value) -> Self {
        self.detail = detail;
        self
    }

    /// Says how it ended.
    #[must_use]
    pub fn ended(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }
}

/// The audit log. If an entry cannot be written, the deed is refused.
pub trait Audit: Send + Sync {
    /// Appends an entry; it is durable when this returns.
    fn record(&self, entry: AuditEntry) -> Later<'_, Result<(), StoreError>>;

    /// The newest entries of a tenant, newest first.
    fn recent<'a>(
        &'a self,
        permit: &'a roadstead_guard::Permit<roadstead_guard::Audit, TenantId>,
        limit: usize,
    ) -> Later<'a, Result<Vec<serde_json::Value>, StoreError>>;
}
