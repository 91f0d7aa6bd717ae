//! Time and randomness are passed in, so that tests can move the one and fix the other.

use crate::Timestamp;

/// Tells the time. The binary passes the system's; tests pass one moved by hand.
pub trait Clock: Send + Sync {
    /// Tells the present instant.
    fn now(&self) -> Timestamp;
}

/// Gives random bytes that nobody can guess.
pub trait Random: Send + Sync {
    /// Fills the buffer. Never returns fewer or weaker bytes: a source that fails ends the process.
    fn fill(&self, buffer: &mut [u8]);
}
