//! An instant: microseconds since 1970-01-01T00:00:00Z, written as RFC 3339.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// An instant with a microsecond's resolution, from the year 1 to 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

const EARLIEST: i64 = -62_135_596_800_000_000;
/// 9999-12-29T23:59:59.999999Z: wherever on Earth one reads it, it is still the year 9999.
const LATEST: i64 = 253_402_127_999_999_999;

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// Reads microseconds since the epoch.
    pub fn from_micros(micros: i64) -> Result<Self, BadTime> {
        if (EARLIEST..=LATEST).contains(&micros) { Ok(Self(micros)) } else { Err(BadTime) }
    }

    /// Reads seconds since the epoch with a fraction, rounded to the microsecond.
    pub fn from_seconds(seconds: f64) -> Result<Self, BadTime> {
        let micros = (seconds * 1e6).round();
        #[expect(clippy::cast_precision_loss, reason = "a bound far beyond what is taken")]
        let fits = micros.is_finite() && micros.abs() < LATEST as f64;
        #[expect(clippy::cast_possible_truncation, reason = "checked on the line before")]
        if fits { Self::from_micros(micros as i64) } else { Err(BadTime) }
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since the epoch, rounded down.
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The instant `by` later, or the last one there is.
    #[must_use]
    pub fn after(self, by: Duration) -> Self {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(micros).min(LATEST))
    }

    /// The instant `by` earlier, or the first one there is.
    #[must_use]
    pub fn before(self, by: Duration) -> Self {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(micros).max(EARLIEST))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = jiff::Timestamp::from_microsecond(self.0).map_err(|_| fmt::Error)?;
        fmt::Display::fmt(&instant, f)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = BadTime;

    /// Reads RFC 3339 with an offset or `Z`. A time without an offset is refused: it says too little.
    fn from_str(text: &str) -> Result<Self, BadTime> {
        let instant: jiff::Timestamp = text.parse().map_err(|_| BadTime)?;
        Self::from_micros(instant.as_microsecond())
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A text or number that is no instant between the years 1 and 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a time: write it as RFC 3339 with an offset, such as 2026-03-29T12:00:00Z")]
pub struct BadTime;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_can_be_written_and_read_back() {
        for micros in [EARLIEST, -1, 0, 1_234_567, LATEST] {
            let instant = Timestamp::from_micros(micros).unwrap();
            assert_eq!(instant.to_string().parse(), Ok(instant));
        }
        assert!(Timestamp::from_micros(LATEST + 1).is_err());
        assert!(Timestamp::from_seconds(f64::NAN).is_err());
    }

    #[test]
    fn a_time_without_an_offset_is_refused() {
        assert!("2026-03-29T12:00:00".parse::<Timestamp>().is_err());
        assert!("2026-03-29T12:00:00+02:00".parse::<Timestamp>().is_ok());
    }
}
