//! The peer: Debian's mosquitto, set up to compare fairly.
//!
//! TLS 1.3 with a P-256 certificate, a password file and an ACL, as Roadstead always has
//! them. Its limits on queues are lifted and its persistence is off, which favours it:
//! what it acknowledges is kept nowhere.

use std::fmt::Write as _;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use crate::mqtt::Target;
use crate::tls::Identity;

/// A mosquitto that runs as long as this value lives.
pub(crate) struct Mosquitto {
    child: Child,
    port: u16,
    identity: Identity,
    folder: TempDir,
}

impl Mosquitto {
    /// Starts a broker for so many users and waits until it listens.
    pub(crate) fn start(program: &Path, users: usize) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let identity = Identity::create(folder.path())?;
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        write_users(folder.path(), users)?;
        let config = folder.path().join("mosquitto.conf");
        std::fs::write(&config, configuration(folder.path(), &identity, port))?;
        let child = Command::new(program)
            .arg("-c")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let mut broker = Self { child, port, identity, folder };
        broker.wait_until_it_listens()?;
        Ok(broker)
    }

    /// The broker's process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where to connect, and as whom.
    pub(crate) fn target(&self) -> Target {
        Target {
            host: "127.0.0.1".into(),
            port: self.port,
            ca: self.identity.ca.clone(),
            credentials: credentials_file(self.folder.path()),
        }
    }

    fn wait_until_it_listens(&mut self) -> Result<()> {
        for _ in 0..100 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("mosquitto ended at once, {status}");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!("mosquitto does not listen after five seconds")
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        // It may have ended already; either way it is gone after this.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Name and version of a mosquitto program.
pub(crate) fn version(program: &Path) -> Result<String> {
    let help = Command::new(program)
        .arg("-h")
        .output()
        .with_context(|| format!("{} does not run; apt install mosquitto", program.display()))?;
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let version = help.lines().next().and_then(|line| line.strip_prefix("mosquitto version "));
    Ok(format!("mosquitto {}", version.unwrap_or("of unknown version")))
}

fn configuration(folder: &Path, identity: &Identity, port: u16) -> String {
    let show = |path: &Path| path.display().to_string();
    let mut lines = vec![
        "persistence false".to_owned(),
        "log_type error".to_owned(),
        "connection_messages false".to_owned(),
        "max_inflight_messages 0".to_owned(),
        "max_queued_messages 0".to_owned(),
        "set_tcp_nodelay true".to_owned(),
        "allow_anonymous false".to_owned(),
        format!("password_file {}", show(&password_file(folder))),
        format!("acl_file {}", show(&acl_file(folder))),
        format!("listener {port} 127.0.0.1"),
        format!("certfile {}", show(&identity.certificate)),
        format!("keyfile {}", show(&identity.key)),
        "tls_version tlsv1.3".to_owned(),
    ];
    if rustix::process::geteuid().is_root() {
        // It would become another user, who may not read this folder.
        lines.insert(0, "user root".to_owned());
    }
    lines.join("\n") + "\n"
}

/// Writes users with fresh passwords, the digests that the broker reads, and their ACL.
fn write_users(folder: &Path, users: usize) -> Result<()> {
    let mut credentials = String::new();
    let mut acl = String::new();
    for number in 0..users.max(1) {
        writeln!(credentials, "device-{number}:{}", password()?)?;
        writeln!(acl, "user device-{number}\ntopic write me/measurements/#\n")?;
    }
    for path in [credentials_file(folder), password_file(folder)] {
        write_private(&path, &credentials)?;
    }
    write_private(&acl_file(folder), &acl)?;
    let digested = Command::new("mosquitto_passwd")
        .arg("-U")
        .arg(password_file(folder))
        .status()
        .context("starting mosquitto_passwd")?;
    ensure!(digested.success(), "mosquitto_passwd ended with {digested}");
    Ok(())
}

fn password() -> Result<String> {
    let mut random = [0; 16];
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    provider.secure_random.fill(&mut random).ok().context("no randomness")?;
    Ok(format!("{:032x}", u128::from_be_bytes(random)))
}

fn write_private(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(())
}

fn credentials_file(folder: &Path) -> PathBuf {
    folder.join("credentials")
}

fn password_file(folder: &Path) -> PathBuf {
    folder.join("passwords")
}

fn acl_file(folder: &Path) -> PathBuf {
    folder.join("acl")
}
