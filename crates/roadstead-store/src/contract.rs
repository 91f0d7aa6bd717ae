//! The promises, as tests: each backend's tests call them with a fresh store.

pub mod audit; // who did what
pub mod catalog; // tenants, people, things, credentials, grants
pub mod site; // a claimed tenant, to keep promises to
