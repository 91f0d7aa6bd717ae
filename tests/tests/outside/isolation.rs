//! What is out of sight does not exist: two tenants on one server, every door.

use reqwest::Method;
use roadstead_testkit::{RawMqtt, Site};
use serde_json::json;

#[tokio::test]
async fn another_tenants_things_do_not_exist_by_any_route() {
    let site = Site::start().await.unwrap();
    let other = site.further_tenant("other").await.unwrap();
    let device = site.device("pump-7").await.unwrap();
    site.post("/api/v1/devices/pump-7/measurements", json!({ "flow": 1.5 })).await.unwrap();
    let sensors = site.get("/api/v1/devices/pump-7/sensors").await.unwrap();
    let sensor = sensors["items"][0]["id"].as_str().unwrap();
    let space = site.post("/api/v1/spaces", json!({ "name": "Plant" })).await.unwrap();
    let space = space["id"].as_str().unwrap();
    let tries = [
        (Method::GET, format!("/api/v1/devices/{}", device.id)),
        (Method::GET, "/api/v1/devices/pump-7".to_owned()),
        (Method::DELETE, format!("/api/v1/devices/{}", device.id)),
        (Method::GET, format!("/api/v1/devices/{}/credentials", device.id)),
        (Method::GET, format!("/api/v1/devices/{}/sensors", device.id)),
        (Method::GET, format!("/api/v1/devices/{}/measurements", device.id)),
        (Method::GET, format!("/api/v1/measurements?sensor={sensor}")),
        (Method::GET, format!("/api/v1/latest?sensor={sensor}")),
        (Method::GET, format!("/api/v1/live?device={}", device.id)),
        (Method::GET, format!("/api/v1/live?sensor={sensor}")),
        (Method::DELETE, format!("/api/v1/spaces/{space}")),
        (Method::GET, format!("/api/v1/resources/{space}/grants")),
    ];
    for (method, path) in tries {
        let status = site.status(method.clone(), &path, &other).await.unwrap();
        assert_eq!(status, 404, "{method} {path}");
    }
    let mine = site.get_as(&other, "/api/v1/devices").await.unwrap();
    assert_eq!(mine["items"], json!([]));
    let twin = site.device_of(&other, "pump-7").await.unwrap();
    assert_ne!(twin.id, device.id, "names are each tenant's own");
}

#[tokio::test]
async fn the_widest_filter_stays_inside_its_tenant() {
    let site = Site::start().await.unwrap();
    let other = site.further_tenant("other").await.unwrap();
    let mine = site.device("pump-7").await.unwrap();
    let theirs = site.device_of(&other, "spy").await.unwrap();
    let grant = json!({ "principal": "spy", "role": "viewer" });
    let me = site.get_as(&other, "/api/v1/me").await.unwrap();
    let path = format!("/api/v1/resources/{}/grants", me["tenant"]["id"].as_str().unwrap());
    site.post_as(&other, &path, grant).await.unwrap();

    let login = (theirs.name.as_str(), theirs.token.as_str());
    let (mut spy, _) = RawMqtt::connect(&site.server, 5, login, ("spy", true)).await.unwrap();
    for filter in ["#", "+/+/#", "devices/#", "spaces/#", "devices/pump-7/#"] {
        spy.subscribe(&[(filter, 1)], 1).await.unwrap();
    }
    let sent = json!({ "flow": 1.5 });
    site.post("/api/v1/devices/pump-7/measurements", sent.clone()).await.unwrap();
    site.post_as(&theirs.token, "/api/v1/devices/me/measurements", json!({ "own": 2 }))
        .await
        .unwrap();
    let got = spy.receive().await.unwrap();
    let (topic, _) = spy.message(&got);
    assert_eq!(topic, "devices/spy/measurements/own", "the first thing heard is its own");
    drop(mine);
}

#[tokio::test]
async fn a_device_writes_for_itself_alone() {
    let site = Site::start().await.unwrap();
    let one = site.device("one").await.unwrap();
    site.device("two").await.unwrap();
    let body = json!({ "x": 1 });
    let request = site.request(Method::POST, "/api/v1/devices/two/measurements", &one.token);
    assert_eq!(request.json(&body).send().await.unwrap().status(), 404);
    let login = (one.name.as_str(), one.token.as_str());
    let (mut client, _) = RawMqtt::connect(&site.server, 5, login, ("", true)).await.unwrap();
    client.publish("devices/two/measurements/x", b"1", (1, 7, 0)).await.unwrap();
    let refused = client.receive().await.unwrap();
    assert_eq!((refused.kind(), refused.id(), refused.body[2]), (4, 7, 0x87));
}

#[tokio::test]
async fn a_revoked_token_is_cut_off_everywhere_within_seconds() {
    let site = Site::start().await.unwrap();
    let device = site.device("pump-7").await.unwrap();
    let login = (device.name.as_str(), device.token.as_str());
    let (mut client, _) = RawMqtt::connect(&site.server, 5, login, ("c", true)).await.unwrap();
    let path = format!("/api/v1/devices/{}/credentials", device.id);
    let tokens = site.get(&path).await.unwrap();
    let end = format!("{path}/{}", tokens["items"][0]["id"].as_str().unwrap());
    assert_eq!(site.status(Method::DELETE, &end, &site.owner).await.unwrap(), 204);
    let told = client.receive().await;
    assert!(told.is_err() || told.is_ok_and(|packet| packet.kind() == 14), "the connection ends");
    assert_eq!(site.status(Method::GET, "/api/v1/me", &device.token).await.unwrap(), 401);
    let again = RawMqtt::connect(&site.server, 5, login, ("c", true)).await.unwrap();
    assert_ne!(again.1.body[1], 0);
}
