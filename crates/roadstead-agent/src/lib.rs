//! The device's side: outbound only, store and forward, declared jobs, A/B updates.
//!
//! This room is empty until the first job type is declared.
