//! The command line as a client of the REST API, like any other.

mod access; // claim, log in and out; tokens; the audit log
mod contracts; // device types and sensors
mod client; // requests, and refusals in the server's words
mod follow; // values as they come
mod measurements; // values, fetched
pub(crate) mod output; // for people, and for programs
mod people; // people and grants
mod profile; // which server, which token
mod send; // values, sent in batches
mod things; // spaces, assets, devices

use clap::Subcommand;

use crate::args::Manner;

/// Every command that asks a server.
#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Claim a server: make its first organisation and yourself as its owner.
    Claim(access::Claim),
    /// Sign in to a server and keep a profile.
    Login(access::Login),
    /// End the profile's token and forget the profile.
    Logout,
    /// Say who the profile's token makes you.
    Whoami,
    /// Devices and their tokens.
    #[command(subcommand)]
    Device(things::DeviceCommand),
    /// Sites, buildings, levels, rooms and zones.
    #[command(subcommand)]
    Space(things::SpaceCommand),
    /// Placed things: an inverter, an antenna, a boiler.
    #[command(subcommand)]
    Asset(things::AssetCommand),
    /// Device types: which sensors a device has.
    #[command(subcommand)]
    Type(contracts::TypeCommand),
    /// The sensors of a device.
    #[command(subcommand)]
    Sensor(contracts::SensorCommand),
    /// Values: fetch, send, follow.
    #[command(subcommand)]
    Measurements(MeasurementsCommand),
    /// Your own tokens.
    #[command(subcommand)]
    Token(access::TokenCommand),
    /// The people of your organisation.
    #[command(subcommand)]
    Person(people::PersonCommand),
    /// Who may do what.
    #[command(subcommand)]
    Grant(people::GrantCommand),
    /// Who did what.
    Audit(access::AuditLog),
}

/// What can be done with values.
#[derive(Debug, Subcommand)]
pub(crate) enum MeasurementsCommand {
    /// Fetch stored values.
    Get(measurements::Get),
    /// Send a file of values; sending it again changes nothing.
    Send(send::Send),
    /// Print values as they come, until Ctrl-C.
    Follow(follow::Follow),
}

/// Does what was typed.
pub(crate) async fn run(command: ClientCommand, manner: &Manner) -> anyhow::Result<()> {
    match command {
        ClientCommand::Claim(claim) => access::claim(claim, manner).await,
        ClientCommand::Login(login) => access::login(login, manner).await,
        ClientCommand::Logout => access::logout(manner).await,
        ClientCommand::Whoami => access::whoami(manner).await,
        ClientCommand::Device(command) => things::device(command, manner).await,
        ClientCommand::Space(command) => things::space(command, manner).await,
        ClientCommand::Asset(command) => things::asset(command, manner).await,
        ClientCommand::Type(command) => contracts::device_type(command, manner).await,
        ClientCommand::Sensor(command) => contracts::sensor(command, manner).await,
        ClientCommand::Measurements(MeasurementsCommand::Get(get)) => {
            measurements::get(get, manner).await
        }
        ClientCommand::Measurements(MeasurementsCommand::Send(file)) => {
            send::send(file, manner).await
        }
        ClientCommand::Measurements(MeasurementsCommand::Follow(what)) => {
            follow::follow(what, manner).await
        }
        ClientCommand::Token(command) => access::token(command, manner).await,
        ClientCommand::Person(command) => people::person(command, manner).await,
        ClientCommand::Grant(command) => people::grant(command, manner).await,
        ClientCommand::Audit(which) => access::audit(which, manner).await,
    }
}
