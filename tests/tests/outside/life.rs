//! Stopping, starting, and the operator's commands.

use roadstead_testkit::Site;
use serde_json::json;

#[tokio::test]
async fn a_stop_ends_well_and_a_second_start_has_everything() {
    let mut site = Site::start().await.unwrap();
    site.device("d").await.unwrap();
    site.post("/api/v1/devices/d/measurements", json!({ "x": 1 })).await.unwrap();
    assert!(site.server.stop().unwrap(), "SIGTERM ends the process with 0");
    site.server.restart().unwrap();
    assert!(site.server.claim.is_none(), "a claimed server prints no link");
    let latest = site.get("/api/v1/latest?device=d").await.unwrap();
    assert_eq!(latest["items"][0]["value"], 1.0);
}

#[tokio::test]
async fn the_status_command_tells_what_the_server_sees() {
    let site = Site::start().await.unwrap();
    let data = site.server.data();
    let output =
        site.server.command(&["status", "--json", "--data", data.to_str().unwrap()]).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let status: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(status.is_object());
}

#[tokio::test]
async fn the_command_line_adds_a_device_and_its_token_works() {
    let site = Site::start().await.unwrap();
    let password = site.server.folder().join("password");
    std::fs::write(&password, roadstead_testkit::PASSWORD).unwrap();
    let (url, ca) = (format!("https://localhost:{}", site.server.https), site.server.ca());
    let login = [
        "login",
        &url,
        "--ca",
        ca.to_str().unwrap(),
        "--email",
        "owner@acme.example",
        "--password-file",
        password.to_str().unwrap(),
    ];
    let output = site.server.command(&login).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = site.server.command(&["device", "add", "pump-7", "--json"]).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let device: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let me = site.get_as(device["token"].as_str().unwrap(), "/api/v1/me").await.unwrap();
    assert_eq!(me["device"]["name"], "pump-7");
}

#[tokio::test]
async fn a_misspelt_key_is_refused_with_the_right_one() {
    let site = Site::start().await.unwrap();
    let file = site.server.folder().join("bad.toml");
    std::fs::write(&file, "[door.mqtt]\nlisen = [\"127.0.0.1:1\"]\n").unwrap();
    let output =
        site.server.command(&["config", "check", "--config", file.to_str().unwrap()]).unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("lisen") && said.contains("listen"), "{said}");
}
