//! The decision against a naive reading of the rules.
