//! Load over HTTPS: batches of measurements on connections that are kept.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use clap::{Args, ValueEnum};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::clock;
use crate::credentials::{self, Credential};
use crate::fleet::{self, Gauges, Load, Phase, Plan};
use crate::latency::Histogram;
use crate::report;
use crate::series::{Form, Series};
use crate::tls::Address;

/// Largest answer that is read; a batch is answered in a few bytes.
const ANSWER: usize = 1 << 20;

/// Arguments of `roadstead-bench http`.
#[derive(Args)]
pub(crate) struct HttpArgs {
    /// Where to post, for example `https://127.0.0.1:8443/api/v1/devices/me/measurements`.
    #[arg(long)]
    url: Uri,
    /// PEM file of the authority to trust.
    #[arg(long)]
    ca: PathBuf,
    /// File with one `user:token` per line, used in turn; the token is sent.
    #[arg(long)]
    credentials: PathBuf,
    /// How a batch is written.
    #[arg(long, value_enum, default_value = "json")]
    format: Format,
    /// Values in one request.
    #[arg(long, default_value_t = 1_000)]
    batch: usize,
    /// Name of the sensor.
    #[arg(long, default_value = "load")]
    sensor: String,
    #[command(flatten)]
    plan: Plan,
    /// Server process whose CPU time is read.
    #[arg(long)]
    server_pid: Option<u32>,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

/// How a batch is written.
#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// An array of `{"name":…,"time":…,"value":…}`.
    Json,
    /// A SenML pack (RFC 8428).
    Senml,
}

/// Connections that post batches to one server.
struct Posters {
    address: Address,
    url: Uri,
    credentials: Vec<Credential>,
    format: Format,
    batch: usize,
    sensor: String,
    start: Timestamp,
}

/// A kept connection and the batch that it repeats.
struct Poster {
    sender: SendRequest<Full<Bytes>>,
    path: Uri,
    host: HeaderValue,
    token: HeaderValue,
    kind: HeaderValue,
    batch: Batch,
}

/// A JSON array whose entries all have the same length.
struct Batch {
    bytes: Vec<u8>,
    entry: usize,
    series: Series,
}

/// Runs the load and prints what it showed; says whether nothing went wrong.
pub(crate) fn run(args: &HttpArgs) -> Result<bool> {
    ensure!(args.url.scheme_str() == Some("https"), "only https is spoken");
    ensure!(args.batch > 0, "a batch holds at least one value");
    let host = args.url.host().context("the URL names no host")?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let posters = Posters {
        address: Address::new(host, args.url.port_u16().unwrap_or(443), &args.ca)?,
        url: args.url.clone(),
        credentials: credentials::read(&args.credentials)?,
        format: args.format,
        batch: args.batch,
        sensor: args.sensor.clone(),
        start: clock::now(),
    };
    let outcome = fleet::run(&Arc::new(posters), &args.plan, args.server_pid)?;
    report::print(&outcome, "values", args.json);
    Ok(outcome.flawless())
}

impl Load for Posters {
    type Link = Poster;

    async fn connect(&self, number: usize) -> Result<Poster> {
        let io = TokioIo::new(self.address.open().await?);
        let (sender, connection) = http1::handshake(io).await?;
        // Its end shows in the sender, too.
        tokio::spawn(async move { drop(connection.await) });
        let (form, kind) = match self.format {
            Format::Json => (Form::Named, "application/json"),
            Format::Senml => (Form::Senml, "application/senml+json"),
        };
        // Connections that share a token write to one sensor, each an hour of its own.
        let lane = i64::try_from(number / self.credentials.len())?;
        let start = self.start - SignedDuration::from_hours(lane);
        let series = Series::new(form, &self.sensor, start, number as u64 + 1);
        let token = &self.credentials[number % self.credentials.len()].password;
        let path = self.url.path_and_query().context("the URL has no path")?;
        let host = self.url.authority().context("the URL names no host")?;
        Ok(Poster {
            sender,
            path: path.as_str().parse()?,
            host: HeaderValue::from_str(host.as_str())?,
            token: HeaderValue::from_str(&format!("Bearer {token}"))?,
            kind: HeaderValue::from_static(kind),
            batch: Batch::new(series, self.batch),
        })
    }

    async fn drive(mut poster: Poster, gauges: Arc<Gauges>) -> Result<Histogram> {
        let mut latency = Histogram::new();
        loop {
            let phase = gauges.phase();
            if phase == Phase::Drain {
                return Ok(latency);
            }
            let began = Instant::now();
            poster.post(&gauges).await?;
            if phase == Phase::Measure {
                latency.record(began.elapsed());
            }
        }
    }
}

impl Poster {
    /// Posts one batch and counts its values.
    async fn post(&mut self, gauges: &Gauges) -> Result<()> {
        let values = self.batch.len() as u64;
        let request = Request::post(self.path.clone())
            .header(HOST, self.host.clone())
            .header(AUTHORIZATION, self.token.clone())
            .header(CONTENT_TYPE, self.kind.clone())
            .body(Full::new(self.batch.next()))?;
        gauges.sent(values);
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        let answer = read(response.into_body()).await?;
        if !status.is_success() {
            let why: String = String::from_utf8_lossy(&answer).chars().take(200).collect();
            gauges.refused(values, format!("refused, HTTP {status}: {why}"));
            return Ok(());
        }
        let taken = accepted(&answer).unwrap_or(values).min(values);
        gauges.done(taken);
        if taken < values {
            gauges.refused(values - taken, "refused as part of a batch".to_owned());
        }
        Ok(())
    }
}

/// How many values an answer of success says were taken, if it says so.
fn accepted(answer: &[u8]) -> Option<u64> {
    serde_json::from_slice::<serde_json::Value>(answer).ok()?.get("accepted")?.as_u64()
}

#[expect(clippy::disallowed_methods, reason = "the body is limited first")]
async fn read(body: Incoming) -> Result<Bytes> {
    match Limited::new(body, ANSWER).collect().await {
        Ok(answer) => Ok(answer.to_bytes()),
        Err(error) => bail!("reading an answer: {error}"),
    }
}

impl Batch {
    fn new(series: Series, values: usize) -> Self {
        let entry = series.text();
        let bytes = format!("[{}]", vec![entry.as_str(); values].join(",")).into_bytes();
        Self { bytes, entry: entry.len(), series }
    }

    fn len(&self) -> usize {
        self.bytes[1..].len() / (self.entry + 1)
    }

    /// Moves every entry on; the copy is what the request owns.
    fn next(&mut self) -> Bytes {
        for entry in self.bytes[1..].chunks_exact_mut(self.entry + 1) {
            self.series.advance(&mut entry[..self.entry]);
        }
        Bytes::copy_from_slice(&self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_may_say_how_many_values_were_taken() {
        assert_eq!(accepted(br#"{"accepted":998,"refused":[{},{}]}"#), Some(998));
        assert_eq!(accepted(b"{}"), None);
        assert_eq!(accepted(b""), None);
    }

    #[test]
    fn a_batch_is_json_with_as_many_different_times_as_values() {
        for form in [Form::Named, Form::Senml] {
            let series = Series::new(form, "load", Timestamp::UNIX_EPOCH, 1);
            let mut batch = Batch::new(series, 1_000);
            assert_eq!(batch.len(), 1_000);
            let mut times = std::collections::BTreeSet::new();
            for bytes in [batch.next(), batch.next()] {
                let entries: Vec<serde_json::Value> = serde_json::from_slice(&bytes).unwrap();
                assert_eq!(entries.len(), 1_000);
                times.extend(entries.iter().map(|entry| {
                    entry.get("time").or(entry.get("t")).expect("a time").to_string()
                }));
            }
            assert_eq!(times.len(), 2_000);
        }
    }
}
