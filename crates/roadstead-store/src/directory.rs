//! The catalog in memory: what the guard decides from and what lists are made of.
//!
//! A backend loads it at the start and puts each change into it right after the change
//! became durable. Reading takes a permit or a scope; putting is for backends alone.

mod facts; // what the guard asks
mod lookups; // what services ask, with a permit

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use roadstead_guard::{Credential, Digest, PasswordHash};
use roadstead_model::{
    Asset, AssetId, CredentialId, Device, DeviceId, DeviceType, DeviceTypeId, Email, Grant, Name,
    Person, PersonId, Principal, Resource, Sensor, SensorId, Space, SpaceId, Tenant, TenantId,
    Timestamp,
};

pub use lookups::SensorPlace;

/// All rows of a catalog, as a backend read them at the start.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Tenants.
    pub tenants: Vec<Tenant>,
    /// People.
    pub people: Vec<Person>,
    /// Spaces.
    pub spaces: Vec<Space>,
    /// Assets.
    pub assets: Vec<Asset>,
    /// Device types.
    pub device_types: Vec<DeviceType>,
    /// Devices.
    pub devices: Vec<Device>,
    /// Sensors.
    pub sensors: Vec<Sensor>,
    /// Credentials.
    pub credentials: Vec<Credential>,
    /// Passwords: whose, which credential, which hash.
    pub passwords: Vec<(PersonId, CredentialId, PasswordHash)>,
    /// Grants.
    pub grants: Vec<Grant>,
}

#[derive(Default)]
pub(crate) struct State {
    tenants: HashMap<TenantId, Tenant>,
    people: HashMap<PersonId, Person>,
    spaces: HashMap<SpaceId, Space>,
    assets: HashMap<AssetId, Asset>,
    device_types: HashMap<DeviceTypeId, DeviceType>,
    devices: HashMap<DeviceId, Device>,
    sensors: HashMap<SensorId, Sensor>,
    credentials: HashMap<CredentialId, Credential>,
    passwords: HashMap<PersonId, (CredentialId, PasswordHash)>,
    grants: HashMap<Principal, Vec<Grant>>,
    by_digest: HashMap<Digest, CredentialId>,
    by_email: HashMap<Email, Vec<PersonId>>,
    by_device_name: HashMap<(TenantId, Name), DeviceId>,
    by_sensor_name: HashMap<DeviceId, HashMap<Box<str>, SensorId>>,
    sensor_counts: HashMap<TenantId, usize>,
    children: HashMap<Resource, HashSet<Resource>>,
}

/// The catalog in memory.
#[derive(Default)]
pub struct Directory {
    state: RwLock<State>,
    epoch: AtomicU64,
    used: Mutex<HashMap<CredentialId, Timestamp>>,
}

impl Directory {
    /// Makes a directory of what a backend read.
    pub fn new(loaded: Loaded) -> Self {
        let directory = Self::default();
        directory.change(|open| {
            loaded.tenants.into_iter().for_each(|row| open.put_tenant(row));
            loaded.people.into_iter().for_each(|row| open.put_person(row));
            loaded.spaces.into_iter().for_each(|row| open.put_space(row));
            loaded.assets.into_iter().for_each(|row| open.put_asset(row));
            loaded.device_types.into_iter().for_each(|row| open.put_device_type(row));
            loaded.devices.into_iter().for_each(|row| open.put_device(row));
            loaded.sensors.into_iter().for_each(|row| open.put_sensor(row));
            loaded.credentials.into_iter().for_each(|row| open.put_credential(row));
            loaded.grants.into_iter().for_each(|row| open.put_grant(row));
            for (person, credential, hash) in loaded.passwords {
                open.put_password(person, credential, hash);
            }
        });
        directory
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is known and makes every earlier decision stale. For backends alone.
    pub fn change(&self, change: impl FnOnce(&mut Change<'_>)) {
        let guard: RwLockWriteGuard<'_, State> =
            self.state.write().unwrap_or_else(PoisonError::into_inner);
        let mut open = Change { state: guard };
        change(&mut open);
        self.epoch.fetch_add(1, Ordering::Release);
    }

    /// Takes the credentials that were used since the last call, and when. For backends alone.
    pub fn take_used(&self) -> HashMap<CredentialId, Timestamp> {
        std::mem::take(&mut *self.used.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes when credentials were last used. No decision becomes stale by it. For backends alone.
    pub fn settle_used(&self, used: &[(CredentialId, Timestamp)]) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        for (id, time) in used {
            if let Some(row) = state.credentials.get_mut(id) {
                row.last_used = Some(*time);
            }
        }
    }

    /// Makes every earlier decision stale when a credential or grant has ended by `now`.
    pub fn notice_ended(&self, now: Timestamp) {
        let (credentials, grants) = self.ended(now);
        if !(credentials.is_empty() && grants.is_empty()) {
            self.epoch.fetch_add(1, Ordering::Release);
        }
    }

    /// The credentials and grants that ended before `now`. For backends alone.
    pub fn ended(&self, now: Timestamp) -> (Vec<CredentialId>, Vec<Grant>) {
        let state = self.read();
        let credentials =
            state.credentials.values().filter(|row| !row.is_live(now)).map(|row| row.id);
        let grants = state.grants.values().flatten();
        let grants = grants.filter(|grant| grant.expires.is_some_and(|end| end <= now));
        (credentials.collect(), grants.cloned().collect())
    }
}

/// An open change of the directory; readers wait until it is dropped.
pub struct Change<'a> {
    state: RwLockWriteGuard<'a, State>,
}

impl Change<'_> {
    /// Puts a tenant.
    pub fn put_tenant(&mut self, row: Tenant) {
        self.state.tenants.insert(row.id, row);
    }

    /// Puts a person.
    pub fn put_person(&mut self, row: Person) {
        let namesakes = self.state.by_email.entry(row.email.clone()).or_default();
        if !namesakes.contains(&row.id) {
            namesakes.push(row.id);
        }
        self.state.people.insert(row.id, row);
    }

    /// Puts a password in place of the one before.
    pub fn put_password(&mut self, person: PersonId, credential: CredentialId, hash: PasswordHash) {
        self.state.passwords.insert(person, (credential, hash));
    }

    /// Puts a space, in place of the same one under its earlier parent.
    pub fn put_space(&mut self, row: Space) {
        self.state.leave_parent(row.id.into());
        self.state.place(row.id.into(), row.parent);
        self.state.spaces.insert(row.id, row);
    }

    /// Puts an asset, in place of the same one under its earlier parent.
    pub fn put_asset(&mut self, row: Asset) {
        self.state.leave_parent(row.id.into());
        self.state.place(row.id.into(), row.parent);
        self.state.assets.insert(row.id, row);
    }

    /// Puts a device type.
    pub fn put_device_type(&mut self, row: DeviceType) {
        self.state.device_types.insert(row.id, row);
    }

    /// Puts a device, in place of the same one under its earlier name and place.
    pub fn put_device(&mut self, row: Device) {
        if let Some(before) = self.state.devices.get(&row.id).cloned() {
            self.state.by_device_name.remove(&(row.id.tenant(), before.name));
        }
        self.state.leave_parent(row.id.into());
        self.state.place(row.id.into(), row.parent);
        self.state.by_device_name.insert((row.id.tenant(), row.name.clone()), row.id);
        self.state.devices.insert(row.id, row);
    }

    /// Puts a sensor, in place of the same one under its earlier name.
    pub fn put_sensor(&mut self, row: Sensor) {
        let state = &mut *self.state;
        let before = state.sensors.get(&row.id).map(|before| before.shape.name.clone());
        let names = state.by_sensor_name.entry(row.device).or_default();
        match before {
            Some(before) => drop(names.remove(before.as_str())),
            None => *state.sensor_counts.entry(row.id.tenant()).or_default() += 1,
        }
        names.insert(row.shape.name.as_str().into(), row.id);
        state.place(row.id.into(), row.device.into());
        state.sensors.insert(row.id, row);
    }

    /// Puts a credential.
    pub fn put_credential(&mut self, row: Credential) {
        self.state.by_digest.insert(row.digest, row.id);
        self.state.credentials.insert(row.id, row);
    }

    /// Removes a credential.
    pub fn remove_credential(&mut self, id: CredentialId) {
        if let Some(row) = self.state.credentials.remove(&id) {
            self.state.by_digest.remove(&row.digest);
        }
    }

    /// Puts a grant.
    pub fn put_grant(&mut self, row: Grant) {
        self.state.grants.entry(row.principal).or_default().push(row);
    }

    /// Removes a grant.
    pub fn remove_grant(&mut self, row: &Grant) {
        if let Some(held) = self.state.grants.get_mut(&row.principal) {
            held.retain(|grant| grant.id != row.id);
        }
    }

    /// Removes a device type.
    pub fn remove_device_type(&mut self, id: DeviceTypeId) {
        self.state.device_types.remove(&id);
    }

    /// Removes a node with all below it, and the credentials and grants of what is gone.
    pub fn remove(&mut self, node: Resource) {
        for child in self.state.children.remove(&node).unwrap_or_default() {
            self.remove(child);
        }
        self.state.leave_parent(node);
        self.state.forget(node);
        self.state.grants.values_mut().for_each(|held| held.retain(|grant| grant.resource != node));
        if let Resource::Device(device) = node {
            self.remove_principal(Principal::Device(device));
        }
    }

    fn remove_principal(&mut self, principal: Principal) {
        self.state.grants.remove(&principal);
        let theirs = self.state.credentials.values().filter(|row| row.principal == principal);
        for id in theirs.map(|row| row.id).collect::<Vec<_>>() {
            self.remove_credential(id);
        }
    }
}

impl State {
    fn place(&mut self, node: Resource, parent: Resource) {
        self.children.entry(parent).or_default().insert(node);
    }

    fn leave_parent(&mut self, node: Resource) {
        let parent = self.parent(node);
        if let Some(siblings) = parent.and_then(|parent| self.children.get_mut(&parent)) {
            siblings.remove(&node);
        }
    }

    fn forget(&mut self, node: Resource) {
        match node {
            Resource::Tenant(id) => drop(self.tenants.remove(&id)),
            Resource::Space(id) => drop(self.spaces.remove(&id)),
            Resource::Asset(id) => drop(self.assets.remove(&id)),
            Resource::Device(id) => {
                self.by_sensor_name.remove(&id);
                if let Some(row) = self.devices.remove(&id) {
                    self.by_device_name.remove(&(id.tenant(), row.name));
                }
            }
            Resource::Sensor(id) => {
                let Some(row) = self.sensors.remove(&id) else { return };
                if let Some(count) = self.sensor_counts.get_mut(&id.tenant()) {
                    *count -= 1;
                }
                if let Some(names) = self.by_sensor_name.get_mut(&row.device) {
                    names.remove(row.shape.name.as_str());
                }
            }
        }
    }

    fn parent(&self, node: Resource) -> Option<Resource> {
        match node {
            Resource::Tenant(_) => None,
            Resource::Space(id) => self.spaces.get(&id).map(|row| row.parent),
            Resource::Asset(id) => self.assets.get(&id).map(|row| row.parent),
            Resource::Device(id) => self.devices.get(&id).map(|row| row.parent),
            Resource::Sensor(id) => self.sensors.get(&id).map(|row| row.device.into()),
        }
    }

    /// The node itself, then all above it up to the tenant.
    fn lineage(&self, node: Resource) -> impl Iterator<Item = Resource> {
        std::iter::successors(Some(node), |at| self.parent(*at))
    }
}

#[cfg(test)]
mod tests;
