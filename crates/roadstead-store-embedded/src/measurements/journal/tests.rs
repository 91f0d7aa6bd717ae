//! Damage of every kind: only what was written comes back, and holes are reported.

use proptest::prelude::*;
use roadstead_model::SensorId;
use tempfile::TempDir;

use super::*;
use crate::measurements::record::{self, Entry, VERSION};

/// A journal of some records, and where each of them ends.
struct Written {
    folder: TempDir,
    /// Segment, begin, end; and the sensor in it, when it is not a segment's first record.
    records: Vec<(u64, u64, u64, Option<u64>)>,
}

fn sensor(number: u64) -> Entry {
    let tenant = roadstead_model::TenantId::numbered(1).unwrap();
    Entry::Forget(SensorId::new(tenant, number).unwrap())
}

fn put(journal: &mut Journal, mut record: Vec<u8>, rows: u64) {
    journal.write(&mut record).unwrap();
    journal.commit(record, rows).unwrap();
}

fn write(sizes: &[usize]) -> Written {
    let folder = TempDir::new().unwrap();
    let mut journal =
        Journal::open(folder.path(), Arc::new(RealDisk), 400, &Found::default()).unwrap();
    let mut records = Vec::new();
    let begin = |journal: &mut Journal, records: &mut Vec<_>| {
        let mut record = journal.blank_record();
        let segment = journal.number();
        record::write(&mut record, &Entry::Begin { version: VERSION, segment });
        put(journal, record, 0);
        records.push((segment, 0, journal.used, None));
    };
    begin(&mut journal, &mut records);
    for (number, size) in (1..).zip(sizes) {
        if !journal.fits(*size as u64 * 8) {
            journal.rotate().unwrap();
            begin(&mut journal, &mut records);
        }
        let mut record = journal.blank_record();
        for _ in 0..*size {
            record::write(&mut record, &sensor(number));
        }
        let before = journal.used;
        put(&mut journal, record, 1);
        records.push((journal.number, before, journal.used, Some(number)));
    }
    Written { folder, records }
}

impl Written {
    fn path(&self, segment: u64) -> PathBuf {
        segment_path(self.folder.path(), segment)
    }

    fn newest(&self) -> u64 {
        self.records.last().unwrap().0
    }

    /// The numbers that come back, each once.
    fn read(&self) -> io::Result<Vec<u64>> {
        let mut found = Vec::new();
        recover(self.folder.path(), |_, entry| match entry {
            Entry::Forget(id) => found.push(id.integer() & 0xffff),
            Entry::Begin { .. } | Entry::Closed => {}
            other => panic!("{other:?} was never written"),
        })?;
        found.dedup();
        Ok(found)
    }

    /// The numbers of whole records before a place.
    fn before(&self, segment: u64, offset: u64) -> Vec<u64> {
        let whole = self.records.iter().filter(|(at, _, end, _)| (*at, *end) <= (segment, offset));
        whole.filter_map(|(_, _, _, number)| *number).collect()
    }
}

/// Goes on behind what is there, as the next start does.
fn go_on(written: &Written, found: &Found) {
    let disk = Arc::new(RealDisk);
    let mut journal = Journal::open(written.folder.path(), disk, 400, found).unwrap();
    let mut record = journal.blank_record();
    record::write(&mut record, &sensor(9999));
    put(&mut journal, record, 0);
}

fn found(written: &Written) -> Found {
    recover(written.folder.path(), |_, _| {}).unwrap()
}

/// What the disk has when the operating system never wrote what it gave to readers.
fn lose(path: &Path, from: u64) {
    let file = File::options().write(true).open(path).unwrap();
    let length = file.metadata().unwrap().len();
    file.set_len(from).unwrap();
    file.set_len(length).unwrap();
}

#[test]
fn the_last_record_is_written_again_before_anything_follows_it() {
    for sizes in [&[1, 2][..], &[3, 3, 3, 30, 30]] {
        let written = write(sizes);
        let (newest, begin, ..) = *written.records.last().unwrap();
        let seen = found(&written);
        lose(&written.path(newest), begin);
        go_on(&written, &seen);
        let all = (1..=sizes.len() as u64).chain([9999]);
        assert_eq!(written.read().unwrap(), all.collect::<Vec<_>>());
    }
}

#[test]
fn the_record_that_closes_a_journal_is_replaced_by_the_next() {
    let written = write(&[1, 2]);
    let (newest, _, end, _) = *written.records.last().unwrap();
    let seen = found(&written);
    let disk = Arc::new(RealDisk);
    let mut journal = Journal::open(written.folder.path(), disk, 400, &seen).unwrap();
    let mut record = journal.blank_record();
    record::write(&mut record, &Entry::Closed);
    put(&mut journal, record, 0);
    drop(journal);
    let closed = found(&written);
    assert_eq!((closed.end, closed.next_record), (Some((newest, end)), seen.next_record));
    lose(&written.path(newest), end);
    go_on(&written, &closed);
    assert_eq!(written.read().unwrap(), [1, 2, 9999]);
}

#[test]
fn a_segment_torn_at_its_beginning_is_kept_aside_and_never_removed() {
    let written = write(&[]);
    let path = written.path(1);
    let mut bytes = fs::read(&path).unwrap();
    bytes[9] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let seen = found(&written);
    assert!(seen.is_empty() && path.exists(), "reading changes nothing");
    assert_eq!(seen.wrong_with(1), "has no whole first record");
    go_on(&written, &seen);
    assert_eq!(fs::read(path.with_extension("torn")).unwrap(), bytes);
    assert_eq!(written.read().unwrap(), [9999]);
}

#[test]
fn damage_is_reported_where_its_record_begins() {
    let written = write(&[1]);
    let seen = found(&written);
    let disk = Arc::new(RealDisk);
    let mut journal = Journal::open(written.folder.path(), disk, 400, &seen).unwrap();
    let (begin, mut record) = (journal.used, journal.blank_record());
    record.push(99);
    put(&mut journal, record, 0);
    let error = written.read().unwrap_err().to_string();
    assert!(error.contains(&format!("at offset {begin};")), "{error}");
}

#[test]
fn a_segment_that_gets_no_room_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    let path = segment_path(folder.path(), 1);
    assert!(RealDisk.create(&path, 1 << 63).is_err());
    assert!(!path.exists());
}

#[test]
fn going_on_gives_no_room_back() {
    let written = write(&[1]);
    let path = written.path(1);
    File::options().write(true).open(&path).unwrap().set_len(5000).unwrap();
    RealDisk.reopen(&path, &found(&written).tail, 400).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().len(), 5000);
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1..12_usize, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_written_comes_back(sizes in sizes()) {
        let written = write(&sizes);
        prop_assert_eq!(written.read().unwrap(), (1..=sizes.len() as u64).collect::<Vec<_>>());
    }

    #[test]
    fn a_torn_tail_is_cut(sizes in sizes(), cut in 0..1000_u64) {
        let written = write(&sizes);
        let (newest, _, end, _) = *written.records.last().unwrap();
        let at = cut * end / 1000;
        let path = written.path(newest);
        File::options().write(true).open(&path).unwrap().set_len(at).unwrap();
        prop_assert_eq!(written.read().unwrap(), written.before(newest, at));
        go_on(&written, &found(&written));
        let mut expected = written.before(newest, at);
        expected.push(9999);
        prop_assert_eq!(written.read().unwrap(), expected, "and writing goes on behind it");
    }

    #[test]
    fn a_cut_before_the_newest_segment_is_reported(sizes in sizes(), cut in 0..1000_u64) {
        let written = write(&sizes);
        let path = written.path(1);
        let end = written.records.iter().filter(|(at, ..)| *at == 1).map(|(_, _, end, _)| *end);
        let at = cut * end.max().unwrap() / 1000;
        prop_assume!(written.newest() > 1);
        File::options().write(true).open(&path).unwrap().set_len(at).unwrap();
        let error = written.read().unwrap_err().to_string();
        prop_assert!(error.contains("the journal is damaged"), "{}", error);
    }

    #[test]
    fn a_flipped_bit_is_cut_at_the_end_and_reported_before(
        sizes in sizes(),
        place in any::<prop::sample::Index>(),
        bit in 0..8_u32,
    ) {
        let written = write(&sizes);
        let lengths = (1..=written.newest())
            .map(|segment| (segment, fs::read(written.path(segment)).unwrap().len()));
        let places: Vec<_> =
            lengths.flat_map(|(segment, length)| (0..length).map(move |at| (segment, at))).collect();
        let (segment, at) = *place.get(&places);
        let path = written.path(segment);
        let mut bytes = fs::read(&path).unwrap();
        bytes[at] ^= 1 << bit;
        fs::write(&path, bytes).unwrap();
        let at = at as u64;
        let (last_segment, last_begin, last_end, _) = *written.records.last().unwrap();
        let all = (1..=sizes.len() as u64).collect::<Vec<_>>();
        if (segment, at) >= (last_segment, last_end) {
            prop_assert_eq!(written.read().unwrap(), all);
        } else if (segment, at) >= (last_segment, last_begin) {
            prop_assert_eq!(written.read().unwrap(), written.before(last_segment, last_begin));
        } else {
            let error = written.read().unwrap_err().to_string();
            let name = path.file_name().unwrap().to_str().unwrap();
            let follows = format!("{:016x}.log", segment + 1);
            prop_assert!(error.contains(name) || error.contains(&follows), "{}", error);
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let entries = record::read(&bytes).unwrap_or_default();
        prop_assert!(entries.len() <= bytes.len());
    }
}
