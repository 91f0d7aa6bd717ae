//! `roadstead measurements send`: a file in batches, each with a key that makes it count once.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Args, ValueEnum};
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{self, Client, taken};
use super::measurements::bar_of_bytes;
use super::output;
use crate::announce::say;
use crate::args::Manner;

/// Lines that are sent together.
const LINES: usize = 5_000;
/// How many refusals are told; the rest is counted.
const TOLD: usize = 20;

/// What to send.
#[derive(Debug, Args)]
pub(crate) struct Send {
    /// The device's name or id.
    device: String,
    /// The file.
    file: PathBuf,
    /// Its form; by the file's ending when left out.
    #[arg(long, value_enum)]
    format: Option<Form>,
}

/// The forms that values are sent in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A header line, then rows: `time,sensor,value`.
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// Influx line protocol.
    Influx,
    /// One JSON document, sent whole.
    Json,
    /// `SenML` as JSON, sent whole.
    Senml,
    /// `SenML` as CBOR, sent whole.
    SenmlCbor,
}

impl Form {
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "csv" => Some(Self::Csv),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            "lp" | "influx" => Some(Self::Influx),
            "json" => Some(Self::Json),
            "senml" => Some(Self::Senml),
            "cbor" | "senmlc" => Some(Self::SenmlCbor),
            _ => None,
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Ndjson => "application/x-ndjson",
            Self::Influx => "text/plain",
            Self::Json => "application/json",
            Self::Senml => "application/senml+json",
            Self::SenmlCbor => "application/senml+cbor",
        }
    }
}

/// A part of the file that is sent by itself.
#[derive(Debug, PartialEq, Eq)]
struct Piece {
    body: Vec<u8>,
    /// How many entries came before, so that refusals can be told by their place in the file.
    before: usize,
    /// How many bytes of the file are done with it.
    through: u64,
}

/// `roadstead measurements send`
pub(crate) async fn send(what: Send, manner: &Manner) -> anyhow::Result<()> {
    let form = what.format.or_else(|| Form::of(&what.file));
    let form =
        form.context("the file's ending does not say what it holds: name it with --format")?;
    let file = std::fs::read(&what.file)
        .with_context(|| format!("cannot read `{}`", what.file.display()))?;
    let client = Client::of(manner)?;
    let bar = bar_of_bytes(Some(file.len() as u64));
    let (mut accepted, mut refused) = (0, Vec::new());
    for piece in pieces(form, file) {
        let receipt = deliver(&client, (&what.device, form), &piece).await?;
        accepted += receipt["accepted"].as_u64().unwrap_or(0);
        refused.extend(
            receipt["refused"].as_array().into_iter().flatten().map(|one| moved(one, piece.before)),
        );
        bar.set_position(piece.through);
    }
    bar.finish_and_clear();
    tell(accepted, &refused, manner);
    if refused.is_empty() { Ok(()) } else { bail!("values refused: {}", refused.len()) }
}

async fn deliver(
    client: &Client,
    (device, form): (&str, Form),
    piece: &Piece,
) -> anyhow::Result<Value> {
    let mut known = device.as_bytes().to_vec();
    known.push(0);
    known.extend_from_slice(&piece.body);
    let key = URL_SAFE_NO_PAD.encode(digest(&SHA256, &known));
    let request = client
        .request(Method::POST, &["devices", device, "measurements"])?
        .header("Content-Type", form.media_type())
        .header("Idempotency-Key", key)
        .body(piece.body.clone());
    client::json(taken(request).await?).await
}

fn moved(refusal: &Value, before: usize) -> Value {
    let mut refusal = refusal.clone();
    if let Some(index) = refusal["index"].as_u64() {
        refusal["index"] = json!(index + before as u64);
    }
    if let Some(detail) = refusal["detail"].as_str().and_then(|detail| moved_line(detail, before)) {
        refusal["detail"] = detail.into();
    }
    refusal
}

/// `line 7: …` of a batch as the line of the file; a batch has the same header as the file.
fn moved_line(detail: &str, before: usize) -> Option<String> {
    let (line, rest) = detail.strip_prefix("line ")?.split_once(':')?;
    let line: usize = line.parse().ok()?;
    Some(format!("line {}:{rest}", line + before))
}

fn tell(accepted: u64, refused: &[Value], manner: &Manner) {
    if manner.json {
        say(&json!({ "accepted": accepted, "refused": refused }).to_string());
        return;
    }
    say(&format!("{accepted} values are stored."));
    for one in refused.iter().take(TOLD) {
        let (index, detail) = (output::text(&one["index"]), output::text(&one["detail"]));
        say(&format!("  entry {index}: {detail}"));
    }
}

/// Cuts a file of lines into batches, each with the header if there is one; leaves documents whole.
fn pieces(form: Form, file: Vec<u8>) -> Vec<Piece> {
    match form {
        Form::Json | Form::Senml | Form::SenmlCbor => {
            let through = file.len() as u64;
            vec![Piece { body: file, before: 0, through }]
        }
        Form::Ndjson | Form::Influx => cut(&[], &file, 0),
        Form::Csv => {
            let end = file.iter().position(|byte| *byte == b'\n').map_or(file.len(), |at| at + 1);
            let (header, rows) = file.split_at(end);
            cut(header, rows, end as u64)
        }
    }
}

fn cut(header: &[u8], rows: &[u8], mut through: u64) -> Vec<Piece> {
    let lines: Vec<&[u8]> = rows.split_inclusive(|byte| *byte == b'\n').collect();
    let batches = lines.chunks(LINES).enumerate();
    let pieces = batches.map(|(turn, lines)| {
        let mut body = header.to_vec();
        body.extend(lines.iter().copied().flatten());
        through += (body.len() - header.len()) as u64;
        Piece { body, before: turn * LINES, through }
    });
    pieces.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_batch_of_a_csv_file_has_the_header() {
        let rows = "t,s,1\n".repeat(LINES + 1);
        let file = format!("time,sensor,value\n{rows}").into_bytes();
        let size = file.len() as u64;
        let pieces = pieces(Form::Csv, file);
        assert_eq!(pieces.len(), 2);
        assert_eq!(pieces[1].body, b"time,sensor,value\nt,s,1\n");
        assert_eq!((pieces[1].before, pieces[1].through), (LINES, size));
    }

    #[test]
    fn a_refusal_is_told_by_its_place_in_the_file() {
        let told = moved(&json!({ "index": 3, "detail": "line 5: not a time" }), 5_000);
        assert_eq!(told, json!({ "index": 5_003, "detail": "line 5005: not a time" }));
    }

    #[test]
    fn the_ending_says_what_a_file_holds() {
        assert_eq!(Form::of(Path::new("a/b.csv")), Some(Form::Csv));
        assert_eq!(Form::of(Path::new("b.bin")), None);
    }
}
