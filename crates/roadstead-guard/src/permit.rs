//! The proof that the guard said yes.

use std::marker::PhantomData;

use roadstead_model::{Attribution, DeviceId, Resource, TenantId};

use crate::{Caller, Can};

/// Proof that the guard said yes: this caller may do `C` to exactly this resource.
///
/// Only [`crate::Guard::permit`] makes one. Verbs act on the resource inside it, so a
/// check on one thing can never excuse work on another.
///
/// ```compile_fail
/// use roadstead_guard::{Permit, Read, Write};
/// use roadstead_model::DeviceId;
/// fn writes(_: &Permit<Write, DeviceId>) {}
/// fn forgets(read_only: &Permit<Read, DeviceId>) { writes(read_only) } // another capability
/// ```
/// ```compile_fail
/// use roadstead_guard::{Permit, Read};
/// use roadstead_model::{DeviceId, SensorId};
/// fn reads(_: &Permit<Read, SensorId>) {}
/// fn confuses(device: &Permit<Read, DeviceId>) { reads(device) } // another resource
/// ```
/// ```compile_fail
/// use roadstead_guard::{Caller, Permit, Read};
/// use roadstead_model::DeviceId;
/// fn forges(caller: Caller, device: DeviceId) -> Permit<Read, DeviceId> {
///     Permit { caller, resource: device, epoch: 0, capability: std::marker::PhantomData } // private
/// }
/// ```
#[must_use]
#[derive(Debug)]
pub struct Permit<C, R> {
    pub(crate) caller: Caller,
    pub(crate) resource: R,
    pub(crate) epoch: u64,
    pub(crate) capability: PhantomData<fn() -> C>,
}

impl<C: Can, R: Copy + Into<Resource>> Permit<C, R> {
    pub(crate) fn new(caller: Caller, resource: R, epoch: u64) -> Self {
        Self { caller, resource, epoch, capability: PhantomData }
    }

    /// Who may.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// On what.
    pub fn resource(&self) -> R {
        self.resource
    }

    /// The tenant of what.
    pub fn tenant(&self) -> TenantId {
        self.resource.into().tenant()
    }

    /// Whether nothing has changed since the decision, given the present epoch.
    pub const fn is_fresh(&self, epoch: u64) -> bool {
        self.epoch == epoch
    }

    /// The same proof on the resource as a node of the tree.
    pub fn on_node(&self) -> Permit<C, Resource> {
        Permit::new(self.caller.clone(), self.resource.into(), self.epoch)
    }
}

impl<C: Can> Permit<C, DeviceId> {
    /// What is kept with each value that is stored under this permit.
    pub fn attribution(&self) -> Attribution {
        Attribution {
            device: self.resource,
            principal: self.caller.principal(),
            credential: self.caller.credential(),
        }
    }
}

impl<C, R: Clone> Clone for Permit<C, R> {
    fn clone(&self) -> Self {
        Self {
            caller: self.caller.clone(),
            resource: self.resource.clone(),
            epoch: self.epoch,
            capability: PhantomData,
        }
    }
}

/// Proof of how far a caller's capability `C` reaches: everything at and below its roots.
///
/// Only [`crate::Guard::scope`] makes one. Lists and feeds take it and leave out the rest.
#[must_use]
#[derive(Debug)]
pub struct Scope<C> {
    caller: Caller,
    roots: Vec<Resource>,
    epoch: u64,
    capability: PhantomData<fn() -> C>,
}

impl<C: Can> Scope<C> {
    pub(crate) fn new(caller: Caller, roots: Vec<Resource>, epoch: u64) -> Self {
        Self { caller, roots, epoch, capability: PhantomData }
    }

    /// Whose reach this is.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The nodes it reaches with all below them; empty when it reaches nothing.
    pub fn roots(&self) -> &[Resource] {
        &self.roots
    }

    /// The only tenant in which anything can be reached.
    pub fn tenant(&self) -> TenantId {
        self.caller.tenant()
    }

    /// Whether nothing has changed since the decision, given the present epoch.
    pub const fn is_fresh(&self, epoch: u64) -> bool {
        self.epoch == epoch
    }

    /// Whether a node with these ancestors (itself first, tenant last) is reached.
    pub fn reaches(&self, mut lineage: impl Iterator<Item = Resource>) -> bool {
        lineage.any(|node| self.roots.contains(&node))
    }
}
