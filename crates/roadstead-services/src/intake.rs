//! A measurement is taken: names become sensors, times are judged, and the store keeps it.
//!
//! Both doors end here. The hot path is [`Intake::accept`]: one epoch comparison and a hand-over.

mod bring; // a name that no sensor has yet
mod error; // why not, and what to change

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use roadstead_guard::{Guard, Permit, Write};
use roadstead_model::{Clock, DeviceId, Quality, Reading, SensorId, Timestamp};
use roadstead_store::{Audit, Catalog, Measurements};
use tokio::sync::watch;

pub use crate::formats::{Entry, EntryError, SensorRef};
pub use error::IntakeError;
pub use roadstead_store::{Appended, Batch, Durable, Once, Ticket};

/// How long a batch waits for room in the write buffer before its sender is told to come back.
const PATIENCE: Duration = Duration::from_secs(10);

/// An arrival is this far ahead of the clock only if the clock was set back, in microseconds.
const FOLLOWED_BACK: i64 = 1_000_000;

/// 2000-01-01T00:00:00Z, in seconds since the epoch.
const YEAR_2000: i64 = 946_684_800;

/// How much is taken.
#[derive(Debug, Clone, Copy)]
pub struct IntakeLimits {
    /// A device brings no new sensor once it has this many.
    pub sensors_per_device: usize,
    /// No device of a tenant brings a new sensor once the tenant has this many.
    pub sensors_per_tenant: usize,
    /// A batch has at most this many readings.
    pub readings_per_batch: usize,
    /// A value that is said to be older is quarantined.
    pub earliest: Timestamp,
    /// A value that is said to be this far ahead of its arrival is quarantined.
    pub ahead: Duration,
}

impl Default for IntakeLimits {
    /// 200 sensors a device, 10,000 a tenant, 100,000 readings a batch, 2000-01-01, one day ahead.
    fn default() -> Self {
        Self {
            sensors_per_device: 200,
            sensors_per_tenant: 10_000,
            readings_per_batch: 100_000,
            earliest: Timestamp::from_micros(YEAR_2000 * 1_000_000).unwrap_or_default(),
            ahead: Duration::from_hours(24),
        }
    }
}

/// What intake works with, all passed in.
pub struct IntakeTools {
    /// The decision.
    pub guard: Arc<Guard>,
    /// Where sensors are known.
    pub catalog: Arc<dyn Catalog>,
    /// Where values go.
    pub measurements: Arc<dyn Measurements>,
    /// Where a new sensor is written down first.
    pub audit: Arc<dyn Audit>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How much is taken.
    pub limits: IntakeLimits,
}

/// Entries whose sensors were found, and those that were refused.
#[derive(Debug, Default)]
pub struct Resolved {
    /// Ready to be accepted, in the order in which they came.
    pub readings: Vec<Reading>,
    /// What was refused, by rising index.
    pub refused: Vec<Refusal>,
}

/// One entry that was not taken.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// Which value of the body, counted from 0 in reading order.
    pub index: usize,
    /// Why, and what to change.
    pub reason: IntakeError,
}

/// What became of a body. All that was accepted is durable.
#[derive(Debug, Clone, Default)]
pub struct Receipt {
    /// How many values were kept.
    pub accepted: usize,
    /// How many of these were kept aside, since their time is absurd.
    pub quarantined: usize,
    /// Whether the same idempotency key was seen before: then nothing was kept twice.
    pub repeated: bool,
    /// What was refused.
    pub refused: Vec<Refusal>,
}

/// Takes measurements.
pub struct Intake {
    tools: IntakeTools,
    bringing: tokio::sync::Mutex<()>,
    last_arrival: AtomicI64,
}

impl Intake {
    /// Makes an intake of its tools.
    pub fn new(tools: IntakeTools) -> Self {
        Self { tools, bringing: tokio::sync::Mutex::default(), last_arrival: AtomicI64::new(0) }
    }

    /// How much is taken.
    pub const fn limits(&self) -> &IntakeLimits {
        &self.tools.limits
    }

    /// The present instant as an arrival: no two calls get the same one.
    ///
    /// Values without a time of their own are of their arrival. If two of one sensor shared it,
    /// the second would count as a repetition of the first. A clock that was ahead for a moment
    /// and was set right again is followed back.
    pub fn arrival(&self) -> Timestamp {
        let now = self.tools.clock.now();
        let next = |last: i64| {
            let ahead = last.saturating_sub(now.micros());
            if ahead < FOLLOWED_BACK {
                now.micros().max(last.saturating_add(1))
            } else {
                now.micros()
            }
        };
        let order = Ordering::Relaxed;
        let last = self.last_arrival.fetch_update(order, order, |last| Some(next(last)));
        Timestamp::from_micros(next(last.unwrap_or_else(|last| last))).unwrap_or(now)
    }

    /// Finds the sensor of the permitted device with this name; it makes none.
    pub fn sensor_for(&self, permit: &Permit<Write, DeviceId>, name: &str) -> Option<SensorId> {
        self.tools.catalog.directory().sensor_named(permit, name)
    }

    /// Judges a time: [`Quality::Quarantined`] when it is absurd, [`Quality::Good`] otherwise.
    pub fn judge_time(&self, time: Timestamp, arrival: Timestamp) -> Quality {
        let limits = &self.tools.limits;
        let absurd = time < limits.earliest || time > arrival.after(limits.ahead);
        if absurd { Quality::Quarantined } else { Quality::Good }
    }

    /// Finds the sensors that entries name. New names of open devices become sensors, up to the
    /// limits; what has no time is of its arrival; what has an absurd time is quarantined.
    pub async fn resolve(
        &self,
        permit: &Permit<Write, DeviceId>,
        entries: Vec<Entry>,
        arrival: Timestamp,
    ) -> Resolved {
        self.resolve_each(permit, entries.into_iter().map(Ok).collect(), arrival).await
    }

    async fn resolve_each(
        &self,
        permit: &Permit<Write, DeviceId>,
        entries: Vec<Result<Entry, EntryError>>,
        arrival: Timestamp,
    ) -> Resolved {
        let mut resolved =
            Resolved { readings: Vec::with_capacity(entries.len()), refused: Vec::new() };
        let mut named = Named::default();
        for (index, entry) in entries.into_iter().enumerate() {
            let outcome = match entry {
                Ok(entry) => self.resolve_one(permit, entry, arrival, &mut named).await,
                Err(error) => Err(error.into()),
            };
            match outcome {
                Ok(reading) => resolved.readings.push(reading),
                Err(reason) => resolved.refused.push(Refusal { index, reason }),
            }
        }
        resolved
    }

    async fn resolve_one(
        &self,
        permit: &Permit<Write, DeviceId>,
        entry: Entry,
        arrival: Timestamp,
        named: &mut Named,
    ) -> Result<Reading, IntakeError> {
        let sensor = self.find(permit, &entry, named).await?;
        if entry.time.is_none() && !named.untimed.insert(sensor) {
            return Err(IntakeError::SecondWithoutTime);
        }
        let time = entry.time.unwrap_or(arrival);
        let quality = match self.judge_time(time, arrival) {
            Quality::Quarantined => Quality::Quarantined,
            Quality::Good | Quality::Estimated => entry.quality,
        };
        Ok(Reading { sensor, time, value: entry.value, quality })
    }

    /// Hands a batch over. [`IntakeError::Busy`]: await [`Self::room`] and repeat.
    pub fn accept(
        &self,
        permit: &Permit<Write, DeviceId>,
        batch: Batch,
    ) -> Result<Appended, IntakeError> {
        let limit = self.tools.limits.readings_per_batch;
        if batch.readings.len() > limit {
            return Err(IntakeError::TooMany { limit });
        }
        if !permit.is_fresh(self.tools.guard.epoch()) {
            self.tools.guard.renew(&mut permit.clone())?;
        }
        Ok(self.tools.measurements.append(permit, batch)?)
    }

    /// Waits until the write buffer has room again.
    pub async fn room(&self) {
        self.tools.measurements.room().await;
    }

    /// Follows how far the disk has come.
    pub fn durable(&self) -> watch::Receiver<Durable> {
        self.tools.measurements.durable()
    }

    /// Waits until a ticket is durable; an error when it never will be.
    pub async fn settled(&self, ticket: Ticket) -> Result<(), IntakeError> {
        let mut durable = self.durable();
        let reached = durable.wait_for(|disk| disk.through >= ticket || disk.stopped).await;
        let settled = reached.is_ok_and(|disk| disk.through >= ticket);
        if settled { Ok(()) } else { Err(IntakeError::Stopped) }
    }

    /// Takes a decoded body whole: what is accepted of it is durable when this returns.
    pub async fn keep(
        &self,
        permit: &Permit<Write, DeviceId>,
        entries: Vec<Result<Entry, EntryError>>,
        once: Option<Once>,
    ) -> Result<Receipt, IntakeError> {
        let limit = self.tools.limits.readings_per_batch;
        if entries.len() > limit {
            return Err(IntakeError::TooMany { limit });
        }
        let arrival = self.arrival();
        let Resolved { readings, refused } = self.resolve_each(permit, entries, arrival).await;
        let accepted = readings.len();
        let aside = readings.iter().filter(|reading| reading.quality == Quality::Quarantined);
        let quarantined = aside.count();
        if accepted == 0 {
            return Ok(Receipt { refused, ..Receipt::default() });
        }
        let appended =
            self.hand_over(permit, Batch { readings, arrival, retain: false, once }).await?;
        self.settled(appended.ticket()).await?;
        let repeated = matches!(appended, Appended::Repeated(_));
        Ok(Receipt { accepted, quarantined, repeated, refused })
    }

    async fn hand_over(
        &self,
        permit: &Permit<Write, DeviceId>,
        batch: Batch,
    ) -> Result<Appended, IntakeError> {
        loop {
            match self.accept(permit, batch.clone()) {
                Err(IntakeError::Busy) => {}
                outcome => return outcome,
            }
            let waited = tokio::time::timeout(PATIENCE, self.room()).await;
            waited.map_err(|_| IntakeError::Busy)?;
        }
    }
}

/// What one body's names turned out to be, so that each is looked up once.
#[derive(Default)]
struct Named {
    known: HashMap<SensorRef, Result<SensorId, IntakeError>, foldhash::fast::RandomState>,
    untimed: HashSet<SensorId, foldhash::fast::RandomState>,
}

#[cfg(test)]
mod tests;
