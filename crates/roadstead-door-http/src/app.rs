//! What handlers work with: the guard, the services, the clock. Small, and passed.

use std::pin::Pin;
use std::sync::Arc;

use roadstead_guard::{Guard, Origin, Secret};
use roadstead_model::{Clock, Random};
use roadstead_services::history::History;
use roadstead_services::intake::Intake;
use roadstead_services::live::Live;
use roadstead_services::{People, Presence, Tenants, Things};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;

use crate::feeds::Feeds;
use crate::problem::{Kind, Problem};

/// A byte stream that carries MQTT inside a WebSocket.
pub trait MqttStream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> MqttStream for T {}

/// Serves one MQTT connection that came by WebSocket, until it ends.
pub type MqttHandOver = Arc<
    dyn Fn(Box<dyn MqttStream>, Origin) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync,
>;

/// Whether the server has a name at this moment; a new certificate may bring others.
pub type HasName = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// What an operator can set of this door.
#[derive(Clone)]
pub struct Settings {
    /// Whether this server answers to a name; any address literal is answered too.
    pub has_name: HasName,
    /// Where clients reach the server, without a slash at the end: links are built from it alone.
    pub public_url: String,
    /// The PEM of the authority that signed the server's certificate; `None` with an own certificate.
    pub ca_pem: Option<String>,
    /// The port of the MQTT door as clients see it, for the commands on the page.
    pub mqtt_port: u16,
    /// Largest request body as sent, in bytes.
    pub max_body: usize,
    /// Largest request body once unpacked, in bytes.
    pub max_unpacked: usize,
}

impl Settings {
    /// The address that lets an invited person in, once, and leads to setting a password.
    pub(crate) fn invitation(&self, secret: &Secret) -> String {
        format!("{}/sign-in?next=/account#{}", self.public_url, secret.reveal())
    }
}

/// Everything that handlers work with.
#[derive(Clone)]
pub struct App(Arc<AppParts>);

/// The parts of [`App`], as the binary puts them together.
pub struct AppParts {
    /// Who are you, and may you?
    pub guard: Arc<Guard>,
    /// Spaces, assets, types, devices, sensors.
    pub things: Arc<Things>,
    /// Signing in, tokens, invitations, grants.
    pub people: Arc<People>,
    /// Claims.
    pub tenants: Arc<Tenants>,
    /// Taking measurements.
    pub intake: Arc<Intake>,
    /// Reading stored measurements.
    pub history: Arc<History>,
    /// Reading measurements as they come.
    pub live: Arc<Live>,
    /// Which devices are here.
    pub presence: Arc<Presence>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness, for request ids.
    pub random: Arc<dyn Random>,
    /// Live feeds that are open, in all and of each principal.
    pub feeds: Arc<Feeds>,
    /// As much unpacking, reading and writing of files goes on at once as there are places.
    pub labour: Arc<Semaphore>,
    /// What an operator can set.
    pub settings: Settings,
    /// The MQTT door, if it is open.
    pub mqtt: Option<MqttHandOver>,
}

impl App {
    /// Puts the parts together.
    pub fn new(parts: AppParts) -> Self {
        Self(Arc::new(parts))
    }
}

impl App {
    /// Does work that would hold up other connections on a thread of its own.
    pub(crate) async fn beside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let busy = || Problem::new(Kind::Busy, "the server is busy: try again in a moment");
        let place = Arc::clone(&self.labour).acquire_owned().await.map_err(|_| busy())?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(place);
            done
        });
        done.await.map_err(|failure| Problem::internal(&failure))?
    }
}

impl std::ops::Deref for App {
    type Target = AppParts;

    fn deref(&self) -> &AppParts {
        &self.0
    }
}
