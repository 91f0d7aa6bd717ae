//! What this file promises, tried.

use std::collections::BTreeMap;

use super::*;
use crate::fake::at;
use proptest::prelude::*;
use roadstead_model::TenantId;

fn sensor() -> SensorId {
    SensorId::new(TenantId::numbered(1).unwrap(), 1).unwrap()
}

/// Puts each value into its bucket, one by one.
fn naive(curve: &Curve, range: TimeRange, resolution: &Resolution) -> BTreeMap<i64, Vec<f64>> {
    let mut buckets: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
    for (time, number) in curve.times.iter().zip(&curve.numbers) {
        if range.contains(Timestamp::from_micros(*time).unwrap()) {
            buckets.entry(resolution.bucket(*time).0).or_default().push(*number);
        }
    }
    buckets
}

proptest! {
    #[test]
    fn buckets_hold_what_a_naive_reader_puts_into_them(
        points in proptest::collection::btree_map(0_i64..400_000, -1000_i32..1000, 0..60),
        from in 0_i64..200_000,
        length in 1_i64..300_000,
        text in prop_oneof![Just("PT7M"), Just("PT6H"), Just("P1D"), Just("P1W")],
    ) {
        // The night in which the clocks go back lies inside.
        let begin = at("2026-10-23T00:00:00Z").micros();
        let instant = |second: i64| Timestamp::from_micros(begin + second * 1_000_000).unwrap();
        let resolution = Resolution::parse(text, &"Europe/Berlin".parse().unwrap()).unwrap();
        let range = TimeRange { from: instant(from), to: instant(from + length) };
        let read = points.iter().filter(|(second, _)| instant(**second) < range.to);
        let read = read.map(|(second, number)| (instant(*second).micros(), f64::from(*number)));
        let (times, numbers) = read.unzip();
        let curve = Curve { times, numbers };
        let wanted = naive(&curve, range, &resolution);
        let aggregates = [Aggregate::Sum, Aggregate::Count, Aggregate::Last].into();
        let detail = Detail::Buckets { resolution, aggregates };
        let series = CurveQuery { range, detail }.answer(sensor(), curve, at("2027-01-01T00:00:00Z"));
        prop_assert_eq!(&series.times, &wanted.keys().copied().collect::<Vec<_>>());
        let column = |of: fn(&Vec<f64>) -> f64| wanted.values().map(of).collect::<Vec<_>>();
        prop_assert_eq!(&series.columns[0].numbers, &column(|held| held.iter().sum()));
        #[expect(clippy::cast_precision_loss, reason = "few")]
        let counts = column(|held| held.len() as f64);
        prop_assert_eq!(&series.columns[1].numbers, &counts);
        prop_assert_eq!(&series.columns[2].numbers, &column(|held| held[held.len() - 1]));
    }
}
