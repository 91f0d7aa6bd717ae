//! Reading: what memory and files hold of a sensor, merged; of repetitions the first stays.

use std::collections::BTreeSet;
use std::io;

use roadstead_model::{Measurement, Quality, SensorId, Timestamp};
use roadstead_store::{Curve, Page, TimeRange};

use super::columns::{self, FOR_CURVES, Point};
use super::files::{Files, Listed};
use super::memory::Table;
use super::series::{self, Wanted};
use super::writer::Shared;
use super::{DAY, day_of};

/// A row that can be merged with others.
pub(super) trait Merge {
    /// What two rows of a sensor share when they are the same measurement.
    fn key(&self) -> (i64, u64);

    /// Which of the same came first. Quarantined rows take no position, hence stand before.
    fn came(&self) -> (u64, bool);
}

impl Merge for Point {
    fn key(&self) -> (i64, u64) {
        (self.time, self.principal)
    }

    fn came(&self) -> (u64, bool) {
        (self.position, !self.quarantined)
    }
}

impl Merge for Measurement {
    fn key(&self) -> (i64, u64) {
        (self.reading.time.micros(), self.source.principal.integer())
    }

    fn came(&self) -> (u64, bool) {
        (self.position.0, self.reading.quality != Quality::Quarantined)
    }
}

/// Sorts rows by time and lets the first of repetitions stay.
fn settle<T: Merge>(rows: &mut Vec<T>) {
    rows.sort_by_key(|row| (row.key(), row.came()));
    rows.dedup_by_key(|row| row.key());
}

/// How many rows a read would touch at most: whole groups count by their busiest sensor.
pub(super) fn estimate(shared: &Shared, files: &Files, sensor: SensorId, range: TimeRange) -> u64 {
    let times = (range.from.micros(), range.to.micros());
    let memory = shared.memory();
    let recent: usize = memory.tables().map(|table| table.range(sensor, times).count()).sum();
    drop(memory);
    let listing = files.listing();
    let kept = Files::reach(&listing, sensor, range).map(|file| {
        let groups = file.info.groups_for(sensor, range);
        groups.iter().map(|group| file.info.groups[*group].most).sum::<u64>()
    });
    recent as u64 + kept.sum::<u64>()
}

/// The numbers of a sensor.
pub(super) fn curve(
    shared: &Shared,
    files: &Files,
    sensor: SensorId,
    range: TimeRange,
) -> io::Result<Curve> {
    let times = (range.from.micros(), range.to.micros());
    let mut points = Vec::new();
    recent(shared, |table| {
        points.extend(table.range(sensor, times).map(|row| table.point(row)));
    });
    for file in Files::reach(&files.listing(), sensor, range) {
        let groups = file.info.groups_for(sensor, range);
        let wanted = Wanted { sensor, times, groups, columns: &FOR_CURVES };
        read_file(files, file, &wanted, |batch| {
            columns::points(batch, sensor, times, &mut points)
        })?;
    }
    settle(&mut points);
    let shown = points.iter().filter(|point| !point.quarantined);
    let (times, numbers) = shown.filter_map(|point| Some((point.time, point.number?))).unzip();
    Ok(Curve { times, numbers })
}

/// Reads each table that is in memory. Only while it reads the active one the writer waits.
///
/// Ask for the list of files after it: what moves in between is then seen twice, never not.
fn recent(shared: &Shared, mut read: impl FnMut(&Table)) {
    let memory = shared.memory();
    let sealed = memory.sealed();
    read(memory.active());
    drop(memory);
    for table in &sealed {
        read(table);
    }
}

/// Whole measurements of a sensor, day by day until there are enough.
pub(super) fn page(
    shared: &Shared,
    files: &Files,
    sensor: SensorId,
    range: TimeRange,
    limit: usize,
) -> io::Result<Page> {
    let times = (range.from.micros(), range.to.micros());
    let mut rows = Vec::new();
    recent(shared, |table| {
        let first = table.first_of(sensor, times, limit.saturating_add(1));
        rows.extend(first.map(|row| table.measurement(sensor, row)));
    });
    rows.sort_by_key(|row| row.reading.time);
    let listing = files.listing();
    let reached: Vec<_> = Files::reach(&listing, sensor, range).collect();
    let groups = reached.iter().flat_map(|file| {
        let groups = file.info.groups_for(sensor, range);
        groups.into_iter().map(|group| file.info.groups[group].times)
    });
    let ends = rows.iter().map(|row| (row.reading.time.micros(), row.reading.time.micros()));
    let cuts = cuts(groups.chain(ends), times);
    let mut recent = rows.into_iter().peekable();
    let mut page = Page::default();
    for (from, to) in cuts.iter().zip(cuts.iter().skip(1)) {
        let window = TimeRange { from: instant(*from), to: instant(*to) };
        let mut rows = Vec::new();
        while let Some(row) = recent.next_if(|row| row.reading.time < window.to) {
            rows.push(row);
        }
        for file in &reached {
            read_rows(files, file, sensor, window, &mut rows)?;
        }
        settle(&mut rows);
        page.measurements.append(&mut rows);
        page.more = page.measurements.len() > limit;
        if page.more {
            page.measurements.truncate(limit);
            break;
        }
    }
    Ok(page)
}

/// Where to cut a range so that each part is read on its own: where days begin on which
/// something begins or has ended.
fn cuts(held: impl Iterator<Item = (i64, i64)>, (from, to): (i64, i64)) -> BTreeSet<i64> {
    let days = held.flat_map(|(first, last)| [day_of(first), day_of(last) + 1]);
    let inside = days.map(|day| day.saturating_mul(DAY)).filter(|at| (from..to).contains(at));
    inside.chain([from, to.max(from)]).collect()
}

fn instant(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).unwrap_or_default() // always between two of a range
}

fn read_rows(
    files: &Files,
    file: &Listed,
    sensor: SensorId,
    range: TimeRange,
    into: &mut Vec<Measurement>,
) -> io::Result<()> {
    let times = (range.from.micros(), range.to.micros());
    let groups = file.info.groups_for(sensor, range);
    let wanted = Wanted { sensor, times, groups, columns: &[] };
    read_file(files, file, &wanted, |batch| {
        let mut rows = columns::measurements(batch)?;
        rows.retain(|row| row.reading.sensor == sensor && range.contains(row.reading.time));
        into.append(&mut rows);
        Some(())
    })
}

fn read_file(
    files: &Files,
    file: &Listed,
    wanted: &Wanted<'_>,
    take: impl FnMut(&arrow_array::RecordBatch) -> Option<()>,
) -> io::Result<()> {
    if wanted.groups.is_empty() {
        return Ok(());
    }
    let (opened, footer) = files.open_file(file)?;
    series::read(opened, footer, wanted, take)
}
