//! TLS, headers, hosts, and the port without TLS.

use reqwest::{Method, StatusCode};
use roadstead_testkit::{Site, TlsVersion, handshake};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn every_answer_is_dressed_errors_included() {
    let site = Site::start().await.unwrap();
    for path in ["/sign-in", "/api/v1/devices", "/nothing-here", "/api/openapi.json", "/manual"] {
        let answer = site.client.get(site.url(path)).send().await.unwrap();
        let header =
            |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        assert!(
            header("strict-transport-security").unwrap().contains("max-age=31536000"),
            "{path}"
        );
        let policy = header("content-security-policy").unwrap();
        assert!(
            policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
            "{path}: {policy}"
        );
        assert_eq!(header("x-content-type-options").unwrap(), "nosniff", "{path}");
        assert_eq!(header("referrer-policy").unwrap(), "no-referrer", "{path}");
        assert!(header("server").is_none() && header("x-powered-by").is_none(), "{path}");
    }
}

#[tokio::test]
async fn another_host_and_another_site_are_refused() {
    let site = Site::start().await.unwrap();
    let get = |host: &str| site.client.get(site.url("/sign-in")).header("host", host).send();
    assert_eq!(get("evil.example").await.unwrap().status(), StatusCode::MISDIRECTED_REQUEST);
    let post = site.client.post(site.url("/api/v1/login")).header("origin", "https://evil.example");
    let answer =
        post.json(&serde_json::json!({ "email": "a@b", "password": "x" })).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let post = site.client.post(site.url("/sign-in")).header("sec-fetch-site", "cross-site");
    assert_eq!(post.body("email=a").send().await.unwrap().status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn unknown_people_and_wrong_passwords_look_the_same() {
    let site = Site::start().await.unwrap();
    let log_in = |email: &str| {
        let body = serde_json::json!({ "email": email, "password": "not the right one at all" });
        site.client.post(site.url("/api/v1/login")).json(&body).send()
    };
    let (known, unknown) =
        (log_in("owner@acme.example").await.unwrap(), log_in("nobody@acme.example").await.unwrap());
    assert_eq!(
        (known.status(), unknown.status()),
        (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED)
    );
    let known: serde_json::Value = known.json().await.unwrap();
    let unknown: serde_json::Value = unknown.json().await.unwrap();
    assert_eq!(known["detail"], unknown["detail"]);
}

#[tokio::test]
async fn guessing_at_one_account_is_bounded() {
    let site = Site::start().await.unwrap();
    let mut statuses = Vec::new();
    for _ in 0..14 {
        let body = serde_json::json!({ "email": "owner@acme.example", "password": "guess guess guess guess" });
        statuses.push(
            site.client
                .post(site.url("/api/v1/login"))
                .json(&body)
                .send()
                .await
                .unwrap()
                .status()
                .as_u16(),
        );
    }
    let tried = statuses.iter().filter(|status| **status == 401).count();
    assert!((1..=10).contains(&tried), "{statuses:?}");
    assert_eq!(statuses.last(), Some(&429));
}

#[tokio::test]
async fn a_method_that_is_not_there_is_told_with_what_is() {
    let site = Site::start().await.unwrap();
    let answer = site.request(Method::PUT, "/api/v1/devices", &site.owner).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert!(answer.headers().contains_key("allow"));
}

async fn plain(site: &Site, request: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", site.server.http)).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let length = stream.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

#[tokio::test]
async fn the_port_without_tls_redirects_pages_and_refuses_the_rest() {
    let site = Site::start().await.unwrap();
    let page =
        plain(&site, "GET /devices HTTP/1.1\r\nhost: localhost\r\naccept: text/html\r\n\r\n").await;
    assert!(page.starts_with("HTTP/1.1 308"), "{page}");
    for request in [
        "GET /api/v1/devices HTTP/1.1\r\nhost: localhost\r\naccept: text/html\r\n\r\n",
        "POST /sign-in HTTP/1.1\r\nhost: localhost\r\naccept: text/html\r\ncontent-length: 0\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: localhost\r\naccept: text/html\r\nauthorization: Bearer rst_x\r\n\r\n",
    ] {
        let answer = plain(&site, request).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{request}: {answer}");
    }
}

#[tokio::test]
async fn every_listener_speaks_tls_1_3_and_nothing_older() {
    let site = Site::start().await.unwrap();
    for port in [site.server.https, site.server.mqtt] {
        let cipher = handshake(&site.server, port, TlsVersion::V1_3).await.unwrap();
        assert!(
            cipher.starts_with("TLS13_AES") || cipher.starts_with("TLS13_CHACHA20"),
            "{cipher}"
        );
        assert!(handshake(&site.server, port, TlsVersion::V1_2).await.is_err(), "port {port}");
    }
}

#[tokio::test]
async fn no_way_in_opens_without_the_proof_that_its_table_names() {
    let site = Site::start().await.unwrap();
    let table = include_str!("../../../docs/ways-in.md");
    let (mut credentials, mut sessions) = (0, 0);
    for row in table.lines().filter(|row| row.contains("| `/")) {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let (method, proof) = (cells[1].parse::<Method>().unwrap(), cells[3]);
        let path = cells[2].trim_matches('`').replace(['{', '}'], "");
        let answer = site.client.request(method.clone(), site.url(&path)).send().await.unwrap();
        match proof {
            "Credential" => {
                assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
                credentials += 1;
            }
            "Session" => {
                let to = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
                let sent_away = to.is_some_and(|to| to.starts_with("/sign-in"));
                assert!(
                    sent_away || answer.status() == StatusCode::UNAUTHORIZED,
                    "{method} {path}"
                );
                sessions += 1;
            }
            "Nothing" | "LinkOrPassword" | "Inside" => {}
            other => panic!("an unknown proof: {other}"),
        }
    }
    assert!(credentials > 30 && sessions > 10, "{credentials} {sessions}");
}
