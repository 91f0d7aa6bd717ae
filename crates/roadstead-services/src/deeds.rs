//! Each change is written into the audit log before it is done; what cannot be written is not done.

use std::future::Future;
use std::sync::Arc;

use roadstead_guard::{Caller, Operator, Origin};
use roadstead_model::Clock;
use roadstead_store::{Audit, AuditEntry, Outcome, StoreError};

use crate::ServiceError;

/// The way every change goes.
#[derive(Clone)]
pub struct Deeds {
    audit: Arc<dyn Audit>,
    clock: Arc<dyn Clock>,
}

impl Deeds {
    /// Makes the way from the log and the clock.
    pub fn new(audit: Arc<dyn Audit>, clock: Arc<dyn Clock>) -> Self {
        Self { audit, clock }
    }

    /// The present instant.
    pub fn now(&self) -> roadstead_model::Timestamp {
        self.clock.now()
    }

    pub(crate) fn by(&self, caller: &Caller, action: &'static str) -> AuditEntry {
        AuditEntry::of(caller, self.now(), action)
    }

    pub(crate) fn by_operator(&self, operator: Operator, action: &'static str) -> AuditEntry {
        AuditEntry::of_operator(operator, self.now(), action)
    }

    pub(crate) fn by_nobody(&self, origin: Origin, action: &'static str) -> AuditEntry {
        AuditEntry::of_nobody(origin, self.now(), action)
    }

    /// Records the entry, then does the work; a failure gets an entry of its own.
    pub(crate) async fn perform<T>(
        &self,
        entry: AuditEntry,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, ServiceError> {
        self.audit.record(entry.clone()).await?;
        match work.await {
            Ok(done) => Ok(done),
            Err(failure) => {
                self.audit.record(entry.ended(Outcome::Failed)).await?;
                Err(failure.into())
            }
        }
    }

    /// Records what was tried and refused.
    pub(crate) async fn refused(&self, entry: AuditEntry) -> Result<(), ServiceError> {
        Ok(self.audit.record(entry.ended(Outcome::Refused)).await?)
    }

    /// The audit log, for those who may read it.
    pub(crate) fn log(&self) -> &dyn Audit {
        &*self.audit
    }
}
