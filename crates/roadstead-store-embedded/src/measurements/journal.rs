//! The journal: append-only segments of checked records, one write and one sync for each record.
//!
//! A record is `[length u32][CRC-32C of length and payload u32][payload]`, all little endian;
//! its payload begins with the record's number in the journal, u64, counted without gaps over
//! all segments. The first record of each segment says all that is so and stands in no row,
//! so that older segments can go. A length of zero ends a segment.

mod recover; // reading back, and what counts as torn

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

pub(super) use recover::{Found, Tail, recover};

/// Length, checksum and number: what a record has before its entries.
const FRONT: usize = 16;

/// Where segments live. The real one is [`RealDisk`]; tests have one that fails.
pub(super) trait Disk: Send + Sync {
    /// Makes a new segment of this size, all zero, and its name durable.
    fn create(&self, path: &Path, bytes: u64) -> io::Result<Box<dyn Segment>>;

    /// Opens a segment to go on writing, of at least this size, and makes its tail durable.
    fn reopen(&self, path: &Path, tail: &Tail, bytes: u64) -> io::Result<Box<dyn Segment>>;
}

/// One segment being written.
pub(super) trait Segment: Send {
    /// Writes all of it.
    fn write(&mut self, record: &[u8], offset: u64) -> io::Result<()>;

    /// Returns when everything written would survive a power cut.
    fn sync(&mut self) -> io::Result<()>;

    /// Gives back the room that was not used.
    fn trim(&mut self, used: u64) -> io::Result<()>;
}

/// Files of the operating system.
pub(super) struct RealDisk;

impl Disk for RealDisk {
    fn create(&self, path: &Path, bytes: u64) -> io::Result<Box<dyn Segment>> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        let reserved = allocate(&file, bytes).and_then(|()| file.sync_all());
        // What is left of a failure would be in the way of the next attempt.
        reserved.inspect_err(|_| drop(fs::remove_file(path)))?;
        sync_folder(path.parent().unwrap_or(path))?;
        Ok(Box::new(file))
    }

    fn reopen(&self, path: &Path, tail: &Tail, bytes: u64) -> io::Result<Box<dyn Segment>> {
        let file = OpenOptions::new().write(true).open(path)?;
        file.write_all_at(&tail.bytes, tail.at)?;
        match allocate(&file, bytes) {
            Err(error) if is_full(&error) => {} // what it has will do, until the writer must wait
            reserved => reserved?,
        }
        file.sync_all()?;
        Ok(Box::new(file))
    }
}

/// Whether the disk has no room left: something that may pass.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

impl Segment for File {
    fn write(&mut self, record: &[u8], offset: u64) -> io::Result<()> {
        self.write_all_at(record, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn trim(&mut self, used: u64) -> io::Result<()> {
        self.set_len(used)
    }
}

/// Reserves the room; file systems that cannot get a file with a hole.
fn allocate(file: &File, bytes: u64) -> io::Result<()> {
    match rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), 0, bytes) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => file.set_len(bytes),
        Err(errno) => Err(errno.into()),
    }
}

/// Makes names that were made, changed or removed in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The segments there are, with what they hold. Shared with whoever removes old ones.
#[derive(Clone)]
pub(super) struct Segments {
    folder: Arc<Path>,
    held: Arc<Mutex<BTreeMap<u64, Held>>>,
}

/// What a segment holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

impl Segments {
    fn new(folder: &Path, held: BTreeMap<u64, Held>) -> Self {
        Self { folder: folder.into(), held: Arc::new(Mutex::new(held)) }
    }

    fn note(&self, segment: u64, change: impl FnOnce(&mut Held)) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        change(held.entry(segment).or_default());
    }

    /// How many bytes all of them hold.
    pub(super) fn bytes(&self) -> u64 {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.values().map(|segment| segment.bytes).sum()
    }

    /// Removes segments whose rows stand elsewhere, but for as many as hold the last `kept` rows.
    pub(super) fn remove_before(&self, needed: u64, kept: u64) -> io::Result<()> {
        for number in self.unneeded(needed, kept) {
            fs::remove_file(segment_path(&self.folder, number))?;
            self.held.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
        }
        Ok(())
    }

    /// Oldest first, so that a crash in between leaves no hole.
    fn unneeded(&self, needed: u64, kept: u64) -> Vec<u64> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let mut later = 0;
        let mut unneeded = Vec::new();
        for (number, segment) in held.iter().rev() {
            if *number < needed && later >= kept {
                unneeded.push(*number);
            }
            later += segment.rows;
        }
        unneeded.reverse();
        unneeded
    }
}

fn segment_path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:016x}.log"))
}

/// The end of the journal, where the one writer appends.
pub(super) struct Journal {
    folder: PathBuf,
    disk: Arc<dyn Disk>,
    segments: Segments,
    segment_bytes: u64,
    file: Box<dyn Segment>,
    number: u64,
    used: u64,
    /// Where the segment's first record ends.
    base: u64,
    next_record: u64,
    record: Vec<u8>,
}

impl Journal {
    /// Goes on where recovery found the end; makes the first segment where there is none.
    pub(super) fn open(
        folder: &Path,
        disk: Arc<dyn Disk>,
        segment_bytes: u64,
        found: &Found,
    ) -> io::Result<Self> {
        found.set_aside(folder)?;
        let segments = Segments::new(folder, found.held.clone());
        let (number, used) = found.end.unwrap_or((1, 0));
        let path = segment_path(folder, number);
        let file = if found.end.is_some() {
            disk.reopen(&path, &found.tail, segment_bytes)?
        } else {
            disk.create(&path, segment_bytes)?
        };
        let next_record = found.next_record;
        let record = Vec::new();
        let folder = folder.to_owned();
        Ok(Self {
            folder,
            disk,
            segments,
            segment_bytes,
            file,
            number,
            used,
            base: 0,
            next_record,
            record,
        })
    }

    /// The segments there are.
    pub(super) fn segments(&self) -> Segments {
        self.segments.clone()
    }

    /// The number of the segment being written.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// Whether the segment has no record yet: the next must say all that is so.
    pub(super) const fn is_blank(&self) -> bool {
        self.used == 0
    }

    /// Whether about so many more bytes still belong into this segment.
    ///
    /// It always takes one record after its first, and grows with a large first record:
    /// else the repetition of that could cost more than what is kept.
    pub(super) fn fits(&self, bytes: u64) -> bool {
        let room = self.segment_bytes.max(self.base.saturating_mul(4));
        self.used <= self.base || self.used + bytes <= room
    }

    /// The buffer of the next record, empty but for its front.
    pub(super) fn blank_record(&mut self) -> Vec<u8> {
        let mut record = std::mem::take(&mut self.record);
        record.clear();
        record.resize(FRONT, 0);
        record
    }

    /// Writes the record that was filled. Where the disk was full this may be tried again.
    pub(super) fn write(&mut self, record: &mut [u8]) -> io::Result<()> {
        seal(record, self.next_record)?;
        self.file.write(record, self.used)
    }

    /// Returns when the record that was written is durable. A failure of this is for good.
    pub(super) fn commit(&mut self, record: Vec<u8>, rows: u64) -> io::Result<()> {
        self.file.sync()?;
        self.base = if self.is_blank() { record.len() as u64 } else { self.base };
        self.used += record.len() as u64;
        self.next_record += 1;
        let used = self.used;
        self.segments
            .note(self.number, |held| *held = Held { rows: held.rows + rows, bytes: used });
        self.record = record;
        Ok(())
    }

    /// Ends the segment and begins the next; the caller then commits what is so. Where the disk
    /// was full the segment goes on as it was.
    pub(super) fn rotate(&mut self) -> io::Result<()> {
        let number = self.number + 1;
        let file = self.disk.create(&segment_path(&self.folder, number), self.segment_bytes)?;
        self.file.trim(self.used)?;
        (self.file, self.number, self.used) = (file, number, 0);
        Ok(())
    }
}

/// Fills the front of a record.
fn seal(record: &mut [u8], number: u64) -> io::Result<()> {
    let too_large = |_| io::Error::new(io::ErrorKind::InvalidInput, "a record is too large");
    let length = u32::try_from(record.len() - 8).map_err(too_large)?.to_le_bytes();
    record[..4].copy_from_slice(&length);
    record[8..FRONT].copy_from_slice(&number.to_le_bytes());
    let sum = checksum(&length, &record[8..]);
    record[4..8].copy_from_slice(&sum.to_le_bytes());
    Ok(())
}

fn checksum(length: &[u8], payload: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(length), payload)
}

#[cfg(test)]
mod tests;
