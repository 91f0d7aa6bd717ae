//! A run told to people and to machines.

use serde_json::json;

use crate::fleet::Outcome;

/// Prints a run; `unit` names what was counted.
pub(crate) fn print(outcome: &Outcome, unit: &str, as_json: bool) {
    if as_json {
        println!("{}", to_json(outcome, unit));
    } else {
        print!("{}", to_text(outcome, unit));
    }
}

fn to_json(outcome: &Outcome, unit: &str) -> serde_json::Value {
    json!({
        "unit": unit,
        "seconds": outcome.seconds,
        "acknowledged": outcome.done,
        "acknowledged_in_all": outcome.done_in_all,
        "per_second": outcome.rate(),
        "server_cpu_seconds": outcome.server_cpu,
        "per_server_cpu_second": outcome.per_server_cpu(),
        "generator_cpu_seconds": outcome.own_cpu,
        "latency_ms": {
            "p50": outcome.latency.quantile_ms(0.5),
            "p99": outcome.latency.quantile_ms(0.99),
        },
        "refused": outcome.refused,
        "unanswered": outcome.unanswered,
        "complaints": outcome.complaints,
    })
}

fn to_text(outcome: &Outcome, unit: &str) -> String {
    let mut lines = vec![format!(
        "{} {unit}/s acknowledged ({} in {:.1} s)",
        grouped(outcome.rate()),
        grouped(outcome.done as f64),
        outcome.seconds
    )];
    if let (Some(rate), Some(cpu)) = (outcome.per_server_cpu(), outcome.server_cpu) {
        lines.push(format!("{} per server CPU-second ({cpu:.2} s used)", grouped(rate)));
    }
    lines.push(format!("generator used {:.2} CPU-seconds", outcome.own_cpu));
    let quantile = |share| outcome.latency.quantile_ms(share);
    if let (Some(half), Some(most)) = (quantile(0.5), quantile(0.99)) {
        lines.push(format!("acknowledged after {half:.2} ms (p50), {most:.2} ms (p99)"));
    }
    lines.push(format!("{} refused, {} unanswered", outcome.refused, outcome.unanswered));
    lines.extend(outcome.complaints.iter().map(|(what, count)| format!("{count} × {what}")));
    lines.join("\n") + "\n"
}

/// Writes a whole number with commas between thousands.
pub(crate) fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(grouped(7.0), "7");
        assert_eq!(grouped(999.4), "999");
        assert_eq!(grouped(1_234_567.0), "1,234,567");
        assert_eq!(grouped(100_000.0), "100,000");
    }
}
