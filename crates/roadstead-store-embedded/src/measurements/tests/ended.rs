//! A thread that is gone: the store says so and takes nothing more.

use std::sync::mpsc;
use std::thread;

use roadstead_store::contract::fleet::{Fleet, keep, reading};

use super::super::compact::Merger;
use super::super::flush::Flusher;
use super::super::journal::{Found, Journal};
use super::super::memory::{Sealed, Table};
use super::super::open::Recovered;
use super::super::writer::Writer;
use super::*;

#[tokio::test]
async fn a_flusher_that_panics_stops_the_store() {
    let folder = TempDir::new().unwrap();
    let store = open_in(folder.path(), tiny());
    let fleet = Fleet::new();
    let (permit, sensor) = (fleet.writes(fleet.device(1)), fleet.sensor(1, 1));
    keep(&store, &permit, fleet.batch(vec![reading(sensor, 1, 1.0)])).await;
    let (sealed, to_flush) = mpsc::sync_channel(1);
    let (merge, _to_merge) = mpsc::sync_channel(1);
    let flusher = Flusher {
        shared: Arc::clone(&store.shared),
        files: Arc::clone(&store.files),
        segments: store.segments.clone(),
        feed_kept: 0,
        group_rows: 3,
        merge,
    };
    sealed.send(Sealed { table: Arc::new(Table::broken(sensor)), until: 2 }).unwrap();
    thread::spawn(move || flusher.run(&to_flush)).join().expect("caught");
    let refused = store.append(&permit, fleet.batch(vec![reading(sensor, 2, 1.0)]));
    assert!(matches!(refused, Err(StoreError::Stopped)), "{refused:?}");
    assert!(store.status().stopped);
    assert!(matches!(store.close().await, Err(StoreError::Stopped)));
}

#[tokio::test]
async fn a_writer_without_a_flusher_stops_the_store() {
    let folder = TempDir::new().unwrap();
    let found = Found::default();
    let journal = Journal::open(folder.path(), Arc::new(RealDisk), 4096, &found).unwrap();
    let (shared, kept) = Recovered::new(&tiny(), 0).finish(&tiny());
    let shared = Arc::new(shared);
    let (sealed, nobody) = mpsc::sync_channel(1);
    drop(nobody);
    let writer = Writer::new(Arc::clone(&shared), journal, kept, sealed, 5);
    let writer = thread::spawn(move || writer.run());
    let fleet = Fleet::new();
    let source = fleet.writes(fleet.device(1)).attribution();
    for begin in [0, 10] {
        let readings = (begin..begin + 6).map(|at| reading(fleet.sensor(1, 1), at, 1.0));
        let batch = fleet.batch(readings.collect());
        let handed = Handed { source, first: Position::default(), batch };
        let ticket = shared.front().append(handed).unwrap().ticket();
        shared.work.notify_one();
        let mut durable = shared.durable.subscribe();
        durable.wait_for(|now| now.stopped || now.through >= ticket).await.unwrap();
    }
    assert!(shared.durable.borrow().stopped);
    writer.join().unwrap();
}

#[tokio::test]
async fn merging_that_fails_leaves_no_file() {
    let folder = TempDir::new().unwrap();
    let options = Options { day_files: 1000, ..tiny() };
    let store = open_in(folder.path(), options);
    let fleet = Fleet::new();
    let (permit, sensor) = (fleet.writes(fleet.device(1)), fleet.sensor(1, 1));
    for at in 0..20 {
        keep(&store, &permit, fleet.batch(vec![reading(sensor, at, 1.0)])).await;
    }
    calm(&store, &options);
    let (shared, files) = (Arc::clone(&store.shared), Arc::clone(&store.files));
    let merger = Merger { shared, files, most_files: 1, group_rows: 3 };
    let listing = store.files.listing();
    std::fs::create_dir(folder.path().join("MANIFEST.tmp")).unwrap();
    let day = folder.path().join("series").join(listing[0].info.path());
    let count = || std::fs::read_dir(day.parent().unwrap()).unwrap().count();
    let before = count();
    merger.try_merge(&listing).expect_err("the list cannot be written");
    assert_eq!(count(), before);
    std::fs::remove_dir(folder.path().join("MANIFEST.tmp")).unwrap();
    merger.try_merge(&listing).unwrap();
    drop(listing);
    assert_eq!(count(), 1);
}
