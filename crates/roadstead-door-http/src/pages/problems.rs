//! Problems as pages, and what each type of problem means.

use askama::Template;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::frame::{Page, sentence, show};
use crate::App;
use crate::auth::Visitor;
use crate::problem::{Kind, Problem};

/// Every error page.
#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    page: Page,
    status: u16,
    heading: &'static str,
    advice: String,
    request_id: String,
}

/// What a type of problem means.
#[derive(Template)]
#[template(path = "problem_kind.html")]
struct KindPage {
    page: Page,
    status: u16,
    slug: &'static str,
    heading: &'static str,
    meaning: &'static str,
    remedy: &'static str,
}

/// Writes a problem as a page, with the headers that it has as JSON.
pub(crate) fn problem(app: &App, problem: &Problem, id: &str) -> Response {
    let mut answer = problem.to_json(id);
    let page = ProblemPage {
        page: Page::new(app, problem.title(), "", None),
        status: problem.status().as_u16(),
        heading: problem.title(),
        advice: sentence(problem.detail()),
        request_id: id.to_owned(),
    };
    if let Ok(html) = page.render() {
        *answer.body_mut() = Body::from(html);
        let media = HeaderValue::from_static("text/html; charset=utf-8");
        answer.headers_mut().insert(header::CONTENT_TYPE, media);
    }
    answer
}

/// Explains a type of problem, to people as a page and to programs as JSON.
pub(crate) async fn kind(
    State(app): State<App>,
    Path(slug): Path<String>,
    visitor: Option<Visitor>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.slug() == slug);
    let kind = kind.ok_or_else(Problem::not_found)?;
    let (status, meaning, remedy) = (kind.status().as_u16(), meaning(kind), remedy(kind));
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if !accept.is_some_and(|accept| accept.contains("text/html")) {
        let address = format!("/problems/{slug}");
        let detail = format!("{meaning} {remedy}");
        let body =
            json!({ "type": address, "title": kind.title(), "status": status, "detail": detail });
        return Ok(Json(body).into_response());
    }
    let page = Page::new(&app, kind.title(), "", visitor.as_ref());
    let page = KindPage { page, status, slug: kind.slug(), heading: kind.title(), meaning, remedy };
    show(StatusCode::OK, &page)
}

/// What a type means.
const fn meaning(kind: Kind) -> &'static str {
    match kind {
        Kind::BadRequest => "The path, the query, a header or the body could not be read.",
        Kind::Unauthenticated => {
            "No valid credential came with the request, or it has ended since."
        }
        Kind::Forbidden => {
            "You see the thing, but your rights do not reach this far, or the way you came is closed."
        }
        Kind::CrossSite => {
            "A browser sent the request on behalf of another site, or without the page's own token."
        }
        Kind::NotFound => {
            "There is no such thing, or you may not see it: the two look the same on purpose."
        }
        Kind::MethodNotAllowed => "The address exists, but not for this method.",
        Kind::Conflict => {
            "It collides with what is there, such as a name that is taken or a place that is not empty."
        }
        Kind::Gone => "It was there and is no longer: a one-time link works once and not for ever.",
        Kind::TooLarge => "The body is larger than this server takes at once, packed or unpacked.",
        Kind::UnsupportedMedia => "The format or the packing of the body is not known here.",
        Kind::Unprocessable => {
            "The request can be read, but what it asks for makes no sense or breaks a limit."
        }
        Kind::TooMany => "More requests or attempts came than are taken in this time.",
        Kind::Misdirected => "The request was for a host name that this server does not have.",
        Kind::Internal => "The server failed. What was not acknowledged was not done.",
        Kind::Unclaimed => "This server has no owner yet, and answers nothing but the claim.",
        Kind::Busy => {
            "The server has more to do than it can at this moment. Nothing was lost: nothing was taken."
        }
    }
}

/// What to do about it.
const fn remedy(kind: Kind) -> &'static str {
    match kind {
        Kind::BadRequest => {
            "The detail names the part. Compare it with the API's description and send it again."
        }
        Kind::Unauthenticated => "Send a live token as “Authorization: Bearer TOKEN”, or sign in.",
        Kind::Forbidden => {
            "Ask an owner of the tenant for a grant, or use a token that is limited less."
        }
        Kind::CrossSite => {
            "Reload the page and try again. A script of our pages sends X-CSRF-Token."
        }
        Kind::NotFound => {
            "Check the id or the name, and whether the credential belongs to the right tenant."
        }
        Kind::MethodNotAllowed => "The header Allow names the methods that can be used.",
        Kind::Conflict => "Choose another name, or empty the place first.",
        Kind::Gone => "Ask for a new link.",
        Kind::TooLarge => "Send less at once, in several requests.",
        Kind::UnsupportedMedia => {
            "Name one of the known formats in Content-Type, and gzip or zstd in Content-Encoding."
        }
        Kind::Unprocessable => "The detail says which field and what to change.",
        Kind::TooMany => "Wait as long as the header Retry-After says.",
        Kind::Misdirected => {
            "Use one of its names, or have its operator add this one to its configuration."
        }
        Kind::Internal => {
            "Try again; tell the operator the request's id, under which the log has the cause."
        }
        Kind::Unclaimed => "Open the claim link that the server printed at its start.",
        Kind::Busy => "Send the same again after as long as the header Retry-After says.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> Page {
        Page {
            title: "<title>".into(),
            section: "",
            version: "0",
            asset_hash: "0",
            viewer: None,
            notice: None,
        }
    }

    #[test]
    fn nothing_on_a_problem_page_can_become_markup() {
        let page = ProblemPage {
            page: frame(),
            status: 404,
            heading: "There is no such thing",
            advice: sentence("no <script>alert('x')</script> & \"quotes\""),
            request_id: "<img src=x>".into(),
        };
        let html = page.render().unwrap();
        assert!(
            !html.contains("<script>alert") && !html.contains("<img") && !html.contains("<title><")
        );
        assert!(html.contains("&#60;script&#62;alert"), "{html}");
    }

    #[test]
    fn every_kind_has_its_own_address_and_a_page() {
        let slugs: std::collections::HashSet<_> =
            Kind::ALL.iter().map(|kind| kind.slug()).collect();
        assert_eq!(slugs.len(), Kind::ALL.len());
        for kind in Kind::ALL {
            let (meaning, remedy) = (meaning(kind), remedy(kind));
            let (slug, heading, status) = (kind.slug(), kind.title(), kind.status().as_u16());
            let page = KindPage { page: frame(), status, slug, heading, meaning, remedy };
            assert!(page.render().unwrap().contains(&format!("/problems/{slug}")));
        }
    }
}
