//! The feed against a naive log that forgets nothing.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use roadstead_guard::{CredentialKind, Door, Guard, Keys, Origin, Read, Scope, Tools};
use roadstead_model::{
    Attribution, CredentialId, DeviceId, PersonId, Position, Principal, Quality, Random, Reading,
    Role, SensorId, TenantId, Timestamp, Value,
};

use super::*;
use crate::contract::site::HandClock;
use crate::{Directory, Loaded};

struct Zeros;
impl Random for Zeros {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}

fn tenant(number: u64) -> TenantId {
    TenantId::numbered(number).unwrap()
}

/// The longest batch that tests push.
const LONGEST: usize = 8;

/// The scopes of two people: each sees all of a tenant.
static SCOPES: LazyLock<[Scope<Read>; 2]> = LazyLock::new(|| {
    let keys = || Keys::new(&[1; 32], [2; 32]);
    [1, 2].map(|number| {
        let person = Principal::Person(PersonId::new(tenant(number), 1).unwrap());
        let text = roadstead_guard::Secret::presented("rst_feed");
        let credential = roadstead_guard::Credential {
            id: CredentialId::new(tenant(number), 1).unwrap(),
            principal: person,
            kind: CredentialKind::Token,
            digest: keys().digest(text.reveal()),
            label: String::new(),
            created: Timestamp::EPOCH,
            expires: None,
            limit: u8::MAX,
            last_used: None,
        };
        let grant = roadstead_model::Grant {
            id: roadstead_model::GrantId::new(tenant(number), 1).unwrap(),
            principal: person,
            role: Role::Viewer,
            resource: tenant(number).into(),
            expires: None,
            reason: String::new(),
        };
        let credentials = vec![credential];
        let loaded = Loaded { credentials, grants: vec![grant], ..Loaded::default() };
        let guard = Guard::new(Tools {
            facts: Arc::new(Directory::new(loaded)),
            keys: keys(),
            clock: HandClock::at_noon(),
            random: Arc::new(Zeros),
        });
        let caller = guard.by_token(&text, Origin { address: None, door: Door::Mqtt }).unwrap();
        guard.scope(&caller).unwrap()
    })
});

fn named_by(position: u64) -> Value {
    Value::text(&position.to_string()).unwrap()
}

/// Some readings of a tenant; each has its position as its value, so that none is mistaken.
fn accepted(of: TenantId, first: u64, count: usize) -> Arc<Accepted> {
    let device = DeviceId::new(of, 1).unwrap();
    let credential = CredentialId::new(of, 1).unwrap();
    let reading = |position| Reading {
        sensor: SensorId::new(of, 1).unwrap(),
        time: Timestamp::EPOCH,
        value: named_by(position),
        quality: Quality::Good,
    };
    Arc::new(Accepted {
        first: Position(first),
        source: Attribution { device, principal: Principal::Device(device), credential },
        arrival: Timestamp::EPOCH,
        readings: (first..first + count as u64).map(reading).collect(),
    })
}

/// What a reader gets of a stretch: positions from its own on, each checked against its value.
fn positions(stretch: &Stretch, from: Position) -> Vec<u64> {
    let mut got = Vec::new();
    for entry in &stretch.accepted {
        for (position, reading) in (entry.first.0..).zip(&entry.readings) {
            assert_eq!(reading.value, named_by(position));
            if position >= from.0 {
                got.push(position);
            }
        }
    }
    got
}

#[derive(Debug, Clone)]
enum Step {
    /// Several batches become durable together: of which tenant, how long.
    Push(Vec<(bool, usize)>),
    /// A reader reads on, and perhaps leaves some of what it got for the next time.
    Read { reader: usize, most: usize, leaves: u64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let batches = prop::collection::vec((any::<bool>(), 0..=LONGEST), 0..5);
    let step = prop_oneof![
        batches.prop_map(Step::Push),
        (0_usize..4, 1_usize..12, 0_u64..4).prop_map(|(reader, most, leaves)| Step::Read {
            reader,
            most,
            leaves
        }),
    ];
    prop::collection::vec(step, 0..60)
}

proptest! {
    #[test]
    fn a_reader_gets_every_position_once_or_is_told_that_it_missed_it(
        steps in steps(),
        kept in 1_usize..30,
        starts in [0_u64..40, 0_u64..40],
    ) {
        let feed = Feed::keeping(kept);
        let mut ends = starts;
        for (number, start) in (1..).zip(starts) {
            feed.resume(tenant(number), Position(start));
        }
        let mut readers: [(usize, u64); 4] = [0, 1, 2, 3].map(|it| (it % 2, starts[it % 2]));
        readers[3].1 = 0; // one comes from before the start of the feed
        for step in steps {
            match step {
                Step::Push(batches) => {
                    let entries = batches.into_iter().map(|(second, count)| {
                        let which = usize::from(second);
                        let entry = accepted(tenant(which as u64 + 1), ends[which], count);
                        ends[which] += count as u64;
                        entry
                    });
                    feed.push(entries.collect::<Vec<_>>());
                    for (number, end) in (1..).zip(ends) {
                        prop_assert_eq!(*feed.end(tenant(number)).borrow(), Position(end));
                    }
                }
                Step::Read { reader, most, leaves } => {
                    let (of, from) = readers[reader];
                    let stretch = feed.read(&SCOPES[of], Position(from), most);
                    let got = positions(&stretch, Position(from));
                    let missed = from..from + stretch.missed;
                    let told: Vec<u64> = missed.chain(got.iter().copied()).collect();
                    prop_assert_eq!(&told, &(from..stretch.next.0).collect::<Vec<_>>());
                    prop_assert!(!told.is_empty() || from == ends[of], "there is more to read");
                    let held = ends[of] - (from + stretch.missed);
                    let whole = held + LONGEST as u64 > kept as u64;
                    prop_assert!(stretch.missed == 0 || from < starts[of] || whole, "kept too few");
                    readers[reader].1 = from.max(stretch.next.0.saturating_sub(leaves));
                }
            }
        }
    }

    #[test]
    fn a_feed_keeps_about_as_many_as_it_should(
        batches in prop::collection::vec(0..=LONGEST, 0..60),
        kept in 1_usize..30,
    ) {
        let feed = Feed::keeping(kept);
        let mut end = 0;
        for count in batches {
            feed.push([accepted(tenant(1), end, count)]);
            end += count as u64;
            let there = feed.read(&SCOPES[0], Position(0), usize::MAX);
            let held: usize = there.accepted.iter().map(|entry| entry.readings.len()).sum();
            prop_assert!(held <= kept.max(LONGEST), "{held} are kept, of {kept}");
            prop_assert!(there.accepted.len() <= held, "what is empty is not kept");
        }
    }
}

#[test]
fn many_tenants_together_have_a_bound_and_the_largest_gives_way() {
    let feed = Feed::keeping(20);
    for number in 1..=40 {
        let entries = (0..4).map(|at| accepted(tenant(number), at * 5, 5));
        feed.push(entries.collect::<Vec<_>>());
        let rings = feed.rings();
        let held: usize = rings.tenants.values().map(|ring| ring.count).sum();
        assert_eq!(rings.count, held);
        assert!(held <= (20 * ALL).max(rings.tenants.len() * 5), "{held} are kept");
    }
    feed.push([accepted(tenant(1), 20, 5)]);
    let stretch = feed.read(&SCOPES[0], Position(0), 100);
    assert_eq!((stretch.missed, positions(&stretch, Position(0)).len()), (20, 5));
}

#[test]
fn a_feed_tells_one_tenant_nothing_of_another() {
    let [first, second] = &*SCOPES;
    let feed = Feed::keeping(10);
    feed.push([accepted(tenant(1), 0, 3)]);
    assert_eq!(positions(&feed.read(first, Position(0), 10), Position(0)), [0, 1, 2]);
    let other = feed.read(second, Position(0), 10);
    assert!(other.accepted.is_empty());
    assert_eq!((other.next, other.missed), (Position(0), 0));
}

#[test]
fn a_position_that_was_never_given_is_brought_back_to_the_end() {
    let feed = Feed::keeping(10);
    feed.push([accepted(tenant(1), 0, 3)]);
    let stretch = feed.read(&SCOPES[0], Position(1_000), 10);
    assert_eq!((stretch.accepted.len(), stretch.next, stretch.missed), (0, Position(3), 0));
}

#[tokio::test]
async fn a_waiting_reader_is_woken_by_its_own_tenant_alone() {
    let feed = Feed::keeping(10);
    let mut end = feed.end(tenant(1));
    end.borrow_and_update();
    feed.push([accepted(tenant(2), 0, 3)]);
    assert!(!end.has_changed().unwrap());
    feed.push([accepted(tenant(1), 0, 3)]);
    end.changed().await.unwrap();
    assert_eq!(*end.borrow(), Position(3));
}
