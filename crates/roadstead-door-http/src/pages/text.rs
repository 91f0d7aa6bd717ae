//! Units and values as people read them: the same tables as `web/src/format.ts`.

use roadstead_model::Value;

const DIGITS: usize = 6;
const LONGEST_TEXT: usize = 80;
const THIN_SPACE: char = '\u{202f}';
const MINUS: &str = "\u{2212}";

/// Turns a SenML unit into what is shown.
pub(crate) fn unit_text(unit: &str) -> &str {
    match unit {
        "Cel" => "°C",
        "degF" => "°F",
        "deg" => "°",
        "%RH" => "% RH",
        "/" | "1" | "count" => "",
        "W/m2" => "W/m²",
        "m2" => "m²",
        "m3" => "m³",
        "m/s2" => "m/s²",
        "m3/s" => "m³/s",
        "ug/m3" => "µg/m³",
        "ohm" | "Ohm" => "Ω",
        other => other,
    }
}

/// Writes any value.
pub(crate) fn value_text(value: &Value) -> String {
    match value {
        Value::Number(number) => number_text(*number),
        Value::Flag(flag) => flag.to_string(),
        Value::Text(text) if text.chars().count() > LONGEST_TEXT => {
            text.chars().take(LONGEST_TEXT - 1).chain(['…']).collect()
        }
        Value::Text(text) => text.to_string(),
    }
}

/// Writes a number with at most six significant digits, a true minus and thin grouping.
pub(crate) fn number_text(number: f64) -> String {
    if !number.is_finite() {
        return "–".into();
    }
    let size = number.abs();
    if size != 0.0 && !(1e-4..1e12).contains(&size) {
        return format!("{number:.3e}").replace('-', MINUS);
    }
    let decimals = if size >= 1.0 {
        DIGITS.saturating_sub(format!("{:.0}", size.floor()).len())
    } else {
        DIGITS + leading_zeros(size)
    };
    let plain = trimmed(format!("{size:.decimals$}"));
    let sign = if number < 0.0 && plain != "0" { MINUS } else { "" };
    format!("{sign}{}", grouped(&plain))
}

/// How many zeros stand between the point and the first digit of a number below one.
fn leading_zeros(size: f64) -> usize {
    [1e-1, 1e-2, 1e-3].into_iter().filter(|bound| size < *bound && size > 0.0).count()
}

fn trimmed(text: String) -> String {
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn grouped(text: &str) -> String {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(w, f)| (w, Some(f)));
    let mut out = String::with_capacity(text.len() + 4);
    for (index, digit) in whole.chars().enumerate() {
        let left = whole.len() - index;
        if whole.len() > 4 && index > 0 && left.is_multiple_of(3) {
            out.push(THIN_SPACE);
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_in_the_browser() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (21.5, "21.5"),
            (-3.25, "\u{2212}3.25"),
            (1234.0, "1234"),
            (12_345.678, "12\u{202f}345.7"),
            (1_234_567.8, "1\u{202f}234\u{202f}568"),
            (0.1 + 0.2, "0.3"),
            (0.001_234_567, "0.00123457"),
            (0.000_01, "1.000e\u{2212}5"),
            (2.5e12, "2.500e12"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(number_text(number), text);
        }
    }

    #[test]
    fn long_texts_are_cut() {
        let value = Value::text(&"ä".repeat(100)).unwrap();
        assert_eq!(value_text(&value).chars().count(), LONGEST_TEXT);
    }
}
