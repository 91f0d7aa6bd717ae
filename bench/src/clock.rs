//! The real time, which the measurements carry.

use jiff::Timestamp;

/// Says what time it is.
#[expect(clippy::disallowed_methods, reason = "a load is sent now; no test moves its time")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
