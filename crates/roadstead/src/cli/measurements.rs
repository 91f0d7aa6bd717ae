//! `roadstead measurements get`: stored values, into a file or onto the terminal.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use futures_util::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::{Method, Response};
use roadstead_model::Timestamp;
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
    /// The width of a step, such as `PT15M`, `P1D` or `P1M`.
    #[arg(long)]
    resolution: Option<String>,
    /// What becomes of the values in a step: mean, min, max, sum, count, first, last, or time-weighted-mean.
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
    match &get.output {
        Some(path) => save(&client, &get, path).await,
        None if get.format == Form::Json && !manner.json => print(&client, &get).await,
        None => pour(&client, &get, &mut std::io::stdout(), &ProgressBar::hidden()).await,
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
            writeln!(std::io::stdout(), "{line}").context("nobody reads any more")?;
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
            let values = point.as_array().into_iter().flatten().skip(1).map(output::text);
            let values = values.collect::<Vec<_>>().join(" ");
            let row = format!("{:<24} {name:<24} {values} {unit}", instant(&point[0]));
            rows.push(row.trim_end().to_owned());
        }
    }
    rows
}

/// Milliseconds since 1970 as people read them.
fn instant(millis: &Value) -> String {
    let seconds = millis.as_f64().map(|millis| millis / 1000.0);
    let instant = seconds.and_then(|seconds| Timestamp::from_seconds(seconds).ok());
    instant.map_or_else(|| output::text(millis), |instant| instant.to_string())
}

/// Writes beside the file first: what is there under its name is whole.
async fn save(client: &Client, get: &Get, path: &Path) -> anyhow::Result<()> {
    let what = || format!("cannot write `{}`", path.display());
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut name = path.file_name().with_context(what)?.to_owned();
    name.push(".part");
    let part = parent.unwrap_or(Path::new(".")).join(name);
    let mut file = std::fs::File::create(&part).with_context(what)?;
    let bar = bar_of_bytes(None);
    let written = pour(client, get, &mut file, &bar).await;
    bar.finish_and_clear();
    if written.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    written?;
    file.sync_all().and_then(|()| std::fs::rename(&part, path)).with_context(what)?;
    eprintln!("{} in {}", indicatif::HumanBytes(bar.position()), path.display());
    Ok(())
}

/// Writes every page in its form; pages of a form become one document of it.
async fn pour(
    client: &Client,
    get: &Get,
    into: &mut impl Write,
    bar: &ProgressBar,
) -> anyhow::Result<()> {
    if get.format == Form::Json {
        let whole = whole(client, get).await?.to_string();
        bar.inc(whole.len() as u64);
        return Ok(writeln!(into, "{whole}")?);
    }
    let mut cursor: Option<String> = None;
    loop {
        let answer = request(client, get, cursor.as_deref()).await?;
        let next =
            answer.headers().get(NEXT).and_then(|next| next.to_str().ok()).map(str::to_owned);
        if next.is_some() && get.format.is_binary() {
            bail!(
                "this is more than one {} file holds: take less with --from and --to",
                get.format.name()
            );
        }
        let header = cursor.is_some() && get.format == Form::Csv;
        copy(answer, into, bar, header).await?;
        match next {
            Some(next) => cursor = Some(next),
            None => return Ok(into.flush()?),
        }
    }
}

/// Where a file's next page begins.
const NEXT: &str = "x-next-cursor";

/// Copies an answer, without its first line if that was said before.
async fn copy(
    answer: Response,
    into: &mut impl Write,
    bar: &ProgressBar,
    mut skip_line: bool,
) -> anyhow::Result<()> {
    let mut pieces = answer.bytes_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.context("the server's answer broke off")?;
        let mut rest = &piece[..];
        if skip_line {
            let end = rest.iter().position(|byte| *byte == b'\n');
            skip_line = end.is_none();
            rest = end.map_or(&[], |end| &rest[end + 1..]);
        }
        into.write_all(rest)?;
        bar.inc(rest.len() as u64);
    }
    Ok(())
}

/// All pages as one document.
async fn whole(client: &Client, get: &Get) -> anyhow::Result<Value> {
    let mut whole = json(request(client, get, None).await?).await?;
    while let Some(cursor) = whole["next"].as_str().map(str::to_owned) {
        let page = json(request(client, get, Some(&cursor)).await?).await?;
        join(&mut whole, page);
    }
    Ok(whole)
}

/// Adds a page's points to the series they belong to.
fn join(whole: &mut Value, mut page: Value) {
    whole["next"] = page["next"].take();
    whole["truncated"] = page["truncated"].take();
    let Value::Array(more) = page["series"].take() else { return };
    let Some(known) = whole["series"].as_array_mut() else { return };
    for mut series in more {
        let found = known.iter_mut().find(|known| known["sensor"] == series["sensor"]);
        let points = found.and_then(|known| known["points"].as_array_mut());
        match (points, series["points"].as_array_mut()) {
            (Some(points), Some(further)) => points.append(further),
            (None, _) => known.push(series),
            (Some(_), None) => {}
        }
    }
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
        let page =
            json!({ "series": [{ "name": "power", "unit": "W", "points": [[0, 5.5], [1.5, 6]] }] });
        let line = "1970-01-01T00:00:00Z     power                    5.5 W";
        let next = "1970-01-01T00:00:00.0015Z power                    6 W";
        assert_eq!(rows(&page), [line, next]);
    }

    #[test]
    fn pages_become_one_document() {
        let page = |sensor: &str, time: i64, next: Value| json!({ "series": [{ "sensor": sensor, "points": [[time, 1]] }], "next": next, "truncated": true });
        let mut whole = page("a", 1, json!("2"));
        join(&mut whole, page("a", 2, json!("3")));
        join(&mut whole, page("b", 3, Value::Null));
        assert_eq!(whole["series"][0]["points"], json!([[1, 1], [2, 1]]));
        assert_eq!((&whole["series"][1]["sensor"], &whole["next"]), (&json!("b"), &Value::Null));
    }
}
