//! Credentials, passwords and grants.

use std::time::Duration;

use roadstead_guard::{
    Caller, CredentialKind, Denied, Facts, Manage, Minted, Read, Refused, Secret, Write,
};
use roadstead_model::{Capability, Principal, Resource, Role};

use crate::contract::site::{Open, PASSWORD, Site, credential, origin, sign_in};
use crate::{Authority, NewCredential, NewGrant, StoreError};

fn missing<T: std::fmt::Debug>(answer: &Result<T, StoreError>) {
    assert!(matches!(answer, Err(StoreError::Missing(_))), "{answer:?}");
}

fn in_use<T: std::fmt::Debug>(answer: &Result<T, StoreError>) {
    assert!(matches!(answer, Err(StoreError::InUse(_))), "{answer:?}");
}

fn token(site: &Site) -> (NewCredential, Minted) {
    let minted = site.guard.mint("rst");
    (credential(CredentialKind::Token, &minted, site.now()), minted)
}

/// A token works at once and ends at once; the permits that it gave end with it.
pub async fn a_token_works_until_it_is_ended(open: Open<'_>) {
    let site = Site::new(open).await;
    let pump = site.device(&site.root(), "pump").await.expect("free").id;
    let (new, minted) = token(&site);
    let by = site.permit(pump);
    let made = site.catalog.add_credential(Authority::Device(&by), new).await.expect("made");
    let caller = site.guard.by_token(&minted.secret, origin()).expect("live at once");
    let mut writing = site.guard.permit::<Write, _>(&caller, pump).expect("a device writes");
    let foreign = site.device(&site.root(), "other").await.expect("free").id;
    let foreign = site.permit(foreign);
    missing(&site.catalog.end_credential(Authority::Device(&foreign), made.id).await);
    site.catalog.end_credential(Authority::Device(&by), made.id).await.expect("its own");
    assert_eq!(site.guard.renew(&mut writing), Err(Denied::Ended));
    let again = site.guard.by_token(&minted.secret, origin());
    assert_eq!(again.map(|_| ()), Err(Refused::Invalid));
    missing(&site.catalog.end_credential(Authority::Device(&by), made.id).await);
    let site = site.restarted(open).await;
    let again = site.guard.by_token(&minted.secret, origin());
    assert_eq!(again.map(|_| ()), Err(Refused::Invalid), "and not after a restart");
}

/// What is made with a limited token is limited alike, and an ended one makes nothing.
pub async fn a_limited_token_makes_no_stronger_one(open: Open<'_>) {
    let site = Site::new(open).await;
    let (new, minted) = token(&site);
    let limited = NewCredential { limit: Capability::Read.bit(), ..new };
    let made = site.catalog.add_credential(Authority::Own(&site.owner), limited).await;
    let made = made.expect("everyone makes their own");
    let reader = site.guard.by_token(&minted.secret, origin()).expect("live");
    let (new, minted) = token(&site);
    let child = site.catalog.add_credential(Authority::Own(&reader), new).await.expect("made");
    assert_eq!(child.limit, Capability::Read.bit());
    let child = site.guard.by_token(&minted.secret, origin()).expect("live");
    let managing = site.guard.permit::<Manage, _>(&child, site.tenant.id);
    assert_eq!(managing.map(|_| ()), Err(Denied::Forbidden(Capability::Manage)));
    site.catalog.end_credential(Authority::Own(&site.owner), made.id).await.expect("own");
    missing(&site.catalog.add_credential(Authority::Own(&reader), token(&site).0).await);
}

/// Who manages or operates can send a person a link, but never hold their token or session.
pub async fn nobody_makes_a_credential_in_another_persons_name(open: Open<'_>) {
    let site = Site::new(open).await;
    let other = site.neighbour("Lagoon").await;
    let (vera, session) =
        site.person("vera@harbour.example", Role::Viewer, site.tenant.id.into()).await;
    let tenant = site.permit(site.tenant.id);
    for kind in [CredentialKind::Token, CredentialKind::Session, CredentialKind::Password] {
        let (new, _) = token(&site);
        let new = || NewCredential { kind, ..new.clone() };
        in_use(&site.catalog.add_credential(Authority::Person(&tenant, vera), new()).await);
        let operator = Authority::Operator(site.guard.operator(0), vera);
        in_use(&site.catalog.add_credential(operator, new()).await);
        if kind != CredentialKind::Token {
            in_use(&site.catalog.add_credential(Authority::Own(&session), new()).await);
        }
    }
    let link = || NewCredential { kind: CredentialKind::SignInLink, ..token(&site).0 };
    let there = other.permit(other.tenant.id);
    missing(&site.catalog.add_credential(Authority::Person(&there, vera), link()).await);
    missing(&site.catalog.end_credential(Authority::Own(&session), site.owner.credential()).await);
}

/// A new password replaces the old one, ends one's other sessions, and keeps one's tokens.
pub async fn a_new_password_ends_other_sessions(open: Open<'_>) {
    let site = Site::new(open).await;
    let (email, at) = (&site.person.email, &site.tenant.name);
    let elsewhere = site.session(&sign_in(&site.guard, email, at, PASSWORD).await).await;
    let (new, program) = token(&site);
    site.catalog.add_credential(Authority::Own(&site.owner), new).await.expect("made");
    let next = "a quiet tide at midnight";
    let hash = site.guard.hash_password(&Secret::presented(next), &[]).await;
    let hash = hash.expect("room").expect("keeps the rules");
    site.catalog.set_password(&site.owner, hash.clone(), site.now()).await.expect("set");
    assert!(may_look(&site, &site.owner), "the session that set it stays");
    assert!(!may_look(&site, &elsewhere), "others end");
    site.guard.by_token(&program.secret, origin()).expect("tokens stay");
    missing(&site.catalog.set_password(&elsewhere, hash, site.now()).await);
    let site = site.restarted(open).await;
    let (email, at) = (&site.person.email, &site.tenant.name);
    let _login = sign_in(&site.guard, email, at, next).await;
    let old = Secret::presented(PASSWORD);
    let old = site.guard.by_password((email, Some(at)), &old, origin()).await;
    assert_eq!(old.map(|_| ()), Err(Refused::Invalid));
    let held = site.catalog.directory().own_credentials(&site.owner);
    let password = held.iter().find(|row| row.kind == CredentialKind::Password).expect("there");
    in_use(&site.catalog.end_credential(Authority::Own(&site.owner), password.id).await);
}

fn may_look(site: &Site, caller: &Caller) -> bool {
    site.guard.permit::<Read, _>(caller, site.tenant.id).is_ok()
}

/// An invited person has no password until they set one.
pub async fn an_invited_person_sets_a_first_password(open: Open<'_>) {
    let site = Site::new(open).await;
    let (_, vera) = site.person("vera@harbour.example", Role::Viewer, site.tenant.id.into()).await;
    let hash = site.guard.hash_password(&Secret::presented(PASSWORD), &[]).await;
    let hash = hash.expect("room").expect("keeps the rules");
    site.catalog.set_password(&vera, hash, site.now()).await.expect("set");
    let email = "vera@harbour.example".parse().expect("an address");
    let _login = sign_in(&site.guard, &email, &site.tenant.name, PASSWORD).await;
    let site = site.restarted(open).await;
    let _login = sign_in(&site.guard, &email, &site.tenant.name, PASSWORD).await;
}

/// Settling writes uses down to the minute, without a new epoch, and drops what has ended.
pub async fn settling_writes_uses_down_and_drops_what_ended(open: Open<'_>) {
    let site = Site::new(open).await;
    let pump = site.device(&site.root(), "pump").await.expect("free").id;
    let (new, minted) = token(&site);
    let hour = site.now().after(Duration::from_hours(1));
    let short = NewCredential { expires: Some(hour), ..new };
    let by = site.permit(pump);
    let short = site.catalog.add_credential(Authority::Device(&by), short).await.expect("made");
    let caller = site.device_caller(pump).await;
    let give = NewGrant {
        principal: Principal::Device(pump),
        role: Role::Viewer,
        expires: Some(hour),
        reason: "for an hour".to_owned(),
    };
    site.catalog.grant(&site.root(), give).await.expect("there");
    site.guard.by_token(&minted.secret, origin()).expect("live");
    site.clock.advance(Duration::from_secs(90));
    let epoch = site.guard.epoch();
    site.catalog.settle(site.now()).await.expect("settled");
    assert_eq!(site.guard.epoch(), epoch, "a use makes no decision stale");
    let known = site.catalog.directory().credential(short.id).expect("live");
    let used = known.last_used.expect("it was used");
    assert_eq!((used.micros() % 60_000_000, used <= short.created), (0, true));
    let site = site.restarted(open).await;
    let kept = site.catalog.directory().credential(short.id).expect("live");
    assert_eq!(kept.last_used, Some(used), "uses outlive a restart");
    site.clock.advance(Duration::from_hours(1));
    let epoch = site.guard.epoch();
    site.catalog.settle(site.now()).await.expect("settled");
    assert!(site.guard.epoch() > epoch, "an end makes decisions stale");
    let check = |site: &Site| {
        let known = site.catalog.directory();
        assert!(known.credential(short.id).is_none());
        assert!(known.credential(caller.credential()).is_some());
        assert!(known.grants(Principal::Device(pump)).is_empty());
    };
    check(&site);
    check(&site.restarted(open).await);
}

/// A grant counts from the moment it is given to the moment it is ended, in its own tenant.
pub async fn a_grant_counts_until_it_is_ended(open: Open<'_>) {
    let site = Site::new(open).await;
    let other = site.neighbour("Lagoon").await;
    let pump = site.device(&site.root(), "pump").await.expect("free").id;
    let (vera, session) = site.person("vera@harbour.example", Role::Viewer, pump.into()).await;
    let mut looking = site.guard.permit::<Read, _>(&session, pump).expect("granted");
    missing(&other.give(Principal::Person(vera), Role::Owner, other.tenant.id.into()).await);
    let grant = site.catalog.directory().grants(Principal::Person(vera)).remove(0);
    missing(&site.catalog.end_grant(&site.root(), grant.id).await);
    missing(&other.catalog.end_grant(&other.root(), grant.id).await);
    let on_pump = site.permit(Resource::Device(pump));
    site.catalog.end_grant(&on_pump, grant.id).await.expect("given on it");
    assert_eq!(site.guard.renew(&mut looking), Err(Denied::Unseen));
    missing(&site.catalog.end_grant(&on_pump, grant.id).await);
    let site = site.restarted(open).await;
    assert!(site.catalog.directory().grants(Principal::Person(vera)).is_empty());
}

/// A tenant keeps an owner: the last lasting owner's grant does not end.
pub async fn a_tenant_keeps_an_owner(open: Open<'_>) {
    let site = Site::new(open).await;
    let first = site.catalog.directory().grants_on(&site.root()).remove(0);
    in_use(&site.catalog.end_grant(&site.root(), first.id).await);
    let (vera, _) = site.person("vera@harbour.example", Role::Owner, site.tenant.id.into()).await;
    let root = site.root();
    site.catalog.end_grant(&root, first.id).await.expect("there is another owner now");
    let held = site.catalog.directory().grants(Principal::Person(vera));
    in_use(&site.catalog.end_grant(&root, held[0].id).await);
}
