//! Reading: what memory and files hold of a sensor, merged; of repetitions the first stays.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use roadstead_model::{Measurement, Quality, SensorId};
use roadstead_store::{Curve, Page, TimeRange};

use super::columns::{self, FOR_CURVES, Point};
use super::files::{Files, Listed};
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
    let kept = Files::reach(&listing, sensor, range).iter().map(|file| {
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
    let memory = shared.memory();
    for table in memory.tables() {
        points.extend(table.range(sensor, times).map(|row| table.point(row)));
    }
    drop(memory); // before the list of files: what moves in between is seen twice, never not
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

/// Whole measurements of a sensor, day by day until there are enough.
pub(super) fn page(
    shared: &Shared,
    files: &Files,
    (sensor, range): (SensorId, TimeRange),
    limit: usize,
) -> io::Result<Page> {
    let times = (range.from.micros(), range.to.micros());
    let memory = shared.memory();
    let tables = memory.tables();
    let recent: Vec<Measurement> = tables
        .flat_map(|table| {
            let rows = table.range(sensor, times);
            rows.map(|row| table.measurement(sensor, row))
        })
        .collect();
    drop(memory); // before the list of files: what moves in between is seen twice, never not
    let listing = files.listing();
    let mut days: BTreeMap<i64, Vec<&Arc<Listed>>> = BTreeMap::new();
    for file in Files::reach(&listing, sensor, range) {
        if !file.info.groups_for(sensor, range).is_empty() {
            days.entry(file.info.day).or_default().push(file);
        }
    }
    let mut by_day: BTreeMap<i64, Vec<Measurement>> = BTreeMap::new();
    for row in recent {
        by_day.entry(day_of(row.reading.time.micros())).or_default().push(row);
    }
    let mut page = Page::default();
    let all: BTreeSet<i64> = days.keys().chain(by_day.keys()).copied().collect();
    for day in all {
        let mut rows = by_day.remove(&day).unwrap_or_default();
        for file in days.get(&day).into_iter().flatten() {
            read_rows(files, file, (sensor, range), &mut rows)?;
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

fn read_rows(
    files: &Files,
    file: &Listed,
    (sensor, range): (SensorId, TimeRange),
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

/// The first instant of a day and that of the next.
pub(super) const fn day_times(day: i64) -> (i64, i64) {
    (day * DAY, (day + 1) * DAY)
}
