//! The rooms, built and connected. The only place that names a backend.

use std::sync::Arc;

use anyhow::Context;
use roadstead_door_http::{App, AppParts, Feeds, MqttHandOver, Settings};
use roadstead_door_mqtt::{Limits, MqttDoor};
use roadstead_guard::{Facts, Guard, Keys};
use roadstead_model::{Clock, Random};
use roadstead_services::history::{History, HistoryLimits};
use roadstead_services::intake::{Intake, IntakeLimits, IntakeTools};
use roadstead_services::live::Live;
use roadstead_services::sessions::MqttSessions;
use roadstead_services::{Deeds, People, Presence, Tenants, Things};
use roadstead_store::{Audit, Catalog, Measurements, Sessions, StoreError};
use roadstead_store_embedded::{EmbeddedCatalog, EmbeddedMeasurements, Options};
use tokio::sync::Semaphore;

use crate::config::Config;
use crate::folder::Folder;
use crate::tls::Served;

/// Live feeds that one principal may have open.
const FEEDS_EACH: usize = 100;
/// Files and packed bodies that are worked on at once, beside the threads that serve connections.
const LABOUR: usize = 4;

/// What is passed in: keys, time, randomness.
pub(crate) struct Tools {
    pub(crate) keys: Keys,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
}

/// Every service, and what they share.
pub(crate) struct Site {
    pub(crate) guard: Arc<Guard>,
    pub(crate) tenants: Arc<Tenants>,
    pub(crate) people: Arc<People>,
    pub(crate) measurements: Arc<dyn Measurements>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    things: Arc<Things>,
    intake: Arc<Intake>,
    history: Arc<History>,
    live: Arc<Live>,
    presence: Arc<Presence>,
    sessions: Arc<MqttSessions>,
}

/// What the stores are to everybody else.
struct Stores {
    catalog: Arc<dyn Catalog>,
    audit: Arc<dyn Audit>,
    measurements: Arc<dyn Measurements>,
    sessions: Arc<dyn Sessions>,
}

/// Opens the stores in the data folder and builds the services on them.
pub(crate) async fn build(folder: &Folder, config: &Config, tools: Tools) -> anyhow::Result<Site> {
    let stores = embedded(folder, &tools.clock).await?;
    let facts: Arc<dyn Facts> = Arc::clone(stores.catalog.directory()) as _;
    let (clock, random) = (tools.clock, tools.random);
    let guard = Arc::new(Guard::new(roadstead_guard::Tools {
        facts,
        keys: tools.keys,
        clock: Arc::clone(&clock),
        random: Arc::clone(&random),
    }));
    Ok(connect(config, stores, guard, (clock, random)))
}

async fn embedded(folder: &Folder, clock: &Arc<dyn Clock>) -> anyhow::Result<Stores> {
    let file = folder.path().join("catalog.sqlite");
    let catalog = EmbeddedCatalog::open(&file, Arc::clone(clock)).await;
    let catalog = Arc::new(catalog.with_context(|| format!("cannot open `{}`", file.display()))?);
    let home = folder.inner("measurements")?;
    let measurements = EmbeddedMeasurements::open(&home, Options::default(), Arc::clone(clock));
    let measurements =
        Arc::new(measurements.with_context(|| format!("cannot open `{}`", home.display()))?);
    Ok(Stores {
        catalog: Arc::clone(&catalog) as _,
        audit: catalog,
        measurements: Arc::clone(&measurements) as _,
        sessions: measurements,
    })
}

fn connect(
    config: &Config,
    stores: Stores,
    guard: Arc<Guard>,
    (clock, random): (Arc<dyn Clock>, Arc<dyn Random>),
) -> Site {
    let Stores { catalog, audit, measurements, sessions } = stores;
    let deeds = Deeds::new(Arc::clone(&audit), Arc::clone(&clock));
    let intake = Intake::new(IntakeTools {
        guard: Arc::clone(&guard),
        catalog: Arc::clone(&catalog),
        measurements: Arc::clone(&measurements),
        audit,
        clock: Arc::clone(&clock),
        limits: intake_limits(config),
    });
    let parts = || (Arc::clone(&guard), Arc::clone(&catalog));
    let ((g1, c1), (g2, c2), (g3, c3), (g4, c4)) = (parts(), parts(), parts(), parts());
    let limits =
        HistoryLimits { scanned: config.limits.query_measurements, ..HistoryLimits::default() };
    Site {
        tenants: Arc::new(Tenants::new(g1, c1, deeds.clone())),
        people: Arc::new(People::new(g2, c2, deeds.clone())),
        live: Arc::new(Live::new(g3, c3, Arc::clone(&measurements))),
        sessions: Arc::new(MqttSessions::new(g4, c4, Arc::clone(&measurements), sessions)),
        history: Arc::new(History::new(Arc::clone(&guard), Arc::clone(&measurements), limits)),
        things: Arc::new(Things::new(catalog, deeds)),
        intake: Arc::new(intake),
        presence: Arc::new(Presence::default()),
        guard,
        measurements,
        clock,
        random,
    }
}

fn intake_limits(config: &Config) -> IntakeLimits {
    IntakeLimits {
        sensors_per_device: config.limits.sensors_per_device,
        sensors_per_tenant: config.limits.sensors_per_tenant,
        ..IntakeLimits::default()
    }
}

impl Site {
    /// Makes everything that was handed over durable; takes nothing more.
    pub(crate) async fn close(&self) -> Result<(), StoreError> {
        self.measurements.close().await
    }
}

/// Builds the MQTT door.
pub(crate) fn mqtt_door(site: &Site, config: &Config) -> MqttDoor {
    let tools = roadstead_door_mqtt::Tools {
        guard: Arc::clone(&site.guard),
        intake: Arc::clone(&site.intake),
        live: Arc::clone(&site.live),
        sessions: Arc::clone(&site.sessions),
        presence: Arc::clone(&site.presence),
        clock: Arc::clone(&site.clock),
    };
    let limits = Limits {
        connections: config.limits.connections,
        connections_per_address: config.limits.connections_per_address,
        packet_bytes: config.mqtt.max_packet,
        ..Limits::default()
    };
    MqttDoor::open(tools, limits)
}

/// What the HTTPS door is told.
pub(crate) fn http_settings(
    config: &Config,
    (url, mqtt_port): (&str, u16),
    served: &Arc<Served>,
) -> anyhow::Result<Settings> {
    let authority = served.authority().map(|authority| std::fs::read_to_string(authority.path()));
    let mut always = config.tls.names.clone();
    always.extend(host_of(url).map(str::to_owned));
    let served = Arc::clone(served);
    Ok(Settings {
        has_name: Arc::new(move |host| {
            always.iter().any(|name| name.eq_ignore_ascii_case(host)) || served.is_for(host)
        }),
        public_url: url.to_owned(),
        ca_pem: authority.transpose().context("cannot read the certificate authority")?,
        mqtt_port,
        max_body: config.limits.body_bytes,
        max_unpacked: config.limits.unpacked_bytes,
    })
}

/// The host of `https://HOST` or `https://HOST:PORT`.
fn host_of(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://")?;
    let end =
        if rest.starts_with('[') { rest.find(']').map(|at| at + 1) } else { rest.find([':', '/']) };
    rest.get(..end.unwrap_or(rest.len()))
}

/// Builds what the HTTPS door works with.
pub(crate) fn app(site: &Site, settings: Settings, feeds: usize, mqtt: MqttHandOver) -> App {
    App::new(AppParts {
        guard: Arc::clone(&site.guard),
        things: Arc::clone(&site.things),
        people: Arc::clone(&site.people),
        tenants: Arc::clone(&site.tenants),
        intake: Arc::clone(&site.intake),
        history: Arc::clone(&site.history),
        live: Arc::clone(&site.live),
        presence: Arc::clone(&site.presence),
        clock: Arc::clone(&site.clock),
        random: Arc::clone(&site.random),
        feeds: Arc::new(Feeds::new(feeds, FEEDS_EACH)),
        labour: Arc::new(Semaphore::new(LABOUR)),
        settings,
        mqtt: Some(mqtt),
    })
}
