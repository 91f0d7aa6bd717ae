//! The promises, as tests: each backend's tests call them with a fresh store.
