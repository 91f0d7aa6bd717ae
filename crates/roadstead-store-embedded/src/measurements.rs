//! Measurements and sessions in one folder: a journal first, files of columns later.
//!
//! `append` puts a batch into a queue; one writer makes all that waits durable with one
//! write and one sync, lets readers see it and says so. Behind its back a flusher brings
//! rows from memory into Parquet files, and a merger keeps their number small.

mod record; // what stands in a record
mod journal; // segments of records, and reading them back
mod state; // what stands in no row, and the queue
mod writer; // from the queue to the disk, and then to readers
mod memory; // what is recent
mod columns; // a measurement as columns
mod series; // one file of columns
mod window; // which rows share a file
mod files; // the list of files
mod flush; // from memory into files
mod compact; // from many files into one
mod read; // memory and files, merged
mod open; // from a folder to a running store

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::{fs::File, io};

use roadstead_guard::{Permit, Read, Write};
use roadstead_model::{Clock, DeviceId, Measurement, Position, SensorId, TenantId};
use roadstead_store::{
    Appended, Batch, Curve, Durable, Feed, Later, Measurements, Once, Page, SessionKey,
    SessionState, Sessions, StoreError, StoreStatus, Ticket, TimeRange,
};
use tokio::sync::watch;

use files::Files;
use journal::{RealDisk, Segments};
use record::{Entry, Handed};
use state::Front;
use writer::Shared;

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

const fn day_of(time: i64) -> i64 {
    time.div_euclid(DAY)
}

/// How much the store holds where. The defaults suit a small server.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Bytes of a journal segment, reserved when it begins.
    pub segment_bytes: u64,
    /// Readings that may wait for the disk; then appending answers that it is busy.
    pub pending: usize,
    /// Rows in memory that make it time for files of columns. A row takes about 80 bytes.
    pub flush_rows: usize,
    /// Sealed sets of rows that may wait for their files; then the writer waits too.
    pub sealed_sets: usize,
    /// Measurements of each tenant that the feed keeps, and of all of them together that the
    /// journal keeps for it over a restart.
    pub feed_kept: usize,
    /// Idempotency keys remembered at most. Each is kept for a day unless there are more.
    pub keys_kept: usize,
    /// Files of one tenant's day, or other window of time, above which they are merged.
    pub day_files: usize,
    /// Rows of a row group of a file.
    pub group_rows: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            pending: 500_000,
            flush_rows: 1_000_000,
            sealed_sets: 2,
            feed_kept: 200_000,
            keys_kept: 1_000_000,
            day_files: 8,
            group_rows: 100_000,
        }
    }
}

/// Measurements and sessions in one folder. Dropped without being closed it stops as in a crash:
/// what was acknowledged is there at the next start.
pub struct EmbeddedMeasurements {
    shared: Arc<Shared>,
    files: Arc<Files>,
    segments: Segments,
    clock: Arc<dyn Clock>,
    threads: Arc<Mutex<Vec<JoinHandle<()>>>>,
    /// Held so that no second server opens the folder.
    _lock: Arc<File>,
}

impl EmbeddedMeasurements {
    /// Opens the folder, made when it is missing, and reads back what the journal holds.
    ///
    /// Fails when another process has it, or when the journal or the list of files is damaged.
    pub fn open(
        folder: &Path,
        options: Options,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let place = open::Place { folder: PathBuf::from(folder), disk: Arc::new(RealDisk) };
        open::open(&place, &options, clock).map_err(StoreError::failed)
    }

    fn change(&self, entry: Entry) -> Result<Ticket, StoreError> {
        let mut front = self.shared.front();
        let ticket = front.push_change(entry)?;
        self.wake(front);
        Ok(ticket)
    }

    fn wake(&self, front: MutexGuard<'_, Front>) {
        let idle = front.idle;
        drop(front);
        if idle {
            self.shared.work.notify_one();
        }
    }

    fn blocking<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Shared, &Files) -> io::Result<T> + Send + 'static,
    ) -> Later<'static, Result<T, StoreError>> {
        let (shared, files) = (Arc::clone(&self.shared), Arc::clone(&self.files));
        Box::pin(async move {
            let work = tokio::task::spawn_blocking(move || read(&shared, &files));
            let done = work.await.map_err(StoreError::failed)?;
            done.map_err(StoreError::failed)
        })
    }
}

impl Measurements for EmbeddedMeasurements {
    fn append(
        &self,
        permit: &Permit<Write, DeviceId>,
        batch: Batch,
    ) -> Result<Appended, StoreError> {
        let handed = Handed { source: permit.attribution(), first: Position::default(), batch };
        let keyed = matches!(handed.batch.once, Some(Once::Key(_)));
        let now = keyed.then(|| self.clock.now());
        let mut front = self.shared.front();
        if let Some(now) = now {
            front.expire_keys(now);
        }
        let appended = front.append(handed)?;
        self.wake(front);
        Ok(appended)
    }

    fn durable(&self) -> watch::Receiver<Durable> {
        self.shared.durable.subscribe()
    }

    fn room(&self) -> Later<'_, ()> {
        Box::pin(async {
            loop {
                let mut told = std::pin::pin!(self.shared.room.notified());
                told.as_mut().enable();
                if self.shared.front().has_room() {
                    return;
                }
                told.await;
            }
        })
    }

    fn forget_retained(
        &self,
        permit: &Permit<Write, DeviceId>,
        sensor: SensorId,
    ) -> Result<Ticket, StoreError> {
        if self.shared.front().owner(sensor) != Some(permit.resource()) {
            return Err(StoreError::Missing("sensor of this device"));
        }
        self.change(Entry::Forget(sensor))
    }

    fn retained(&self, permit: &Permit<Read, SensorId>) -> Option<Measurement> {
        self.shared.memory().known(permit.resource())?.retained.clone()
    }

    fn latest(&self, permit: &Permit<Read, SensorId>) -> Option<Measurement> {
        self.shared.memory().known(permit.resource())?.latest.clone()
    }

    fn estimate(&self, permit: &Permit<Read, SensorId>, range: TimeRange) -> u64 {
        read::estimate(&self.shared, &self.files, permit.resource(), range)
    }

    fn curve<'a>(
        &'a self,
        permit: &'a Permit<Read, SensorId>,
        range: TimeRange,
    ) -> Later<'a, Result<Curve, StoreError>> {
        let sensor = permit.resource();
        self.blocking(move |shared, files| read::curve(shared, files, sensor, range))
    }

    fn page<'a>(
        &'a self,
        permit: &'a Permit<Read, SensorId>,
        range: TimeRange,
        limit: usize,
    ) -> Later<'a, Result<Page, StoreError>> {
        let sensor = permit.resource();
        self.blocking(move |shared, files| read::page(shared, files, sensor, range, limit))
    }

    fn feed(&self) -> &Arc<Feed> {
        &self.shared.feed
    }

    fn end(&self, tenant: TenantId) -> Position {
        self.shared.memory().end(tenant)
    }

    fn status(&self) -> StoreStatus {
        let (files, file_bytes) = self.files.sizes();
        StoreStatus {
            accepted: self.shared.accepted.load(Ordering::Relaxed),
            recent: self.shared.memory().rows() as u64,
            journal_bytes: self.segments.bytes(),
            files,
            file_bytes,
            stopped: self.shared.durable.borrow().stopped,
        }
    }

    fn close(&self) -> Later<'_, Result<(), StoreError>> {
        Box::pin(async {
            self.shared.front().closing = true;
            self.shared.work.notify_one();
            self.shared.room.notify_waiters();
            let (shared, threads) = (Arc::clone(&self.shared), Arc::clone(&self.threads));
            let work = tokio::task::spawn_blocking(move || end_threads(&shared, &threads));
            work.await.map_err(StoreError::failed)?;
            let stopped = self.shared.durable.borrow().stopped;
            if stopped { Err(StoreError::Stopped) } else { Ok(()) }
        })
    }
}

impl Sessions for EmbeddedMeasurements {
    fn load(&self, key: &SessionKey) -> Option<SessionState> {
        self.shared.front().session(key)
    }

    fn keys(&self) -> Vec<SessionKey> {
        self.shared.front().session_keys()
    }

    fn save(&self, key: &SessionKey, state: SessionState) -> Result<Ticket, StoreError> {
        self.change(Entry::Save(key.clone(), Arc::new(state)))
    }

    fn release(&self, key: &SessionKey, packet: u16) -> Result<Ticket, StoreError> {
        self.change(Entry::Release(key.clone(), packet))
    }

    fn remove(&self, key: &SessionKey) -> Result<Ticket, StoreError> {
        self.change(Entry::Remove(key.clone()))
    }
}

impl Drop for EmbeddedMeasurements {
    fn drop(&mut self) {
        self.shared.halt.store(true, Ordering::Release);
        self.shared.front().closing = true;
        self.shared.work.notify_one();
        end_threads(&self.shared, &self.threads);
    }
}

/// Waits for the writer, the first of them; the others then leave what they have begun.
fn end_threads(shared: &Shared, threads: &Mutex<Vec<JoinHandle<()>>>) {
    let mut threads = threads.lock().unwrap_or_else(PoisonError::into_inner);
    for thread in threads.drain(..) {
        if thread.join().is_err() {
            tracing::error!("a thread of the store ended in a panic");
        }
        shared.halt.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests;
