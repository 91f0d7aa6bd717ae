//! Who looks at a page: signed in or sent to sign in, and forms that prove they come from our pages.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequestParts, Request};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::frame::go_to;
use crate::App;
use crate::auth::{Visitor, changes_something, proves_same_site, session_cookie};
use crate::bodies::{Form, collect};
use crate::problem::Problem;

const LARGEST_FORM: usize = 64 * 1024;

/// A signed-in person. Whoever is not is sent to sign in, and back here afterwards.
pub(crate) struct Signed(pub Visitor);

/// A form that a signed-in person posted from one of our pages. There is none without the proof.
pub(crate) struct Posted<T> {
    pub visitor: Visitor,
    pub form: T,
}

/// A form that has nothing but its proof.
#[derive(Deserialize)]
pub(crate) struct Nothing {}

#[derive(Deserialize)]
struct Proof {
    csrf: Option<String>,
}

impl FromRequestParts<App> for Signed {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let known =
            <Visitor as OptionalFromRequestParts<App>>::from_request_parts(parts, app).await;
        match known {
            Ok(Some(visitor)) => Ok(Self(visitor)),
            Ok(None) => Err(to_sign_in(parts)),
            Err(problem) => Err(problem.into_response()),
        }
    }
}

impl<T: DeserializeOwned> FromRequest<App> for Posted<T> {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let Signed(visitor) = Signed::from_request_parts(&mut parts, app).await?;
        match proven(&parts, body, app).await {
            Ok(form) => Ok(Self { visitor, form }),
            Err(problem) => Err(problem.into_response()),
        }
    }
}

async fn proven<T: DeserializeOwned>(parts: &Parts, body: Body, app: &App) -> Result<T, Problem> {
    let bytes = collect(body, LARGEST_FORM).await?;
    let proof: Proof = read(parts, &bytes, app).await?;
    let cookie = session_cookie(&parts.headers).ok_or_else(Problem::unauthenticated)?;
    proves_same_site(&cookie, proof.csrf.as_deref())?;
    read(parts, &bytes, app).await
}

async fn read<T: DeserializeOwned>(parts: &Parts, bytes: &Bytes, app: &App) -> Result<T, Problem> {
    let request = Request::from_parts(parts.clone(), Body::from(bytes.clone()));
    Form::from_request(request, app).await.map(|Form(told)| told)
}

/// Only a page can be come back to: what a form would have done is not repeated.
fn to_sign_in(parts: &Parts) -> Response {
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    if changes_something(&parts.method) || path == "/" {
        return go_to("/sign-in");
    }
    go_to(&format!("/sign-in?next={}", escaped(path)))
}

/// Escapes a text for use as a value in a query.
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let parts = text.bytes().map(|byte| match byte {
        byte if plain(byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    parts.collect()
}

/// Takes a path to go to after signing in: one of this server's, else its first page.
///
/// Browsers read `//host` and `/\host` as another server, and drop control characters first.
pub(crate) fn next_path(asked: &str) -> &str {
    let here = asked.starts_with('/') && !asked.starts_with("//");
    let plain = asked.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if here && plain { asked } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_leads_nowhere_else() {
        for bad in [
            "",
            "https://evil.example/",
            "//evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "/a\\b",
            "/ä",
            "devices",
            "javascript:alert(1)",
            "/a\r\nSet-Cookie: x=1",
        ] {
            assert_eq!(next_path(bad), "/", "{bad:?} must not be followed");
        }
        for good in ["/", "/devices", "/compare?sensor=sen_1&from=2026-01-01T00%3A00%3A00Z"] {
            assert_eq!(next_path(good), good);
        }
    }

    #[test]
    fn a_path_survives_the_way_through_the_query() {
        assert_eq!(escaped("/compare?sensor=a&x=b c"), "/compare%3Fsensor%3Da%26x%3Db%20c");
    }
}
