//! The packet cases of the Eclipse Mosquitto project, read by a runner of our own.
//!
//! They were written for a broker with free topics and no credentials. So a log-in is
//! added to each CONNECT, and a case is compared as far as it is about the protocol:
//! whether the connection ends, and, where no topic is involved, with which packet.
//! Every case is fed to the door; none may make it stumble.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::client::Connect;
use super::*;
use serde_json::Value;

/// Cases about features or choices of that broker that are not ours.
const OTHERWISE_HERE: &[(&str, &str)] = &[
    (
        "v3.1.1 CONNECT: 10 empty client ID clean false [MQTT-3.1.3-7]",
        "who has no credential is told so before anything else",
    ),
    ("v5.0   CONNECT: tiny max packet", "who has no credential is told so before anything else"),
    ("v5.0   PUBLISH: 34 QoS 2 Dup flow*3", "sending the same packet id again is no offence here"),
    ("v3.1.1 SUBSCRIBE: 82 $SYS ok", "the server publishes nothing of its own"),
    ("v5.0   SUBSCRIBE: 82 $SYS ok", "the server publishes nothing of its own"),
];

fn cases() -> Option<TempDir> {
    let shared = std::env::var_os("ROADSTEAD_SHARED").map(PathBuf::from);
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let archive = shared.unwrap_or(usual).join("security/mosquitto-packet-tests-json.tgz");
    if !archive.exists() {
        return None;
    }
    let folder = TempDir::new().unwrap();
    let mut tar = Command::new("tar");
    let unpacked = tar.arg("xzf").arg(&archive).arg("-C").arg(folder.path()).status().unwrap();
    assert!(unpacked.success());
    Some(folder)
}

/// One case: what is sent, what is to come back, and whether the connection lasts.
struct Case {
    name: String,
    version: u64,
    connects_first: bool,
    ends: bool,
    sent: Vec<Vec<u8>>,
    answered: Vec<Vec<u8>>,
    /// Needs a second client that publishes to a topic of its choice.
    needs_another: bool,
}

fn read_cases(folder: &TempDir) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().flatten().collect();
    files.sort_by_key(std::fs::DirEntry::file_name);
    for file in files {
        let text = std::fs::read_to_string(file.path()).unwrap();
        let groups: Vec<Value> = serde_json::from_str(&text).unwrap();
        for group in &groups {
            let tests = group["tests"].as_array().unwrap();
            cases.extend(tests.iter().map(|test| read_case(group, test)));
        }
    }
    cases
}

fn read_case(group: &Value, test: &Value) -> Case {
    let setting = |key: &str| test.get(key).or_else(|| group.get(key));
    let messages = test["msgs"].as_array().unwrap();
    let of_type = |wanted: &'static str| {
        let of = messages.iter().filter(move |message| message["type"] == wanted);
        of.map(|message| bytes_of(message["payload"].as_str().unwrap())).collect()
    };
    Case {
        name: format!("{}: {}", group["group"].as_str().unwrap(), test["name"].as_str().unwrap()),
        version: setting("ver").and_then(Value::as_u64).unwrap_or(4),
        connects_first: setting("connect").and_then(Value::as_bool).unwrap_or(true),
        ends: setting("expect_disconnect").and_then(Value::as_bool).unwrap_or(true),
        sent: of_type("send"),
        answered: of_type("recv"),
        needs_another: messages.iter().any(|message| message["type"] == "external_publish"),
    }
}

/// Reads the notation of the cases: hexadecimal, `'text'`, and numbers behind a letter for their size.
fn bytes_of(notation: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = notation.trim_start();
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix('\'') {
            let (text, after) = quoted.split_once('\'').unwrap();
            out.extend_from_slice(text.as_bytes());
            rest = after.trim_start();
            continue;
        }
        let (token, after) = rest.split_once(' ').unwrap_or((rest, ""));
        put_token(token, &mut out);
        rest = after.trim_start();
    }
    out
}

fn put_token(token: &str, out: &mut Vec<u8>) {
    let number = || token[1..].parse::<u64>().unwrap();
    match token.as_bytes()[0] {
        b'r' | b'v' => put_varint(number(), out),
        b's' | b'k' | b'm' | b'H' => out.extend(&number().to_be_bytes()[6..]),
        b'i' => out.extend(&number().to_be_bytes()[7..]),
        b'L' => out.extend(&number().to_be_bytes()[4..]),
        _ => {
            let digit = |at: usize| u8::from_str_radix(&token[at..at + 2], 16).unwrap();
            out.extend((0..token.len()).step_by(2).map(digit));
        }
    }
}

fn put_varint(mut value: u64, out: &mut Vec<u8>) {
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        out.push(if value == 0 { low } else { low | 0x80 });
        if value == 0 {
            return;
        }
    }
}

/// Whether two answers say the same.
///
/// A packet that is wrong is malformed or a protocol error, which that broker does not tell
/// apart in the same places as we do. And we say when we do not know a packet id; it does not.
fn same(answer: &[u8], expected: &[u8]) -> bool {
    match (answer, expected) {
        ([0xe0, 1, 0x81 | 0x82], [0xe0, 1, 0x81 | 0x82]) => true,
        ([0x62 | 0x70, 3, a, b, 0x92], [0x62 | 0x70, 2, c, d]) => (a, b) == (c, d),
        _ => answer == expected,
    }
}

/// How a case may be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparable {
    /// Every answer, and whether the connection ends.
    Whole,
    /// Whether the connection ends.
    End,
    /// Whether the first packet is understood.
    Understood,
    /// Fed, and compared in nothing.
    Fed,
}

impl Case {
    fn comparable(&self) -> Comparable {
        let of_kind =
            |kind: u8| self.sent.iter().any(|sent| sent.first().is_some_and(|b| b >> 4 == kind));
        let otherwise = OTHERWISE_HERE.iter().any(|(name, _)| *name == self.name);
        match () {
            () if otherwise || self.needs_another || self.version == 3 => Comparable::Fed,
            () if !self.connects_first && of_kind(1) => Comparable::Understood,
            // A topic of the case's own choice is refused here, however well it is written.
            () if of_kind(3) && !self.ends => Comparable::Fed,
            () if of_kind(3) => Comparable::End,
            () => Comparable::Whole,
        }
    }

    /// Feeds the case; says what was otherwise than expected.
    async fn run(&self, harbour: &Harbour, pass: &Pass, number: usize) -> Result<(), String> {
        let mut client = self.begin(harbour, pass, number).await;
        for sent in &self.sent {
            client.send(sent).await;
        }
        let outcome = self.compare(&mut client).await;
        client.leave().await;
        outcome
    }

    async fn begin(&self, harbour: &Harbour, pass: &Pass, number: usize) -> Client {
        let mut client = harbour.client();
        if self.connects_first {
            let version = if self.version == 5 { 5 } else { 4 };
            let login = Some((&*pass.user, &*pass.token));
            let id = format!("case-{number}");
            let connect = Connect { version, client: &id, login, ..Connect::default() };
            client.present(&connect).await;
            assert_eq!(client.next().await[3], 0);
        }
        client
    }

    /// Feeds the case with one byte of it changed, and sees that the door does not stumble.
    async fn run_changed(&self, harbour: &Harbour, pass: &Pass, number: usize) {
        let mut client = self.begin(harbour, pass, number).await;
        for sent in &self.sent {
            let mut changed = sent.clone();
            // A multiplier without a common factor visits every place and value in turn.
            let at = (number * 7919) % changed.len().max(1);
            if let Some(byte) = changed.get_mut(at) {
                *byte ^= (number * 31 % 255 + 1).to_le_bytes()[0];
            }
            client.send(&changed).await;
        }
        client.leave().await;
    }

    async fn compare(&self, client: &mut Client) -> Result<(), String> {
        match self.comparable() {
            Comparable::Fed => Ok(()),
            Comparable::Understood => self.compare_first(client).await,
            Comparable::End if self.ends => {
                let rest = client.rest_within(Duration::from_secs(1)).await;
                rest.map(drop).ok_or_else(|| "goes on".to_owned())
            }
            Comparable::End | Comparable::Whole => self.compare_answers(client).await,
        }
    }

    /// A CONNECT without our credentials is refused; what counts is whether it was understood.
    async fn compare_first(&self, client: &mut Client) -> Result<(), String> {
        let answer = client.rest_within(Duration::from_secs(1)).await.ok_or("goes on")?;
        let refused_for_itself = |answer: &[u8]| match answer {
            [0x20, _, _, code, ..] => {
                matches!(code, 1 | 2 | 0x81 | 0x82 | 0x84 | 0x85 | 0x8c | 0x90)
            }
            _ => true,
        };
        let expected = match self.answered.first() {
            Some(expected) => refused_for_itself(expected),
            None => self.ends,
        };
        if refused_for_itself(&answer) == expected { Ok(()) } else { Err(format!("{answer:02x?}")) }
    }

    async fn compare_answers(&self, client: &mut Client) -> Result<(), String> {
        for expected in &self.answered {
            let answer = client.next_within(Duration::from_secs(1)).await.ok_or("no answer")?;
            if !same(&answer, expected) {
                return Err(format!("{answer:02x?} instead of {expected:02x?}"));
            }
        }
        if self.ends {
            let rest = client.rest_within(Duration::from_secs(1)).await.ok_or("goes on")?;
            // What mosquitto's cases do not mention they do not forbid: a reason before the end.
            let told = rest.is_empty() || rest[0] == 0xe0;
            return if told { Ok(()) } else { Err(format!("{rest:02x?} before the end")) };
        }
        client.send(&[0xc0, 0]).await;
        let pong = client.next_within(Duration::from_secs(1)).await;
        let alive = pong.as_deref() == Some(&[0xd0, 0]);
        if alive { Ok(()) } else { Err(format!("{pong:02x?} instead of going on")) }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_packet_cases_of_mosquitto_are_answered_as_far_as_they_apply() {
    let Some(folder) = cases() else {
        eprintln!(
            "SKIPPED: set ROADSTEAD_SHARED to the folder with security/mosquitto-packet-tests-json.tgz"
        );
        return;
    };
    let limits = Limits { sessions_per_principal: 10_000, ..Limits::default() };
    let harbour = Harbour::with(limits).await;
    let pump = harbour.device("pump").await;
    let cases = read_cases(&folder);
    let mut counts = [0; 4];
    let mut otherwise = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        counts[case.comparable() as usize] += 1;
        if let Err(how) = case.run(&harbour, &pump, number).await {
            otherwise.push(format!("{}: {how}", case.name));
        }
    }
    let [whole, end, understood, fed] = counts;
    eprintln!(
        "{} cases: {whole} compared whole, {end} by their end, {understood} as first packets, {fed} fed only",
        cases.len()
    );
    assert!(otherwise.is_empty(), "{} otherwise:\n{}", otherwise.len(), otherwise.join("\n"));
    for round in 1..=3 {
        for (number, case) in cases.iter().enumerate() {
            case.run_changed(&harbour, &pump, round * cases.len() + number).await;
        }
    }
    let mut client = harbour.v5(&pump).await;
    client.publish(2, "me/measurements/after", 1, b"1").await;
    assert_eq!(client.next().await, [0x40, 2, 0, 1], "the door stands");
}
