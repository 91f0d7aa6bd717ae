//! A publisher of MQTT 3.1.1, as small as the demo needs: each message at least once, one under way at a time.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// What the server is told: it may give up after one and a half times this.
const KEEP_ALIVE: Duration = Duration::from_mins(1);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// The answers that come here have at most this many bytes after their length.
const LARGEST_ANSWER: usize = 64;

const CONNECT: u8 = 0x10;
const CONNACK: u8 = 0x20;
const PUBLISH_AT_LEAST_ONCE: u8 = 0x32;
const PUBACK: u8 = 0x40;
const PINGREQ: u8 = 0xC0;
const PINGRESP: u8 = 0xD0;
const CLEAN_WITH_NAME_AND_PASSWORD: u8 = 0b1100_0010;

/// Why a message was not acknowledged.
#[derive(Debug, thiserror::Error)]
pub(super) enum MqttError {
    #[error("the connection to the MQTT door broke")]
    Io(#[from] io::Error),
    #[error("the MQTT door did not answer in time")]
    Late,
    #[error("the MQTT door refused the device's name or token (return code {0})")]
    Refused(u8),
    #[error("the MQTT door answered with something else than was asked for")]
    Unexpected,
    #[error("the message is too long for MQTT")]
    TooLong,
}

/// A connected device.
#[derive(Debug)]
pub(super) struct Publisher<S> {
    stream: S,
    last: u16,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Publisher<S> {
    /// Says who we are, and waits until the door lets us in.
    pub(super) async fn connect(stream: S, name: &str, token: &str) -> Result<Self, MqttError> {
        let mut body = Vec::new();
        put(&mut body, b"MQTT")?;
        body.push(4); // the level of 3.1.1
        body.push(CLEAN_WITH_NAME_AND_PASSWORD);
        let seconds = u16::try_from(KEEP_ALIVE.as_secs()).map_err(|_| MqttError::TooLong)?;
        body.extend(seconds.to_be_bytes());
        put(&mut body, b"")?; // the server assigns the client id
        put(&mut body, name.as_bytes())?;
        put(&mut body, token.as_bytes())?;
        let mut publisher = Self { stream, last: 0 };
        publisher.send(CONNECT, &body).await?;
        match publisher.answer().await? {
            (CONNACK, body) if body.len() == 2 && body[1] == 0 => Ok(publisher),
            (CONNACK, body) if body.len() == 2 => Err(MqttError::Refused(body[1])),
            _ => Err(MqttError::Unexpected),
        }
    }

    /// Publishes at least once and waits for the acknowledgement.
    pub(super) async fn publish(&mut self, topic: &str, payload: &[u8]) -> Result<(), MqttError> {
        self.last = self.last.checked_add(1).unwrap_or(1);
        let mut body = Vec::new();
        put(&mut body, topic.as_bytes())?;
        body.extend(self.last.to_be_bytes());
        body.extend(payload);
        self.send(PUBLISH_AT_LEAST_ONCE, &body).await?;
        self.expect(PUBACK, &self.last.to_be_bytes()).await
    }

    /// Waits, and tells the door now and then that we are still there.
    pub(super) async fn rest(&mut self, mut time: Duration) -> Result<(), MqttError> {
        while time > KEEP_ALIVE / 2 {
            tokio::time::sleep(KEEP_ALIVE / 2).await;
            time -= KEEP_ALIVE / 2;
            self.ping().await?;
        }
        tokio::time::sleep(time).await;
        Ok(())
    }

    async fn ping(&mut self) -> Result<(), MqttError> {
        self.send(PINGREQ, &[]).await?;
        self.expect(PINGRESP, &[]).await
    }

    async fn send(&mut self, kind: u8, body: &[u8]) -> Result<(), MqttError> {
        let mut packet = vec![kind];
        put_length(&mut packet, body.len())?;
        packet.extend(body);
        let sent = async {
            self.stream.write_all(&packet).await?;
            self.stream.flush().await
        };
        Ok(timeout(PATIENCE, sent).await.map_err(|_| MqttError::Late)??)
    }

    async fn expect(&mut self, kind: u8, body: &[u8]) -> Result<(), MqttError> {
        let answer = self.answer().await?;
        if answer.0 == kind && answer.1 == body { Ok(()) } else { Err(MqttError::Unexpected) }
    }

    async fn answer(&mut self) -> Result<(u8, Vec<u8>), MqttError> {
        let read = async {
            let kind = self.stream.read_u8().await?;
            let length = usize::from(self.stream.read_u8().await?);
            if length > LARGEST_ANSWER {
                return Err(MqttError::Unexpected);
            }
            let mut body = vec![0; length];
            self.stream.read_exact(&mut body).await?;
            Ok((kind, body))
        };
        timeout(PATIENCE, read).await.map_err(|_| MqttError::Late)?
    }
}

/// A string or some bytes, led by their length.
fn put(packet: &mut Vec<u8>, bytes: &[u8]) -> Result<(), MqttError> {
    let length = u16::try_from(bytes.len()).map_err(|_| MqttError::TooLong)?;
    packet.extend(length.to_be_bytes());
    packet.extend(bytes);
    Ok(())
}

/// The remaining length: seven bits a byte, the lowest first.
fn put_length(packet: &mut Vec<u8>, mut length: usize) -> Result<(), MqttError> {
    if length >= 1 << 28 {
        return Err(MqttError::TooLong);
    }
    loop {
        let low = u8::try_from(length % 128).map_err(|_| MqttError::TooLong)?;
        length /= 128;
        packet.push(if length > 0 { low | 0x80 } else { low });
        if length == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{DuplexStream, duplex};

    use super::*;

    /// Reads one packet with a length below 16 384 as a server would.
    async fn packet(stream: &mut DuplexStream) -> (u8, Vec<u8>) {
        let kind = stream.read_u8().await.unwrap();
        let low = usize::from(stream.read_u8().await.unwrap());
        let high = if low > 127 { usize::from(stream.read_u8().await.unwrap()) } else { 0 };
        let mut body = vec![0; (low & 127) + high * 128];
        stream.read_exact(&mut body).await.unwrap();
        (kind, body)
    }

    #[tokio::test]
    async fn a_publisher_says_who_it_is_and_waits_for_each_acknowledgement() {
        let (ours, mut theirs) = duplex(4096);
        let server = tokio::spawn(async move {
            let (kind, body) = packet(&mut theirs).await;
            assert_eq!(
                (kind, &body[..]),
                (CONNECT, &b"\0\x04MQTT\x04\xc2\0\x3c\0\0\0\x01d\0\x03rst"[..])
            );
            theirs.write_all(&[CONNACK, 2, 0, 0]).await.unwrap();
            for id in 1..=2 {
                let (kind, body) = packet(&mut theirs).await;
                assert_eq!((kind, &body[..5]), (0x32, &[0, 1, b't', 0, id][..]));
                assert_eq!(body.len(), 305, "a length of two bytes");
                theirs.write_all(&[PUBACK, 2, 0, id]).await.unwrap();
            }
        });
        let mut publisher = Publisher::connect(ours, "d", "rst").await.unwrap();
        publisher.publish("t", &[b'x'; 300]).await.unwrap();
        publisher.publish("t", &[b'x'; 300]).await.unwrap();
        server.await.unwrap();
    }

    #[tokio::test]
    async fn a_refusal_is_told() {
        let (ours, mut theirs) = duplex(4096);
        theirs.write_all(&[CONNACK, 2, 0, 5]).await.unwrap();
        let refused = Publisher::connect(ours, "d", "wrong").await.unwrap_err();
        assert!(matches!(refused, MqttError::Refused(5)));
    }

    #[tokio::test]
    async fn a_ping_wants_its_own_answer() {
        let (ours, mut theirs) = duplex(4096);
        theirs.write_all(&[CONNACK, 2, 0, 0, PINGRESP, 0, PUBACK, 2, 0, 1]).await.unwrap();
        let mut publisher = Publisher::connect(ours, "d", "rst").await.unwrap();
        publisher.ping().await.unwrap();
        assert!(matches!(publisher.ping().await, Err(MqttError::Unexpected)));
        packet(&mut theirs).await;
        assert_eq!(packet(&mut theirs).await, (PINGREQ, vec![]));
    }

    #[tokio::test]
    async fn a_connection_that_breaks_is_told() {
        let (ours, theirs) = duplex(4096);
        drop(theirs);
        assert!(matches!(Publisher::connect(ours, "d", "rst").await, Err(MqttError::Io(_))));
    }
}
