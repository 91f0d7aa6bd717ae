//! What is shown right now, and how it changes: renewed by us, or replaced by the operator.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use roadstead_model::{Clock, Random};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::signal::unix::{SignalKind, signal};

use super::authority::Authority;
use super::certificate::{self, About, Names};
use super::read_pair;
use crate::config::Tls;
use crate::folder::{self, Folder};

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(5);

/// Where the certificate comes from.
enum Source {
    /// Signed by an authority of our own for these names.
    Own { authority: Box<Authority>, names: Names },
    /// The operator's files.
    Files,
}

/// The certificate that every listener shows.
pub(crate) struct Served {
    shown: RwLock<Arc<CertifiedKey>>,
    about: RwLock<About>,
    source: Source,
    certificate: PathBuf,
    key: PathBuf,
    clock: Arc<dyn Clock>,
}

impl Served {
    /// Reads the configured certificate, or our own one; makes what is missing or due.
    pub(crate) fn open(
        folder: &Folder,
        tls: &Tls,
        host: &str,
        (clock, random): (Arc<dyn Clock>, &dyn Random),
    ) -> anyhow::Result<Arc<Self>> {
        if let (Some(certificate), Some(key)) = (&tls.certificate, &tls.key) {
            let pair = read_pair(certificate, key)?;
            return Self::made(Source::Files, (certificate.clone(), key.clone()), pair, clock);
        }
        let home = folder.inner("tls")?;
        let authority = Box::new(Authority::open(&home, host, (clock.now(), random))?);
        let names = certificate::names(host, &tls.names);
        let files = (home.join("server.pem"), home.join("server.key"));
        let pair = signed_pair(&authority, &names, (&files.0, &files.1), &*clock)?;
        Self::made(Source::Own { authority, names }, files, pair, clock)
    }

    fn made(
        source: Source,
        (certificate, key): (PathBuf, PathBuf),
        pair: CertifiedKey,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Arc<Self>> {
        let about = About::of(&pair.cert[0])?;
        let (shown, about) = (RwLock::new(Arc::new(pair)), RwLock::new(about));
        let served = Self { shown, about, source, certificate, key, clock };
        served.warn_of_the_end();
        Ok(Arc::new(served))
    }

    /// Our own authority, unless the operator brought a certificate.
    pub(crate) fn authority(&self) -> Option<&Authority> {
        match &self.source {
            Source::Own { authority, .. } => Some(authority),
            Source::Files => None,
        }
    }

    /// Where the shown certificate lies.
    pub(crate) fn certificate(&self) -> &Path {
        &self.certificate
    }

    /// What the shown certificate says of itself.
    pub(crate) fn about(&self) -> About {
        self.about.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the shown certificate is for a name.
    pub(crate) fn is_for(&self, host: &str) -> bool {
        self.about.read().unwrap_or_else(PoisonError::into_inner).is_for(host)
    }

    /// Looks for a new certificate every few seconds and at each SIGHUP, as long as the server runs.
    pub(crate) async fn keep_current(self: Arc<Self>) -> std::io::Result<()> {
        let mut hangup = signal(SignalKind::hangup())?;
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut seen = self.stamps();
        let mut looks: u64 = 0;
        loop {
            let asked = tokio::select! {
                _ = ticks.tick() => false,
                _ = hangup.recv() => true,
            };
            looks = looks.wrapping_add(1);
            if looks.is_multiple_of(LOOKS_PER_DAY) {
                self.renew();
            }
            let now = self.stamps();
            if asked || now != seen {
                seen = now;
                self.reload();
            }
        }
    }

    /// Shows what the files hold now. A bad file changes nothing but the log.
    pub(super) fn reload(&self) {
        let fresh = read_pair(&self.certificate, &self.key);
        match fresh.and_then(|pair| Ok((About::of(&pair.cert[0])?, pair))) {
            Ok((about, pair)) => {
                tracing::info!(certificate = %self.certificate.display(), ends = %about.ends, "showing a new certificate");
                *self.about.write().unwrap_or_else(PoisonError::into_inner) = about;
                *self.shown.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(pair);
                self.warn_of_the_end();
            }
            Err(error) => tracing::error!(
                error = format!("{error:#}"),
                "the new certificate cannot be used; the one before stays"
            ),
        }
    }

    /// Makes a new certificate if ours is due. The next look takes it up.
    pub(super) fn renew(&self) {
        self.warn_of_the_end();
        let Source::Own { authority, names } = &self.source else { return };
        let now = self.clock.now();
        if !self.about().is_due(authority, names, now) {
            return;
        }
        let files = (&*self.certificate, &*self.key);
        if let Err(error) = certificate::issue(authority, files, names, now) {
            tracing::error!(error = format!("{error:#}"), "cannot renew the certificate");
        }
    }

    fn warn_of_the_end(&self) {
        let about = self.about();
        if about.ends_soon(self.clock.now()) {
            tracing::warn!(certificate = %self.certificate.display(), ends = %about.ends, "the certificate ends soon");
        }
    }

    fn stamps(&self) -> [Option<SystemTime>; 2] {
        let changed = |path: &Path| path.metadata().and_then(|about| about.modified()).ok();
        [changed(&self.certificate), changed(&self.key)]
    }
}

/// How many looks make a day.
const LOOKS_PER_DAY: u64 = Duration::from_hours(24).as_secs() / LOOK.as_secs();

/// Our own certificate from its files, if they match and nothing is due; a new one otherwise.
fn signed_pair(
    authority: &Authority,
    names: &Names,
    files: (&Path, &Path),
    clock: &dyn Clock,
) -> anyhow::Result<CertifiedKey> {
    if files.1.exists() {
        folder::refuse_lax(files.1, "600")?;
    }
    if files.0.exists()
        && let Ok(pair) = read_pair(files.0, files.1)
        && !About::of(&pair.cert[0])?.is_due(authority, names, clock.now())
    {
        return Ok(pair);
    }
    certificate::issue(authority, files, names, clock.now())?;
    read_pair(files.0, files.1)
}

impl ResolvesServerCert for Served {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.shown.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Served").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}
