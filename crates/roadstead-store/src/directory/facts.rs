//! What the guard asks, answered from memory.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use roadstead_guard::{Credential, Digest, Facts, PasswordFact};
use roadstead_model::{CredentialId, Email, Grant, Name, Principal, Resource, Timestamp};

use super::Directory;

impl Facts for Directory {
    fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    fn parent(&self, node: Resource) -> Option<Resource> {
        self.read().parent(node)
    }

    fn exists(&self, node: Resource) -> bool {
        let state = self.read();
        match node {
            Resource::Tenant(id) => state.tenants.contains_key(&id),
            Resource::Space(id) => state.spaces.contains_key(&id),
            Resource::Asset(id) => state.assets.contains_key(&id),
            Resource::Device(id) => state.devices.contains_key(&id),
            Resource::Sensor(id) => state.sensors.contains_key(&id),
        }
    }

    fn grants(&self, principal: Principal) -> Vec<Grant> {
        self.read().grants.get(&principal).cloned().unwrap_or_default()
    }

    fn credential_by_digest(&self, digest: &Digest) -> Option<Credential> {
        let state = self.read();
        state.by_digest.get(digest).and_then(|id| state.credentials.get(id)).cloned()
    }

    fn credential(&self, id: CredentialId) -> Option<Credential> {
        self.read().credentials.get(&id).cloned()
    }

    fn called(&self, principal: Principal) -> Option<String> {
        let state = self.read();
        match principal {
            Principal::Device(id) => state.devices.get(&id).map(|row| row.name.to_string()),
            Principal::Person(id) => state.people.get(&id).map(|row| row.email.to_string()),
        }
    }

    fn password(&self, email: &Email, tenant: Option<&Name>) -> Option<PasswordFact> {
        let state = self.read();
        let in_tenant =
            |name: &Name| state.tenants.values().find(|row| row.name == *name).map(|row| row.id);
        let wanted = tenant.map(in_tenant);
        let people = state.by_email.get(email)?;
        let mut fitting =
            people.iter().filter(|id| wanted.is_none_or(|tenant| tenant == Some(id.tenant())));
        let person = *fitting.next()?;
        let alone = fitting.next().is_none();
        let (credential, hash) = state.passwords.get(&person).filter(|_| alone)?;
        Some(PasswordFact { person, credential: *credential, hash: hash.clone() })
    }

    fn touch(&self, credential: CredentialId, now: Timestamp) {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(credential, now);
    }
}
