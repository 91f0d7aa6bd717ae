//! The socket, and the end of TLS.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use roadstead_guard::{Door, Origin};
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::MqttDoor;

/// How long connections may take to end when the server stops.
const FAREWELL: Duration = Duration::from_secs(5);
/// How long to wait when the operating system has no more sockets to give.
const BREATH: Duration = Duration::from_millis(50);

/// Gives the TLS settings of the moment: asked for each connection, so that a new certificate
/// is used without a restart.
pub type Tls = Arc<dyn Fn() -> Arc<ServerConfig> + Send + Sync>;

impl MqttDoor {
    /// Lets clients in on a socket until the server stops, and sees the last of them out.
    pub async fn listen(&self, listener: TcpListener, tls: Tls, shutdown: CancellationToken) {
        let guests = TaskTracker::new();
        let addresses = Arc::new(Addresses::default());
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = shutdown.cancelled() => break,
            };
            let Ok((stream, peer)) = accepted else {
                tokio::time::sleep(BREATH).await;
                continue;
            };
            let address = peer.ip().to_canonical();
            let most = self.inner.limits.connections_per_address;
            let full = guests.len() >= self.inner.limits.connections;
            let counted = addresses.count(address, most).filter(|_| !full);
            let Some(counted) = counted else {
                self.inner.counters.turned_away(1);
                continue;
            };
            let guest = self.clone().receive(stream, address, (tls(), shutdown.clone()));
            guests.spawn(async move {
                guest.await;
                drop(counted);
            });
        }
        drop(listener);
        guests.close();
        // Whoever is still here after that is cut off: their sessions are saved as they were.
        let _ = tokio::time::timeout(FAREWELL, guests.wait()).await;
    }

    async fn receive(
        self,
        stream: TcpStream,
        address: IpAddr,
        (tls, shutdown): (Arc<ServerConfig>, CancellationToken),
    ) {
        // Answers are small and gathered already: there is nothing to wait for.
        let _ = stream.set_nodelay(true);
        let handshake = TlsAcceptor::from(tls).accept(stream);
        let greeted = tokio::time::timeout(self.inner.limits.handshake, handshake).await;
        match greeted {
            Ok(Ok(stream)) => {
                let origin = Origin { address: Some(address), door: Door::Mqtt };
                self.serve(stream, origin, shutdown).await;
            }
            Ok(Err(_)) | Err(_) => self.inner.counters.turned_away(1),
        }
    }
}

/// How many connections each address has.
#[derive(Default)]
struct Addresses {
    counts: Mutex<HashMap<IpAddr, usize>>,
}

struct CountedAddress {
    addresses: Arc<Addresses>,
    address: IpAddr,
}

impl Addresses {
    fn count(self: &Arc<Self>, address: IpAddr, most: usize) -> Option<CountedAddress> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(CountedAddress { addresses: Arc::clone(self), address })
    }
}

impl Drop for CountedAddress {
    fn drop(&mut self) {
        let mut counts = self.addresses.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}
