//! REST, version 1. Each endpoint is four sentences: may I, what do you mean, do it, here you are.

#![expect(unused_qualifications, reason = "the macros that describe endpoints write paths in full")]

mod access; // people and grants
mod ask; // what a question about values says
mod audit; // who did what
mod devices; // devices and their tokens
mod json; // values as JSON
mod latest; // the latest values
mod live; // server-sent events and WebSocket
mod measurements; // values out
mod openapi; // the description of all this
mod paths; // places as paths of names
mod places; // spaces and assets
mod send; // values in
mod session; // claim, log-in, log-out, who am I
mod shapes; // what goes over the wire
mod tables; // CSV, Arrow and Parquet
mod tokens; // one's own tokens
mod types; // device types and sensors

pub(crate) use openapi::{described, document};
pub(crate) use paths::Places;
