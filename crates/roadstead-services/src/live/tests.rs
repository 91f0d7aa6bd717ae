//! What this file promises, tried.

use super::*;
use crate::fake::{Site, at};
use crate::intake::{Entry, IntakeLimits, SensorRef};
use roadstead_guard::Write;
use roadstead_model::{DeviceId, Sensor, TypeMode, Value};

fn live(site: &Site) -> Live {
    let measurements = Arc::clone(&site.store) as _;
    Live::new(Arc::clone(&site.guard), Arc::clone(&site.catalog) as _, measurements)
}

async fn send(
    site: &Site,
    caller: &Caller,
    device: DeviceId,
    sensor: &str,
    values: std::ops::Range<u32>,
) {
    let permit = site.guard.permit::<Write, _>(caller, device).unwrap();
    let entry = |value: u32| {
        let time = Some(at("2026-11-21T09:00:00Z").after(Duration::from_secs(value.into())));
        let (sensor, quality) = (SensorRef::read(sensor), Quality::Good);
        Ok(Entry { sensor, time, value: Value::Number(value.into()), unit: None, quality })
    };
    let intake = site.intake(IntakeLimits::default());
    intake.keep(&permit, values.map(entry).collect(), None).await.unwrap();
}

async fn send_own(site: &Site, sensor: &str, values: std::ops::Range<u32>) {
    send(site, &site.caller, site.device, sensor, values).await;
}

fn told(news: Option<News>) -> Vec<f64> {
    match news {
        None => Vec::new(),
        Some(News::Measurements(told)) => {
            told.iter().map(|one| one.reading.value.as_number().unwrap()).collect()
        }
        Some(News::Missed { count, .. }) => panic!("missed {count}"),
    }
}

#[tokio::test]
async fn what_comes_is_told_once_and_in_order() {
    let site = Site::new();
    send_own(&site, "a", 0..2).await;
    let mut follower = live(&site).follow(&site.caller, Interest::Everything, None).unwrap();
    assert!(follower.try_next().unwrap().is_none(), "what came before is not told");
    send_own(&site, "a", 2..4).await;
    send_own(&site, "b", 4..5).await;
    assert_eq!(told(follower.try_next().unwrap()), [2.0, 3.0, 4.0]);
    assert!(follower.try_next().unwrap().is_none());
}

#[tokio::test]
async fn a_follower_goes_on_where_it_left() {
    let site = Site::new();
    send_own(&site, "a", 0..5).await;
    let from = Some(Position(3));
    let mut follower = live(&site).follow(&site.caller, Interest::Everything, from).unwrap();
    assert_eq!(told(follower.try_next().unwrap()), [3.0, 4.0]);
    assert_eq!(follower.position(), Position(5));
}

#[tokio::test]
async fn a_large_batch_is_told_in_parts() {
    let site = Site::new();
    let mut follower = live(&site).follow(&site.caller, Interest::Everything, None).unwrap();
    send_own(&site, "a", 0..2_500).await;
    let mut all = Vec::new();
    for part in [1_000, 1_000, 500] {
        let values = told(follower.try_next().unwrap());
        assert_eq!(values.len(), part);
        all.extend(values);
    }
    assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
}

#[tokio::test]
async fn only_what_is_of_interest_and_in_sight_is_told() {
    let site = Site::new();
    let (other, stranger) = site.another("pump-8", TypeMode::Open);
    let live = live(&site);
    let sensor = site.sensor("b", "");
    let mut own = live.follow(&site.caller, Interest::Everything, None).unwrap();
    let mut one = live.follow(&site.caller, Interest::Below(vec![sensor.into()]), None).unwrap();
    send(&site, &stranger, other, "a", 0..1).await;
    send_own(&site, "a", 1..2).await;
    send_own(&site, "b", 2..3).await;
    assert_eq!(told(own.try_next().unwrap()), [1.0, 2.0]);
    assert_eq!(told(one.try_next().unwrap()), [2.0]);
    let unseen = live.follow(&site.caller, Interest::Below(vec![other.into()]), None);
    assert_eq!(unseen.err(), Some(Denied::Unseen));
}

#[tokio::test]
async fn a_slow_follower_is_told_what_it_missed() {
    let mut site = Site::new();
    site.store = Arc::new(crate::fake::FakeMeasurements::keeping(10));
    let mut follower = live(&site).follow(&site.caller, Interest::Everything, None).unwrap();
    for batch in 0..5 {
        send_own(&site, "a", batch * 5..batch * 5 + 5).await;
    }
    let missed = follower.try_next().unwrap();
    assert!(matches!(missed, Some(News::Missed { count: 15, resume: Position(15) })), "{missed:?}");
    assert_eq!(told(follower.try_next().unwrap()).len(), 10);
}

#[tokio::test]
async fn a_follower_ends_with_its_credential_even_when_nothing_comes() {
    let site = Site::new();
    let mut follower = live(&site).follow(&site.caller, Interest::Everything, None).unwrap();
    let waiting = tokio::spawn(async move { follower.next().await.err() });
    tokio::time::sleep(Duration::from_millis(20)).await;
    site.end_credential();
    let ended = tokio::time::timeout(Duration::from_secs(1), waiting).await;
    assert_eq!(ended.expect("within a second").unwrap(), Some(Denied::Ended));
}

#[tokio::test]
async fn what_is_removed_is_told_no_more() {
    let site = Site::new();
    let sensor = site.sensor("a", "");
    let mut follower = live(&site).follow(&site.caller, Interest::Everything, None).unwrap();
    send_own(&site, "a", 0..1).await;
    assert_eq!(told(follower.try_next().unwrap()), [0.0]);
    send_own(&site, "a", 1..2).await;
    site.directory.change(|open| open.remove(sensor.into()));
    assert!(follower.try_next().unwrap().is_none());
}

#[tokio::test]
async fn a_renamed_sensor_is_told_by_its_new_name() {
    let site = Site::new();
    let sensor = site.sensor("a", "");
    let mut follower = live(&site).follow(&site.caller, Interest::Everything, None).unwrap();
    let shape = crate::fake::shape("b", "Cel");
    site.directory
        .change(|open| open.put_sensor(Sensor { id: sensor, device: site.device, shape }));
    send_own(&site, "b", 0..1).await;
    let Some(News::Measurements(told)) = follower.try_next().unwrap() else {
        panic!("nothing came")
    };
    assert_eq!(told[0].place.sensor.shape.name.as_str(), "b");
}

#[tokio::test]
async fn waiting_wakes_when_something_comes() {
    let site = Arc::new(Site::new());
    let mut follower = live(&site).follow(&site.caller, Interest::Everything, None).unwrap();
    let sender = Arc::clone(&site);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(10)).await;
        send_own(&sender, "a", 0..1).await;
    });
    let news = tokio::time::timeout(Duration::from_secs(2), follower.next()).await;
    assert_eq!(told(Some(news.expect("in time").unwrap())), [0.0]);
}

#[tokio::test]
async fn quarantined_values_are_not_told() {
    let site = Site::new();
    let mut follower = live(&site).follow(&site.caller, Interest::Everything, None).unwrap();
    let permit = site.may::<Write, _>(site.device);
    let (time, quality) = (Some(at("1990-01-01T00:00:00Z")), Quality::Good);
    let sensor = SensorRef::read("a");
    let entry = Entry { sensor, time, value: Value::Flag(true), unit: None, quality };
    let intake = site.intake(IntakeLimits::default());
    intake.keep(&permit, vec![Ok(entry)], None).await.unwrap();
    assert!(follower.try_next().unwrap().is_none());
    assert_eq!(follower.position(), Position(1));
}
