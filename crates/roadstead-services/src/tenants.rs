//! Tenants: made by claim links, the first at first start, the others by the operator.

use std::sync::Arc;
use std::time::Duration;

use roadstead_guard::{Guard, Operator, Origin, Secret};
use roadstead_model::{Email, Name, Person, Tenant, Timestamp};
use roadstead_store::{Catalog, NewTenant};
use serde_json::json;

use crate::{Deeds, ServiceError};

/// How long a claim link waits.
pub const CLAIM_WAITS: Duration = Duration::from_hours(24);
const CLAIM_PREFIX: &str = "rsc";

/// A new claim link's secret and its end.
#[derive(Debug)]
pub struct Invitation {
    /// To be shown once.
    pub secret: Secret,
    /// When it stops waiting.
    pub expires: Timestamp,
}

/// What the platform does with tenants.
pub struct Tenants {
    guard: Arc<Guard>,
    catalog: Arc<dyn Catalog>,
    deeds: Deeds,
}

impl Tenants {
    /// Makes the service.
    pub fn new(guard: Arc<Guard>, catalog: Arc<dyn Catalog>, deeds: Deeds) -> Self {
        Self { guard, catalog, deeds }
    }

    /// Whether there is a tenant: until then nothing but the claim is served.
    pub fn is_claimed(&self) -> bool {
        self.catalog.directory().is_claimed()
    }

    /// Makes a one-time claim link for a further tenant, or for the first.
    pub async fn invite(&self, operator: Operator) -> Result<Invitation, ServiceError> {
        let minted = self.guard.mint(CLAIM_PREFIX);
        let expires = self.deeds.now().after(CLAIM_WAITS);
        let entry = self.deeds.by_operator(operator, "tenant.invite");
        self.deeds.perform(entry, self.catalog.invite(operator, minted.digest, expires)).await?;
        Ok(Invitation { secret: minted.secret, expires })
    }

    /// Makes the one-time claim link that the start of an unclaimed server prints. Links of
    /// earlier starts end by it.
    pub async fn invite_first(&self, operator: Operator) -> Result<Invitation, ServiceError> {
        let minted = self.guard.mint(CLAIM_PREFIX);
        let expires = self.deeds.now().after(CLAIM_WAITS);
        let entry = self.deeds.by_operator(operator, "tenant.invite");
        let kept = self.catalog.invite_first(operator, minted.digest, expires);
        self.deeds.perform(entry, kept).await?;
        Ok(Invitation { secret: minted.secret, expires })
    }

    /// Whether the link still waits to be used.
    pub async fn awaits(&self, link: &Secret) -> Result<bool, ServiceError> {
        let proof = self.guard.claim_proof(link);
        Ok(self.catalog.awaits(&proof, self.deeds.now()).await?)
    }

    /// Uses up a claim link: makes the tenant and its owner.
    pub async fn claim(
        &self,
        link: &Secret,
        (name, email): (Name, Email),
        password: &Secret,
        origin: Origin,
    ) -> Result<(Tenant, Person), ServiceError> {
        if !self.awaits(link).await? {
            let entry = self.deeds.by_nobody(origin, "tenant.claim");
            self.deeds.refused(entry).await?;
            return Err(ServiceError::Missing(
                "claim link: it was used, has ended, or was mistyped",
            ));
        }
        let context = [name.as_str(), email.as_str()];
        let password = self.guard.hash_password(password, &context).await??;
        let proof = self.guard.claim_proof(link);
        let entry = self.deeds.by_nobody(origin, "tenant.claim");
        let entry = entry.saying(json!({ "name": name, "email": email }));
        let new = NewTenant { name, email, password, now: self.deeds.now() };
        self.deeds.perform(entry, self.catalog.claim(proof, new)).await
    }

    /// Writes down when credentials were last used and drops what has expired. Called every few seconds.
    pub async fn settle(&self) -> Result<(), ServiceError> {
        let now = self.deeds.now();
        self.catalog.directory().notice_ended(now); // what has ended is refused even if the disk is slow
        Ok(self.catalog.settle(now).await?)
    }
}
