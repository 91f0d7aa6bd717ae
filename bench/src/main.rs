//! The load generator: how fast a server acknowledges, and what that costs it.
//!
//! A generator thread owns its connections and its counters; nothing is shared on the
//! hot path. Every figure is messages acknowledged inside a window, beside the CPU time
//! that the server process used in the same window. `bench/README.md` explains them.

#![expect(clippy::cast_precision_loss, reason = "rates are for people; 52 bits are plenty")]

mod clock; // the real time, which the measurements carry
mod connection; // one MQTT connection: fill the window, count the acknowledgements
mod credentials; // who the connections log in as
mod fleet; // many connections over a few threads: connect, warm up, measure, drain
mod http; // batches of measurements over HTTPS
mod latency; // how long an acknowledgement took
mod mosquitto; // the peer: Debian's mosquitto, set up to compare fairly
mod mqtt; // QoS 0 and 1 over TLS
mod process; // CPU time of a process, as the operating system counts it
mod report; // a run told to people and to machines
mod series; // payloads whose time and value move without allocating
mod sink; // a server that does nothing but acknowledge: the generator's own ceiling
mod tls; // trust in a given authority, and throw-away ones
mod versus; // Roadstead and mosquitto in turn, as a table
mod wire; // the few bytes of MQTT that a publisher needs

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Measures how fast a server acknowledges messages, and what that costs it.
#[derive(Parser)]
#[command(name = "roadstead-bench", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Publishes over MQTT with TLS and counts acknowledgements.
    Mqtt(mqtt::MqttArgs),
    /// Posts batches of measurements over HTTPS.
    Http(http::HttpArgs),
    /// Measures the generator against a server that only acknowledges.
    Ceiling(sink::CeilingArgs),
    /// Compares a running Roadstead with mosquitto, in turn.
    Versus(versus::VersusArgs),
    /// Serves as the other end of `ceiling`, until its input ends.
    #[command(hide = true)]
    Sink(sink::SinkArgs),
}

fn main() -> anyhow::Result<ExitCode> {
    process::allow_many_connections()?;
    let flawless = match Cli::parse().command {
        Command::Mqtt(args) => mqtt::run(&args)?,
        Command::Http(args) => http::run(&args)?,
        Command::Ceiling(args) => sink::ceiling(&args)?,
        Command::Versus(args) => versus::run(&args)?,
        Command::Sink(args) => {
            sink::serve(&args)?;
            true
        }
    };
    Ok(if flawless { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
