//! Many connections over a few threads: connect, warm up, measure, drain.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::latency::Histogram;
use crate::process;

/// How long connections may wait for their last answers after the window.
const PATIENCE: Duration = Duration::from_secs(20);

/// Handshakes that one thread has under way at a time.
const HANDSHAKES: usize = 32;

/// How many connections, over how many threads, for how long.
#[derive(Args, Clone)]
pub(crate) struct Plan {
    /// Connections held open.
    #[arg(long, default_value_t = 100)]
    pub(crate) connections: usize,
    /// Length of the measured window.
    #[arg(long, default_value_t = 10.0)]
    pub(crate) seconds: f64,
    /// Seconds of full load before the window.
    #[arg(long, default_value_t = 2.0)]
    pub(crate) warmup: f64,
    /// Generator threads; each owns its share of the connections.
    #[arg(long, default_value_t = 2)]
    pub(crate) threads: usize,
}

/// A kind of load: what one connection is, and what it does until told to stop.
pub(crate) trait Load: Send + Sync + 'static {
    /// A connection that is ready to send.
    type Link: Send + 'static;

    /// Opens the connection with the given number.
    fn connect(&self, number: usize) -> impl Future<Output = Result<Self::Link>> + Send;

    /// Sends until the phase is [`Phase::Drain`] and every answer has come.
    fn drive(
        link: Self::Link,
        gauges: Arc<Gauges>,
    ) -> impl Future<Output = Result<Histogram>> + Send;
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Full load, not counted.
    WarmUp,
    /// Full load, counted.
    Measure,
    /// Nothing new is sent.
    Drain,
}

/// What the connections of one thread tell the run, and the run tells them.
#[derive(Default)]
pub(crate) struct Gauges {
    phase: AtomicU8,
    sent: AtomicU64,
    done: AtomicU64,
    refused: AtomicU64,
    complaints: Mutex<BTreeMap<String, u64>>,
}

impl Gauges {
    /// Where the run stands.
    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Relaxed) {
            0 => Phase::WarmUp,
            1 => Phase::Measure,
            _ => Phase::Drain,
        }
    }

    /// Counts messages handed to the connection.
    pub(crate) fn sent(&self, count: u64) {
        self.sent.fetch_add(count, Relaxed);
    }

    /// Counts messages that the server says it has taken.
    pub(crate) fn done(&self, count: u64) {
        self.done.fetch_add(count, Relaxed);
    }

    /// Counts messages that the server answered with an error.
    pub(crate) fn refused(&self, count: u64, why: String) {
        self.refused.fetch_add(count, Relaxed);
        self.complain(why, count);
    }

    fn complain(&self, what: String, count: u64) {
        let mut complaints = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
        *complaints.entry(what).or_default() += count;
    }

    fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Relaxed);
    }
}

/// What a run showed.
pub(crate) struct Outcome {
    /// Length of the window as it was.
    pub(crate) seconds: f64,
    /// Messages acknowledged inside the window.
    pub(crate) done: u64,
    /// Messages acknowledged from the first to the last.
    pub(crate) done_in_all: u64,
    /// Messages answered with an error.
    pub(crate) refused: u64,
    /// Messages never answered.
    pub(crate) unanswered: u64,
    /// What went wrong, and how often.
    pub(crate) complaints: BTreeMap<String, u64>,
    /// CPU seconds of the server inside the window.
    pub(crate) server_cpu: Option<f64>,
    /// CPU seconds of the generator inside the window.
    pub(crate) own_cpu: f64,
    /// From sending to acknowledgement, sampled inside the window.
    pub(crate) latency: Histogram,
}

impl Outcome {
    /// Messages acknowledged per second.
    pub(crate) fn rate(&self) -> f64 {
        self.done as f64 / self.seconds
    }

    /// Messages acknowledged per CPU second of the server.
    pub(crate) fn per_server_cpu(&self) -> Option<f64> {
        Some(self.done as f64 / self.server_cpu.filter(|&cpu| cpu > 0.0)?)
    }

    /// Whether every message was acknowledged and nothing went wrong.
    pub(crate) fn flawless(&self) -> bool {
        self.refused == 0 && self.unanswered == 0 && self.complaints.is_empty()
    }
}

/// One generator thread, seen from outside.
struct Crew {
    gauges: Arc<Gauges>,
    start: oneshot::Sender<()>,
    thread: std::thread::JoinHandle<Histogram>,
}

/// Runs a load to its end. Fails when the connections cannot be opened.
pub(crate) fn run<L: Load>(load: &Arc<L>, plan: &Plan, server_pid: Option<u32>) -> Result<Outcome> {
    let threads = plan.threads.clamp(1, plan.connections.max(1));
    let (ready, readiness) = mpsc::channel();
    let mut crews = Vec::with_capacity(threads);
    for first in 0..threads {
        let numbers: Vec<_> = (first..plan.connections).step_by(threads).collect();
        crews.push(Crew::hire(Arc::clone(load), numbers, ready.clone())?);
    }
    drop(ready);
    for _ in 0..threads {
        readiness.recv().context("a generator thread ended early")??;
    }
    let (starts, crews): (Vec<_>, Vec<_>) =
        crews.into_iter().map(|crew| (crew.start, (crew.gauges, crew.thread))).unzip();
    for start in starts {
        start.send(()).map_err(|()| anyhow!("a generator thread ended early"))?;
    }
    let gauges: Vec<_> = crews.iter().map(|(gauges, _)| Arc::clone(gauges)).collect();
    let mut outcome = measure(&gauges, plan, server_pid)?;
    for (_, thread) in crews {
        let latency = thread.join().map_err(|_| anyhow!("a generator thread panicked"))?;
        outcome.latency.merge(&latency);
    }
    outcome.settle(&gauges);
    Ok(outcome)
}

/// Warms up, then reads all counters at both ends of the window.
fn measure(gauges: &[Arc<Gauges>], plan: &Plan, server_pid: Option<u32>) -> Result<Outcome> {
    let done = || gauges.iter().map(|gauges| gauges.done.load(Relaxed)).sum::<u64>();
    let enter = |phase| gauges.iter().for_each(|gauges| gauges.enter(phase));
    let server_cpu = || server_pid.map(process::cpu_seconds).transpose();

    std::thread::sleep(Duration::from_secs_f64(plan.warmup));
    enter(Phase::Measure);
    let (began, done_before) = (Instant::now(), done());
    let (server_before, own_before) = (server_cpu()?, process::own_cpu_seconds()?);
    std::thread::sleep(Duration::from_secs_f64(plan.seconds));
    let (seconds, done_after) = (began.elapsed().as_secs_f64(), done());
    let (server_after, own_after) = (server_cpu()?, process::own_cpu_seconds()?);
    enter(Phase::Drain);

    Ok(Outcome {
        seconds,
        done: done_after - done_before,
        done_in_all: 0,
        refused: 0,
        unanswered: 0,
        complaints: BTreeMap::new(),
        server_cpu: server_after.zip(server_before).map(|(after, before)| after - before),
        own_cpu: own_after - own_before,
        latency: Histogram::new(),
    })
}

impl Outcome {
    /// Takes the last counts, once no connection is left.
    fn settle(&mut self, gauges: &[Arc<Gauges>]) {
        for gauges in gauges {
            let (sent, done) = (gauges.sent.load(Relaxed), gauges.done.load(Relaxed));
            let refused = gauges.refused.load(Relaxed);
            self.done_in_all += done;
            self.refused += refused;
            self.unanswered += sent.saturating_sub(done + refused);
            let complaints = gauges.complaints.lock().unwrap_or_else(PoisonError::into_inner);
            for (what, count) in complaints.iter() {
                *self.complaints.entry(what.clone()).or_default() += count;
            }
        }
    }
}

impl Crew {
    fn hire<L: Load>(
        load: Arc<L>,
        numbers: Vec<usize>,
        ready: mpsc::Sender<Result<()>>,
    ) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let gauges = Arc::new(Gauges::default());
        let (start, started) = oneshot::channel();
        let theirs = Arc::clone(&gauges);
        let thread = std::thread::Builder::new().name("generator".into()).spawn(move || {
            runtime.block_on(async {
                let links = connect_all(load, numbers).await;
                let outcome = links.as_ref().map(|_| ()).map_err(|error| anyhow!("{error:#}"));
                let heard = ready.send(outcome).is_ok();
                match links {
                    Ok(links) if heard && started.await.is_ok() => {
                        drive_all::<L>(links, &theirs).await
                    }
                    Ok(_) | Err(_) => Histogram::new(),
                }
            })
        })?;
        Ok(Self { gauges, start, thread })
    }
}

async fn connect_all<L: Load>(load: Arc<L>, numbers: Vec<usize>) -> Result<Vec<L::Link>> {
    let gate = Arc::new(Semaphore::new(HANDSHAKES));
    let mut opening = JoinSet::new();
    for number in numbers {
        let (load, gate) = (Arc::clone(&load), Arc::clone(&gate));
        opening.spawn(async move {
            let _turn = gate.acquire().await?;
            load.connect(number).await.with_context(|| format!("connection {number}"))
        });
    }
    let mut links = Vec::with_capacity(opening.len());
    while let Some(link) = opening.join_next().await {
        links.push(link??);
    }
    Ok(links)
}

/// Drives all connections until they are drained, or patience with the last ones ends.
async fn drive_all<L: Load>(links: Vec<L::Link>, gauges: &Arc<Gauges>) -> Histogram {
    let mut driving = JoinSet::new();
    for link in links {
        driving.spawn(L::drive(link, Arc::clone(gauges)));
    }
    let mut latency = Histogram::new();
    while let Ok(Some(ended)) = next_of(&mut driving, gauges).await {
        match ended.map_err(anyhow::Error::from).flatten() {
            Ok(times) => latency.merge(&times),
            Err(error) => gauges.complain(format!("connection lost: {error:#}"), 1),
        }
    }
    if !driving.is_empty() {
        gauges.complain("connection never drained".into(), driving.len() as u64);
    }
    latency
}

type Ended = std::result::Result<Result<Histogram>, tokio::task::JoinError>;

/// Waits for a connection to end: for ever under load, a bounded time once draining.
async fn next_of(
    driving: &mut JoinSet<Result<Histogram>>,
    gauges: &Gauges,
) -> std::result::Result<Option<Ended>, tokio::time::error::Elapsed> {
    loop {
        let draining = gauges.phase() == Phase::Drain;
        match timeout(PATIENCE, driving.join_next()).await {
            Ok(ended) => return Ok(ended),
            Err(elapsed) if draining => return Err(elapsed),
            Err(_) => {}
        }
    }
}
