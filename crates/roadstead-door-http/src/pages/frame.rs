//! What every page carries, and the small pieces that pages share.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use roadstead_guard::Manage;
use roadstead_model::Timestamp;
use serde::Deserialize;

use crate::App;
use crate::auth::Visitor;
use crate::edge;
use crate::problem::Problem;

/// What every page carries.
pub(crate) struct Page {
    /// Text of the browser tab before " · Roadstead".
    pub title: String,
    /// Which entry of the navigation is current; empty for none.
    pub section: &'static str,
    /// Version of the binary.
    pub version: &'static str,
    /// Stands behind `?v=` of every asset, so that a new build is fetched anew.
    pub asset_hash: &'static str,
    /// `None` while nobody is signed in.
    pub viewer: Option<Viewer>,
    /// One sentence after a redirect.
    pub notice: Option<Notice>,
}

/// Who looks at the page.
pub(crate) struct Viewer {
    pub tenant: String,
    pub person: String,
    /// Whether they manage the tenant, and may see who else is in it.
    pub manages: bool,
    /// What every form must send back.
    pub csrf: String,
}

/// One sentence at the top of a page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    /// `good` or `bad`.
    pub kind: &'static str,
    pub text: &'static str,
}

/// A time, for machines and as shown without JavaScript.
pub(crate) struct Moment {
    pub iso: String,
    pub text: String,
}

/// A text field as it was typed, and what is wrong with it.
#[derive(Default)]
pub(crate) struct Field {
    pub value: String,
    pub error: Option<String>,
}

/// One `<option>`.
pub(crate) struct Choice {
    pub value: String,
    pub label: String,
    pub chosen: bool,
}

/// What a redirect may ask a page to say.
#[derive(Deserialize)]
pub(crate) struct Say {
    notice: Option<String>,
}

const NOTICES: &[(&str, &str)] = &[
    ("asset-added", "Asset added."),
    ("device-changed", "Device changed."),
    ("device-deleted", "Device deleted. Its tokens no longer work."),
    ("grant-ended", "Grant ended. Whatever lived by it is cut off."),
    ("grant-given", "Grant given."),
    ("password-set", "Password set. Your other sessions have ended."),
    ("place-changed", "Place changed."),
    ("place-removed", "Place removed."),
    ("sensor-added", "Sensor added."),
    ("sensor-removed", "Sensor removed."),
    ("signed-out", "You are signed out."),
    ("space-added", "Space added."),
    ("token-revoked", "Token revoked. Whatever was connected with it is cut off."),
    ("type-added", "Type added."),
    ("type-changed", "Type changed. Its devices have the added sensors."),
    ("type-removed", "Type removed."),
];

impl Notice {
    /// The fixed sentence behind a key; nothing that an address can be made to say freely.
    pub(crate) fn keyed(key: &str) -> Option<Self> {
        let found = NOTICES.iter().find(|(known, _)| *known == key);
        found.map(|(_, text)| Self { kind: "good", text })
    }
}

impl Page {
    /// Makes the frame of a page.
    pub(crate) fn new(
        app: &App,
        title: impl Into<String>,
        section: &'static str,
        visitor: Option<&Visitor>,
    ) -> Self {
        Self {
            title: title.into(),
            section,
            version: env!("CARGO_PKG_VERSION"),
            asset_hash: super::files::asset_hash(),
            viewer: visitor.map(|visitor| Viewer::of(app, visitor)),
            notice: None,
        }
    }

    /// Adds the sentence that a redirect asked for.
    #[must_use]
    pub(crate) fn saying(mut self, say: &Say) -> Self {
        self.notice = say.notice.as_deref().and_then(Notice::keyed);
        self
    }
}

impl Viewer {
    fn of(app: &App, visitor: &Visitor) -> Self {
        let directory = app.things.directory();
        let tenant = directory.tenant_of(&visitor.caller).map(|row| row.name.to_string());
        let person = directory.person_of(&visitor.caller).map(|row| row.email.to_string());
        Self {
            tenant: tenant.unwrap_or_default(),
            person: person.unwrap_or_default(),
            manages: app
                .guard
                .permit::<Manage, _>(&visitor.caller, visitor.caller.tenant())
                .is_ok(),
            csrf: visitor.csrf.clone(),
        }
    }
}

impl From<Timestamp> for Moment {
    fn from(time: Timestamp) -> Self {
        let instant = jiff::Timestamp::from_microsecond(time.micros()).unwrap_or_default();
        Self { iso: time.to_string(), text: instant.strftime("%Y-%m-%d %H:%M:%S UTC").to_string() }
    }
}

impl Field {
    /// A field as it was typed, with nothing wrong.
    pub(crate) fn typed(value: &str) -> Self {
        Self { value: value.to_owned(), error: None }
    }

    /// A field that cannot be taken.
    pub(crate) fn wrong(value: &str, error: impl std::fmt::Display) -> Self {
        Self { value: value.to_owned(), error: Some(sentence(&error.to_string())) }
    }
}

impl Choice {
    /// An option; chosen when it is the wanted one.
    pub(crate) fn new(value: impl Into<String>, label: impl Into<String>, wanted: &str) -> Self {
        let value = value.into();
        Self { chosen: value == wanted, value, label: label.into() }
    }
}

/// Writes a page as the answer.
pub(crate) fn show(status: StatusCode, page: &impl Template) -> Result<Response, Problem> {
    let body = page.render().map_err(|error| Problem::internal(&error))?;
    let mut answer = edge::text("text/html; charset=utf-8", body);
    *answer.status_mut() = status;
    Ok(answer)
}

/// Sends the browser to another page of this server, by GET.
pub(crate) fn go_to(path: &str) -> Response {
    let target = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, target)]).into_response()
}

/// Makes a sentence of the words of an error: capital first, full stop last.
pub(crate) fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let Some(first) = letters.next() else { return String::new() };
    let stop = if words.ends_with(['.', '!', '?', '…']) { "" } else { "." };
    format!("{}{}{stop}", first.to_uppercase(), letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_says_only_what_is_on_the_list() {
        assert_eq!(Notice::keyed("space-added").map(|notice| notice.text), Some("Space added."));
        assert_eq!(Notice::keyed("Your password has expired: call 555"), None);
        assert_eq!(Notice::keyed(""), None);
    }

    #[test]
    fn the_keys_of_notices_are_unique() {
        let keys: std::collections::HashSet<_> = NOTICES.iter().map(|(key, _)| key).collect();
        assert_eq!(keys.len(), NOTICES.len());
    }

    #[test]
    fn a_sentence_begins_with_a_capital_and_ends_with_a_stop() {
        assert_eq!(sentence("a name has 1 to 64 characters"), "A name has 1 to 64 characters.");
        assert_eq!(sentence("Done."), "Done.");
        assert_eq!(sentence(""), "");
    }

    #[test]
    fn a_moment_is_told_in_utc_to_the_second() {
        let moment = Moment::from(Timestamp::from_micros(1_700_000_000_123_456).unwrap());
        assert_eq!(moment.text, "2023-11-14 22:13:20 UTC");
        assert_eq!(moment.iso, "2023-11-14T22:13:20.123456Z");
    }
}
