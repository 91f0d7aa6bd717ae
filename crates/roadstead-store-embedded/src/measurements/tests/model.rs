//! Random histories against a naive store: the same measurements, whatever happens in between.

use std::collections::BTreeMap;

use proptest::prelude::*;
use roadstead_model::{Position, Quality, Reading, Value};
use roadstead_store::contract::fleet::{Fleet, everything, fed, keep, reading};

use super::*;

/// The one time that is absurd, whoever sends it: quality follows from the time.
const ABSURD: i64 = 5 * 40_000;

#[derive(Debug, Clone)]
enum Step {
    /// By which device, whether by its owner, and sensors with times and values.
    Append(u64, bool, Vec<(u64, i64, u8)>),
    Crash,
    Close,
    Calm,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let time = prop_oneof![0..30_i64, (0..6_i64).prop_map(|day| day * 40_000)];
    let row = (1..=3_u64, time, 0..8_u8);
    let rows = prop::collection::vec(row, 0..12);
    let append = (1..=3_u64, any::<bool>(), rows);
    prop::collection::vec(
        prop_oneof![
            12 => append.prop_map(|(device, owner, rows)| Step::Append(device, owner, rows)),
            1 => Just(Step::Crash),
            1 => Just(Step::Close),
            2 => Just(Step::Calm),
        ],
        1..40,
    )
}

fn reading_of(fleet: &Fleet, device: u64, (sensor, time, kind): (u64, i64, u8)) -> Reading {
    let plain = reading(fleet.sensor(device, sensor), time, f64::from(kind) / 3.0);
    match kind {
        0 if time != ABSURD => Reading { value: Value::Flag(true), ..plain },
        1 if time != ABSURD => Reading { value: Value::Text("open".into()), ..plain },
        _ if time == ABSURD => Reading { quality: Quality::Quarantined, ..plain },
        _ => plain,
    }
}

/// Sensor, time, principal: the first of each stays.
type Naive = BTreeMap<(u64, i64, u64), Reading>;

struct History {
    fleet: Fleet,
    folder: TempDir,
    options: Options,
    naive: Naive,
    fed: Vec<(Position, Reading)>,
}

impl History {
    async fn run(mut self, steps: Vec<Step>) {
        let mut store = open_in(self.folder.path(), self.options);
        for step in steps {
            match step {
                Step::Append(device, owner, rows) => {
                    self.append(&store, (device, owner), rows).await;
                }
                Step::Crash => {
                    drop(store);
                    store = open_in(self.folder.path(), self.options);
                    self.compare(&store).await;
                }
                Step::Close => {
                    store.close().await.unwrap();
                    drop(store);
                    store = open_in(self.folder.path(), self.options);
                    self.compare(&store).await;
                }
                Step::Calm => {
                    calm(&store, &self.options);
                    self.compare(&store).await;
                }
            }
        }
        self.compare(&store).await;
    }

    async fn append(
        &mut self,
        store: &EmbeddedMeasurements,
        (device, owner): (u64, bool),
        rows: Vec<(u64, i64, u8)>,
    ) {
        let id = self.fleet.device(device);
        let permit = if owner { self.fleet.owner_writes(id) } else { self.fleet.writes(id) };
        let principal = permit.attribution().principal.integer();
        let readings: Vec<_> =
            rows.into_iter().map(|row| reading_of(&self.fleet, device, row)).collect();
        for one in &readings {
            let key = (one.sensor.integer(), one.time.micros(), principal);
            self.naive.entry(key).or_insert_with(|| one.clone());
        }
        keep(store, &permit, self.fleet.batch(readings)).await;
    }

    async fn compare(&mut self, store: &EmbeddedMeasurements) {
        for (device, sensor) in (1..=3).flat_map(|device| (1..=3).map(move |one| (device, one))) {
            let sensor = self.fleet.sensor(device, sensor);
            let reads = self.fleet.reads(sensor);
            let found = everything(store, &reads).await.measurements;
            let mut positions: Vec<_> = found
                .iter()
                .filter(|one| one.reading.quality != Quality::Quarantined)
                .map(|one| one.position)
                .collect();
            let key =
                |one: &Measurement| (one.reading.time.micros(), one.source.principal.integer());
            for limit in [1, 3, 10] {
                let page = store.page(&reads, always(), limit).await.unwrap();
                let first: Vec<_> = found.iter().take(limit).map(|one| &one.reading).collect();
                let of_page: Vec<_> = page.measurements.iter().map(|one| &one.reading).collect();
                assert_eq!((of_page, page.more), (first, found.len() > limit));
            }
            let found: Vec<_> = found.into_iter().map(|one| (key(&one), one.reading)).collect();
            let ours = self
                .naive
                .range((sensor.integer(), i64::MIN, 0)..=(sensor.integer(), i64::MAX, u64::MAX));
            let expected: Vec<_> = ours
                .map(|((_, time, principal), reading)| ((*time, *principal), reading.clone()))
                .collect();
            assert_eq!(found, expected);
            positions.sort_unstable();
            positions.dedup();
            let good = expected.iter().filter(|(_, one)| one.quality != Quality::Quarantined);
            assert_eq!(positions.len(), good.clone().count(), "each has a position of its own");
            let numbers: Vec<f64> =
                good.clone().filter_map(|(_, one)| one.value.as_number()).collect();
            assert_eq!(store.curve(&reads, always()).await.unwrap().numbers, numbers);
            let latest = store.latest(&reads).map(|one| one.reading.time);
            assert_eq!(latest, good.map(|(_, one)| one.time).max());
        }
        let fed = fed(store, &self.fleet, Position(0));
        let end = store.end(self.fleet.tenant(1));
        assert!(fed.iter().map(|(position, _)| position.0).eq(0..end.0), "no gap");
        assert!(fed.starts_with(&self.fed), "what was fed once stays");
        self.fed = fed;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn any_history_reads_like_a_naive_one(steps in steps(), flush_rows in 3..40_usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let history = History {
            fleet: Fleet::new(),
            folder: TempDir::new().unwrap(),
            options: Options { flush_rows, ..tiny() },
            naive: Naive::new(),
            fed: Vec::new(),
        };
        runtime.block_on(history.run(steps));
    }
}
