//! What this file promises, tried.

use super::*;
use proptest::prelude::*;

const HOUR: i64 = 3_600_000_000;

fn micros(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_microsecond()
}

fn resolution(text: &str, zone: &str) -> Resolution {
    Resolution::parse(text, &zone.parse().unwrap()).unwrap()
}

#[test]
fn days_have_23_and_25_hours_where_the_clocks_change() {
    let days = resolution("P1D", "Europe/Berlin");
    let spring = days.bucket(micros("2026-03-29T12:00:00+02:00"));
    assert_eq!(spring, (micros("2026-03-29T00:00:00+01:00"), micros("2026-03-30T00:00:00+02:00")));
    assert_eq!(spring.1 - spring.0, 23 * HOUR);
    let autumn = days.bucket(micros("2026-10-25T12:00:00+01:00"));
    assert_eq!(autumn.1 - autumn.0, 25 * HOUR);
}

#[test]
fn both_hours_of_the_night_that_has_one_twice_are_buckets_of_their_own() {
    let hours = resolution("PT1H", "Europe/Berlin");
    let first = hours.bucket(micros("2026-10-25T02:30:00+02:00"));
    let second = hours.bucket(micros("2026-10-25T02:30:00+01:00"));
    assert_eq!((first.1, second.0), (second.0, micros("2026-10-25T02:00:00+01:00")));
}

#[test]
fn hours_begin_with_the_local_hour() {
    let (start, _) = resolution("PT1H", "Asia/Kolkata").bucket(micros("2026-11-21T10:10:00Z"));
    assert_eq!(start, micros("2026-11-21T15:00:00+05:30"));
}

#[test]
fn weeks_begin_on_monday_and_months_on_the_first() {
    let noon = micros("2026-11-21T12:00:00Z"); // a Saturday
    let of = |text| resolution(text, "UTC").bucket(noon).0;
    assert_eq!(of("P1W"), micros("2026-11-16T00:00:00Z"));
    assert_eq!(of("P1M"), micros("2026-11-01T00:00:00Z"));
    assert_eq!(of("P3M"), micros("2026-10-01T00:00:00Z"));
    assert_eq!(of("P1Y"), micros("2026-01-01T00:00:00Z"));
}

#[test]
fn a_midnight_that_is_left_out_begins_later() {
    let days = resolution("P1D", "America/Sao_Paulo");
    let (start, end) = days.bucket(micros("2018-11-04T12:00:00-02:00"));
    assert_eq!((start, end - start), (micros("2018-11-04T01:00:00-02:00"), 23 * HOUR));
}

#[test]
fn only_one_kind_of_length_is_taken() {
    for bad in
        ["", "1h", "PT0S", "-PT1H", "P1DT1H", "P1M1D", "P0D", "PT1H30M5X", "P1000Y", "PT0.0000001S"]
    {
        assert_eq!(Resolution::parse(bad, &Zone::UTC), Err(BadResolution), "{bad}");
    }
    for good in ["PT15M", "PT1H30M", "PT0.5S", "P1D", "P2W", "P1M", "P1Y6M"] {
        assert!(Resolution::parse(good, &Zone::UTC).is_ok(), "{good}");
    }
}

#[test]
fn a_zone_is_known_by_its_name() {
    for bad in ["Mars/Olympus", "../../etc/passwd", "", "Europe/Berlin\0"] {
        assert_eq!(bad.parse::<Zone>(), Err(BadZone), "{bad}");
    }
    assert_eq!("Europe/Stockholm".parse::<Zone>().unwrap().name(), "Europe/Stockholm");
}

proptest! {
    #[test]
    fn buckets_hold_their_instants_and_leave_no_gap(
        at in 0_i64..4_000_000_000,
        text in prop_oneof![
            Just("PT1S"), Just("PT7M"), Just("PT15M"), Just("PT1H"), Just("PT6H"), Just("PT36H"),
            Just("P1D"), Just("P3D"), Just("P1W"), Just("P1M"), Just("P1Y"),
        ],
        zone in prop_oneof![
            Just("UTC"), Just("Europe/Berlin"), Just("America/Havana"), Just("Asia/Kolkata"),
            Just("Australia/Lord_Howe"), Just("Pacific/Apia"), Just("America/Sao_Paulo"),
        ],
    ) {
        let at = at * 1_000_000;
        let resolution = resolution(text, zone);
        let (start, end) = resolution.bucket(at);
        prop_assert!(start <= at && at < end);
        prop_assert_eq!(resolution.bucket(start), (start, end));
        prop_assert_eq!(resolution.bucket(end - 1), (start, end));
        prop_assert_eq!(resolution.bucket(end).0, end);
        let mut walk = resolution.walk();
        prop_assert_eq!(walk.bucket(at), (start, end));
        prop_assert_eq!(walk.bucket(end), resolution.bucket(end));
    }
}
