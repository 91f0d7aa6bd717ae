//! Whole measurements, a page at a time.

use std::fmt;
use std::str::FromStr;

use roadstead_guard::{Permit, Read};
use roadstead_model::{Measurement, SensorId, Timestamp};
use roadstead_store::{Measurements, TimeRange};

use super::HistoryError;

/// No sensor has more measurements of one instant: each principal has one.
const MOST_AT_ONE_TIME: u32 = 100_000;

/// Some measurements, and where the next ones begin.
#[derive(Debug, Clone, Default)]
pub struct HistoryPage {
    /// Of one sensor after the other, each by rising time.
    pub measurements: Vec<Measurement>,
    /// Asks for what follows; `None` when nothing does.
    pub next: Option<Cursor>,
}

/// Where a page ended. To be handed back as it is, together with the same question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    sensor: SensorId,
    /// The time of the last measurement told.
    time: Timestamp,
    /// How many of this time were told.
    told: u32,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.time.micros().cast_unsigned();
        write!(f, "{:x}-{time:x}-{:x}", self.sensor.integer(), self.told)
    }
}

impl FromStr for Cursor {
    type Err = HistoryError;

    fn from_str(text: &str) -> Result<Self, HistoryError> {
        let mut parts = text.split('-').map(|part| u64::from_str_radix(part, 16));
        let (Some(Ok(sensor)), Some(Ok(time)), Some(Ok(told)), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(HistoryError::Cursor);
        };
        let sensor = SensorId::from_integer(sensor).map_err(|_| HistoryError::Cursor)?;
        let time = Timestamp::from_micros(time.cast_signed()).map_err(|_| HistoryError::Cursor)?;
        let told = u32::try_from(told).ok().filter(|told| *told <= MOST_AT_ONE_TIME);
        Ok(Self { sensor, time, told: told.ok_or(HistoryError::Cursor)? })
    }
}

/// What a page is asked for.
pub(super) struct Wanted {
    pub range: TimeRange,
    pub after: Option<Cursor>,
    pub limit: usize,
}

/// Reads sensor after sensor until the page is full.
pub(super) async fn read(
    measurements: &dyn Measurements,
    permits: &[Permit<Read, SensorId>],
    wanted: Wanted,
) -> Result<HistoryPage, HistoryError> {
    let begin = match wanted.after {
        None => 0,
        Some(after) => {
            let same = |permit: &Permit<Read, SensorId>| permit.resource() == after.sensor;
            permits.iter().position(same).ok_or(HistoryError::Cursor)?
        }
    };
    let mut page = HistoryPage::default();
    for permit in &permits[begin..] {
        let room = wanted.limit - page.measurements.len();
        if room == 0 {
            page.next = Some(Cursor::at_the_beginning(permit.resource(), wanted.range));
            break;
        }
        let after = wanted.after.filter(|after| after.sensor == permit.resource());
        let more =
            read_one(measurements, permit, Wanted { limit: room, after, ..wanted }, &mut page);
        if more.await? {
            page.next = Cursor::after(&page.measurements, after);
            break;
        }
    }
    Ok(page)
}

/// Adds one sensor's measurements; says whether there are more.
async fn read_one(
    measurements: &dyn Measurements,
    permit: &Permit<Read, SensorId>,
    wanted: Wanted,
    page: &mut HistoryPage,
) -> Result<bool, HistoryError> {
    let (range, told) = match wanted.after {
        None => (wanted.range, 0),
        Some(after) => {
            let from = after.time.max(wanted.range.from);
            (TimeRange { from, to: wanted.range.to }, after.told as usize)
        }
    };
    if range.from >= range.to {
        return Ok(false);
    }
    let found = measurements.page(permit, range, wanted.limit + told).await?;
    let again =
        |row: &&Measurement| wanted.after.is_some_and(|after| row.reading.time == after.time);
    let skip = found.measurements.iter().take(told).take_while(again).count();
    let mut rest = found.measurements.into_iter().skip(skip);
    page.measurements.extend(rest.by_ref().take(wanted.limit));
    Ok(found.more || rest.next().is_some())
}

impl Cursor {
    const fn at_the_beginning(sensor: SensorId, range: TimeRange) -> Self {
        Self { sensor, time: range.from, told: 0 }
    }

    /// Counts how many of the last time were told, those of earlier pages included.
    fn after(page: &[Measurement], before: Option<Self>) -> Option<Self> {
        let last = &page.last()?.reading;
        let same = page.iter().rev().map(|row| &row.reading);
        let same = same.take_while(|row| row.sensor == last.sensor && row.time == last.time);
        let told = u32::try_from(same.count()).ok()?;
        let earlier = before.filter(|before| before.time == last.time).map_or(0, |at| at.told);
        Some(Self { sensor: last.sensor, time: last.time, told: told + earlier })
    }
}

#[cfg(test)]
mod tests;
