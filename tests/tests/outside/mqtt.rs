//! The MQTT door, both versions, all three qualities of service.

use roadstead_testkit::{RawMqtt, Site, TestDevice};
use serde_json::json;

async fn connect(site: &Site, version: u8, device: &TestDevice, client: &str) -> RawMqtt {
    let login = (device.name.as_str(), device.token.as_str());
    let (client, answer) =
        RawMqtt::connect(&site.server, version, login, (client, true)).await.unwrap();
    assert_eq!(answer.body[1], 0, "let in");
    client
}

async fn values(site: &Site, device: &TestDevice) -> Vec<f64> {
    let path = format!("/api/v1/devices/{}/measurements", device.id);
    let answer = site.get(&path).await.unwrap();
    let series = answer["series"].as_array().cloned().unwrap_or_default();
    let points =
        series.iter().flat_map(|series| series["points"].as_array().cloned().unwrap_or_default());
    points.map(|point| point[1].as_f64().unwrap()).collect()
}

#[tokio::test]
async fn every_quality_of_service_in_both_versions_is_kept() {
    let site = Site::start().await.unwrap();
    for version in [4, 5] {
        let device = site.device(&format!("device-{version}")).await.unwrap();
        let mut client = connect(&site, version, &device, "c").await;
        client.publish("me/measurements/x", b"1", (0, 0, 0)).await.unwrap();
        client.publish("me/measurements/x", b"{\"value\":2}", (1, 1, 0)).await.unwrap();
        let acknowledged = client.receive().await.unwrap();
        assert_eq!((acknowledged.kind(), acknowledged.id()), (4, 1));
        client.publish("me/measurements", b"{\"x\":3}", (2, 2, 0)).await.unwrap();
        assert_eq!(client.receive().await.unwrap().kind(), 5, "PUBREC");
        client.release(2).await.unwrap();
        assert_eq!(client.receive().await.unwrap().kind(), 7, "PUBCOMP");
        assert_eq!(values(&site, &device).await, [1.0, 2.0, 3.0], "version {version}");
    }
}

#[tokio::test]
async fn a_wrong_token_is_told_by_the_right_code() {
    let site = Site::start().await.unwrap();
    let (one, two) = (site.device("one").await.unwrap(), site.device("two").await.unwrap());
    let wrong = [("one", "rst_wrong"), ("one", two.token.as_str()), ("nobody", one.token.as_str())];
    for login in wrong {
        for (version, codes) in [(4, [4, 5]), (5, [0x86, 0x87])] {
            let (_, answer) =
                RawMqtt::connect(&site.server, version, login, ("c", true)).await.unwrap();
            assert!(codes.contains(&answer.body[1]), "{login:?} {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_subscriber_hears_by_device_and_by_place() {
    let site = Site::start().await.unwrap();
    site.post("/api/v1/spaces", json!({ "name": "Plant" })).await.unwrap();
    site.post("/api/v1/devices", json!({ "name": "pump", "place": "Plant" })).await.unwrap();
    let reader = site.device("reader").await.unwrap();
    let me = site.get("/api/v1/me").await.unwrap();
    let path = format!("/api/v1/resources/{}/grants", me["tenant"]["id"].as_str().unwrap());
    site.post(&path, json!({ "principal": "reader", "role": "viewer" })).await.unwrap();
    for (filter, wanted) in [
        ("devices/pump/measurements/+", "devices/pump/measurements/flow"),
        ("spaces/Plant/#", "spaces/Plant/devices/pump/measurements/flow"),
        ("$share/g/devices/+/measurements/flow", "devices/pump/measurements/flow"),
    ] {
        let mut client = connect(&site, 5, &reader, "").await;
        assert_eq!(client.subscribe(&[(filter, 1)], 1).await.unwrap(), [1], "{filter}");
        site.post("/api/v1/devices/pump/measurements", json!({ "flow": 1.5 })).await.unwrap();
        let packet = client.receive().await.unwrap();
        let (topic, payload) = client.message(&packet);
        assert_eq!(topic, wanted);
        let said: serde_json::Value = serde_json::from_slice(&payload).unwrap();
        assert_eq!(said["value"], 1.5);
    }
}

#[tokio::test]
async fn a_session_survives_a_restart_and_misses_nothing() {
    let mut site = Site::start().await.unwrap();
    let device = site.device("pump").await.unwrap();
    let login = (device.name.as_str(), device.token.as_str());
    let (mut client, _) = RawMqtt::connect(&site.server, 5, login, ("kept", false)).await.unwrap();
    client.subscribe(&[("me/measurements/#", 1)], 1).await.unwrap();
    drop(client);
    site.post("/api/v1/devices/pump/measurements", json!({ "x": 1 })).await.unwrap();
    site.server.kill();
    site.server.restart().unwrap();
    site.post("/api/v1/devices/pump/measurements", json!({ "x": 2 })).await.unwrap();
    let (mut client, answer) =
        RawMqtt::connect(&site.server, 5, login, ("kept", false)).await.unwrap();
    assert_eq!(answer.body[0], 1, "the session is present");
    for wanted in [1.0, 2.0] {
        let packet = client.receive().await.unwrap();
        let said: serde_json::Value = serde_json::from_slice(&client.message(&packet).1).unwrap();
        assert_eq!(said["value"], wanted);
    }
}

#[tokio::test]
async fn a_retained_value_is_told_to_whoever_comes_later_until_it_is_cleared() {
    let site = Site::start().await.unwrap();
    let device = site.device("pump").await.unwrap();
    let mut client = connect(&site, 5, &device, "writer").await;
    client.publish("me/measurements/state", b"7", (1, 1, 1)).await.unwrap();
    client.receive().await.unwrap();
    let mut reader = connect(&site, 5, &device, "reader").await;
    reader.subscribe(&[("me/measurements/state", 0)], 1).await.unwrap();
    let packet = reader.receive().await.unwrap();
    assert_eq!(packet.first & 1, 1, "the retain flag");
    client.publish("me/measurements/state", b"", (1, 2, 1)).await.unwrap();
    client.receive().await.unwrap();
    let mut late = connect(&site, 5, &device, "late").await;
    late.subscribe(&[("me/measurements/state", 0)], 1).await.unwrap();
    client.publish("me/measurements/state", b"8", (1, 3, 0)).await.unwrap();
    let packet = late.receive().await.unwrap();
    assert_eq!(packet.first & 1, 0, "nothing retained came first");
}

#[tokio::test]
async fn a_second_connection_of_the_same_client_takes_over_and_no_other_identity_can() {
    let site = Site::start().await.unwrap();
    let (one, two) = (site.device("one").await.unwrap(), site.device("two").await.unwrap());
    let mut first = connect(&site, 5, &one, "same").await;
    let _other = connect(&site, 5, &two, "same").await;
    first.publish("me/measurements/x", b"1", (1, 1, 0)).await.unwrap();
    assert_eq!(first.receive().await.unwrap().kind(), 4, "another identity disturbs nothing");
    let _second = connect(&site, 5, &one, "same").await;
    let told = first.receive().await.unwrap();
    assert_eq!((told.kind(), told.body.first()), (14, Some(&0x8e)), "session taken over");
}

#[tokio::test]
async fn garbage_and_oversize_end_their_own_connection_and_nothing_else() {
    let site = Site::start().await.unwrap();
    let device = site.device("pump").await.unwrap();
    let mut steady = connect(&site, 5, &device, "steady").await;
    for garbage in
        [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 64], &[0x10, 0xff, 0xff, 0xff, 0xff, 0xff]]
    {
        let mut client = RawMqtt::open(&site.server, 5).await.unwrap();
        let _ = client.send(garbage).await;
        assert!(client.receive().await.map_or(true, |packet| packet.kind() != 2));
    }
    let mut client = connect(&site, 5, &device, "large").await;
    let _ = client.send(&[0x30, 0xff, 0xff, 0xff, 0x7f]).await;
    let told = client.receive().await;
    assert!(
        told.is_err() || told.is_ok_and(|packet| (packet.kind(), packet.body[0]) == (14, 0x95))
    );
    steady.publish("me/measurements/x", b"1", (1, 1, 0)).await.unwrap();
    assert_eq!(steady.receive().await.unwrap().kind(), 4);
}

#[tokio::test]
async fn nan_and_infinities_are_refused_by_name() {
    let site = Site::start().await.unwrap();
    let device = site.device("pump").await.unwrap();
    let mut client = connect(&site, 5, &device, "c").await;
    for (id, payload) in
        [(1, &b"NaN"[..]), (2, b"Infinity"), (3, b"1e999"), (4, b"{\"value\":NaN}")]
    {
        client.publish("me/measurements/x", payload, (1, id, 0)).await.unwrap();
        let answer = client.receive().await.unwrap();
        assert_eq!((answer.kind(), answer.id(), answer.body.get(2)), (4, id, Some(&0x99)));
    }
    assert!(values(&site, &device).await.is_empty());
}
