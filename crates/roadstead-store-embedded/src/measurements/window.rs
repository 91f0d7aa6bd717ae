//! Which rows of a tenant share a file: those of a day, and of longer when they are old.
//!
//! A sender chooses the times of what it sends. Were each day a file, one batch of values
//! spread over years would make thousands of them, each with its own sync.

use std::collections::BTreeSet;

use roadstead_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::DAY;

/// Files that one flush makes for a tenant at most, but for those of what is quarantined.
const MOST: usize = 64;
/// Days that are older than this when they arrive share files by month.
const RECENT: i64 = 35;

/// How long the time is that a file is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Span {
    #[default]
    Day,
    Month,
    Year,
    All,
    /// The day on which quarantined rows arrived: their own times may be absurd.
    Arrival,
}

impl Span {
    /// Whether it is what most files are for.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
    pub(super) fn is_day(&self) -> bool {
        *self == Self::Day
    }
}

/// What a file is for: a stretch of time, by its first day since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Window {
    pub(super) day: i64,
    pub(super) span: Span,
}

impl Window {
    fn around(day: i64, span: Span) -> Self {
        let day = match span {
            Span::Day | Span::Arrival => day,
            Span::Month => month_of(day),
            Span::Year => year_of(day),
            Span::All => 0,
        };
        Self { day, span }
    }

    /// Where rows lie that arrived quarantined on a day.
    pub(super) const fn of_arrival(day: i64) -> Self {
        Self { day, span: Span::Arrival }
    }

    /// The name of the folder of its files.
    pub(super) fn folder(self) -> String {
        let mut name = date(self.day);
        match self.span {
            Span::Day => {}
            Span::Month => name.truncate(7),
            Span::Year => name.truncate(4),
            Span::All => "all".clone_into(&mut name),
            Span::Arrival => name.push_str("-quarantined"),
        }
        name
    }

    /// Whether it is a name such as [`folder`](Self::folder) gives.
    pub(super) fn is_folder(name: &str) -> bool {
        let date = name.strip_suffix("-quarantined").unwrap_or(name);
        let plain = |byte: u8| byte.is_ascii_digit() || byte == b'-';
        name == "all" || matches!(date.len(), 4 | 7 | 10) && date.bytes().all(plain)
    }
}

/// The windows of some days, each with the first and the last day of them that is in it.
pub(super) fn windows(days: &BTreeSet<i64>, today: i64) -> Vec<(Window, (i64, i64))> {
    let mut made = Vec::new();
    for old in [Span::Month, Span::Year, Span::All] {
        made = spread(days, |day| if day < today - RECENT { old } else { Span::Day });
        if made.len() <= MOST {
            return made;
        }
    }
    if made.len() <= MOST { made } else { spread(days, |_| Span::All) }
}

fn spread(days: &BTreeSet<i64>, span: impl Fn(i64) -> Span) -> Vec<(Window, (i64, i64))> {
    let mut made: Vec<(Window, (i64, i64))> = Vec::new();
    for day in days.iter().copied() {
        let window = Window::around(day, span(day));
        match made.last_mut() {
            Some((same, (_, last))) if *same == window => *last = day,
            _ => made.push((window, (day, day))),
        }
    }
    made
}

fn date(day: i64) -> String {
    let begin = Timestamp::from_micros(day.saturating_mul(DAY)).unwrap_or_default();
    begin.to_string().chars().take(10).collect()
}

/// The first day of a day's month.
fn month_of(day: i64) -> i64 {
    let of_month = date(day).get(8..10).and_then(|number| number.parse::<i64>().ok());
    day - of_month.map_or(0, |number| number - 1)
}

/// The first day of a day's year.
fn year_of(day: i64) -> i64 {
    let mut first = month_of(day);
    while date(first).get(5..7).is_some_and(|month| month != "01") {
        first = month_of(first - 1);
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(days: impl IntoIterator<Item = i64>, today: i64) -> Vec<String> {
        let made = windows(&days.into_iter().collect(), today);
        made.into_iter().map(|(window, _)| window.folder()).collect()
    }

    /// 2026-11-21.
    const TODAY: i64 = 20_778;

    #[test]
    fn what_is_recent_has_a_file_for_each_day_and_what_is_old_for_each_month() {
        assert_eq!(
            names([TODAY - 52, TODAY - 51, TODAY - 36, TODAY - 1, TODAY], TODAY),
            ["2026-09", "2026-10", "2026-11-20", "2026-11-21"]
        );
    }

    #[test]
    fn however_many_days_there_are_the_files_stay_few() {
        assert_eq!(names((0..20_000).step_by(10), TODAY).len(), 55, "years");
        assert_eq!(names((0..20_000).step_by(10), TODAY)[54], "2024");
        assert_eq!(names(-20_000..TODAY, TODAY).len(), 36, "35 days, and all before");
        assert_eq!(names(TODAY..TODAY + 500, TODAY), ["all"]);
    }

    #[test]
    fn every_day_is_in_the_window_that_is_said_to_hold_it() {
        let days: BTreeSet<i64> = (0..TODAY).step_by(3).collect();
        let made = windows(&days, TODAY);
        let held = |day: &i64| made.iter().filter(|(_, (a, b))| (a..=b).contains(&day)).count();
        assert!(days.iter().all(|day| held(day) == 1));
        assert!(made.iter().all(|(window, _)| Window::is_folder(&window.folder())));
    }
}
