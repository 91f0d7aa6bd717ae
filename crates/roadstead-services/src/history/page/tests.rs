//! What this file promises, tried.

use super::*;
use crate::fake::{Site, at};
use crate::history::{History, HistoryLimits};
use crate::intake::{Entry, IntakeLimits, SensorRef};
use proptest::prelude::*;
use roadstead_guard::Write;
use roadstead_model::{Quality, Value};
use std::sync::Arc;
use std::time::Duration;

async fn fill(site: &Site, sensor: &str, seconds: &[u64]) {
    let intake = site.intake(IntakeLimits::default());
    let permit = site.may::<Write, _>(site.device);
    let entry = |second: &u64| {
        let time = Some(at("2026-11-21T00:00:00Z").after(Duration::from_secs(*second)));
        let (sensor, quality) = (SensorRef::read(sensor), Quality::Good);
        Ok(Entry { sensor, time, value: Value::Flag(true), unit: None, quality })
    };
    intake.keep(&permit, seconds.iter().map(entry).collect(), None).await.unwrap();
}

async fn every_page(site: &Site, sensors: &[SensorId], limit: usize) -> Vec<Measurement> {
    let store = Arc::clone(&site.store) as _;
    let history = History::new(Arc::clone(&site.guard), store, HistoryLimits::default());
    let permits: Vec<_> = sensors.iter().map(|sensor| site.may::<Read, _>(*sensor)).collect();
    let range = TimeRange { from: at("2026-11-21T00:00:00Z"), to: at("2026-11-22T00:00:00Z") };
    let (mut all, mut after) = (Vec::new(), None);
    for _ in 0..1_000 {
        let page = history.page(&permits, range, after, limit).await.unwrap();
        assert!(page.measurements.len() <= limit);
        all.extend(page.measurements);
        match page.next {
            Some(next) => after = Some(next.to_string().parse().unwrap()),
            None => return all,
        }
    }
    panic!("the pages never end");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn pages_together_are_everything_once(
        first in proptest::collection::vec(0_u64..6, 0..20),
        second in proptest::collection::vec(0_u64..6, 0..20),
        limit in 1_usize..8,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let site = Site::new();
            let sensors = [site.sensor("a", ""), site.sensor("b", "")];
            fill(&site, "a", &first).await;
            fill(&site, "b", &second).await;
            let told = every_page(&site, &sensors, limit).await;
            let mut wanted = site.store.rows.lock().unwrap().clone();
            wanted.sort_by_key(|row| (row.reading.sensor, row.reading.time, row.position));
            assert_eq!(told, wanted);
        });
    }
}

#[test]
fn a_foreign_cursor_is_refused() {
    for text in ["", "1-2", "zz-1-1", "1-2-3-4", "1-2-3", "0-0-fffffffff"] {
        assert!(text.parse::<Cursor>().is_err(), "{text}");
    }
}
