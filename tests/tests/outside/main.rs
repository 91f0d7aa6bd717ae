//! The real binary from outside, through its real doors. One binary, one file per subject.

#![expect(clippy::unwrap_used, reason = "what a test cannot get is what it reports")]

mod access; // people, rights, and things that move
mod claim; // the first start
mod crash; // a power cut at any moment
mod foreign; // programs that others wrote
mod isolation; // what is out of sight does not exist
mod life; // stopping, starting, commands
mod live; // values as they come
mod measurements; // values in and out
mod mqtt; // the MQTT door
mod things; // places, types, devices, people
mod transport; // TLS, headers, hosts
