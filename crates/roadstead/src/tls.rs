//! TLS: whose certificate is shown, and what a listener takes.
//!
//! Left alone, the server is its own certificate authority. With a certificate of the
//! operator's it watches the files. Either way a new one is shown without a restart.

mod authority; // our own certificate authority
mod certificate; // the certificate that it signs for this server
mod listener; // versions, suites, tickets
mod pair; // a certificate chain and its key, read and judged
mod served; // what is shown right now, and how it changes

pub(crate) use authority::Authority;
pub(crate) use listener::{Protocols, server_config};
pub(crate) use pair::read_pair;
pub(crate) use served::Served;

#[cfg(test)]
mod tests;
