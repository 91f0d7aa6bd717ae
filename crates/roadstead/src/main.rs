//! The binary: reads the configuration, builds the rooms, opens the doors, waits.

mod args; // what can be typed
mod config; // what the operator may decide
mod serve; // the server's life, from start to stop

mod announce; // what a start tells the operator
mod assemble; // the rooms, built and connected
mod demo; // a tenant with real recordings
mod folder; // the data folder
mod keys; // the master key and what is derived from it
mod listen; // sockets
mod log; // what the server says while it runs
mod operator; // the operator's socket, both ends
mod supervisor; // what systemd is told
mod system; // the machine's clock and randomness
mod tls; // certificates and what listeners take
mod user; // never root

mod cli; // the command line as a client of the REST API

use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command, ConfigCommand, Manner, TenantCommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments.command, &arguments.manner) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("roadstead: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command, manner: &Manner) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(how) => serve::run(&how)?,
        Command::Config(ConfigCommand::Check(place)) => return config::commands::check(place),
        Command::Config(ConfigCommand::Show(place)) => config::commands::show(place)?,
        Command::Status(place) => alone(operator::asks::status(place, manner))?,
        Command::Tenant(TenantCommand::Invite(place)) => {
            alone(operator::asks::invite(place, manner))?;
        }
        Command::SignInLink(whom) => alone(operator::asks::sign_in_link(whom, manner))?,
        Command::Client(command) => alone(cli::run(command, manner))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Waits for a command that needs no more than this thread.
fn alone(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
