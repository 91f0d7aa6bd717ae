//! Reading the journal back. A torn tail is cut; damage before it is reported, never skipped.
//!
//! A record is written only after the one before it is durable. So what a crash can
//! leave unfinished is the last record of the newest segment, and nothing else: anything
//! bad that a good record follows was acknowledged once, and is damage.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::{FRONT, Held, checksum, segment_path, sync_folder};
use crate::measurements::record::{self, Entry, VERSION};

const CHUNK: usize = 256 * 1024;

/// The journal has a hole: what stood there was acknowledged.
#[derive(Debug, thiserror::Error)]
#[error(
    "the journal is damaged: {what} in {} at offset {offset}; restore the file from a backup",
    path.display()
)]
pub(in crate::measurements) struct Damaged {
    pub(in crate::measurements) path: PathBuf,
    pub(in crate::measurements) offset: u64,
    pub(in crate::measurements) what: &'static str,
}

/// What recovery found besides entries.
#[derive(Debug, Default)]
pub(in crate::measurements) struct Found {
    /// What each segment holds.
    pub(super) held: BTreeMap<u64, Held>,
    /// The newest segment and where to write on.
    pub(super) end: Option<(u64, u64)>,
    /// The number of the next record.
    pub(super) next_record: u64,
}

impl Found {
    /// Whether no segment is there that holds anything.
    pub(in crate::measurements) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Whether the segment is there, hence all that follow it.
    pub(in crate::measurements) fn spans(&self, from: u64) -> bool {
        self.held.contains_key(&from)
    }
}

/// Hands every whole entry over, in order, with the segment it stands in.
pub(in crate::measurements) fn recover(
    folder: &Path,
    mut take: impl FnMut(u64, Entry),
) -> io::Result<Found> {
    let mut found = Found::default();
    let numbers = numbers_in(folder)?;
    let mut expected = None;
    for (index, number) in numbers.iter().copied().enumerate() {
        let path = segment_path(folder, number);
        if index > 0 && numbers[index - 1] + 1 != number {
            return Err(damaged(&path, 0, "the segment before it is missing"));
        }
        let newest = index + 1 == numbers.len();
        let bytes = read_what_was_written(&path)?;
        let mut scan = Scan { path: &path, bytes: &bytes, at: 0, expected };
        while let Some(payload) = scan.next_record() {
            let rows = deliver(&scan, number, payload, &mut take)?;
            found.held.entry(number).or_default().rows += rows;
        }
        scan.check_the_rest(newest)?;
        if scan.at == 0 && newest {
            fs::remove_file(&path)?; // made, and never begun
            sync_folder(folder)?;
            break;
        }
        let end = scan.at as u64;
        expected = scan.expected;
        found.held.entry(number).or_default().bytes = end;
        found.end = Some((number, end));
    }
    found.next_record = expected.unwrap_or(0);
    Ok(found)
}

/// A segment without the zeros at its end: it was reserved whole and may hold little yet.
fn read_what_was_written(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = fs::File::open(path)?;
    let mut chunk = vec![0; CHUNK];
    let (mut bytes, mut zeros) = (Vec::new(), 0);
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            return Ok(bytes);
        }
        if chunk[..read].iter().all(|byte| *byte == 0) {
            zeros += read;
            continue;
        }
        bytes.resize(bytes.len() + std::mem::take(&mut zeros), 0);
        bytes.extend_from_slice(&chunk[..read]);
    }
}

fn numbers_in(folder: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let digits = name.to_str().and_then(|name| name.strip_suffix(".log"));
        numbers.extend(digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

fn deliver(
    scan: &Scan<'_>,
    segment: u64,
    payload: &[u8],
    take: &mut impl FnMut(u64, Entry),
) -> io::Result<u64> {
    let bad = |what| damaged(scan.path, scan.at as u64, what);
    let entries = record::read(payload);
    let entries = entries.map_err(|_| bad("a record of another version stands"))?;
    let mut rows = 0;
    for entry in entries {
        match &entry {
            Entry::Begin { version, .. } if *version != VERSION => {
                return Err(bad("a segment of another format version begins"));
            }
            Entry::Begin { segment: named, .. } if *named != segment => {
                return Err(bad("a segment with another number begins"));
            }
            Entry::Batch(handed) => rows += handed.batch.readings.len() as u64,
            _ => {}
        }
        take(segment, entry);
    }
    Ok(rows)
}

fn damaged(path: &Path, offset: u64, what: &'static str) -> io::Error {
    let damage = Damaged { path: path.to_owned(), offset, what };
    io::Error::new(io::ErrorKind::InvalidData, damage)
}

struct Scan<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    at: usize,
    /// The number that the next record must have; the journal's first record may have any.
    expected: Option<u64>,
}

impl<'a> Scan<'a> {
    /// The entries of the next record, when it is whole and the one that must follow.
    fn next_record(&mut self) -> Option<&'a [u8]> {
        let (number, payload) = whole_record(&self.bytes[self.at..])?;
        if self.expected.is_some_and(|expected| expected != number) {
            return None;
        }
        self.at += payload.len() + FRONT;
        self.expected = Some(number + 1);
        Some(payload)
    }

    /// Zeros are the end. Anything else is a torn write in the newest segment, or damage.
    fn check_the_rest(&self, newest: bool) -> io::Result<()> {
        let rest = &self.bytes[self.at..];
        let dirty = length_without_zeros(rest);
        let bad = |what| Err(damaged(self.path, self.at as u64, what));
        if !newest && (self.at == 0 || dirty > 0) {
            return bad("a record is not whole");
        }
        if dirty > 0 && self.goes_on_later(&rest[..dirty]) {
            return bad("a record is not whole, and whole ones follow it");
        }
        Ok(())
    }

    fn goes_on_later(&self, rest: &[u8]) -> bool {
        let least = self.expected.unwrap_or(0);
        let near = least..=least.saturating_add(1 << 32);
        let mut places = rest.windows(FRONT).enumerate();
        places.any(|(at, front)| {
            let number = u64::from_le_bytes(front[8..].try_into().unwrap_or_default());
            near.contains(&number) && whole_record(&rest[at..]).is_some()
        })
    }
}

/// Where the last byte that is not zero ends. Compares blocks: a segment is mostly zeros at first.
fn length_without_zeros(bytes: &[u8]) -> usize {
    const ZEROS: [u8; 4096] = [0; 4096];
    let mut end = bytes.len();
    while let Some(begin) = end.checked_sub(ZEROS.len())
        && bytes[begin..end] == ZEROS
    {
        end = begin;
    }
    bytes[..end].iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
}

/// Reads a record's number and entries, when its length fits and its checksum is right.
fn whole_record(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    let payload = rest.get(..u32::from_le_bytes(*length) as usize)?;
    let (number, entries) = payload.split_first_chunk::<8>()?;
    let right = checksum(length, payload) == u32::from_le_bytes(*sum);
    right.then_some((u64::from_le_bytes(*number), entries))
}
