//! From memory into files: sealed rows, one file for each tenant and window of time.
//!
//! Files first, then the list, then the journal: a crash in between leaves files that are
//! not on the list, or segments that are no longer needed. Both go at the next start.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::Duration;

use roadstead_model::{Measurement, Quality, SensorId};

use super::files::{FileInfo, Files};
use super::journal::Segments;
use super::memory::{Row, Sealed, Table};
use super::series::SeriesWriter;
use super::window::{Window, windows};
use super::writer::Shared;
use super::{DAY, day_of};

/// After a failure, such as a full disk, the flusher tries again this often.
const AGAIN: Duration = Duration::from_secs(1);

/// After so many rows the flusher looks whether it is to end.
const LOOK: usize = 4096;

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
            let each = || of_tenant.iter().copied();
            let today = each().filter_map(|sensor| table.last_arrival(sensor)).max();
            let days = each().flat_map(|sensor| table.days(sensor)).collect();
            for (window, (first, last)) in windows(&days, today.unwrap_or_default()) {
                let times = (first * DAY, (last + 1) * DAY);
                added.push(self.write_file(of_tenant, window, |sensor| {
                    let good = |row: &&Row| row.quality != Quality::Quarantined;
                    Whole { table, sensor, rows: table.sorted(sensor, times).filter(good) }
                })?);
            }
            let days: BTreeSet<i64> =
                each().flat_map(|sensor| table.quarantined_days(sensor)).collect();
            for day in days {
                added.push(self.write_file(of_tenant, Window::of_arrival(day), |sensor| {
                    let bad = move |row: &&Row| {
                        row.quality == Quality::Quarantined && day_of(row.arrival.micros()) == day
                    };
                    Whole { table, sensor, rows: table.all(sensor).filter(bad) }
                })?);
            }
        }
        Ok(())
    }

    /// Writes what a sensor has for a window, for each sensor of a tenant.
    fn write_file<R: Iterator<Item = Measurement>>(
        &self,
        sensors: &[SensorId],
        window: Window,
        rows: impl Fn(SensorId) -> R,
    ) -> io::Result<FileInfo> {
        let (mut info, path) = self.files.begin(sensors[0].tenant(), window)?;
        let mut writer = SeriesWriter::create(&path, self.group_rows)?;
        let rows = sensors.iter().flat_map(|sensor| rows(*sensor));
        for (number, row) in rows.enumerate() {
            if number % LOOK == 0 && self.shared.halts() {
                return Err(io::Error::from(io::ErrorKind::Interrupted));
            }
            writer.push(&row)?;
        }
        (info.bytes, info.groups) = writer.finish()?;
        Ok(info)
    }
}

/// Rows of a sensor with all that is known of them.
struct Whole<'a, R> {
    table: &'a Table,
    sensor: SensorId,
    rows: R,
}

impl<'a, R: Iterator<Item = &'a Row>> Iterator for Whole<'a, R> {
    type Item = Measurement;

    fn next(&mut self) -> Option<Measurement> {
        self.rows.next().map(|row| self.table.measurement(self.sensor, row))
    }
}
