//! The decision against a naive reading of the rules.

mod world; // facts that a test makes up

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use proptest::prelude::*;
use roadstead_model::{
    Capability, Clock, CredentialId, DeviceId, Grant, PersonId, Principal, Random, Resource, Role,
    Timestamp,
};

use super::*;
use crate::{Actuate, Audit, Door, Export, Manage, PasswordFact, Read, Share, Update, Write};
use world::{Swap, World, tenant};

const ORIGIN: Origin = Origin { address: None, door: Door::Https };

struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        at(self.0.load(Ordering::SeqCst))
    }
}

struct Counting(AtomicI64);

impl Random for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        let next = self.0.fetch_add(1, Ordering::SeqCst).to_le_bytes();
        buffer.iter_mut().zip(next.iter().cycle()).for_each(|(byte, next)| *byte = *next);
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000).unwrap()
}

/// A guard whose facts and time a test changes at will.
struct Bench {
    guard: Guard,
    facts: Arc<Swap>,
    clock: Arc<HandClock>,
}

impl Bench {
    fn new(world: World) -> Self {
        let facts = Arc::new(Swap::new(world));
        let clock = Arc::new(HandClock(AtomicI64::new(0)));
        let keys = Keys::new(&[3; 32], [4; 32]);
        let random = Arc::new(Counting(AtomicI64::new(1)));
        let tools =
            Tools { facts: Arc::clone(&facts) as _, keys, clock: Arc::clone(&clock) as _, random };
        Self { guard: Guard::new(tools), facts, clock }
    }

    fn answer(&self, caller: &Caller, wanted: Capability, node: Resource) -> Result<(), Denied> {
        fn ask<C: Can>(guard: &Guard, caller: &Caller, node: Resource) -> Result<(), Denied> {
            let permit = guard.permit::<C, _>(caller, node)?;
            assert_eq!(permit.resource(), node);
            Ok(())
        }
        match wanted {
            Capability::Read => ask::<Read>(&self.guard, caller, node),
            Capability::Write => ask::<Write>(&self.guard, caller, node),
            Capability::Actuate => ask::<Actuate>(&self.guard, caller, node),
            Capability::Update => ask::<Update>(&self.guard, caller, node),
            Capability::Manage => ask::<Manage>(&self.guard, caller, node),
            Capability::Share => ask::<Share>(&self.guard, caller, node),
            Capability::Export => ask::<Export>(&self.guard, caller, node),
            Capability::Audit => ask::<Audit>(&self.guard, caller, node),
        }
    }

    fn reaches(&self, caller: &Caller, node: Resource) -> [bool; 8] {
        fn ask<C: Can>(bench: &Bench, caller: &Caller, node: Resource) -> bool {
            let lineage = std::iter::successors(Some(node), |at| bench.facts.parent(*at));
            bench.guard.scope::<C>(caller).is_ok_and(|scope| scope.reaches(lineage))
        }
        [
            ask::<Read>(self, caller, node),
            ask::<Write>(self, caller, node),
            ask::<Actuate>(self, caller, node),
            ask::<Update>(self, caller, node),
            ask::<Manage>(self, caller, node),
            ask::<Share>(self, caller, node),
            ask::<Export>(self, caller, node),
            ask::<Audit>(self, caller, node),
        ]
    }
}

fn caller_of(principal: Principal, credential: CredentialId) -> Caller {
    Caller::new(principal, credential, CredentialKind::Token, ORIGIN)
}

/// What the rules say, read word by word and without a bit mask.
fn naive(
    world: &World,
    (principal, credential): (Principal, CredentialId),
    (wanted, node): (Capability, Resource),
    now: Timestamp,
) -> Result<(), Denied> {
    let shown = world.credentials.iter().find(|row| row.id == credential);
    let Some(shown) = shown.filter(|row| row.expires.is_none_or(|end| end > now)) else {
        return Err(Denied::Ended);
    };
    if !world.nodes.contains(&node) || node.tenant() != principal.tenant() {
        return Err(Denied::Unseen);
    }
    let above = world.lineage(node);
    let may = |wanted: Capability| {
        let limited =
            shown.limit & (1 << Capability::ALL.iter().position(|it| *it == wanted).unwrap()) == 0;
        let granted = world.grants.iter().any(|grant| {
            grant.principal == principal
                && grant.role.capabilities().contains(&wanted)
                && above.contains(&grant.resource)
                && grant.expires.is_none_or(|end| end > now)
        });
        let itself = match principal {
            Principal::Device(device) => above.contains(&Resource::Device(device)),
            Principal::Person(_) => false,
        };
        let own = itself && matches!(wanted, Capability::Read | Capability::Write);
        !limited && (granted || own)
    };
    if may(wanted) {
        return Ok(());
    }
    Err(if may(Capability::Read) { Denied::Forbidden(wanted) } else { Denied::Unseen })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn the_decision_is_what_the_rules_say(worlds in prop::collection::vec(world::any(), 8)) {
        let bench = Bench::new(World::default());
        for world in worlds {
            bench.facts.swap(world.clone());
            for now in [0, 1, 2] {
                bench.clock.0.store(now, Ordering::SeqCst);
                for credential in &world.credentials {
                    let who = (credential.principal, credential.id);
                    let caller = caller_of(who.0, who.1);
                    for node in world.nodes.iter().chain(&world.gone) {
                        let reached = bench.reaches(&caller, *node);
                        for (wanted, reached) in Capability::ALL.into_iter().zip(reached) {
                            let said = bench.answer(&caller, wanted, *node);
                            let right = naive(&world, who, (wanted, *node), at(now));
                            prop_assert_eq!(said, right, "{:?} {:?} {:?}", who, wanted, node);
                            let there = world.nodes.contains(node);
                            prop_assert_eq!(reached && there, right.is_ok(), "scope of {:?}", who);
                        }
                    }
                }
            }
        }
    }
}

fn person(number: u64) -> Principal {
    Principal::Person(PersonId::new(tenant(1), number).unwrap())
}

fn device(number: u64) -> DeviceId {
    DeviceId::new(tenant(1), number).unwrap()
}

fn grant(principal: Principal, role: Role, resource: impl Into<Resource>) -> Grant {
    let id = roadstead_model::GrantId::new(tenant(1), 1).unwrap();
    Grant { id, principal, role, resource: resource.into(), expires: None, reason: String::new() }
}

/// One tenant with two devices, each with a credential of its own, and one person with another.
fn yard(grants: Vec<Grant>) -> (World, [CredentialId; 3]) {
    let mut world = World::default();
    world.add(tenant(1).into(), None);
    for number in [1, 2] {
        world.add(device(number).into(), Some(tenant(1).into()));
    }
    let of = [person(1), Principal::Device(device(1)), Principal::Device(device(2))];
    let credentials = of.map(|principal| world.credential(principal, u8::MAX, None));
    world.grants = grants;
    (world, credentials)
}

#[test]
fn a_role_on_one_thing_is_never_a_role_on_another() {
    let grants =
        vec![grant(person(1), Role::Viewer, device(1)), grant(person(1), Role::Manager, device(2))];
    let (world, [credential, ..]) = yard(grants);
    let bench = Bench::new(world);
    let caller = caller_of(person(1), credential);
    let forbidden = Err(Denied::Forbidden(Capability::Manage));
    assert_eq!(bench.answer(&caller, Capability::Manage, device(1).into()), forbidden);
    assert_eq!(bench.answer(&caller, Capability::Manage, device(2).into()), Ok(()));
    assert_eq!(bench.answer(&caller, Capability::Read, tenant(1).into()), Err(Denied::Unseen));
}

#[test]
fn a_device_sees_and_writes_itself_alone() {
    let (world, [_, credential, _]) = yard(Vec::new());
    let bench = Bench::new(world);
    let caller = caller_of(Principal::Device(device(1)), credential);
    for wanted in Capability::ALL {
        let own = matches!(wanted, Capability::Read | Capability::Write);
        let right = if own { Ok(()) } else { Err(Denied::Forbidden(wanted)) };
        assert_eq!(bench.answer(&caller, wanted, device(1).into()), right);
        assert_eq!(bench.answer(&caller, wanted, device(2).into()), Err(Denied::Unseen));
        assert_eq!(bench.answer(&caller, wanted, tenant(1).into()), Err(Denied::Unseen));
    }
}

#[test]
fn a_stray_grant_reaches_into_no_other_tenant() {
    let (mut world, [credential, ..]) = yard(vec![grant(person(1), Role::Owner, tenant(2))]);
    world.add(tenant(2).into(), None);
    let bench = Bench::new(world);
    let caller = caller_of(person(1), credential);
    assert_eq!(bench.answer(&caller, Capability::Read, tenant(2).into()), Err(Denied::Unseen));
    assert_eq!(bench.reaches(&caller, tenant(2).into()), [false; 8]);
}

#[test]
fn a_permit_is_looked_at_again_when_anything_changed() {
    let (world, [credential, ..]) = yard(vec![grant(person(1), Role::Viewer, device(1))]);
    let bench = Bench::new(world.clone());
    let caller = caller_of(person(1), credential);
    let mut permit = bench.guard.permit::<Read, _>(&caller, device(1)).unwrap();
    assert!(permit.is_fresh(bench.guard.epoch()));
    bench.facts.swap(world.clone());
    assert!(!permit.is_fresh(bench.guard.epoch()));
    assert_eq!(bench.guard.renew(&mut permit), Ok(()));
    assert!(permit.is_fresh(bench.guard.epoch()));
    bench.facts.swap(World { grants: Vec::new(), ..world.clone() });
    assert_eq!(bench.guard.renew(&mut permit), Err(Denied::Unseen));
    assert_eq!(bench.guard.renew(&mut permit), Err(Denied::Unseen), "a no does not wear off");
    bench.facts.swap(World { credentials: Vec::new(), ..world });
    assert_eq!(bench.guard.renew(&mut permit), Err(Denied::Ended));
}

#[test]
fn a_ring_of_places_gives_no_right() {
    let grants = [tenant(1).into(), Resource::Device(device(1))];
    let grants = grants.map(|on| grant(person(1), Role::Owner, on)).to_vec();
    let (mut world, [credential, ..]) = yard(grants);
    world.parents.insert(device(1).into(), device(2).into());
    world.parents.insert(device(2).into(), device(1).into());
    let bench = Bench::new(world);
    let caller = caller_of(person(1), credential);
    assert_eq!(bench.answer(&caller, Capability::Read, device(1).into()), Err(Denied::Unseen));
}

#[test]
fn a_secret_of_one_kind_opens_no_other_door() {
    use CredentialKind::{Password, Session, SignInLink, Token};
    for kind in [Token, Session, Password, SignInLink] {
        let bench = Bench::new(World::default());
        let minted = bench.guard.mint("rst");
        let (mut world, [credential, ..]) = yard(Vec::new());
        let row = world.credentials.iter_mut().find(|row| row.id == credential).unwrap();
        (row.kind, row.digest, row.expires) = (kind, minted.digest, Some(at(5)));
        bench.facts.swap(world);
        let let_in = || {
            (
                bench.guard.by_token(&minted.secret, ORIGIN).is_ok(),
                bench.guard.by_session(&minted.secret, ORIGIN).is_ok(),
                bench.guard.by_sign_in_link(&minted.secret, ORIGIN).is_ok(),
            )
        };
        assert_eq!(let_in(), (kind == Token, kind == Session, kind == SignInLink));
        bench.clock.0.store(5, Ordering::SeqCst);
        assert_eq!(let_in(), (false, false, false), "a credential ends at its last instant");
    }
}

#[test]
fn a_token_comes_with_the_id_or_the_name_of_its_own_principal() {
    let bench = Bench::new(World::default());
    let minted = bench.guard.mint("rst");
    let (mut world, [_, credential, _]) = yard(Vec::new());
    world.credentials.iter_mut().find(|row| row.id == credential).unwrap().digest = minted.digest;
    world.names.insert(Principal::Device(device(1)), "pump".to_owned());
    world.names.insert(Principal::Device(device(2)), "valve".to_owned());
    bench.facts.swap(world);
    let lets_in = |name: &str| bench.guard.by_name_and_token(name, &minted.secret, ORIGIN).is_ok();
    assert!(lets_in("pump"));
    assert!(lets_in(&device(1).to_string()));
    assert!(lets_in(&device(1).integer().to_string()));
    for other in ["valve", "", "Pump", &device(2).to_string()] {
        assert!(!lets_in(other), "{other}");
    }
    let wrong = Secret::presented("rst_wrong");
    let refused = bench.guard.by_name_and_token("pump", &wrong, ORIGIN);
    assert_eq!(refused.map(|_| ()), Err(Refused::Invalid));
}

#[tokio::test]
async fn a_password_signs_in_and_its_absence_looks_like_its_fault() {
    let bench = Bench::new(World::default());
    let right = "correct horse battery staple";
    let hash = bench.guard.hash_password(&Secret::presented(right), &[]).await.unwrap().unwrap();
    let (mut world, [credential, ..]) = yard(Vec::new());
    let Principal::Person(who) = person(1) else { unreachable!() };
    let email: Email = "ada@example.org".parse().unwrap();
    world.passwords.insert(email.clone(), PasswordFact { person: who, credential, hash });
    bench.facts.swap(world);
    let try_in = async |email: &str, text: &str| {
        let email = email.parse().unwrap();
        let text = Secret::presented(text);
        let given = bench.guard.by_password((&email, None), &text, ORIGIN).await;
        given.map(|login| login.person())
    };
    assert_eq!(try_in("Ada@example.org", right).await, Ok(who));
    assert_eq!(try_in("ada@example.org", "wrong horse").await, Err(Refused::Invalid));
    assert_eq!(try_in("eve@example.org", right).await, Err(Refused::Invalid));
    for _ in 0..8 {
        assert_eq!(try_in("ada@example.org", "guess").await, Err(Refused::Invalid));
    }
    assert_eq!(try_in("ada@example.org", right).await, Err(Refused::TooMany));
}
