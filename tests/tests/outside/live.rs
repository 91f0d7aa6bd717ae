//! Values as they come: server-sent events, resumable without gap or repetition.

use futures_util::StreamExt;
use reqwest::Method;
use roadstead_testkit::Site;
use serde_json::{Value, json};

/// Reads events until so many measurements came; returns their positions and the last event's id.
async fn read(site: &Site, query: &str, last: Option<&str>, wanted: usize) -> (Vec<u64>, String) {
    let mut request = site.request(Method::GET, &format!("/api/v1/live{query}"), &site.owner);
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let mut bytes = request.send().await.unwrap().bytes_stream();
    let (mut text, mut positions, mut id) = (String::new(), Vec::new(), String::new());
    while positions.len() < wanted {
        let chunk = tokio::time::timeout(std::time::Duration::from_secs(10), bytes.next()).await;
        text.push_str(
            std::str::from_utf8(&chunk.expect("events in time").unwrap().unwrap()).unwrap(),
        );
        while let Some((event, rest)) =
            text.split_once("\n\n").map(|(event, rest)| (event.to_owned(), rest.to_owned()))
        {
            text = rest;
            for line in event.lines() {
                if let Some(data) = line.strip_prefix("data:") {
                    let data: Value = serde_json::from_str(data.trim()).unwrap();
                    let told = data["measurements"].as_array().cloned().unwrap_or_default();
                    positions.extend(told.iter().map(|one| one["position"].as_u64().unwrap()));
                }
                if let Some(given) = line.strip_prefix("id:") {
                    given.trim().clone_into(&mut id);
                }
            }
        }
    }
    (positions, id)
}

#[tokio::test]
async fn a_reader_resumes_where_it_stopped() {
    let site = Site::start().await.unwrap();
    site.device("d").await.unwrap();
    let send = |value: i32| site.post("/api/v1/devices/d/measurements", json!({ "x": value }));
    for value in 0..5 {
        send(value).await.unwrap();
    }
    let (first, last) = read(&site, "?device=d&position=0", None, 5).await;
    assert_eq!(first, [0, 1, 2, 3, 4]);
    for value in 5..8 {
        send(value).await.unwrap();
    }
    let (second, _) = read(&site, "?device=d", Some(&last), 3).await;
    assert_eq!(second, [5, 6, 7]);
}

#[tokio::test]
async fn positions_go_on_after_a_restart() {
    let mut site = Site::start().await.unwrap();
    site.device("d").await.unwrap();
    site.post("/api/v1/devices/d/measurements", json!({ "x": 1 })).await.unwrap();
    site.server.kill();
    site.server.restart().unwrap();
    site.post("/api/v1/devices/d/measurements", json!({ "x": 2 })).await.unwrap();
    let (positions, _) = read(&site, "?position=0", None, 2).await;
    assert_eq!(positions, [0, 1]);
}

#[tokio::test]
async fn a_place_is_followed_with_all_below_it() {
    let site = Site::start().await.unwrap();
    site.post("/api/v1/spaces", json!({ "name": "Plant" })).await.unwrap();
    site.post("/api/v1/devices", json!({ "name": "in", "place": "Plant" })).await.unwrap();
    site.device("out").await.unwrap();
    site.post("/api/v1/devices/out/measurements", json!({ "x": 1 })).await.unwrap();
    site.post("/api/v1/devices/in/measurements", json!({ "x": 2 })).await.unwrap();
    let (positions, _) = read(&site, "?space=Plant&position=0", None, 1).await;
    assert_eq!(positions, [1], "the other device's value is passed over");
}
