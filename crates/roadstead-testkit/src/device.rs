//! A device that speaks MQTT 3.1.1 or 5 byte by byte, so that it can misbehave.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::Server;
use crate::handshake::settings;

const PATIENCE: Duration = Duration::from_secs(10);

/// A packet as it came: its first byte and what follows the length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Type and flags.
    pub first: u8,
    /// What follows the remaining length.
    pub body: Vec<u8>,
}

impl Packet {
    /// The packet's type, 1 to 15.
    pub fn kind(&self) -> u8 {
        self.first >> 4
    }

    /// The packet id at the front, as acknowledgements have it.
    pub fn id(&self) -> u16 {
        u16::from_be_bytes([self.body[0], self.body[1]])
    }
}

/// A raw connection.
pub struct RawMqtt {
    stream: TlsStream<TcpStream>,
    /// 4 for MQTT 3.1.1, 5 for MQTT 5.
    version: u8,
}

/// Writes a text with its length in front.
fn text(out: &mut Vec<u8>, text: &str) {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// Puts the fixed header in front of a body.
fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    let mut rest = body.len();
    loop {
        let digit = u8::try_from(rest & 127).unwrap_or(0);
        rest >>= 7;
        out.push(if rest > 0 { digit | 128 } else { digit });
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(body);
    out
}

impl RawMqtt {
    /// Opens TLS to the server and says nothing yet.
    pub async fn open(server: &Server, version: u8) -> anyhow::Result<Self> {
        let config = settings(server, rustls::ALL_VERSIONS)?;
        let tcp = TcpStream::connect(("127.0.0.1", server.mqtt)).await?;
        tcp.set_nodelay(true)?;
        let name = ServerName::try_from("localhost")?;
        let stream = TlsConnector::from(Arc::new(config)).connect(name, tcp).await?;
        Ok(Self { stream, version })
    }

    /// Connects as a device; returns the connection and CONNACK.
    pub async fn connect(
        server: &Server,
        version: u8,
        (user, password): (&str, &str),
        (client, clean): (&str, bool),
    ) -> anyhow::Result<(Self, Packet)> {
        let mut this = Self::open(server, version).await?;
        let mut body = Vec::new();
        text(&mut body, "MQTT");
        body.extend_from_slice(&[version, 0b1100_0000 | (u8::from(clean) << 1), 0, 60]);
        if version == 5 {
            body.extend_from_slice(&[5, 0x11, 0, 0, 0x0e, 0x10]); // session expiry: an hour
        }
        text(&mut body, client);
        text(&mut body, user);
        text(&mut body, password);
        this.send(&packet(0x10, &body)).await?;
        let answer = this.receive().await?;
        ensure!(answer.kind() == 2, "CONNACK expected, got {answer:?}");
        Ok((this, answer))
    }

    /// Sends bytes as they are.
    pub async fn send(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await?;
        Ok(())
    }

    /// Sends PUBLISH.
    pub async fn publish(
        &mut self,
        topic: &str,
        payload: &[u8],
        (qos, id, flags): (u8, u16, u8),
    ) -> anyhow::Result<()> {
        let mut body = Vec::new();
        text(&mut body, topic);
        if qos > 0 {
            body.extend_from_slice(&id.to_be_bytes());
        }
        if self.version == 5 {
            body.push(0);
        }
        body.extend_from_slice(payload);
        self.send(&packet(0x30 | (qos << 1) | flags, &body)).await
    }

    /// Sends SUBSCRIBE and returns the reason codes.
    pub async fn subscribe(&mut self, filters: &[(&str, u8)], id: u16) -> anyhow::Result<Vec<u8>> {
        let mut body = id.to_be_bytes().to_vec();
        if self.version == 5 {
            body.push(0);
        }
        for (filter, qos) in filters {
            text(&mut body, filter);
            body.push(*qos);
        }
        self.send(&packet(0x82, &body)).await?;
        loop {
            let answer = self.receive().await?;
            if answer.kind() == 9 {
                let head = if self.version == 5 { 3 + usize::from(answer.body[2]) } else { 2 };
                return Ok(answer.body[head..].to_vec());
            }
        }
    }

    /// Sends PUBREL for a QoS 2 packet id.
    pub async fn release(&mut self, id: u16) -> anyhow::Result<()> {
        self.send(&packet(0x62, &id.to_be_bytes())).await
    }

    /// The next packet; an error when the server closes or stays silent for ten seconds.
    pub async fn receive(&mut self) -> anyhow::Result<Packet> {
        tokio::time::timeout(PATIENCE, self.receive_at_leisure()).await.context("silence")?
    }

    async fn receive_at_leisure(&mut self) -> anyhow::Result<Packet> {
        let first = self.stream.read_u8().await?;
        let (mut length, mut shift) = (0_usize, 0);
        loop {
            let digit = self.stream.read_u8().await?;
            length |= usize::from(digit & 127) << shift;
            shift += 7;
            if digit & 128 == 0 {
                break;
            }
            if shift > 21 {
                bail!("a remaining length of more than four bytes");
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await?;
        Ok(Packet { first, body })
    }

    /// The topic and payload of a PUBLISH packet.
    pub fn message(&self, packet: &Packet) -> (String, Vec<u8>) {
        let length = usize::from(u16::from_be_bytes([packet.body[0], packet.body[1]]));
        let topic = String::from_utf8_lossy(&packet.body[2..2 + length]).into_owned();
        let mut at = 2 + length + if packet.first & 6 == 0 { 0 } else { 2 };
        if self.version == 5 {
            at += 1 + usize::from(packet.body[at]);
        }
        (topic, packet.body[at..].to_vec())
    }
}
