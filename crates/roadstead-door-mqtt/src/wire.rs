//! The byte stream: reads into one buffer and writes from another, without a task for either.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite};

/// How much is asked for in one read: what TLS hands out at most.
const READ: usize = 16 * 1024;
/// How much room for answers a connection keeps.
const KEPT: usize = 1024;
/// How much is still taken, and thrown away, from a client whose packet was refused.
const HEARD_OUT: usize = 4 * 1024 * 1024;

/// What came of waiting for the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Io {
    /// More bytes are in the inbox.
    Read,
    /// Everything in the outbox was written.
    Wrote,
    /// The client is gone.
    Closed,
}

/// What the session lets the stream do now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct May {
    /// Read on; otherwise the client has to wait.
    pub(crate) read: bool,
    /// Say when the outbox is empty.
    pub(crate) tell_when_written: bool,
}

/// A stream with what was read and not used, and what waits to be written.
pub(crate) struct Wire<S> {
    stream: S,
    pub(crate) inbox: BytesMut,
    pub(crate) outbox: Vec<u8>,
    written: usize,
    unflushed: bool,
    /// Whether the client has sent nothing since the last read.
    dry: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(crate) fn new(stream: S) -> Self {
        let (inbox, outbox) = (BytesMut::new(), Vec::new());
        Self { stream, inbox, outbox, written: 0, unflushed: false, dry: true }
    }

    /// How many bytes wait to be written.
    pub(crate) const fn waiting(&self) -> usize {
        self.outbox.len() - self.written
    }

    /// Lets go of what was written, so that the outbox has only what waits.
    pub(crate) fn compact(&mut self) {
        self.outbox.drain(..self.written);
        self.written = 0;
    }

    /// Waits for bytes either way. Can be dropped at any time: nothing is lost.
    pub(crate) async fn ready(&mut self, may: May) -> io::Result<Io> {
        poll_fn(|cx| self.poll_ready(cx, may)).await
    }

    /// Writes everything and says good-bye to the stream. A client that was cut short is heard
    /// out: a socket that closes on unread bytes takes the last word back.
    pub(crate) async fn finish(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.poll_write_all(cx)).await?;
        poll_fn(|cx| Pin::new(&mut self.stream).poll_shutdown(cx)).await?;
        let mut heard = 0;
        while !self.dry && heard < HEARD_OUT {
            self.inbox.clear();
            match poll_fn(|cx| self.poll_read(cx)).await? {
                0 => break,
                count => heard += count,
            }
        }
        Ok(())
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>, may: May) -> Poll<io::Result<Io>> {
        let had_to_write = self.waiting() > 0;
        let written = self.poll_write_all(cx)?.is_ready();
        if may.read
            && let Poll::Ready(read) = self.poll_read(cx)?
        {
            return Poll::Ready(Ok(if read == 0 { Io::Closed } else { Io::Read }));
        }
        if had_to_write && written && may.tell_when_written {
            return Poll::Ready(Ok(Io::Wrote));
        }
        Poll::Pending
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.inbox.reserve(READ);
        let stream = Pin::new(&mut self.stream);
        let poll = tokio_util::io::poll_read_buf(stream, cx, &mut self.inbox);
        self.dry = poll.is_pending();
        if self.dry && self.inbox.is_empty() {
            // An idle connection keeps no buffer: there may be very many of them.
            self.inbox = BytesMut::new();
        }
        poll
    }

    fn poll_write_all(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.waiting() > 0 {
            let rest = &self.outbox[self.written..];
            let count = ready!(Pin::new(&mut self.stream).poll_write(cx, rest))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += count;
            self.unflushed = true;
        }
        self.outbox.clear();
        self.outbox.shrink_to(KEPT);
        self.written = 0;
        if self.unflushed {
            ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }
}
