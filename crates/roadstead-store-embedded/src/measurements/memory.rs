//! What is recent, by sensor and time; and of every sensor what is asked for most.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use roadstead_model::{
    Attribution, DeviceId, Measurement, Position, Quality, Reading, SensorId, TenantId, Timestamp,
    Value,
};
use roadstead_store::Accepted;

use super::columns::Point;
use super::record::{Handed, Known};
use super::{Map, day_of};

/// A measurement as it is kept in memory.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) time: i64,
    pub(super) value: Value,
    pub(super) arrival: Timestamp,
    pub(super) position: u64,
    /// An index into the table's sources.
    source: u32,
    pub(super) quality: Quality,
}

/// Rows of some sensors.
#[derive(Default)]
pub(super) struct Table {
    sources: Vec<Attribution>,
    numbered: Map<Attribution, u32>,
    series: Map<SensorId, Series>,
    rows: usize,
}

#[cfg(test)]
impl Table {
    /// A table with a row of nobody: whoever asks for it panics.
    pub(super) fn broken(sensor: SensorId) -> Self {
        let (value, quality, arrival) = (Value::Flag(true), Quality::Good, Timestamp::EPOCH);
        let row = Row { time: 0, value, arrival, position: 0, source: 7, quality };
        let series = Series { rows: vec![row], ..Series::default() };
        Self { series: [(sensor, series)].into_iter().collect(), ..Self::default() }
    }
}

/// Rows of one sensor. What comes late stands apart: it would have to move all that is later.
#[derive(Default)]
struct Series {
    rows: Vec<Row>,
    late: BTreeMap<(i64, u64), Row>,
}

impl Table {
    /// How many rows there are.
    pub(super) const fn len(&self) -> usize {
        self.rows
    }

    fn source(&self, row: &Row) -> &Attribution {
        &self.sources[row.source as usize]
    }

    /// A row of a sensor with all that is known of it.
    pub(super) fn measurement(&self, sensor: SensorId, row: &Row) -> Measurement {
        let time = Timestamp::from_micros(row.time).unwrap_or_default();
        let (value, quality) = (row.value.clone(), row.quality);
        Measurement {
            position: Position(row.position),
            reading: Reading { sensor, time, value, quality },
            source: *self.source(row),
            arrival: row.arrival,
        }
    }

    /// What of a row a curve needs.
    pub(super) fn point(&self, row: &Row) -> Point {
        Point {
            time: row.time,
            principal: self.source(row).principal.integer(),
            position: row.position,
            quarantined: row.quality == Quality::Quarantined,
            number: row.value.as_number(),
        }
    }

    /// The sensors that have rows, in the order of their ids.
    pub(super) fn sensors(&self) -> Vec<SensorId> {
        let mut sensors: Vec<_> = self.series.keys().copied().collect();
        sensors.sort_unstable();
        sensors
    }

    /// The days, since the epoch, in which a sensor has good rows.
    pub(super) fn days(&self, sensor: SensorId) -> BTreeSet<i64> {
        let good = self.all(sensor).filter(|row| row.quality != Quality::Quarantined);
        distinct(good.map(|row| day_of(row.time)))
    }

    /// The days on which a sensor's quarantined rows came.
    pub(super) fn quarantined_days(&self, sensor: SensorId) -> BTreeSet<i64> {
        let bad = self.all(sensor).filter(|row| row.quality == Quality::Quarantined);
        distinct(bad.map(|row| day_of(row.arrival.micros())))
    }

    /// The last day on which a row of a sensor came.
    pub(super) fn last_arrival(&self, sensor: SensorId) -> Option<i64> {
        self.all(sensor).map(|row| day_of(row.arrival.micros())).max()
    }

    /// All rows of a sensor, sorted.
    pub(super) fn all(&self, sensor: SensorId) -> impl Iterator<Item = &Row> {
        self.sorted(sensor, (i64::MIN, i64::MAX))
    }

    /// The rows of a sensor from one instant up to, and without, another, sorted.
    pub(super) fn sorted(
        &self,
        sensor: SensorId,
        (from, to): (i64, i64),
    ) -> impl Iterator<Item = &Row> {
        self.series.get(&sensor).into_iter().flat_map(move |series| {
            let begin = series.rows.partition_point(|row| row.time < from);
            let end = series.rows.partition_point(|row| row.time < to);
            let mut in_order = series.rows[begin..end].iter().peekable();
            let mut late = series.late.range((from, 0)..(to, 0)).peekable();
            std::iter::from_fn(move || {
                let next_late = late.peek().map(|(key, _)| **key);
                let comes_first = |row: &&Row| next_late.is_none_or(|key| self.key(row) < key);
                in_order.next_if(comes_first).or_else(|| late.next().map(|(_, row)| row))
            })
        })
    }

    /// Such rows in two sorted parts: what came late comes last.
    pub(super) fn range(&self, sensor: SensorId, times: (i64, i64)) -> impl Iterator<Item = &Row> {
        self.first_of(sensor, times, usize::MAX)
    }

    /// Such rows, of which the first `most` by time are there, and perhaps more.
    pub(super) fn first_of(
        &self,
        sensor: SensorId,
        (from, to): (i64, i64),
        most: usize,
    ) -> impl Iterator<Item = &Row> {
        let to = to.max(from);
        self.series.get(&sensor).into_iter().flat_map(move |series| {
            let begin = series.rows.partition_point(|row| row.time < from);
            let end = series.rows.partition_point(|row| row.time < to);
            let late = series.late.range((from, 0)..(to, 0)).map(|(_, row)| row);
            series.rows[begin..end].iter().take(most).chain(late.take(most))
        })
    }

    fn newest(&self, sensor: SensorId) -> Option<i64> {
        self.series.get(&sensor)?.rows.last().map(|row| row.time)
    }

    fn holds(&self, sensor: SensorId, key: (i64, u64)) -> bool {
        let Some(series) = self.series.get(&sensor) else { return false };
        series.late.contains_key(&key) || self.in_order(&series.rows, key)
    }

    fn in_order(&self, rows: &[Row], key: (i64, u64)) -> bool {
        rows.binary_search_by_key(&key, |row| self.key(row)).is_ok()
    }

    fn key(&self, row: &Row) -> (i64, u64) {
        (row.time, self.source(row).principal.integer())
    }

    fn number(&mut self, source: Attribution) -> u32 {
        let next = u32::try_from(self.sources.len()).unwrap_or(u32::MAX);
        let number = *self.numbered.entry(source).or_insert(next);
        if number == next {
            self.sources.push(source);
        }
        number
    }

    /// Adds a row; of two with the same time and principal the first stays.
    fn insert(&mut self, sensor: SensorId, row: Row) {
        let series = self.series.entry(sensor).or_default();
        if series.rows.last().is_none_or(|last| last.time < row.time) {
            series.rows.push(row);
            self.rows += 1;
            return;
        }
        let key = self.key(&row);
        if !self.holds(sensor, key) {
            self.series.entry(sensor).or_default().late.insert(key, row);
            self.rows += 1;
        }
    }
}

fn distinct(days: impl Iterator<Item = i64>) -> BTreeSet<i64> {
    let (mut found, mut last) = (BTreeSet::new(), None);
    for day in days {
        if last.replace(day) != Some(day) {
            found.insert(day);
        }
    }
    found
}

/// Rows that no longer change, on their way into files.
#[derive(Clone)]
pub(super) struct Sealed {
    pub(super) table: Arc<Table>,
    /// The first segment that holds none of them.
    pub(super) until: u64,
}

/// All that readers see without a file.
#[derive(Default)]
pub(super) struct Memory {
    active: Table,
    sealed: Vec<Sealed>,
    sensors: Map<SensorId, Known>,
    positions: Map<TenantId, u64>,
}

impl Memory {
    /// Takes a batch in: rows, what is latest and retained, and where the tenant stands.
    pub(super) fn apply(&mut self, handed: &Handed, with_rows: bool) {
        let Handed { source, first, batch } = handed;
        let number = if with_rows { self.active.number(*source) } else { 0 };
        let mut position = first.0;
        for reading in &batch.readings {
            let (sensor, time) = (reading.sensor, reading.time.micros());
            let (arrival, quality) = (batch.arrival, reading.quality);
            self.learn(reading, handed, Position(position));
            if with_rows {
                let value = reading.value.clone();
                let row = Row { time, value, arrival, position, source: number, quality };
                self.active.insert(sensor, row);
            }
            position += u64::from(quality != Quality::Quarantined);
        }
        let end = self.positions.entry(source.device.tenant()).or_default();
        *end = position.max(*end);
    }

    fn learn(&mut self, reading: &Reading, handed: &Handed, position: Position) {
        let device = handed.source.device;
        let fresh = || Known { device, latest: None, retained: None };
        let known = self.sensors.entry(reading.sensor).or_insert_with(fresh);
        if reading.quality == Quality::Quarantined {
            return;
        }
        let whole = || Measurement {
            position,
            reading: reading.clone(),
            source: handed.source,
            arrival: handed.batch.arrival,
        };
        if known.latest.as_ref().is_none_or(|latest| latest.reading.time < reading.time) {
            known.latest = Some(whole());
        }
        if handed.batch.retain {
            known.retained = Some(whole());
        }
    }

    /// Takes in what a snapshot says of a sensor.
    pub(super) fn know(&mut self, sensor: SensorId, known: Known) {
        self.sensors.insert(sensor, known);
    }

    /// Takes in where a snapshot says that a tenant stands.
    pub(super) fn stand(&mut self, tenant: TenantId, end: Position) {
        let known = self.positions.entry(tenant).or_default();
        *known = end.0.max(*known);
    }

    /// Forgets what a new subscriber of the sensor is told first.
    pub(super) fn forget(&mut self, sensor: SensorId) {
        if let Some(known) = self.sensors.get_mut(&sensor) {
            known.retained = None;
        }
    }

    /// What is known of a sensor.
    pub(super) fn known(&self, sensor: SensorId) -> Option<&Known> {
        self.sensors.get(&sensor)
    }

    /// Every sensor with what is known of it.
    pub(super) fn all_known(&self) -> impl Iterator<Item = (SensorId, &Known)> {
        self.sensors.iter().map(|(sensor, known)| (*sensor, known))
    }

    /// Which device each sensor belongs to.
    pub(super) fn owners(&self) -> Map<SensorId, DeviceId> {
        self.sensors.iter().map(|(sensor, known)| (*sensor, known.device)).collect()
    }

    /// Where each tenant's next measurement will stand.
    pub(super) fn positions(&self) -> &Map<TenantId, u64> {
        &self.positions
    }

    /// Where the tenant's next measurement will stand.
    pub(super) fn end(&self, tenant: TenantId) -> Position {
        Position(self.positions.get(&tenant).copied().unwrap_or_default())
    }

    /// Whether the same measurement is here already.
    pub(super) fn holds(&self, reading: &Reading, principal: u64) -> bool {
        let time = reading.time.micros();
        let latest = self.sensors.get(&reading.sensor).and_then(|known| known.latest.as_ref());
        let is_latest = latest.is_some_and(|latest| {
            latest.reading.time == reading.time && latest.source.principal.integer() == principal
        });
        is_latest || self.tables().any(|table| table.holds(reading.sensor, (time, principal)))
    }

    /// The newest time of a sensor that a measurement could repeat, as far as memory knows.
    pub(super) fn newest(&self, sensor: SensorId) -> Option<i64> {
        let latest = self.sensors.get(&sensor).and_then(|known| known.latest.as_ref());
        let latest = latest.map(|latest| latest.reading.time.micros());
        self.tables().filter_map(|table| table.newest(sensor)).chain(latest).max()
    }

    /// The active table. The writer waits while it is read.
    pub(super) const fn active(&self) -> &Table {
        &self.active
    }

    /// Sealed tables, to be read without the lock.
    pub(super) fn sealed(&self) -> Vec<Arc<Table>> {
        self.sealed.iter().map(|sealed| Arc::clone(&sealed.table)).collect()
    }

    /// Sealed tables, oldest first, and the active one.
    pub(super) fn tables(&self) -> impl Iterator<Item = &Table> {
        self.sealed.iter().map(|sealed| &*sealed.table).chain([&self.active])
    }

    /// How many rows stand in no file yet.
    pub(super) fn rows(&self) -> usize {
        self.tables().map(Table::len).sum()
    }

    /// How many rows the next seal would take.
    pub(super) const fn unsealed(&self) -> usize {
        self.active.len()
    }

    /// Sets the rows aside that stand in segments before `until`.
    pub(super) fn seal(&mut self, until: u64) -> Sealed {
        let table = std::mem::take(&mut self.active);
        let sealed = Sealed { table: Arc::new(table), until };
        self.sealed.push(sealed.clone());
        sealed
    }

    /// Lets go of sealed rows that stand in files now.
    pub(super) fn release(&mut self, until: u64) {
        self.sealed.retain(|sealed| sealed.until > until);
    }
}

/// What of a batch goes to those who follow: everything but what is quarantined.
pub(super) fn accepted(handed: Handed) -> Option<Arc<Accepted>> {
    let Handed { source, first, batch } = handed;
    let mut readings = batch.readings;
    readings.retain(|reading| reading.quality != Quality::Quarantined);
    let accepted = Accepted { first, source, arrival: batch.arrival, readings };
    (!accepted.readings.is_empty()).then(|| Arc::new(accepted))
}

#[cfg(test)]
mod tests;
