//! What was measured: the latest value, whole measurements by the page, and curves.
//!
//! Every verb takes the permit of each sensor it reads. A curve's cost is estimated before
//! any work is done, and refused past a limit with a word on how to narrow it.

mod aggregate; // one number for a bucket
mod buckets; // which stretch of time an instant belongs to, in a time zone
mod downsample; // fewer points, same picture
mod error; // why not, and what to change
mod page; // whole measurements, a page at a time
mod query; // what a curve is asked for

use std::sync::Arc;

use roadstead_guard::{Guard, Permit, Read};
use roadstead_model::{Measurement, SensorId};
use roadstead_store::Measurements;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use aggregate::Aggregate;
pub use buckets::{BadResolution, BadZone, Resolution, Zone};
pub use downsample::Thinning;
pub use error::HistoryError;
pub use page::{Cursor, HistoryPage};
pub use query::{Column, CurveQuery, Detail, Series};
pub use roadstead_store::TimeRange;

/// Beyond this many numbers a curve is worked out beside the threads that serve connections.
const SHORT_WORK: usize = 20_000;
/// The grain of the shared allowance for numbers in memory.
const GRAIN: u64 = 1_000;

/// How much one question may cost.
#[derive(Debug, Clone, Copy)]
pub struct HistoryLimits {
    /// Sensors in one question.
    pub sensors: usize,
    /// Numbers that one question may read, over all its sensors.
    pub scanned: u64,
    /// Numbers that one question may be answered with when it asks for every value.
    pub returned: u64,
    /// Numbers that all questions together may hold in memory at a time.
    pub in_memory: u64,
    /// Measurements in one page.
    pub page: usize,
}

impl Default for HistoryLimits {
    /// 100 sensors, 10 million numbers read, 1 million answered, 20 million in memory, 10,000 a page.
    fn default() -> Self {
        Self {
            sensors: 100,
            scanned: 10_000_000,
            returned: 1_000_000,
            in_memory: 20_000_000,
            page: 10_000,
        }
    }
}

/// The curves of some sensors. They count against the shared memory until they are dropped:
/// keep them until the answer is written.
#[derive(Debug)]
pub struct Curves {
    series: Vec<Series>,
    _room: OwnedSemaphorePermit,
}

impl std::ops::Deref for Curves {
    type Target = [Series];

    fn deref(&self) -> &[Series] {
        &self.series
    }
}

/// Answers what was measured.
pub struct History {
    guard: Arc<Guard>,
    measurements: Arc<dyn Measurements>,
    limits: HistoryLimits,
    memory: Arc<Semaphore>,
}

impl History {
    /// Makes a history of its parts.
    pub fn new(
        guard: Arc<Guard>,
        measurements: Arc<dyn Measurements>,
        limits: HistoryLimits,
    ) -> Self {
        let grains = usize::try_from(limits.in_memory / GRAIN).unwrap_or(usize::MAX);
        let memory = Arc::new(Semaphore::new(grains.clamp(1, Semaphore::MAX_PERMITS)));
        Self { guard, measurements, limits, memory }
    }

    /// How much one question may cost.
    pub const fn limits(&self) -> &HistoryLimits {
        &self.limits
    }

    /// The measurement with the latest time, quarantined ones left out.
    pub fn latest(&self, permit: &Permit<Read, SensorId>) -> Option<Measurement> {
        self.measurements.latest(permit)
    }

    /// Whole measurements of some sensors, one sensor after the other, each by rising time;
    /// quarantined ones are among them. The cursor of one page asks for the next.
    pub async fn page(
        &self,
        permits: &[Permit<Read, SensorId>],
        range: TimeRange,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<HistoryPage, HistoryError> {
        self.few_enough(permits.len())?;
        let limit = limit.clamp(1, self.limits.page);
        page::read(&*self.measurements, permits, page::Wanted { range, after, limit }).await
    }

    /// The curves of some sensors, in their order.
    pub async fn curve(
        &self,
        permits: &[Permit<Read, SensorId>],
        query: &CurveQuery,
    ) -> Result<Curves, HistoryError> {
        self.few_enough(permits.len())?;
        if query.range.from >= query.range.to {
            return Err(HistoryError::EmptyRange);
        }
        let reading = query.reading()?;
        let costs = permits.iter().map(|permit| self.measurements.estimate(permit, reading));
        let cost = costs.fold(0, |sum: u64, cost| sum.saturating_add(cost));
        self.cheap_enough(query, cost)?;
        let room = self.room(cost).await?;
        let mut series = Vec::with_capacity(permits.len());
        for permit in permits {
            series.push(self.series(permit, query).await?);
        }
        Ok(Curves { series, _room: room })
    }

    /// Takes a share of the memory that all questions have together; it is given back with the answer.
    async fn room(&self, cost: u64) -> Result<OwnedSemaphorePermit, HistoryError> {
        let grains = u32::try_from(cost / GRAIN + 1).unwrap_or(u32::MAX);
        let all = u32::try_from(self.limits.in_memory / GRAIN).unwrap_or(u32::MAX).max(1);
        let memory = Arc::clone(&self.memory);
        memory.acquire_many_owned(grains.min(all)).await.map_err(|_| HistoryError::Closed)
    }

    async fn series(
        &self,
        permit: &Permit<Read, SensorId>,
        query: &CurveQuery,
    ) -> Result<Series, HistoryError> {
        let curve = self.measurements.curve(permit, query.reading()?).await?;
        let (sensor, now) = (permit.resource(), self.guard.now());
        if curve.times.len() <= SHORT_WORK {
            return Ok(query.answer(sensor, curve, now));
        }
        let query = query.clone();
        let work = move || query.answer(sensor, curve, now);
        tokio::task::spawn_blocking(work).await.map_err(|_| HistoryError::Closed)
    }

    const fn few_enough(&self, sensors: usize) -> Result<(), HistoryError> {
        let limit = self.limits.sensors;
        if sensors <= limit { Ok(()) } else { Err(HistoryError::TooManySensors { limit }) }
    }

    fn cheap_enough(&self, query: &CurveQuery, cost: u64) -> Result<(), HistoryError> {
        let limit = match query.detail {
            Detail::Every => self.limits.returned,
            Detail::Buckets { .. } | Detail::Points { .. } => self.limits.scanned,
        };
        if cost <= limit { Ok(()) } else { Err(HistoryError::TooMuch { cost, limit }) }
    }
}

#[cfg(test)]
mod tests;
