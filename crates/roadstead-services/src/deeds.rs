//! Each change is written into the audit log before it is done; what cannot be written is not done.

use std::future::Future;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};

use roadstead_guard::{Caller, Operator, Origin};
use roadstead_model::Clock;
use roadstead_store::{Audit, AuditEntry, Outcome, StoreError};

use crate::ServiceError;

/// The way every change goes.
#[derive(Clone)]
pub struct Deeds {
    audit: Arc<dyn Audit>,
    clock: Arc<dyn Clock>,
    strangers: Arc<Strangers>,
}

/// Entries about whoever proves nothing are bounded, or they would fill the disk and hide the rest.
struct Strangers {
    network: DefaultKeyedRateLimiter<Option<IpAddr>>,
    all: DefaultDirectRateLimiter,
    left_out: AtomicU64,
}

const PER_NETWORK: NonZeroU32 = NonZeroU32::new(30).expect("not zero");
const IN_ALL: NonZeroU32 = NonZeroU32::new(300).expect("not zero");

impl Strangers {
    fn new() -> Self {
        Self {
            network: RateLimiter::keyed(Quota::per_minute(PER_NETWORK)),
            all: RateLimiter::direct(Quota::per_minute(IN_ALL)),
            left_out: AtomicU64::new(0),
        }
    }

    /// Says how many entries were left out since the last one, or `None` to leave this one out too.
    fn admit(&self, origin: Origin) -> Option<u64> {
        let fits = self.all.check().is_ok() && self.network.check_key(&origin.address).is_ok();
        if fits {
            self.network.retain_recent();
            return Some(self.left_out.swap(0, Ordering::Relaxed));
        }
        self.left_out.fetch_add(1, Ordering::Relaxed);
        None
    }
}

impl Deeds {
    /// Makes the way from the log and the clock.
    pub fn new(audit: Arc<dyn Audit>, clock: Arc<dyn Clock>) -> Self {
        Self { audit, clock, strangers: Arc::new(Strangers::new()) }
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

    /// Records what was tried and refused; of strangers only so much, with a count of the rest.
    pub(crate) async fn refused(&self, mut entry: AuditEntry) -> Result<(), ServiceError> {
        if entry.principal.is_none() {
            let Some(left_out) = self.strangers.admit(entry.origin) else { return Ok(()) };
            if left_out > 0 {
                entry.detail["left_out_before"] = left_out.into(); // null becomes an object
            }
        }
        Ok(self.audit.record(entry.ended(Outcome::Refused)).await?)
    }

    /// The audit log, for those who may read it.
    pub(crate) fn log(&self) -> &dyn Audit {
        &*self.audit
    }
}
