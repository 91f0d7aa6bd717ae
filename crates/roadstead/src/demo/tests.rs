//! The whole demo against small doors of this file's own: what it asks for, in which order, and what it sends.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls_pki_types::PrivatePkcs8KeyDer;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::keep::Kept;
use super::*;

/// What came in by the doors.
#[derive(Default)]
struct Seen {
    /// Method, path, token and body, in their order.
    requests: Mutex<Vec<(String, String, String)>>,
    /// Objects made, by the list they are in.
    made: Mutex<BTreeMap<String, Vec<Value>>>,
    /// Whether the owner's token was ended.
    out: AtomicBool,
    /// What devices said by MQTT: user name, password, payload.
    said: watch::Sender<Vec<(String, String, Value)>>,
}

impl Seen {
    fn answer(&self, (method, path, token): (&str, &str, &str), body: &str) -> (u16, Value) {
        self.requests.lock().unwrap().push((format!("{method} {path}"), token.into(), body.into()));
        let mut made = self.made.lock().unwrap();
        let object: Value = serde_json::from_str(body).unwrap_or_default();
        let parts: Vec<_> = path.trim_start_matches("/api/v1/").split('/').collect();
        if token == "rst_owner" && self.out.load(Ordering::SeqCst) {
            return (401, json!({ "detail": "the token has ended" }));
        }
        match (method, &parts[..]) {
            ("POST", ["claim" | "login"]) => (201, json!({ "token": "rst_owner" })),
            ("POST", ["logout"]) => {
                self.out.store(true, Ordering::SeqCst);
                (204, Value::Null)
            }
            ("POST", ["devices", id, "credentials"]) => {
                (201, json!({ "token": format!("rst_{id}") }))
            }
            ("POST", ["devices", _, "measurements"]) => (200, json!({ "refused": [] })),
            ("GET", ["devices", _, "sensors"]) => {
                (200, json!({ "items": [{ "id": "sen_1", "name": "ac_power" }], "next": null }))
            }
            ("PATCH", ["sensors", "sen_1"]) => (200, json!({})),
            ("GET", [list]) => (200, json!({ "items": made.get(*list), "next": null })),
            ("POST", [list]) => {
                let mut object = object;
                object["id"] = json!(format!("{list}-{}", object["name"].as_str().unwrap()));
                let above = object["parent"]
                    .as_str()
                    .or(object["place"].as_str())
                    .map(|path| format!("{path}/"));
                let path = above.unwrap_or_default() + object["name"].as_str().unwrap();
                object["path"] = json!(path);
                made.entry((*list).to_owned()).or_default().push(object.clone());
                (201, object)
            }
            _ => (404, json!({ "detail": "there is no such thing" })),
        }
    }

    fn asked(&self, begin: &str) -> Vec<(String, String, String)> {
        let all = self.requests.lock().unwrap();
        all.iter().filter(|(line, _, _)| line.starts_with(begin)).cloned().collect()
    }
}

/// One HTTP/1.1 connection, kept alive.
async fn serve_http(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    seen: Arc<Seen>,
) -> Option<()> {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.ok()?);
        }
        let head = String::from_utf8(head).unwrap();
        let field = |name: &str| {
            let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(name))?;
            Some(line[name.len()..].trim().to_owned())
        };
        let mut body =
            vec![0; field("content-length:").map_or(0, |length| length.parse().unwrap())];
        stream.read_exact(&mut body).await.ok()?;
        let mut line = head.split(' ');
        let (method, path) = (line.next()?, line.next()?);
        let token = field("authorization: bearer ").unwrap_or_default();
        let (status, answer) =
            seen.answer((method, path, &token), &String::from_utf8(body).unwrap());
        let answer = if status == 204 { String::new() } else { answer.to_string() };
        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n", answer.len());
        stream.write_all(format!("{head}{answer}").as_bytes()).await.ok()?;
        stream.flush().await.ok()?;
    }
}

/// One MQTT connection whose every message is acknowledged.
async fn serve_mqtt(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    seen: Arc<Seen>,
) -> Option<()> {
    let (mut name, mut password) = (String::new(), String::new());
    loop {
        let kind = stream.read_u8().await.ok()?;
        let low = usize::from(stream.read_u8().await.ok()?);
        let high = if low > 127 { usize::from(stream.read_u8().await.ok()?) } else { 0 };
        let mut body = vec![0; (low & 127) + high * 128];
        stream.read_exact(&mut body).await.ok()?;
        if kind == 0x10 {
            let length = usize::from(body[13]); // after the header and an empty client id
            name = String::from_utf8(body[14..14 + length].to_vec()).unwrap();
            password = String::from_utf8(body[16 + length..].to_vec()).unwrap();
            stream.write_all(&[0x20, 2, 0, 0]).await.ok()?;
        } else {
            let topic = usize::from(body[1]) + 2;
            assert_eq!(&body[2..topic], b"me/measurements");
            let payload = serde_json::from_slice(&body[topic + 2..]).unwrap();
            seen.said.send_modify(|said| said.push((name.clone(), password.clone(), payload)));
            stream.write_all(&[0x40, 2, body[topic], body[topic + 1]]).await.ok()?;
        }
        stream.flush().await.ok()?;
    }
}

/// A certificate authority, and an acceptor with a certificate of it for localhost.
fn tls() -> (Vec<u8>, TlsAcceptor) {
    let mut about = CertificateParams::default();
    about.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_key = KeyPair::generate().unwrap();
    let ca = about.self_signed(&ca_key).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &Issuer::new(about, ca_key)).unwrap();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key.into())
        .unwrap();
    (ca.pem().into_bytes(), Arc::new(config).into())
}

struct Fixed(Mutex<Timestamp>);

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

struct Ones;

impl Random for Ones {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(1);
    }
}

/// Both doors, and what they saw.
struct Harbour {
    seen: Arc<Seen>,
    https: SocketAddr,
    mqtt: SocketAddr,
    ca: Vec<u8>,
    data: tempfile::TempDir,
    clock: Arc<Fixed>,
}

impl Harbour {
    async fn open() -> Self {
        let (ca, acceptor) = tls();
        let seen = Arc::new(Seen::default());
        let mut addresses = Vec::new();
        for http in [true, false] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            addresses.push(listener.local_addr().unwrap());
            let (seen, acceptor) = (Arc::clone(&seen), acceptor.clone());
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let (seen, acceptor) = (Arc::clone(&seen), acceptor.clone());
                    tokio::spawn(async move {
                        let stream = acceptor.accept(stream).await.ok()?;
                        if http {
                            serve_http(stream, seen).await
                        } else {
                            serve_mqtt(stream, seen).await
                        }
                    });
                }
            });
        }
        let clock = Arc::new(Fixed(Mutex::new("2026-11-21T10:20:00Z".parse().unwrap())));
        let data = tempfile::tempdir().unwrap();
        Self { seen, https: addresses[0], mqtt: addresses[1], ca, data, clock }
    }

    fn demo(&self, claim: Option<&str>) -> Demo {
        Demo {
            https: self.https,
            mqtt: self.mqtt,
            ca: self.ca.clone(),
            data: self.data.path().to_owned(),
            claim: claim.map(str::to_owned),
            pace: Duration::from_millis(5),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            random: Arc::new(Ones),
        }
    }

    /// Runs the demo until so many messages came by MQTT.
    async fn run(&self, claim: Option<&str>, messages: usize) {
        let mut said = self.seen.said.subscribe();
        let enough = said.wait_for(|said| said.len() >= messages);
        tokio::select! {
            end = self.demo(claim).run(async { Ok(()) }) => panic!("the demo ended: {end:?}"),
            enough = enough => drop(enough.unwrap()),
        }
    }
}

#[tokio::test]
async fn the_first_start_claims_sets_up_and_speaks_for_each_device() {
    let harbour = Harbour::open().await;
    harbour.run(Some("rsc_link"), 30).await;
    let seen = &harbour.seen;

    let claim: Value = serde_json::from_str(&seen.asked("POST /api/v1/claim")[0].2).unwrap();
    assert_eq!(
        (claim["secret"].as_str(), claim["tenant"].as_str()),
        (Some("rsc_link"), Some("Demo"))
    );
    let made = seen.made.lock().unwrap().clone();
    assert_eq!(
        made.iter().map(|(list, items)| (&list[..], items.len())).collect::<Vec<_>>(),
        [("assets", 1), ("devices", 3), ("spaces", 4), ("types", 2)]
    );
    assert_eq!(seen.asked("PATCH /api/v1/sensors/sen_1").len(), 1);
    assert_eq!(seen.asked("POST /api/v1/logout")[0].1, "rst_owner");

    let lines = |device: &str| {
        let batches = seen.asked(&format!("POST /api/v1/devices/devices-{device}/measurements"));
        assert!(batches.iter().all(|(_, token, _)| *token == format!("rst_devices-{device}")));
        batches.iter().map(|(_, _, csv)| csv.lines().count() - 1).collect::<Vec<_>>()
    };
    assert_eq!(lines("inverter-1"), [672]);
    assert_eq!(lines("weather-station"), [994, 182]);
    assert_eq!(lines("room-2-04").iter().sum::<usize>() % 4, 0);

    let said = seen.said.borrow().clone();
    let by = |name: &str| said.iter().find(|(user, _, _)| user == name).unwrap();
    let (_, password, payload) = by("devices-weather-station");
    assert_eq!(password, "rst_devices-weather-station");
    assert_eq!(payload["time"], "2026-11-21T10:20:00Z");
    assert!(payload["pressure"].is_number());
    assert!(by("devices-inverter-1").2["ac_power"].is_number());
    assert!(by("devices-room-2-04").2["co2"].is_number());
}

#[tokio::test]
async fn a_later_start_fills_the_pause_and_goes_on() {
    let harbour = Harbour::open().await;
    harbour.run(Some("rsc_link"), 3).await;
    harbour.seen.requests.lock().unwrap().clear();
    *harbour.clock.0.lock().unwrap() = "2026-11-21T12:20:00Z".parse().unwrap();
    let before = harbour.seen.said.borrow().len();
    harbour.run(None, before + 3).await;

    let requests = harbour.seen.asked("");
    assert!(requests.iter().all(|(line, _, _)| line.ends_with("/measurements")), "{requests:?}");
    let solar = harbour.seen.asked("POST /api/v1/devices/devices-inverter-1/measurements");
    let times: Vec<_> = solar[0].2.lines().skip(1).map(|line| &line[11..16]).collect();
    assert_eq!(times, ["10:30", "10:45", "11:00", "11:15", "11:30", "11:45", "12:00", "12:15"]);
}

#[tokio::test]
async fn a_start_after_the_claims_answer_was_lost_signs_in_and_goes_on() {
    let harbour = Harbour::open().await;
    Keep::begin(harbour.data.path(), "kept before the claim".into()).await.unwrap();
    harbour.run(None, 3).await;
    let login: Value =
        serde_json::from_str(&harbour.seen.asked("POST /api/v1/login")[0].2).unwrap();
    assert_eq!(
        (login["password"].as_str(), login["tenant"].as_str()),
        (Some("kept before the claim"), Some("Demo"))
    );
    let known = Keep::open(harbour.data.path()).unwrap().unwrap().known().await;
    assert_eq!((known.password, known.owner, known.devices.len()), (None, None, 3));
}

#[tokio::test]
async fn a_start_after_the_end_of_the_set_up_was_not_noted_goes_on() {
    let harbour = Harbour::open().await;
    let keep = Keep::begin(harbour.data.path(), "a password".into()).await.unwrap();
    keep.claimed("rst_owner".into()).await.unwrap();
    let kept = plan::DEVICES.iter().map(|device| {
        let id = format!("devices-{}", device.name);
        (device.name.to_owned(), Kept { token: format!("rst_{id}"), id, until: None })
    });
    keep.change(|known| known.devices = kept.collect()).await.unwrap();
    harbour.seen.out.store(true, Ordering::SeqCst);
    harbour.run(None, 3).await;
    let known = Keep::open(harbour.data.path()).unwrap().unwrap().known().await;
    assert_eq!(known.owner, None);
}

#[tokio::test]
async fn a_folder_of_somebody_else_is_left_alone() {
    let harbour = Harbour::open().await;
    let refused =
        tokio::spawn(harbour.demo(None).run(async { Ok(()) })).await.unwrap().unwrap_err();
    assert!(refused.to_string().contains("folder of its own"), "{refused}");
    assert!(harbour.seen.asked("").is_empty());
}

#[test]
fn a_pace_is_a_duration_that_one_can_follow() {
    assert_eq!(pace("500ms"), Ok(Duration::from_millis(500)));
    assert_eq!(pace("15m"), Ok(Duration::from_mins(15)));
    assert!(["0s", "-2s", "2", "soon"].iter().all(|text| pace(text).is_err()));
}
