//! A thread that is gone: the store says so and takes nothing more.

use std::sync::mpsc;
use std::thread;

use roadstead_store::contract::fleet::{Fleet, keep, reading};

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
    let (shared, kept) = Recovered::new(10, 0).finish(&tiny());
    let shared = Arc::new(shared);
    let (sealed, nobody) = mpsc::sync_channel(1);
    drop(nobody);
    let writer = Writer::new(Arc::clone(&shared), journal, kept, (sealed, 5));
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
