//! The directory against plain lists of rows.

use std::sync::Arc;

use proptest::prelude::*;
use roadstead_guard::{
    Caller, CredentialKind, Door, Facts, Guard, Keys, Manage, Origin, Permit, Secret, Tools, Write,
};
use roadstead_model::{GrantId, Random, Role, SensorShape};

use super::*;
use crate::contract::site::HandClock;

struct Zeros;
impl Random for Zeros {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}

fn tenant() -> TenantId {
    TenantId::numbered(1).unwrap()
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// A directory with one tenant and its owner, and a guard over it.
fn owned() -> (Arc<Directory>, Guard, Caller) {
    let keys = || Keys::new(&[1; 32], [2; 32]);
    let owner = PersonId::new(tenant(), 1).unwrap();
    let text = Secret::presented("rst_directory");
    let email: Email = "owner@example.org".parse().unwrap();
    let directory = Arc::new(Directory::new(Loaded {
        tenants: vec![Tenant { id: tenant(), name: name("T"), created: Timestamp::EPOCH }],
        people: vec![Person { id: owner, email, created: Timestamp::EPOCH }],
        credentials: vec![credential(1, Principal::Person(owner), keys().digest(text.reveal()))],
        grants: vec![grant(1, Principal::Person(owner), tenant().into())],
        ..Loaded::default()
    }));
    let facts = Arc::clone(&directory);
    let clock = HandClock::at_noon();
    let guard = Guard::new(Tools { facts, keys: keys(), clock, random: Arc::new(Zeros) });
    let caller = guard.by_token(&text, Origin { address: None, door: Door::Https }).unwrap();
    (directory, guard, caller)
}

fn credential(number: u64, principal: Principal, digest: Digest) -> Credential {
    Credential {
        id: CredentialId::new(tenant(), number).unwrap(),
        principal,
        kind: CredentialKind::Token,
        digest,
        label: String::new(),
        created: Timestamp::EPOCH,
        expires: None,
        limit: u8::MAX,
        last_used: None,
    }
}

fn grant(number: u64, principal: Principal, resource: Resource) -> Grant {
    let id = GrantId::new(tenant(), number).unwrap();
    Grant { id, principal, role: Role::Owner, resource, expires: None, reason: String::new() }
}

/// What a backend can do to the tree; indices choose among what is there.
#[derive(Debug, Clone, Copy)]
enum Step {
    Space(prop::sample::Index),
    Asset(prop::sample::Index),
    Device(prop::sample::Index, u8),
    Move(prop::sample::Index, prop::sample::Index, u8),
    Sensor(prop::sample::Index, u8),
    Rename(prop::sample::Index, u8),
    Token(prop::sample::Index),
    Grant(prop::sample::Index, prop::sample::Index),
    Remove(prop::sample::Index),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let index = any::<prop::sample::Index>;
    let step = prop_oneof![
        index().prop_map(Step::Space),
        index().prop_map(Step::Asset),
        (index(), 0_u8..6).prop_map(|(below, called)| Step::Device(below, called)),
        (index(), index(), 0_u8..6).prop_map(|(which, to, called)| Step::Move(which, to, called)),
        (index(), 0_u8..3).prop_map(|(of, called)| Step::Sensor(of, called)),
        (index(), 0_u8..3).prop_map(|(which, called)| Step::Rename(which, called)),
        index().prop_map(Step::Token),
        (index(), index()).prop_map(|(who, on)| Step::Grant(who, on)),
        index().prop_map(Step::Remove),
    ];
    prop::collection::vec(step, 0..60)
}

/// Rows in plain lists, looked through from end to end.
#[derive(Default)]
struct Lists {
    places: Vec<(Resource, Resource)>,
    devices: Vec<Device>,
    sensors: Vec<Sensor>,
    tokens: Vec<Credential>,
    grants: Vec<Grant>,
    given: u64,
}

impl Lists {
    fn number(&mut self) -> u64 {
        self.given += 1;
        self.given + 1
    }

    fn parent(&self, node: Resource) -> Option<Resource> {
        let place = self.places.iter().find(|(it, _)| *it == node).map(|(_, parent)| *parent);
        let device = || self.devices.iter().find(|it| node == it.id.into()).map(|it| it.parent);
        let sensor =
            || self.sensors.iter().find(|it| node == it.id.into()).map(|it| it.device.into());
        place.or_else(device).or_else(sensor)
    }

    fn nodes(&self) -> Vec<Resource> {
        let places = self.places.iter().map(|(node, _)| *node);
        let devices = self.devices.iter().map(|row| row.id.into());
        let sensors = self.sensors.iter().map(|row| row.id.into());
        std::iter::once(tenant().into()).chain(places).chain(devices).chain(sensors).collect()
    }

    fn is_below(&self, node: Resource, top: Resource) -> bool {
        node == top || self.parent(node).is_some_and(|parent| self.is_below(parent, top))
    }

    fn holders(&self, with_assets: bool) -> Vec<Resource> {
        let mut nodes = self.nodes();
        nodes.retain(|node| match node {
            Resource::Tenant(_) | Resource::Space(_) => true,
            Resource::Asset(_) => with_assets,
            Resource::Device(_) | Resource::Sensor(_) => false,
        });
        nodes
    }

    fn remove(&mut self, top: Resource) {
        let gone: Vec<_> = self.nodes().into_iter().filter(|it| self.is_below(*it, top)).collect();
        let is_gone = |node: Resource| gone.contains(&node);
        let left = |who: Principal| match who {
            Principal::Device(id) => is_gone(id.into()),
            Principal::Person(_) => false,
        };
        self.places.retain(|(node, _)| !is_gone(*node));
        self.devices.retain(|row| !is_gone(row.id.into()));
        self.sensors.retain(|row| !is_gone(row.id.into()));
        self.tokens.retain(|row| !left(row.principal));
        self.grants.retain(|row| !left(row.principal) && !is_gone(row.resource));
    }
}

/// Does a step to both, as a backend would: names that are taken are not put.
fn apply(step: Step, lists: &mut Lists, directory: &Directory) {
    match step {
        Step::Space(below) => {
            let parent = *below.get(&lists.holders(false));
            let id = SpaceId::new(tenant(), lists.number()).unwrap();
            lists.places.push((id.into(), parent));
            let row = Space { id, name: name("s"), parent, class: name("Room") };
            directory.change(|open| open.put_space(row));
        }
        Step::Asset(below) => {
            let parent = *below.get(&lists.holders(false));
            let id = AssetId::new(tenant(), lists.number()).unwrap();
            lists.places.push((id.into(), parent));
            directory.change(|open| open.put_asset(Asset { id, name: name("a"), parent }));
        }
        Step::Device(..) | Step::Move(..) => apply_to_devices(step, lists, directory),
        Step::Sensor(..) | Step::Rename(..) => apply_to_sensors(step, lists, directory),
        Step::Token(..) | Step::Grant(..) => apply_to_rights(step, lists, directory),
        Step::Remove(which) => {
            let nodes = lists.nodes();
            let node = nodes[which.index(nodes.len())];
            if node != tenant().into() {
                lists.remove(node);
                directory.change(|open| open.remove(node));
            }
        }
    }
}

fn apply_to_devices(step: Step, lists: &mut Lists, directory: &Directory) {
    match step {
        Step::Device(below, called) => {
            let parent = *below.get(&lists.holders(true));
            let called = name(&format!("d{called}"));
            if lists.devices.iter().any(|row| row.name == called) {
                return;
            }
            let id = DeviceId::new(tenant(), lists.number()).unwrap();
            let created = Timestamp::EPOCH;
            let row = Device { id, name: called, parent, device_type: None, created };
            lists.devices.push(row.clone());
            directory.change(|open| open.put_device(row));
        }
        Step::Move(which, to, called) => {
            let parent = *to.get(&lists.holders(true));
            let called = name(&format!("d{called}"));
            if lists.devices.is_empty() {
                return;
            }
            let index = which.index(lists.devices.len());
            let id = lists.devices[index].id;
            if lists.devices.iter().any(|row| row.name == called && row.id != id) {
                return;
            }
            let row = &mut lists.devices[index];
            (row.name, row.parent) = (called, parent);
            let row = row.clone();
            directory.change(|open| open.put_device(row));
        }
        _ => {}
    }
}

fn apply_to_sensors(step: Step, lists: &mut Lists, directory: &Directory) {
    let (row, called) = match step {
        Step::Sensor(of, called) if !lists.devices.is_empty() => {
            let device = of.get(&lists.devices).id;
            let id = SensorId::new(tenant(), lists.number()).unwrap();
            (Sensor { id, device, shape: shape(called) }, called)
        }
        Step::Rename(which, called) if !lists.sensors.is_empty() => {
            (which.get(&lists.sensors).clone(), called)
        }
        _ => return,
    };
    let twin =
        |it: &Sensor| it.device == row.device && it.shape == shape(called) && it.id != row.id;
    if lists.sensors.iter().any(twin) {
        return;
    }
    let row = Sensor { shape: shape(called), ..row };
    lists.sensors.retain(|it| it.id != row.id);
    lists.sensors.push(row.clone());
    directory.change(|open| open.put_sensor(row));
}

fn shape(called: u8) -> SensorShape {
    let name = name(&format!("x{called}"));
    SensorShape { name, unit: String::new(), quantity: String::new() }
}

fn apply_to_rights(step: Step, lists: &mut Lists, directory: &Directory) {
    if lists.devices.is_empty() {
        return;
    }
    let number = lists.number();
    match step {
        Step::Token(of) => {
            let principal = Principal::Device(of.get(&lists.devices).id);
            let mut digest = [9; 32];
            digest[..8].copy_from_slice(&number.to_le_bytes());
            let row = credential(number, principal, Digest(digest));
            lists.tokens.push(row.clone());
            directory.change(|open| open.put_credential(row));
        }
        Step::Grant(who, on) => {
            let principal = Principal::Device(who.get(&lists.devices).id);
            let row = grant(number, principal, *on.get(&lists.nodes()));
            lists.grants.push(row.clone());
            directory.change(|open| open.put_grant(row));
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn the_directory_says_what_plain_lists_say(steps in steps()) {
        let (directory, guard, owner) = owned();
        let mut lists = Lists::default();
        for step in steps {
            apply(step, &mut lists, &directory);
        }
        let sight = guard.scope(&owner).unwrap();
        let nodes = lists.nodes();
        for node in &nodes {
            prop_assert!(directory.exists(*node));
            prop_assert_eq!(directory.parent(*node), lists.parent(*node));
            prop_assert!(directory.in_reach(&sight, *node));
            let below: Vec<_> =
                directory.sensors(&sight, *node).iter().map(|row| row.sensor.clone()).collect();
            let wanted = lists.sensors.iter().filter(|row| lists.is_below(row.id.into(), *node));
            prop_assert_eq!(below.len(), wanted.clone().count());
            prop_assert!(wanted.clone().all(|row| below.contains(row)));
        }
        for number in 2..=lists.given + 1 {
            let any = [
                Resource::Space(SpaceId::new(tenant(), number).unwrap()),
                Resource::Asset(AssetId::new(tenant(), number).unwrap()),
                Resource::Device(DeviceId::new(tenant(), number).unwrap()),
                Resource::Sensor(SensorId::new(tenant(), number).unwrap()),
            ];
            for node in any {
                prop_assert_eq!(directory.exists(node), nodes.contains(&node));
            }
            let id = CredentialId::new(tenant(), number).unwrap();
            let kept = lists.tokens.iter().find(|row| row.id == id);
            prop_assert_eq!(directory.credential(id).is_some(), kept.is_some());
            let mut digest = [9; 32];
            digest[..8].copy_from_slice(&number.to_le_bytes());
            let found = directory.credential_by_digest(&Digest(digest)).map(|row| row.id);
            prop_assert_eq!(found, kept.map(|row| row.id));
        }
        for called in (0..6).map(|number| format!("d{number}")) {
            let wanted = lists.devices.iter().find(|row| row.name.as_str() == called);
            prop_assert_eq!(directory.device_named(tenant(), &called), wanted.map(|row| row.id));
        }
        for row in &lists.devices {
            let permit: Permit<Write, _> = guard.permit(&owner, row.id).unwrap();
            let own = lists.sensors.iter().filter(|sensor| sensor.device == row.id);
            let counts = (own.clone().count(), lists.sensors.len());
            prop_assert_eq!(directory.sensor_counts(&permit), counts);
            for called in (0..3).map(|number| format!("x{number}")) {
                let wanted = own.clone().find(|it| it.shape.name.as_str() == called);
                let found = directory.sensor_named(&permit, &called);
                prop_assert_eq!(found, wanted.map(|it| it.id));
            }
            let mut held = directory.grants(Principal::Device(row.id));
            held.sort_by_key(|grant| grant.id);
            let wanted = lists.grants.iter().filter(|it| it.principal == Principal::Device(row.id));
            prop_assert_eq!(held, wanted.cloned().collect::<Vec<_>>());
            let permit: Permit<Manage, _> = guard.permit(&owner, row.id).unwrap();
            let mut tokens: Vec<_> =
                directory.device_credentials(&permit).iter().map(|it| it.id).collect();
            tokens.sort();
            let wanted = lists.tokens.iter().filter(|it| it.principal == Principal::Device(row.id));
            prop_assert_eq!(tokens, wanted.map(|it| it.id).collect::<Vec<_>>());
        }
    }
}

#[test]
fn every_change_makes_earlier_decisions_stale_and_a_use_does_not() {
    let (directory, guard, owner) = owned();
    let before = guard.epoch();
    directory.touch(owner.credential(), Timestamp::EPOCH);
    let used: Vec<_> = directory.take_used().into_iter().collect();
    directory.settle_used(&used);
    assert_eq!(guard.epoch(), before);
    assert_eq!(directory.own_credentials(&owner)[0].last_used, Some(Timestamp::EPOCH));
    directory.change(|open| open.remove_credential(owner.credential()));
    assert!(guard.epoch() > before);
    assert!(directory.own_credentials(&owner).is_empty());
}

#[test]
fn a_password_is_found_by_address_where_it_is_the_only_one() {
    let (directory, ..) = owned();
    let email: Email = "ada@example.org".parse().unwrap();
    let join = |number: u64, called: &str| {
        let of = TenantId::numbered(number).unwrap();
        let id = PersonId::new(of, 7).unwrap();
        let hash = PasswordHash::from_stored(called.to_owned());
        let credential = CredentialId::new(of, 7).unwrap();
        directory.change(|open| {
            open.put_tenant(Tenant { id: of, name: name(called), created: Timestamp::EPOCH });
            open.put_person(Person { id, email: email.clone(), created: Timestamp::EPOCH });
            open.put_person(Person { id, email: email.clone(), created: Timestamp::EPOCH });
            open.put_password(id, credential, hash);
        });
        id
    };
    let found = |at: Option<&str>| {
        directory.password(&email, at.map(name).as_ref()).map(|fact| fact.person)
    };
    assert_eq!(found(None), None);
    let first = join(2, "Harbour");
    assert_eq!(found(None), Some(first));
    let second = join(3, "Lagoon");
    assert_eq!(found(None), None, "the address alone no longer says who");
    assert_eq!(found(Some("Harbour")), Some(first));
    assert_eq!(found(Some("Lagoon")), Some(second));
    assert_eq!(found(Some("Elsewhere")), None);
}
