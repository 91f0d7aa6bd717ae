//! What the platform does: one file or folder per noun, each verb with a permit in hand.

mod deeds; // a change is recorded before it is done
mod error; // what can go wrong, for every door
mod people; // signing in, tokens, invitations, grants
mod tenants; // claims
mod things; // spaces, assets, types, devices, sensors

pub use deeds::Deeds;
pub use error::ServiceError;
pub use people::{Issued, NewToken, People, TOKEN_PREFIX};
pub use tenants::{CLAIM_WAITS, Invitation, Tenants};
pub use things::Things;
