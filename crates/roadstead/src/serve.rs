//! The server's life: look, open, announce, wait, finish.

mod doors; // the doors, opened on their sockets
mod errands; // what goes on beside the doors
mod status; // what the server sees of itself

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit, umask};
use tokio::signal::unix::{SignalKind, signal};

use crate::announce::{Announcement, Claim, Trust, command, goes_to_journal, link, say, text};
use crate::args::Serve;
use crate::assemble::{self, Site, Tools};
use crate::config::{Config, Settings, Sources, check, read};
use crate::demo::{self, Demo};
use crate::folder::Folder;
use crate::keys::MasterKey;
use crate::operator::{self, Desk};
use crate::system::{SystemClock, SystemRandom};
use crate::tls::Served;
use crate::{log, supervisor, user};

use doors::{Doors, Sockets};

/// How long open requests and connections have to end.
const FAREWELL: Duration = Duration::from_secs(10);

/// Runs the server until it is told to stop.
pub(crate) fn run(how: &Serve) -> anyhow::Result<()> {
    let settings = read(&Sources::here(how.place.config.clone(), how.place.data.clone()))?;
    let config = Config::of(&settings)?;
    refuse_findings(&settings, &config)?;
    let run_as = config.general.run_as.as_deref();
    user::settle(run_as, how.as_root_for_testing, &config.general.data)?;
    user::keep_memory_private()?;
    umask(Mode::RWXG | Mode::RWXO);
    allow_many_files();
    log::start(&config.log);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let lived = runtime.block_on(live(&config, how));
    runtime.shutdown_timeout(Duration::from_secs(1));
    lived
}

fn refuse_findings(settings: &Settings, config: &Config) -> anyhow::Result<()> {
    let findings = check(config);
    let said = findings
        .iter()
        .map(|found| format!("{}: `{}`: {}", settings.origin(found.key), found.key, found.say));
    let said: Vec<_> = said.collect();
    if said.is_empty() { Ok(()) } else { bail!("{}", said.join("\n")) }
}

/// Each connection is a file: as many as the system lets this process have.
fn allow_many_files() {
    let allowed = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: allowed.maximum, ..allowed });
}

async fn live(config: &Config, how: &Serve) -> anyhow::Result<()> {
    let mut end = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let server = Server::open(config).await?;
    let claim = server.claim_secret().await?;
    let shown = claim.as_deref().filter(|_| !how.demo);
    say(&text(&server.announcement(shown)));
    let errands = server.errands();
    let demo = how.demo.then(|| server.demo(how, claim.clone())).transpose()?;
    let demo = demo.map(tokio::spawn);
    supervisor::ready();
    tokio::select! {
        _ = end.recv() => {}
        _ = interrupt.recv() => {}
    }
    supervisor::stopping();
    tracing::info!("stopping");
    if let Some(demo) = demo {
        demo.abort();
    }
    drop(errands);
    tokio::select! {
        closed = server.close() => closed,
        _ = end.recv() => bail!("stopped a second time before everything was done"),
        _ = interrupt.recv() => bail!("stopped a second time before everything was done"),
    }
}

/// A running server.
struct Server {
    folder: Folder,
    site: Site,
    served: Arc<Served>,
    doors: Doors,
    url: String,
}

impl Server {
    async fn open(config: &Config) -> anyhow::Result<Self> {
        let folder = Folder::open(&config.general.data)?;
        let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
        let keys = MasterKey::open(&folder, &*random)?.guard_keys();
        let host = hostname::get()?.to_string_lossy().into_owned();
        let served = Served::open(&folder, &config.tls, &host, (clock.clone(), &*random))?;
        let sockets = Sockets::bind(config)?;
        let url = public_url(config, &sockets);
        let site = assemble::build(&folder, config, Tools { keys, clock, random }).await?;
        let doors = Doors::open(&site, (config, &url), &served, sockets)?;
        let desk = Desk {
            guard: Arc::clone(&site.guard),
            tenants: Arc::clone(&site.tenants),
            people: Arc::clone(&site.people),
            status: status::teller(&site, &doors, &served, &folder),
            url: url.clone(),
        };
        tokio::spawn(operator::serve(operator::bind(folder.path())?, Arc::new(desk), doors.stop()));
        Ok(Self { folder, site, served, doors, url })
    }

    /// A claim link's secret, new at each start until somebody uses one.
    async fn claim_secret(&self) -> anyhow::Result<Option<String>> {
        if self.site.tenants.is_claimed() {
            return Ok(None);
        }
        let invitation = self.site.tenants.invite_first(self.operator()).await?;
        Ok(Some(invitation.secret.reveal().to_owned()))
    }

    fn operator(&self) -> roadstead_guard::Operator {
        self.site.guard.operator(rustix::process::getuid().as_raw())
    }

    fn announcement(&self, claim: Option<&str>) -> Announcement {
        let trust = self.served.authority().map(|authority| Trust {
            path: authority.path().to_owned(),
            fingerprint: authority.fingerprint(),
        });
        Announcement {
            url: self.url.clone(),
            data: self.folder.path().to_owned(),
            doors: self.doors.open_ones(),
            trust,
            claim: match claim {
                None => Claim::Silent,
                Some(_) if goes_to_journal() => Claim::Command,
                Some(secret) => Claim::Link(link(&self.url, "claim", secret)),
            },
        }
    }

    fn errands(&self) -> tokio::task::JoinSet<()> {
        errands::begin(&self.site.tenants, &self.served)
    }

    /// The demo, which runs until it is dropped.
    fn demo(
        &self,
        how: &Serve,
        claim: Option<String>,
    ) -> anyhow::Result<impl Future<Output = ()> + Send + use<>> {
        let authority =
            self.served.authority().context("the demo needs the server's own certificate")?;
        let first = |at: Vec<SocketAddr>, door: &str| {
            at.first().copied().with_context(|| format!("the demo needs the {door} door"))
        };
        let demo = Demo {
            https: first(self.doors.https(), "HTTPS")?,
            mqtt: first(self.doors.mqtt(), "MQTT")?,
            ca: std::fs::read(authority.path())?,
            data: self.folder.path().to_owned(),
            claim,
            pace: how.demo_pace.unwrap_or(demo::PACE),
            clock: Arc::clone(&self.site.clock),
            random: Arc::clone(&self.site.random),
        };
        let (people, operator, url) =
            (Arc::clone(&self.site.people), self.operator(), self.url.clone());
        let data = self.folder.path().to_owned();
        let ready = async move {
            if goes_to_journal() {
                say(
                    "The demo runs. The journal gets no link; this prints one that signs you in:\n",
                );
                say(&format!("  {}", command("sign-in-link", &data)));
                return Ok(());
            }
            let owners = people.owners(operator);
            let owner = owners.iter().find(|(_, person)| person.email.as_str() == demo::OWNER);
            let (_, owner) = owner.context("the demo has no owner")?;
            let secret = people.sign_in_link(operator, owner.id).await?;
            say("The demo runs. Sign in with this link; it works once, for an hour:\n");
            say(&format!("  {}", link(&url, "sign-in", secret.reveal())));
            Ok(())
        };
        Ok(async move {
            if let Err(error) = demo.run(ready).await {
                tracing::error!(error = format!("{error:#}"), "the demo has ended");
            }
        })
    }

    /// Takes nothing more, lets what is open end, makes everything durable.
    async fn close(self) -> anyhow::Result<()> {
        self.doors.close(FAREWELL).await;
        self.site.close().await.context("not everything could be made durable")?;
        remove_socket(self.folder.path());
        tracing::info!("stopped");
        Ok(())
    }
}

fn remove_socket(data: &Path) {
    if let Err(error) = operator::remove(data) {
        tracing::debug!(%error, "the operator's socket stays");
    }
}

/// Where people reach the server: as configured, or this machine itself.
fn public_url(config: &Config, sockets: &Sockets) -> String {
    if let Some(url) = &config.general.public_url {
        return url.trim_end_matches('/').to_owned();
    }
    match sockets.https_port() {
        Some(443) | None => "https://localhost".to_owned(),
        Some(port) => format!("https://localhost:{port}"),
    }
}
