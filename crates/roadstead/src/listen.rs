//! Sockets: bound before anything is announced, so that what is announced is open.

use std::net::SocketAddr;

use anyhow::Context;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

const BACKLOG: i32 = 4096;

/// Binds every address of a door. A machine without IPv6 may leave out `[::]` if another address is left.
pub(crate) fn bind_all(key: &str, addresses: &[SocketAddr]) -> anyhow::Result<Vec<TcpListener>> {
    let mut bound = Vec::new();
    for address in addresses {
        match bind(*address) {
            Ok(listener) => bound.push(listener),
            Err(error) if is_dispensable(*address, &error, addresses) => {
                tracing::info!(%address, "this machine has no IPv6; listening on IPv4 alone");
            }
            Err(error) => {
                return Err(error).with_context(|| format!("`{key}`: cannot listen on {address}"));
            }
        }
    }
    Ok(bound)
}

fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?; // IPv4 has a socket of its own
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

fn is_dispensable(address: SocketAddr, error: &std::io::Error, all: &[SocketAddr]) -> bool {
    let lacking = matches!(
        rustix::io::Errno::from_io_error(error),
        Some(rustix::io::Errno::AFNOSUPPORT | rustix::io::Errno::ADDRNOTAVAIL)
    );
    lacking
        && address.is_ipv6()
        && address.ip().is_unspecified()
        && all.iter().any(SocketAddr::is_ipv4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn port_zero_takes_a_free_port_and_a_taken_one_is_named() {
        let first = bind_all("door.mqtt.listen", &["127.0.0.1:0".parse().unwrap()]).unwrap();
        let taken = first[0].local_addr().unwrap();
        assert_ne!(taken.port(), 0);
        let refused = format!("{:#}", bind_all("door.mqtt.listen", &[taken]).unwrap_err());
        assert!(
            refused.contains("door.mqtt.listen") && refused.contains(&taken.to_string()),
            "{refused}"
        );
    }
}
