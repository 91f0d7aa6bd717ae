//! The real binary, in a folder of its own, on free ports of the loopback interface.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, bail};

const START: Duration = Duration::from_mins(1);

/// The server's binary: `ROADSTEAD_BINARY`, or the one built beside the running test.
pub fn binary() -> PathBuf {
    if let Some(named) = std::env::var_os("ROADSTEAD_BINARY") {
        return named.into();
    }
    let test = std::env::current_exe().unwrap_or_default();
    let folder = test.parent().and_then(Path::parent).unwrap_or(Path::new("."));
    folder.join("roadstead")
}

/// A port of the loopback interface that is free right now.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback interface has free ports");
    listener.local_addr().expect("a bound socket has an address").port()
}

/// A running server. Killed when dropped.
pub struct Server {
    child: Child,
    folder: tempfile::TempDir,
    /// Where HTTPS listens.
    pub https: u16,
    /// Where MQTT listens.
    pub mqtt: u16,
    /// Where plain HTTP listens.
    pub http: u16,
    /// The claim link that the start printed, if any.
    pub claim: Option<String>,
}

impl Server {
    /// Starts a fresh server and waits until it is ready.
    pub fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let (https, mqtt, http) = (free_port(), free_port(), free_port());
        let config = format!(
            "[door.https]\nlisten = [\"127.0.0.1:{https}\"]\n[door.mqtt]\nlisten = [\"127.0.0.1:{mqtt}\"]\n\
             [door.http]\nlisten = [\"127.0.0.1:{http}\"]\n"
        );
        std::fs::write(folder.path().join("roadstead.toml"), config)?;
        let (child, claim) = launch(folder.path())?;
        Ok(Self { child, folder, https, mqtt, http, claim })
    }

    /// Ends the server at once, as a power cut would end the process.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts the server again on the same folder and ports.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        let (child, claim) = launch(self.folder.path())?;
        (self.child, self.claim) = (child, claim);
        Ok(())
    }

    /// Asks the server to stop and waits; says whether it ended well.
    pub fn stop(&mut self) -> anyhow::Result<bool> {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM)?;
        Ok(self.child.wait()?.success())
    }

    /// The folder with the server's data.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A folder for the test's own files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where the PEM of the server's own authority lies.
    pub fn ca(&self) -> PathBuf {
        self.data().join("tls/ca.pem")
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Runs a command of the binary, with a configuration folder of its own.
    pub fn command(&self, arguments: &[&str]) -> anyhow::Result<std::process::Output> {
        let output = Command::new(binary())
            .args(arguments)
            .env("XDG_CONFIG_HOME", self.folder.path().join("config"))
            .env("HOME", self.folder.path())
            .stdin(Stdio::null())
            .output()?;
        Ok(output)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Starts the binary and reads what it prints until it says that it is ready.
fn launch(folder: &Path) -> anyhow::Result<(Child, Option<String>)> {
    let mut command = Command::new(binary());
    command.arg("serve").arg("--config").arg(folder.join("roadstead.toml"));
    command.arg("--data").arg(folder.join("data"));
    if rustix::process::getuid().is_root() {
        command.arg("--as-root-for-testing");
    }
    let log = std::fs::File::options().create(true).append(true).open(folder.join("server.log"))?;
    let mut child =
        command.stdout(Stdio::piped()).stderr(log).spawn().context("cannot start the binary")?;
    let output = child.stdout.take().context("the child's output is a pipe")?;
    let (told, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let _ = told.send(line);
        }
    });
    let claim = await_ready(&mut child, &lines, folder)?;
    Ok((child, claim))
}

fn await_ready(
    child: &mut Child,
    lines: &mpsc::Receiver<String>,
    folder: &Path,
) -> anyhow::Result<Option<String>> {
    let give_up = std::time::Instant::now() + START;
    let mut claim = None;
    while std::time::Instant::now() < give_up {
        match lines.recv_timeout(Duration::from_millis(100)) {
            Ok(line) if line.starts_with("Ready.") => return Ok(claim),
            Ok(line) if line.contains("/claim#") => claim = Some(line.trim().to_owned()),
            Ok(_) | Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                let status = child.wait()?;
                let log = std::fs::read_to_string(folder.join("server.log")).unwrap_or_default();
                bail!("the server ended at its start with {status}: {log}");
            }
        }
    }
    bail!("the server did not get ready in time")
}
