//! What this file promises, tried.

use super::*;
use proptest::prelude::*;

fn curve() -> impl Strategy<Value = (Vec<i64>, Vec<f64>)> {
    let points = proptest::collection::btree_map(0_i64..1_000_000, -1e6_f64..1e6, 1..400);
    points.prop_map(|points| points.into_iter().unzip())
}

proptest! {
    #[test]
    fn lttb_keeps_first_last_and_count((times, numbers) in curve(), count in 3_usize..200) {
        let kept = Thinning::Lttb.choose(&times, &numbers, count);
        prop_assert_eq!(kept.len(), count.min(times.len()));
        prop_assert_eq!((kept[0], kept[kept.len() - 1]), (0, times.len() - 1));
        prop_assert!(kept.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn min_max_keeps_ends_and_both_peaks((times, numbers) in curve(), count in 4_usize..200) {
        let kept = Thinning::MinMax.choose(&times, &numbers, count);
        prop_assert!(kept.len() <= count);
        prop_assert_eq!((kept[0], kept[kept.len() - 1]), (0, times.len() - 1));
        prop_assert!(kept.windows(2).all(|pair| pair[0] < pair[1]));
        let all = |choose: fn(f64, f64) -> f64| numbers.iter().copied().reduce(choose);
        let few = |choose: fn(f64, f64) -> f64| kept.iter().map(|at| numbers[*at]).reduce(choose);
        prop_assert_eq!(all(f64::min), few(f64::min));
        prop_assert_eq!(all(f64::max), few(f64::max));
    }
}

#[test]
fn a_single_spike_survives_a_year_of_calm() {
    let times: Vec<i64> = (0..100_000).collect();
    let mut numbers = vec![1.0; 100_000];
    numbers[54_321] = 9.0;
    for thinning in [Thinning::MinMax, Thinning::Lttb] {
        assert!(thinning.choose(&times, &numbers, 100).contains(&54_321), "{thinning:?}");
    }
}

#[test]
fn three_points_are_the_fewest() {
    let times: Vec<i64> = (0..10).collect();
    let numbers: Vec<f64> = [0.0, 1.0, 2.0, 3.0, 9.0, 5.0, 6.0, 7.0, 8.0, 4.0].into();
    for thinning in [Thinning::MinMax, Thinning::Lttb] {
        assert_eq!(thinning.choose(&times, &numbers, 3).len(), 3);
    }
}
