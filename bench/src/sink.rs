//! A server that does nothing but acknowledge: the generator's own ceiling.
//!
//! It reads lengths and ids and nothing else. What the generator reaches against it is
//! the most that any figure of this generator on this machine can mean.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use clap::Args;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::fleet::{self, Outcome, Plan};
use crate::mqtt::{Message, Publishers, Target};
use crate::report;
use crate::tls::Identity;
use crate::wire;

const INPUT: usize = 64 * 1024;

/// Arguments of `roadstead-bench ceiling`.
#[derive(Args)]
pub(crate) struct CeilingArgs {
    #[command(flatten)]
    message: Message,
    #[command(flatten)]
    plan: Plan,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

/// Arguments of `roadstead-bench sink`.
#[derive(Args)]
pub(crate) struct SinkArgs {
    /// Folder for the throw-away certificates.
    #[arg(long)]
    folder: PathBuf,
}

/// A sink in a process of its own, so that its CPU time can be told apart.
struct Sink {
    child: Child,
    port: u16,
    folder: TempDir,
}

/// Measures the generator against a sink; says whether nothing went wrong.
pub(crate) fn ceiling(args: &CeilingArgs) -> Result<bool> {
    let outcome = measure(&args.message, &args.plan)?;
    report::print(&outcome, "messages", args.json);
    Ok(outcome.flawless())
}

/// Runs a load against a sink of its own.
pub(crate) fn measure(message: &Message, plan: &Plan) -> Result<Outcome> {
    let sink = Sink::start()?;
    let credentials = sink.folder.path().join("credentials");
    std::fs::write(&credentials, "anyone:anything\n")?;
    let ca = sink.folder.path().join("ca.pem");
    let target = Target { host: "127.0.0.1".into(), port: sink.port, ca, credentials };
    let publishers = Publishers::new(&target, message)?;
    fleet::run(&Arc::new(publishers), plan, Some(sink.child.id()))
}

impl Sink {
    fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut child = Command::new(std::env::current_exe()?)
            .args(["sink", "--folder"])
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting the sink")?;
        let mut port = String::new();
        let output = child.stdout.take().context("the sink has no output")?;
        BufReader::new(output).read_line(&mut port)?;
        let port = port.trim().parse().context("the sink did not say its port")?;
        Ok(Self { child, port, folder })
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // It may have ended already; either way it is gone after this.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Serves on a free loopback port, prints it, and ends with the standard input.
pub(crate) fn serve(args: &SinkArgs) -> Result<()> {
    let config = Identity::create(&args.folder)?.server_config()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        println!("{}", listener.local_addr()?.port());
        tokio::spawn(accept(listener, TlsAcceptor::from(Arc::new(config))));
        let ended = tokio::task::spawn_blocking(|| {
            let mut input = std::io::stdin().lock();
            while !matches!(input.read(&mut [0; 64]), Ok(0) | Err(_)) {}
        });
        ended.await.context("waiting for the input to end")
    })
}

async fn accept(listener: TcpListener, tls: TlsAcceptor) {
    while let Ok((tcp, _)) = listener.accept().await {
        let tls = tls.clone();
        tokio::spawn(async move {
            if let Err(error) = acknowledge(tcp, tls).await {
                eprintln!("sink: {error:#}");
            }
        });
    }
}

/// Answers everything that one connection sends, as soon as it is read.
async fn acknowledge(tcp: TcpStream, tls: TlsAcceptor) -> Result<()> {
    tcp.set_nodelay(true)?;
    let mut stream = tls.accept(tcp).await?;
    let mut input = vec![0; INPUT];
    let mut answers = Vec::with_capacity(INPUT);
    let mut filled = 0;
    loop {
        let read = stream.read(&mut input[filled..]).await?;
        if read == 0 {
            return Ok(());
        }
        filled += read;
        let taken = answer_all(&input[..filled], &mut answers)?;
        ensure!(taken > 0 || filled < INPUT, "a packet of over {INPUT} bytes");
        input.copy_within(taken..filled, 0);
        filled -= taken;
        stream.write_all(&answers).await?;
        stream.flush().await?;
        answers.clear();
    }
}

/// Answers every whole packet in `input`; returns how many bytes they were.
fn answer_all(input: &[u8], answers: &mut Vec<u8>) -> Result<usize> {
    let mut at = 0;
    while let Some((packet, length)) = wire::split(&input[at..])? {
        at += length;
        if let Some(id) = packet.publish_id()? {
            wire::put_acknowledgement(answers, id);
        } else if let Some(welcome) = packet.welcome() {
            answers.extend_from_slice(welcome);
        }
    }
    Ok(at)
}
