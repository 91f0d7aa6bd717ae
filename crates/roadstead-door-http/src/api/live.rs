//! Values as they come: server-sent events and WebSocket, resumable by position.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use roadstead_guard::{Caller, Denied, Read};
use roadstead_model::{Position, Resource};
use roadstead_services::live::{Delivered, Follower, Interest, News};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use utoipa::IntoParams;

use super::shapes::{device_ref, place_ref, sensor_ref};
use crate::App;
use crate::auth::Me;
use crate::feeds::FeedPlace;
use crate::problem::{Kind, Problem, ProblemBody};

const ALIVE: Duration = Duration::from_secs(15);
/// A reader that takes nothing for so long is let go; it can resume by position.
const STALLED: Duration = Duration::from_secs(30);
const POLICY_VIOLATION: u16 = 1008;

/// What to follow. Nothing named means everything that the caller may see.
#[derive(Debug, Deserialize, IntoParams)]
#[expect(dead_code, reason = "describes the query; the pairs are read as they come")]
pub(crate) struct Which {
    /// A device, by id or name; can be repeated.
    device: Option<String>,
    /// A sensor, by id; can be repeated.
    sensor: Option<String>,
    /// A space or asset, by id or path; can be repeated.
    space: Option<String>,
    /// The position to read on from: one more than the last one seen.
    position: Option<u64>,
}

struct Wanted {
    interest: Interest,
    from: Option<Position>,
}

fn read(app: &App, caller: &Caller, pairs: Vec<(String, String)>) -> Result<Wanted, Problem> {
    let scope = app.guard.scope::<Read>(caller)?;
    let (mut nodes, mut from) = (Vec::new(), None);
    for (key, value) in pairs {
        let node: Resource = match key.as_str() {
            "device" => device_ref(app, caller, &value)?.into(),
            "sensor" => sensor_ref(app, &scope, None, &value)?.into(),
            "space" | "place" => place_ref(app, &scope, Some(&value))?,
            "position" => {
                let advice = "`position` takes a whole number";
                from = Some(Position(value.parse().map_err(|_| Problem::bad_request(advice))?));
                continue;
            }
            _ => return Err(Problem::bad_request("use device, sensor, space or position")),
        };
        nodes.push(node);
    }
    let interest = if nodes.is_empty() { Interest::Everything } else { Interest::Below(nodes) };
    Ok(Wanted { interest, from })
}

fn place(app: &App, caller: &Caller) -> Result<FeedPlace, Problem> {
    let taken = app.feeds.take(caller.principal());
    taken.ok_or_else(|| Problem::new(Kind::TooMany, "too many live feeds are open: close some"))
}

/// Follows values as server-sent events: `measurements`, and `gap` when some were missed.
///
/// The id of an event is the position to resume after: browsers send it as `Last-Event-ID`.
#[utoipa::path(get, path = "/api/v1/live", tag = "live", params(Which),
    responses((status = 200, content_type = "text/event-stream", body = String),
        (status = "4XX", body = ProblemBody)))]
pub(crate) async fn follow(
    State(app): State<App>,
    Me(caller): Me,
    Query(pairs): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut wanted = read(&app, &caller, pairs)?;
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    if let Some(last) = last.and_then(|last| last.parse::<u64>().ok()) {
        wanted.from = Some(Position(last.saturating_add(1)));
    }
    let place = place(&app, &caller)?;
    let follower = app.live.follow(&caller, wanted.interest, wanted.from)?;
    let (events, told) = mpsc::channel(1);
    tokio::spawn(tell_all(follower, events, place));
    let events = stream::unfold(told, |mut told| async move { Some((told.recv().await?, told)) });
    let answer = Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE));
    Ok(([("x-accel-buffering", "no")], answer).into_response())
}

/// Tells one reader until it leaves, loses its rights, or takes nothing for too long.
async fn tell_all(
    mut follower: Follower,
    events: mpsc::Sender<Result<Event, Infallible>>,
    place: FeedPlace,
) {
    loop {
        let news = tokio::select! {
            news = follower.next() => news,
            () = events.closed() => break,
        };
        let (event, last) = match news {
            Ok(news) => (event(&follower, news), false),
            Err(denied) => (farewell(denied), true),
        };
        let taken = tokio::time::timeout(STALLED, events.send(Ok(event))).await;
        if last || !matches!(taken, Ok(Ok(()))) {
            break;
        }
    }
    drop(place);
}

fn event(follower: &Follower, news: News) -> Event {
    let last = follower.position().0.saturating_sub(1);
    let (name, data) = tell(news);
    Event::default().event(name).id(last.to_string()).data(data.to_string())
}

fn farewell(denied: Denied) -> Event {
    Event::default().event("end").data(json!({ "detail": denied.to_string() }).to_string())
}

fn tell(news: News) -> (&'static str, Value) {
    match news {
        News::Measurements(told) => {
            let told: Vec<_> = told.iter().map(measurement).collect();
            ("measurements", json!({ "measurements": told }))
        }
        News::Missed { count, resume } => ("gap", json!({ "missed": count, "resume": resume })),
    }
}

fn measurement(told: &Delivered) -> Value {
    let sensor = &told.place.sensor;
    json!({
        "position": told.position,
        "device": sensor.device,
        "device_name": told.place.device,
        "sensor": sensor.id,
        "name": sensor.shape.name,
        "time": told.reading.time,
        "value": told.reading.value,
        "unit": sensor.shape.unit,
        "quality": told.reading.quality,
    })
}

/// Follows values over a WebSocket: each text message is what one server-sent event says.
#[utoipa::path(get, path = "/api/v1/live/socket", tag = "live", params(Which),
    responses((status = 101), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn follow_by_websocket(
    State(app): State<App>,
    Me(caller): Me,
    Query(pairs): Query<Vec<(String, String)>>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Problem> {
    let wanted = read(&app, &caller, pairs)?;
    let place = place(&app, &caller)?;
    let follower = app.live.follow(&caller, wanted.interest, wanted.from)?;
    let upgrade = upgrade.max_message_size(4096).max_frame_size(4096);
    Ok(upgrade.on_upgrade(move |socket| converse(socket, follower, place)))
}

async fn converse(mut socket: WebSocket, mut follower: Follower, place: FeedPlace) {
    loop {
        let (message, last) = tokio::select! {
            news = follower.next() => word(news),
            heard = socket.recv() => match heard {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                Some(Ok(Message::Text(_) | Message::Binary(_) | Message::Close(_)) | Err(_))
                | None => break,
            },
            () = tokio::time::sleep(ALIVE) => (Message::Ping(Vec::new().into()), false),
        };
        let sent = tokio::time::timeout(STALLED, socket.send(message)).await;
        if last || !matches!(sent, Ok(Ok(()))) {
            break;
        }
    }
    drop(place);
}

/// The message that tells the news, and whether it is the last one.
fn word(news: Result<News, Denied>) -> (Message, bool) {
    match news {
        Ok(news) => {
            let (event, mut data) = tell(news);
            data["event"] = event.into();
            (Message::Text(data.to_string().into()), false)
        }
        Err(denied) => {
            let reason = denied.to_string().into();
            let frame = CloseFrame { code: POLICY_VIOLATION, reason };
            (Message::Close(Some(frame)), true)
        }
    }
}
