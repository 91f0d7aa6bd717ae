//! Throws damaged bodies at every decoder for so many seconds. Whatever comes in, none may panic.
//!
//! Mutations are drawn from a printed seed, so that a finding can be repeated:
//! `roadstead-fuzz SECONDS [SEED]`.

mod mutate; // from a good body to a bad one
mod targets; // what is fuzzed

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;

fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let seconds: u64 = arguments.next().context("say for how many seconds")?.parse()?;
    let seed: u64 = arguments.next().map_or(Ok(0x9e37_79b9_7f4a_7c15), |seed| seed.parse())?;
    let share = Duration::from_secs(seconds) / u32::try_from(targets::ALL.len())?;
    let mut found = false;
    for target in targets::ALL {
        found |= run(target, share, seed);
    }
    Ok(if found { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Runs one target; says whether it panicked.
fn run(target: &targets::Target, share: Duration, seed: u64) -> bool {
    let mut mutator = mutate::Mutator::new(seed);
    let (begin, mut rounds) = (Instant::now(), 0_u64);
    while begin.elapsed() < share {
        let body = mutator.damaged(target.seeds);
        rounds += 1;
        if catch_unwind(AssertUnwindSafe(|| (target.feed)(&body))).is_err() {
            let shown = String::from_utf8_lossy(&body);
            eprintln!(
                "{}: panics at round {rounds} of seed {seed}: {body:?} ({shown})",
                target.name
            );
            return true;
        }
    }
    println!("{:<14} {rounds} bodies, no panic", target.name);
    false
}
