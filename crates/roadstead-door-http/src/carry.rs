//! Carries bytes between a WebSocket's binary messages and a stream.

use axum::extract::ws::{Message, WebSocket};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};

const CHUNK: usize = 16 * 1024;

/// Carries both ways, each at its own pace, until either side ends.
pub(crate) async fn carry(socket: WebSocket, stream: DuplexStream) {
    let (sink, source) = socket.split();
    let (reader, writer) = tokio::io::split(stream);
    tokio::select! {
        () = inwards(source, writer) => {}
        () = outwards(reader, sink) => {}
    }
}

/// A text message ends it: MQTT is binary.
async fn inwards(mut source: SplitStream<WebSocket>, mut writer: WriteHalf<DuplexStream>) {
    while let Some(Ok(word)) = source.next().await {
        match word {
            Message::Binary(bytes) => {
                if writer.write_all(&bytes).await.is_err() {
                    break;
                }
            }
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Text(_) | Message::Close(_) => break,
        }
    }
    let _ = writer.shutdown().await;
}

async fn outwards(mut reader: ReadHalf<DuplexStream>, mut sink: SplitSink<WebSocket, Message>) {
    let mut chunk = vec![0; CHUNK];
    loop {
        match reader.read(&mut chunk).await {
            Ok(length) if length > 0 => {
                let bytes = chunk[..length].to_vec().into();
                if sink.send(Message::Binary(bytes)).await.is_err() {
                    break;
                }
            }
            Ok(_) | Err(_) => break,
        }
    }
    let _ = sink.send(Message::Close(None)).await;
}
