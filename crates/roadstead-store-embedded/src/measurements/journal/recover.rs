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
    /// What is written there once more before anything follows it.
    pub(super) tail: Tail,
    /// The newest segment, when its first record is not whole: nothing in it counts.
    pub(super) unbegun: Option<Unbegun>,
}

/// The last record of the journal and zeros over what was torn behind it.
///
/// When its sync failed, the record was read from the cache of the operating system, which
/// does not try again to bring it to the disk. All records before it were durable.
#[derive(Debug, Default)]
pub(in crate::measurements) struct Tail {
    pub(super) at: u64,
    pub(super) bytes: Vec<u8>,
}

/// A segment that was made and in which no whole record stands.
#[derive(Debug)]
pub(super) struct Unbegun {
    number: u64,
    path: PathBuf,
    is_blank: bool,
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

    /// What is wrong with a segment that should be there.
    pub(in crate::measurements) fn wrong_with(&self, number: u64) -> &'static str {
        let is_torn = self.unbegun.as_ref().is_some_and(|unbegun| unbegun.number == number);
        if is_torn { "has no whole first record" } else { "is missing" }
    }

    /// Makes room for the segment that follows: what is blank goes, anything else is kept aside.
    pub(super) fn set_aside(&self, folder: &Path) -> io::Result<()> {
        let Some(Unbegun { path, is_blank, .. }) = &self.unbegun else { return Ok(()) };
        if *is_blank {
            fs::remove_file(path)?;
        } else {
            let aside = path.with_extension("torn");
            fs::rename(path, &aside)?;
            tracing::warn!(file = %aside.display(), "a segment was torn at its beginning");
        }
        sync_folder(folder)
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
        let (mut last, mut closed) = (0, false);
        while let Some((begin, payload)) = scan.next_record() {
            let record = Whole { path: &path, segment: number, begin, payload };
            let rows;
            (rows, closed) = record.deliver(&mut take)?;
            found.held.entry(number).or_default().rows += rows;
            last = begin;
        }
        scan.check_the_rest(newest)?;
        if scan.at == 0 && newest {
            let is_blank = length_without_zeros(&bytes) == 0;
            found.unbegun = Some(Unbegun { number, path, is_blank });
            break;
        }
        found.tail = scan.tail(last);
        if closed && newest {
            scan.forget(&mut found.tail);
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

/// A record that was whole, and where it stands.
struct Whole<'a> {
    path: &'a Path,
    segment: u64,
    begin: usize,
    payload: &'a [u8],
}

impl Whole<'_> {
    /// Hands its entries over; says how many rows they have, and whether they close the store.
    fn deliver(&self, take: &mut impl FnMut(u64, Entry)) -> io::Result<(u64, bool)> {
        let bad = |what| damaged(self.path, self.begin as u64, what);
        let entries = record::read(self.payload);
        let entries = entries.map_err(|_| bad("a record of another version stands"))?;
        let closed = matches!(entries[..], [Entry::Closed]);
        let mut rows = 0;
        for entry in entries {
            match &entry {
                Entry::Begin { version, .. } if *version != VERSION => {
                    return Err(bad("a segment of another format version begins"));
                }
                Entry::Begin { segment, .. } if *segment != self.segment => {
                    return Err(bad("a segment with another number begins"));
                }
                Entry::Batch(handed) => rows += handed.batch.readings.len() as u64,
                _ => {}
            }
            take(self.segment, entry);
        }
        Ok((rows, closed))
    }
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
    /// The next record's place and entries, when it is whole and the one that must follow.
    fn next_record(&mut self) -> Option<(usize, &'a [u8])> {
        let (number, payload) = whole_record(&self.bytes[self.at..])?;
        if self.expected.is_some_and(|expected| expected != number) {
            return None;
        }
        let begin = self.at;
        self.at += payload.len() + FRONT;
        self.expected = Some(number + 1);
        Some((begin, payload))
    }

    /// The last record, which begins there, and zeros as far as anything stands behind it.
    fn tail(&self, last: usize) -> Tail {
        let mut bytes = self.bytes[last..self.at].to_vec();
        let dirty = length_without_zeros(&self.bytes[self.at..]);
        bytes.resize(bytes.len() + dirty, 0);
        Tail { at: last as u64, bytes }
    }

    /// Goes back to before the last record. It said that the store was closed in order, hence
    /// that all before it was durable; whether itself is does not matter once it is gone.
    fn forget(&mut self, tail: &mut Tail) {
        tail.bytes.fill(0);
        self.at = usize::try_from(tail.at).unwrap_or(self.at);
        self.expected = self.expected.map(|expected| expected - 1);
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
