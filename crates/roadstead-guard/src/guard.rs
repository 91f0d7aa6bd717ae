//! The decision: who is calling, and may they?

use std::sync::Arc;

use roadstead_model::{
    Capability, Clock, Email, Grant, Name, Principal, Random, Resource, Timestamp,
};
use tokio::sync::Semaphore;

use crate::attempts::Attempts;
use crate::{
    BadPassword, Caller, Can, ClaimProof, Complete, Credential, CredentialKind, Denied, Facts,
    Keys, Login, Minted, Operator, Origin, PasswordGiven, PasswordHash, Permit, Refused, Scope,
    Secret,
};

/// As many passwords are hashed at once as there is memory and time for.
const HASHERS: usize = 2;
const WAITING: usize = 32;
/// No tree of places is deeper; a longer chain is a fault, and counts as no right.
const DEEPEST: usize = 64;

/// What the guard works with, all passed in.
pub struct Tools {
    /// What is so right now.
    pub facts: Arc<dyn Facts>,
    /// Keys for digests and passwords.
    pub keys: Keys,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
}

/// Decides. The only maker of callers, permits and scopes.
pub struct Guard {
    tools: Arc<Tools>,
    attempts: Attempts,
    hashers: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    decoy: PasswordHash,
}

impl Guard {
    /// Makes a guard that decides from these facts.
    pub fn new(tools: Tools) -> Self {
        let decoy = PasswordHash::make("nobody has this one", tools.keys.pepper(), &*tools.random);
        Self {
            tools: Arc::new(tools),
            attempts: Attempts::new(),
            hashers: Arc::new(Semaphore::new(HASHERS)),
            waiting: Arc::new(Semaphore::new(HASHERS + WAITING)),
            decoy,
        }
    }

    /// The present epoch: a permit of the same epoch needs no second look.
    pub fn epoch(&self) -> u64 {
        self.tools.facts.epoch()
    }

    /// The present instant, by the clock that decisions use.
    pub fn now(&self) -> Timestamp {
        self.tools.clock.now()
    }

    /// Lets in whoever presents a live token.
    pub fn by_token(&self, token: &Secret, origin: Origin) -> Result<Caller, Refused> {
        self.by_secret(token, CredentialKind::Token, origin)
    }

    /// Lets in whoever presents a token together with the id or name of its principal.
    pub fn by_name_and_token(
        &self,
        name: &str,
        token: &Secret,
        origin: Origin,
    ) -> Result<Caller, Refused> {
        let caller = self.by_token(token, origin)?;
        let principal = caller.principal();
        let by_id = name == principal.to_string() || name == principal.integer().to_string();
        let by_name = || self.tools.facts.called(principal).is_some_and(|called| called == name);
        if by_id || by_name() { Ok(caller) } else { Err(Refused::Invalid) }
    }

    /// Lets in whoever presents a live browser session.
    pub fn by_session(&self, cookie: &Secret, origin: Origin) -> Result<Caller, Refused> {
        self.by_secret(cookie, CredentialKind::Session, origin)
    }

    /// Begins a log-in with a one-time link. Whoever calls this then ends the link in the store.
    pub fn by_sign_in_link(
        &self,
        link: &Secret,
        origin: Origin,
    ) -> Result<(Login<Complete>, Caller), Refused> {
        let caller = self.by_secret(link, CredentialKind::SignInLink, origin)?;
        match caller.principal() {
            Principal::Person(person) => Ok((Login::reached(person, origin), caller)),
            Principal::Device(_) => Err(Refused::Invalid),
        }
    }

    fn by_secret(
        &self,
        secret: &Secret,
        kind: CredentialKind,
        origin: Origin,
    ) -> Result<Caller, Refused> {
        let digest = self.tools.keys.digest(secret.reveal());
        let found = self.tools.facts.credential_by_digest(&digest).ok_or(Refused::Invalid)?;
        let now = self.now();
        if found.kind != kind || !found.is_live(now) {
            return Err(Refused::Invalid);
        }
        self.tools.facts.touch(found.id, now);
        Ok(Caller::new(found.principal, found.id, kind, origin))
    }

    /// Begins a log-in with a password. Takes the same time whether or not the person exists.
    pub async fn by_password(
        &self,
        (email, tenant): (&Email, Option<&Name>),
        password: &Secret,
        origin: Origin,
    ) -> Result<Login<PasswordGiven>, Refused> {
        if !self.attempts.take(email.as_str(), origin.address) {
            return Err(Refused::TooMany);
        }
        let known = self.tools.facts.password(email, tenant);
        let hash = known.as_ref().map_or(&self.decoy, |known| &known.hash).clone();
        let text = Secret::presented(password.reveal());
        let tools = Arc::clone(&self.tools);
        let right = self.hashing(move || hash.matches(text.reveal(), tools.keys.pepper())).await?;
        match known {
            Some(known) if right => Ok(Login::reached(known.person, origin)),
            Some(_) | None => Err(Refused::Invalid),
        }
    }

    /// Completes a log-in that needs no second factor. Factors will stand between these two types.
    pub fn complete(&self, login: &Login<PasswordGiven>) -> Login<Complete> {
        Login::reached(login.person, login.origin)
    }

    /// Hashes a new password after checking the rules; `context` is what it must not be.
    pub async fn hash_password(
        &self,
        password: &Secret,
        context: &[&str],
    ) -> Result<Result<PasswordHash, BadPassword>, Refused> {
        if let Err(broken) = crate::password::keeps_the_rules(password.reveal(), context) {
            return Ok(Err(broken));
        }
        let text = Secret::presented(password.reveal());
        let tools = Arc::clone(&self.tools);
        let make = move || PasswordHash::make(text.reveal(), tools.keys.pepper(), &*tools.random);
        self.hashing(make).await.map(Ok)
    }

    async fn hashing<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refused> {
        let place = Arc::clone(&self.waiting).try_acquire_owned().map_err(|_| Refused::Busy)?;
        let turn = Arc::clone(&self.hashers).acquire_owned().await.map_err(|_| Refused::Busy)?;
        let taking_turns = move || {
            let done = work();
            drop((place, turn)); // given back by the work itself: a caller that left does not free them
            done
        };
        tokio::task::spawn_blocking(taking_turns).await.map_err(|_| Refused::Busy)
    }

    /// Makes a new secret behind a prefix.
    pub fn mint(&self, prefix: &str) -> Minted {
        let secret = Secret::random(prefix, &*self.tools.random);
        let digest = self.tools.keys.digest(secret.reveal());
        Minted { secret, digest }
    }

    /// Takes the text of a claim link. The store decides whether one waits with this digest.
    pub fn claim_proof(&self, text: &Secret) -> ClaimProof {
        ClaimProof::new(self.tools.keys.digest(text.reveal()))
    }

    /// Takes the word of the operating system that this user opened the operator's socket.
    pub const fn operator(&self, uid: u32) -> Operator {
        Operator::new(uid)
    }

    /// Says whether the caller may do `C` to the resource; the permit is the proof.
    pub fn permit<C: Can, R: Copy + Into<Resource>>(
        &self,
        caller: &Caller,
        resource: R,
    ) -> Result<Permit<C, R>, Denied> {
        let epoch = self.epoch();
        self.decide(caller, C::KIND, resource.into())?;
        Ok(Permit::new(caller.clone(), resource, epoch))
    }

    /// Looks again at a permit that is used for long; one comparison when nothing changed.
    pub fn renew<C: Can, R: Copy + Into<Resource>>(
        &self,
        permit: &mut Permit<C, R>,
    ) -> Result<(), Denied> {
        let epoch = self.epoch();
        if permit.is_fresh(epoch) {
            return Ok(());
        }
        self.decide(&permit.caller, C::KIND, permit.resource.into())?;
        permit.epoch = epoch;
        Ok(())
    }

    /// Says how far the caller's capability `C` reaches.
    pub fn scope<C: Can>(&self, caller: &Caller) -> Result<Scope<C>, Denied> {
        let epoch = self.epoch();
        let limit = self.live_credential(caller)?.limit;
        let mut roots = Vec::new();
        if limit & C::KIND.bit() != 0 {
            let grants = self.live_grants(caller.principal());
            let holding = grants.iter().filter(|grant| grant.role.mask() & C::KIND.bit() != 0);
            roots.extend(holding.map(|grant| grant.resource));
            if let Principal::Device(device) = caller.principal()
                && OWN & C::KIND.bit() != 0
            {
                roots.push(Resource::Device(device));
            }
        }
        Ok(Scope::new(caller.clone(), roots, epoch))
    }

    fn live_credential(&self, caller: &Caller) -> Result<Credential, Denied> {
        let found = self.tools.facts.credential(caller.credential()).ok_or(Denied::Ended)?;
        if found.is_live(self.now()) { Ok(found) } else { Err(Denied::Ended) }
    }

    fn decide(&self, caller: &Caller, wanted: Capability, node: Resource) -> Result<(), Denied> {
        let limit = self.live_credential(caller)?.limit;
        if node.tenant() != caller.tenant() || !self.tools.facts.exists(node) {
            return Err(Denied::Unseen);
        }
        let held = self.rights(caller.principal(), node) & limit;
        if held & wanted.bit() != 0 {
            return Ok(());
        }
        let seen = held & Capability::Read.bit() != 0;
        Err(if seen { Denied::Forbidden(wanted) } else { Denied::Unseen })
    }

    fn live_grants(&self, principal: Principal) -> Vec<Grant> {
        let now = self.now();
        let mut grants = self.tools.facts.grants(principal);
        grants.retain(|grant| grant.expires.is_none_or(|end| now < end));
        // No store keeps such a grant; if one did, it would still reach nothing.
        grants.retain(|grant| grant.resource.tenant() == principal.tenant());
        grants
    }

    /// The mask of all that a principal may do to a node: each grant counts whole, by itself.
    fn rights(&self, principal: Principal, node: Resource) -> u8 {
        let grants = self.live_grants(principal);
        let mut at = Some(node);
        let mut held = 0;
        for _ in 0..DEEPEST {
            let Some(place) = at else { return held };
            held |= granted(&grants, place) | own(principal, place);
            at = self.tools.facts.parent(place);
        }
        0
    }
}

/// A device sees itself and writes for itself, with no grant.
const OWN: u8 = Capability::Read.bit() | Capability::Write.bit();

fn own(principal: Principal, place: Resource) -> u8 {
    match (principal, place) {
        (Principal::Device(device), Resource::Device(node)) if device == node => OWN,
        (Principal::Device(_) | Principal::Person(_), _) => 0,
    }
}

fn granted(grants: &[Grant], place: Resource) -> u8 {
    let here = grants.iter().filter(|grant| grant.resource == place);
    here.fold(0, |mask, grant| mask | grant.role.mask())
}

#[cfg(test)]
mod tests;
