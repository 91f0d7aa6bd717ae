//! The demo: a tenant whose devices replay real recordings through the real doors.
//!
//! It is a client like any other: it claims the server by its claim link, makes places and
//! devices by the REST API, brings past values by HTTPS and live ones by MQTT, each device
//! with a token of its own. It runs inside the server's process for convenience only.

mod device; // one device: the past, then the present
mod keep; // tokens, between starts
mod mqtt; // a small MQTT publisher
mod plan; // what there is
mod recording; // what was measured
mod replay; // a recording laid over the present
mod rest; // a small REST client
mod setup; // the first start

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use futures_util::future::join_all;
use roadstead_model::{Clock, Random, Timestamp};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tracing::warn;

use self::device::DemoDevice;
use self::keep::Keep;
use self::recording::Recording;
use self::replay::Replay;
use self::rest::{Api, HOST};

/// The owner's address, for the sign-in link.
pub(crate) use self::plan::OWNER;

/// How often a device of the demo speaks unless told otherwise.
pub(crate) const PACE: Duration = Duration::from_secs(2);

/// The fastest pace: faster than this nobody can follow on a page.
const FASTEST: Duration = Duration::from_millis(50);

/// Reads a pace such as `500ms`, `2s` or `15m`.
pub(crate) fn pace(text: &str) -> Result<Duration, &'static str> {
    let read =
        text.parse::<jiff::SignedDuration>().ok().and_then(|read| Duration::try_from(read).ok());
    read.filter(|pace| *pace >= FASTEST)
        .ok_or("write a duration of 50ms or more, such as 2s or 15m")
}

/// What the demo needs from the server it runs in: where the doors are, and how the server was started.
pub(crate) struct Demo {
    /// Where HTTPS is listened on.
    pub(crate) https: SocketAddr,
    /// Where MQTT over TLS is listened on.
    pub(crate) mqtt: SocketAddr,
    /// The certificate of the server's own authority, in PEM.
    pub(crate) ca: Vec<u8>,
    /// The data folder, for `demo.json`.
    pub(crate) data: PathBuf,
    /// The secret of the claim link, when this start printed one.
    pub(crate) claim: Option<String>,
    /// How often each device speaks.
    pub(crate) pace: Duration,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Randomness, for the owner's password.
    pub(crate) random: Arc<dyn Random>,
}

/// The MQTT door as the devices see it.
struct Doors {
    mqtt: SocketAddr,
    tls: TlsConnector,
}

impl Demo {
    /// Sets the demo up or goes on with it, calls `ready` once the past values are there, then speaks without end.
    ///
    /// `ready` is the place to print the one-time sign-in link for the owner.
    pub(crate) async fn run(
        self,
        ready: impl Future<Output = anyhow::Result<()>>,
    ) -> anyhow::Result<()> {
        let api = Api::new(reachable(self.https), &self.ca)?;
        let keep = self.open(&api).await?;
        setup::complete(&api, &keep).await?;
        let devices = self.devices(&keep).await?;
        join_all(devices.iter().map(|device| fill(device, &api))).await;
        setup::finish(&api, &keep).await?;
        ready.await?;
        let doors = Doors::new(reachable(self.mqtt), &self.ca)?;
        join_all(devices.iter().map(|device| self.speak(device, &doors))).await;
        bail!("no device of the demo has a valid token any more")
    }

    async fn open(&self, api: &Api) -> anyhow::Result<Keep> {
        match (Keep::open(&self.data)?, &self.claim) {
            (_, Some(claim)) => setup::claim(api, claim, &self.data, &*self.random).await,
            (Some(keep), None) => {
                setup::take_up(api, &keep).await?;
                Ok(keep)
            }
            (None, None) => bail!(
                "`{}` belongs to a tenant that is not the demo's: give the demo a folder of its own with --data",
                self.data.display()
            ),
        }
    }

    async fn devices<'a>(&'a self, keep: &'a Keep) -> anyhow::Result<Vec<DemoDevice<'a>>> {
        let now = self.clock.now();
        let mut known = keep.known().await;
        let devices = plan::DEVICES.iter().map(|device| {
            let kept = known.devices.remove(device.name);
            let kept =
                kept.with_context(|| format!("demo.json has no device `{}`", device.name))?;
            let replay = Replay::onto(Recording::read(device.recording)?, now, offset(now)?);
            Ok(DemoDevice { name: device.name, kept, replay, keep, clock: &*self.clock })
        });
        devices.collect()
    }

    async fn speak(&self, device: &DemoDevice<'_>, doors: &Doors) {
        if let Err(error) = device.speak(doors, self.pace).await {
            warn!(
                device = device.name,
                error = format!("{error:#}"),
                "the demo's device has stopped"
            );
        }
    }
}

/// Brings a device's past values; what goes wrong with one device does not hold up the others.
async fn fill(device: &DemoDevice<'_>, api: &Api) {
    if let Err(error) = device.fill(api).await {
        warn!(device = device.name, error = format!("{error:#}"), "no past values of this device");
    }
}

impl Doors {
    fn new(mqtt: SocketAddr, ca: &[u8]) -> anyhow::Result<Self> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(ca)?)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { mqtt, tls: Arc::new(config).into() })
    }

    async fn mqtt_stream(&self) -> anyhow::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.mqtt).await?;
        stream.set_nodelay(true)?;
        Ok(self.tls.connect(ServerName::try_from(HOST)?, stream).await?)
    }
}

/// The loopback address when all are listened on.
fn reachable(listened: SocketAddr) -> SocketAddr {
    let address = match listened.ip() {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    };
    SocketAddr::new(address, listened.port())
}

/// How far this machine's wall clock is ahead of UTC, in seconds.
fn offset(now: Timestamp) -> anyhow::Result<i64> {
    let instant = jiff::Timestamp::from_microsecond(now.micros())?;
    Ok(jiff::tz::TimeZone::system().to_offset(instant).seconds().into())
}

#[cfg(test)]
mod tests;
