//! Every way in: what it is, what it takes to use it, and why.
//!
//! The table is compared with the router by a test, so that no way in is missing here.

use std::time::Duration;

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::get;
use roadstead_guard::{Door, Origin};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

use crate::problem::{Kind, Problem};
use crate::{App, api, auth, edge, pages};

/// What a caller must prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Nothing.
    Nothing,
    /// The secret of a one-time link, or a password.
    LinkOrPassword,
    /// A live token, or a browser's session.
    Credential,
    /// A browser's session; without one the answer is the sign-in page.
    Session,
    /// What the protocol inside asks for by itself.
    Inside,
}

/// One way in.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The method.
    pub method: &'static str,
    /// The path, with its parameters in braces.
    pub path: &'static str,
    /// What a caller must prove.
    pub proof: Proof,
    /// Why it is so, or which capability the guard asks for.
    pub why: &'static str,
}

const fn entry(method: &'static str, path: &'static str, proof: Proof, why: &'static str) -> Entry {
    Entry { method, path, proof, why }
}

use Proof::{Credential, Inside, LinkOrPassword, Nothing};

const DEVICE: &str = "/api/v1/devices/{device}";
const DEVICE_TOKENS: &str = "/api/v1/devices/{device}/credentials";
const DEVICE_TOKEN: &str = "/api/v1/devices/{device}/credentials/{credential}";
const DEVICE_VALUES: &str = "/api/v1/devices/{device}/measurements";
const SPACE: &str = "/api/v1/spaces/{space}";
const ASSET: &str = "/api/v1/assets/{asset}";
const GRANTS: &str = "/api/v1/resources/{resource}/grants";

/// Every way in but the pages, which stand in a table of their own.
const ROUTES: &[Entry] = &[
    entry(
        "POST",
        "/api/v1/claim",
        LinkOrPassword,
        "the claim link's secret; until the first claim nothing else answers",
    ),
    entry("POST", "/api/v1/login", LinkOrPassword, "gives a token for a password"),
    entry("POST", "/api/v1/logout", Credential, "ends the credential itself"),
    entry("GET", "/api/v1/me", Credential, "who one is oneself"),
    entry("PUT", "/api/v1/me/password", Credential, "one's own"),
    entry("GET", "/api/v1/devices", Credential, "read; others are left out"),
    entry("POST", "/api/v1/devices", Credential, "manage the place"),
    entry("GET", DEVICE, Credential, "read the device"),
    entry("PATCH", DEVICE, Credential, "manage the device, and the new place"),
    entry("DELETE", DEVICE, Credential, "manage the device"),
    entry("GET", DEVICE_TOKENS, Credential, "manage the device"),
    entry("POST", DEVICE_TOKENS, Credential, "manage the device"),
    entry("DELETE", DEVICE_TOKEN, Credential, "manage the device"),
    entry("GET", "/api/v1/devices/{device}/sensors", Credential, "read the device"),
    entry("POST", "/api/v1/devices/{device}/sensors", Credential, "manage the device"),
    entry("PATCH", "/api/v1/sensors/{sensor}", Credential, "manage the sensor"),
    entry("DELETE", "/api/v1/sensors/{sensor}", Credential, "manage the sensor"),
    entry("GET", "/api/v1/types", Credential, "a contract is no secret within its tenant"),
    entry("POST", "/api/v1/types", Credential, "manage the tenant"),
    entry("PATCH", "/api/v1/types/{type}", Credential, "manage the tenant"),
    entry("DELETE", "/api/v1/types/{type}", Credential, "manage the tenant"),
    entry("GET", "/api/v1/spaces", Credential, "read; others are left out"),
    entry("POST", "/api/v1/spaces", Credential, "manage the parent"),
    entry("PATCH", SPACE, Credential, "manage the space; to move it, its place and the new one"),
    entry("DELETE", SPACE, Credential, "manage the space"),
    entry("GET", "/api/v1/assets", Credential, "read; others are left out"),
    entry("POST", "/api/v1/assets", Credential, "manage the place"),
    entry("PATCH", ASSET, Credential, "manage the asset; to move it, its place and the new one"),
    entry("DELETE", ASSET, Credential, "manage the asset"),
    entry("POST", DEVICE_VALUES, Credential, "write to the device"),
    entry("GET", DEVICE_VALUES, Credential, "read the device and each sensor"),
    entry("GET", "/api/v1/measurements", Credential, "read each sensor"),
    entry("GET", "/api/v1/latest", Credential, "read each sensor"),
    entry("GET", "/api/v1/live", Credential, "read; looked at again at each delivery"),
    entry("GET", "/api/v1/live/socket", Credential, "read; looked at again at each delivery"),
    entry("GET", "/api/v1/tokens", Credential, "one's own"),
    entry("POST", "/api/v1/tokens", Credential, "one's own, never with more than one has"),
    entry("DELETE", "/api/v1/tokens/{credential}", Credential, "one's own"),
    entry("GET", "/api/v1/people", Credential, "manage the tenant"),
    entry("POST", "/api/v1/people", Credential, "manage the tenant"),
    entry("GET", GRANTS, Credential, "manage the resource"),
    entry("POST", GRANTS, Credential, "manage the resource, and have all that is given"),
    entry(
        "DELETE",
        "/api/v1/resources/{resource}/grants/{grant}",
        Credential,
        "manage the resource",
    ),
    entry("GET", "/api/v1/audit", Credential, "audit the tenant"),
    entry(
        "GET",
        "/api/openapi.json",
        Nothing,
        "the description says nothing about this server's tenants",
    ),
    entry("GET", "/mqtt", Inside, "MQTT's own CONNECT proves the caller"),
];

/// Every way in, the pages included.
pub fn ways_in() -> impl Iterator<Item = &'static Entry> {
    ROUTES.iter().chain(pages::PAGES)
}

const ANSWER_WITHIN: Duration = Duration::from_mins(1);
const MQTT_BUFFER: usize = 64 * 1024;
/// A WebSocket message may carry part of an MQTT packet or many of them.
const MQTT_MESSAGE: usize = 1024 * 1024;

/// Builds the router of everything that HTTPS serves.
pub fn router(app: App) -> Router {
    let (rest, _) = api::described().split_for_parts();
    rest.merge(pages::router())
        .route("/api/openapi.json", get(api::document))
        .route("/mqtt", get(mqtt))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, ANSWER_WITHIN))
        .layer(CatchPanicLayer::new())
        .layer(from_fn_with_state(app.clone(), edge::guard_the_edge))
        .with_state(app)
}

/// Hands a WebSocket with the subprotocol `mqtt` over to the MQTT door (MQTT 5, section 6).
async fn mqtt(
    State(app): State<App>,
    auth::From(origin): auth::From,
    request: axum::extract::Request,
) -> Result<Response, Problem> {
    let hand_over = app.mqtt.clone().ok_or_else(Problem::not_found)?;
    let (mut parts, _) = request.into_parts();
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &app).await.map_err(|_| {
        Problem::bad_request(
            "this address speaks MQTT over WebSocket: connect with the subprotocol `mqtt`",
        )
    })?;
    let upgrade = upgrade.max_message_size(MQTT_MESSAGE).max_frame_size(MQTT_MESSAGE);
    let upgrade = upgrade.protocols(["mqtt"]);
    if upgrade.selected_protocol().is_none() {
        return Err(Problem::new(Kind::BadRequest, "ask for the WebSocket subprotocol `mqtt`"));
    }
    let origin = Origin { door: Door::MqttWebSocket, ..origin };
    Ok(upgrade.on_upgrade(move |socket| async move {
        let (inside, outside) = tokio::io::duplex(MQTT_BUFFER);
        let carried = crate::carry::carry(socket, outside);
        let served = hand_over(Box::new(inside), origin);
        tokio::join!(carried, served);
    }))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const CHECKED_IN: &str = include_str!("../../../docs/ways-in.md");

    fn as_markdown() -> String {
        let mut lines = vec![String::from(
            "# Every way in by HTTPS\n\nGenerated from the router's table; a test compares the two.\n\n\
             | method | path | proof | why, or which capability |\n|---|---|---|---|\n",
        )];
        lines.extend(ways_in().map(|Entry { method, path, proof, why }| {
            format!("| {method} | `{path}` | {proof:?} | {why} |\n")
        }));
        lines.concat()
    }

    #[test]
    fn the_checked_in_table_is_the_present_one() {
        if let Some(file) = std::env::var_os("ROADSTEAD_WRITE_WAYS_IN") {
            std::fs::write(file, as_markdown()).unwrap();
            return;
        }
        assert_eq!(
            as_markdown(),
            CHECKED_IN,
            "write it anew with ROADSTEAD_WRITE_WAYS_IN=docs/ways-in.md"
        );
    }

    #[test]
    fn every_route_of_the_api_is_in_the_table_and_the_other_way_round() {
        let document = api::described().into_openapi();
        let json = serde_json::to_value(&document).unwrap();
        let paths = json["paths"].as_object().unwrap();
        let described: BTreeSet<String> = paths
            .iter()
            .flat_map(|(path, item)| {
                item.as_object()
                    .unwrap()
                    .keys()
                    .map(move |method| format!("{} {path}", method.to_uppercase()))
            })
            .collect();
        let rest = ROUTES.iter().filter(|entry| entry.path.starts_with("/api/v1/"));
        let listed: BTreeSet<String> =
            rest.map(|entry| format!("{} {}", entry.method, entry.path)).collect();
        assert_eq!(described, listed);
    }
}
