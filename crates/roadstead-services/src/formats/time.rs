//! Times as devices write them: RFC 3339 read quickly, and numbers by their magnitude.

use roadstead_model::{BadTime, Timestamp};

const SECOND: i64 = 1_000_000;

/// Reads RFC 3339.
pub(super) fn rfc3339(text: &str) -> Result<Timestamp, BadTime> {
    match rfc3339_fast(text.as_bytes()) {
        Some(time) => Ok(time),
        None => text.parse(),
    }
}

/// Reads `2026-11-21T10:00:00Z` with up to six digits of a fraction, or leaves it to the full
/// reader. What this reads, the full reader reads the same.
pub(super) fn rfc3339_fast(text: &[u8]) -> Option<Timestamp> {
    let (head, tail) = text.split_at_checked(19)?;
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if marks.iter().any(|(at, mark)| head[*at] != *mark) {
        return None;
    }
    let year = digits(&head[0..4])?;
    let (month, day) = (digits(&head[5..7])?, digits(&head[8..10])?);
    let (hour, minute, second) =
        (digits(&head[11..13])?, digits(&head[14..16])?, digits(&head[17..19])?);
    let real = (1..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_of_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !real {
        return None;
    }
    let fraction = match tail {
        b"Z" => 0,
        [b'.', fraction @ .., b'Z'] if (1..=6).contains(&fraction.len()) => {
            let missing = u32::try_from(6 - fraction.len()).ok()?;
            digits(fraction)? * 10_i64.pow(missing)
        }
        _ => return None,
    };
    let seconds = days_since_epoch(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    Timestamp::from_micros(seconds * SECOND + fraction).ok()
}

fn digits(text: &[u8]) -> Option<i64> {
    text.iter()
        .try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
}

const fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Counts days of the proleptic Gregorian calendar, years beginning in March.
const fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Reads a whole number of seconds, milli-, micro- or nanoseconds since the epoch.
///
/// Which of these it is shows in its size: below 10^11 seconds (the year 5138), below 10^14
/// milliseconds, below 10^17 microseconds, beyond that nanoseconds. So milli-, micro- and
/// nanoseconds are understood from March 1973 on.
pub(super) fn by_magnitude(number: i64) -> Result<Timestamp, BadTime> {
    let micros = match number.unsigned_abs() {
        0..100_000_000_000 => number.checked_mul(SECOND),
        100_000_000_000..100_000_000_000_000 => number.checked_mul(1_000),
        100_000_000_000_000..100_000_000_000_000_000 => Some(number),
        _ => Some(number.div_euclid(1_000)),
    };
    Timestamp::from_micros(micros.ok_or(BadTime)?)
}

/// Reads a number with a fraction by the same rule.
pub(super) fn by_magnitude_with_fraction(number: f64) -> Result<Timestamp, BadTime> {
    let size = number.abs();
    let seconds = if size < 1e11 {
        number
    } else if size < 1e14 {
        number / 1e3
    } else if size < 1e17 {
        number / 1e6
    } else {
        number / 1e9
    };
    Timestamp::from_seconds(seconds)
}

#[cfg(test)]
mod tests;
