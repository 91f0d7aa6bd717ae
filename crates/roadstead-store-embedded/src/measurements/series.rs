//! One file of columns: written whole, made durable, and read through its page index.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use arrow_array::RecordBatch;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder, RowSelection, RowSelector,
};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, PageIndexPolicy, ParquetMetaData, SortingColumn};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use roadstead_model::{Measurement, SensorId};

use super::columns::{Columns, SCHEMA};
use super::files::Group;

/// The version of the columns' meaning, in each file's own metadata.
const FORMAT: &str = "1";
/// Rows of a page: what a read of one sensor may decode in vain.
const PAGE_ROWS: usize = 4096;
const SENSOR: usize = 0;
const TIME: usize = 1;

static PROPERTIES: LazyLock<WriterProperties> = LazyLock::new(|| {
    let sorted = |column_idx| SortingColumn { column_idx, descending: false, nulls_first: false };
    let mut builder = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_created_by(concat!("roadstead ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_key_value_metadata(Some(vec![KeyValue::new(
            "roadstead.format".to_owned(),
            FORMAT.to_owned(),
        )]))
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_max_row_group_row_count(None)
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(PAGE_ROWS)
        .set_sorting_columns(Some([SENSOR, TIME].map(|at| sorted(index(at))).to_vec()));
    for rising in ["time", "arrival", "position"] {
        builder = builder
            .set_column_dictionary_enabled(rising.into(), false)
            .set_column_encoding(rising.into(), Encoding::DELTA_BINARY_PACKED);
    }
    builder.build()
});

fn index(at: usize) -> i32 {
    i32::try_from(at).unwrap_or_default()
}

/// A file being written. It has its name only when it is whole and durable; else it goes.
pub(super) struct SeriesWriter<'a> {
    path: &'a Path,
    unfinished: Unfinished,
    writer: ArrowWriter<File>,
    columns: Columns,
    group_rows: usize,
    groups: Vec<Group>,
    open: Option<Group>,
    /// Rows of the sensor that came last in the open group.
    of_one: u64,
}

impl<'a> SeriesWriter<'a> {
    /// Begins a file; rows then come sorted.
    pub(super) fn create(path: &'a Path, group_rows: usize) -> io::Result<Self> {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(unfinished(path))?;
        let unfinished = Unfinished(unfinished(path));
        let properties = PROPERTIES.clone();
        let writer =
            ArrowWriter::try_new(file, SCHEMA.clone(), Some(properties)).map_err(broken)?;
        let (columns, groups) = (Columns::default(), Vec::new());
        Ok(Self { path, unfinished, writer, columns, group_rows, groups, open: None, of_one: 0 })
    }

    /// Adds the next row.
    pub(super) fn push(&mut self, row: &Measurement) -> io::Result<()> {
        if self.open.as_ref().is_some_and(|group| group.rows >= self.group_rows as u64) {
            self.end_group()?;
        }
        let (sensor, time) = (row.reading.sensor.integer(), row.reading.time.micros());
        let group = self.open.get_or_insert_with(|| Group::starting(sensor, time));
        self.of_one = if group.sensors.1 == sensor { self.of_one + 1 } else { 1 };
        group.rows += 1;
        group.sensors.1 = sensor;
        group.times = (group.times.0.min(time), group.times.1.max(time));
        group.most = group.most.max(self.of_one);
        self.columns.push(row);
        if self.columns.len() >= PAGE_ROWS * 4 {
            self.write_columns()?;
        }
        Ok(())
    }

    fn write_columns(&mut self) -> io::Result<()> {
        let batch = self.columns.finish().map_err(broken)?;
        self.writer.write(&batch).map_err(broken)
    }

    fn end_group(&mut self) -> io::Result<()> {
        self.write_columns()?;
        self.writer.flush().map_err(broken)?;
        self.groups.extend(self.open.take());
        self.of_one = 0;
        Ok(())
    }

    /// Makes the content durable and gives the file its name; the folder is the caller's to sync.
    pub(super) fn finish(mut self) -> io::Result<(u64, Vec<Group>)> {
        self.end_group()?;
        let file = self.writer.into_inner().map_err(broken)?;
        file.sync_all()?;
        let bytes = file.metadata()?.len();
        fs::rename(&self.unfinished.0, self.path)?;
        Ok((bytes, self.groups))
    }
}

/// Removes a file that was not finished: after a failure the disk may have no room for it.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _gone_when_finished = fs::remove_file(&self.0);
    }
}

fn unfinished(path: &Path) -> PathBuf {
    path.with_extension("tmp")
}

fn broken(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, cause)
}

/// Reads what the file says of itself, page index included.
pub(super) fn footer(file: &File) -> Result<ArrowReaderMetadata, ParquetError> {
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
    ArrowReaderMetadata::load(file, options)
}

/// Reads all rows in order.
pub(super) fn read_all(file: File) -> Result<ParquetRecordBatchReader, ParquetError> {
    ParquetRecordBatchReaderBuilder::try_new(file)?.with_batch_size(PAGE_ROWS * 2).build()
}

/// What a read is after.
pub(super) struct Wanted<'a> {
    pub(super) sensor: SensorId,
    /// From the first instant up to, and without, the second.
    pub(super) times: (i64, i64),
    /// The groups of the file that can have such rows.
    pub(super) groups: Vec<usize>,
    /// The columns to read; all when there are none.
    pub(super) columns: &'a [&'a str],
}

/// Reads the pages that can hold wanted rows. Others are still among them: look at each.
pub(super) fn read(
    file: File,
    footer: ArrowReaderMetadata,
    wanted: &Wanted<'_>,
    mut take: impl FnMut(&RecordBatch) -> Option<()>,
) -> io::Result<()> {
    let selection = select(footer.metadata(), wanted);
    let mask = match wanted.columns {
        [] => ProjectionMask::all(),
        names => ProjectionMask::columns(footer.parquet_schema(), names.iter().copied()),
    };
    let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, footer)
        .with_row_groups(wanted.groups.clone())
        .with_projection(mask)
        .with_row_selection(selection)
        .with_batch_size(PAGE_ROWS * 4)
        .build()
        .map_err(broken)?;
    for batch in reader {
        let known = take(&batch.map_err(broken)?);
        known.ok_or_else(|| broken("a row that no version of the format knows"))?;
    }
    Ok(())
}

/// The pages of the wanted groups whose sensors and times include the wanted ones.
fn select(metadata: &ParquetMetaData, wanted: &Wanted<'_>) -> RowSelection {
    let mut selectors = Vec::new();
    for group in &wanted.groups {
        let rows = usize::try_from(metadata.row_group(*group).num_rows()).unwrap_or_default();
        match pages(metadata, *group, rows, wanted) {
            Some(pages) => selectors.extend(pages),
            None => selectors.push(RowSelector::select(rows)),
        }
    }
    selectors.into()
}

fn pages(
    metadata: &ParquetMetaData,
    group: usize,
    rows: usize,
    wanted: &Wanted<'_>,
) -> Option<Vec<RowSelector>> {
    let columns = metadata.column_index()?.get(group)?;
    let (ColumnIndexMetaData::INT64(sensors), ColumnIndexMetaData::INT64(times)) =
        (columns.get(SENSOR)?, columns.get(TIME)?)
    else {
        return None;
    };
    let offsets = metadata.offset_index()?.get(group)?;
    let begins = |column: usize| {
        let pages = offsets.get(column)?.page_locations().iter();
        Some(pages.map(|page| page.first_row_index).collect::<Vec<_>>())
    };
    let starts = begins(SENSOR)?;
    if begins(TIME)? != starts {
        return None; // pages of different sizes: the group is read whole
    }
    let mut selectors = Vec::with_capacity(starts.len());
    for (page, start) in starts.iter().enumerate() {
        let sensor = wanted.sensor.sql();
        let has_sensor =
            *sensors.min_value(page)? <= sensor && sensor <= *sensors.max_value(page)?;
        let (from, to) = wanted.times;
        let one_sensor = sensors.min_value(page)? == sensors.max_value(page)?;
        let has_time = *times.min_value(page)? < to && from <= *times.max_value(page)?;
        let start = usize::try_from(*start).ok()?;
        let end = starts.get(page + 1).map_or(Some(rows), |next| usize::try_from(*next).ok())?;
        let length = end.checked_sub(start)?;
        let needed = has_sensor && (has_time || !one_sensor);
        selectors.push(if needed {
            RowSelector::select(length)
        } else {
            RowSelector::skip(length)
        });
    }
    Some(selectors)
}

#[cfg(test)]
mod tests;
