//! A tenant in memory to try services on: a real directory and guard, and stores that only remember.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use roadstead_guard::{
    Audit as MayAudit, Caller, Can, Credential, CredentialKind, Door, Guard, Keys, Origin, Permit,
    Secret, Tools, Write,
};
use roadstead_model::{
    Clock, CredentialId, Device, DeviceId, DeviceType, DeviceTypeId, Measurement, Position,
    Principal, Quality, Random, Resource, Sensor, SensorId, SensorShape, Tenant, TenantId,
    Timestamp, TypeMode,
};
use roadstead_store::{
    Accepted, Appended, Audit, AuditEntry, Batch, Curve, Directory, Durable, Feed, Later,
    Measurements, Once, Page, StoreError, StoreStatus, Ticket, TimeRange,
};
use tokio::sync::watch;

use crate::intake::{Intake, IntakeLimits, IntakeTools};

mod catalog; // only what intake needs of it

pub(crate) use catalog::FakeCatalog;

/// A clock that is moved by hand.
pub(crate) struct HandClock(AtomicI64);

impl HandClock {
    pub(crate) fn advance(&self, by: Duration) {
        self.0.store(self.now().after(by).micros(), Ordering::SeqCst);
    }

    pub(crate) fn set(&self, to: Timestamp) {
        self.0.store(to.micros(), Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

struct Counting(AtomicU64);

impl Random for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let next = self.0.fetch_add(1, Ordering::SeqCst).to_le_bytes();
            chunk.copy_from_slice(&next[..chunk.len()]);
        }
    }
}

/// Reads a time.
pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// One claimed tenant with one open device.
pub(crate) struct Site {
    pub(crate) directory: Arc<Directory>,
    pub(crate) guard: Arc<Guard>,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) catalog: Arc<FakeCatalog>,
    pub(crate) store: Arc<FakeMeasurements>,
    pub(crate) audit: Arc<FakeAudit>,
    pub(crate) tenant: TenantId,
    pub(crate) device: DeviceId,
    pub(crate) caller: Caller,
    numbers: AtomicU64,
}

impl Site {
    pub(crate) fn new() -> Self {
        let directory = Arc::new(Directory::default());
        let clock = Arc::new(HandClock(AtomicI64::new(at("2026-11-21T10:00:00Z").micros())));
        let tools = Tools {
            facts: Arc::clone(&directory) as _,
            keys: Keys::new(&[1; 32], [2; 32]),
            clock: Arc::clone(&clock) as _,
            random: Arc::new(Counting(AtomicU64::new(1))),
        };
        let tenant = TenantId::numbered(1).unwrap();
        let name = "Harbour".parse().unwrap();
        let created = clock.now();
        directory.change(|open| open.put_tenant(Tenant { id: tenant, name, created }));
        let guard = Arc::new(Guard::new(tools));
        let numbers = AtomicU64::new(1);
        let (device, caller) = make_device(&directory, &guard, (tenant, 1, None), "pump-7");
        numbers.store(2, Ordering::SeqCst);
        Self {
            catalog: Arc::new(FakeCatalog::over(&directory)),
            store: Arc::new(FakeMeasurements::keeping(10_000)),
            audit: Arc::new(FakeAudit::default()),
            directory,
            guard,
            clock,
            tenant,
            device,
            caller,
            numbers,
        }
    }

    /// Makes one more device, of a type with no sensors of this mode.
    pub(crate) fn another(&self, name: &str, mode: TypeMode) -> (DeviceId, Caller) {
        let number = self.numbers.fetch_add(1, Ordering::SeqCst);
        let kind = DeviceTypeId::new(self.tenant, number).unwrap();
        let row = DeviceType {
            id: kind,
            name: format!("type of {name}").parse().unwrap(),
            mode,
            sensors: vec![],
        };
        self.directory.change(|open| open.put_device_type(row));
        make_device(&self.directory, &self.guard, (self.tenant, number, Some(kind)), name)
    }

    /// Gives the site's device a sensor.
    pub(crate) fn sensor(&self, name: &str, unit: &str) -> SensorId {
        self.catalog.put_sensor(self.device, shape(name, unit)).id
    }

    /// What the site's device may do.
    pub(crate) fn may<C: Can, R: Copy + Into<Resource>>(&self, resource: R) -> Permit<C, R> {
        self.guard.permit(&self.caller, resource).unwrap()
    }

    pub(crate) fn intake(&self, limits: IntakeLimits) -> Intake {
        Intake::new(IntakeTools {
            guard: Arc::clone(&self.guard),
            catalog: Arc::clone(&self.catalog) as _,
            measurements: Arc::clone(&self.store) as _,
            audit: Arc::clone(&self.audit) as _,
            clock: Arc::clone(&self.clock) as _,
            limits,
        })
    }

    /// Ends the credential of the site's device.
    pub(crate) fn end_credential(&self) {
        self.directory.change(|open| open.remove_credential(self.caller.credential()));
    }
}

pub(crate) fn shape(name: &str, unit: &str) -> SensorShape {
    SensorShape { name: name.parse().unwrap(), unit: unit.to_owned(), quantity: String::new() }
}

fn make_device(
    directory: &Directory,
    guard: &Guard,
    (tenant, number, device_type): (TenantId, u64, Option<DeviceTypeId>),
    name: &str,
) -> (DeviceId, Caller) {
    let id = DeviceId::new(tenant, number).unwrap();
    let created = guard.now();
    let minted = guard.mint("rst");
    let credential = Credential {
        id: CredentialId::new(tenant, number).unwrap(),
        principal: Principal::Device(id),
        kind: CredentialKind::Token,
        digest: minted.digest,
        label: String::new(),
        created,
        expires: None,
        limit: u8::MAX,
        last_used: None,
    };
    let parent = Resource::Tenant(tenant);
    let row = Device { id, name: name.parse().unwrap(), parent, device_type, created };
    directory.change(|open| {
        open.put_device(row);
        open.put_credential(credential);
    });
    let token = Secret::presented(minted.secret.reveal());
    let caller = guard.by_token(&token, Origin { address: None, door: Door::Https }).unwrap();
    (id, caller)
}

/// Remembers entries, or cannot be written.
#[derive(Default)]
pub(crate) struct FakeAudit {
    pub(crate) entries: Mutex<Vec<AuditEntry>>,
    pub(crate) broken: AtomicBool,
}

impl Audit for FakeAudit {
    fn record(&self, entry: AuditEntry) -> Later<'_, Result<(), StoreError>> {
        Box::pin(async move {
            if self.broken.load(Ordering::SeqCst) {
                return Err(StoreError::Stopped);
            }
            self.entries.lock().unwrap().push(entry);
            Ok(())
        })
    }

    fn recent<'a>(
        &'a self,
        _: &'a Permit<MayAudit, TenantId>,
        _: usize,
    ) -> Later<'a, Result<Vec<serde_json::Value>, StoreError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// Remembers measurements; durable at once, unless it is told to be busy or stopped.
pub(crate) struct FakeMeasurements {
    pub(crate) rows: Mutex<Vec<Measurement>>,
    pub(crate) busy: AtomicBool,
    pub(crate) stopped: AtomicBool,
    keys: Mutex<Vec<Once>>,
    feed: Arc<Feed>,
    durable: watch::Sender<Durable>,
}

impl FakeMeasurements {
    pub(crate) fn keeping(kept: usize) -> Self {
        Self {
            rows: Mutex::default(),
            busy: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            keys: Mutex::default(),
            feed: Arc::new(Feed::keeping(kept)),
            durable: watch::Sender::new(Durable::default()),
        }
    }

    fn of(&self, sensor: SensorId, range: TimeRange) -> Vec<Measurement> {
        let rows = self.rows.lock().unwrap();
        let own = rows.iter().filter(|row| row.reading.sensor == sensor);
        let mut own: Vec<_> = own.filter(|row| range.contains(row.reading.time)).cloned().collect();
        own.sort_by_key(|row| (row.reading.time, row.position));
        own
    }
}

impl Measurements for FakeMeasurements {
    fn append(
        &self,
        permit: &Permit<Write, DeviceId>,
        batch: Batch,
    ) -> Result<Appended, StoreError> {
        if self.busy.load(Ordering::SeqCst) {
            return Err(StoreError::Busy);
        }
        let mut rows = self.rows.lock().unwrap();
        let mut keys = self.keys.lock().unwrap();
        let ticket = Ticket(rows.len() as u64 + 1);
        if batch.once.as_ref().is_some_and(|once| keys.contains(once)) {
            return Ok(Appended::Repeated(self.durable.borrow().through));
        }
        keys.extend(batch.once);
        let (source, arrival) = (permit.attribution(), batch.arrival);
        let first = Position(rows.len() as u64);
        let positions = (first.0..).map(Position);
        rows.extend(
            batch.readings.iter().cloned().zip(positions).map(|(reading, position)| Measurement {
                position,
                reading,
                source,
                arrival,
            }),
        );
        let stopped = self.stopped.load(Ordering::SeqCst);
        if !stopped {
            let readings = batch.readings;
            self.feed.push([Arc::new(Accepted { first, source, arrival, readings })]);
        }
        let through = if stopped { Ticket(0) } else { ticket };
        self.durable.send_replace(Durable { through, stopped });
        Ok(Appended::Queued(ticket))
    }

    fn durable(&self) -> watch::Receiver<Durable> {
        self.durable.subscribe()
    }

    fn room(&self) -> Later<'_, ()> {
        Box::pin(async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            self.busy.store(false, Ordering::SeqCst);
        })
    }

    fn forget_retained(
        &self,
        _: &Permit<Write, DeviceId>,
        _: SensorId,
    ) -> Result<Ticket, StoreError> {
        Err(StoreError::Missing("retained measurement"))
    }

    fn retained(&self, _: &Permit<roadstead_guard::Read, SensorId>) -> Option<Measurement> {
        None
    }

    fn latest(&self, permit: &Permit<roadstead_guard::Read, SensorId>) -> Option<Measurement> {
        let rows = self.rows.lock().unwrap();
        let own = rows.iter().filter(|row| row.reading.sensor == permit.resource());
        let good = own.filter(|row| row.reading.quality != Quality::Quarantined);
        good.max_by_key(|row| row.reading.time).cloned()
    }

    fn estimate(&self, permit: &Permit<roadstead_guard::Read, SensorId>, range: TimeRange) -> u64 {
        self.of(permit.resource(), range).len() as u64
    }

    fn curve<'a>(
        &'a self,
        permit: &'a Permit<roadstead_guard::Read, SensorId>,
        range: TimeRange,
    ) -> Later<'a, Result<Curve, StoreError>> {
        let rows = self.of(permit.resource(), range);
        let good = rows.iter().filter(|row| row.reading.quality != Quality::Quarantined);
        let points = good
            .filter_map(|row| Some((row.reading.time.micros(), row.reading.value.as_number()?)));
        let (times, numbers) = points.unzip();
        Box::pin(async { Ok(Curve { times, numbers }) })
    }

    fn page<'a>(
        &'a self,
        permit: &'a Permit<roadstead_guard::Read, SensorId>,
        range: TimeRange,
        limit: usize,
    ) -> Later<'a, Result<Page, StoreError>> {
        let mut measurements = self.of(permit.resource(), range);
        let more = measurements.len() > limit;
        measurements.truncate(limit);
        Box::pin(async move { Ok(Page { measurements, more }) })
    }

    fn feed(&self) -> &Arc<Feed> {
        &self.feed
    }

    fn end(&self, _: TenantId) -> Position {
        Position(self.rows.lock().unwrap().len() as u64)
    }

    fn status(&self) -> StoreStatus {
        StoreStatus::default()
    }

    fn close(&self) -> Later<'_, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }
}

impl FakeCatalog {
    fn put_sensor(&self, device: DeviceId, shape: SensorShape) -> Sensor {
        let number = self.sensors.fetch_add(1, Ordering::SeqCst);
        let id = SensorId::new(device.tenant(), number).unwrap();
        let sensor = Sensor { id, device, shape };
        self.directory.change(|open| open.put_sensor(sensor.clone()));
        sensor
    }
}
