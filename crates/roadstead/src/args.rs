//! What can be typed. Each command's doc comment is its help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::cli;

/// A self-hosted platform for the Internet of things.
#[derive(Debug, Parser)]
#[command(name = "roadstead", version, propagate_version = true)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// How to answer.
    #[command(flatten)]
    pub(crate) manner: Manner,
}

/// What every command understands.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Manner {
    /// Print what a program can read.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// The profile to use: server, certificate authority and token, as `claim` or `login` kept them.
    #[arg(long, global = true, value_name = "NAME", env = "ROADSTEAD_PROFILE")]
    pub(crate) profile: Option<String>,
}

/// Every command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server.
    Serve(Serve),
    /// Look at a configuration; nothing is started.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Tell what the running server sees of itself.
    Status(Place),
    /// Make room for a further organisation on this server.
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// Print a link that signs an owner in once.
    SignInLink(SignInLink),
    #[command(flatten)]
    Client(cli::ClientCommand),
}

/// Where a server's configuration and data are.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Place {
    /// The configuration; everything has a default.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The data folder; overrules the configuration.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// How to run the server.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Bring a demo tenant with devices that replay real recordings.
    #[arg(long)]
    pub(crate) demo: bool,
    /// How often each device of the demo speaks, such as 500ms, 2s or 15m; 2s unless told.
    #[arg(long, value_name = "DURATION", requires = "demo", value_parser = crate::demo::pace)]
    pub(crate) demo_pace: Option<std::time::Duration>,
    /// Run as root all the same. For tests in throw-away machines only.
    #[arg(long)]
    pub(crate) as_root_for_testing: bool,
}

/// What can be asked of a configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Say whether a server could start with it.
    Check(Place),
    /// Print everything in force, with its meaning and where it comes from.
    Show(Place),
}

/// What the operator does with tenants.
#[derive(Debug, Subcommand)]
pub(crate) enum TenantCommand {
    /// Print a claim link for a further organisation; it works once, for 24 hours.
    Invite(Place),
}

/// Whom to sign in.
#[derive(Debug, Clone, Args)]
pub(crate) struct SignInLink {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The owner's address; may be left out when the server has one owner.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: Option<String>,
}

#[cfg(test)]
mod tests;
