//! A disk that refuses: nothing is acknowledged afterwards, and nothing acknowledged is lost.

use std::sync::atomic::{AtomicI64, Ordering};

use proptest::prelude::*;
use roadstead_store::contract::fleet::{Fleet, reading, values};

use super::super::journal::{Disk, Segment, Tail};
use super::super::open::{Place, open};
use super::*;

/// Does so many writes and syncs; the next fails, a write after half of its bytes.
struct Failing {
    left: Arc<AtomicI64>,
    only_syncs: bool,
}

struct FailingSegment {
    whole: Box<dyn Segment>,
    left: Arc<AtomicI64>,
    only_syncs: bool,
}

impl Disk for Failing {
    fn create(&self, path: &Path, bytes: u64) -> io::Result<Box<dyn Segment>> {
        Ok(self.around(RealDisk.create(path, bytes)?))
    }

    fn reopen(&self, path: &Path, tail: &Tail, bytes: u64) -> io::Result<Box<dyn Segment>> {
        Ok(self.around(RealDisk.reopen(path, tail, bytes)?))
    }
}

impl Failing {
    fn around(&self, whole: Box<dyn Segment>) -> Box<dyn Segment> {
        let (left, only_syncs) = (Arc::clone(&self.left), self.only_syncs);
        Box::new(FailingSegment { whole, left, only_syncs })
    }
}

impl FailingSegment {
    fn fails(&self) -> bool {
        self.left.fetch_sub(1, Ordering::SeqCst) <= 0
    }
}

impl Segment for FailingSegment {
    fn write(&mut self, record: &[u8], offset: u64) -> io::Result<()> {
        if !self.only_syncs && self.fails() {
            self.whole.write(&record[..record.len() / 2], offset)?;
            return Err(io::Error::from_raw_os_error(5));
        }
        self.whole.write(record, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.fails() { Err(io::Error::from_raw_os_error(5)) } else { self.whole.sync() }
    }

    fn trim(&mut self, used: u64) -> io::Result<()> {
        self.whole.trim(used)
    }
}

async fn stops_and_loses_nothing(steps: i64, only_syncs: bool) {
    let folder = TempDir::new().unwrap();
    let left = Arc::new(AtomicI64::new(steps));
    let disk = Arc::new(Failing { left: Arc::clone(&left), only_syncs });
    let place = Place { folder: folder.path().to_owned(), disk };
    let store = open(&place, &tiny(), HandClock::at_noon()).unwrap();
    let fleet = Fleet::new();
    let (permit, sensor) = (fleet.writes(fleet.device(1)), fleet.sensor(1, 1));
    let mut acknowledged = Vec::new();
    let mut durable = store.durable();
    for at in 0.. {
        let batch = fleet.batch(vec![reading(sensor, at, 1.0)]);
        let Ok(appended) = store.append(&permit, batch) else { break };
        let seen = durable.wait_for(|now| now.stopped || now.through >= appended.ticket());
        let seen = *seen.await.unwrap();
        if seen.through >= appended.ticket() {
            acknowledged.push(at);
        }
    }
    assert!(store.status().stopped);
    let late = store.append(&permit, fleet.batch(vec![reading(sensor, 9999, 1.0)]));
    assert!(matches!(late, Err(StoreError::Stopped)), "{late:?}");
    left.store(i64::MAX, Ordering::SeqCst);
    let through = durable.borrow().through;
    assert!(matches!(store.close().await, Err(StoreError::Stopped)));
    assert_eq!(durable.borrow().through, through, "nothing more is acknowledged");
    drop(store);
    let store = open_in(folder.path(), tiny());
    let found = values(&store, &fleet.reads(sensor)).await;
    let found: Vec<i64> = found.into_iter().map(|(at, _)| at).collect();
    assert!(found.starts_with(&acknowledged), "{acknowledged:?} {found:?}");
    assert!(found.len() <= acknowledged.len() + 1, "only what was under way may be there");
    store.close().await.unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn a_refused_write_or_sync_stops_the_store(steps in 0..60_i64, only_syncs: bool) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(stops_and_loses_nothing(steps, only_syncs));
    }
}
