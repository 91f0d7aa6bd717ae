//! The HTTPS door: the REST API, the live feeds, the pages. It only translates.
//!
//! Bytes become a caller, a permit and a typed request; the work itself is done by the
//! services. This door never touches a store.

mod listen; // sockets and the end of TLS
mod plain; // the port without TLS: redirects pages, refuses the rest
mod edge; // what is true of every request: id, headers, hosts, claim
mod auth; // from a header or a cookie to a caller
mod routes; // every way in, who may use it, and why
mod bodies; // request bodies: bounded, unpacked, read
mod api; // REST
mod feeds; // how many live feeds are open
mod carry; // MQTT inside a WebSocket
mod pages; // what people see
mod problem; // errors as RFC 9457 problems
mod app; // what handlers work with

pub use app::{App, AppParts, HasName, MqttHandOver, MqttStream, Settings};
pub use feeds::Feeds;
pub use listen::{Listener, Stop, Tls, serve};
pub use pages::PAGES;
pub use plain::serve_plain;
pub use routes::{Entry, Proof, router, ways_in};
