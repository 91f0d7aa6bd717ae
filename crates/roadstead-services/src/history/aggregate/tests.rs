//! What this file promises, tried.

use super::*;
use proptest::prelude::*;

fn close(left: f64, right: f64) -> bool {
    (left - right).abs() <= 1e-9 * left.abs().max(right.abs()).max(1.0)
}

/// Looks at each microsecond of the span, one by one.
#[expect(clippy::cast_precision_loss, reason = "small spans")]
fn naive_over_time(times: &[i64], numbers: &[f64], before: Option<f64>, span: (i64, i64)) -> f64 {
    let in_force = |at: i64| {
        let last = times.iter().rposition(|time| *time <= at);
        last.map(|last| numbers[last]).or(before)
    };
    let held: Vec<f64> = (span.0..span.1).filter_map(in_force).collect();
    if held.is_empty() {
        numbers[numbers.len() - 1]
    } else {
        held.iter().sum::<f64>() / held.len() as f64
    }
}

proptest! {
    #[test]
    fn aggregates_are_what_a_naive_reader_finds(
        points in proptest::collection::btree_map(0_i64..60, -1e6_f64..1e6, 1..20),
        before in proptest::option::of(-1e6_f64..1e6),
        end in 1_i64..=60,
    ) {
        let times: Vec<i64> = points.keys().copied().collect();
        let numbers: Vec<f64> = points.values().copied().collect();
        let span = (0, end);
        let frame = Frame { times: &times, numbers: &numbers, before, span };
        let total: f64 = numbers.iter().sum();
        let mut sorted = numbers.clone();
        sorted.sort_by(f64::total_cmp);
        #[expect(clippy::cast_precision_loss, reason = "few")]
        let many = numbers.len() as f64;
        prop_assert!(close(Aggregate::Sum.of(&frame), total));
        prop_assert!(close(Aggregate::Mean.of(&frame), total / many));
        prop_assert!(close(Aggregate::Count.of(&frame), many));
        prop_assert!(close(Aggregate::Min.of(&frame), sorted[0]));
        prop_assert!(close(Aggregate::Max.of(&frame), sorted[sorted.len() - 1]));
        prop_assert!(close(Aggregate::First.of(&frame), numbers[0]));
        prop_assert!(close(Aggregate::Last.of(&frame), numbers[numbers.len() - 1]));
        let over_time = Aggregate::TimeWeightedMean.of(&frame);
        prop_assert!(close(over_time, naive_over_time(&times, &numbers, before, span)));
    }
}

#[test]
fn a_value_counts_as_long_as_it_holds() {
    let frame = Frame { times: &[10, 20], numbers: &[1.0, 5.0], before: Some(3.0), span: (0, 40) };
    assert!(close(
        Aggregate::TimeWeightedMean.of(&frame),
        (3.0 * 10.0 + 1.0 * 10.0 + 5.0 * 20.0) / 40.0
    ));
    let alone = Frame { times: &[10], numbers: &[7.0], before: None, span: (0, 40) };
    assert!(close(Aggregate::TimeWeightedMean.of(&alone), 7.0));
}

#[test]
fn a_sum_does_not_lose_small_numbers_beside_large_ones() {
    assert!(close(sum([1e16, 1.0, -1e16].into_iter()), 1.0));
    assert!(sum([f64::MAX, f64::MAX].into_iter()).is_infinite());
    assert!(close(mean(&[f64::MAX, f64::MAX]) / f64::MAX, 1.0));
}

#[test]
fn every_name_reads_back() {
    for aggregate in Aggregate::ALL {
        assert_eq!(aggregate.name().parse::<Aggregate>().unwrap(), aggregate);
    }
    assert!("median".parse::<Aggregate>().is_err());
}
