//! From a header or a cookie to a caller.

use std::net::SocketAddr;

use aws_lc_rs::digest;
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use roadstead_guard::{Caller, Door, Origin, Secret};

use crate::App;
use crate::problem::{Kind, Problem};

/// The browser's session. The prefix makes browsers refuse it without TLS or for other paths and hosts.
pub(crate) const COOKIE: &str = "__Host-roadstead";
/// The header that a page's script proves itself with.
pub(crate) const CSRF_HEADER: &str = "x-csrf-token";

/// The address at the other end of the connection. Set by the accept loop, never from a header.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub SocketAddr);

/// Where a request comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct From(pub Origin);

/// Whoever calls the API, by token or by session.
#[derive(Debug, Clone)]
pub(crate) struct Me(pub Caller);

/// A person who looks at pages, with what the page's forms must send back.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    pub caller: Caller,
    pub csrf: String,
}

pub(crate) fn origin_of(parts: &Parts) -> Origin {
    let address = parts.extensions.get::<Peer>().map(|peer| peer.0.ip().to_canonical());
    Origin { address, door: Door::Https }
}

impl<S: Send + Sync> FromRequestParts<S> for From {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(origin_of(parts)))
    }
}

impl FromRequestParts<App> for Me {
    type Rejection = Problem;

    /// A token in `Authorization` decides alone; without one, the browser's session does.
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        if let Some(given) = parts.headers.get(header::AUTHORIZATION) {
            let token = given.to_str().ok().and_then(bearer).ok_or_else(no_token)?;
            return Ok(Self(app.guard.by_token(&Secret::presented(token), origin_of(parts))?));
        }
        let cookie = session_cookie(&parts.headers).ok_or_else(no_token)?;
        let caller = app.guard.by_session(&cookie, origin_of(parts))?;
        if changes_something(&parts.method) {
            let sent = parts.headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok());
            proves_same_site(&cookie, sent)?;
        }
        Ok(Self(caller))
    }
}

impl OptionalFromRequestParts<App> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, Problem> {
        let Some(cookie) = session_cookie(&parts.headers) else { return Ok(None) };
        let known = app.guard.by_session(&cookie, origin_of(parts)).ok();
        Ok(known.map(|caller| Self { caller, csrf: csrf_of(&cookie) }))
    }
}

fn no_token() -> Problem {
    Problem::new(Kind::Unauthenticated, "send the header `Authorization: Bearer TOKEN`, or sign in")
}

/// Whether the request's method can change anything.
pub(crate) fn changes_something(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// What the session's pages must send back: known to whoever can read them, and to nobody else.
pub(crate) fn csrf_of(cookie: &Secret) -> String {
    let text = format!("csrf of {}", cookie.reveal());
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, text.as_bytes()))
}

/// Compares what was sent with what the session's pages were given.
pub(crate) fn proves_same_site(cookie: &Secret, sent: Option<&str>) -> Result<(), Problem> {
    let right = csrf_of(cookie);
    let sent = sent.unwrap_or_default();
    let same = aws_lc_rs::constant_time::verify_slices_are_equal(right.as_bytes(), sent.as_bytes());
    let advice = "send the page's token in the field `csrf` or the header X-CSRF-Token";
    same.map_err(|_| Problem::new(Kind::CrossSite, advice))
}

/// The session cookie's secret.
pub(crate) fn session_cookie(headers: &HeaderMap) -> Option<Secret> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| Secret::presented(value))
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The header that keeps a session in the browser.
pub(crate) fn keep_cookie(secret: &Secret) -> String {
    format!("{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=43200", secret.reveal())
}

/// The header that ends a session in the browser.
pub(crate) fn drop_cookie() -> String {
    format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")
}
