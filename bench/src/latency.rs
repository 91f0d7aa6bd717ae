//! How long an acknowledgement took: a histogram of fixed size.

use std::time::Duration;

/// Parts into which each power of two is cut, so a figure is right within 6 %.
const PARTS: usize = 16;
const BUCKETS: usize = 34 * PARTS;

/// Counts of microseconds in buckets that widen with the time.
pub(crate) struct Histogram(Box<[u32; BUCKETS]>);

impl Histogram {
    /// An empty histogram.
    pub(crate) fn new() -> Self {
        Self(Box::new([0; BUCKETS]))
    }

    /// Counts one time.
    pub(crate) fn record(&mut self, time: Duration) {
        let micros = usize::try_from(time.as_micros()).unwrap_or(usize::MAX);
        self.0[bucket(micros).min(BUCKETS - 1)] += 1;
    }

    /// Adds the counts of another histogram.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0.iter()) {
            *mine += theirs;
        }
    }

    /// Milliseconds that the given share of all times did not exceed, if there were any.
    pub(crate) fn quantile_ms(&self, share: f64) -> Option<f64> {
        let total: u64 = self.0.iter().map(|&count| u64::from(count)).sum();
        let mut seen = 0;
        let at = self.0.iter().position(|&count| {
            seen += u64::from(count);
            seen > 0 && seen as f64 >= total as f64 * share
        })?;
        Some(floor_of(at + 1) as f64 / 1_000.0)
    }
}

fn bucket(micros: usize) -> usize {
    if micros < PARTS {
        return micros;
    }
    let shift = micros.ilog2() as usize - PARTS.ilog2() as usize;
    shift * PARTS + (micros >> shift)
}

/// Smallest number of microseconds that falls into a bucket.
fn floor_of(bucket: usize) -> u64 {
    if bucket < 2 * PARTS {
        return bucket as u64;
    }
    let shift = bucket / PARTS - 1;
    ((bucket % PARTS + PARTS) as u64) << shift
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_lies_between_the_floors_of_its_bucket_and_the_next() {
        for micros in (0..2_000).chain([65_535, 65_536, 1_000_000, 3_600_000_000]) {
            let at = bucket(micros);
            assert!(floor_of(at) <= micros as u64 && (micros as u64) < floor_of(at + 1));
        }
    }

    #[test]
    fn quantiles_are_right_within_their_bucket() {
        let mut histogram = Histogram::new();
        (1..=1_000).for_each(|ms| histogram.record(Duration::from_millis(ms)));
        for (share, expected) in [(0.5, 500.0), (0.99, 990.0), (1.0, 1_000.0)] {
            let found = histogram.quantile_ms(share).unwrap();
            assert!((expected..expected * 1.07).contains(&found), "{share}: {found}");
        }
    }

    #[test]
    fn nothing_measured_has_no_quantile() {
        assert_eq!(Histogram::new().quantile_ms(0.5), None);
    }
}
