//! The port without TLS: it sends a browser to the right place and refuses everything else.
//!
//! A program that talks in the clear must notice, so its requests are never redirected.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;

use crate::listen::welcome;
use crate::problem::{Kind, Problem};
use crate::{App, Stop, auth};

/// Serves the port without TLS until told to stop.
pub async fn serve_plain(tcp: TcpListener, app: App, stop: Stop) {
    let router = Router::new().fallback(turn_away).with_state(app);
    welcome(tcp, None, router, stop).await;
}

async fn turn_away(
    State(app): State<App>,
    auth::From(origin): auth::From,
    request: Request,
) -> Response {
    let headers = request.headers();
    let token = headers.contains_key(header::AUTHORIZATION);
    if token || headers.contains_key(header::COOKIE) {
        app.people.credential_exposed(origin).await;
    }
    let page = headers
        .get(header::ACCEPT)
        .is_some_and(|accept| accept.to_str().is_ok_and(|accept| accept.contains("text/html")));
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    if request.method() == Method::GET && page && !token && !path.starts_with("/api/") {
        let target = format!("{}{path}", app.settings.public_url);
        if let Ok(target) = HeaderValue::from_str(&target) {
            return (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, target)]).into_response();
        }
    }
    let advice = "this port has no TLS: use HTTPS, and replace any credential that was sent here";
    let mut answer = Problem::new(Kind::Forbidden, advice).to_json("plain");
    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    answer
}
