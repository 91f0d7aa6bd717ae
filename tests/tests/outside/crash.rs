//! A power cut at any moment: whatever was acknowledged is there afterwards, exactly once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::Method;
use roadstead_testkit::{RawMqtt, Site, TestDevice};
use serde_json::{Value, json};
use tokio::sync::Mutex;

const KILLS: u64 = 50;
const START_MS: i64 = 1_790_000_000_000;

/// What a client knows to be kept: time in milliseconds and value.
type Acknowledged = Arc<Mutex<BTreeMap<i64, f64>>>;

/// Which value a client sends as its `n`th, and when it says it was measured.
fn nth(n: u32) -> (i64, f64, String) {
    let (time, value) = (START_MS + i64::from(n), f64::from(n));
    let seconds = time.div_euclid(1000);
    (time, value, format!("{{\"t\":{seconds}.{:03},\"v\":{value}}}", time.rem_euclid(1000)))
}

struct Sender {
    site: Arc<Mutex<Site>>,
    device: TestDevice,
    done: Arc<AtomicBool>,
    kept: Acknowledged,
}

impl Sender {
    /// Connects to the server, or waits until it is there again.
    async fn connect(&self, clean: bool) -> Option<RawMqtt> {
        while !self.done.load(Ordering::Relaxed) {
            let login = (self.device.name.as_str(), self.device.token.as_str());
            let site = self.site.lock().await;
            let wanted = RawMqtt::connect(&site.server, 4, login, (&self.device.name, clean));
            let connected = tokio::time::timeout(Duration::from_secs(2), wanted).await;
            drop(site);
            if let Ok(Ok((client, answer))) = connected
                && answer.body[1] == 0
            {
                return Some(client);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        None
    }

    async fn keep(&self, n: u32) {
        let (time, value, _) = nth(n);
        self.kept.lock().await.insert(time, value);
    }

    /// QoS 1: what was not acknowledged is sent again after each reconnect.
    async fn by_qos_1(self) {
        let mut n = 0_u32;
        'connections: while let Some(mut client) = self.connect(true).await {
            loop {
                let id = u16::try_from(n % 60_000 + 1).unwrap();
                let sent =
                    client.publish("me/measurements/x", nth(n).2.as_bytes(), (1, id, 0)).await;
                match sent {
                    Ok(()) if client.receive().await.is_ok_and(|packet| packet.id() == id) => {
                        self.keep(n).await;
                        n += 1;
                    }
                    _ => continue 'connections,
                }
                if self.done.load(Ordering::Relaxed) {
                    return;
                }
            }
        }
    }

    /// QoS 2: a repeated packet id goes on where its handshake stopped.
    async fn by_qos_2(self) {
        let (mut n, mut received) = (0_u32, false);
        'connections: while let Some(mut client) = self.connect(false).await {
            let mut again = 8;
            loop {
                let id = u16::try_from(n % 60_000 + 1).unwrap();
                if !received {
                    let sent = client
                        .publish("me/measurements/x", nth(n).2.as_bytes(), (2, id, again))
                        .await;
                    let answer = client.receive().await;
                    if sent.is_err()
                        || !answer.is_ok_and(|packet| packet.kind() == 5 && packet.id() == id)
                    {
                        continue 'connections;
                    }
                    received = true;
                    self.keep(n).await;
                }
                again = 0;
                let released = client.release(id).await;
                let answer = client.receive().await;
                if released.is_err()
                    || !answer.is_ok_and(|packet| packet.kind() == 7 && packet.id() == id)
                {
                    continue 'connections;
                }
                (n, received) = (n + 1, false);
                if self.done.load(Ordering::Relaxed) {
                    return;
                }
            }
        }
    }

    /// HTTPS: one value a request, the same key when it is repeated.
    async fn by_https(self) {
        let mut n = 0_u32;
        while !self.done.load(Ordering::Relaxed) {
            let (time, value, _) = nth(n);
            let body = json!({ "x": value, "time": time });
            let site = self.site.lock().await;
            let request =
                site.request(Method::POST, "/api/v1/devices/me/measurements", &self.device.token);
            drop(site);
            let request = request.header("idempotency-key", n.to_string()).json(&body);
            let sent = request.timeout(Duration::from_secs(2)).send().await;
            if sent.is_ok_and(|answer| answer.status() == 200) {
                self.keep(n).await;
                n += 1;
            }
        }
    }
}

async fn stored(site: &Site, device: &TestDevice) -> Vec<(i64, f64)> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!(
            "/api/v1/devices/{}/measurements?from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z&limit=10000{cursor}",
            device.id
        );
        let answer = site.get(&path).await.unwrap();
        let points = answer["series"][0]["points"].as_array().cloned().unwrap_or_default();
        rows.extend(
            points.iter().map(|point| (point[0].as_i64().unwrap(), point[1].as_f64().unwrap())),
        );
        match &answer["next"] {
            Value::String(next) => cursor = format!("&cursor={next}"),
            _ => return rows,
        }
    }
}

async fn check(site: &Site, device: &TestDevice, kept: &BTreeMap<i64, f64>) {
    let rows = stored(site, device).await;
    assert!(kept.len() > 50, "{} sent {}", device.name, kept.len());
    let mut once = BTreeMap::new();
    for (time, value) in &rows {
        assert!(once.insert(*time, *value).is_none(), "{}: {time} is there twice", device.name);
    }
    for (time, value) in kept {
        assert_eq!(once.get(time), Some(value), "{}: {time} was acknowledged", device.name);
    }
    assert!(rows.len() <= kept.len() + 1, "{}: nothing was made up", device.name);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_kills_lose_and_repeat_nothing_that_was_acknowledged() {
    let site = Site::start().await.unwrap();
    let mut devices = Vec::new();
    for name in ["by-qos-1", "by-qos-2", "by-https"] {
        devices.push(site.device(name).await.unwrap());
    }
    let site = Arc::new(Mutex::new(site));
    let done = Arc::new(AtomicBool::new(false));
    let (mut tasks, mut kept) = (Vec::new(), Vec::new());
    for (number, device) in devices.iter().enumerate() {
        let acknowledged = Acknowledged::default();
        kept.push(Arc::clone(&acknowledged));
        let sender = Sender {
            site: Arc::clone(&site),
            device: device.clone(),
            done: Arc::clone(&done),
            kept: acknowledged,
        };
        tasks.push(match number {
            0 => tokio::spawn(sender.by_qos_1()),
            1 => tokio::spawn(sender.by_qos_2()),
            _ => tokio::spawn(sender.by_https()),
        });
    }
    let mut chance = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..KILLS {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        tokio::time::sleep(Duration::from_millis(30 + chance % 300)).await;
        let mut site = site.lock().await;
        site.server.kill();
        site.server.restart().unwrap();
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    done.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    let site = site.lock().await;
    for (device, kept) in devices.iter().zip(kept) {
        check(&site, device, &*kept.lock().await).await;
    }
}
