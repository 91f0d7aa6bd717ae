//! What every store of measurements must do. Each test has a fresh store.

use std::time::Duration;

use roadstead_model::{Position, Quality, Reading, TenantId, Value};

use super::fleet::{
    Fleet, OpenStore, always, everything, fed, keep, reading, second, settle, values,
};
use crate::{Appended, Batch, Curve, Once, StoreError, TimeRange};

fn number(number: f64) -> Value {
    Value::Number(number)
}

/// What was acknowledged is there: at once, after a crash, and after closing.
pub async fn what_is_acknowledged_is_there(open: OpenStore<'_>) {
    let fleet = Fleet::new();
    let store = open(&fleet.clock).measurements;
    let (device, sensor) = (fleet.device(1), fleet.sensor(1, 1));
    let permit = fleet.writes(device);
    keep(&*store, &permit, fleet.batch(vec![reading(sensor, 1, 21.5)])).await;
    let first = everything(&*store, &fleet.reads(sensor)).await.measurements;
    assert_eq!(first.len(), 1);
    assert_eq!(first[0].reading, reading(sensor, 1, 21.5));
    assert_eq!(first[0].source, permit.attribution());
    assert_eq!(first[0].position, Position(0));
    assert_eq!(first[0].arrival, fleet.batch(Vec::new()).arrival);
    drop(store);
    let store = open(&fleet.clock).measurements;
    assert_eq!(everything(&*store, &fleet.reads(sensor)).await.measurements, first);
    keep(&*store, &permit, fleet.batch(vec![reading(sensor, 2, 22.0)])).await;
    store.close().await.expect("closed");
    drop(store);
    let store = open(&fleet.clock).measurements;
    let expected = [(1, number(21.5)), (2, number(22.0))];
    assert_eq!(values(&*store, &fleet.reads(sensor)).await, expected);
}

/// Closing makes everything durable that was handed over, and nothing is taken afterwards.
pub async fn closing_keeps_what_was_handed_over(open: OpenStore<'_>) {
    let fleet = Fleet::new();
    let store = open(&fleet.clock).measurements;
    let (permit, sensor) = (fleet.writes(fleet.device(1)), fleet.sensor(1, 1));
    let mut last = None;
    for at in 0..50 {
        let one = fleet.batch(vec![reading(sensor, at, 1.0)]);
        last = Some(store.append(&permit, one).expect("taken").ticket());
    }
    store.close().await.expect("closed");
    assert!(Some(store.durable().borrow().through) >= last);
    let late = store.append(&permit, fleet.batch(vec![reading(sensor, 99, 1.0)]));
    assert!(matches!(late, Err(StoreError::Stopped)), "{late:?}");
    drop(store);
    let store = open(&fleet.clock).measurements;
    assert_eq!(values(&*store, &fleet.reads(sensor)).await.len(), 50);
}

/// The same sensor, time and principal a second time changes nothing, whatever the value.
pub async fn a_repetition_changes_nothing(open: OpenStore<'_>) {
    let fleet = Fleet::new();
    let store = open(&fleet.clock).measurements;
    let (permit, sensor) = (fleet.writes(fleet.device(1)), fleet.sensor(1, 1));
    let twice = vec![reading(sensor, 5, 1.0), reading(sensor, 5, 2.0), reading(sensor, 3, 3.0)];
    keep(&*store, &permit, fleet.batch(twice)).await;
    keep(&*store, &permit, fleet.batch(vec![reading(sensor, 5, 4.0)])).await;
    keep(&*store, &permit, fleet.batch(vec![reading(sensor, 3, 4.0)])).await;
    let expected = [(3, number(3.0)), (5, number(1.0))];
    assert_eq!(values(&*store, &fleet.reads(sensor)).await, expected);
    assert_eq!(fed(&*store, &fleet, Position(0)).len(), 2);
    assert_eq!(store.end(fleet.tenant(1)), Position(2));
    drop(store);
    let store = open(&fleet.clock).measurements;
    keep(&*store, &permit, fleet.batch(vec![reading(sensor, 5, 4.0)])).await;
    assert_eq!(values(&*store, &fleet.reads(sensor)).await, expected);
}

/// Two principals may measure the same at the same time; each is kept with its source.
pub async fn each_source_is_kept(open: OpenStore<'_>) {
    let fleet = Fleet::new();
    let store = open(&fleet.clock).measurements;
    let (device, sensor) = (fleet.device(1), fleet.sensor(1, 1));
    let (own, owners) = (fleet.writes(device), fleet.owner_writes(device));
    keep(&*store, &own, fleet.batch(vec![reading(sensor, 1, 1.0)])).await;
    keep(&*store, &owners, fleet.batch(vec![reading(sensor, 1, 2.0)])).await;
    let kept = everything(&*store, &fleet.reads(sensor)).await.measurements;
    let mut sources: Vec<_> = kept.iter().map(|one| (one.source, one.reading.clone())).collect();
    sources.sort_by_key(|(source, _)| *source != own.attribution());
    assert_eq!(sources[0], (own.attribution(), reading(sensor, 1, 1.0)));
    assert_eq!(sources[1], (owners.attribution(), reading(sensor, 1, 2.0)));
}

/// Whatever the order of arrival, a series is read by time, from an instant up to another.
pub async fn a_series_is_read_by_time(open: OpenStore<'_>) {
    let fleet = Fleet::new();
    let store = open(&fleet.clock).measurements;
    let (permit, sensor) = (fleet.writes(fleet.device(1)), fleet.sensor(1, 1));
    let day = 86_400;
    for at in [3 * day, 5, 1, 40 * day, -400 * day, 3, 3 * day + 1] {
        keep(&*store, &permit, fleet.batch(vec![reading(sensor, at, 1.0)])).await;
    }
    let reads = fleet.reads(sensor);
    let times: Vec<i64> = values(&*store, &reads).await.iter().map(|(time, _)| *time).collect();
    assert_eq!(times, [-400 * day, 1, 3, 5, 3 * day, 3 * day + 1, 40 * day]);
    let range = TimeRange { from: second(1), to: second(3 * day) };
    let page = store.page(&reads, range, 10).await.expect("read");
    assert_eq!(page.measurements.len(), 3);
    assert!(!page.more);
    assert!(store.estimate(&reads, range) >= 3);
    let page = store.page(&reads, range, 2).await.expect("read");
    assert_eq!((page.measurements.len(), page.more), (2, true));
    assert_eq!(page.measurements[0].reading.time, second(1));
    let curve = store.curve(&reads, range).await.expect("read");
    assert_eq!(curve.times, [1, 3, 5].map(|at| second(at).micros()));
}

/// A curve has numbers and flags; a page has texts too.
pub async fn a_curve_has_numbers_and_flags(open: OpenStore<'_>) {
    let fleet = Fleet::new();
    let store = open(&fleet.clock).measurements;
    let (permit, sensor) = (fleet.writes(fleet.device(1)), fleet.sensor(1, 1));
    let all = [number(-0.5), Value::Flag(true), Value::Text("idle".into()), Value::Flag(false)];
    let readings = all.iter().zip(1..).map(|(value, at)| Reading {
        value: value.clone(),
        quality: Quality::Estimated,
        ..reading(sensor, at, 0.0)
    });
    keep(&*store, &permit, fleet.batch(readings.collect())).await;
    let reads = fleet.reads(sensor);
    let curve = store.curve(&reads, always()).await.expect("read");
    let times = [1, 2, 4].map(|at| second(at).micros()).to_vec();
    assert_eq!(curve, Curve { times, numbers: vec![-0.5, 1.0, 0.0] });
    let kept: Vec<_> = values(&*store, &reads).await.into_iter().map(|(_, value)| value).collect();
    assert_eq!(kept, all);
    let page = everything(&*store, &reads).await;
    assert!(page.measurements.iter().all(|one| one.reading.quality == Quality::Estimated));
}

/// What is quarantined is kept aside: in pages, and nowhere else.
pub async fn quarantined_values_are_kept_aside(open: OpenStore<'_>) {
    let fleet = Fleet::new();
    let store = open(&fleet.clock).measurements;
    let (permit, sensor) = (fleet.writes(fleet.device(1)), fleet.sensor(1, 1));
    let odd = |at| Reading { quality: Quality::Quarantined, ..reading(sensor, at, 9.0) };
    let good = |at| reading(sensor, at, 1.0);
    let mixed = vec![odd(900_000), good(1), odd(-900_000), good(2), odd(900_000)];
    keep(&*store, &permit, Batch { retain: true, ..fleet.batch(mixed) }).await;
    let reads = fleet.reads(sensor);
    let check = async |store: &dyn crate::Measurements| {
        assert_eq!(values(store, &reads).await.len(), 4);
        assert_eq!(store.curve(&reads, always()).await.expect("read").numbers, [1.0, 1.0]);
        assert_eq!(store.latest(&reads).expect("known").reading, good(2));
        assert_eq!(store.retained(&reads).expect("known").reading, good(2));
        let fed = fed(store, &fleet, Position(0));
        assert_eq!(fed, [(Position(0), good(1)), (Position(1), good(2))]);
    };
    check(&*store).await;
    drop(store);
    check(&*open(&fleet.clock).measurements).await;
}

/// The latest is the latest by time; retained is what came last, until it is forgotten.
pub async fn latest_and_retained_are_known(open: OpenStore<'_>) {
    let fleet = Fleet::new();
    let store = open(&fleet.clock).measurements;
    let (permit, sensor) = (fleet.writes(fleet.device(1)), fleet.sensor(1, 1));
    let reads = fleet.reads(sensor);
    assert!(store.latest(&reads).is_none() && store.retained(&reads).is_none());
    for at in [2, 7, 4] {
        let one = fleet.batch(vec![reading(sensor, at, 1.0)]);
        keep(&*store, &permit, Batch { retain: true, ..one }).await;
    }
    keep(&*store, &permit, fleet.batch(vec![reading(sensor, 5, 1.0)])).await;
    drop(store);
    let store = open(&fleet.clock).measurements;
    assert_eq!(store.latest(&reads).expect("known").reading.time, second(7));
    assert_eq!(store.retained(&reads).expect("known").reading.time, second(4));
    let foreign = store.forget_retained(&fleet.writes(fleet.device(2)), sensor);
    assert!(matches!(foreign, Err(StoreError::Missing(_))), "{foreign:?}");
    settle(&*store, store.forget_retained(&permit, sensor).expect("taken")).await;
    assert!(store.retained(&reads).is_none());
    drop(store);
    let store = open(&fleet.clock).measurements;
    assert!(store.retained(&reads).is_none());
    assert_eq!(store.latest(&reads).expect("known").reading.time, second(7));
}

/// A permit on one device writes no sensor of another, and none of another tenant.
pub async fn nobody_writes_anothers_sensor(open: OpenStore<'_>) {
    let fleet = Fleet::new();
    let store = open(&fleet.clock).measurements;
    let (own, foreign) = (fleet.sensor(1, 1), fleet.sensor(2, 1));
    let first = fleet.batch(vec![reading(foreign, 1, 1.0)]);
    keep(&*store, &fleet.writes(fleet.device(2)), first).await;
    drop(store);
    let store = open(&fleet.clock).measurements;
    let mixed = fleet.batch(vec![reading(own, 1, 1.0), reading(foreign, 2, 2.0)]);
    let refused = store.append(&fleet.writes(fleet.device(1)), mixed);
    assert!(matches!(refused, Err(StoreError::Missing(_))), "{refused:?}");
    let abroad = roadstead_model::SensorId::new(fleet.tenant(2), 9).expect("a small number");
    let refused =
        store.append(&fleet.writes(fleet.device(1)), fleet.batch(vec![reading(abroad, 1, 1.0)]));
    assert!(matches!(refused, Err(StoreError::Missing(_))), "{refused:?}");
    assert!(values(&*store, &fleet.reads(own)).await.is_empty());
    assert_eq!(values(&*store, &fleet.reads(foreign)).await.len(), 1);
}

/// Positions of a tenant rise without gaps, in the order of acceptance, over restarts too.
pub async fn positions_have_no_gaps(open: OpenStore<'_>) {
    let fleet = Fleet::new();
    let mut expected = Vec::new();
    for round in 0..3_u32 {
        let store = open(&fleet.clock).measurements;
        let tenant = fleet.tenant(1);
        assert_eq!(store.end(tenant), Position(expected.len() as u64));
        assert_eq!(*store.feed().end(tenant).borrow(), store.end(tenant));
        for at in 0..10 {
            let device = 1 + u64::from(at % 3_u8);
            let sensor = fleet.sensor(device, 1);
            let time = i64::from(round) * 100 + i64::from(at);
            let readings = vec![reading(sensor, time, 1.0), reading(sensor, time + 50, 2.0)];
            let permit = fleet.writes(fleet.device(device));
            keep(&*store, &permit, fleet.batch(readings.clone())).await;
            expected.extend(readings);
        }
        let fed = fed(&*store, &fleet, Position(0));
        let positions: Vec<u64> = fed.iter().map(|(position, _)| position.0).collect();
        assert_eq!(positions, (0..expected.len() as u64).collect::<Vec<_>>());
        assert!(fed.iter().map(|(_, reading)| reading).eq(&expected));
    }
}

/// A tenant's measurements stand in its own feed and count for it alone.
pub async fn a_feed_is_its_own_tenants(open: OpenStore<'_>) {
    let fleet = Fleet::new();
    let store = open(&fleet.clock).measurements;
    let (permit, sensor) = (fleet.writes(fleet.device(1)), fleet.sensor(1, 1));
    keep(&*store, &permit, fleet.batch(vec![reading(sensor, 1, 1.0)])).await;
    let other: TenantId = fleet.tenant(2);
    let stretch = store.feed().read(&fleet.scope(other), Position(0), 10);
    assert!(stretch.accepted.is_empty());
    assert_eq!((store.end(fleet.tenant(1)), store.end(other)), (Position(1), Position(0)));
}

/// A key makes a batch count once for a day, over restarts too.
pub async fn a_key_counts_once(open: OpenStore<'_>) {
    let fleet = Fleet::new();
    let store = open(&fleet.clock).measurements;
    let (permit, sensor) = (fleet.writes(fleet.device(1)), fleet.sensor(1, 1));
    let with_key = |at| fleet.once(Once::Key([7; 32]), vec![reading(sensor, at, 1.0)]);
    let first = store.append(&permit, with_key(1)).expect("taken");
    let again = store.append(&permit, with_key(2)).expect("known");
    assert_eq!(again, Appended::Repeated(first.ticket()));
    settle(&*store, again.ticket()).await;
    drop(store);
    fleet.clock.advance(Duration::from_hours(23));
    let store = open(&fleet.clock).measurements;
    let again = store.append(&permit, with_key(3)).expect("known");
    assert!(matches!(again, Appended::Repeated(_)), "{again:?}");
    settle(&*store, again.ticket()).await;
    assert_eq!(values(&*store, &fleet.reads(sensor)).await.len(), 1);
    fleet.clock.advance(Duration::from_hours(2));
    let late = store.append(&permit, with_key(4)).expect("taken");
    assert!(matches!(late, Appended::Queued(_)), "{late:?}");
}

/// Whatever is refused for want of room is taken after room was made.
pub async fn a_full_buffer_says_so(open: OpenStore<'_>) {
    let fleet = Fleet::new();
    let store = open(&fleet.clock).measurements;
    let (permit, sensor) = (fleet.writes(fleet.device(1)), fleet.sensor(1, 1));
    let mut last = None;
    for at in 0..60 {
        let readings: Vec<_> = (0..50).map(|step| reading(sensor, at * 50 + step, 1.0)).collect();
        last = Some(loop {
            match store.append(&permit, fleet.batch(readings.clone())) {
                Ok(appended) => break appended.ticket(),
                Err(StoreError::Busy) => store.room().await,
                Err(error) => panic!("{error}"),
            }
        });
    }
    settle(&*store, last.unwrap_or_default()).await;
    assert_eq!(values(&*store, &fleet.reads(sensor)).await.len(), 3_000);
    assert_eq!(store.status().accepted, 3_000);
}
