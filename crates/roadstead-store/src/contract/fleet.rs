//! Devices that may measure, with no catalog behind them: permits to keep promises to.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use roadstead_guard::{
    Caller, Can, Credential, CredentialKind, Digest, Door, Facts, Guard, Keys, Origin,
    PasswordFact, Permit, Read, Scope, Secret, Tools, Write,
};
use roadstead_model::{
    CredentialId, DeviceId, Email, Grant, GrantId, Name, PersonId, Position, Principal, Quality,
    Random, Reading, Resource, Role, SensorId, TenantId, Timestamp, Value,
};

use super::site::HandClock;
use crate::{Batch, Measurements, Once, Page, Sessions, TimeRange};

/// What a backend opened: both halves of one store.
pub struct Opened {
    /// The series.
    pub measurements: Arc<dyn Measurements>,
    /// The sessions.
    pub sessions: Arc<dyn Sessions>,
}

/// Opens the store under test, with this clock. Opened again after all of it was dropped,
/// it is the same store after a crash.
pub type OpenStore<'a> = &'a (dyn Fn(&Arc<HandClock>) -> Opened + Send + Sync);

/// Devices of each tenant.
const DEVICES: u64 = 3;
/// Sensors of each device.
const SENSORS: u64 = 4;

/// Two tenants, each with an owner, three devices and four sensors of each.
pub struct Fleet {
    /// The time, moved by hand.
    pub clock: Arc<HandClock>,
    guard: Guard,
    callers: HashMap<Principal, Caller>,
}

struct Members {
    credentials: HashMap<Digest, Credential>,
}

struct Zeros;

impl Random for Zeros {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}

impl Default for Fleet {
    fn default() -> Self {
        Self::new()
    }
}

impl Fleet {
    /// Puts the fleet together.
    pub fn new() -> Self {
        let clock = HandClock::at_noon();
        let keys = || Keys::new(&[1; 32], [2; 32]);
        let members: Vec<Principal> = (1..=2).flat_map(members_of).collect();
        let secret = |index: usize| Secret::presented(format!("member {index}"));
        let mut credentials = HashMap::new();
        for (index, principal) in members.iter().enumerate() {
            let digest = keys().digest(secret(index).reveal());
            let number = index as u64 + 1;
            let id = CredentialId::new(principal.tenant(), number).expect("a small number");
            let label = String::new();
            let kind = CredentialKind::Token;
            let (created, expires, limit, last_used) = (Timestamp::EPOCH, None, u8::MAX, None);
            let principal = *principal;
            let row = Credential {
                id,
                principal,
                kind,
                digest,
                label,
                created,
                expires,
                limit,
                last_used,
            };
            credentials.insert(digest, row);
        }
        let facts = Arc::new(Members { credentials });
        let random = Arc::new(Zeros);
        let clock_too = Arc::clone(&clock);
        let guard = Guard::new(Tools { facts, keys: keys(), clock: clock_too, random });
        let origin = Origin { address: None, door: Door::Mqtt };
        let caller = |(index, principal): (usize, &Principal)| {
            let caller = guard.by_token(&secret(index), origin).expect("a member");
            (*principal, caller)
        };
        let callers = members.iter().enumerate().map(caller).collect();
        Self { clock, guard, callers }
    }

    /// The `number`th tenant, 1 or 2.
    pub fn tenant(&self, number: u64) -> TenantId {
        TenantId::numbered(number).expect("a small number")
    }

    /// The `number`th device of the first tenant, from 1 to 3.
    pub fn device(&self, number: u64) -> DeviceId {
        device_of(1, number)
    }

    /// The `number`th sensor of the first tenant's device, from 1 to 4.
    pub fn sensor(&self, device: u64, number: u64) -> SensorId {
        sensor_of(device_of(1, device), number)
    }

    /// The device's own permit to write.
    pub fn writes(&self, device: DeviceId) -> Permit<Write, DeviceId> {
        self.permit(Principal::Device(device), device)
    }

    /// The owner's permit to write for a device.
    pub fn owner_writes(&self, device: DeviceId) -> Permit<Write, DeviceId> {
        self.permit(owner_of(device.tenant()), device)
    }

    /// The owner's permit to read a sensor.
    pub fn reads(&self, sensor: SensorId) -> Permit<Read, SensorId> {
        self.permit(owner_of(sensor.tenant()), sensor)
    }

    /// What a tenant's owner may read.
    pub fn scope(&self, tenant: TenantId) -> Scope<Read> {
        self.guard.scope(&self.callers[&owner_of(tenant)]).expect("a live credential")
    }

    fn permit<C: Can, R: Copy + Into<Resource>>(&self, who: Principal, on: R) -> Permit<C, R> {
        self.guard.permit(&self.callers[&who], on).expect("permitted")
    }

    /// A batch that arrives now, not retained, counted as often as it is sent.
    pub fn batch(&self, readings: Vec<Reading>) -> Batch {
        let arrival = roadstead_model::Clock::now(&*self.clock);
        Batch { readings, arrival, retain: false, once: None }
    }

    /// Such a batch that counts once.
    pub fn once(&self, once: Once, readings: Vec<Reading>) -> Batch {
        Batch { once: Some(once), ..self.batch(readings) }
    }
}

/// So many seconds after the day on which the tests begin.
pub fn second(seconds: i64) -> Timestamp {
    const BEGIN: i64 = 1_795_000_000;
    Timestamp::from_micros((BEGIN + seconds) * 1_000_000).expect("within the years there are")
}

/// A good number of a sensor.
pub fn reading(sensor: SensorId, seconds: i64, number: f64) -> Reading {
    let (time, value) = (second(seconds), Value::Number(number));
    Reading { sensor, time, value, quality: Quality::Good }
}

/// All the time there is.
pub fn always() -> TimeRange {
    TimeRange { from: second(-1_000_000_000), to: second(1_000_000_000) }
}

/// Hands a batch over and waits until it is durable.
pub async fn keep(store: &dyn Measurements, permit: &Permit<Write, DeviceId>, batch: Batch) {
    let appended = store.append(permit, batch).expect("taken");
    settle(store, appended.ticket()).await;
}

/// Waits until a ticket is durable.
pub async fn settle(store: &dyn Measurements, ticket: crate::Ticket) {
    let mut durable = store.durable();
    let reached = durable.wait_for(|durable| durable.through >= ticket);
    let patience = tokio::time::timeout(Duration::from_mins(1), reached).await;
    patience.expect("in time").expect("the store runs");
}

/// All measurements of a sensor.
pub async fn everything(store: &dyn Measurements, permit: &Permit<Read, SensorId>) -> Page {
    store.page(permit, always(), usize::MAX - 1).await.expect("read")
}

/// Times, in seconds, and values of all measurements of a sensor.
pub async fn values(
    store: &dyn Measurements,
    permit: &Permit<Read, SensorId>,
) -> Vec<(i64, Value)> {
    let page = everything(store, permit).await;
    let since = |time: Timestamp| (time.micros() - second(0).micros()) / 1_000_000;
    let readings = page.measurements.into_iter().map(|one| one.reading);
    readings.map(|reading| (since(reading.time), reading.value)).collect()
}

/// All that the feed of a tenant still has from a position on, one by one.
pub fn fed(store: &dyn Measurements, fleet: &Fleet, from: Position) -> Vec<(Position, Reading)> {
    let stretch = store.feed().read(&fleet.scope(fleet.tenant(1)), from, usize::MAX);
    let mut found = Vec::new();
    for accepted in stretch.accepted {
        let places = (accepted.first.0..).map(Position);
        found.extend(places.zip(accepted.readings.iter().cloned()));
    }
    found.retain(|(position, _)| *position >= from);
    found
}

fn device_of(tenant: u64, number: u64) -> DeviceId {
    let tenant = TenantId::numbered(tenant).expect("a small number");
    DeviceId::new(tenant, number).expect("a small number")
}

fn sensor_of(device: DeviceId, number: u64) -> SensorId {
    let known = device.integer() & 0xff;
    SensorId::new(device.tenant(), known * SENSORS + number).expect("a small number")
}

fn owner_of(tenant: TenantId) -> Principal {
    Principal::Person(PersonId::new(tenant, 1).expect("a small number"))
}

fn members_of(tenant: u64) -> Vec<Principal> {
    let devices = (1..=DEVICES).map(|number| Principal::Device(device_of(tenant, number)));
    let owner = owner_of(TenantId::numbered(tenant).expect("a small number"));
    devices.chain([owner]).collect()
}

impl Facts for Members {
    fn epoch(&self) -> u64 {
        1
    }

    fn parent(&self, node: Resource) -> Option<Resource> {
        match node {
            Resource::Tenant(_) => None,
            Resource::Sensor(id) => {
                let device = ((id.integer() & 0xff) - 1) / SENSORS;
                DeviceId::new(id.tenant(), device).map(Resource::Device)
            }
            Resource::Space(_) | Resource::Asset(_) | Resource::Device(_) => {
                Some(Resource::Tenant(node.tenant()))
            }
        }
    }

    fn exists(&self, _: Resource) -> bool {
        true
    }

    fn grants(&self, principal: Principal) -> Vec<Grant> {
        let tenant = principal.tenant();
        let Principal::Person(_) = principal else { return Vec::new() };
        let id = GrantId::new(tenant, 1).expect("a small number");
        let (role, resource) = (Role::Owner, Resource::Tenant(tenant));
        vec![Grant { id, principal, role, resource, expires: None, reason: String::new() }]
    }

    fn credential_by_digest(&self, digest: &Digest) -> Option<Credential> {
        self.credentials.get(digest).cloned()
    }

    fn credential(&self, id: CredentialId) -> Option<Credential> {
        self.credentials.values().find(|row| row.id == id).cloned()
    }

    fn called(&self, _: Principal) -> Option<String> {
        None
    }

    fn password(&self, _: &Email, _: Option<&Name>) -> Option<PasswordFact> {
        None
    }

    fn touch(&self, _: CredentialId, _: Timestamp) {}
}
