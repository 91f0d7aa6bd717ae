//! Payloads whose time and value move without allocating.
//!
//! Every text of a series has the same length: the value is always `dd.dd`, the time
//! always has six digits after the second. So the next one is patched into the last one.

use std::ops::Range;

use clap::ValueEnum;
use jiff::{SignedDuration, Timestamp};

#[cfg(test)]
mod tests;

/// How one measurement is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// A bare number.
    Number,
    /// `{"time":…,"value":…,"quality":"good"}`.
    Json,
    /// `{"name":…,"time":…,"value":…}`, for batches.
    #[value(skip)]
    Named,
    /// A SenML record (RFC 8428), for batches.
    #[value(skip)]
    Senml,
}

/// One sensor's measurements: each a microsecond later than the last.
#[derive(Clone)]
pub(crate) struct Series {
    form: Form,
    sensor: String,
    stamp: Vec<u8>,
    stamp_at: Range<usize>,
    value_at: usize,
    noise: u64,
}

impl Series {
    /// Begins a series at a time; `seed` tells it from others.
    pub(crate) fn new(form: Form, sensor: &str, start: Timestamp, seed: u64) -> Self {
        let noise = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let stamp = stamp(form, start).into_bytes();
        let sensor = sensor.to_owned();
        let mut series = Self { form, sensor, stamp, stamp_at: 0..0, value_at: 0, noise };
        let text = series.text();
        series.value_at = text.rfind("20.00").expect("every text has a value");
        if form != Form::Number {
            let at = text.find(series.stamp_text()).expect("all but bare numbers have a time");
            series.stamp_at = at..at + series.stamp.len();
        }
        series
    }

    /// A whole text, for [`advance`](Self::advance) to move on from.
    pub(crate) fn text(&self) -> String {
        let (stamp, sensor) = (self.stamp_text(), &self.sensor);
        match self.form {
            Form::Number => "20.00".to_owned(),
            Form::Json => format!(r#"{{"time":"{stamp}","value":20.00,"quality":"good"}}"#),
            Form::Named => format!(r#"{{"name":"{sensor}","time":"{stamp}","value":20.00}}"#),
            Form::Senml => format!(r#"{{"n":"{sensor}","t":{stamp},"v":20.00}}"#),
        }
    }

    /// Turns a text of this series into the next one, in place.
    pub(crate) fn advance(&mut self, text: &mut [u8]) {
        self.put_value(text);
        if self.form == Form::Number {
            return;
        }
        count_up(&mut self.stamp);
        text[self.stamp_at.clone()].copy_from_slice(&self.stamp);
    }

    fn stamp_text(&self) -> &str {
        std::str::from_utf8(&self.stamp).expect("digits and punctuation")
    }

    /// Writes 20.00 to 29.99, as a temperature might be.
    fn put_value(&mut self, text: &mut [u8]) {
        self.noise ^= self.noise << 13;
        self.noise ^= self.noise >> 7;
        self.noise ^= self.noise << 17;
        let [first, second, third, ..] = self.noise.to_be_bytes();
        let at = self.value_at;
        for (place, digit) in [(1, first), (3, second), (4, third)] {
            text[at + place] = b'0' + digit % 10;
        }
    }
}

fn stamp(form: Form, time: Timestamp) -> String {
    let form = if form == Form::Senml { "%s.%6f" } else { "%Y-%m-%dT%H:%M:%S.%6fZ" };
    time.strftime(form).to_string()
}

/// Adds a microsecond to a time's digits.
///
/// A new second is rare, so it alone goes through the calendar.
fn count_up(stamp: &mut [u8]) {
    for digit in stamp.iter_mut().rev().filter(|byte| **byte != b'Z') {
        match *digit {
            b'.' => break,
            b'9' => *digit = b'0',
            _ => {
                *digit += 1;
                return;
            }
        }
    }
    next_second(stamp);
}

/// Adds a second to a time whose fraction has just gone round to zero.
fn next_second(stamp: &mut [u8]) {
    let text = std::str::from_utf8(stamp).expect("digits and punctuation");
    let next = if let Ok(time) = text.parse::<Timestamp>() {
        self::stamp(Form::Json, time + SignedDuration::from_secs(1))
    } else {
        let seconds = text.split('.').next().and_then(|text| text.parse::<i64>().ok());
        format!("{}.000000", seconds.expect("Unix seconds") + 1)
    };
    stamp.copy_from_slice(next.as_bytes());
}
