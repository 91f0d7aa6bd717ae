//! The promises of every backend, and what is this one's own.

mod crash; // a power cut at each step
mod damage; // a disk that refuses
mod ended; // a thread that is gone
mod full; // a disk without room
mod model; // random histories against a naive one

use std::sync::Arc;
use std::time::Duration;

use roadstead_model::{Quality, Reading};
use roadstead_store::Measurements as _;
use roadstead_store::contract::fleet::{Fleet, Opened, always, everything, keep, reading};
use roadstead_store::contract::site::HandClock;
use roadstead_store::contract::{measurements, sessions};
use tempfile::TempDir;

use super::*;

/// Options with which a few rows pass through every part of the store.
pub(super) fn tiny() -> Options {
    Options {
        segment_bytes: 4096,
        pending: 1000,
        flush_rows: 5,
        sealed_sets: 2,
        feed_kept: 100_000,
        keys_kept: 1000,
        day_files: 2,
        group_rows: 3,
    }
}

pub(super) fn open_in(folder: &Path, options: Options) -> EmbeddedMeasurements {
    EmbeddedMeasurements::open(folder, options, HandClock::at_noon()).expect("opens")
}

/// Waits until nothing is left to flush or to merge.
pub(super) fn calm(store: &EmbeddedMeasurements, options: &Options) {
    for _ in 0..6000 {
        let listing = store.files.listing();
        let days =
            listing.chunk_by(|one, next| one.info.path().parent() == next.info.path().parent());
        let merged = days.into_iter().all(|day| day.len() <= options.day_files);
        let memory = store.shared.memory();
        let flushed = memory.rows() == memory.unsealed();
        drop(memory);
        if merged && flushed {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("the store does not calm down");
}

fn opener(options: Options) -> (TempDir, impl Fn(&Arc<HandClock>) -> Opened + Send + Sync) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().to_owned();
    let open = move |clock: &Arc<HandClock>| {
        let clock = Arc::clone(clock);
        let store = EmbeddedMeasurements::open(&path, options, clock).expect("opens");
        let store = Arc::new(store);
        let sessions = Arc::clone(&store) as Arc<dyn Sessions>;
        Opened { measurements: store, sessions }
    };
    (folder, open)
}

macro_rules! promises {
    ($($promise:path => $name:ident;)*) => {$(
        mod $name {
            use super::*;

            #[tokio::test]
            async fn is_kept() {
                let (_folder, open) = opener(Options::default());
                $promise(&open).await;
            }

            #[tokio::test]
            async fn is_kept_through_files() {
                let (_folder, open) = opener(tiny());
                $promise(&open).await;
            }
        }
    )*};
}

promises! {
    measurements::what_is_acknowledged_is_there => what_is_acknowledged_is_there;
    measurements::closing_keeps_what_was_handed_over => closing_keeps_what_was_handed_over;
    measurements::a_repetition_changes_nothing => a_repetition_changes_nothing;
    measurements::each_source_is_kept => each_source_is_kept;
    measurements::a_series_is_read_by_time => a_series_is_read_by_time;
    measurements::a_curve_has_numbers_and_flags => a_curve_has_numbers_and_flags;
    measurements::quarantined_values_are_kept_aside => quarantined_values_are_kept_aside;
    measurements::latest_and_retained_are_known => latest_and_retained_are_known;
    measurements::nobody_writes_anothers_sensor => nobody_writes_anothers_sensor;
    measurements::positions_have_no_gaps => positions_have_no_gaps;
    measurements::a_feed_is_its_own_tenants => a_feed_is_its_own_tenants;
    measurements::a_key_counts_once => a_key_counts_once;
    measurements::a_full_buffer_says_so => a_full_buffer_says_so;
    sessions::a_session_survives_a_restart => a_session_survives_a_restart;
    sessions::a_packet_counts_once_until_released => a_packet_counts_once_until_released;
    sessions::received_packets_are_the_stores_own => received_packets_are_the_stores_own;
}

#[tokio::test]
async fn a_folder_has_one_server() {
    let folder = TempDir::new().unwrap();
    let store = open_in(folder.path(), tiny());
    let second = EmbeddedMeasurements::open(folder.path(), tiny(), HandClock::at_noon());
    let error = second.err().expect("refused");
    let cause = std::error::Error::source(&error).expect("has a cause").to_string();
    assert!(cause.contains("another server uses"), "{cause}");
    drop(store);
    drop(open_in(folder.path(), tiny()));
}

#[tokio::test]
async fn rows_move_into_few_files_and_the_journal_shrinks() {
    let folder = TempDir::new().unwrap();
    let options = Options { feed_kept: 10, ..tiny() };
    let store = open_in(folder.path(), options);
    let fleet = Fleet::new();
    let (permit, sensor) = (fleet.writes(fleet.device(1)), fleet.sensor(1, 1));
    for at in 0..300 {
        keep(&store, &permit, fleet.batch(vec![reading(sensor, at, 1.0)])).await;
    }
    calm(&store, &options);
    let status = store.status();
    assert!(status.recent <= 6, "{status:?}");
    assert!((1..=4).contains(&status.files), "{status:?}");
    let segments = std::fs::read_dir(folder.path().join("journal")).unwrap().count();
    assert!(segments < 10, "{segments} segments");
    let reads = fleet.reads(sensor);
    assert_eq!(store.curve(&reads, always()).await.unwrap().times.len(), 300);
    let estimate = store.estimate(&reads, always());
    assert!((300..=310).contains(&estimate), "{estimate}");
}

#[tokio::test]
async fn a_read_of_one_sensor_finds_it_among_many() {
    let folder = TempDir::new().unwrap();
    let options = Options {
        flush_rows: 40_000,
        segment_bytes: 8 << 20,
        group_rows: 20_000,
        ..Options::default()
    };
    let store = open_in(folder.path(), options);
    let fleet = Fleet::new();
    for number in 1..=4_u32 {
        let sensor = fleet.sensor(1, number.into());
        let readings = (0..11_000).map(|at| reading(sensor, at, f64::from(number))).collect();
        keep(&store, &fleet.writes(fleet.device(1)), fleet.batch(readings)).await;
    }
    keep(
        &store,
        &fleet.writes(fleet.device(2)),
        fleet.batch(vec![reading(fleet.sensor(2, 1), 1, 0.0)]),
    )
    .await;
    calm(&store, &options);
    assert!(store.status().recent < 10);
    for number in 1..=4_u32 {
        let reads = fleet.reads(fleet.sensor(1, number.into()));
        let curve = store.curve(&reads, always()).await.unwrap();
        assert_eq!(curve.times.len(), 11_000);
        assert_eq!(curve.numbers, vec![f64::from(number); 11_000]);
        let range = TimeRange {
            from: roadstead_store::contract::fleet::second(5_000),
            to: roadstead_store::contract::fleet::second(5_010),
        };
        assert_eq!(store.curve(&reads, range).await.unwrap().times.len(), 10);
        assert_eq!(store.page(&reads, range, 4).await.unwrap().measurements.len(), 4);
    }
}

#[tokio::test]
async fn times_all_over_the_years_make_few_files() {
    let folder = TempDir::new().unwrap();
    let options = Options { flush_rows: 900, segment_bytes: 8 << 20, ..tiny() };
    let store = open_in(folder.path(), options);
    let fleet = Fleet::new();
    let (permit, sensor) = (fleet.writes(fleet.device(1)), fleet.sensor(1, 1));
    let good = |at: i64| reading(sensor, at * -86_400, 1.0);
    let absurd = |at: i64| Reading { quality: Quality::Quarantined, ..good(at) };
    let readings = (0..1_000).map(|at| if at < 500 { good(at) } else { absurd(at) });
    let readings: Vec<_> = readings.collect();
    keep(&store, &permit, fleet.batch(readings.clone())).await;
    keep(&store, &permit, fleet.batch(vec![good(-1)])).await;
    calm(&store, &options);
    let status = store.status();
    assert!((1..=65).contains(&status.files), "{status:?}");
    drop(store);
    let store = open_in(folder.path(), options);
    let reads = fleet.reads(sensor);
    let found = everything(&store, &reads).await.measurements;
    let mut expected: Vec<_> = readings.into_iter().chain([good(-1)]).collect();
    expected.reverse();
    expected.sort_by_key(|one| one.time);
    assert_eq!(found.into_iter().map(|one| one.reading).collect::<Vec<_>>(), expected);
    assert_eq!(store.curve(&reads, always()).await.unwrap().times.len(), 501);
}
