//! From memory into files: sealed rows, one file for each tenant and day.
//!
//! Files first, then the list, then the journal: a crash in between leaves files that are
//! not on the list, or segments that are no longer needed. Both go at the next start.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::Duration;

use roadstead_model::SensorId;

use super::files::{FileInfo, Files};
use super::journal::Segments;
use super::memory::{Sealed, Table};
use super::read::day_times;
use super::series::SeriesWriter;
use super::writer::Shared;

/// After a failure, such as a full disk, the flusher tries again this often.
const AGAIN: Duration = Duration::from_secs(1);

/// Brings sealed rows into files.
pub(super) struct Flusher {
    pub(super) shared: Arc<Shared>,
    pub(super) files: Arc<Files>,
    pub(super) segments: Segments,
    /// The journal keeps about so many rows for readers of the feed that come back.
    pub(super) feed_kept: u64,
    pub(super) group_rows: usize,
    /// Wakes whoever merges files.
    pub(super) merge: SyncSender<()>,
}

impl Flusher {
    /// Works until the writer has ended. A panic stops the store: memory would only grow.
    pub(super) fn run(self, sealed: &Receiver<Sealed>) {
        self.shared.guard(|| {
            self.work(sealed);
            Ok(())
        });
    }

    fn work(&self, sealed: &Receiver<Sealed>) {
        while let Ok(sealed) = sealed.recv() {
            if self.flush(&sealed).is_none() {
                return; // the journal has these rows
            }
            let _full_or_ending = self.merge.try_send(()); // when full, it will look anyway
        }
    }

    /// Each step is tried until it is done; `None` when there is no time left for that.
    fn flush(&self, sealed: &Sealed) -> Option<()> {
        let added = self.until_done(|| {
            let mut added = Vec::new();
            let written = self.write(&sealed.table, &mut added);
            let durable = written.and_then(|()| self.files.sync_names(&added));
            durable.inspect_err(|_| self.files.discard(&added))?;
            Ok(added)
        })?;
        self.until_done(|| {
            self.files.edit(|manifest| {
                manifest.files.extend(added.iter().cloned());
                manifest.rows_from = sealed.until;
            })
        })?;
        self.shared.change_memory(|memory| memory.release(sealed.until));
        self.until_done(|| self.segments.remove_before(sealed.until, self.feed_kept))
    }

    fn until_done<T>(&self, mut step: impl FnMut() -> io::Result<T>) -> Option<T> {
        loop {
            let error = match step() {
                Ok(done) => return Some(done),
                Err(error) => error,
            };
            if self.shared.halts() || self.shared.front().closing {
                return None;
            }
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "measurements stay in the journal: the files of columns cannot be written"
            );
            std::thread::park_timeout(AGAIN);
        }
    }

    fn write(&self, table: &Table, added: &mut Vec<FileInfo>) -> io::Result<()> {
        let sensors = table.sensors();
        for of_tenant in sensors.chunk_by(|one, next| one.tenant() == next.tenant()) {
            let days: BTreeSet<i64> =
                of_tenant.iter().flat_map(|sensor| table.days(*sensor)).collect();
            for day in days {
                if self.shared.halts() {
                    return Err(io::Error::from(io::ErrorKind::Interrupted));
                }
                added.push(self.write_day(table, of_tenant, day)?);
            }
        }
        Ok(())
    }

    fn write_day(&self, table: &Table, sensors: &[SensorId], day: i64) -> io::Result<FileInfo> {
        let (mut info, path) = self.files.begin(sensors[0].tenant(), day)?;
        let mut writer = SeriesWriter::create(&path, self.group_rows)?;
        for sensor in sensors {
            for row in table.range(*sensor, day_times(day)) {
                writer.push(&table.measurement(*sensor, row))?;
            }
        }
        (info.bytes, info.groups) = writer.finish()?;
        Ok(info)
    }
}
