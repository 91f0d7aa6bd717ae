//! The real binary from outside: see `tests/outside`.
