//! The first start: one link, once; until then nothing else answers.

use reqwest::Method;
use roadstead_testkit::{PASSWORD, Server, Site, client};
use serde_json::json;

#[tokio::test]
async fn until_the_claim_nothing_else_answers() {
    let server = Server::start().unwrap();
    let client = client(&server).unwrap();
    let url = |path: &str| format!("https://localhost:{}{path}", server.https);
    for path in ["/", "/api/v1/devices", "/api/openapi.json", "/manual", "/sign-in"] {
        let answer = client.get(url(path)).send().await.unwrap();
        assert_eq!(answer.status(), 503, "{path}");
    }
    assert_eq!(client.get(url("/claim")).send().await.unwrap().status(), 200);
    let mqtt = roadstead_testkit::RawMqtt::connect(&server, 5, ("any", "any"), ("", true)).await;
    assert_ne!(mqtt.unwrap().1.body[1], 0, "MQTT lets nobody in");
}

#[tokio::test]
async fn a_claim_link_works_once() {
    let site = Site::start().await.unwrap();
    let link = site.server.claim.clone().unwrap();
    let body = json!({ "secret": link.split_once('#').unwrap().1, "tenant": "mallory",
        "email": "m@example.org", "password": PASSWORD });
    let again = site.client.post(site.url("/api/v1/claim")).json(&body).send().await.unwrap();
    assert_eq!(again.status(), 410);
    let problem: serde_json::Value = again.json().await.unwrap();
    assert_eq!(problem["type"], "/problems/gone");
    assert!(problem["request_id"].as_str().is_some_and(|id| id.len() == 16));
}

#[tokio::test]
async fn of_twenty_claims_at_once_one_succeeds() {
    let server = Server::start().unwrap();
    let client = client(&server).unwrap();
    let secret = server.claim.as_ref().unwrap().split_once('#').unwrap().1.to_owned();
    let url = format!("https://localhost:{}/api/v1/claim", server.https);
    let tries = (0..20).map(|n| {
        let body = json!({ "secret": secret, "tenant": format!("t{n}"), "email": "a@example.org",
            "password": PASSWORD });
        let request = client.post(&url).json(&body);
        async move { request.send().await.unwrap().status().as_u16() }
    });
    let statuses = futures_util::future::join_all(tries).await;
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
}

#[tokio::test]
async fn a_weak_password_is_refused_and_the_link_stays_good() {
    let server = Server::start().unwrap();
    let client = client(&server).unwrap();
    let secret = server.claim.as_ref().unwrap().split_once('#').unwrap().1.to_owned();
    let url = format!("https://localhost:{}/api/v1/claim", server.https);
    let claim = |password: &str| {
        let body = json!({ "secret": secret, "tenant": "acme", "email": "a@example.org",
            "password": password });
        client.post(&url).json(&body).send()
    };
    assert_eq!(claim("too short").await.unwrap().status(), 422);
    assert_eq!(claim(&"a".repeat(1025)).await.unwrap().status(), 422);
    assert_eq!(claim(PASSWORD).await.unwrap().status(), 201);
}

#[tokio::test]
async fn the_folder_the_keys_and_the_socket_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let site = Site::start().await.unwrap();
    let mode = |path: &str| {
        std::fs::metadata(site.server.data().join(path)).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(mode("."), 0o700);
    for secret in
        ["keys/master.key", "tls/ca.key", "tls/server.key", "catalog.sqlite", "operator.sock"]
    {
        assert_eq!(mode(secret), 0o600, "{secret}");
    }
}

#[tokio::test]
async fn no_secret_lies_in_the_data_folder_or_the_log() {
    let site = Site::start().await.unwrap();
    let device = site.device("pump-7").await.unwrap();
    site.status(Method::GET, "/api/v1/me", &device.token).await.unwrap();
    let link = site.server.claim.clone().unwrap();
    let secrets = [PASSWORD, &site.owner, &device.token, link.split_once('#').unwrap().1];
    let mut folders = vec![site.server.folder().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let Ok(bytes) = std::fs::read(&path) else { continue };
            for secret in secrets {
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "a secret lies in {}", path.display());
            }
        }
    }
}
