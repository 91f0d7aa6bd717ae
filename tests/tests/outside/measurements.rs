//! Values in and out by HTTPS: formats, repetition, ranges, files.

use std::io::Write;

use reqwest::Method;
use roadstead_testkit::{Site, TestDevice};
use serde_json::{Value, json};

async fn send(
    site: &Site,
    device: &TestDevice,
    media: &str,
    body: impl Into<reqwest::Body>,
) -> (u16, Value) {
    let request = site.request(Method::POST, "/api/v1/devices/me/measurements", &device.token);
    let answer = request.header("content-type", media).body(body).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap())
}

async fn points(site: &Site, device: &TestDevice, rest: &str) -> Value {
    let path = format!(
        "/api/v1/devices/{}/measurements?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z{rest}",
        device.id
    );
    site.get(&path).await.unwrap()["series"][0]["points"].clone()
}

#[tokio::test]
async fn every_format_says_the_same() {
    let site = Site::start().await.unwrap();
    let bodies: [(&str, &[u8]); 7] = [
        (
            "application/json",
            br#"{"ts": 1767268800000, "values": {"temperature": 21.5}}"#, // as ThingsBoard has it
        ),
        ("application/json", br#"{"temperature": 21.5, "time": "2026-01-01T12:00:00Z"}"#),
        ("application/senml+json", br#"[{"bt":1767268800,"n":"temperature","u":"Cel","v":21.5}]"#),
        ("text/csv", b"time,sensor,value\n2026-01-01T12:00:00Z,temperature,21.5\n"),
        ("text/csv", b"time,temperature\n2026-01-01T12:00:00Z,21.5\n"),
        ("application/x-ndjson", b"{\"temperature\":21.5,\"time\":\"2026-01-01T12:00:00Z\"}\n"),
        ("text/plain", b"temperature value=21.5 1767268800000000000\n"),
    ];
    for (number, (media, body)) in bodies.into_iter().enumerate() {
        let device = site.device(&format!("device-{number}")).await.unwrap();
        let (status, receipt) = send(&site, &device, media, body.to_vec()).await;
        assert_eq!((status, &receipt["accepted"]), (200, &json!(1)), "{media}: {receipt}");
        assert_eq!(
            points(&site, &device, "").await,
            json!([[1_767_268_800_000_i64, 21.5]]),
            "{media}"
        );
    }
}

#[tokio::test]
async fn the_same_measurement_twice_is_kept_once() {
    let site = Site::start().await.unwrap();
    let device = site.device("d").await.unwrap();
    let body = r#"{"x": 1, "time": "2026-01-01T12:00:00Z"}"#;
    for _ in 0..3 {
        assert_eq!(send(&site, &device, "application/json", body).await.0, 200);
    }
    assert_eq!(points(&site, &device, "").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_same_idempotency_key_changes_nothing_even_after_a_restart() {
    let mut site = Site::start().await.unwrap();
    let device = site.device("d").await.unwrap();
    for round in 0..3 {
        let request = site.request(Method::POST, "/api/v1/devices/me/measurements", &device.token);
        let request = request.header("idempotency-key", "k1").json(&json!({ "x": 1 }));
        let receipt: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(receipt["repeated"], json!(round > 0));
        if round == 1 {
            site.server.kill();
            site.server.restart().unwrap();
        }
    }
    let all = site.get("/api/v1/devices/d/measurements").await.unwrap();
    assert_eq!(all["series"][0]["points"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn one_bad_value_is_named_and_holds_up_no_other() {
    let site = Site::start().await.unwrap();
    let device = site.device("d").await.unwrap();
    let body = "time,sensor,value\n2026-01-01T00:00:00Z,a,1\n2026-01-01T00:00:00Z,b,NaN\n2026-01-01T00:00:00Z,c,3\n";
    let (status, receipt) = send(&site, &device, "text/csv", body).await;
    assert_eq!((status, &receipt["accepted"]), (200, &json!(2)), "{receipt}");
    assert_eq!(receipt["refused"][0]["index"], 1);
    assert!(receipt["refused"][0]["detail"].as_str().unwrap().contains("NaN"), "{receipt}");
}

#[tokio::test]
async fn an_absurd_time_is_kept_aside() {
    let site = Site::start().await.unwrap();
    let device = site.device("d").await.unwrap();
    let (_, receipt) =
        send(&site, &device, "application/json", r#"{"x":1,"time":"1970-01-02T00:00:00Z"}"#).await;
    assert_eq!(receipt["quarantined"], 1, "{receipt}");
    assert_eq!(site.get("/api/v1/latest?device=d").await.unwrap()["items"], json!([]));
}

#[tokio::test]
async fn packed_bodies_are_taken_and_bombs_are_not() {
    let site = Site::start().await.unwrap();
    let device = site.device("d").await.unwrap();
    let pack = |bytes: &[u8]| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    };
    let post = |body: Vec<u8>| {
        let request = site.request(Method::POST, "/api/v1/devices/me/measurements", &device.token);
        request
            .header("content-type", "application/json")
            .header("content-encoding", "gzip")
            .body(body)
            .send()
    };
    assert_eq!(post(pack(br#"{"x":1}"#)).await.unwrap().status(), 200);
    assert_eq!(post(pack(&vec![b' '; 300 << 20])).await.unwrap().status(), 413);
    assert_eq!(post(b"no gzip".to_vec()).await.unwrap().status(), 400);
}

#[tokio::test]
async fn hourly_means_and_a_thinned_curve_come_of_the_same_values() {
    let site = Site::start().await.unwrap();
    let device = site.device("d").await.unwrap();
    let row =
        |minute| format!("2026-01-01T{:02}:{:02}:00Z,{}\n", minute / 60, minute % 60, minute % 60);
    let rows = (0..1440).map(row).collect::<Vec<_>>().concat();
    let (_, receipt) = send(&site, &device, "text/csv", format!("time,x\n{rows}")).await;
    assert_eq!(receipt["accepted"], 1440);
    let hourly = points(&site, &device, "&resolution=PT1H&aggregate=mean,max").await;
    assert_eq!(hourly.as_array().unwrap().len(), 24);
    assert_eq!(hourly[0], json!([1_767_225_600_000_i64, 29.5, 59.0]));
    let thin = points(&site, &device, "&points=100").await;
    let thin = thin.as_array().unwrap();
    assert!(thin.len() <= 100 && thin.iter().any(|point| point[1] == 59.0));
}

#[tokio::test]
async fn a_day_in_stockholm_has_twenty_three_hours_in_march() {
    let site = Site::start().await.unwrap();
    let device = site.device("d").await.unwrap();
    let row = |hour| format!("{},1\n", 1_774_656_000 + hour * 3600);
    let rows = (0..72).map(row).collect::<Vec<_>>().concat();
    send(&site, &device, "text/csv", format!("time,x\n{rows}")).await;
    let path = "/api/v1/devices/d/measurements?from=2026-03-27T23:00:00Z&to=2026-03-30T22:00:00Z&resolution=P1D&aggregate=count&timezone=Europe/Stockholm";
    let days = site.get(path).await.unwrap()["series"][0]["points"].clone();
    let mut counts = days.as_array().unwrap().iter().map(|day| day[1].as_f64());
    assert!(counts.any(|count| count == Some(23.0)), "{days}");
}

#[tokio::test]
async fn files_come_as_they_were_asked_for() {
    let site = Site::start().await.unwrap();
    let device = site.device("d").await.unwrap();
    send(&site, &device, "application/json", r#"{"x":1.5,"note":"=1+1"}"#).await;
    let fetch = |accept: &'static str| {
        let request = site.request(Method::GET, "/api/v1/devices/d/measurements", &site.owner);
        async move { request.header("accept", accept).send().await.unwrap().bytes().await.unwrap() }
    };
    let csv = fetch("text/csv").await;
    assert!(std::str::from_utf8(&csv).unwrap().contains("'=1+1"), "a formula is defused");
    assert_eq!(&fetch("application/vnd.apache.parquet").await[..4], b"PAR1");
    assert!(fetch("application/x-ndjson").await.starts_with(b"{"));
    assert!(fetch("application/vnd.apache.arrow.stream").await.starts_with(&[255, 255, 255, 255]));
}

#[tokio::test]
async fn a_question_that_makes_no_sense_is_refused_and_says_what_would() {
    let site = Site::start().await.unwrap();
    let device = site.device("d").await.unwrap();
    send(&site, &device, "application/json", r#"{"x":1}"#).await;
    for (bad, advice) in [
        ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "before"),
        ("resolution=1h", "PT"),
        ("points=2", "points"),
        ("points=50&aggregate=mean", "resolution"),
        ("limit=0", "above 0"),
        ("bogus=1", "resolution"),
        ("from=yesterday", "RFC 3339"),
        ("aggregate=mode&resolution=PT1H", "mean"),
        ("timezone=Mars&resolution=P1D", "IANA"),
    ] {
        let path = format!("/api/v1/devices/d/measurements?{bad}");
        let answer = site.request(Method::GET, &path, &site.owner).send().await.unwrap();
        assert!([400, 422].contains(&answer.status().as_u16()), "{bad}: {}", answer.status());
        let problem: Value = answer.json().await.unwrap();
        assert!(problem["detail"].as_str().unwrap().contains(advice), "{bad}: {problem}");
    }
}

#[tokio::test]
async fn values_that_were_kept_aside_are_told_in_files_and_left_out_of_curves() {
    let site = Site::start().await.unwrap();
    let device = site.device("d").await.unwrap();
    send(&site, &device, "application/json", r#"{"x":1,"time":"1990-01-02T00:00:00Z"}"#).await;
    let range = "from=1990-01-01T00:00:00Z&to=1991-01-01T00:00:00Z";
    let path = format!("/api/v1/devices/d/measurements?{range}");
    assert_eq!(site.get(&path).await.unwrap()["series"][0]["points"], json!([]));
    let request = site.request(Method::GET, &format!("{path}&format=csv"), &site.owner);
    let csv = request.send().await.unwrap().text().await.unwrap();
    assert!(csv.contains("quarantined"), "{csv}");
}
