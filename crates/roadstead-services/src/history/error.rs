//! Why a question is not answered, and what to change.

use roadstead_store::StoreError;

use super::{BadResolution, BadZone};

/// Why a question is not answered.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The range holds no instant.
    #[error("the range is empty: `from` must be before `to`")]
    EmptyRange,
    /// Too many sensors.
    #[error("at most {limit} sensors in one question: ask for fewer at a time")]
    TooManySensors {
        /// How many there may be.
        limit: usize,
    },
    /// Too much would have to be read or answered.
    #[error(
        "this would take about {cost} values, and {limit} are the most: shorten the range, ask for fewer sensors, or, when you asked for every value, for a resolution or points"
    )]
    TooMuch {
        /// How many at most it would take.
        cost: u64,
        /// How many it may take.
        limit: u64,
    },
    /// Too few points for a picture.
    #[error("ask for {least} to {most} points")]
    Points {
        /// The fewest.
        least: usize,
        /// The most.
        most: usize,
    },
    /// No aggregate at all.
    #[error("name at least one aggregate, such as `mean`")]
    NoAggregate,
    /// Not an aggregate's name.
    #[error(
        "`{0}` is no aggregate: use mean, min, max, sum, count, first, last or time-weighted-mean"
    )]
    UnknownAggregate(String),
    /// Not a way to thin a curve.
    #[error("`{0}` is no way to thin a curve: use min-max or lttb")]
    UnknownThinning(String),
    /// Not a resolution.
    #[error(transparent)]
    Resolution(#[from] BadResolution),
    /// Not a time zone.
    #[error(transparent)]
    Zone(#[from] BadZone),
    /// Not a cursor of this question.
    #[error("the cursor is not of this question: begin again without one")]
    Cursor,
    /// The server is closing.
    #[error("the server is closing: ask again later")]
    Closed,
    /// The store failed.
    #[error("could not read what was measured")]
    Store(#[from] StoreError),
}
