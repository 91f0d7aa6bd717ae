//! A real server on port 0, clocks moved by hand, devices that misbehave. For tests only.

mod device; // a device that speaks MQTT as it likes
mod server; // the real binary, in a folder of its own
mod handshake; // a TLS handshake with chosen versions
mod site; // a claimed tenant with people and devices

pub use device::{Packet, RawMqtt};
pub use handshake::{TlsVersion, handshake};
pub use server::{Server, binary, free_port};
pub use site::{PASSWORD, Site, TestDevice, client};
