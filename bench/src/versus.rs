//! Roadstead and mosquitto in turn, as a table.
//!
//! Both run on the same machine for the whole comparison; a round loads one, then the
//! other. Medians and ranges over the rounds are what a busy machine cannot falsify as
//! easily as a single figure.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::credentials;
use crate::fleet::{self, Outcome, Plan};
use crate::mosquitto::{self, Mosquitto};
use crate::mqtt::{Message, Publishers, Target};
use crate::process;
use crate::report::grouped;
use crate::sink;

/// Arguments of `roadstead-bench versus`.
#[derive(Args)]
pub(crate) struct VersusArgs {
    #[command(flatten)]
    target: Target,
    /// Process of the running Roadstead.
    #[arg(long)]
    server_pid: u32,
    #[command(flatten)]
    message: Message,
    #[command(flatten)]
    plan: Plan,
    /// How often each side is measured.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds between two measurements.
    #[arg(long, default_value_t = 2.0)]
    pause: f64,
    /// The mosquitto program.
    #[arg(long, default_value = "/usr/sbin/mosquitto")]
    mosquitto: PathBuf,
}

/// One of the two servers and what was seen of it.
struct Side<'a> {
    name: String,
    target: &'a Target,
    pid: u32,
    outcomes: Vec<Outcome>,
    cpu_at_first: f64,
}

/// Median, least and greatest of some figures.
#[derive(Debug, PartialEq)]
struct Spread {
    median: f64,
    least: f64,
    most: f64,
}

/// Runs the comparison and prints it as Markdown; says whether nothing went wrong.
pub(crate) fn run(args: &VersusArgs) -> Result<bool> {
    ensure!(args.rounds > 0, "at least one round is needed");
    let name = mosquitto::version(&args.mosquitto)?;
    let users = credentials::read(&args.target.credentials)?.len();
    let broker = Mosquitto::start(&args.mosquitto, users)?;
    let theirs = broker.target();

    eprintln!("measuring the generator's own ceiling");
    let ceiling = sink::measure(&args.message, &args.plan)?;
    let mut roadstead = Side::new("Roadstead".into(), &args.target, args.server_pid)?;
    let mut mosquitto = Side::new(name, &theirs, broker.pid())?;
    for round in 1..=args.rounds {
        for side in [&mut roadstead, &mut mosquitto] {
            std::thread::sleep(Duration::from_secs_f64(args.pause));
            side.measure(args)?;
            eprintln!("round {round} of {}: {}", args.rounds, side.last());
        }
    }
    // Work that a server puts off until after its answers counts, too.
    std::thread::sleep(Duration::from_secs_f64(args.pause));
    println!("{}", heading(args, &ceiling));
    println!("{}", table(&roadstead, &mosquitto)?);
    Ok([&roadstead, &mosquitto].iter().all(|side| side.flawless()))
}

impl<'a> Side<'a> {
    fn new(name: String, target: &'a Target, pid: u32) -> Result<Self> {
        let cpu_at_first = process::cpu_seconds(pid)?;
        Ok(Self { name, target, pid, outcomes: Vec::new(), cpu_at_first })
    }

    fn measure(&mut self, args: &VersusArgs) -> Result<()> {
        let publishers = Publishers::new(self.target, &args.message)?;
        let outcome = fleet::run(&Arc::new(publishers), &args.plan, Some(self.pid))
            .with_context(|| format!("loading {}", self.name))?;
        for (what, count) in &outcome.complaints {
            eprintln!("{}: {count} × {what}", self.name);
        }
        ensure!(outcome.done > 0, "{} acknowledged nothing", self.name);
        self.outcomes.push(outcome);
        Ok(())
    }

    fn last(&self) -> String {
        self.outcomes.last().map_or_else(String::new, |outcome| {
            let per_cpu = outcome.per_server_cpu().unwrap_or_default();
            let (rate, per_cpu) = (grouped(outcome.rate()), grouped(per_cpu));
            format!("{} {rate} messages/s, {per_cpu} per CPU-second", self.name)
        })
    }

    fn spread(&self, figure: impl Fn(&Outcome) -> Option<f64>) -> Result<Spread> {
        Spread::of(self.outcomes.iter().filter_map(figure).collect())
            .with_context(|| format!("{} was not measured", self.name))
    }

    /// Messages per CPU second from the first round to now, pauses included.
    fn per_cpu_in_all(&self) -> Result<f64> {
        let done: u64 = self.outcomes.iter().map(|outcome| outcome.done_in_all).sum();
        Ok(done as f64 / (process::cpu_seconds(self.pid)? - self.cpu_at_first).max(0.01))
    }

    fn lost(&self) -> u64 {
        self.outcomes.iter().map(|outcome| outcome.refused + outcome.unanswered).sum()
    }

    fn flawless(&self) -> bool {
        self.outcomes.iter().all(Outcome::flawless)
    }
}

impl Spread {
    fn of(mut figures: Vec<f64>) -> Option<Self> {
        figures.sort_by(f64::total_cmp);
        let (&least, &most) = (figures.first()?, figures.last()?);
        let (lower, upper) = (figures[(figures.len() - 1) / 2], figures[figures.len() / 2]);
        Some(Self { median: f64::midpoint(lower, upper), least, most })
    }

    fn whole(&self) -> String {
        let Self { median, least, most } = self;
        format!("{} ({}–{})", grouped(*median), grouped(*least), grouped(*most))
    }

    fn fine(&self) -> String {
        format!("{:.2} ({:.2}–{:.2})", self.median, self.least, self.most)
    }
}

fn heading(args: &VersusArgs, ceiling: &Outcome) -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let Plan { connections, seconds, warmup, threads, .. } = &args.plan;
    format!(
        "{} rounds, in turn. {connections} connections × {}, TLS 1.3. Windows of {seconds} s \
         after {warmup} s of warm-up. {cores} cores for server and generator ({threads} \
         threads), whose own ceiling was {} messages/s in this run. Median (least–most).\n",
        args.rounds,
        args.message.summary(),
        grouped(ceiling.rate()),
    )
}

fn table(ours: &Side<'_>, theirs: &Side<'_>) -> Result<String> {
    let mut text = format!("| | {} | {} | ratio |\n|---|---|---|---|\n", ours.name, theirs.name);
    let (mine, other) = (
        ours.spread(|outcome| Some(outcome.rate()))?,
        theirs.spread(|outcome| Some(outcome.rate()))?,
    );
    row(&mut text, "messages/s acknowledged", [&mine, &other], Spread::whole)?;
    let (mine, other) =
        (ours.spread(Outcome::per_server_cpu)?, theirs.spread(Outcome::per_server_cpu)?);
    row(&mut text, "per server CPU-second", [&mine, &other], Spread::whole)?;
    let (mine, other) = (ours.per_cpu_in_all()?, theirs.per_cpu_in_all()?);
    writeln!(
        text,
        "| same, with log-ins and what was done between rounds | {} | {} | {:.2} |",
        grouped(mine),
        grouped(other),
        mine / other
    )?;
    for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
        let late = |outcome: &Outcome| outcome.latency.quantile_ms(share);
        let (Ok(mine), Ok(other)) = (ours.spread(late), theirs.spread(late)) else { continue };
        row(&mut text, &format!("ms to acknowledgement, {name}"), [&mine, &other], Spread::fine)?;
    }
    writeln!(text, "| refused or unanswered | {} | {} | |", ours.lost(), theirs.lost())?;
    Ok(text)
}

fn row(
    text: &mut String,
    name: &str,
    [ours, theirs]: [&Spread; 2],
    show: impl Fn(&Spread) -> String,
) -> Result<()> {
    let ratio = ours.median / theirs.median;
    writeln!(text, "| {name} | {} | {} | {ratio:.2} |", show(ours), show(theirs))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_odd_number_is_the_middle_one() {
        let spread = Spread::of(vec![5.0, 1.0, 3.0]).unwrap();
        assert_eq!(spread, Spread { median: 3.0, least: 1.0, most: 5.0 });
        assert_eq!(spread.whole(), "3 (1–5)");
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        let spread = Spread::of(vec![4.0, 1.0, 2.0, 9.0]).unwrap();
        assert_eq!(spread, Spread { median: 3.0, least: 1.0, most: 9.0 });
    }

    #[test]
    fn nothing_measured_has_no_spread() {
        assert_eq!(Spread::of(Vec::new()), None);
    }
}
