//! What services ask of the catalog, with a permit or a scope in hand.

use std::sync::{Arc, PoisonError};

use roadstead_guard::{
    Audit, Caller, Credential, CredentialKind, Manage, Permit, Read, Scope, Write,
};
use roadstead_model::{
    Asset, AssetId, Device, DeviceId, DeviceType, DeviceTypeId, Grant, Name, Person, PersonId,
    Principal, Resource, Sensor, SensorId, Space, SpaceId, Tenant, TenantId, TypeMode,
};

use super::{Directory, State};

/// A sensor with where it is: what live feeds and topics need of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SensorPlace {
    /// The sensor.
    pub sensor: Sensor,
    /// Its device's name.
    pub device: Name,
    /// The names of the spaces and assets above the device, outermost first.
    pub places: Vec<Name>,
    /// The sensor itself, then all above it up to the tenant.
    pub lineage: Vec<Resource>,
}

impl Directory {
    /// Whether any tenant was claimed: until then nothing but the claim is served.
    pub fn is_claimed(&self) -> bool {
        !self.read().tenants.is_empty()
    }

    /// Finds which device of a tenant has this name. It says nothing else of it: ask for a permit next.
    pub fn device_named(&self, tenant: TenantId, name: &str) -> Option<DeviceId> {
        let name = name.parse().ok()?;
        self.read().by_device_name.get(&(tenant, name)).copied()
    }

    /// Finds which person has this address in a tenant. Ask for a permit next.
    pub fn person_addressed(&self, tenant: TenantId, email: &str) -> Option<PersonId> {
        let email = email.parse().ok()?;
        let state = self.read();
        state.by_email.get(&email)?.iter().copied().find(|id| id.tenant() == tenant)
    }

    /// The owners of every tenant with their tenant's name: the operator hands out one-time links by it.
    pub fn owners(&self, _operator: roadstead_guard::Operator) -> Vec<(Name, Person)> {
        let state = self.read();
        let owner = |grant: &&Grant| {
            matches!(
                (grant.role, grant.resource),
                (roadstead_model::Role::Owner, Resource::Tenant(_))
            )
        };
        let people = state.grants.values().flatten().filter(owner).filter_map(|grant| match grant
            .principal
        {
            Principal::Person(id) => state.people.get(&id),
            Principal::Device(_) => None,
        });
        people
            .filter_map(|row| {
                Some((state.tenants.get(&row.id.tenant())?.name.clone(), row.clone()))
            })
            .collect()
    }

    /// The caller's own tenant.
    pub fn tenant_of(&self, caller: &Caller) -> Option<Tenant> {
        self.read().tenants.get(&caller.tenant()).cloned()
    }

    /// The caller, if it is a person.
    pub fn person_of(&self, caller: &Caller) -> Option<Person> {
        match caller.principal() {
            Principal::Person(id) => self.read().people.get(&id).cloned(),
            Principal::Device(_) => None,
        }
    }

    /// The people of the permitted tenant, by address.
    pub fn people(&self, permit: &Permit<Manage, TenantId>) -> Vec<Person> {
        let state = self.read();
        let mut rows: Vec<_> = state
            .people
            .values()
            .filter(|row| row.id.tenant() == permit.tenant())
            .cloned()
            .collect();
        rows.sort_by(|a, b| a.email.cmp(&b.email));
        rows
    }

    /// The permitted space.
    pub fn space(&self, permit: &Permit<Read, SpaceId>) -> Option<Space> {
        self.read().spaces.get(&permit.resource()).cloned()
    }

    /// The permitted asset.
    pub fn asset(&self, permit: &Permit<Read, AssetId>) -> Option<Asset> {
        self.read().assets.get(&permit.resource()).cloned()
    }

    /// The permitted device.
    pub fn device(&self, permit: &Permit<Read, DeviceId>) -> Option<Device> {
        self.read().devices.get(&permit.resource()).cloned()
    }

    /// The permitted sensor with where it is.
    pub fn sensor(&self, permit: &Permit<Read, SensorId>) -> Option<Arc<SensorPlace>> {
        self.read().sensor_place(permit.resource()).map(Arc::new)
    }

    /// The spaces in reach, by name.
    pub fn spaces(&self, scope: &Scope<Read>) -> Vec<Space> {
        let state = self.read();
        let rows = state.spaces.values().filter(|row| state.reaches(scope, row.id.into())).cloned();
        sorted(rows, |row| row.name.clone())
    }

    /// The assets in reach, by name.
    pub fn assets(&self, scope: &Scope<Read>) -> Vec<Asset> {
        let state = self.read();
        let rows = state.assets.values().filter(|row| state.reaches(scope, row.id.into())).cloned();
        sorted(rows, |row| row.name.clone())
    }

    /// The devices in reach, by name.
    pub fn devices(&self, scope: &Scope<Read>) -> Vec<Device> {
        let state = self.read();
        let rows =
            state.devices.values().filter(|row| state.reaches(scope, row.id.into())).cloned();
        sorted(rows, |row| row.name.clone())
    }

    /// The sensors in reach at and below a node, by device and name.
    pub fn sensors(&self, scope: &Scope<Read>, below: Resource) -> Vec<Arc<SensorPlace>> {
        let state = self.read();
        let mut ids = Vec::new();
        state.sensors_below(below, &mut ids);
        let rows = ids.into_iter().filter_map(|id| state.sensor_place(id));
        let seen = rows.filter(|row| scope.reaches(row.lineage.iter().copied()));
        sorted(seen.map(Arc::new), |row| (row.device.clone(), row.sensor.shape.name.clone()))
    }

    /// A sensor with where it is, if it is in reach.
    pub fn sensor_in_reach(
        &self,
        scope: &Scope<Read>,
        sensor: SensorId,
    ) -> Option<Arc<SensorPlace>> {
        let row = self.read().sensor_place(sensor)?;
        scope.reaches(row.lineage.iter().copied()).then(|| Arc::new(row))
    }

    /// Whether a node is in reach.
    pub fn in_reach(&self, scope: &Scope<Read>, node: Resource) -> bool {
        self.read().reaches(scope, node)
    }

    /// Whether a node in reach is at or below a place.
    pub fn is_below(&self, scope: &Scope<Read>, node: Resource, place: Resource) -> bool {
        let state = self.read();
        state.reaches(scope, node) && state.lineage(node).any(|at| at == place)
    }

    /// The device types of the scope's tenant, by name: a contract is no secret within a tenant.
    pub fn device_types(&self, scope: &Scope<Read>) -> Vec<DeviceType> {
        let state = self.read();
        let own = state.device_types.values().filter(|row| row.id.tenant() == scope.tenant());
        sorted(own.cloned(), |row| row.name.clone())
    }

    /// The device type with this id, in the scope's tenant.
    pub fn device_type(&self, scope: &Scope<Read>, id: DeviceTypeId) -> Option<DeviceType> {
        let own = id.tenant() == scope.tenant();
        self.read().device_types.get(&id).filter(|_| own).cloned()
    }

    /// The sensor of the permitted device with this name: what intake asks for each new name.
    pub fn sensor_named(&self, permit: &Permit<Write, DeviceId>, name: &str) -> Option<SensorId> {
        self.read().by_sensor_name.get(&permit.resource())?.get(name).copied()
    }

    /// The sensor with this id, if it is one of the permitted device.
    pub fn sensor_of(&self, permit: &Permit<Write, DeviceId>, id: SensorId) -> Option<Sensor> {
        self.read().sensors.get(&id).filter(|row| row.device == permit.resource()).cloned()
    }

    /// How many sensors the permitted device has, and how many its whole tenant.
    pub fn sensor_counts(&self, permit: &Permit<Write, DeviceId>) -> (usize, usize) {
        let state = self.read();
        let own =
            state.by_sensor_name.get(&permit.resource()).map_or(0, std::collections::HashMap::len);
        (own, state.sensor_counts.get(&permit.tenant()).copied().unwrap_or_default())
    }

    /// Whether the permitted device may bring sensors that its type does not list.
    pub fn may_bring_sensors(&self, permit: &Permit<Write, DeviceId>) -> bool {
        let state = self.read();
        let kind = state.devices.get(&permit.resource()).and_then(|row| row.device_type);
        let mode = kind.and_then(|id| state.device_types.get(&id)).map(|row| row.mode);
        mode.is_none_or(|mode| mode == TypeMode::Open)
    }

    /// The credentials of the permitted device, newest first.
    pub fn device_credentials(&self, permit: &Permit<Manage, DeviceId>) -> Vec<Credential> {
        self.credentials_of(Principal::Device(permit.resource()))
    }

    /// The caller's own tokens and sessions, newest first.
    pub fn own_credentials(&self, caller: &Caller) -> Vec<Credential> {
        self.credentials_of(caller.principal())
    }

    fn credentials_of(&self, principal: Principal) -> Vec<Credential> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let state = self.read();
        let theirs = state.credentials.values().filter(|row| row.principal == principal);
        let shown = theirs.filter(|row| row.kind != CredentialKind::SignInLink).cloned();
        let fresh = shown.map(|mut row| {
            row.last_used = used.get(&row.id).copied().or(row.last_used);
            row
        });
        sorted(fresh, |row| std::cmp::Reverse((row.created, row.id)))
    }

    /// What the caller's own credential is limited to, as a mask.
    pub fn own_limit(&self, caller: &Caller) -> u8 {
        self.read().credentials.get(&caller.credential()).map_or(0, |row| row.limit)
    }

    /// Whether the caller has a password.
    pub fn has_password(&self, caller: &Caller) -> bool {
        match caller.principal() {
            Principal::Person(id) => self.read().passwords.contains_key(&id),
            Principal::Device(_) => false,
        }
    }

    /// What the permitted device may do beyond itself: whoever makes its tokens hands this out.
    pub fn grants_held(&self, permit: &Permit<Manage, DeviceId>) -> Vec<Grant> {
        let device = Principal::Device(permit.resource());
        self.read().grants.get(&device).cloned().unwrap_or_default()
    }

    /// The grants given on the permitted resource itself.
    pub fn grants_on(&self, permit: &Permit<Manage, Resource>) -> Vec<Grant> {
        let state = self.read();
        let here =
            state.grants.values().flatten().filter(|grant| grant.resource == permit.resource());
        sorted(here.cloned(), |grant| grant.id)
    }

    /// What somebody is called who holds a grant on the permitted resource itself.
    pub fn holder_name(
        &self,
        permit: &Permit<Manage, Resource>,
        principal: Principal,
    ) -> Option<String> {
        let held = self.read().grants.get(&principal).cloned().unwrap_or_default();
        let here = held.iter().any(|grant| grant.resource == permit.resource());
        here.then(|| roadstead_guard::Facts::called(self, principal))?
    }

    /// What somebody is called, for those who may read the audit log.
    pub fn audit_name(
        &self,
        permit: &Permit<Audit, TenantId>,
        principal: Principal,
    ) -> Option<String> {
        (principal.tenant() == permit.tenant())
            .then(|| roadstead_guard::Facts::called(self, principal))?
    }

    /// What a thing is called, for those who may read the audit log.
    pub fn audit_thing(&self, permit: &Permit<Audit, TenantId>, thing: Resource) -> Option<String> {
        let state = self.read();
        let named = (thing.tenant() == permit.tenant()).then_some(thing)?;
        let name = match named {
            Resource::Tenant(id) => &state.tenants.get(&id)?.name,
            Resource::Space(id) => &state.spaces.get(&id)?.name,
            Resource::Asset(id) => &state.assets.get(&id)?.name,
            Resource::Device(id) => &state.devices.get(&id)?.name,
            Resource::Sensor(id) => &state.sensors.get(&id)?.shape.name,
        };
        Some(name.to_string())
    }
}

impl State {
    fn reaches(&self, scope: &Scope<Read>, node: Resource) -> bool {
        scope.reaches(self.lineage(node))
    }

    fn sensors_below(&self, node: Resource, found: &mut Vec<SensorId>) {
        if let Resource::Sensor(id) = node {
            found.push(id);
        }
        for child in self.children.get(&node).into_iter().flatten() {
            self.sensors_below(*child, found);
        }
    }

    fn sensor_place(&self, id: SensorId) -> Option<SensorPlace> {
        let sensor = self.sensors.get(&id)?.clone();
        let device = self.devices.get(&sensor.device)?.name.clone();
        let lineage: Vec<_> = self.lineage(id.into()).collect();
        let names = lineage.iter().rev().filter_map(|node| match node {
            Resource::Space(id) => self.spaces.get(id).map(|row| row.name.clone()),
            Resource::Asset(id) => self.assets.get(id).map(|row| row.name.clone()),
            Resource::Tenant(_) | Resource::Device(_) | Resource::Sensor(_) => None,
        });
        let places = names.collect();
        Some(SensorPlace { sensor, device, places, lineage })
    }
}

fn sorted<T, K: Ord>(rows: impl Iterator<Item = T>, key: impl Fn(&T) -> K) -> Vec<T> {
    let mut rows: Vec<T> = rows.collect();
    rows.sort_by_key(key);
    rows
}
