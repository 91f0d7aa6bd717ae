//! What this file promises, tried.

use super::*;
use crate::fake::{Site, at};
use roadstead_model::{TypeMode, Value};
use std::sync::atomic::Ordering::SeqCst;

fn entry(sensor: &str, time: Option<&str>) -> Entry {
    let value = Value::Number(1.0);
    let (time, quality) = (time.map(at), Quality::Good);
    Entry { sensor: SensorRef::read(sensor), time, value, unit: None, quality }
}

fn in_unit(sensor: &str, unit: &str) -> Entry {
    Entry { unit: Some(unit.into()), ..entry(sensor, None) }
}

fn reasons(refused: &[Refusal]) -> Vec<String> {
    refused.iter().map(|refusal| refusal.reason.to_string()).collect()
}

#[tokio::test]
async fn a_new_name_of_an_open_device_becomes_a_sensor_and_is_audited() {
    let site = Site::new();
    let intake = site.intake(IntakeLimits::default());
    let permit = site.may::<Write, _>(site.device);
    assert_eq!(intake.sensor_for(&permit, "temperature"), None);
    let entries =
        vec![in_unit("temperature", "Cel"), entry("temperature", Some("2026-11-21T09:00:00Z"))];
    let resolved = intake.resolve(&permit, entries, site.clock.now()).await;
    let sensor = intake.sensor_for(&permit, "temperature").unwrap();
    assert!(resolved.refused.is_empty() && resolved.readings.iter().all(|r| r.sensor == sensor));
    assert_eq!(resolved.readings[0].time, site.clock.now(), "no time means its arrival");
    let audited = site.audit.entries.lock().unwrap();
    assert_eq!((audited.len(), audited[0].action), (1, "sensor.bring"));
}

#[tokio::test]
async fn what_cannot_be_audited_is_not_made() {
    let site = Site::new();
    site.audit.broken.store(true, SeqCst);
    let intake = site.intake(IntakeLimits::default());
    let permit = site.may::<Write, _>(site.device);
    let resolved = intake.resolve(&permit, vec![entry("a", None)], site.clock.now()).await;
    assert!(matches!(resolved.refused[0].reason, IntakeError::Stopped));
    assert_eq!(intake.sensor_for(&permit, "a"), None);
}

#[tokio::test]
async fn a_device_brings_sensors_up_to_its_limit() {
    let site = Site::new();
    let intake = site.intake(IntakeLimits { sensors_per_device: 2, ..IntakeLimits::default() });
    let permit = site.may::<Write, _>(site.device);
    let entries = ["a", "b", "c", "a"].map(|name| entry(name, Some("2026-11-21T09:00:00Z"))).into();
    let resolved = intake.resolve(&permit, entries, site.clock.now()).await;
    assert_eq!(resolved.readings.len(), 3);
    assert_eq!(resolved.refused[0].index, 2);
    assert!(matches!(resolved.refused[0].reason, IntakeError::DeviceFull { limit: 2, .. }));
}

#[tokio::test]
async fn a_tenant_has_a_limit_too() {
    let site = Site::new();
    site.sensor("a", "");
    let intake = site.intake(IntakeLimits { sensors_per_tenant: 1, ..IntakeLimits::default() });
    let (device, caller) = site.another("pump-8", TypeMode::Open);
    let permit = site.guard.permit::<Write, _>(&caller, device).unwrap();
    let resolved = intake.resolve(&permit, vec![entry("b", None)], site.clock.now()).await;
    assert!(matches!(resolved.refused[0].reason, IntakeError::TenantFull { limit: 1, .. }));
}

#[tokio::test]
async fn a_fixed_device_brings_none() {
    let site = Site::new();
    let intake = site.intake(IntakeLimits::default());
    let (device, caller) = site.another("meter", TypeMode::Fixed);
    let permit = site.guard.permit::<Write, _>(&caller, device).unwrap();
    let resolved = intake.resolve(&permit, vec![entry("b", None)], site.clock.now()).await;
    assert!(matches!(resolved.refused[0].reason, IntakeError::UnknownSensor(_)));
}

#[tokio::test]
async fn another_devices_sensor_is_unknown_even_by_id() {
    let site = Site::new();
    let sensor = site.sensor("a", "");
    let intake = site.intake(IntakeLimits::default());
    let (device, caller) = site.another("pump-8", TypeMode::Open);
    let theirs = site.guard.permit::<Write, _>(&caller, device).unwrap();
    let own = site.may::<Write, _>(site.device);
    let by_id = || vec![entry(&sensor.to_string(), None)];
    assert_eq!(intake.resolve(&own, by_id(), site.clock.now()).await.readings.len(), 1);
    assert_eq!(intake.resolve(&theirs, by_id(), site.clock.now()).await.readings.len(), 0);
}

#[tokio::test]
async fn a_value_in_another_unit_is_refused() {
    let site = Site::new();
    site.sensor("temperature", "Cel");
    let intake = site.intake(IntakeLimits::default());
    let permit = site.may::<Write, _>(site.device);
    let entries = vec![in_unit("temperature", "K"), in_unit("temperature", "Cel")];
    let resolved = intake.resolve(&permit, entries, site.clock.now()).await;
    assert_eq!(resolved.readings.len(), 1);
    assert!(reasons(&resolved.refused)[0].contains("is in `Cel`, not in `K`"));
}

#[tokio::test]
async fn two_values_without_a_time_are_not_taken_for_one() {
    let site = Site::new();
    let intake = site.intake(IntakeLimits::default());
    let permit = site.may::<Write, _>(site.device);
    let entries = vec![entry("a", None), entry("a", None), entry("b", None)];
    let resolved = intake.resolve(&permit, entries, site.clock.now()).await;
    assert!(matches!(
        resolved.refused[..],
        [Refusal { index: 1, reason: IntakeError::SecondWithoutTime }]
    ));
}

#[tokio::test]
async fn absurd_times_are_kept_aside() {
    let site = Site::new();
    let intake = site.intake(IntakeLimits::default());
    let permit = site.may::<Write, _>(site.device);
    let times = [
        "1999-12-31T23:59:59Z",
        "2000-01-01T00:00:00Z",
        "2026-11-22T10:00:00Z",
        "2026-11-22T10:00:01Z",
    ];
    let entries = times.map(|time| Ok(entry("a", Some(time)))).into();
    let receipt = intake.keep(&permit, entries, None).await.unwrap();
    assert_eq!((receipt.accepted, receipt.quarantined), (4, 2));
    let kept = site.store.rows.lock().unwrap();
    let aside: Vec<bool> =
        kept.iter().map(|row| row.reading.quality == Quality::Quarantined).collect();
    assert_eq!(aside, [true, false, false, true]);
}

#[tokio::test]
async fn a_body_is_kept_but_for_its_wrong_entries() {
    let site = Site::new();
    let intake = site.intake(IntakeLimits::default());
    let permit = site.may::<Write, _>(site.device);
    let entries = vec![Err(EntryError::NoValue), Ok(entry("a", None)), Ok(entry("a/b", None))];
    let receipt = intake.keep(&permit, entries, None).await.unwrap();
    assert_eq!(receipt.accepted, 1);
    let places: Vec<usize> = receipt.refused.iter().map(|refusal| refusal.index).collect();
    assert_eq!(places, [0, 2]);
    assert!(reasons(&receipt.refused)[1].contains("`a/b` cannot be a sensor's name"));
}

#[tokio::test]
async fn the_same_key_keeps_nothing_twice() {
    let site = Site::new();
    let intake = site.intake(IntakeLimits::default());
    let permit = site.may::<Write, _>(site.device);
    let key = Some(Once::Key([7; 32]));
    let keep = || intake.keep(&permit, vec![Ok(entry("a", None))], key.clone());
    assert!(!keep().await.unwrap().repeated);
    assert!(keep().await.unwrap().repeated);
    assert_eq!(site.store.rows.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_busy_store_is_waited_for_and_a_stopped_one_is_not() {
    let site = Site::new();
    let intake = site.intake(IntakeLimits::default());
    let permit = site.may::<Write, _>(site.device);
    site.store.busy.store(true, SeqCst);
    let waited = intake.keep(&permit, vec![Ok(entry("a", None))], None).await;
    assert_eq!(waited.unwrap().accepted, 1);
    site.store.stopped.store(true, SeqCst);
    let refused = intake.keep(&permit, vec![Ok(entry("a", None))], None).await;
    assert!(matches!(refused, Err(IntakeError::Stopped)));
}

#[tokio::test]
async fn a_permit_counts_no_more_once_the_credential_ended() {
    let site = Site::new();
    let intake = site.intake(IntakeLimits::default());
    let permit = site.may::<Write, _>(site.device);
    site.end_credential();
    let batch = Batch { readings: vec![], arrival: site.clock.now(), retain: false, once: None };
    assert!(matches!(intake.accept(&permit, batch), Err(IntakeError::Denied(_))));
}

#[tokio::test]
async fn nothing_is_brought_by_a_permit_that_ended() {
    let site = Site::new();
    let intake = site.intake(IntakeLimits::default());
    let permit = site.may::<Write, _>(site.device);
    site.end_credential();
    let resolved = intake.resolve(&permit, vec![entry("a", None)], site.clock.now()).await;
    assert!(matches!(resolved.refused[0].reason, IntakeError::Denied(_)));
}

#[test]
fn no_two_arrivals_are_the_same() {
    let site = Site::new();
    let intake = site.intake(IntakeLimits::default());
    let (first, second) = (intake.arrival(), intake.arrival());
    assert!(first < second);
    site.clock.advance(Duration::from_secs(1));
    assert_eq!(intake.arrival(), site.clock.now());
}

#[test]
fn a_clock_that_was_ahead_for_a_moment_is_followed_back() {
    let site = Site::new();
    let intake = site.intake(IntakeLimits::default());
    let noon = site.clock.now();
    site.clock.advance(Duration::from_hours(24));
    intake.arrival();
    site.clock.set(noon);
    let (first, second) = (intake.arrival(), intake.arrival());
    assert_eq!(first, noon);
    assert!(first < second && second < noon.after(Duration::from_secs(1)));
}
