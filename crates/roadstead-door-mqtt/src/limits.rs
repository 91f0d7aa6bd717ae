//! How much one client, one principal and one address may take.

use std::time::Duration;

/// The door's limits. Every one is checked before memory is spent.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at once over the whole door.
    pub connections: usize,
    /// Connections at once from one network address.
    pub connections_per_address: usize,
    /// Connected and kept sessions of one principal.
    pub sessions_per_principal: usize,
    /// How long a TLS handshake may take.
    pub handshake: Duration,
    /// How long a client may take to send its CONNECT.
    pub connect: Duration,
    /// The largest CONNECT, in bytes: whoever sends it is not known yet.
    pub connect_bytes: usize,
    /// The largest packet, in bytes.
    pub packet_bytes: usize,
    /// The longest client id, in bytes.
    pub client_id_bytes: usize,
    /// The longest topic or filter, in bytes.
    pub topic_bytes: usize,
    /// The most levels of a topic or filter.
    pub topic_levels: usize,
    /// Filters of one session.
    pub filters: usize,
    /// Messages of one client that are not acknowledged yet.
    pub receive_maximum: u16,
    /// Bytes of messages of one client that are not acknowledged yet.
    pub receive_bytes: usize,
    /// Messages to one client that it has not acknowledged yet, if it allows that many.
    pub send_maximum: u16,
    /// Bytes that may wait to be written to one client.
    pub send_bytes: usize,
    /// Aliases in either direction.
    pub topic_aliases: u16,
    /// The longest keep-alive, in seconds.
    pub keep_alive: u16,
    /// How long a session may outlive its connection.
    pub session_expiry: Duration,
    /// Whether `$share/…` may be used.
    pub shared_subscriptions: bool,
    /// How often a kept session's progress is saved while it changes.
    pub save_every: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 20_000,
            connections_per_address: 10_000,
            sessions_per_principal: 1_000,
            handshake: Duration::from_secs(5),
            connect: Duration::from_secs(5),
            connect_bytes: 64 * 1024,
            packet_bytes: 256 * 1024,
            client_id_bytes: 128,
            topic_bytes: 1024,
            topic_levels: 80,
            filters: 100,
            receive_maximum: 1024,
            receive_bytes: 1024 * 1024,
            send_maximum: 256,
            send_bytes: 128 * 1024,
            topic_aliases: 256,
            keep_alive: 3600,
            session_expiry: Duration::from_hours(7 * 24),
            shared_subscriptions: true,
            save_every: Duration::from_secs(1),
        }
    }
}
