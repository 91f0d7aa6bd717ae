//! The one writer: everything that waits becomes one record, one write and one sync.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;
use std::{collections::HashSet, io};

use roadstead_model::{Position, Quality, Reading, SensorId, TenantId};
use roadstead_store::{Durable, Feed, Ticket};
use tokio::sync::{Notify, watch};

use super::Map;
use super::journal::{self, Journal};
use super::memory::{Memory, Sealed, accepted};
use super::record::{self, Entry, Handed, VERSION};
use super::state::{Front, Kept};

/// About how many bytes a reading takes in a record, to judge what still fits.
const ABOUT: u64 = 64;

/// When the disk is full the writer tries again this often.
const AGAIN: Duration = Duration::from_secs(1);

/// What the writer shares with everybody else.
pub(super) struct Shared {
    pub(super) front: Mutex<Front>,
    pub(super) work: Condvar,
    pub(super) room: Notify,
    pub(super) durable: watch::Sender<Durable>,
    pub(super) memory: RwLock<Memory>,
    pub(super) feed: Arc<Feed>,
    /// Measurements accepted since the start.
    pub(super) accepted: AtomicU64,
    /// Threads end at once and leave what waits undone, as in a crash.
    pub(super) halt: AtomicBool,
}

impl Shared {
    pub(super) fn front(&self) -> MutexGuard<'_, Front> {
        self.front.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn memory(&self) -> RwLockReadGuard<'_, Memory> {
        self.memory.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn change_memory<T>(&self, change: impl FnOnce(&mut Memory) -> T) -> T {
        change(&mut self.memory.write().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn halts(&self) -> bool {
        self.halt.load(Ordering::Acquire)
    }

    /// Does the work of a thread. When that fails or panics, nothing is taken any more.
    pub(super) fn guard(&self, work: impl FnOnce() -> io::Result<()>) {
        let error = match catch_unwind(AssertUnwindSafe(work)) {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error,
            Err(_) => io::Error::other("a thread of the store has failed in itself"),
        };
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "the journal cannot be written: nothing is acknowledged until the next start"
        );
        self.front().stopped = true;
        self.durable.send_modify(|durable| durable.stopped = true);
        self.room.notify_waiters();
        self.work.notify_one();
    }
}

/// The writer's own things.
pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) journal: Journal,
    pub(super) kept: Kept,
    pub(super) flush_rows: usize,
    /// Takes sealed rows to the files; full when these are behind.
    pub(super) sealed: SyncSender<Sealed>,
    next: Map<TenantId, u64>,
    newest: Map<SensorId, i64>,
    run: Vec<RowKey>,
    /// It was said that the disk is full.
    held: bool,
}

/// What makes two rows the same: sensor, time and principal.
type RowKey = (u64, i64, u64);

impl Writer {
    /// Makes the writer of a store that recovery has read.
    pub(super) fn new(
        shared: Arc<Shared>,
        journal: Journal,
        kept: Kept,
        sealed: SyncSender<Sealed>,
        flush_rows: usize,
    ) -> Self {
        let next = shared.memory().positions().clone();
        let (newest, run) = (Map::default(), Vec::new());
        Self { shared, journal, kept, flush_rows, sealed, next, newest, run, held: false }
    }

    /// Works until the store is closed or the disk refuses.
    pub(super) fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        shared.guard(|| self.work());
    }

    fn work(&mut self) -> io::Result<()> {
        if self.journal.is_blank() {
            self.write_snapshot()?;
        }
        let mut group = Vec::new();
        while let Some((weight, last)) = self.next_group(&mut group) {
            self.shared.room.notify_waiters();
            self.rotate_when_due(weight)?;
            self.commit(&mut group)?;
            self.shared.durable.send_modify(|durable| durable.through = last);
        }
        if !self.shared.halts() && !self.shared.front().stopped {
            let mut record = self.journal.blank_record();
            record::write(&mut record, &Entry::Closed);
            self.commit_record(record, 0)?;
        }
        Ok(())
    }

    /// Waits for work; `None` when there will be no more.
    fn next_group(&self, group: &mut Vec<Entry>) -> Option<(usize, Ticket)> {
        let mut front = self.shared.front();
        loop {
            if self.shared.halts() || front.stopped {
                return None;
            }
            if !front.is_empty() {
                return Some(front.swap(group));
            }
            if front.closing {
                return None;
            }
            front.idle = true;
            front = self.shared.work.wait(front).unwrap_or_else(PoisonError::into_inner);
            front.idle = false;
        }
    }

    fn rotate_when_due(&mut self, weight: usize) -> io::Result<()> {
        let rows = self.shared.memory().unsealed();
        let fits = self.journal.fits(weight as u64 * ABOUT);
        if fits && rows < self.flush_rows {
            return Ok(());
        }
        while let Err(error) = self.journal.rotate() {
            if fits && journal::is_full(&error) {
                return Ok(()); // the segment has room that is reserved
            }
            self.hold(error)?;
        }
        self.held = false;
        self.write_snapshot()?;
        let until = self.journal.number();
        let sealed = self.shared.change_memory(|memory| memory.seal(until));
        let handed_over = self.sealed.send(sealed).is_ok();
        if handed_over || self.shared.halts() || self.shared.front().closing {
            Ok(()) // while the store ends it is the journal that has these rows
        } else {
            Err(io::Error::other("nobody brings rows into files any more"))
        }
    }

    /// Waits a while when the disk is full; fails when waiting is of no use.
    fn hold(&mut self, error: io::Error) -> io::Result<()> {
        let front = self.shared.front();
        if !journal::is_full(&error) || front.closing || front.stopped || self.shared.halts() {
            return Err(error);
        }
        if !std::mem::replace(&mut self.held, true) {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the journal has no room: nothing is acknowledged until the disk has some"
            );
        }
        drop(self.shared.work.wait_timeout(front, AGAIN));
        Ok(())
    }

    fn commit_record(&mut self, mut record: Vec<u8>, rows: u64) -> io::Result<()> {
        while let Err(error) = self.journal.write(&mut record) {
            self.hold(error)?;
        }
        self.journal.commit(record, rows)
    }

    /// Begins a segment with all that is so and stands in no row.
    fn write_snapshot(&mut self) -> io::Result<()> {
        let mut record = self.journal.blank_record();
        let segment = self.journal.number();
        record::write(&mut record, &Entry::Begin { version: VERSION, segment });
        let memory = self.shared.memory();
        for (tenant, end) in memory.positions() {
            record::write(&mut record, &Entry::Next(*tenant, Position(*end)));
        }
        for (sensor, known) in memory.all_known() {
            record::write(&mut record, &Entry::Sensor(sensor, Box::new(known.clone())));
        }
        drop(memory);
        for entry in self.kept.entries() {
            record::write(&mut record, &entry);
        }
        self.commit_record(record, 0)
    }

    /// Makes a group durable and then visible.
    fn commit(&mut self, group: &mut Vec<Entry>) -> io::Result<()> {
        let mut record = self.journal.blank_record();
        let mut rows = 0;
        let mut seen = None;
        for index in 0..group.len() {
            let (before, rest) = group.split_at_mut(index);
            if let Entry::Batch(handed) = &mut rest[0] {
                rows += self.prepare(handed, before, &mut seen);
            }
            record::write(&mut record, &rest[0]);
        }
        self.commit_record(record, rows)?;
        self.shared.accepted.fetch_add(rows, Ordering::Relaxed);
        self.publish(group);
        Ok(())
    }

    fn publish(&mut self, group: &mut Vec<Entry>) {
        for entry in group.iter() {
            self.kept.apply(entry);
        }
        self.shared.change_memory(|memory| {
            for entry in group.iter() {
                match entry {
                    Entry::Batch(handed) => memory.apply(handed, true),
                    Entry::Forget(sensor) => memory.forget(*sensor),
                    _ => {}
                }
            }
        });
        self.shared.feed.push(group.drain(..).filter_map(|entry| match entry {
            Entry::Batch(handed) => accepted(handed),
            _ => None,
        }));
    }

    /// Drops what is here already and gives the rest its positions; says how many rows are left.
    fn prepare(&mut self, handed: &mut Handed, before: &[Entry], seen: &mut Option<Seen>) -> u64 {
        let principal = handed.source.principal.integer();
        let memory = self.shared.memory();
        let mut good = 0;
        self.run.clear();
        handed.batch.readings.retain(|reading| {
            let key = (reading.sensor.integer(), reading.time.micros(), principal);
            let quarantined = reading.quality == Quality::Quarantined;
            let first_time = || memory.newest(reading.sensor).unwrap_or(i64::MIN);
            let newest = self.newest.entry(reading.sensor).or_insert_with(first_time);
            if key.1 <= *newest || quarantined {
                let seen = seen.get_or_insert_with(|| Seen::of(before, &self.run));
                if seen.earlier.contains(&key) || memory.holds(reading, principal) {
                    return false;
                }
            }
            match seen.as_mut() {
                Some(seen) => drop(seen.earlier.insert(key)),
                None => self.run.push(key),
            }
            if !quarantined {
                *newest = key.1.max(*newest);
                good += 1;
            }
            true
        });
        let next = self.next.entry(handed.source.device.tenant()).or_default();
        handed.first = Position(*next);
        *next += good;
        handed.batch.readings.len() as u64
    }
}

/// The keys of a group's rows so far: made only when one of them could be a repetition.
struct Seen {
    earlier: HashSet<RowKey, foldhash::fast::RandomState>,
}

impl Seen {
    fn of(before: &[Entry], run: &[RowKey]) -> Self {
        let mut earlier: HashSet<_, _> = run.iter().copied().collect();
        for entry in before {
            let Entry::Batch(handed) = entry else { continue };
            let principal = handed.source.principal.integer();
            let key = |one: &Reading| (one.sensor.integer(), one.time.micros(), principal);
            earlier.extend(handed.batch.readings.iter().map(key));
        }
        Self { earlier }
    }
}
