//! REST, version 1. Each endpoint is four sentences: may I, what do you mean, do it, here you are.

#![expect(unused_qualifications, reason = "the macros that describe endpoints write paths in full")]

mod session; // claim, log-in, log-out, who am I
mod devices; // devices and their tokens
mod types; // device types and sensors
mod places; // spaces and assets
mod send; // values in
mod ask; // what a question about values says
mod measurements; // values out
mod latest; // the latest values
mod live; // server-sent events and WebSocket
mod tokens; // one's own tokens
mod access; // people and grants
mod audit; // who did what
mod shapes; // what goes over the wire
mod paths; // places as paths of names
mod json; // values as JSON
mod tables; // CSV, Arrow and Parquet
mod openapi; // the description of all this

pub(crate) use access::principal_ref;
pub(crate) use openapi::{described, document};
pub(crate) use paths::Places;
pub(crate) use places::moved;
pub(crate) use types::shape_of;
