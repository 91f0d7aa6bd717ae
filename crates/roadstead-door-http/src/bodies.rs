//! Request bodies: bounded as sent and once unpacked, then read strictly.

use std::io::Read;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;

use crate::App;
use crate::problem::{Kind, Problem};

/// No honest measurement file packs better than this; a bomb does.
const MOST_UNPACKED_PER_BYTE: usize = 200;
const ALWAYS_UNPACKED: usize = 1024 * 1024;
const FORM: usize = 64 * 1024;
const LIGHT: usize = 64 * 1024;

/// A JSON body. Unknown fields, wrong kinds and missing fields are named in the error.
pub(crate) struct Told<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Told<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let json = media_type(request.headers()).is_some_and(|media| media == "application/json");
        if !json {
            let advice = "send JSON with Content-Type: application/json";
            return Err(Problem::new(Kind::UnsupportedMedia, advice));
        }
        let bytes =
            collect(request.into_body(), app.settings.max_body.min(ALWAYS_UNPACKED)).await?;
        match serde_json::from_slice(&bytes) {
            Ok(told) => Ok(Self(told)),
            Err(error) if error.is_data() => Err(Problem::unprocessable(error.to_string())),
            Err(error) => Err(Problem::bad_request(format!("the body is no JSON: {error}"))),
        }
    }
}

/// A form that a page posted.
pub(crate) struct Form<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = collect(body, FORM).await?;
        let request = Request::from_parts(parts, Body::from(bytes));
        let read = axum::Form::from_request(request, app).await;
        read.map(|axum::Form(told)| Self(told))
            .map_err(|error| Problem::unprocessable(error.body_text()))
    }
}

/// The media type without its parameters, in lower case.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next()?.trim().to_ascii_lowercase())
}

/// Reads a body up to a limit; stops reading as soon as it is passed.
pub(crate) async fn collect(body: Body, limit: usize) -> Result<Bytes, Problem> {
    let mut stream = body.into_data_stream();
    let mut collected = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk =
            chunk.map_err(|_| Problem::bad_request("the body ended before it was whole"))?;
        if collected.len() + chunk.len() > limit {
            return Err(too_large(limit));
        }
        collected.extend_from_slice(&chunk);
    }
    Ok(collected.into())
}

fn too_large(limit: usize) -> Problem {
    Problem::new(Kind::TooLarge, format!("a body has at most {limit} bytes here: send it in parts"))
}

/// A body as it was sent, with how it is packed and how large it may get.
pub(crate) struct Packed {
    bytes: Bytes,
    packing: Packing,
    limit: usize,
}

enum Packing {
    None,
    Gzip,
    Zstd,
}

/// Reads a body that may be packed with gzip or zstd.
pub(crate) async fn packed(app: &App, headers: &HeaderMap, body: Body) -> Result<Packed, Problem> {
    let encoding = headers.get(header::CONTENT_ENCODING);
    let packing = match encoding.map(|value| value.to_str().unwrap_or("?")) {
        None | Some("identity") => Packing::None,
        Some("gzip" | "x-gzip") => Packing::Gzip,
        Some("zstd") => Packing::Zstd,
        Some(_) => {
            let advice = "a body is packed with gzip or zstd, or not at all";
            return Err(Problem::new(Kind::UnsupportedMedia, advice));
        }
    };
    let bytes = collect(body, app.settings.max_body).await?;
    let ratio = bytes.len().saturating_mul(MOST_UNPACKED_PER_BYTE).max(ALWAYS_UNPACKED);
    Ok(Packed { bytes, packing, limit: app.settings.max_unpacked.min(ratio) })
}

impl Packed {
    /// Whether it is so small and plain that it can be read between two other requests.
    pub(crate) fn is_light(&self) -> bool {
        matches!(self.packing, Packing::None) && self.bytes.len() <= LIGHT
    }

    /// Unpacks it, up to the limit.
    pub(crate) fn open(self) -> Result<Bytes, Problem> {
        match self.packing {
            Packing::None => Ok(self.bytes),
            Packing::Gzip => drain(flate2::read::MultiGzDecoder::new(&self.bytes[..]), self.limit),
            Packing::Zstd => {
                let bad = |_| Problem::bad_request("the body is no zstd stream");
                let reader = zstd::stream::read::Decoder::new(&self.bytes[..]).map_err(bad)?;
                drain(reader, self.limit)
            }
        }
    }
}

fn drain(packed: impl Read, limit: usize) -> Result<Bytes, Problem> {
    let mut plain = Vec::new();
    let bounded = packed.take(limit as u64 + 1).read_to_end(&mut plain);
    bounded.map_err(|_| Problem::bad_request("the packed body is damaged"))?;
    if plain.len() > limit { Err(too_large(limit)) } else { Ok(plain.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_bomb_is_stopped_at_the_limit() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(&vec![0; 1 << 20]).unwrap();
        let packed = gzip.finish().unwrap();
        let taken = drain(flate2::read::MultiGzDecoder::new(&packed[..]), 1000);
        assert_eq!(taken.unwrap_err().status(), 413);
        assert!(drain(flate2::read::MultiGzDecoder::new(&packed[..]), 1 << 20).is_ok());
    }
}
