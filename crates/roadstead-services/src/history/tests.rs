//! What this file promises, tried.

use super::*;
use crate::fake::{Site, at};
use crate::intake::{Entry, IntakeLimits, SensorRef};
use roadstead_guard::Write;
use roadstead_model::{Quality, Value};

async fn fill(site: &Site, points: &[(&str, f64)]) -> SensorId {
    let sensor = site.sensor("power", "W");
    let entry = |(time, number): &(&str, f64)| {
        let (sensor, quality) = (SensorRef::Id(sensor), Quality::Good);
        let value = Value::number(*number).unwrap();
        Ok(Entry { sensor, time: Some(at(time)), value, unit: None, quality })
    };
    let permit = site.may::<Write, _>(site.device);
    let intake = site.intake(IntakeLimits::default());
    intake.keep(&permit, points.iter().map(entry).collect(), None).await.unwrap();
    sensor
}

fn history(site: &Site, limits: HistoryLimits) -> History {
    History::new(Arc::clone(&site.guard), Arc::clone(&site.store) as _, limits)
}

fn buckets(
    from: &str,
    to: &str,
    (resolution, zone): (&str, &str),
    aggregate: Aggregate,
) -> CurveQuery {
    let resolution = Resolution::parse(resolution, &zone.parse().unwrap()).unwrap();
    let detail = Detail::Buckets { resolution, aggregates: [aggregate].into() };
    CurveQuery { range: TimeRange { from: at(from), to: at(to) }, detail }
}

async fn ask(site: &Site, sensor: SensorId, query: &CurveQuery) -> Series {
    let permit = site.may::<Read, _>(sensor);
    history(site, HistoryLimits::default()).curve(&[permit], query).await.unwrap()[0].clone()
}

#[tokio::test]
async fn buckets_without_values_are_left_out() {
    let site = Site::new();
    let points = [
        ("2026-11-20T00:10:00Z", 1.0),
        ("2026-11-20T00:20:00Z", 3.0),
        ("2026-11-20T05:00:00Z", 7.0),
    ];
    let sensor = fill(&site, &points).await;
    let query =
        buckets("2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z", ("PT1H", "UTC"), Aggregate::Mean);
    let series = ask(&site, sensor, &query).await;
    let hours = [at("2026-11-20T00:00:00Z").micros(), at("2026-11-20T05:00:00Z").micros()];
    assert_eq!((&series.times[..], &series.columns[0].numbers[..]), (&hours[..], &[2.0, 7.0][..]));
}

#[tokio::test]
async fn a_day_of_25_hours_is_one_bucket() {
    let site = Site::new();
    let points = [
        ("2026-10-24T22:00:00Z", 1.0),
        ("2026-10-25T22:59:59Z", 1.0),
        ("2026-10-25T23:00:00Z", 1.0),
    ];
    let sensor = fill(&site, &points).await;
    let zone = ("P1D", "Europe/Berlin");
    let query = buckets("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z", zone, Aggregate::Count);
    assert_eq!(ask(&site, sensor, &query).await.columns[0].numbers, [2.0, 1.0]);
}

#[tokio::test]
async fn a_mean_over_time_knows_the_value_before_the_range_whatever_the_range() {
    let site = Site::new();
    let points = [
        ("2026-11-20T00:30:00Z", 10.0),
        ("2026-11-20T01:30:00Z", 20.0),
        ("2026-11-20T04:30:00Z", 5.0),
    ];
    let sensor = fill(&site, &points).await;
    let ask_from = async |from| {
        let query =
            buckets(from, "2026-11-20T06:00:00Z", ("PT1H", "UTC"), Aggregate::TimeWeightedMean);
        ask(&site, sensor, &query).await.columns.remove(0).numbers
    };
    assert_eq!(ask_from("2026-11-20T00:00:00Z").await, [10.0, 15.0, 5.0]);
    assert_eq!(ask_from("2026-11-20T01:00:00Z").await, [15.0, 5.0]);
}

#[tokio::test]
async fn the_running_bucket_counts_until_now() {
    let site = Site::new();
    let points = [("2026-11-21T09:00:00Z", 0.0), ("2026-11-21T09:30:00Z", 10.0)];
    let sensor = fill(&site, &points).await;
    let zone = ("PT6H", "UTC");
    let query =
        buckets("2026-11-21T06:00:00Z", "2026-11-21T12:00:00Z", zone, Aggregate::TimeWeightedMean);
    assert_eq!(ask(&site, sensor, &query).await.columns[0].numbers, [5.0]);
}

#[tokio::test]
async fn too_much_is_refused_before_it_is_read() {
    let site = Site::new();
    let sensor = fill(&site, &[("2026-11-20T00:00:00Z", 1.0), ("2026-11-20T01:00:00Z", 1.0)]).await;
    let permits = [site.may::<Read, _>(sensor), site.may::<Read, _>(sensor)];
    let query =
        buckets("2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z", ("PT1H", "UTC"), Aggregate::Max);
    let narrow = history(&site, HistoryLimits { scanned: 3, ..HistoryLimits::default() });
    let refused = narrow.curve(&permits, &query).await.unwrap_err();
    assert!(matches!(refused, HistoryError::TooMuch { cost: 4, limit: 3 }));
    assert!(refused.to_string().contains("shorten the range"));
    assert!(narrow.curve(&permits[..1], &query).await.is_ok());
    let few = history(&site, HistoryLimits { sensors: 1, ..HistoryLimits::default() });
    assert!(matches!(
        few.curve(&permits, &query).await,
        Err(HistoryError::TooManySensors { limit: 1 })
    ));
}

#[tokio::test]
async fn questions_without_sense_are_refused() {
    let site = Site::new();
    let sensor = fill(&site, &[("2026-11-20T00:00:00Z", 1.0)]).await;
    let permits = [site.may::<Read, _>(sensor)];
    let history = history(&site, HistoryLimits::default());
    let (from, to) = (at("2026-11-20T00:00:00Z"), at("2026-11-21T00:00:00Z"));
    let detail = Detail::Points { count: 2, thinning: Thinning::Lttb };
    let few = CurveQuery { range: TimeRange { from, to }, detail };
    assert!(matches!(history.curve(&permits, &few).await, Err(HistoryError::Points { .. })));
    let backwards = CurveQuery { range: TimeRange { from: to, to: from }, detail: Detail::Every };
    assert!(matches!(history.curve(&permits, &backwards).await, Err(HistoryError::EmptyRange)));
}

#[tokio::test]
async fn every_value_and_few_points_come_from_the_same_curve() {
    let site = Site::new();
    let points: Vec<(String, f64)> =
        (0..60).map(|n| (format!("2026-11-20T00:{n:02}:00Z"), f64::from(n % 7))).collect();
    let points: Vec<(&str, f64)> = points.iter().map(|(time, n)| (time.as_str(), *n)).collect();
    let sensor = fill(&site, &points).await;
    let range = TimeRange { from: at("2026-11-20T00:00:00Z"), to: at("2026-11-21T00:00:00Z") };
    let every = ask(&site, sensor, &CurveQuery { range, detail: Detail::Every }).await;
    let detail = Detail::Points { count: 10, thinning: Thinning::MinMax };
    let few = ask(&site, sensor, &CurveQuery { range, detail }).await;
    assert_eq!((every.times.len(), every.columns[0].name), (60, "value"));
    assert!(few.times.len() <= 10 && few.times.iter().all(|time| every.times.contains(time)));
}

#[tokio::test]
async fn a_long_curve_is_worked_out_beside() {
    let site = Site::new();
    let sensor = site.sensor("power", "W");
    let entry = |second: u32| {
        let time =
            Some(at("2026-11-20T00:00:00Z").after(std::time::Duration::from_secs(second.into())));
        let (sensor, quality) = (SensorRef::Id(sensor), Quality::Good);
        Ok(Entry { sensor, time, value: Value::Number(1.0), unit: None, quality })
    };
    let permit = site.may::<Write, _>(site.device);
    let intake = site.intake(IntakeLimits::default());
    intake.keep(&permit, (0..30_000).map(entry).collect(), None).await.unwrap();
    let query =
        buckets("2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z", ("PT1H", "UTC"), Aggregate::Sum);
    let sums = ask(&site, sensor, &query).await.columns.remove(0).numbers;
    assert_eq!(sums, [3600.0, 3600.0, 3600.0, 3600.0, 3600.0, 3600.0, 3600.0, 3600.0, 1200.0]);
}

#[tokio::test]
async fn the_latest_value_is_the_one_with_the_latest_time() {
    let site = Site::new();
    let sensor = fill(&site, &[("2026-11-20T02:00:00Z", 2.0), ("2026-11-20T01:00:00Z", 1.0)]).await;
    let permit = site.may::<Read, _>(sensor);
    let latest = history(&site, HistoryLimits::default()).latest(&permit).unwrap();
    assert_eq!(latest.reading.value, Value::Number(2.0));
}
