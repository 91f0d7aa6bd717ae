//! Every key there is. The doc comment of a key is its entry in the manual and in `config show`.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use super::section::section;

/// Both families on one port, as separate sockets.
fn everywhere(port: u16) -> Vec<SocketAddr> {
    vec![(Ipv6Addr::UNSPECIFIED, port).into(), (Ipv4Addr::UNSPECIFIED, port).into()]
}

section! {
    /// Above all tables.
    General at "" {
        /// The folder that holds all data, keys and certificates. Made at the first start, readable by its
        /// owner only. A relative path begins where the command was started.
        data: PathBuf = PathBuf::from("roadstead-data");
        /// The user that a server started by root becomes before it opens anything. Without it the server
        /// refuses to run as root.
        run_as: Option<String> = None;
        /// The address that people type, such as `https://iot.example.org`. Links that the server prints begin
        /// with it. Left out: `https://localhost` with the port of the first HTTPS listener.
        public_url: Option<String> = None;
    }
}

section! {
    /// HTTPS: pages, REST API, live feeds, and MQTT over WebSocket at `/mqtt`.
    HttpsDoor at "door.https" {
        /// Addresses to listen on. An empty list shuts the door; port 0 takes any free port.
        listen: Vec<SocketAddr> = everywhere(8443);
        /// The oldest TLS version taken: `"1.3"`, or `"1.2"` with forward secrecy and AEAD only.
        min_tls: TlsVersion = TlsVersion::V13;
    }
}

section! {
    /// MQTT 3.1.1 and 5. Always TLS; there is no plain listener.
    MqttDoor at "door.mqtt" {
        /// Addresses to listen on. An empty list shuts the door; port 0 takes any free port.
        listen: Vec<SocketAddr> = everywhere(8883);
        /// The oldest TLS version taken: `"1.3"`, or `"1.2"` with forward secrecy and AEAD only.
        min_tls: TlsVersion = TlsVersion::V13;
        /// The largest MQTT packet taken, in bytes.
        max_packet: usize = 262_144;
    }
}

section! {
    /// Plain HTTP: sends a browser that asks for a page to HTTPS and refuses everything else.
    HttpDoor at "door.http" {
        /// Addresses to listen on. An empty list shuts the door; port 0 takes any free port.
        listen: Vec<SocketAddr> = everywhere(8080);
    }
}

section! {
    /// Certificates. Left out, the server signs its own with a certificate authority of its own.
    Tls at "tls" {
        /// A certificate chain of your own, as PEM, the server's certificate first. Goes with `key`. Taken up
        /// anew within seconds of a change, without a restart.
        certificate: Option<PathBuf> = None;
        /// The private key of `certificate`, as PEM: P-256, P-384, Ed25519, or RSA of at least 3072 bits.
        key: Option<PathBuf> = None;
        /// Further host names and addresses for the certificate that the server signs itself. This machine's
        /// name, the same with `.local`, `localhost`, `127.0.0.1` and `::1` are always in it.
        names: Vec<String> = Vec::new();
    }
}

section! {
    /// What one sender may take of everybody's server. Past a limit the request is refused with what to change.
    Limits at "limits" {
        /// MQTT connections at once, those over WebSocket included.
        connections: usize = 20_000;
        /// MQTT connections at once from one address.
        connections_per_address: usize = 10_000;
        /// Live feeds by HTTPS at once.
        live_feeds: usize = 1_000;
        /// Bytes of a request's body as it is sent.
        body_bytes: usize = 8_388_608;
        /// Bytes of a request's body once it is unpacked.
        unpacked_bytes: usize = 67_108_864;
        /// Sensors that a device can bring by sending values under new names.
        sensors_per_device: usize = 200;
        /// Sensors that a tenant's devices have together before they can bring no more.
        sensors_per_tenant: usize = 10_000;
        /// Stored measurements that one query may read.
        query_measurements: u64 = 10_000_000;
    }
}

section! {
    /// What the server says while it runs. Never a secret.
    Log at "log" {
        /// How much: `"error"`, `"warn"`, `"info"`, `"debug"` or `"trace"`.
        level: LogLevel = LogLevel::Info;
        /// `"human"`, `"json"`, or `"auto"`: human in a terminal, JSON otherwise.
        format: LogFormat = LogFormat::Auto;
    }
}

/// The oldest version of TLS that a listener takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum TlsVersion {
    /// TLS 1.2 and 1.3.
    #[serde(rename = "1.2")]
    V12,
    /// TLS 1.3 alone.
    #[serde(rename = "1.3")]
    V13,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogLevel {
    /// What failed.
    Error,
    /// And what is odd.
    Warn,
    /// And what happens.
    Info,
    /// And how.
    Debug,
    /// And everything else.
    Trace,
}

/// For whom is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For whoever reads.
    Auto,
    /// For people.
    Human,
    /// For programs.
    Json,
}
