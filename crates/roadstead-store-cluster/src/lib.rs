//! PostgreSQL, NATS JetStream and S3-compatible storage: for when one machine is not enough.
//!
//! This room is empty until the first of these backends passes the contract suite of
//! `roadstead_store::contract`; nothing here pretends to be one.
