//! A disk without room: nothing is acknowledged meanwhile, and all goes on when there is some.

use std::sync::atomic::AtomicBool;

use roadstead_store::contract::fleet::{Fleet, reading, values};

use super::super::journal::{Disk, Segment, Tail};
use super::super::open::{Place, open};
use super::*;

/// Refuses new segments while it is full.
#[derive(Default)]
struct Full(AtomicBool);

impl Disk for Full {
    fn create(&self, path: &Path, bytes: u64) -> io::Result<Box<dyn Segment>> {
        if self.0.load(Ordering::SeqCst) {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        RealDisk.create(path, bytes)
    }

    fn reopen(&self, path: &Path, tail: &Tail, bytes: u64) -> io::Result<Box<dyn Segment>> {
        RealDisk.reopen(path, tail, bytes)
    }
}

fn open_on(disk: &Arc<Full>, folder: &Path) -> EmbeddedMeasurements {
    let disk = Arc::clone(disk) as Arc<dyn Disk>;
    let place = Place { folder: folder.to_owned(), disk };
    open(&place, &tiny(), HandClock::at_noon()).unwrap()
}

/// Appends until the store holds what it was given; says how much was, and how much it kept.
async fn fill(store: &EmbeddedMeasurements, fleet: &Fleet) -> (i64, i64) {
    let (permit, sensor) = (fleet.writes(fleet.device(1)), fleet.sensor(1, 1));
    let mut durable = store.durable();
    for at in 0.. {
        let batch = fleet.batch(vec![reading(sensor, at, 1.0)]);
        let ticket = store.append(&permit, batch).unwrap().ticket();
        let kept = durable.wait_for(|now| now.stopped || now.through >= ticket);
        if tokio::time::timeout(Duration::from_millis(500), kept).await.is_err() {
            return (at + 1, at);
        }
        assert!(!store.status().stopped, "room may come back");
    }
    unreachable!()
}

async fn count(store: &EmbeddedMeasurements, fleet: &Fleet) -> i64 {
    let found = values(store, &fleet.reads(fleet.sensor(1, 1))).await;
    found.len().try_into().unwrap()
}

#[tokio::test]
async fn a_full_disk_holds_the_store_until_there_is_room() {
    let folder = TempDir::new().unwrap();
    let disk = Arc::new(Full::default());
    let store = open_on(&disk, folder.path());
    let fleet = Fleet::new();
    disk.0.store(true, Ordering::SeqCst);
    let (given, kept) = fill(&store, &fleet).await;
    assert!(kept > 20, "what is reserved is used: {kept}");
    disk.0.store(false, Ordering::SeqCst);
    let through = Ticket(given.unsigned_abs());
    let mut durable = store.durable();
    let seen = *durable.wait_for(|now| now.stopped || now.through >= through).await.unwrap();
    assert!(!seen.stopped);
    store.close().await.unwrap();
    drop(store);
    let store = open_in(folder.path(), tiny());
    assert_eq!(count(&store, &fleet).await, given);
}

#[tokio::test]
async fn a_store_starts_on_a_full_disk_and_closing_says_what_it_could_not_keep() {
    let folder = TempDir::new().unwrap();
    let disk = Arc::new(Full::default());
    let fleet = Fleet::new();
    drop(open_on(&disk, folder.path()));
    disk.0.store(true, Ordering::SeqCst);
    let store = open_on(&disk, folder.path());
    let (_, kept) = fill(&store, &fleet).await;
    assert!(matches!(store.close().await, Err(StoreError::Stopped)));
    drop(store);
    let store = open_on(&disk, folder.path());
    assert_eq!(count(&store, &fleet).await, kept);
}
