//! Sockets and the end of TLS. Each connection is bounded in time before it proves anything.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tower::{Service, ServiceExt};

use crate::auth::Peer;

const HANDSHAKE: Duration = Duration::from_secs(5);
/// How long a connection may take to bring its first request, and each request its headers.
const HEADERS: Duration = Duration::from_secs(10);
const FAREWELL: Duration = Duration::from_secs(10);
const BREATH: Duration = Duration::from_millis(50);
const CONNECTIONS: usize = 10_000;
/// A proxy in front has one address for all of its clients.
const CONNECTIONS_PER_ADDRESS: usize = 1_000;

/// Gives the TLS configuration of this moment, so that a new certificate needs no restart.
pub type Tls = Arc<dyn Fn() -> Arc<rustls::ServerConfig> + Send + Sync>;
/// Turns true when the server is to stop.
pub type Stop = watch::Receiver<bool>;

/// A bound socket and its TLS.
pub struct Listener {
    /// The socket.
    pub tcp: TcpListener,
    /// The TLS configuration of each moment.
    pub tls: Tls,
}

/// Serves HTTPS on one socket until told to stop, then lets requests end.
pub async fn serve(listener: Listener, router: Router, stop: Stop) {
    welcome(listener.tcp, Some(listener.tls), router, stop).await;
}

/// Takes connections, with TLS or without, as many as fit.
pub(crate) async fn welcome(tcp: TcpListener, tls: Option<Tls>, router: Router, mut stop: Stop) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Places::default());
    loop {
        let accepted = tokio::select! {
            accepted = tcp.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(BREATH).await; // out of descriptors: let some close
            continue;
        };
        let Some(place) = places.take(peer.ip().to_canonical()) else { continue };
        let acceptor = tls.as_ref().map(|tls| TlsAcceptor::from(tls()));
        let guest = Guest { peer, router: router.clone(), watcher: graceful.watcher() };
        tokio::spawn(async move {
            let _place = place;
            guest.receive(stream, acceptor).await;
        });
    }
    drop(tcp);
    let _ = tokio::time::timeout(FAREWELL, graceful.shutdown()).await;
}

/// One connection, as far as it is known before its first request.
struct Guest {
    peer: SocketAddr,
    router: Router,
    watcher: Watcher,
}

impl Guest {
    async fn receive(self, stream: TcpStream, acceptor: Option<TlsAcceptor>) {
        let _ = stream.set_nodelay(true);
        let Some(acceptor) = acceptor else { return self.converse(stream).await };
        let handshake = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await;
        if let Ok(Ok(stream)) = handshake {
            self.converse(stream).await;
        }
    }

    /// Answers requests. A connection that brings none in time is let go, whatever it speaks.
    async fn converse(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let spoken = Arc::new(AtomicBool::new(false));
        let (router, peer, heard) = (self.router, self.peer, Arc::clone(&spoken));
        let service =
            hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                heard.store(true, Ordering::Relaxed);
                let mut router = router.clone();
                async move {
                    let mut request = request.map(Body::new);
                    request.extensions_mut().insert(Peer(peer));
                    match ServiceExt::<hyper::Request<Body>>::ready(&mut router).await {
                        Ok(ready) => ready.call(request).await,
                        Err(never) => match never {},
                    }
                }
            });
        let builder = protocols();
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        let mut served = std::pin::pin!(self.watcher.watch(connection.into_owned()));
        tokio::select! {
            _ = &mut served => return,
            () = tokio::time::sleep(HEADERS) => {}
        }
        if spoken.load(Ordering::Relaxed) {
            let _ = served.await;
        }
    }
}

fn protocols() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS).max_headers(64);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(100)
        .max_header_list_size(32 * 1024)
        .keep_alive_interval(Duration::from_secs(30));
    builder
}

/// How many connections there are, in all and of each address.
struct Places {
    all: Arc<Semaphore>,
    of: Mutex<HashMap<IpAddr, usize>>,
}

struct Place {
    places: Arc<Places>,
    address: IpAddr,
    _one: OwnedSemaphorePermit,
}

impl Default for Places {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(CONNECTIONS)), of: Mutex::default() }
    }
}

impl Places {
    /// Takes a place; `None` when there is no more in all, or for this address.
    fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let one = Arc::clone(&self.all).try_acquire_owned().ok()?;
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        let count = of.entry(address).or_default();
        if *count >= CONNECTIONS_PER_ADDRESS {
            return None;
        }
        *count += 1;
        Some(Place { places: Arc::clone(self), address, _one: one })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut of = self.places.of.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = of.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                of.remove(&self.address);
            }
        }
    }
}
