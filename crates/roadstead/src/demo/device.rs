//! One device of the demo: first what it said while nobody listened, then row after row.

use std::fmt::Write;
use std::time::Duration;

use anyhow::Context;
use roadstead_model::{Clock, Timestamp};
use serde_json::{Map, Value};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tracing::{info, warn};

use super::Doors;
use super::keep::{Keep, Kept};
use super::mqtt::{MqttError, Publisher};
use super::recording::Row;
use super::replay::Replay;
use super::rest::Api;

/// How far back the first history reaches.
const HISTORY: Duration = Duration::from_hours(7 * 24);
/// How many readings one request brings at most.
const BATCH: usize = 1_000;
/// How often is written down up to when the device has spoken.
const NOTE: Duration = Duration::from_secs(30);
/// How long to wait before the next attempt to connect, at first and at most.
const SOON: Duration = Duration::from_secs(1);
const LATE: Duration = Duration::from_mins(1);

/// A device that replays its recording.
pub(super) struct DemoDevice<'a> {
    pub(super) name: &'static str,
    pub(super) kept: Kept,
    pub(super) replay: Replay,
    pub(super) keep: &'a Keep,
    pub(super) clock: &'a dyn Clock,
}

impl DemoDevice<'_> {
    /// Brings what was not yet said, in batches over HTTPS; the answer of each is awaited.
    pub(super) async fn fill(&self, api: &Api) -> anyhow::Result<()> {
        let api = api.with_token(&self.kept.token);
        let now = self.clock.now();
        let from =
            self.kept.until.map_or(now.before(HISTORY), |until| until.max(now.before(HISTORY)));
        let rows = self.replay.between(from, now);
        for rows in rows.chunks((BATCH / self.replay.sensors().len()).max(1)) {
            let (first, _) = rows[0];
            let (last, _) = rows[rows.len() - 1];
            let key = format!("demo-{}-{}-{}", self.name, first.micros(), last.micros());
            let receipt =
                api.measurements(&self.kept.id, &key, csv(self.replay.sensors(), rows)).await?;
            if let Some(refused) = receipt["refused"].as_array().and_then(|refused| refused.first())
            {
                warn!(device = self.name, %refused, "the server refused some of the history");
            }
            self.keep.spoken(self.name, last).await?;
        }
        if !rows.is_empty() {
            info!(device = self.name, rows = rows.len(), "past values are there");
        }
        Ok(())
    }

    /// Publishes a row each `pace`, connecting anew when the connection breaks. Ends when the token has.
    pub(super) async fn speak(&self, doors: &Doors, pace: Duration) -> anyhow::Result<()> {
        let mut rows = self.replay.from(self.clock.now()).peekable();
        let mut pause = SOON;
        let mut noted = Timestamp::EPOCH;
        loop {
            let mut publisher = match self.connect(doors).await {
                Ok(publisher) => publisher,
                Err(error) if has_ended(&error) => return Err(error),
                Err(error) => {
                    warn!(
                        device = self.name,
                        error = format!("{error:#}"),
                        "no connection; trying again"
                    );
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LATE);
                    continue;
                }
            };
            pause = SOON;
            while let Some(row) = rows.peek() {
                let now = self.clock.now();
                let payload = payload(self.replay.sensors(), now, row);
                if let Err(error) = publisher.publish("me/measurements", &payload).await {
                    warn!(device = self.name, %error, "a value was not acknowledged; connecting anew");
                    tokio::time::sleep(pause).await;
                    break; // the same row again, with a new time
                }
                rows.next();
                if now.since(noted) >= NOTE {
                    noted = now;
                    self.keep.spoken(self.name, now).await?;
                }
                if let Err(error) = publisher.rest(pace).await {
                    warn!(device = self.name, %error, "the connection broke; connecting anew");
                    break;
                }
            }
        }
    }

    async fn connect(&self, doors: &Doors) -> anyhow::Result<Publisher<TlsStream<TcpStream>>> {
        let stream = doors.mqtt_stream().await?;
        Publisher::connect(stream, &self.kept.id, &self.kept.token).await.context("no session")
    }
}

/// Whether the door said that the token is not, or no longer, good.
fn has_ended(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref::<MqttError>(), Some(MqttError::Refused(4 | 5)))
}

fn csv(sensors: &[String], rows: &[(Timestamp, &Row)]) -> String {
    let mut text = String::from("time,sensor,value\n");
    for (time, row) in rows {
        for (sensor, value) in sensors.iter().zip(&row.values) {
            if let Some(value) = value {
                let _ = writeln!(text, "{time},{sensor},{value}"); // a String takes everything
            }
        }
    }
    text
}

fn payload(sensors: &[String], time: Timestamp, row: &Row) -> Vec<u8> {
    let values = sensors.iter().zip(&row.values).filter(|(_, value)| value.is_some());
    let mut object: Map<_, _> =
        values.map(|(sensor, value)| (sensor.clone(), Value::from(*value))).collect();
    object.insert("time".to_owned(), Value::String(time.to_string()));
    Value::Object(object).to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_written_without_the_values_it_lacks() {
        let sensors = ["a".to_owned(), "b".to_owned()];
        let row = Row { at: 0, values: vec![Some(1.5), None] };
        let time = "2026-11-21T10:00:00Z".parse().unwrap();
        assert_eq!(
            csv(&sensors, &[(time, &row)]),
            "time,sensor,value\n2026-11-21T10:00:00Z,a,1.5\n"
        );
        let said: Value = serde_json::from_slice(&payload(&sensors, time, &row)).unwrap();
        assert_eq!(said, serde_json::json!({ "a": 1.5, "time": "2026-11-21T10:00:00Z" }));
    }
}
