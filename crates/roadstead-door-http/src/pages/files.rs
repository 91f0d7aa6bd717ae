//! Files: the browser's side, the certificate of the authority, and what robots and finders ask for.

use std::fmt::Write;
use std::sync::LazyLock;
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use roadstead_model::Timestamp;
use rust_embed::RustEmbed;
use serde::Deserialize;

use crate::App;
use crate::edge::text;
use crate::problem::Problem;

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
struct Dist;

const YEAR: Duration = Duration::from_hours(364 * 24);
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "no-cache";

static HASH: LazyLock<String> = LazyLock::new(|| {
    let mut files: Vec<_> = Dist::iter().collect();
    files.sort();
    let mut context = Context::new(&SHA256);
    for name in files {
        let file = Dist::get(&name);
        let data = file.as_ref().map_or(&[][..], |file| &*file.data);
        context.update(name.as_bytes());
        context.update(&data.len().to_be_bytes());
        context.update(data);
    }
    let mut hash = String::new();
    for byte in &context.finish().as_ref()[..8] {
        let _ = write!(hash, "{byte:02x}");
    }
    hash
});

/// Names this build of the browser's side.
pub(crate) fn asset_hash() -> &'static str {
    &HASH
}

/// Which build of the browser's side is asked for.
#[derive(Deserialize)]
pub(crate) struct Version {
    v: Option<String>,
}

/// A file of the browser's side.
pub(crate) async fn asset(
    Path(name): Path<String>,
    Query(version): Query<Version>,
) -> Result<Response, Problem> {
    let file = Dist::get(&name).ok_or_else(Problem::not_found)?;
    let mut answer = text(media_type(&name), file.data.into_owned());
    let keep = if version.v.as_deref() == Some(asset_hash()) { FOR_EVER } else { ASK_AGAIN };
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    Ok(answer)
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, end)| end) {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

/// The certificate of the server's own authority, for devices to trust.
pub(crate) async fn authority(State(app): State<App>) -> Result<Response, Problem> {
    let pem = app.settings.ca_pem.clone().ok_or_else(Problem::not_found)?;
    let mut answer = text("application/x-pem-file", pem);
    let name = HeaderValue::from_static("attachment; filename=\"ca.pem\"");
    answer.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    Ok(answer)
}

/// Where to report a weakness (RFC 9116).
pub(crate) async fn security_txt(State(app): State<App>) -> Response {
    text("text/plain; charset=utf-8", security_words(&app.settings.public_url, app.clock.now()))
}

fn security_words(url: &str, now: Timestamp) -> String {
    let whole = now.micros().div_euclid(1_000_000) * 1_000_000;
    let expires = Timestamp::from_micros(whole).unwrap_or(now).after(YEAR);
    format!(
        "Contact: {url}/manual/09-security\nExpires: {expires}\nPreferred-Languages: en\n\
         Canonical: {url}/.well-known/security.txt\n"
    )
}

/// Nothing here is for search engines.
pub(crate) async fn robots() -> Response {
    text("text/plain; charset=utf-8", "User-agent: *\nDisallow: /\n")
}

/// Old browsers ask here for the mark.
pub(crate) async fn favicon() -> Response {
    let target = format!("/assets/mark.svg?v={}", asset_hash());
    (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, target)]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_file_has_a_media_type() {
        for name in Dist::iter() {
            assert_ne!(media_type(&name), "application/octet-stream", "{name}");
        }
        assert_eq!(asset_hash().len(), 16);
    }

    #[test]
    fn security_txt_has_what_rfc_9116_demands() {
        let now = "2026-11-21T10:00:00.5Z".parse().unwrap();
        let words = security_words("https://ride.example:8443", now);
        assert!(words.contains("Contact: https://ride.example:8443/manual/09-security\n"));
        assert!(words.contains("Expires: 2027-11-20T10:00:00Z\n"));
        assert!(words.contains("Canonical: https://ride.example:8443/.well-known/security.txt\n"));
    }
}
