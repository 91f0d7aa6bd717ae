//! From a folder to a running store.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Condvar, Mutex, RwLock, mpsc};
use std::thread::{self, JoinHandle};

use roadstead_model::{Clock, Position};
use roadstead_store::{Durable, Feed};
use tokio::sync::{Notify, watch};

use super::compact::Merger;
use super::files::Files;
use super::flush::Flusher;
use super::journal::{self, Disk, Found, Journal, sync_folder};
use super::memory::{Memory, accepted};
use super::record::Entry;
use super::state::{Bounds, Front, Kept};
use super::writer::{Shared, Writer};
use super::{EmbeddedMeasurements, Options};

/// Where the store is, and on what.
pub(super) struct Place {
    pub(super) folder: PathBuf,
    pub(super) disk: Arc<dyn Disk>,
}

/// Opens the store and starts its threads.
pub(super) fn open(
    place: &Place,
    options: &Options,
    clock: Arc<dyn Clock>,
) -> io::Result<EmbeddedMeasurements> {
    let journal_folder = place.folder.join("journal");
    make_folder(&journal_folder)?;
    let lock = lock(&place.folder)?;
    let files = Arc::new(Files::open(&place.folder)?);
    let mut recovered = Recovered::new(options, files.rows_from());
    let found = journal::recover(&journal_folder, |segment, entry| recovered.take(segment, entry))?;
    check_reach(&files, &found, &journal_folder)?;
    let disk = Arc::clone(&place.disk);
    let journal = Journal::open(&journal_folder, disk, options.segment_bytes, &found)?;
    let segments = journal.segments();
    segments.remove_before(files.rows_from(), options.feed_kept as u64)?;
    let (shared, kept) = recovered.finish(options);
    let shared = Arc::new(shared);
    let threads = start(Arc::clone(&shared), Arc::clone(&files), journal, kept, options)?;
    let threads = Arc::new(Mutex::new(threads));
    Ok(EmbeddedMeasurements { shared, files, segments, clock, threads, _lock: Arc::new(lock) })
}

/// Makes a folder and what is missing above it, with names that survive a power cut.
fn make_folder(folder: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|path| !path.exists()).collect();
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    for made in missing.into_iter().rev() {
        match made.parent() {
            Some(above) if above.as_os_str().is_empty() => sync_folder(Path::new("."))?,
            Some(above) => sync_folder(above)?,
            None => {}
        }
    }
    folder.parent().map_or(Ok(()), sync_folder)
}

fn lock(folder: &Path) -> io::Result<File> {
    let file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(folder.join("LOCK"))?;
    let taken = rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive);
    match taken {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(io::Error::new(
            io::ErrorKind::WouldBlock,
            format!("another server uses {}: stop it first", folder.display()),
        )),
        Err(errno) => Err(errno.into()),
    }
}

/// The journal must reach from what stands in files to the end.
fn check_reach(files: &Files, found: &Found, folder: &Path) -> io::Result<()> {
    let from = files.rows_from().max(1);
    let is_new = files.rows_from() == 0 && found.is_empty();
    if is_new || found.spans(from) {
        return Ok(());
    }
    let (what, folder) = (found.wrong_with(from), folder.display());
    let say =
        format!("segment {from:016x} of the journal {what} in {folder}: restore it from a backup");
    Err(io::Error::new(io::ErrorKind::InvalidData, say))
}

/// What the journal says, as it is read.
pub(super) struct Recovered {
    memory: Memory,
    feed: Feed,
    kept: Kept,
    rows_from: u64,
    /// The oldest segment there is.
    first: Option<u64>,
}

impl Recovered {
    /// Before anything was read.
    pub(super) fn new(options: &Options, rows_from: u64) -> Self {
        let (memory, kept) = (Memory::default(), Kept::keeping(options.keys_kept));
        Self { memory, feed: Feed::keeping(options.feed_kept), kept, rows_from, first: None }
    }

    fn take(&mut self, segment: u64, entry: Entry) {
        // Later snapshots repeat what the entries before them have said already.
        let first = *self.first.get_or_insert(segment);
        let is_state = matches!(
            entry,
            Entry::Next(..) | Entry::Sensor(..) | Entry::Received(..) | Entry::Key(..)
        );
        if segment != first && is_state {
            return;
        }
        self.kept.apply(&entry);
        match entry {
            Entry::Batch(handed) => {
                self.memory.apply(&handed, segment >= self.rows_from);
                self.feed.push(accepted(handed));
            }
            Entry::Forget(sensor) => self.memory.forget(sensor),
            Entry::Next(tenant, end) => {
                self.memory.stand(tenant, end);
                self.feed.resume(tenant, end);
            }
            Entry::Sensor(sensor, known) => self.memory.know(sensor, *known),
            Entry::Save(..)
            | Entry::Release(..)
            | Entry::Remove(_)
            | Entry::Received(..)
            | Entry::Key(..)
            | Entry::Begin { .. }
            | Entry::Closed => {}
        }
    }

    /// What the threads of the store begin with.
    pub(super) fn finish(self, options: &Options) -> (Shared, Kept) {
        let Self { memory, feed, kept, .. } = self;
        let bounds = Bounds { pending: options.pending, keys: options.keys_kept };
        let mut front = Front::new(bounds, memory.owners(), &kept);
        for (key, at) in kept.keys() {
            front.remember(key, at);
        }
        for (tenant, end) in memory.positions() {
            feed.resume(*tenant, Position(*end));
        }
        let shared = Shared {
            front: Mutex::new(front),
            work: Condvar::new(),
            room: Notify::new(),
            durable: watch::Sender::new(Durable::default()),
            memory: RwLock::new(memory),
            feed: Arc::new(feed),
            accepted: AtomicU64::new(0),
            halt: AtomicBool::new(false),
        };
        (shared, kept)
    }
}

/// Starts the threads; the writer is the first.
fn start(
    shared: Arc<Shared>,
    files: Arc<Files>,
    journal: Journal,
    kept: Kept,
    options: &Options,
) -> io::Result<Vec<JoinHandle<()>>> {
    let (sealed, to_flush) = mpsc::sync_channel(options.sealed_sets.saturating_sub(1));
    let (merge, to_merge) = mpsc::sync_channel(1);
    merge.try_send(()).map_err(io::Error::other)?; // what a crash left unmerged
    let merger = Merger {
        shared: Arc::clone(&shared),
        files: Arc::clone(&files),
        most_files: options.day_files,
        group_rows: options.group_rows,
    };
    let flusher = Flusher {
        shared: Arc::clone(&shared),
        files,
        segments: journal.segments(),
        feed_kept: options.feed_kept as u64,
        group_rows: options.group_rows,
        merge,
    };
    let writer = Writer::new(shared, journal, kept, sealed, options.flush_rows);
    let named = |name: &str| thread::Builder::new().name(name.to_owned());
    Ok(vec![
        named("journal").spawn(move || writer.run())?,
        named("flush").spawn(move || flusher.run(&to_flush))?,
        named("merge").spawn(move || merger.run(&to_merge))?,
    ])
}
