//! Fewer points, same picture: which values of a curve to keep.

use std::str::FromStr;

use super::HistoryError;

/// How the points of a thinned curve are chosen. All are values that were measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Thinning {
    /// The smallest and the largest value of each of equal stretches of time, and the first and
    /// the last of all: no peak is lost, however short.
    ///
    /// The min-max half of M4 (Jugel, Jerzak, Hackenbroich, Markl: "M4: A Visualization-Oriented
    /// Time Series Data Aggregation", VLDB 2014): with a stretch for each column of pixels the
    /// line is drawn over the same height as by all values. A stretch without values has no
    /// point, so gaps stay gaps.
    #[default]
    MinMax,
    /// Largest triangle, three buckets (Steinarsson: "Downsampling Time Series for Visual
    /// Representation", University of Iceland, 2013): calmer to look at, exactly as many points
    /// as asked for, and a peak beside a higher one may go.
    Lttb,
}

impl Thinning {
    /// The indices to keep, rising: at most `count`, the first and the last among them.
    pub(super) fn choose(self, times: &[i64], numbers: &[f64], count: usize) -> Vec<usize> {
        if times.len() <= count {
            return (0..times.len()).collect();
        }
        match self {
            Self::MinMax => min_max(times, numbers, count),
            Self::Lttb => lttb(times, numbers, count),
        }
    }
}

impl FromStr for Thinning {
    type Err = HistoryError;

    fn from_str(text: &str) -> Result<Self, HistoryError> {
        match text {
            "min-max" => Ok(Self::MinMax),
            "lttb" => Ok(Self::Lttb),
            _ => Err(HistoryError::UnknownThinning(text.to_owned())),
        }
    }
}

fn min_max(times: &[i64], numbers: &[f64], count: usize) -> Vec<usize> {
    let last = times.len() - 1;
    let stretches = ((count - 2) / 2).max(1);
    let pair = count >= 4; // with three points there is room for one between the ends
    let begin = i128::from(times[0]);
    let width = (i128::from(times[last]) - begin).max(1);
    let mut kept = vec![0];
    let mut at = 1;
    for stretch in 1..=stretches {
        let share = width * stretch as i128;
        let end = begin + share / stretches as i128;
        let whole = stretch == stretches;
        let inside = times[at..last].partition_point(|time| whole || i128::from(*time) < end);
        keep_extremes(&numbers[at..at + inside], at, pair, &mut kept);
        at += inside;
    }
    kept.push(last);
    kept
}

fn keep_extremes(numbers: &[f64], offset: usize, pair: bool, kept: &mut Vec<usize>) {
    let (mut low, mut high) = (0, 0);
    for (at, number) in numbers.iter().enumerate() {
        if *number < numbers[low] {
            low = at;
        }
        if *number > numbers[high] {
            high = at;
        }
    }
    if numbers.is_empty() {
        return;
    }
    kept.push(offset + low.min(high));
    if pair && low != high {
        kept.push(offset + low.max(high));
    }
}

#[expect(clippy::cast_precision_loss, reason = "areas of triangles are compared, not kept")]
fn lttb(times: &[i64], numbers: &[f64], count: usize) -> Vec<usize> {
    let last = times.len() - 1;
    let edge = |bucket: usize| bucket * (last - 1) / (count - 2) + 1;
    let x = |at: usize| (times[at] - times[0]) as f64;
    let mut kept = Vec::with_capacity(count);
    kept.push(0);
    let mut from = 0;
    for bucket in 0..count - 2 {
        let (begin, end) = (edge(bucket), edge(bucket + 1));
        let after = if bucket + 3 == count { last..last + 1 } else { end..edge(bucket + 2) };
        let many = after.len() as f64;
        let middle_x = after.clone().map(x).sum::<f64>() / many;
        let middle_y = after.map(|at| numbers[at] / many).sum::<f64>();
        let area = |at: usize| {
            let across = (x(from) - middle_x) * (numbers[at] - numbers[from]);
            (across - (x(from) - x(at)) * (middle_y - numbers[from])).abs()
        };
        let mut best = (begin, area(begin));
        for at in begin + 1..end {
            let found = area(at);
            if found > best.1 {
                best = (at, found);
            }
        }
        from = best.0;
        kept.push(from);
    }
    kept.push(last);
    kept
}

#[cfg(test)]
mod tests;
