//! What is true of every request: an id, a known host, no other site behind it, safe headers.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::App;
use crate::auth::changes_something;
use crate::bodies::collect;
use crate::problem::{Kind, Problem};

const SMALL_BODY: usize = 64 * 1024;
const SMALL_BODY_WITHIN: Duration = Duration::from_secs(10);

const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'";
const DATA_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";

/// Does all of it, around every handler.
pub(crate) async fn guard_the_edge(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Response {
    let id = new_id(&app);
    let wants_page = wants_page(&request);
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let gathered = gather(request).await;
    let admitted = gathered.and_then(|request| admit(&app, &request).map(|()| request));
    let answer = match admitted {
        Ok(request) => next.run(request).await,
        Err(problem) => axum::response::IntoResponse::into_response(problem),
    };
    let mut answer = spell_out(&app, answer, &id, wants_page);
    tracing::debug!(%method, %path, status = answer.status().as_u16(), request = %id, "answered");
    dress(answer.headers_mut(), &id);
    answer
}

/// Takes a small body in before anything is answered.
///
/// An answer that overtakes the body makes HTTP/2 reset the stream, and clients such as curl
/// then report the reset in place of the answer.
async fn gather(request: Request) -> Result<Request, Problem> {
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if !length.is_some_and(|length| (1..=SMALL_BODY).contains(&length)) {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    let slow = |_| Problem::bad_request("the body took too long to arrive");
    let body = tokio::time::timeout(SMALL_BODY_WITHIN, collect(body, SMALL_BODY)).await;
    Ok(Request::from_parts(parts, Body::from(body.map_err(slow)??)))
}

fn new_id(app: &App) -> String {
    let mut bytes = [0; 8];
    app.random.fill(&mut bytes);
    format!("{:016x}", u64::from_be_bytes(bytes))
}

/// A browser that navigates asks for HTML; everything else gets problems as JSON.
fn wants_page(request: &Request) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let api = request.uri().path().starts_with("/api/");
    !api && accept.is_some_and(|accept| accept.contains("text/html"))
}

fn admit(app: &App, request: &Request) -> Result<(), Problem> {
    let host =
        host_of(request).ok_or_else(|| Problem::bad_request("name the host in one Host header"))?;
    if !app.settings.answers_to(&host) {
        return Err(Problem::new(
            Kind::Misdirected,
            "add this name to tls.names to be answered under it",
        ));
    }
    if changes_something(request.method()) || request.headers().contains_key(header::UPGRADE) {
        comes_from_here(request.headers(), &host)?;
    }
    let path = request.uri().path();
    if app.tenants.is_claimed() || answers_unclaimed(request.method(), path) {
        return Ok(());
    }
    Err(Problem::new(Kind::Unclaimed, "open the claim link that the server printed at its start"))
}

/// Until the first claim only what the claim itself needs is served.
fn answers_unclaimed(method: &Method, path: &str) -> bool {
    let read = matches!(*method, Method::GET | Method::HEAD);
    (read && (path == "/claim" || path == "/ca.pem" || path.starts_with("/assets/")))
        || (*method == Method::POST && (path == "/claim" || path == "/api/v1/claim"))
}

/// The one host that the request is for, from the target (HTTP/2) or the header.
fn host_of(request: &Request) -> Option<String> {
    if let Some(authority) = request.uri().authority() {
        return Some(authority.as_str().to_ascii_lowercase());
    }
    let mut named = request.headers().get_all(header::HOST).iter();
    let first = named.next()?.to_str().ok()?.to_ascii_lowercase();
    named.next().is_none().then_some(first)
}

/// A browser says which site a request comes from; another site's is refused.
fn comes_from_here(headers: &HeaderMap, host: &str) -> Result<(), Problem> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let site_fits =
        text("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"));
    let origin = text("origin");
    let origin_fits = origin.is_none_or(|origin| {
        origin.strip_prefix("https://").is_some_and(|name| name.eq_ignore_ascii_case(host))
    });
    let present = !headers.contains_key("origin") || origin.is_some();
    if site_fits && origin_fits && present {
        return Ok(());
    }
    Err(Problem::new(Kind::CrossSite, "another site cannot act here in your name"))
}

/// Writes a problem that a handler left, as a page or as JSON.
fn spell_out(app: &App, mut answer: Response, id: &str, wants_page: bool) -> Response {
    let left = answer.extensions_mut().remove::<Problem>();
    let problem = left.or_else(|| bare(&answer));
    let Some(problem) = problem else { return answer };
    let mut written =
        if wants_page { crate::pages::problem(app, &problem, id) } else { problem.to_json(id) };
    if let Some(allow) = answer.headers().get(header::ALLOW) {
        written.headers_mut().insert(header::ALLOW, allow.clone());
    }
    written
}

/// A refusal by the framework itself, which has no words of its own.
fn bare(answer: &Response) -> Option<Problem> {
    let media = answer.headers().get(header::CONTENT_TYPE);
    let own_words = media.is_some_and(|media| !media.as_bytes().starts_with(b"text/plain"));
    if own_words {
        return None;
    }
    match answer.status().as_u16() {
        404 => {
            Some(Problem::new(Kind::NotFound, "nothing is at this address: see /api/openapi.json"))
        }
        405 => {
            Some(Problem::new(Kind::MethodNotAllowed, "see the Allow header for what can be done"))
        }
        503 => Some(Problem::new(
            Kind::Busy,
            "this took too long: ask for less, or try again in a moment",
        )),
        400 => Some(Problem::bad_request(
            "the path, query or body cannot be read: see /api/openapi.json",
        )),
        413 => Some(Problem::new(Kind::TooLarge, "send less at once")),
        415 => Some(Problem::new(Kind::UnsupportedMedia, "say the format in Content-Type")),
        422 => Some(Problem::unprocessable("a field is missing, unknown or of the wrong kind")),
        500 => Some(Problem::new(
            Kind::Internal,
            "the cause is in the server's log under this request id",
        )),
        _ => None,
    }
}

/// Headers that every answer has, errors included.
fn dress(headers: &mut HeaderMap, id: &str) {
    let page = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|media| media.as_bytes().starts_with(b"text/html"));
    let policy = if page { PAGE_POLICY } else { DATA_POLICY };
    let always = [
        (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ];
    for (name, value) in always {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert("x-request-id", id);
    }
}

impl crate::Settings {
    /// Whether the server has this name. Ports do not matter; address literals cannot be spoofed names.
    pub(crate) fn answers_to(&self, authority: &str) -> bool {
        let host = match authority.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => authority.rsplit_once(':').map_or(authority, |(host, _)| host),
        };
        let literal = host.parse::<std::net::IpAddr>().is_ok();
        literal || (self.has_name)(host)
    }
}

/// A response's body from text that is already there.
pub(crate) fn text(media: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    response
}
