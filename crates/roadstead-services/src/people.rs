//! People: signing in and out, one's own tokens, invitations and grants.

use std::sync::Arc;
use std::time::Duration;

use roadstead_guard::{
    Audit, Caller, Complete, Credential, CredentialKind, Denied, Guard, Login, Manage, Operator,
    Origin, Permit, Refused, Secret,
};
use roadstead_model::{
    Capability, CredentialId, DeviceId, Email, Grant, GrantId, Name, Person, PersonId, Principal,
    Resource, Role, TenantId, Timestamp,
};
use roadstead_store::{Authority, Catalog, NewCredential, NewGrant, StoreError};
use serde_json::json;

use crate::{Deeds, ServiceError};

/// How long a browser stays signed in at most.
const SESSION: Duration = Duration::from_hours(12);
/// How long a one-time sign-in link waits.
const LINK: Duration = Duration::from_hours(1);
/// How long a token lives at most: ten years.
const LONGEST_TOKEN: Duration = Duration::from_hours(10 * 366 * 24);
const EVERYTHING: u8 = u8::MAX;

/// What every token begins with, so that secret scanners find it.
pub const TOKEN_PREFIX: &str = "rst";
const SESSION_PREFIX: &str = "rss";
const LINK_PREFIX: &str = "rsl";

/// A new credential with its secret, to be shown once.
#[derive(Debug)]
pub struct Issued {
    /// What was made.
    pub credential: Credential,
    /// The secret's text.
    pub secret: Secret,
}

/// A token to be made.
#[derive(Debug)]
pub struct NewToken {
    /// What its holder calls it.
    pub label: String,
    /// When it ends, if it does.
    pub expires: Option<Timestamp>,
    /// The capabilities it is limited to; `None` for all that its principal has.
    pub only: Option<Vec<Capability>>,
}

/// What the platform does for people, and with credentials.
pub struct People {
    guard: Arc<Guard>,
    catalog: Arc<dyn Catalog>,
    deeds: Deeds,
}

impl People {
    /// Makes the service.
    pub fn new(guard: Arc<Guard>, catalog: Arc<dyn Catalog>, deeds: Deeds) -> Self {
        Self { guard, catalog, deeds }
    }

    /// Signs a person in with a password; the secret is for the browser's cookie.
    pub async fn sign_in(
        &self,
        who: (&Email, Option<&Name>),
        password: &Secret,
        origin: Origin,
    ) -> Result<Issued, ServiceError> {
        let login = self.log_in(who, password, origin).await?;
        self.open_session(&login).await
    }

    /// Makes a token for a program of the person who gives the password.
    pub async fn token_by_password(
        &self,
        who: (&Email, Option<&Name>),
        password: &Secret,
        origin: Origin,
        token: NewToken,
    ) -> Result<Issued, ServiceError> {
        let login = self.log_in(who, password, origin).await?;
        let (new, secret) = self.new_token(token)?;
        let entry = self.deeds.by_nobody(origin, "token.create");
        let mut entry = entry.saying(json!({ "label": new.label, "by": "password" }));
        entry.tenant = Some(login.person().tenant());
        entry.principal = Some(Principal::Person(login.person()));
        let credential = self
            .deeds
            .perform(entry, self.catalog.add_credential(Authority::Login(&login), new))
            .await?;
        Ok(Issued { credential, secret })
    }

    async fn log_in(
        &self,
        who: (&Email, Option<&Name>),
        password: &Secret,
        origin: Origin,
    ) -> Result<Login<Complete>, ServiceError> {
        match self.guard.by_password(who, password, origin).await {
            Ok(given) => Ok(self.guard.complete(&given)),
            Err(refused @ (Refused::TooMany | Refused::Busy)) => Err(refused.into()),
            Err(refused @ Refused::Invalid) => {
                let entry = self.deeds.by_nobody(origin, "person.sign-in");
                let entry = entry.saying(json!({ "email": who.0, "reason": refused.to_string() }));
                self.deeds.refused(entry).await?;
                Err(refused.into())
            }
        }
    }

    /// Signs a person in with a one-time link, which ends by it.
    pub async fn sign_in_by_link(
        &self,
        link: &Secret,
        origin: Origin,
    ) -> Result<Issued, ServiceError> {
        let (login, caller) = self.guard.by_sign_in_link(link, origin)?;
        let used = self.catalog.end_credential(Authority::Own(&caller), caller.credential()).await;
        used.map_err(|error| match error {
            StoreError::Missing(_) => Refused::Invalid.into(), // a second use at the same moment
            other => ServiceError::from(other),
        })?;
        self.open_session(&login).await
    }

    async fn open_session(&self, login: &Login<Complete>) -> Result<Issued, ServiceError> {
        let now = self.deeds.now();
        let minted = self.guard.mint(SESSION_PREFIX);
        let new = NewCredential {
            kind: CredentialKind::Session,
            digest: minted.digest,
            label: "browser".into(),
            now,
            expires: Some(now.after(SESSION)),
            limit: EVERYTHING,
        };
        let mut entry = self.deeds.by_nobody(login.origin(), "person.sign-in");
        entry.tenant = Some(login.person().tenant());
        entry.principal = Some(Principal::Person(login.person()));
        let credential = self
            .deeds
            .perform(entry, self.catalog.add_credential(Authority::Login(login), new))
            .await?;
        Ok(Issued { credential, secret: minted.secret })
    }

    /// Ends the session or token that the caller came with.
    pub async fn sign_out(&self, caller: &Caller) -> Result<(), ServiceError> {
        self.end_own(caller, caller.credential()).await
    }

    /// Ends one of the caller's own sessions or tokens.
    pub async fn end_own(&self, caller: &Caller, id: CredentialId) -> Result<(), ServiceError> {
        let entry = self.deeds.by(caller, "credential.end").saying(json!({ "credential": id }));
        self.deeds.perform(entry, self.catalog.end_credential(Authority::Own(caller), id)).await
    }

    /// Makes a token for the caller's own programs. A device cannot make itself another.
    pub async fn create_own_token(
        &self,
        caller: &Caller,
        token: NewToken,
    ) -> Result<Issued, ServiceError> {
        let Principal::Person(_) = caller.principal() else {
            return Err(ServiceError::Invalid(
                "a device's tokens are made by who manages it".into(),
            ));
        };
        let (mut new, secret) = self.new_token(token)?;
        let own = self.catalog.directory().own_credentials(caller);
        let own = own.iter().find(|row| row.id == caller.credential());
        let own = own.ok_or(ServiceError::Denied(Denied::Ended))?;
        new.limit &= own.limit; // a limited token cannot make a less limited one
        if let Some(end) = own.expires.filter(|_| own.kind == CredentialKind::Token) {
            if new.expires.is_some_and(|wanted| wanted > end) {
                let why =
                    format!("a token cannot outlive the one that makes it, which ends at {end}");
                return Err(ServiceError::Invalid(format!(
                    "{why}: sign in with a browser to make it"
                )));
            }
            new.expires = Some(end);
        }
        let entry = self.deeds.by(caller, "token.create").saying(json!({ "label": new.label }));
        let by = Authority::Own(caller);
        let credential = self.deeds.perform(entry, self.catalog.add_credential(by, new)).await?;
        Ok(Issued { credential, secret })
    }

    /// Makes a further token of the permitted device.
    pub async fn create_device_token(
        &self,
        permit: &Permit<Manage, DeviceId>,
        token: NewToken,
    ) -> Result<Issued, ServiceError> {
        let (mut new, secret) = self.new_token(token)?;
        new.limit &= self.catalog.directory().own_limit(permit.caller());
        for grant in self.catalog.directory().grants_held(permit) {
            self.holds_as_much(permit.caller(), grant.resource, grant.role)?;
        }
        let entry = self.deeds.by(permit.caller(), "token.create").on(permit.resource());
        let entry = entry.saying(json!({ "label": new.label }));
        let by = Authority::Device(permit);
        let credential = self.deeds.perform(entry, self.catalog.add_credential(by, new)).await?;
        Ok(Issued { credential, secret })
    }

    /// Ends a token of the permitted device; its connections end within a second.
    pub async fn end_device_token(
        &self,
        permit: &Permit<Manage, DeviceId>,
        id: CredentialId,
    ) -> Result<(), ServiceError> {
        let entry = self.deeds.by(permit.caller(), "credential.end").on(permit.resource());
        let entry = entry.saying(json!({ "credential": id }));
        self.deeds.perform(entry, self.catalog.end_credential(Authority::Device(permit), id)).await
    }

    fn new_token(&self, token: NewToken) -> Result<(NewCredential, Secret), ServiceError> {
        let now = self.deeds.now();
        if token.label.chars().count() > 64 || token.label.chars().any(char::is_control) {
            return Err(ServiceError::Invalid(
                "a label has at most 64 printable characters".into(),
            ));
        }
        let latest = now.after(LONGEST_TOKEN);
        if token.expires.is_some_and(|end| end <= now || end > latest) {
            return Err(ServiceError::Invalid(
                "a token ends in the future, within ten years".into(),
            ));
        }
        let limit =
            token.only.map_or(EVERYTHING, |only| only.iter().fold(0, |mask, one| mask | one.bit()));
        let minted = self.guard.mint(TOKEN_PREFIX);
        let new = NewCredential {
            kind: CredentialKind::Token,
            digest: minted.digest,
            label: token.label,
            now,
            expires: token.expires,
            limit,
        };
        Ok((new, minted.secret))
    }

    /// Makes a person of the permitted tenant, with a one-time link to sign in for the first time.
    pub async fn invite(
        &self,
        permit: &Permit<Manage, TenantId>,
        email: Email,
    ) -> Result<(Person, Secret), ServiceError> {
        let entry = self.deeds.by(permit.caller(), "person.invite").on(permit.resource());
        let entry = entry.saying(json!({ "email": email }));
        let made = self.catalog.add_person(permit, email, self.deeds.now());
        let person = self.deeds.perform(entry, made).await?;
        let (new, secret) = self.new_link();
        self.catalog.add_credential(Authority::Person(permit, person.id), new).await?;
        Ok((person, secret))
    }

    /// Hands the operator a one-time sign-in link for an owner; that tenant's audit log shows it.
    pub async fn sign_in_link(
        &self,
        operator: Operator,
        person: PersonId,
    ) -> Result<Secret, ServiceError> {
        let (new, secret) = self.new_link();
        let mut entry = self.deeds.by_operator(operator, "person.sign-in-link");
        entry.tenant = Some(person.tenant());
        let by = Authority::Operator(operator, person);
        self.deeds.perform(entry, self.catalog.add_credential(by, new)).await?;
        Ok(secret)
    }

    /// The owners that the operator can make a link for.
    pub fn owners(&self, operator: Operator) -> Vec<(Name, Person)> {
        self.catalog.directory().owners(operator)
    }

    fn new_link(&self) -> (NewCredential, Secret) {
        let now = self.deeds.now();
        let minted = self.guard.mint(LINK_PREFIX);
        let new = NewCredential {
            kind: CredentialKind::SignInLink,
            digest: minted.digest,
            label: "one-time link".into(),
            now,
            expires: Some(now.after(LINK)),
            limit: 0, // it signs in, and may do nothing by itself
        };
        (new, minted.secret)
    }

    /// Sets the caller's own password; other sessions of theirs end.
    ///
    /// Only somebody who signed in can do this, and who has a password gives it again: a
    /// token that fell into wrong hands must not become the whole account.
    pub async fn set_password(
        &self,
        caller: &Caller,
        (current, new): (Option<&Secret>, &Secret),
    ) -> Result<(), ServiceError> {
        let directory = self.catalog.directory();
        let person = directory.person_of(caller).ok_or(ServiceError::Missing("person"))?;
        if caller.credential_kind() != CredentialKind::Session {
            return Err(ServiceError::Invalid("sign in with a browser to set a password".into()));
        }
        if directory.has_password(caller) {
            let tenant = directory.tenant_of(caller).ok_or(ServiceError::Missing("tenant"))?;
            let nothing = Secret::presented("");
            let who = (&person.email, Some(&tenant.name));
            let login = self.log_in(who, current.unwrap_or(&nothing), caller.origin()).await?;
            if Principal::Person(login.person()) != caller.principal() {
                return Err(Refused::Invalid.into());
            }
        }
        let hash = self.guard.hash_password(new, &[person.email.as_str()]).await??;
        let entry = self.deeds.by(caller, "person.set-password");
        self.deeds.perform(entry, self.catalog.set_password(caller, hash, self.deeds.now())).await
    }

    /// Gives a role on the permitted resource and all below it.
    pub async fn grant(
        &self,
        permit: &Permit<Manage, Resource>,
        (principal, role): (Principal, Role),
        expires: Option<Timestamp>,
        reason: String,
    ) -> Result<Grant, ServiceError> {
        if principal.tenant() != permit.tenant() {
            return Err(ServiceError::Missing("principal"));
        }
        self.holds_as_much(permit.caller(), permit.resource(), role)?;
        let entry = self.deeds.by(permit.caller(), "grant.give").on(permit.resource());
        let entry =
            entry.saying(json!({ "to": principal.to_string(), "role": role, "reason": reason }));
        let new = NewGrant { principal, role, expires, reason };
        self.deeds.perform(entry, self.catalog.grant(permit, new)).await
    }

    /// Nobody gives more than they have.
    fn holds_as_much(
        &self,
        caller: &Caller,
        node: Resource,
        role: Role,
    ) -> Result<(), ServiceError> {
        use roadstead_guard::{Actuate, Export, Read, Share, Update, Write};
        for capability in role.capabilities() {
            match capability {
                Capability::Read => drop(self.guard.permit::<Read, _>(caller, node)?),
                Capability::Write => drop(self.guard.permit::<Write, _>(caller, node)?),
                Capability::Actuate => drop(self.guard.permit::<Actuate, _>(caller, node)?),
                Capability::Update => drop(self.guard.permit::<Update, _>(caller, node)?),
                Capability::Manage => drop(self.guard.permit::<Manage, _>(caller, node)?),
                Capability::Share => drop(self.guard.permit::<Share, _>(caller, node)?),
                Capability::Export => drop(self.guard.permit::<Export, _>(caller, node)?),
                Capability::Audit => drop(self.guard.permit::<Audit, _>(caller, node)?),
            }
        }
        Ok(())
    }

    /// Ends a grant on the permitted resource.
    pub async fn end_grant(
        &self,
        permit: &Permit<Manage, Resource>,
        id: GrantId,
    ) -> Result<(), ServiceError> {
        let given = self.catalog.directory().grants_on(permit);
        if let Some(grant) = given.iter().find(|grant| grant.id == id) {
            self.holds_as_much(permit.caller(), permit.resource(), grant.role)?;
        }
        let entry = self.deeds.by(permit.caller(), "grant.end").on(permit.resource());
        let entry = entry.saying(json!({ "grant": id }));
        self.deeds.perform(entry, self.catalog.end_grant(permit, id)).await
    }

    /// Writes down that a credential was sent where everyone on the way could read it.
    pub async fn credential_exposed(&self, origin: Origin) {
        let entry = self.deeds.by_nobody(origin, "credential.exposed");
        if let Err(error) = self.deeds.refused(entry).await {
            tracing::error!(%error, "could not record an exposed credential");
        }
    }

    /// The newest audit entries of the permitted tenant.
    pub async fn audit_log(
        &self,
        permit: &Permit<Audit, TenantId>,
        limit: usize,
    ) -> Result<Vec<serde_json::Value>, ServiceError> {
        Ok(self.deeds.log().recent(permit, limit).await?)
    }
}
