//! The door as clients see it: bytes in, bytes out, over a stream in memory and a real store.

mod client; // a client that says exactly what it is told to
mod hurry;
mod packets; // the packet cases of another project
mod publishing;
mod reading;
mod refusing;
mod sessions;
mod sockets;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use roadstead_guard::{CredentialKind, Door, Guard, Read};
use roadstead_model::{CredentialId, DeviceId, Measurement, Resource, SensorId};
use roadstead_services::intake::{IntakeLimits, IntakeTools};
use roadstead_store::contract::site::{Site, Stores, credential, name};
use roadstead_store::{Authority, Catalog, Later, Measurements};
use roadstead_store_embedded::{EmbeddedCatalog, EmbeddedMeasurements, Options};
use tempfile::TempDir;

use crate::*;
use client::Client;

/// How many readings a roomy store takes before the disk has caught up.
const PENDING: usize = 100_000;

/// A claimed tenant with a door, and the folder that all of it stands in.
struct Harbour {
    folder: TempDir,
    site: Site,
    store: Arc<EmbeddedMeasurements>,
    door: MqttDoor,
    stop: CancellationToken,
}

/// Somebody who may connect.
#[derive(Clone)]
struct Pass {
    user: String,
    token: String,
    device: DeviceId,
    credential: CredentialId,
}

fn opener(file: PathBuf) -> impl Fn() -> Later<'static, Stores> + Send + Sync {
    move || {
        let file = file.clone();
        Box::pin(async move {
            let clock = roadstead_store::contract::site::HandClock::at_noon();
            let both = Arc::new(EmbeddedCatalog::open(&file, clock).await.unwrap());
            Stores { catalog: Arc::clone(&both) as Arc<dyn Catalog>, log: both }
        })
    }
}

fn open_door(site: &Site, store: &Arc<EmbeddedMeasurements>, limits: Limits) -> MqttDoor {
    let (guard, catalog) = (Arc::clone(&site.guard), Arc::clone(&site.catalog));
    let measurements: Arc<dyn Measurements> = Arc::clone(store) as _;
    let intake = Intake::new(IntakeTools {
        guard: Arc::clone(&guard),
        catalog: Arc::clone(&catalog),
        measurements: Arc::clone(&measurements),
        audit: Arc::clone(&site.log),
        clock: Arc::clone(&site.clock) as _,
        limits: IntakeLimits::default(),
    });
    let live = Live::new(Arc::clone(&guard), Arc::clone(&catalog), Arc::clone(&measurements));
    let sessions =
        MqttSessions::new(Arc::clone(&guard), catalog, measurements, Arc::clone(store) as _);
    let tools = Tools {
        guard,
        intake: Arc::new(intake),
        live: Arc::new(live),
        sessions: Arc::new(sessions),
        presence: Arc::new(Presence::default()),
        clock: Arc::clone(&site.clock) as _,
    };
    MqttDoor::open(tools, limits)
}

fn open_store(folder: &TempDir, site: &Site, pending: usize) -> Arc<EmbeddedMeasurements> {
    let options = Options { segment_bytes: 1 << 20, pending, ..Options::default() };
    let clock = Arc::clone(&site.clock) as _;
    Arc::new(EmbeddedMeasurements::open(&folder.path().join("values"), options, clock).unwrap())
}

impl Harbour {
    async fn open() -> Self {
        Self::with(Limits { save_every: Duration::from_millis(20), ..Limits::default() }).await
    }

    async fn with(limits: Limits) -> Self {
        Self::with_store(limits, PENDING).await
    }

    /// With a store that takes only so many readings before the disk has caught up.
    async fn with_store(limits: Limits, pending: usize) -> Self {
        let folder = TempDir::new().unwrap();
        let site = Site::new(&opener(folder.path().join("catalog.sqlite"))).await;
        let store = open_store(&folder, &site, pending);
        let door = open_door(&site, &store, limits);
        Self { folder, site, store, door, stop: CancellationToken::new() }
    }

    /// Stops in order, and starts again.
    async fn restarted(self) -> Self {
        self.stop.cancel();
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.killed().await
    }

    /// Starts again from what is on the disk now: nobody gets to say or save anything more.
    async fn killed(self) -> Self {
        let Self { folder, site, store, .. } = self;
        let after = TempDir::new().unwrap();
        copy(folder.path(), after.path());
        // Time goes on meanwhile, or what comes next would look like a repetition.
        site.clock.advance(Duration::from_secs(1));
        let site = site.restarted(&opener(after.path().join("catalog.sqlite"))).await;
        drop(store);
        let store = open_store(&after, &site, PENDING);
        let door = open_door(&site, &store, Limits::default());
        Self { folder: after, site, store, door, stop: CancellationToken::new() }
    }

    async fn device(&self, called: &str) -> Pass {
        self.device_below(self.site.tenant.id.into(), called).await
    }

    async fn device_below(&self, place: Resource, called: &str) -> Pass {
        let place = self.site.permit(place);
        let device = self.site.device(&place, called).await.unwrap().id;
        pass(&self.site, device, called).await
    }

    async fn space(&self, parent: Resource, called: &str) -> Resource {
        let permit = self.site.permit(parent);
        self.site.catalog.create_space(&permit, name(called), name("Room")).await.unwrap().id.into()
    }

    fn client(&self) -> Client {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let (door, stop) = (self.door.clone(), self.stop.clone());
        let origin = Origin { address: None, door: Door::Mqtt };
        let served = tokio::spawn(async move { door.serve(theirs, origin, stop).await });
        Client::new(ours, served)
    }

    /// A connected client of MQTT 3.1.1 with a clean session.
    async fn v3(&self, pass: &Pass) -> Client {
        let mut client = self.client();
        client.connect(4, "c", pass, true).await;
        assert_eq!(client.next().await, [0x20, 2, 0, 0]);
        client
    }

    /// A connected client of MQTT 5 with a clean session.
    async fn v5(&self, pass: &Pass) -> Client {
        let mut client = self.client();
        client.connect(5, "c5", pass, true).await;
        let answer = client.next().await;
        assert_eq!((answer[0], answer[3]), (0x20, 0), "{answer:?}");
        client
    }

    fn sensor(&self, pass: &Pass, sensor: &str) -> Option<SensorId> {
        let permit = self.site.permit(pass.device);
        self.site.catalog.directory().sensor_named(&permit, sensor)
    }

    fn latest(&self, pass: &Pass, sensor: &str) -> Option<Measurement> {
        let sensor = self.sensor(pass, sensor)?;
        self.store.latest(&self.site.permit::<Read, _>(sensor))
    }

    fn number(&self, pass: &Pass, sensor: &str) -> Option<f64> {
        self.latest(pass, sensor)?.reading.value.as_number()
    }

    async fn count(&self, pass: &Pass, sensor: &str) -> usize {
        let Some(sensor) = self.sensor(pass, sensor) else { return 0 };
        let now = self.site.now();
        let hour = Duration::from_hours(1);
        let range = roadstead_store::TimeRange { from: now.before(hour), to: now.after(hour) };
        let permit = self.site.permit::<Read, _>(sensor);
        self.store.page(&permit, range, 10_000).await.unwrap().measurements.len()
    }

    /// Waits until it is so, for at most five seconds.
    async fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        for _ in 0..500 {
            if is_so() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{what} did not come to pass");
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}

async fn pass(site: &Site, device: DeviceId, user: &str) -> Pass {
    let guard: &Guard = &site.guard;
    let minted = guard.mint("rst");
    let new = credential(CredentialKind::Token, &minted, site.now());
    let permit = site.permit(device);
    let made = site.catalog.add_credential(Authority::Device(&permit), new).await.unwrap();
    let (user, token) = (user.to_owned(), minted.secret.reveal().to_owned());
    Pass { user, token, device, credential: made.id }
}
