//! From a password to a session: each step is a type, so none can be skipped.

use std::marker::PhantomData;

use roadstead_model::PersonId;

use crate::Origin;

/// The password was right; a second factor may still be due.
#[derive(Debug)]
pub enum PasswordGiven {}
/// Everything that this person's log-in needs was given.
#[derive(Debug)]
pub enum Complete {}

/// A log-in on its way. Only the guard begins one, and only a complete one becomes a session.
#[must_use]
#[derive(Debug)]
pub struct Login<Step> {
    pub(crate) person: PersonId,
    pub(crate) origin: Origin,
    step: PhantomData<fn() -> Step>,
}

impl<Step> Login<Step> {
    pub(crate) fn reached(person: PersonId, origin: Origin) -> Self {
        Self { person, origin, step: PhantomData }
    }

    /// Who is signing in.
    pub fn person(&self) -> PersonId {
        self.person
    }

    /// From where.
    pub fn origin(&self) -> Origin {
        self.origin
    }
}
