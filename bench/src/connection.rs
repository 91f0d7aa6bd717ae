//! One MQTT connection: fill the window, count the acknowledgements.
//!
//! A turn reads everything that the socket has, then writes as many messages as the
//! answers made room for, in one go. Nothing is allocated and no task is switched for a
//! single message.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Turn, Poll, ready};

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::client::TlsStream;

use crate::fleet::{Gauges, Phase};
use crate::latency::Histogram;
use crate::wire::{self, Answer, Hello, Protocol, Publication};

const INPUT: usize = 16 * 1024;

/// Bytes put together for one write at most.
const BATCH: usize = 64 * 1024;

/// A logged-in connection and the message that it repeats.
pub(crate) struct Connection {
    stream: TlsStream<TcpStream>,
    protocol: Protocol,
    publication: Publication,
    window: Window,
    input: Box<[u8]>,
    filled: usize,
    output: Vec<u8>,
    written: usize,
    unflushed: bool,
    probe: Option<(u16, Instant)>,
    latency: Histogram,
}

/// Which ids are under way, and how many more may be.
struct Window {
    acknowledged: bool,
    free: u16,
    size: u16,
    next: u16,
    under_way: Box<[bool]>,
}

impl Connection {
    /// Logs in. `in_flight` is lowered to what the server allows.
    pub(crate) async fn open(
        mut stream: TlsStream<TcpStream>,
        hello: &Hello<'_>,
        publication: Publication,
        in_flight: Option<u16>,
    ) -> Result<Self> {
        stream.write_all(&hello.encode()).await?;
        stream.flush().await?;
        let mut input = vec![0; INPUT].into_boxed_slice();
        let mut filled = 0;
        let allowed = loop {
            let read = stream.read(&mut input[filled..]).await?;
            ensure!(read > 0, "the server hung up before CONNACK");
            filled += read;
            let Some((packet, _)) = wire::split(&input[..filled])? else { continue };
            match packet.answer(hello.protocol)? {
                Answer::Connected { reason: 0, receive_maximum } => break receive_maximum,
                Answer::Connected { reason, .. } => {
                    bail!("the server refused the log-in, reason 0x{reason:02x}")
                }
                other => bail!("the server began with {other:?}"),
            }
        };
        Ok(Self {
            stream,
            protocol: hello.protocol,
            publication,
            window: Window::new(in_flight.map(|wanted| wanted.min(allowed))),
            input,
            filled: 0,
            output: Vec::with_capacity(BATCH),
            written: 0,
            unflushed: false,
            probe: None,
            latency: Histogram::new(),
        })
    }

    /// Publishes until the run drains; returns the times of acknowledgements.
    pub(crate) async fn drive(mut self, gauges: Arc<Gauges>) -> Result<Histogram> {
        poll_fn(|turn| self.turn(turn, &gauges)).await?;
        self.stream.write_all(&wire::GOODBYE).await?;
        self.stream.shutdown().await.context("saying goodbye")?;
        Ok(self.latency)
    }

    /// Reads all there is, then writes all that fits; ends when nothing is under way.
    fn turn(&mut self, turn: &mut Turn<'_>, gauges: &Gauges) -> Poll<Result<()>> {
        loop {
            let phase = gauges.phase();
            let mut starved = false;
            while !starved {
                match self.read(turn)? {
                    Poll::Ready(()) => self.take_answers(gauges, phase)?,
                    Poll::Pending => starved = true,
                }
            }
            if self.written == self.output.len() {
                self.refill(gauges, phase);
            }
            let nothing_left = self.output.is_empty() && !self.unflushed;
            if phase == Phase::Drain && nothing_left && self.window.is_empty() {
                return Poll::Ready(Ok(()));
            }
            if nothing_left {
                return Poll::Pending;
            }
            ready!(self.write(turn))?;
        }
    }

    fn read(&mut self, turn: &mut Turn<'_>) -> io::Result<Poll<()>> {
        let mut room = ReadBuf::new(&mut self.input[self.filled..]);
        match Pin::new(&mut self.stream).poll_read(turn, &mut room) {
            Poll::Pending => Ok(Poll::Pending),
            Poll::Ready(Ok(())) if room.filled().is_empty() => {
                Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server hung up"))
            }
            Poll::Ready(Ok(())) => {
                self.filled += room.filled().len();
                Ok(Poll::Ready(()))
            }
            Poll::Ready(Err(error)) => Err(error),
        }
    }

    fn take_answers(&mut self, gauges: &Gauges, phase: Phase) -> Result<()> {
        let (mut at, mut done) = (0, 0);
        while let Some((packet, length)) = wire::split(&self.input[at..self.filled])? {
            at += length;
            match packet.answer(self.protocol)? {
                Answer::Acknowledged { id, reason } => {
                    self.window.give_back(id)?;
                    if reason < 0x80 {
                        done += 1;
                    } else {
                        gauges.refused(1, format!("refused, reason 0x{reason:02x}"));
                    }
                    if let Some((_, sent)) = self.probe.take_if(|(probe, _)| *probe == id)
                        && phase == Phase::Measure
                    {
                        self.latency.record(sent.elapsed());
                    }
                }
                Answer::Dismissed { reason } => {
                    bail!("the server hung up, reason 0x{reason:02x}")
                }
                Answer::Connected { .. } => bail!("the server sent CONNACK twice"),
                Answer::Other => {}
            }
        }
        ensure!(at > 0 || self.filled < INPUT, "the server sent a packet of over {INPUT} bytes");
        self.input.copy_within(at..self.filled, 0);
        self.filled -= at;
        gauges.done(done);
        Ok(())
    }

    /// Puts as many messages together as the window and one write allow.
    fn refill(&mut self, gauges: &Gauges, phase: Phase) {
        self.output.clear();
        self.written = 0;
        if phase == Phase::Drain {
            return;
        }
        let mut sent = 0;
        while self.output.len() + self.publication.len() <= BATCH || sent == 0 {
            let Some(id) = self.window.take() else { break };
            self.publication.append(id, &mut self.output);
            sent += 1;
            if self.probe.is_none() && self.window.acknowledged {
                self.probe = Some((id, Instant::now()));
            }
        }
        gauges.sent(sent);
        if !self.window.acknowledged {
            self.window.free = self.window.size;
            gauges.done(sent);
        }
    }

    fn write(&mut self, turn: &mut Turn<'_>) -> Poll<io::Result<()>> {
        while self.written < self.output.len() {
            let rest = &self.output[self.written..];
            self.written += ready!(Pin::new(&mut self.stream).poll_write(turn, rest))?;
            self.unflushed = true;
        }
        self.output.clear();
        self.written = 0;
        ready!(Pin::new(&mut self.stream).poll_flush(turn))?;
        self.unflushed = false;
        Poll::Ready(Ok(()))
    }
}

impl Window {
    /// A window of `in_flight` messages; without a number nothing is acknowledged.
    fn new(in_flight: Option<u16>) -> Self {
        let size = in_flight.unwrap_or(u16::MAX).max(1);
        let ids = if in_flight.is_some() { 1 << 16 } else { 0 };
        let under_way = vec![false; ids].into_boxed_slice();
        Self { acknowledged: in_flight.is_some(), free: size, size, next: 1, under_way }
    }

    fn is_empty(&self) -> bool {
        self.free == self.size
    }

    /// Takes the next free id, if one more message may be under way.
    fn take(&mut self) -> Option<u16> {
        self.free = self.free.checked_sub(1)?;
        if !self.acknowledged {
            return Some(0);
        }
        while self.under_way[usize::from(self.next)] {
            self.next = following(self.next);
        }
        let id = self.next;
        self.under_way[usize::from(id)] = true;
        self.next = following(id);
        Some(id)
    }

    /// Frees an id. Refuses one that is not under way.
    fn give_back(&mut self, id: u16) -> Result<()> {
        let known = self.under_way.get_mut(usize::from(id)).is_some_and(std::mem::take);
        ensure!(known, "the server acknowledged {id}, which was not under way");
        self.free += 1;
        Ok(())
    }
}

/// The id after this one; zero is no id.
fn following(id: u16) -> u16 {
    id.checked_add(1).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_under_way_than_the_window_allows() {
        let mut window = Window::new(Some(2));
        assert_eq!([window.take(), window.take(), window.take()], [Some(1), Some(2), None]);
        window.give_back(2).unwrap();
        assert_eq!([window.take(), window.take()], [Some(3), None]);
    }

    #[test]
    fn an_id_under_way_is_not_used_again() {
        let mut window = Window::new(Some(2));
        assert_eq!(window.take(), Some(1));
        for _ in 0..70_000 {
            let id = window.take().expect("one is free");
            assert!(id > 1);
            window.give_back(id).unwrap();
        }
    }

    #[test]
    fn an_acknowledgement_counts_only_once() {
        let mut window = Window::new(Some(1));
        assert!(window.give_back(1).is_err());
        let id = window.take().expect("one is free");
        assert!(window.give_back(id).is_ok());
        assert!(window.give_back(id).is_err());
        assert!(window.is_empty());
    }
}
