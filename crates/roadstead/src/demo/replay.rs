//! A recording laid over the present: shifted by whole days, so that the time of day stays.

use std::cmp::Reverse;

use roadstead_model::Timestamp;

use super::recording::{Recording, Row, Wall};

const DAY: i64 = 24 * 60 * 60;
/// Days of a year whose months all have 31, so that leap years do not shift the seasons.
const YEAR: i64 = 12 * 31;

/// A recording, and where on it the present lies.
#[derive(Debug)]
pub(super) struct Replay {
    recording: Recording,
    /// The whole days after which the recording begins anew, in seconds.
    period: i64,
    /// What is added to a recorded wall clock to get the present one: whole days.
    shift: i64,
    /// How far the present wall clock is ahead of UTC, in seconds.
    offset: i64,
}

impl Replay {
    /// Shifts the recording so that its nearest season and the same time of day fall on `now`.
    ///
    /// `offset` is how far the wall clock is ahead of UTC, in seconds.
    pub(super) fn onto(recording: Recording, now: Timestamp, offset: i64) -> Self {
        let rows = &recording.rows;
        let first = rows[0].at;
        let span = rows[rows.len() - 1].at - first + (rows[1].at - first);
        let days = (span / DAY).max(1);
        let present = wall(now, offset);
        let first_match = first + (present - first).rem_euclid(DAY);
        let season = day_of_year(present);
        let apart = |day: i64| {
            let days = (day_of_year(first_match + day * DAY) - season).abs();
            days.min(YEAR - days)
        };
        let day = (0..days).min_by_key(|day| (apart(*day), Reverse(*day))).unwrap_or(0);
        Self { period: days * DAY, shift: present - first_match - day * DAY, offset, recording }
    }

    /// The sensors' names, in the order of a row's values.
    pub(super) fn sensors(&self) -> &[String] {
        &self.recording.sensors
    }

    /// The rows that fall after `from` and not after `to`, with their present times.
    pub(super) fn between(&self, from: Timestamp, to: Timestamp) -> Vec<(Timestamp, &Row)> {
        let rows = self.cycle();
        let turn = |instant| {
            (wall(instant, self.offset) - self.shift - rows[0].at).div_euclid(self.period)
        };
        let turns = turn(from)..=turn(to);
        let all = turns.flat_map(|turn| rows.iter().map(move |row| (turn, row)));
        let timed = all.filter_map(|(turn, row)| {
            let seconds = row.at + turn * self.period + self.shift - self.offset;
            Some((Timestamp::from_micros(seconds.checked_mul(1_000_000)?).ok()?, row))
        });
        timed.filter(|(time, _)| from < *time && *time <= to).collect()
    }

    /// The rows in their order without end, from the first that falls after `now`.
    pub(super) fn from(&self, now: Timestamp) -> impl Iterator<Item = &Row> {
        let rows = self.cycle();
        let recorded = wall(now, self.offset) - self.shift;
        let recorded = rows[0].at + (recorded - rows[0].at).rem_euclid(self.period);
        let next = rows.partition_point(|row| row.at <= recorded);
        rows.iter().cycle().skip(next)
    }

    /// The rows of whole days, as many as there are.
    fn cycle(&self) -> &[Row] {
        let rows = &self.recording.rows;
        &rows[..rows.partition_point(|row| row.at < rows[0].at + self.period)]
    }
}

fn wall(instant: Timestamp, offset: i64) -> Wall {
    instant.micros().div_euclid(1_000_000) + offset
}

fn day_of_year(wall: Wall) -> i64 {
    let instant = jiff::Timestamp::from_second(wall).unwrap_or_default();
    let date = instant.to_zoned(jiff::tz::TimeZone::UTC).date();
    i64::from(date.month()) * 31 + i64::from(date.day())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::plan::DEVICES;
    use super::*;

    const WEEK: Duration = Duration::from_hours(7 * 24);

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn civil(wall: Wall) -> String {
        jiff::Timestamp::from_second(wall).unwrap().to_string()
    }

    /// The embedded recording of the device at this place in the plan.
    fn replay(device: usize, now: &str, offset: i64) -> Replay {
        Replay::onto(Recording::read(DEVICES[device].recording).unwrap(), at(now), offset)
    }

    #[test]
    fn the_same_day_of_the_year_is_shown_where_it_was_recorded() {
        let now = at("2026-11-21T10:20:00Z");
        let replay = replay(1, "2026-11-21T10:20:00Z", 0);
        assert_eq!(civil(replay.from(now).next().unwrap().at), "1990-11-21T11:00:00Z");
        assert_eq!(replay.between(now.before(WEEK), now).len(), 7 * 24);
    }

    #[test]
    fn else_the_nearest_day_is_shown() {
        let replay = replay(0, "2026-11-21T10:20:00Z", 0);
        let next = replay.from(at("2026-11-21T10:20:00Z")).next().unwrap().at;
        assert_eq!(civil(next), "2016-10-12T10:30:00Z");
    }

    #[test]
    fn the_time_of_day_is_that_of_the_wall_clock() {
        let now = at("2026-08-01T10:20:00Z");
        let replay = replay(0, "2026-08-01T10:20:00Z", 7200);
        assert_eq!(civil(replay.from(now).next().unwrap().at), "2016-08-01T12:30:00Z");
        let (last, _) = *replay.between(now.before(WEEK), now).last().unwrap();
        assert_eq!(last, at("2026-08-01T10:15:00Z"));
    }

    #[test]
    fn a_short_recording_is_repeated_after_whole_days() {
        let now = at("2026-11-21T10:20:00Z");
        let replay = replay(2, "2026-11-21T10:20:00Z", 0);
        let rows = replay.between(now.before(WEEK), now);
        assert!(rows.windows(2).all(|pair| pair[0].0 < pair[1].0));
        let (last, row) = rows.last().unwrap();
        assert_eq!(row.at.rem_euclid(DAY), last.micros().div_euclid(1_000_000).rem_euclid(DAY));
        assert!(rows.len() > 600, "a week of 16 minutes each: {}", rows.len());
    }

    #[test]
    fn what_lies_between_has_no_overlap_with_what_lay_before() {
        let now = at("2026-11-21T10:20:00Z");
        let replay = replay(0, "2026-11-21T10:20:00Z", 0);
        let (middle, whole) = (now.before(WEEK / 2), replay.between(now.before(WEEK), now));
        let mut parts = replay.between(now.before(WEEK), middle);
        parts.extend(replay.between(middle, now));
        assert_eq!(parts, whole);
        assert!(replay.between(now, now).is_empty());
    }

    #[test]
    fn the_live_rows_have_no_end() {
        let now = at("2026-02-28T23:59:00Z");
        let replay = replay(2, "2026-02-28T23:59:00Z", -18_000);
        assert_eq!(replay.from(now).take(1_000).count(), 1_000);
    }
}
