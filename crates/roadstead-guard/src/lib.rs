//! Who are you, and may you? The only maker of a [`Caller`] and of a [`Permit`].
//!
//! What the guard needs to know it states as [`Facts`]; the stores implement them.
//! Every verb that reads or changes a tenant's data takes a permit and acts on the
//! resource inside it, so that a forgotten check does not compile.

mod credential; // what proves a caller
mod secret; // 256 bits, shown once, kept as a digest
mod password; // Argon2id with a pepper
mod login; // from a password to a session, step by step
mod attempts; // how often one may guess
mod caller; // a principal as it stands before us now
mod capability; // what can be done, as types
mod facts; // what the guard must know
mod guard; // the decision
mod permit; // the proof that the guard said yes
mod denied; // why not

pub use caller::{Caller, Door, Operator, Origin};
pub use capability::{Actuate, Audit, Can, Export, Manage, Read, Share, Update, Write};
pub use credential::{Credential, CredentialKind};
pub use denied::{Denied, Refused};
pub use facts::{Facts, PasswordFact};
pub use guard::{Guard, Tools};
pub use login::{Complete, Login, PasswordGiven};
pub use password::{BadPassword, PasswordHash};
pub use permit::{Permit, Scope};
pub use secret::{ClaimProof, Digest, Keys, Minted, Secret};
