//! What this file promises, tried.

use super::*;
use proptest::prelude::*;

proptest! {
    #[test]
    fn what_the_quick_reader_reads_the_full_one_reads_the_same(
        micros in -62_135_596_800_000_000_i64..253_402_207_200_999_999,
        digits in 0_usize..=6,
    ) {
        let unit = 10_i64.pow(u32::try_from(6 - digits).unwrap());
        let exact = Timestamp::from_micros(micros.div_euclid(unit) * unit);
        if let Ok(exact) = exact {
            let whole = Timestamp::from_micros(exact.micros().div_euclid(1_000_000) * 1_000_000).unwrap();
            let head = whole.to_string();
            let fraction = format!("{:06}", exact.micros().rem_euclid(1_000_000));
            let text = match digits {
                0 => head,
                _ => format!("{}.{}Z", head.trim_end_matches('Z'), &fraction[..digits]),
            };
            prop_assert_eq!(rfc3339_fast(text.as_bytes()), Some(exact));
            prop_assert_eq!(text.parse(), Ok(exact));
        }
    }

    #[test]
    fn no_text_is_read_quickly_that_the_full_reader_reads_otherwise(
        text in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{1,7})?Z"
    ) {
        if let Some(time) = rfc3339_fast(text.as_bytes()) {
            prop_assert_eq!(text.parse(), Ok(time));
        }
    }
}

#[test]
fn the_29th_of_february_is_there_in_leap_years_only() {
    assert!(rfc3339_fast(b"2024-02-29T00:00:00Z").is_some());
    assert!(rfc3339("2023-02-29T00:00:00Z").is_err());
    assert!(rfc3339("2026-11-21T12:00:00+02:00").is_ok(), "the full reader takes over");
}

#[test]
fn a_number_is_a_time_by_its_size() {
    let wanted = rfc3339("2026-11-21T10:00:00Z").unwrap();
    for number in [1_795_255_200, 1_795_255_200_000, 1_795_255_200_000_000] {
        assert_eq!(by_magnitude(number), Ok(wanted));
    }
    assert_eq!(by_magnitude(1_795_255_200_000_000_000), Ok(wanted));
    assert_eq!(
        by_magnitude_with_fraction(1_795_255_200.25).unwrap().micros(),
        wanted.micros() + 250_000
    );
    assert!(by_magnitude(i64::MIN).is_ok() && by_magnitude_with_fraction(f64::MAX).is_err());
}
