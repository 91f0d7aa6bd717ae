//! One number for a bucket. Pure arithmetic over the bucket's own slice of the curve.

use std::str::FromStr;

use super::HistoryError;

/// How a bucket's values become one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Aggregate {
    /// The sum divided by the count: each value counts alike, however long it held.
    Mean,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// The sum.
    Sum,
    /// How many.
    Count,
    /// The one with the earliest time.
    First,
    /// The one with the latest time.
    Last,
    /// The mean over time of a step function: each value holds from its time until the next.
    ///
    /// The last value before the bucket holds from the bucket's beginning until the bucket's
    /// first value, if it lies in the bucket just before; an older one is taken to be a gap,
    /// and time then counts from the bucket's first value. The bucket's last value holds until
    /// the end of the bucket, of the range, or until now, whichever is first.
    TimeWeightedMean,
}

impl Aggregate {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Mean,
        Self::Min,
        Self::Max,
        Self::Sum,
        Self::Count,
        Self::First,
        Self::Last,
        Self::TimeWeightedMean,
    ];

    /// Its name in questions and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Min => "min",
            Self::Max => "max",
            Self::Sum => "sum",
            Self::Count => "count",
            Self::First => "first",
            Self::Last => "last",
            Self::TimeWeightedMean => "time-weighted-mean",
        }
    }

    /// Works it out for a bucket that holds at least one value.
    pub(super) fn of(self, frame: &Frame<'_>) -> f64 {
        let numbers = frame.numbers;
        match self {
            Self::Mean => mean(numbers),
            Self::Min => numbers.iter().copied().fold(f64::INFINITY, f64::min),
            Self::Max => numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Self::Sum => sum(numbers.iter().copied()),
            Self::Count => count(numbers.len()),
            Self::First => numbers.first().copied().unwrap_or(f64::NAN),
            Self::Last => numbers.last().copied().unwrap_or(f64::NAN),
            Self::TimeWeightedMean => time_weighted_mean(frame),
        }
    }
}

impl FromStr for Aggregate {
    type Err = HistoryError;

    fn from_str(text: &str) -> Result<Self, HistoryError> {
        let found = Self::ALL.into_iter().find(|known| known.name() == text);
        found.ok_or_else(|| HistoryError::UnknownAggregate(text.to_owned()))
    }
}

/// What a bucket holds.
pub(super) struct Frame<'a> {
    /// The times of its values, rising; at least one.
    pub times: &'a [i64],
    /// Its values.
    pub numbers: &'a [f64],
    /// The value that holds when the bucket begins, if any does.
    pub before: Option<f64>,
    /// The time that counts: from the first instant up to, and without, the second.
    pub span: (i64, i64),
}

/// Adds with Neumaier's compensation: the error does not grow with the count.
fn sum(numbers: impl Iterator<Item = f64>) -> f64 {
    let (mut total, mut lost) = (0.0_f64, 0.0_f64);
    for number in numbers {
        let next = total + number;
        lost += if total.abs() >= number.abs() {
            (total - next) + number
        } else {
            (number - next) + total
        };
        total = next;
    }
    if lost.is_finite() { total + lost } else { total }
}

fn mean(numbers: &[f64]) -> f64 {
    let total = sum(numbers.iter().copied());
    let many = count(numbers.len());
    if total.is_finite() { total / many } else { sum(numbers.iter().map(|number| number / many)) }
}

#[expect(clippy::cast_precision_loss, reason = "no curve in memory has 2^52 values")]
fn count(many: usize) -> f64 {
    many as f64
}

#[expect(clippy::cast_precision_loss, reason = "weights: 2^52 microseconds are 142 years")]
fn time_weighted_mean(frame: &Frame<'_>) -> f64 {
    let (begin, end) = frame.span;
    let first = frame.times[0];
    let begin = if frame.before.is_some() { begin } else { first };
    let span = (end - begin) as f64;
    if end <= begin {
        return frame.numbers[frame.numbers.len() - 1];
    }
    let held = |from: i64, to: i64| (to.clamp(begin, end) - from.clamp(begin, end)) as f64 / span;
    let carried = frame.before.map(|number| number * held(begin, first));
    let until = frame.times.iter().skip(1).copied().chain([end]);
    let own = frame.times.iter().zip(until).zip(frame.numbers);
    let own = own.map(|((from, to), number)| number * held(*from, to));
    sum(carried.into_iter().chain(own))
}

#[cfg(test)]
mod tests;
