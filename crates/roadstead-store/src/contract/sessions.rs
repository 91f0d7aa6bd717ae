//! What every store of sessions must do. Each test has a fresh store.

use roadstead_model::{Position, Principal, SensorId, TenantId};

use super::fleet::{Fleet, OpenStore, keep, reading, settle, values};
use crate::{Appended, InFlight, Once, SessionKey, SessionState, Stage, Subscription};

fn key(fleet: &Fleet, client: &str) -> SessionKey {
    SessionKey { principal: Principal::Device(fleet.device(1)), client: client.into() }
}

fn state(cursor: u64) -> SessionState {
    SessionState {
        expiry_s: u32::MAX,
        left: Some(super::fleet::second(0)),
        subscriptions: vec![Subscription {
            filter: "$share/a/devices/+/measurements/#".to_owned(),
            qos: 2,
            no_local: true,
            retain_as_published: false,
            retain_handling: 1,
            identifier: Some(42),
        }],
        cursor: Position(cursor),
        told: 1,
        in_flight: vec![InFlight {
            packet: 9,
            qos: 2,
            stage: Stage::Released,
            topic: "devices/pump/measurements/power".to_owned(),
            payload: vec![0, 255, b'{'],
            retain: true,
            identifiers: vec![1, 2],
            sensor: TenantId::numbered(1).and_then(|tenant| SensorId::new(tenant, 7)),
        }],
        received: Vec::new(),
    }
}

/// What was saved last is there, after a restart too; what was removed is not.
pub async fn a_session_survives_a_restart(open: OpenStore<'_>) {
    let fleet = Fleet::new();
    let store = open(&fleet.clock);
    let (one, two) = (key(&fleet, "one"), key(&fleet, "two"));
    assert!(store.sessions.load(&one).is_none());
    store.sessions.save(&one, state(1)).expect("taken");
    store.sessions.save(&two, state(2)).expect("taken");
    let last = store.sessions.save(&one, state(3)).expect("taken");
    assert_eq!(store.sessions.load(&one), Some(state(3)), "at once");
    settle(&*store.measurements, last).await;
    drop(store);
    let store = open(&fleet.clock);
    assert_eq!(store.sessions.load(&one), Some(state(3)));
    assert_eq!(store.sessions.load(&two), Some(state(2)));
    let last = store.sessions.remove(&one).expect("taken");
    settle(&*store.measurements, last).await;
    drop(store);
    let store = open(&fleet.clock);
    assert_eq!(store.sessions.keys(), [two]);
}

/// A packet id counts once until it is released; another session's is another.
pub async fn a_packet_counts_once_until_released(open: OpenStore<'_>) {
    let fleet = Fleet::new();
    let store = open(&fleet.clock);
    let (permit, sensor) = (fleet.writes(fleet.device(1)), fleet.sensor(1, 1));
    let sent = |client: &str, at| {
        fleet.once(Once::Packet(key(&fleet, client), 7), vec![reading(sensor, at, 1.0)])
    };
    store.sessions.save(&key(&fleet, "one"), state(0)).expect("taken");
    keep(&*store.measurements, &permit, sent("one", 1)).await;
    keep(&*store.measurements, &permit, sent("two", 2)).await;
    drop(store);
    let store = open(&fleet.clock);
    let again = store.measurements.append(&permit, sent("one", 3)).expect("known");
    assert!(matches!(again, Appended::Repeated(_)), "{again:?}");
    settle(&*store.measurements, again.ticket()).await;
    let released = store.sessions.release(&key(&fleet, "one"), 7).expect("taken");
    settle(&*store.measurements, released).await;
    drop(store);
    let store = open(&fleet.clock);
    let fresh = store.measurements.append(&permit, sent("one", 4)).expect("taken");
    assert!(matches!(fresh, Appended::Queued(_)), "{fresh:?}");
    settle(&*store.measurements, fresh.ticket()).await;
    let other = store.measurements.append(&permit, sent("two", 5)).expect("known");
    assert!(matches!(other, Appended::Repeated(_)), "{other:?}");
    let kept = values(&*store.measurements, &fleet.reads(sensor)).await;
    assert_eq!(kept.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [1, 2, 4]);
}

/// Received packet ids are the store's own: saving a state neither adds nor takes any.
pub async fn received_packets_are_the_stores_own(open: OpenStore<'_>) {
    let fleet = Fleet::new();
    let store = open(&fleet.clock);
    let (permit, session) = (fleet.writes(fleet.device(1)), key(&fleet, "one"));
    for packet in [9, 3] {
        let once = Once::Packet(session.clone(), packet);
        let at = i64::from(packet);
        let batch = fleet.once(once, vec![reading(fleet.sensor(1, 1), at, 1.0)]);
        keep(&*store.measurements, &permit, batch).await;
    }
    let wrong = SessionState { received: vec![1, 2], ..state(5) };
    let last = store.sessions.save(&session, wrong).expect("taken");
    let right = Some(SessionState { received: vec![3, 9], ..state(5) });
    assert_eq!(store.sessions.load(&session), right);
    settle(&*store.measurements, last).await;
    drop(store);
    let store = open(&fleet.clock);
    assert_eq!(store.sessions.load(&session), right);
    settle(&*store.measurements, store.sessions.remove(&session).expect("taken")).await;
    store.sessions.save(&session, state(6)).expect("taken");
    assert_eq!(store.sessions.load(&session), Some(state(6)), "removal frees its packet ids");
}
