//! What the guard must know to decide, stated as a trait that the stores implement.

use roadstead_model::{CredentialId, Email, Grant, Name, PersonId, Principal, Resource, Timestamp};

use crate::{Credential, Digest, PasswordHash};

/// A person's password as the stores keep it.
#[derive(Debug, Clone)]
pub struct PasswordFact {
    /// Whose.
    pub person: PersonId,
    /// The credential that it counts as.
    pub credential: CredentialId,
    /// Salted, memory-hard and peppered.
    pub hash: PasswordHash,
}

/// What is so right now. Answers come from memory and never block.
///
/// A fact that cannot be had counts as absent: the guard then says no.
pub trait Facts: Send + Sync {
    /// Rises with every change that can alter a decision, expiry included.
    fn epoch(&self) -> u64;

    /// The node above; `None` for a tenant and for what does not exist.
    fn parent(&self, node: Resource) -> Option<Resource>;

    /// Whether the node exists.
    fn exists(&self, node: Resource) -> bool;

    /// The grants that a principal holds; expired ones may still be among them.
    fn grants(&self, principal: Principal) -> Vec<Grant>;

    /// The credential with this digest.
    fn credential_by_digest(&self, digest: &Digest) -> Option<Credential>;

    /// The credential with this id.
    fn credential(&self, id: CredentialId) -> Option<Credential>;

    /// What a principal is called: a device's name, a person's address.
    fn called(&self, principal: Principal) -> Option<String>;

    /// The password of the person with this address, in the named tenant or in the only one.
    fn password(&self, email: &Email, tenant: Option<&Name>) -> Option<PasswordFact>;

    /// Notes that a credential was used.
    fn touch(&self, credential: CredentialId, now: Timestamp);
}
