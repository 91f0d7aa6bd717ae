//! A client that says exactly what it is told to, and hands over what it hears packet by packet.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;

use super::Pass;

/// One end of a connection.
pub(super) struct Client {
    stream: DuplexStream,
    served: JoinHandle<()>,
    version: u8,
}

/// A packet of its first byte and its body.
pub(super) fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    let mut length = body.len();
    loop {
        let low = length.to_le_bytes()[0] & 0x7f;
        length >>= 7;
        out.push(if length == 0 { low } else { low | 0x80 });
        if length == 0 {
            break;
        }
    }
    out.extend_from_slice(body);
    out
}

pub(super) fn text(text: &str) -> Vec<u8> {
    let mut out = u16::try_from(text.len()).unwrap().to_be_bytes().to_vec();
    out.extend_from_slice(text.as_bytes());
    out
}

/// A CONNECT, its parts still open to change.
pub(super) struct Connect<'a> {
    pub(super) version: u8,
    pub(super) client: &'a str,
    pub(super) clean: bool,
    pub(super) keep_alive: u16,
    pub(super) properties: &'a [u8],
    pub(super) will: Option<(&'a str, &'a [u8])>,
    pub(super) will_properties: &'a [u8],
    pub(super) login: Option<(&'a str, &'a str)>,
}

impl Default for Connect<'_> {
    fn default() -> Self {
        Self {
            version: 5,
            client: "c",
            clean: true,
            keep_alive: 60,
            properties: &[],
            will: None,
            will_properties: &[],
            login: None,
        }
    }
}

impl Connect<'_> {
    pub(super) fn bytes(&self) -> Vec<u8> {
        let flags = u8::from(self.clean) << 1
            | u8::from(self.will.is_some()) << 2
            | if self.login.is_some() { 0xc0 } else { 0 };
        let mut body = text("MQTT");
        body.extend([self.version, flags]);
        body.extend(self.keep_alive.to_be_bytes());
        if self.version == 5 {
            body.push(u8::try_from(self.properties.len()).unwrap());
            body.extend_from_slice(self.properties);
        }
        body.extend(text(self.client));
        if let Some((topic, payload)) = self.will {
            if self.version == 5 {
                body.push(u8::try_from(self.will_properties.len()).unwrap());
                body.extend_from_slice(self.will_properties);
            }
            body.extend(text(topic));
            body.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
            body.extend_from_slice(payload);
        }
        if let Some((user, password)) = self.login {
            body.extend(text(user));
            body.extend(text(password));
        }
        packet(0x10, &body)
    }
}

impl Client {
    pub(super) fn new(stream: DuplexStream, served: JoinHandle<()>) -> Self {
        Self { stream, served, version: 4 }
    }

    /// Leaves, and sees that the door has served to the end.
    pub(super) async fn leave(self) {
        drop(self.stream);
        let served = tokio::time::timeout(Duration::from_secs(5), self.served).await;
        served.expect("the door lets go").expect("the door does not stumble");
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) {
        // A door that has closed the connection is told nothing more.
        let _ = self.stream.write_all(bytes).await;
    }

    pub(super) async fn connect(&mut self, version: u8, client: &str, pass: &Pass, clean: bool) {
        let properties: &[u8] = if clean { &[] } else { &[0x11, 0, 0, 0x0e, 0x10] };
        let login = Some((&*pass.user, &*pass.token));
        let connect = Connect { version, client, clean, properties, login, ..Connect::default() };
        self.present(&connect).await;
    }

    pub(super) async fn present(&mut self, connect: &Connect<'_>) {
        self.version = connect.version;
        self.send(&connect.bytes()).await;
    }

    pub(super) fn publish_packet(
        &self,
        flags: u8,
        topic: &str,
        packet_id: u16,
        payload: &[u8],
    ) -> Vec<u8> {
        let mut body = text(topic);
        if flags & 6 != 0 {
            body.extend(packet_id.to_be_bytes());
        }
        if self.version == 5 {
            body.push(0);
        }
        body.extend_from_slice(payload);
        packet(0x30 | flags, &body)
    }

    pub(super) async fn publish(&mut self, flags: u8, topic: &str, id: u16, payload: &[u8]) {
        let bytes = self.publish_packet(flags, topic, id, payload);
        self.send(&bytes).await;
    }

    /// Subscribes to one filter and returns the code of the answer.
    pub(super) async fn subscribe(&mut self, filter: &str, options: u8) -> u8 {
        self.subscribe_as(filter, options, &[]).await
    }

    pub(super) async fn subscribe_as(
        &mut self,
        filter: &str,
        options: u8,
        properties: &[u8],
    ) -> u8 {
        let mut body = vec![0, 9];
        if self.version == 5 {
            body.push(u8::try_from(properties.len()).unwrap());
            body.extend_from_slice(properties);
        }
        body.extend(text(filter));
        body.push(options);
        self.send(&packet(0x82, &body)).await;
        let answer = self.next().await;
        assert_eq!(answer[0], 0x90, "{answer:?}");
        *answer.last().unwrap()
    }

    /// The next packet; empty when the connection was closed.
    pub(super) async fn next(&mut self) -> Vec<u8> {
        let next = tokio::time::timeout(Duration::from_secs(5), self.read());
        next.await.expect("a packet within five seconds")
    }

    /// Whether nothing comes for a while.
    pub(super) async fn is_silent(&mut self) -> bool {
        tokio::time::timeout(Duration::from_millis(150), self.read()).await.is_err()
    }

    async fn read(&mut self) -> Vec<u8> {
        let Ok(first) = self.stream.read_u8().await else { return Vec::new() };
        let (mut out, mut length, mut shift) = (vec![first], 0_usize, 0);
        loop {
            let Ok(byte) = self.stream.read_u8().await else { return Vec::new() };
            out.push(byte);
            length |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let head = out.len();
        out.resize(head + length, 0);
        if self.stream.read_exact(&mut out[head..]).await.is_err() {
            return Vec::new();
        }
        out
    }

    /// The next packet, which must be a message: flags, topic, packet id, properties, payload.
    pub(super) async fn message(&mut self) -> Message {
        let bytes = self.next().await;
        assert_eq!(bytes.first().map(|first| first >> 4), Some(3), "{bytes:?}");
        Message::read(&bytes, self.version)
    }

    /// The next packet, if one comes in time.
    pub(super) async fn next_within(&mut self, time: Duration) -> Option<Vec<u8>> {
        tokio::time::timeout(time, self.read()).await.ok()
    }

    /// Everything until the connection is closed, if it is in time.
    pub(super) async fn rest_within(&mut self, time: Duration) -> Option<Vec<u8>> {
        let mut rest = Vec::new();
        let read = self.stream.read_to_end(&mut rest);
        let read = tokio::time::timeout(time, read).await;
        read.is_ok().then_some(rest)
    }

    /// Reads whatever comes until the connection is closed.
    pub(super) async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let read = self.stream.read_to_end(&mut rest);
        // Whatever came before a broken end counts.
        let _ = tokio::time::timeout(Duration::from_secs(5), read).await;
        rest
    }
}

/// A message as it came.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) flags: u8,
    pub(super) topic: String,
    pub(super) id: u16,
    pub(super) properties: Vec<u8>,
    pub(super) payload: String,
}

impl Message {
    pub(super) fn read(bytes: &[u8], version: u8) -> Self {
        let head = 1 + bytes[1..].iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
        let mut body = &bytes[head..];
        let mut take = |count: usize| {
            let (taken, rest) = body.split_at(count);
            body = rest;
            taken.to_vec()
        };
        let length = take(2);
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        let topic = String::from_utf8(take(length)).unwrap();
        let flags = bytes[0] & 0x0f;
        let id = if flags & 6 == 0 { vec![0, 0] } else { take(2) };
        let id = u16::from_be_bytes([id[0], id[1]]);
        let properties = if version == 5 {
            let length = usize::from(take(1)[0]);
            take(length)
        } else {
            Vec::new()
        };
        let payload = String::from_utf8(body.to_vec()).unwrap();
        Self { flags, topic, id, properties, payload }
    }
}
