//! Programs that others wrote, unmodified: curl and the mosquitto clients.

use std::process::{Command, Output, Stdio};
use std::time::Duration;

use roadstead_testkit::{Site, TestDevice};

fn mosquitto(site: &Site, program: &str, device: &TestDevice, rest: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(["--cafile", site.server.ca().to_str().unwrap(), "-h", "localhost", "-p"]);
    command.arg(site.server.mqtt.to_string()).args(["-u", &device.name, "-P", &device.token]);
    command.args(rest);
    command
}

fn run(mut command: Command) -> Output {
    command
        .stdin(Stdio::null())
        .output()
        .expect("make setup installs the mosquitto clients and curl")
}

#[tokio::test]
async fn mosquitto_pub_publishes_by_both_versions_and_every_quality_of_service() {
    let site = Site::start().await.unwrap();
    let device = site.device("pump-7").await.unwrap();
    let mut sent = 0;
    for version in ["mqttv311", "mqttv5"] {
        for qos in ["0", "1", "2"] {
            let rest =
                ["-V", version, "-q", qos, "-t", "me/measurements/temperature", "-m", "21.5"];
            let output = run(mosquitto(&site, "mosquitto_pub", &device, &rest));
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            sent += 1;
        }
    }
    let mut kept = 0;
    for _ in 0..50 {
        let answer = site.get("/api/v1/devices/pump-7/measurements").await.unwrap();
        kept = answer["series"][0]["points"].as_array().map_or(0, Vec::len);
        if kept == sent {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await; // QoS 0 is not waited for by its sender
    }
    assert_eq!(kept, sent);
}

#[tokio::test]
async fn mosquitto_sub_hears_what_mosquitto_pub_says() {
    let site = Site::start().await.unwrap();
    let device = site.device("pump-7").await.unwrap();
    let rest = ["-V", "mqttv5", "-q", "1", "-t", "me/measurements/#", "-C", "1", "-W", "20", "-v"];
    let mut command = mosquitto(&site, "mosquitto_sub", &device, &rest);
    let listener = command.stdout(Stdio::piped()).spawn().unwrap();
    tokio::time::sleep(Duration::from_millis(700)).await;
    let rest = ["-q", "1", "-t", "me/measurements/temperature", "-m", "21.5"];
    assert!(run(mosquitto(&site, "mosquitto_pub", &device, &rest)).status.success());
    let heard = listener.wait_with_output().unwrap();
    let heard = String::from_utf8(heard.stdout).unwrap();
    assert!(heard.contains("temperature {") && heard.contains("\"value\":21.5"), "{heard}");
}

#[tokio::test]
async fn mosquitto_pub_is_told_why_not() {
    let site = Site::start().await.unwrap();
    let mut device = site.device("pump-7").await.unwrap();
    device.token = "rst_wrong".into();
    let rest = ["-V", "mqttv5", "-q", "1", "-t", "me/measurements/x", "-m", "1"];
    let output = run(mosquitto(&site, "mosquitto_pub", &device, &rest));
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).to_lowercase();
    assert!(
        said.contains("not authorized")
            || said.contains("not authorised")
            || said.contains("bad user name"),
        "{said}"
    );
}

#[tokio::test]
async fn curl_sends_a_measurement_as_the_page_tells() {
    let site = Site::start().await.unwrap();
    let device = site.device("pump-7").await.unwrap();
    let mut command = Command::new("curl");
    command.args([
        "--silent",
        "--show-error",
        "--fail",
        "--cacert",
        site.server.ca().to_str().unwrap(),
    ]);
    command.args([
        "-H",
        &format!("Authorization: Bearer {}", device.token),
        "-H",
        "Content-Type: application/json",
    ]);
    command.args(["-d", r#"{"temperature":21.5}"#, &site.url("/api/v1/devices/me/measurements")]);
    let output = run(command);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let receipt: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(receipt["accepted"], 1);
}

#[tokio::test]
async fn curl_hears_why_it_is_refused_though_it_sent_a_body() {
    let site = Site::start().await.unwrap();
    for _ in 0..20 {
        let mut command = Command::new("curl");
        command.args(["--silent", "--cacert", site.server.ca().to_str().unwrap()]);
        command.args(["-H", "Authorization: Bearer nope", "-H", "Content-Type: application/json"]);
        let url = site.url("/api/v1/devices/me/measurements");
        command.args(["-d", r#"{"temperature":21.5}"#, &url]);
        let output = run(command);
        assert!(output.status.success(), "{}", output.status);
        assert!(String::from_utf8_lossy(&output.stdout).contains("/problems/unauthenticated"));
    }
}
