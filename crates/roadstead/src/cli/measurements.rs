//! `roadstead measurements get`: stored values, into a file or onto the terminal.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use futures_util::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::{Method, Response};
use serde_json::Value;

use super::client::{Client, json, taken};
use super::output;
use crate::args::Manner;

/// What to fetch.
#[derive(Debug, Args)]
pub(crate) struct Get {
    /// The device's name or id.
    device: String,
    /// A sensor, by name or id; may be repeated. Left out, all of the device.
    #[arg(long = "sensor", value_name = "SENSOR")]
    sensors: Vec<String>,
    /// The first instant inside, such as `2026-03-29T00:00:00Z`.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// The first instant outside.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// The width of a step, such as `15m` or `1d`.
    #[arg(long)]
    resolution: Option<String>,
    /// What becomes of the values in a step: mean, min, max, sum, count, first, last, …
    #[arg(long)]
    aggregate: Option<String>,
    /// At most about so many points, peaks kept.
    #[arg(long)]
    points: Option<u32>,
    /// The time zone whose days, weeks and months count.
    #[arg(long, value_name = "IANA NAME")]
    timezone: Option<String>,
    /// In which form.
    #[arg(long, value_enum, default_value = "json")]
    format: Form,
    /// Where to; onto the terminal when left out.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The forms that values come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Json,
    Csv,
    Ndjson,
    Arrow,
    Parquet,
}

impl Form {
    const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Arrow => "arrow",
            Self::Parquet => "parquet",
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv",
            Self::Ndjson => "application/x-ndjson",
            Self::Arrow => "application/vnd.apache.arrow.stream",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    const fn is_binary(self) -> bool {
        matches!(self, Self::Arrow | Self::Parquet)
    }
}

impl Get {
    fn query(&self) -> Vec<(&'static str, String)> {
        let mut query: Vec<_> =
            self.sensors.iter().map(|sensor| ("sensor", sensor.clone())).collect();
        let points = self.points.map(|points| points.to_string());
        let asked = [
            ("from", self.from.clone()),
            ("to", self.to.clone()),
            ("resolution", self.resolution.clone()),
            ("aggregate", self.aggregate.clone()),
            ("points", points),
            ("timezone", self.timezone.clone()),
            ("format", Some(self.format.name().to_owned())),
        ];
        query.extend(asked.into_iter().filter_map(|(key, value)| Some((key, value?))));
        query
    }
}

/// `roadstead measurements get`
pub(crate) async fn get(get: Get, manner: &Manner) -> anyhow::Result<()> {
    use std::io::IsTerminal;
    if get.output.is_none() && get.format.is_binary() && std::io::stdout().is_terminal() {
        bail!("{} is not for a terminal: name a file with -o", get.format.name());
    }
    let client = Client::of(manner)?;
    if get.format == Form::Json && get.output.is_none() && !manner.json {
        return print(&client, &get).await;
    }
    let answer = request(&client, &get, None).await?;
    match &get.output {
        Some(path) => save(answer, path).await,
        None => pour(answer, &mut std::io::stdout(), &ProgressBar::hidden()).await.map(drop),
    }
}

async fn request(client: &Client, get: &Get, cursor: Option<&str>) -> anyhow::Result<Response> {
    let path = ["devices", &get.device, "measurements"];
    let mut request = client.request(Method::GET, &path)?.query(&get.query());
    if let Some(cursor) = cursor {
        request = request.query(&[("cursor", cursor)]);
    }
    taken(request.header("Accept", get.format.media_type())).await
}

/// Prints rows for people, page by page.
async fn print(client: &Client, get: &Get) -> anyhow::Result<()> {
    let mut cursor: Option<String> = None;
    loop {
        let page = json(request(client, get, cursor.as_deref()).await?).await?;
        for line in rows(&page) {
            println!("{line}");
        }
        match page["next"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return Ok(()),
        }
    }
}

fn rows(page: &Value) -> Vec<String> {
    let mut rows = Vec::new();
    for series in page["series"].as_array().into_iter().flatten() {
        let (name, unit) = (output::text(&series["name"]), output::text(&series["unit"]));
        for point in series["points"].as_array().into_iter().flatten() {
            let (time, value) = (output::text(&point[0]), output::text(&point[1]));
            rows.push(format!("{time:<28} {name:<24} {value} {unit}").trim_end().to_owned());
        }
    }
    rows
}

/// Writes beside the file first: what is there under its name is whole.
async fn save(answer: Response, path: &Path) -> anyhow::Result<()> {
    let what = || format!("cannot write `{}`", path.display());
    let bar = bar_of_bytes(answer.content_length());
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    let mut name = path.file_name().with_context(what)?.to_owned();
    name.push(".part");
    let part = parent.join(name);
    let mut file = std::fs::File::create(&part).with_context(what)?;
    let written = pour(answer, &mut file, &bar).await.and_then(|size| {
        file.sync_all().and_then(|()| std::fs::rename(&part, path)).with_context(what)?;
        Ok(size)
    });
    bar.finish_and_clear();
    if written.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    let size = written?;
    eprintln!("{} {}", indicatif::HumanBytes(size), path.display());
    Ok(())
}

async fn pour(answer: Response, into: &mut impl Write, bar: &ProgressBar) -> anyhow::Result<u64> {
    let mut pieces = answer.bytes_stream();
    let mut size = 0;
    while let Some(piece) = pieces.next().await {
        let piece = piece.context("the server's answer broke off")?;
        into.write_all(&piece)?;
        size += piece.len() as u64;
        bar.set_position(size);
    }
    into.flush()?;
    Ok(size)
}

/// A bar on standard error, or a counter when the end is not known. Nothing when nobody watches.
pub(super) fn bar_of_bytes(whole: Option<u64>) -> ProgressBar {
    let (bar, template) = match whole {
        Some(whole) => {
            (ProgressBar::new(whole), "{bar:32} {bytes}/{total_bytes} {bytes_per_sec} {eta}")
        }
        None => (ProgressBar::new_spinner(), "{spinner} {bytes} {bytes_per_sec}"),
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_point_becomes_a_line_with_sensor_and_unit() {
        let page = json!({ "series": [{ "name": "power", "unit": "W", "points": [["2026-01-01T00:00:00Z", 5.5]] }] });
        assert_eq!(rows(&page), ["2026-01-01T00:00:00Z         power                    5.5 W"]);
    }
}
