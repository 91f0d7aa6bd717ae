//! Load over MQTT with TLS.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use jiff::{SignedDuration, Timestamp};

use crate::clock;
use crate::connection::Connection;
use crate::credentials::{self, Credential};
use crate::fleet::{self, Gauges, Load, Plan};
use crate::latency::Histogram;
use crate::report;
use crate::series::{Form, Series};
use crate::tls::Address;
use crate::wire::{Hello, Protocol, Publication};

/// Arguments of `roadstead-bench mqtt`.
#[derive(Args)]
pub(crate) struct MqttArgs {
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) message: Message,
    #[command(flatten)]
    plan: Plan,
    /// Server process whose CPU time is read.
    #[arg(long)]
    server_pid: Option<u32>,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

/// Which server, and who logs in.
#[derive(Args)]
pub(crate) struct Target {
    /// Host name or address; the certificate must name it.
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) host: String,
    /// Port of the MQTT listener with TLS.
    #[arg(long, default_value_t = 8883)]
    pub(crate) port: u16,
    /// PEM file of the authority to trust.
    #[arg(long)]
    pub(crate) ca: PathBuf,
    /// File with one `user:password` per line, used in turn.
    #[arg(long)]
    pub(crate) credentials: PathBuf,
}

/// What is published, and how.
#[derive(Args, Clone)]
pub(crate) struct Message {
    /// Topic; `{n}` becomes the number of the connection.
    #[arg(long, default_value = "me/measurements/load")]
    topic: String,
    /// What a message carries.
    #[arg(long, value_enum, default_value = "json")]
    payload: Form,
    /// Protocol version.
    #[arg(long, value_enum, default_value = "3.1.1")]
    protocol: Protocol,
    /// 0 counts messages sent, 1 counts acknowledgements.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=1))]
    qos: u8,
    /// Messages that each connection has under way, unless the server allows fewer.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..))]
    in_flight: u16,
}

/// Connections that publish to one server.
pub(crate) struct Publishers {
    address: Address,
    credentials: Vec<Credential>,
    message: Message,
    start: Timestamp,
}

impl Publishers {
    /// Prepares the load; nothing is opened yet.
    pub(crate) fn new(target: &Target, message: &Message) -> Result<Self> {
        Ok(Self {
            address: Address::new(&target.host, target.port, &target.ca)?,
            credentials: credentials::read(&target.credentials)?,
            message: message.clone(),
            start: clock::now(),
        })
    }
}

impl Publishers {
    /// Sets connections that share a credential a minute apart each.
    ///
    /// They write to the same sensor, and two values of one sensor at one time are one.
    fn start_of(&self, number: usize) -> Result<Timestamp> {
        let lane = i64::try_from(number / self.credentials.len())?;
        Ok(self.start - SignedDuration::from_mins(lane))
    }
}

impl Load for Publishers {
    type Link = Connection;

    async fn connect(&self, number: usize) -> Result<Connection> {
        let Message { topic, payload, protocol, qos, in_flight } = &self.message;
        let credential = &self.credentials[number % self.credentials.len()];
        let hello = Hello {
            protocol: *protocol,
            client_id: &format!("bench-{number}"),
            user: &credential.user,
            password: &credential.password,
        };
        let topic = topic.replace("{n}", &number.to_string());
        let series = Series::new(*payload, "load", self.start_of(number)?, number as u64 + 1);
        let publication = Publication::new(*protocol, &topic, *qos == 1, series);
        let in_flight = (*qos == 1).then_some(*in_flight);
        Connection::open(self.address.open().await?, &hello, publication, in_flight).await
    }

    async fn drive(link: Connection, gauges: Arc<Gauges>) -> Result<Histogram> {
        link.drive(gauges).await
    }
}

impl Message {
    /// One line that says what is published.
    pub(crate) fn summary(&self) -> String {
        let bytes = Series::new(self.payload, "load", Timestamp::UNIX_EPOCH, 1).text().len();
        let protocol = match self.protocol {
            Protocol::V3 => "3.1.1",
            Protocol::V5 => "5",
        };
        let Self { qos, in_flight, .. } = self;
        format!("{in_flight} in flight, MQTT {protocol}, QoS {qos}, {bytes}-byte payload")
    }
}

/// Runs the load and prints what it showed; says whether nothing went wrong.
pub(crate) fn run(args: &MqttArgs) -> Result<bool> {
    let publishers = Publishers::new(&args.target, &args.message)?;
    let outcome = fleet::run(&Arc::new(publishers), &args.plan, args.server_pid)?;
    report::print(&outcome, "messages", args.json);
    Ok(outcome.flawless())
}
