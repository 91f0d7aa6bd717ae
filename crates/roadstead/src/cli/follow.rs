//! `roadstead measurements follow`: values as they come, by server-sent events, resumed by position.

use std::io::Write;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use futures_util::StreamExt;
use reqwest::{Method, Response};
use serde_json::Value;

use super::client::{Client, taken};
use super::output;
use crate::args::Manner;

const PAUSE: Duration = Duration::from_secs(1);
/// A longer event is not one of ours.
const LARGEST: usize = 16 * 1024 * 1024;

/// What to follow.
#[derive(Debug, Args)]
pub(crate) struct Follow {
    /// The device's name or id; everything that you may see when left out.
    device: Option<String>,
}

/// `roadstead measurements follow`
pub(crate) async fn follow(what: Follow, manner: &Manner) -> anyhow::Result<()> {
    let client = Client::of(manner)?;
    let mut last: Option<String> = None;
    let mut was_there = false;
    loop {
        match connect(&client, what.device.as_deref(), last.as_deref()).await {
            Ok(answer) => {
                was_there = true;
                read(answer, &mut last, manner.json).await?;
                eprintln!("The connection ended; going on from where it broke off.");
            }
            Err(error) if was_there && error.is::<reqwest::Error>() => {} // away, not refusing
            Err(error) => return Err(error),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn connect(
    client: &Client,
    device: Option<&str>,
    last: Option<&str>,
) -> anyhow::Result<Response> {
    let mut request = client.request(Method::GET, &["live"])?.header("Accept", "text/event-stream");
    if let Some(device) = device {
        request = request.query(&[("device", device)]);
    }
    if let Some(last) = last {
        request = request.header("Last-Event-ID", last);
    }
    taken(request).await
}

async fn read(answer: Response, last: &mut Option<String>, json: bool) -> anyhow::Result<()> {
    let mut pieces = answer.bytes_stream();
    let mut events = Events::default();
    while let Some(piece) = pieces.next().await {
        let Ok(piece) = piece else { break };
        events.take(&piece)?;
        while let Some(event) = events.next() {
            anyhow::ensure!(event.name != "end", "the server has ended the feed: {}", event.data);
            for line in lines_of(&event, json) {
                writeln!(std::io::stdout(), "{line}").context("nobody reads any more")?;
            }
            *last = event.id.or(last.take());
        }
    }
    Ok(())
}

fn lines_of(event: &Event, json: bool) -> Vec<String> {
    let Ok(data) = serde_json::from_str::<Value>(&event.data) else { return Vec::new() };
    match event.name.as_str() {
        "measurements" => data["measurements"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| line(one, json))
            .collect(),
        "measurement" => vec![line(&data, json)],
        "gap" if json => vec![data.to_string()],
        "gap" => vec![format!("… {} values were missed", output::text(&data["missed"]))],
        _ => Vec::new(),
    }
}

fn line(one: &Value, json: bool) -> String {
    if json {
        return one.to_string();
    }
    let field = |name: &str| output::text(&one[name]);
    let line = format!(
        "{:<28} {:<20} {:<24} {} {}",
        field("time"),
        field("device_name"),
        field("name"),
        field("value"),
        field("unit")
    );
    line.trim_end().to_owned()
}

/// One server-sent event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Event {
    name: String,
    id: Option<String>,
    data: String,
}

/// Events out of bytes that come in any pieces.
#[derive(Debug, Default)]
struct Events {
    waiting: Vec<u8>,
}

impl Events {
    fn take(&mut self, piece: &[u8]) -> anyhow::Result<()> {
        self.waiting.extend(piece.iter().filter(|byte| **byte != b'\r'));
        anyhow::ensure!(self.waiting.len() <= LARGEST, "the server sent an event without an end");
        Ok(())
    }

    fn next(&mut self) -> Option<Event> {
        let end = self.waiting.windows(2).position(|pair| pair == b"\n\n")?;
        let block: Vec<u8> = self.waiting.drain(..end + 2).collect();
        Some(event_of(&String::from_utf8_lossy(&block)))
    }
}

fn event_of(block: &str) -> Event {
    let mut event = Event::default();
    for line in block.lines() {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut event.name),
            "id" => event.id = Some(value.to_owned()),
            "data" => {
                if !event.data.is_empty() {
                    event.data.push('\n');
                }
                event.data.push_str(value);
            }
            _ => {} // a comment, or a field for browsers
        }
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_from_any_pieces() {
        let mut events = Events::default();
        let bytes =
            b": hello\n\nevent: measurements\r\nid: 7\r\ndata: {\"measurements\":[]}\r\n\r\n";
        let mut found = Vec::new();
        for byte in bytes {
            events.take(&[*byte]).unwrap();
            found.extend(std::iter::from_fn(|| events.next()));
        }
        assert_eq!(found.len(), 2);
        assert_eq!((found[1].name.as_str(), found[1].id.as_deref()), ("measurements", Some("7")));
        assert_eq!(found[1].data, "{\"measurements\":[]}");
    }

    #[test]
    fn a_value_is_a_line_and_a_gap_is_told() {
        let one = r#"{"measurements":[{"time":"T","device":"dev_1","device_name":"d","name":"s","value":1.5,"unit":"W"}]}"#;
        let event =
            |name: &str, data: &str| Event { name: name.into(), id: None, data: data.into() };
        let lines = lines_of(&event("measurements", one), false);
        assert!(
            lines[0].starts_with("T ") && lines[0].contains(" d ") && lines[0].ends_with("1.5 W"),
            "{lines:?}"
        );
        assert_eq!(lines_of(&event("gap", r#"{"missed":3}"#), false), ["… 3 values were missed"]);
    }
}
