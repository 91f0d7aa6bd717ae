//! Which stretch of time an instant belongs to: fixed stretches, and those of a calendar.

use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;

const DAY: i64 = 86_400_000_000;
/// 1970-01-01 was a Thursday: the Monday of its week lies three days before.
const MONDAY: i64 = -3;

/// A time zone by its IANA name, such as `Europe/Stockholm`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// The name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }
}

impl FromStr for Zone {
    type Err = BadZone;

    fn from_str(text: &str) -> Result<Self, BadZone> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte);
        if text.len() > 64 || !text.bytes().all(plain) {
            return Err(BadZone);
        }
        TimeZone::get(text).map(Self).map_err(|_| BadZone)
    }
}

/// Not the name of a time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a time zone: give its IANA name, such as `Europe/Stockholm` or `UTC`")]
pub struct BadZone;

/// How long each bucket is, and where it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    step: Step,
    zone: Zone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Microseconds. What divides 24 hours is counted from local midnight, anew each day (a day
    /// of 25 hours ends with a bucket more, or a short one); anything else from the epoch.
    Fixed(i64),
    /// Local days, counted from the first one; `(1, 0)` is each day, `(7, MONDAY)` each week.
    Days(i64, i64),
    /// Local months, counted from January of the year 0.
    Months(i64),
}

/// Not a resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a resolution: write an ISO 8601 duration of one kind, such as PT15M, PT1H, P1D, P1W or P1M"
)]
pub struct BadResolution;

impl Resolution {
    /// Reads an ISO 8601 duration: `PT…` is fixed, days, weeks, months and years are local
    /// calendar stretches of the zone, so that a day may have 23 or 25 hours.
    pub fn parse(text: &str, zone: &Zone) -> Result<Self, BadResolution> {
        let written = text.starts_with('P') && text.len() <= 32;
        let span: jiff::Span = text.parse().ok().filter(|_| written).ok_or(BadResolution)?;
        let time = span.get_hours().into();
        let time = i64::checked_mul(time, 60).and_then(|sum| sum.checked_add(span.get_minutes()));
        let time = time.and_then(|sum| sum.checked_mul(60)?.checked_add(span.get_seconds()));
        let time = time.and_then(|sum| sum.checked_mul(1000)?.checked_add(span.get_milliseconds()));
        let time = time.and_then(|sum| sum.checked_mul(1000)?.checked_add(span.get_microseconds()));
        let time = time.ok_or(BadResolution)?;
        let (days, weeks) = (i64::from(span.get_days()), i64::from(span.get_weeks()));
        let months = i64::from(span.get_years()) * 12 + i64::from(span.get_months());
        let step = match (time, days, weeks, months) {
            (1.., 0, 0, 0) => Step::Fixed(time),
            (0, 1..=36_600, 0, 0) => Step::Days(days, 0),
            (0, 0, 1..=5_200, 0) => Step::Days(weeks * 7, MONDAY),
            (0, 0, 0, 1..=1_200) => Step::Months(months),
            _ => return Err(BadResolution),
        };
        let whole = span.get_nanoseconds() == 0;
        if whole { Ok(Self { step, zone: zone.clone() }) } else { Err(BadResolution) }
    }

    /// The first instant of the bucket that holds an instant, and the first one after it.
    pub(super) fn bucket(&self, micros: i64) -> (i64, i64) {
        self.walk().bucket(micros)
    }

    /// Begins to look up instants that lie close together.
    pub(super) const fn walk(&self) -> Walk<'_> {
        Walk { resolution: self, day: (0, 0) }
    }

    fn date(&self, micros: i64) -> Date {
        let instant = jiff::Timestamp::from_microsecond(micros);
        instant.map_or(Date::ZERO, |instant| self.zone.0.to_datetime(instant).date())
    }

    /// The first instant of a local day; where midnight is left out, the first that is not.
    fn midnight(&self, date: Option<Date>) -> Option<i64> {
        let first = date?.to_zoned(self.zone.0.clone()).ok()?;
        Some(first.timestamp().as_microsecond())
    }

    fn days(&self, micros: i64, every: i64, anchor: i64) -> (i64, i64) {
        let day = epoch_day(self.date(micros));
        let first = day - (day - anchor).rem_euclid(every);
        self.between(date_of(first), date_of(first + every))
    }

    fn months(&self, micros: i64, every: i64) -> (i64, i64) {
        let date = self.date(micros);
        let month = i64::from(date.year()) * 12 + i64::from(date.month()) - 1;
        let first = month - month.rem_euclid(every);
        self.between(month_of(first), month_of(first + every))
    }

    fn between(&self, first: Option<Date>, next: Option<Date>) -> (i64, i64) {
        (self.midnight(first).unwrap_or(i64::MIN), self.midnight(next).unwrap_or(i64::MAX))
    }
}

/// Looks up instants that lie close together: the local day is worked out once.
pub(super) struct Walk<'a> {
    resolution: &'a Resolution,
    day: (i64, i64),
}

impl Walk<'_> {
    /// The first instant of the bucket that holds an instant, and the first one after it.
    pub(super) fn bucket(&mut self, micros: i64) -> (i64, i64) {
        match self.resolution.step {
            Step::Days(every, anchor) => self.resolution.days(micros, every, anchor),
            Step::Months(every) => self.resolution.months(micros, every),
            Step::Fixed(length) if DAY % length != 0 => {
                let start = micros - micros.rem_euclid(length);
                (start, start.saturating_add(length))
            }
            Step::Fixed(length) => {
                if micros < self.day.0 || micros >= self.day.1 {
                    self.day = self.resolution.days(micros, 1, 0);
                }
                let (midnight, next) = self.day;
                let start = micros - micros.saturating_sub(midnight).rem_euclid(length);
                (start, start.saturating_add(length).min(next))
            }
        }
    }
}

fn epoch_day(date: Date) -> i64 {
    let since = date.duration_since(Date::constant(1970, 1, 1));
    since.as_hours() / 24
}

fn date_of(epoch_day: i64) -> Option<Date> {
    let span = jiff::Span::new().try_days(epoch_day).ok()?;
    Date::constant(1970, 1, 1).checked_add(span).ok()
}

fn month_of(month: i64) -> Option<Date> {
    let year = i16::try_from(month.div_euclid(12)).ok()?;
    let month = i8::try_from(month.rem_euclid(12) + 1).ok()?;
    Date::new(year, month, 1).ok()
}

#[cfg(test)]
mod tests;
