//! Places, types, devices and people, by REST.

use reqwest::Method;
use roadstead_testkit::Site;
use serde_json::json;

#[tokio::test]
async fn places_form_a_tree_and_names_are_unique_within_their_parent() {
    let site = Site::start().await.unwrap();
    let plant =
        site.post("/api/v1/spaces", json!({ "name": "Plant", "class": "Site" })).await.unwrap();
    let hall = json!({ "name": "Hall", "parent": plant["id"] });
    let hall = site.post("/api/v1/spaces", hall).await.unwrap();
    assert_eq!(hall["path"], "Plant/Hall");
    let twin = json!({ "name": "Hall", "parent": "Plant" });
    let answer =
        site.request(Method::POST, "/api/v1/spaces", &site.owner).json(&twin).send().await.unwrap();
    assert_eq!(answer.status(), 409);
    let elsewhere = json!({ "name": "Hall", "parent": null });
    assert!(site.post("/api/v1/spaces", elsewhere).await.is_ok());
    let full = format!("/api/v1/spaces/{}", plant["id"].as_str().unwrap());
    assert_eq!(site.status(Method::DELETE, &full, &site.owner).await.unwrap(), 409);
}

#[tokio::test]
async fn a_device_of_a_fixed_type_takes_its_own_sensors_only() {
    let site = Site::start().await.unwrap();
    let sensors = json!([{ "name": "temperature", "unit": "Cel" }]);
    let kind = json!({ "name": "thermometer", "mode": "fixed", "sensors": sensors });
    site.post("/api/v1/types", kind).await.unwrap();
    let device = json!({ "name": "t1", "type": "thermometer" });
    let device = site.post("/api/v1/devices", device).await.unwrap();
    assert_eq!(device["type"]["name"], "thermometer");
    let sent = site
        .post("/api/v1/devices/t1/measurements", json!({ "temperature": 21.5, "pressure": 1013 }))
        .await
        .unwrap();
    assert_eq!(sent["accepted"], 1);
    assert_eq!(sent["refused"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn ids_are_told_as_text_and_as_an_integer_and_both_find_the_device() {
    let site = Site::start().await.unwrap();
    let device = site.device("pump-7").await.unwrap();
    let by_text = site.get(&format!("/api/v1/devices/{}", device.id)).await.unwrap();
    let integer = by_text["integer"].as_u64().unwrap();
    assert!(integer < 1 << 63);
    let by_integer = site.get(&format!("/api/v1/devices/{integer}")).await.unwrap();
    let by_name = site.get("/api/v1/devices/pump-7").await.unwrap();
    assert_eq!(by_integer, by_text);
    assert_eq!(by_name, by_text);
}

#[tokio::test]
async fn an_unknown_field_is_refused_by_its_name() {
    let site = Site::start().await.unwrap();
    let body = json!({ "name": "x", "tenant_id": 1 });
    let answer = site
        .request(Method::POST, "/api/v1/devices", &site.owner)
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 422);
    let problem: serde_json::Value = answer.json().await.unwrap();
    assert!(problem["detail"].as_str().unwrap().contains("tenant_id"), "{problem}");
}

#[tokio::test]
async fn a_viewer_sees_what_the_grant_reaches_and_changes_nothing() {
    let site = Site::start().await.unwrap();
    let plant = site.post("/api/v1/spaces", json!({ "name": "Plant" })).await.unwrap();
    let inside = json!({ "name": "inside", "place": plant["id"] });
    site.post("/api/v1/devices", inside).await.unwrap();
    site.device("outside").await.unwrap();
    let watcher = site.device("watcher").await.unwrap();
    let grant =
        json!({ "principal": "watcher", "role": "viewer", "reason": "display in the hall" });
    let path = format!("/api/v1/resources/{}/grants", plant["id"].as_str().unwrap());
    let given = site.post(&path, grant).await.unwrap();

    let seen = site.get_as(&watcher.token, "/api/v1/devices").await.unwrap();
    let names: Vec<_> =
        seen["items"].as_array().unwrap().iter().map(|row| row["name"].clone()).collect();
    assert_eq!(names, ["inside", "watcher"]);
    let status = |method, path| site.status(method, path, &watcher.token);
    assert_eq!(status(Method::GET, "/api/v1/devices/outside").await.unwrap(), 404);
    assert_eq!(status(Method::DELETE, "/api/v1/devices/inside").await.unwrap(), 403);
    assert_eq!(status(Method::DELETE, "/api/v1/devices/outside").await.unwrap(), 404);

    let end = format!("{path}/{}", given["id"].as_str().unwrap());
    assert_eq!(site.status(Method::DELETE, &end, &site.owner).await.unwrap(), 204);
    assert_eq!(status(Method::GET, "/api/v1/devices/inside").await.unwrap(), 404);
}

#[tokio::test]
async fn each_change_stands_in_the_audit_log() {
    let site = Site::start().await.unwrap();
    let device = site.device("pump-7").await.unwrap();
    let path = format!("/api/v1/devices/{}", device.id);
    site.status(Method::DELETE, &path, &site.owner).await.unwrap();
    let log = site.get("/api/v1/audit").await.unwrap();
    let actions: Vec<_> = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["action"].as_str().unwrap())
        .collect();
    assert_eq!(&actions[..3], ["device.remove", "token.create", "device.create"]);
}

#[tokio::test]
async fn a_limited_token_does_less_than_its_owner_and_makes_nothing_stronger() {
    let site = Site::start().await.unwrap();
    site.device("pump-7").await.unwrap();
    let only = json!({ "label": "reader", "capabilities": ["read"] });
    let made = site.post("/api/v1/tokens", only).await.unwrap();
    let reader = made["token"].as_str().unwrap();
    assert_eq!(site.status(Method::GET, "/api/v1/devices/pump-7", reader).await.unwrap(), 200);
    assert_eq!(site.status(Method::DELETE, "/api/v1/devices/pump-7", reader).await.unwrap(), 403);
    let stronger = site.post_as(reader, "/api/v1/tokens", json!({ "label": "all" })).await.unwrap();
    let stronger = stronger["token"].as_str().unwrap();
    assert_eq!(site.status(Method::DELETE, "/api/v1/devices/pump-7", stronger).await.unwrap(), 403);
}

#[tokio::test]
async fn a_token_cannot_become_the_whole_account() {
    let site = Site::start().await.unwrap();
    site.device("pump-7").await.unwrap();
    let reader = json!({ "label": "reader", "capabilities": ["read", "manage"], "days": 1 });
    let reader = site.post("/api/v1/tokens", reader).await.unwrap();
    let reader = reader["token"].as_str().unwrap();
    let password = json!({ "password": "another horse at another anchor" });
    let request = site.request(Method::PUT, "/api/v1/me/password", reader).json(&password);
    assert_eq!(
        request.send().await.unwrap().status(),
        422,
        "only a signed-in person sets a password"
    );
    let longer = json!({ "label": "longer", "days": 900 });
    let request = site.request(Method::POST, "/api/v1/tokens", reader).json(&longer);
    assert_eq!(request.send().await.unwrap().status(), 422, "a token does not outlive its maker");
    let endless = json!({ "label": "endless" });
    let endless = site.post_as(reader, "/api/v1/tokens", endless).await.unwrap();
    let tomorrow =
        site.get_as(reader, "/api/v1/me").await.unwrap()["credential"]["expires"].clone();
    assert_eq!(endless["expires"], tomorrow);
    let made = json!({ "label": "for the device" });
    let made = site.post_as(reader, "/api/v1/devices/pump-7/credentials", made).await.unwrap();
    let device = made["token"].as_str().unwrap();
    let sent = site.request(Method::POST, "/api/v1/devices/me/measurements", device);
    let sent = sent.json(&json!({ "x": 1 })).send().await.unwrap();
    assert_eq!(sent.status(), 403, "who may not write makes no token that writes");
}

#[tokio::test]
async fn nobody_gives_or_ends_more_than_they_hold() {
    let site = Site::start().await.unwrap();
    let manager = site.device("manager").await.unwrap();
    site.device("gateway").await.unwrap();
    let me = site.get("/api/v1/me").await.unwrap();
    let path = format!("/api/v1/resources/{}/grants", me["tenant"]["id"].as_str().unwrap());
    let grant = |to: &str, role: &str| json!({ "principal": to, "role": role, "reason": "test" });
    site.post(&path, grant("manager", "manager")).await.unwrap();
    let owned = site.post(&path, grant("gateway", "owner")).await.unwrap();
    let request =
        site.request(Method::POST, &path, &manager.token).json(&grant("manager", "owner"));
    assert_eq!(request.send().await.unwrap().status(), 403);
    let end = format!("{path}/{}", owned["id"].as_str().unwrap());
    assert_eq!(site.status(Method::DELETE, &end, &manager.token).await.unwrap(), 403);
    let token = site.request(Method::POST, "/api/v1/devices/gateway/credentials", &manager.token);
    let token = token.json(&json!({ "label": "stolen" })).send().await.unwrap();
    assert_eq!(token.status(), 403, "its token would carry the owner's rights");
}
