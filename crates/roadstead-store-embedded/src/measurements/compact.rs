//! Merging: many files of one tenant's window of time become one; repetitions go, the first stays.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use parquet::arrow::arrow_reader::ParquetRecordBatchReader;
use roadstead_model::Measurement;

use super::columns;
use super::files::{FileInfo, Files, Group, Listed};
use super::read::Merge;
use super::series::{self, SeriesWriter};
use super::writer::Shared;

/// Merges files in the background. Neither readers nor the writer wait for it.
pub(super) struct Merger {
    pub(super) shared: Arc<Shared>,
    pub(super) files: Arc<Files>,
    /// A window with more files than this is merged.
    pub(super) most_files: usize,
    pub(super) group_rows: usize,
}

impl Merger {
    /// Works whenever files were added, until nobody can add any.
    pub(super) fn run(&self, added: &Receiver<()>) {
        while added.recv().is_ok() {
            let listing = self.files.listing();
            let windows = listing.chunk_by(|one, next| {
                (one.info.tenant, one.info.window()) == (next.info.tenant, next.info.window())
            });
            for alike in windows.filter(|alike| alike.len() > self.most_files) {
                if self.shared.halts() {
                    return;
                }
                if let Err(error) = self.try_merge(alike)
                    && !self.shared.halts()
                {
                    tracing::error!(tenant = %alike[0].info.tenant, folder = alike[0].info.window().folder(),
                        error = &error as &dyn std::error::Error, "files stay unmerged");
                }
            }
        }
    }

    /// A panic counts as a failure: the files stay as they are, and nothing else needs this one.
    pub(super) fn try_merge(&self, alike: &[Arc<Listed>]) -> io::Result<()> {
        let merged = catch_unwind(AssertUnwindSafe(|| self.merge(alike)));
        merged.unwrap_or_else(|_| Err(io::Error::other("merging has failed in itself")))
    }

    fn merge(&self, alike: &[Arc<Listed>]) -> io::Result<()> {
        let (info, path) = self.files.begin(alike[0].info.tenant, alike[0].info.window())?;
        let (bytes, groups) = self.write(alike, &path)?;
        let info = FileInfo { bytes, groups, ..info };
        let added = std::slice::from_ref(&info);
        let merged: Vec<u64> = alike.iter().map(|file| file.info.number).collect();
        let durable = self.files.sync_names(added);
        let listed = durable.and_then(|()| {
            self.files.edit(|manifest| {
                manifest.files.retain(|file| !merged.contains(&file.number));
                manifest.files.push(info.clone());
            })
        });
        listed.inspect_err(|_| self.files.discard_unlisted(added))
    }

    fn write(&self, alike: &[Arc<Listed>], path: &Path) -> io::Result<(u64, Vec<Group>)> {
        let mut writer = SeriesWriter::create(path, self.group_rows)?;
        let mut rows = Merged::open(&self.files, alike)?;
        let mut last = None;
        while let Some(row) = rows.next_row()? {
            if self.shared.halts() {
                return Err(io::Error::from(io::ErrorKind::Interrupted));
            }
            let key = (row.reading.sensor, row.key());
            if last != Some(key) {
                writer.push(&row)?;
                last = Some(key);
            }
        }
        writer.finish()
    }
}

/// The order of rows in a file, and among repetitions.
type Order = (u64, (i64, u64), (u64, bool));

fn order(row: &Measurement) -> Order {
    (row.reading.sensor.integer(), row.key(), row.came())
}

/// The rows of some sorted files as one sorted stream.
struct Merged {
    streams: Vec<Stream>,
    heads: BinaryHeap<Reverse<(Order, usize)>>,
}

impl Merged {
    fn open(files: &Files, alike: &[Arc<Listed>]) -> io::Result<Self> {
        let mut merged = Self { streams: Vec::new(), heads: BinaryHeap::new() };
        for (index, file) in alike.iter().enumerate() {
            let (opened, _) = files.open_file(file)?;
            let batches = series::read_all(opened).map_err(io::Error::other)?;
            merged.streams.push(Stream { batches, rows: Vec::new().into_iter() });
            merged.advance(index)?;
        }
        Ok(merged)
    }

    fn advance(&mut self, index: usize) -> io::Result<()> {
        if let Some(next) = self.streams[index].peek()? {
            self.heads.push(Reverse((order(next), index)));
        }
        Ok(())
    }

    fn next_row(&mut self) -> io::Result<Option<Measurement>> {
        let Some(Reverse((_, index))) = self.heads.pop() else { return Ok(None) };
        let row = self.streams[index].rows.next();
        self.advance(index)?;
        Ok(row)
    }
}

struct Stream {
    batches: ParquetRecordBatchReader,
    rows: std::vec::IntoIter<Measurement>,
}

impl Stream {
    fn peek(&mut self) -> io::Result<Option<&Measurement>> {
        while self.rows.as_slice().is_empty() {
            let Some(batch) = self.batches.next() else { return Ok(None) };
            let rows = columns::measurements(&batch.map_err(io::Error::other)?);
            let rows = rows.ok_or_else(|| io::Error::other("a row of another format version"))?;
            self.rows = rows.into_iter();
        }
        Ok(self.rows.as_slice().first())
    }
}
