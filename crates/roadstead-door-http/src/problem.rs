//! Errors as RFC 9457 problems: a stable type, what to change, and the request's id.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use roadstead_guard::{Denied, Refused};
use roadstead_services::ServiceError;
use serde::Serialize;
use utoipa::ToSchema;

/// What kinds of problems there are. The last part of the type's address never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    BadRequest,
    Unauthenticated,
    Forbidden,
    CrossSite,
    NotFound,
    MethodNotAllowed,
    Conflict,
    Gone,
    TooLarge,
    UnsupportedMedia,
    Unprocessable,
    TooMany,
    Misdirected,
    Internal,
    Unclaimed,
    Busy,
}

impl Kind {
    /// All of them, for the pages that explain each.
    pub(crate) const ALL: [Self; 16] = [
        Self::BadRequest,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::CrossSite,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::Gone,
        Self::TooLarge,
        Self::UnsupportedMedia,
        Self::Unprocessable,
        Self::TooMany,
        Self::Misdirected,
        Self::Internal,
        Self::Unclaimed,
        Self::Busy,
    ];

    /// The HTTP status.
    pub(crate) const fn status(self) -> StatusCode {
        self.parts().0
    }

    /// The last part of the type's address.
    pub(crate) const fn slug(self) -> &'static str {
        self.parts().1
    }

    /// The kind in words.
    pub(crate) const fn title(self) -> &'static str {
        self.parts().2
    }

    const fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::BadRequest => {
                (StatusCode::BAD_REQUEST, "bad-request", "The request cannot be read")
            }
            Self::Unauthenticated => {
                (StatusCode::UNAUTHORIZED, "unauthenticated", "A valid credential is needed")
            }
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "You may not do this"),
            Self::CrossSite => {
                (StatusCode::FORBIDDEN, "cross-site", "The request came from another site")
            }
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "There is no such thing"),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "This cannot be done here")
            }
            Self::Conflict => (StatusCode::CONFLICT, "conflict", "It collides with what is there"),
            Self::Gone => (StatusCode::GONE, "gone", "It is no longer there"),
            Self::TooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The request is too large")
            }
            Self::UnsupportedMedia => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media",
                "This format is not known",
            ),
            Self::Unprocessable => {
                (StatusCode::UNPROCESSABLE_ENTITY, "unprocessable", "The request makes no sense")
            }
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "too-many", "Too many requests"),
            Self::Misdirected => {
                (StatusCode::MISDIRECTED_REQUEST, "misdirected", "This server has another name")
            }
            Self::Internal => {
                (StatusCode::INTERNAL_SERVER_ERROR, "internal", "The server could not do this")
            }
            Self::Unclaimed => {
                (StatusCode::SERVICE_UNAVAILABLE, "unclaimed", "This server has no owner yet")
            }
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy", "The server is busy"),
        }
    }
}

/// A problem on its way to the client.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    kind: Kind,
    detail: String,
}

/// The body of a problem (RFC 9457), as `application/problem+json`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ProblemBody {
    /// A stable address that names the kind of problem.
    #[schema(example = "/problems/not-found")]
    r#type: String,
    /// The kind in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong here and what to change.
    detail: String,
    /// Names this request in the server's log.
    request_id: String,
}

impl Problem {
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into() }
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(Kind::BadRequest, detail)
    }

    pub(crate) fn unprocessable(detail: impl Into<String>) -> Self {
        Self::new(Kind::Unprocessable, detail)
    }

    pub(crate) fn not_found() -> Self {
        Denied::Unseen.into()
    }

    pub(crate) fn unauthenticated() -> Self {
        Refused::Invalid.into()
    }

    /// Logs the cause with all that is behind it; the client sees the request's id only.
    pub(crate) fn internal(error: &dyn std::error::Error) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(below) = cause {
            text = format!("{text}: {below}");
            cause = below.source();
        }
        tracing::error!(error = %text, "request failed");
        Self::new(Kind::Internal, "the cause is in the server's log under this request id")
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.kind.parts().0
    }

    pub(crate) fn title(&self) -> &'static str {
        self.kind.parts().2
    }

    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    pub(crate) fn body(&self, request_id: &str) -> ProblemBody {
        let (status, slug, title) = self.kind.parts();
        ProblemBody {
            r#type: format!("/problems/{slug}"),
            title,
            status: status.as_u16(),
            detail: self.detail.clone(),
            request_id: request_id.to_owned(),
        }
    }

    /// Writes the problem as JSON under a request id.
    pub(crate) fn to_json(&self, request_id: &str) -> Response {
        let mut response = (self.status(), Json(self.body(request_id))).into_response();
        let headers = response.headers_mut();
        let media = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, media);
        match self.kind {
            Kind::Unauthenticated => {
                let scheme = HeaderValue::from_static("Bearer realm=\"roadstead\"");
                headers.insert(header::WWW_AUTHENTICATE, scheme);
            }
            Kind::TooMany => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
            }
            Kind::Busy => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}

impl IntoResponse for Problem {
    /// Leaves the problem in the response; the edge writes it once it knows who asks and the request's id.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        let kind = match denied {
            Denied::Unseen => Kind::NotFound,
            Denied::Forbidden(_) => Kind::Forbidden,
            Denied::Ended => Kind::Unauthenticated,
        };
        Self::new(kind, denied.to_string())
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let kind = match refused {
            Refused::Invalid => Kind::Unauthenticated,
            Refused::TooMany => Kind::TooMany,
            Refused::Busy => Kind::Busy,
        };
        Self::new(kind, refused.to_string())
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Denied(denied) => denied.into(),
            ServiceError::Refused(refused) => refused.into(),
            ServiceError::Missing(_) => Self::new(Kind::NotFound, error.to_string()),
            ServiceError::Conflict(_) => Self::new(Kind::Conflict, error.to_string()),
            ServiceError::BadPassword(_) | ServiceError::Invalid(_) | ServiceError::Limit(_) => {
                Self::unprocessable(error.to_string())
            }
            ServiceError::Busy => Self::new(Kind::Busy, error.to_string()),
            ServiceError::Failed(_) => Self::internal(&error),
        }
    }
}

/// A list, or a page of one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Items<T> {
    /// The items.
    pub items: Vec<T>,
    /// What to pass as `cursor` for the next page; `null` at the end.
    pub next: Option<String>,
}

impl<T> Items<T> {
    pub(crate) fn all(items: Vec<T>) -> Json<Self> {
        Json(Self { items, next: None })
    }
}
