//! What a curve is asked for, and how it is answered from the numbers.

use std::sync::Arc;

use roadstead_model::{SensorId, Timestamp};
use roadstead_store::{Curve, TimeRange};

use super::aggregate::Frame;
use super::{Aggregate, HistoryError, Resolution, Thinning};

/// The fewest points that have a first, a last and something between.
const LEAST_POINTS: usize = 3;
/// More points than any screen shows.
const MOST_POINTS: usize = 100_000;

/// What a curve is asked for.
#[derive(Debug, Clone)]
pub struct CurveQuery {
    /// From an instant up to, and without, another.
    pub range: TimeRange,
    /// In how much detail.
    pub detail: Detail,
}

/// In how much detail a curve is wanted.
#[derive(Debug, Clone)]
pub enum Detail {
    /// Every value.
    Every,
    /// One row for each stretch of time that holds a value; stretches without one are left out.
    Buckets {
        /// How long each stretch is, and in which time zone days begin.
        resolution: Resolution,
        /// The columns, in this order.
        aggregates: Arc<[Aggregate]>,
    },
    /// At most so many of the values, chosen so that the picture stays the same.
    Points {
        /// How many.
        count: usize,
        /// How they are chosen.
        thinning: Thinning,
    },
}

/// A sensor's curve: a time and as many numbers as there are columns in each row.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Which sensor.
    pub sensor: SensorId,
    /// Microseconds since the epoch, rising; of a bucket, its first instant.
    pub times: Vec<i64>,
    /// The columns, each as long as `times`.
    pub columns: Vec<Column>,
}

/// One column of a curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// `value`, or the aggregate's name.
    pub name: &'static str,
    /// The numbers. A sum beyond a double's reach is infinite.
    pub numbers: Vec<f64>,
}

impl CurveQuery {
    /// What must be read: the range, and for a mean over time also the bucket before it.
    pub(super) fn reading(&self) -> Result<TimeRange, HistoryError> {
        let (resolution, aggregates) = match &self.detail {
            Detail::Every => return Ok(self.range),
            Detail::Points { count, .. } if (LEAST_POINTS..=MOST_POINTS).contains(count) => {
                return Ok(self.range);
            }
            Detail::Points { .. } => {
                return Err(HistoryError::Points { least: LEAST_POINTS, most: MOST_POINTS });
            }
            Detail::Buckets { resolution, aggregates } => (resolution, aggregates),
        };
        if aggregates.is_empty() {
            return Err(HistoryError::NoAggregate);
        }
        if !aggregates.contains(&Aggregate::TimeWeightedMean) {
            return Ok(self.range);
        }
        let (start, _) = resolution.bucket(self.range.from.micros());
        let (before, _) = resolution.bucket(start.saturating_sub(1));
        let from = Timestamp::from_micros(before).unwrap_or(self.range.from);
        Ok(TimeRange { from, to: self.range.to })
    }

    /// Works the answer out. `curve` is what [`Self::reading`] asked for.
    pub(super) fn answer(&self, sensor: SensorId, curve: Curve, now: Timestamp) -> Series {
        match &self.detail {
            Detail::Every => Series::of_values(sensor, curve),
            Detail::Points { count, thinning } => {
                let kept = thinning.choose(&curve.times, &curve.numbers, *count);
                let times = kept.iter().map(|at| curve.times[*at]).collect();
                let numbers = kept.iter().map(|at| curve.numbers[*at]).collect();
                Series::of_values(sensor, Curve { times, numbers })
            }
            Detail::Buckets { resolution, aggregates } => {
                self.buckets(sensor, &curve, (resolution, aggregates), now)
            }
        }
    }

    fn buckets(
        &self,
        sensor: SensorId,
        curve: &Curve,
        (resolution, aggregates): (&Resolution, &[Aggregate]),
        now: Timestamp,
    ) -> Series {
        let weighs = aggregates.contains(&Aggregate::TimeWeightedMean);
        let from = self.range.from.micros();
        let until = self.range.to.min(now).micros();
        let mut walk = resolution.walk();
        let mut times = Vec::new();
        let mut columns: Vec<Vec<f64>> = vec![Vec::new(); aggregates.len()];
        let mut at = curve.times.partition_point(|time| *time < from);
        while at < curve.times.len() {
            let (start, end) = walk.bucket(curve.times[at]);
            let next = at + curve.times[at..].partition_point(|time| *time < end);
            let begin = start.max(from);
            let holds_since = if weighs { resolution.bucket(start.saturating_sub(1)).0 } else { 0 };
            let before =
                at.checked_sub(1).filter(|last| weighs && curve.times[*last] >= holds_since);
            let frame = Frame {
                times: &curve.times[at..next],
                numbers: &curve.numbers[at..next],
                before: before.map(|last| curve.numbers[last]),
                span: (begin, end.min(until)),
            };
            times.push(start);
            for (column, aggregate) in columns.iter_mut().zip(aggregates) {
                column.push(aggregate.of(&frame));
            }
            at = next;
        }
        let named = aggregates.iter().zip(columns);
        let columns = named.map(|(aggregate, numbers)| Column { name: aggregate.name(), numbers });
        Series { sensor, times, columns: columns.collect() }
    }
}

impl Series {
    fn of_values(sensor: SensorId, curve: Curve) -> Self {
        let column = Column { name: "value", numbers: curve.numbers };
        Self { sensor, times: curve.times, columns: vec![column] }
    }
}

#[cfg(test)]
mod tests;
