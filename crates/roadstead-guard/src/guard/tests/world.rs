//! Facts that a test makes up: random trees, credentials and grants.

use std::collections::HashMap;
use std::sync::RwLock;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use roadstead_model::{
    AssetId, CredentialId, DeviceId, Email, Grant, GrantId, Name, PersonId, Principal, Resource,
    Role, SensorId, SpaceId, TenantId, Timestamp,
};

use crate::{Credential, CredentialKind, Digest, Facts, PasswordFact};

/// What is so.
#[derive(Debug, Clone, Default)]
pub(super) struct World {
    pub(super) nodes: Vec<Resource>,
    /// Ids that name nothing.
    pub(super) gone: Vec<Resource>,
    pub(super) parents: HashMap<Resource, Resource>,
    pub(super) credentials: Vec<Credential>,
    pub(super) grants: Vec<Grant>,
    pub(super) names: HashMap<Principal, String>,
    pub(super) passwords: HashMap<Email, PasswordFact>,
}

impl World {
    pub(super) fn add(&mut self, node: Resource, parent: Option<Resource>) {
        self.nodes.push(node);
        self.parents.extend(parent.map(|parent| (node, parent)));
    }

    pub(super) fn credential(
        &mut self,
        principal: Principal,
        limit: u8,
        expires: Option<Timestamp>,
    ) -> CredentialId {
        let number = self.credentials.len() as u64 + 1;
        let id = CredentialId::new(principal.tenant(), number).unwrap();
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&id.integer().to_le_bytes());
        self.credentials.push(Credential {
            id,
            principal,
            kind: CredentialKind::Token,
            digest: Digest(digest),
            label: String::new(),
            created: Timestamp::EPOCH,
            expires,
            limit,
            last_used: None,
        });
        id
    }

    /// The node and all above it.
    pub(super) fn lineage(&self, node: Resource) -> Vec<Resource> {
        let mut line = vec![node];
        while let Some(parent) = self.parents.get(line.last().unwrap()) {
            line.push(*parent);
        }
        line
    }
}

/// A world that a test changes under the guard's feet.
pub(super) struct Swap {
    world: RwLock<World>,
    epoch: AtomicU64,
}

impl Swap {
    pub(super) fn new(world: World) -> Self {
        Self { world: RwLock::new(world), epoch: AtomicU64::new(0) }
    }

    pub(super) fn swap(&self, world: World) {
        *self.world.write().unwrap() = world;
        self.epoch.fetch_add(1, Ordering::SeqCst);
    }
}

impl Facts for Swap {
    fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    fn parent(&self, node: Resource) -> Option<Resource> {
        self.world.read().unwrap().parents.get(&node).copied()
    }

    fn exists(&self, node: Resource) -> bool {
        self.world.read().unwrap().nodes.contains(&node)
    }

    fn grants(&self, principal: Principal) -> Vec<Grant> {
        let mut grants = self.world.read().unwrap().grants.clone();
        grants.retain(|grant| grant.principal == principal);
        grants
    }

    fn credential_by_digest(&self, digest: &Digest) -> Option<Credential> {
        let world = self.world.read().unwrap();
        world.credentials.iter().find(|row| row.digest == *digest).cloned()
    }

    fn credential(&self, id: CredentialId) -> Option<Credential> {
        self.world.read().unwrap().credentials.iter().find(|row| row.id == id).cloned()
    }

    fn called(&self, principal: Principal) -> Option<String> {
        self.world.read().unwrap().names.get(&principal).cloned()
    }

    fn password(&self, email: &Email, _tenant: Option<&Name>) -> Option<PasswordFact> {
        self.world.read().unwrap().passwords.get(email).cloned()
    }

    fn touch(&self, _credential: CredentialId, _now: Timestamp) {}
}

pub(super) fn tenant(number: u64) -> TenantId {
    TenantId::numbered(number).unwrap()
}

/// One step of growing a tree: what kind of node, below which of those there are.
type Sprout = (u8, prop::sample::Index);
/// Whose, on which node, which role, when it ends.
type Given = (prop::sample::Index, prop::sample::Index, prop::sample::Index, Option<u8>);
/// Whose, which limit, when it ends.
type Shown = (prop::sample::Index, u8, Option<u8>);

/// Two tenants, each a random tree; people and devices with random grants and credentials.
/// Some grants point into the other tenant: a store would not keep them, the guard must not care.
pub(super) fn any() -> impl Strategy<Value = World> {
    let sprouts = prop::collection::vec((0_u8..4, any_index()), 0..14);
    let end = || prop::option::weighted(0.4, 0_u8..3);
    let given = prop::collection::vec((any_index(), any_index(), any_index(), end()), 0..10);
    let limit = prop_oneof![Just(u8::MAX), any_limit()];
    let shown = prop::collection::vec((any_index(), limit, end()), 1..6);
    (sprouts, given, shown).prop_map(|(sprouts, given, shown)| grow(sprouts, given, shown))
}

fn any_index() -> impl Strategy<Value = prop::sample::Index> {
    proptest::arbitrary::any::<prop::sample::Index>()
}

fn any_limit() -> impl Strategy<Value = u8> {
    proptest::arbitrary::any::<u8>()
}

fn grow(sprouts: Vec<Sprout>, given: Vec<Given>, shown: Vec<Shown>) -> World {
    let mut world = World::default();
    world.add(tenant(1).into(), None);
    world.add(tenant(2).into(), None);
    for (number, (kind, below)) in (1..).zip(sprouts) {
        let parent = *below.get(&world.nodes);
        world.add(sprout(kind, parent, number), Some(parent));
    }
    world.gone = [tenant(1), tenant(2)].map(|of| DeviceId::new(of, 99).unwrap().into()).to_vec();
    let people = [(1, 1), (1, 2), (2, 1)];
    let people = people.map(|(of, number)| PersonId::new(tenant(of), number).unwrap());
    let mut principals = people.map(Principal::Person).to_vec();
    principals.extend(world.nodes.iter().filter_map(|node| match node {
        Resource::Device(id) => Some(Principal::Device(*id)),
        Resource::Tenant(_) | Resource::Space(_) | Resource::Asset(_) | Resource::Sensor(_) => None,
    }));
    let time = |end: u8| Timestamp::from_micros(i64::from(end) * 1_000_000).unwrap();
    for (number, (whose, on, role, end)) in (1..).zip(given) {
        let principal = *whose.get(&principals);
        let roles = [Role::Owner, Role::Manager, Role::Operator, Role::Viewer, Role::Writer];
        world.grants.push(Grant {
            id: GrantId::new(principal.tenant(), number).unwrap(),
            principal,
            role: *role.get(&roles),
            resource: *on.get(&world.nodes),
            expires: end.map(time),
            reason: String::new(),
        });
    }
    for (whose, limit, end) in shown {
        world.credential(*whose.get(&principals), limit, end.map(time));
    }
    world
}

/// A node of the wanted kind; a sensor when nothing else stands below the parent.
fn sprout(kind: u8, parent: Resource, number: u64) -> Resource {
    let of = parent.tenant();
    match (parent, kind) {
        (Resource::Tenant(_) | Resource::Space(_), 0) => SpaceId::new(of, number).unwrap().into(),
        (Resource::Tenant(_) | Resource::Space(_), 1) => AssetId::new(of, number).unwrap().into(),
        (Resource::Tenant(_) | Resource::Space(_) | Resource::Asset(_), _) => {
            DeviceId::new(of, number).unwrap().into()
        }
        (Resource::Device(_) | Resource::Sensor(_), _) => SensorId::new(of, number).unwrap().into(),
    }
}
