//! The promises, as tests: each backend's tests call them with a fresh store.

pub mod audit; // who did what
pub mod catalog; // tenants, people, things, credentials, grants
pub mod site; // a claimed tenant, to keep promises to
pub mod fleet; // devices that may measure
pub mod measurements; // series of values
pub mod sessions; // what an MQTT session must not forget
