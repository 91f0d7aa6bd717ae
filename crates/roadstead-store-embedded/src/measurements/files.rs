//! The list of files: what stands in columns, and from which segment on the journal is needed.
//!
//! One JSON file with a checksum, replaced whole: written beside, synced, renamed.
//! A file that is not on the list is nothing, and goes at the next start.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::{self, File, FileType};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use roadstead_model::{SensorId, TenantId};
use roadstead_store::TimeRange;
use serde::{Deserialize, Serialize};

use super::journal::sync_folder;
use super::series;
use super::window::{Span, Window};

const NAME: &str = "MANIFEST";
const VERSION: u32 = 1;
/// Footers kept in memory: about 20 KiB each.
const FOOTERS: usize = 256;

/// Some consecutive rows of a file: its row group, as reads need to know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub(super) rows: u64,
    /// The first and the last sensor.
    pub(super) sensors: (u64, u64),
    /// The earliest and the latest time.
    pub(super) times: (i64, i64),
    /// The most rows of any one sensor.
    pub(super) most: u64,
}

impl Group {
    /// A group before its first row.
    pub(super) const fn starting(sensor: u64, time: i64) -> Self {
        Self { rows: 0, sensors: (sensor, sensor), times: (time, time), most: 0 }
    }

    fn may_hold(&self, sensor: SensorId, range: TimeRange) -> bool {
        let sensor = sensor.integer();
        let (from, to) = (range.from.micros(), range.to.micros());
        let has_sensor = self.sensors.0 <= sensor && sensor <= self.sensors.1;
        has_sensor && self.times.0 < to && from <= self.times.1
    }
}

/// A file of one tenant's measurements of one window of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileInfo {
    pub(super) number: u64,
    pub(super) tenant: TenantId,
    /// The window's first day, in days since 1970-01-01, by UTC.
    pub(super) day: i64,
    #[serde(default, skip_serializing_if = "Span::is_day")]
    pub(super) span: Span,
    pub(super) bytes: u64,
    pub(super) groups: Vec<Group>,
}

impl FileInfo {
    /// Where the file lies, below the folder of the series.
    pub(super) fn path(&self) -> PathBuf {
        let tenant = self.tenant.integer().to_string();
        [tenant, self.window().folder(), format!("{}.parquet", self.number)].iter().collect()
    }

    /// What it is for. Its rows may have other times: only its groups say which.
    pub(super) const fn window(&self) -> Window {
        Window { day: self.day, span: self.span }
    }

    /// The groups that may hold rows of a sensor in a range.
    pub(super) fn groups_for(&self, sensor: SensorId, range: TimeRange) -> Vec<usize> {
        let groups = self.groups.iter().enumerate();
        groups.filter(|(_, group)| group.may_hold(sensor, range)).map(|(at, _)| at).collect()
    }
}

/// What stands on the list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) version: u32,
    /// Rows in segments before this one stand in files.
    pub(super) rows_from: u64,
    pub(super) next_file: u64,
    pub(super) files: Vec<FileInfo>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Checked {
    crc32c: u32,
    manifest: Manifest,
}

/// What is read of a list before all else: another version may have other fields.
#[derive(Deserialize)]
struct Begins {
    manifest: Versioned,
}

#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// A file on the list. Once it is off, it goes when the last reader lets go.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) info: FileInfo,
    path: PathBuf,
    off: AtomicBool,
}

impl Drop for Listed {
    fn drop(&mut self) {
        if self.off.load(Ordering::Acquire)
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(file = %self.path.display(), %error, "a merged file stays for now");
        }
    }
}

/// The list as readers hold it: all of it from one instant.
pub(super) type Listing = Vec<Arc<Listed>>;

/// The files of columns and the list of them.
pub(super) struct Files {
    folder: PathBuf,
    series: PathBuf,
    manifest: Mutex<Manifest>,
    listing: RwLock<Arc<Listing>>,
    next: AtomicU64,
    footers: Mutex<HashMap<u64, ArrowReaderMetadata>>,
}

impl Files {
    /// Reads the list and removes what is not on it.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let series = folder.join("series");
        fs::create_dir_all(&series)?;
        let manifest = match load(folder)? {
            Some(manifest) => manifest,
            None => begin_list(folder, &series)?,
        };
        let files = Self {
            folder: folder.to_owned(),
            next: AtomicU64::new(manifest.next_file),
            listing: RwLock::default(),
            footers: Mutex::default(),
            manifest: Mutex::new(manifest.clone()),
            series,
        };
        files.relist(&manifest);
        let listing = files.listing();
        for file in listing.iter() {
            check(file)?;
        }
        let known: HashSet<&Path> = listing.iter().map(|file| file.path.as_path()).collect();
        remove_unlisted(&files.series, &known)?;
        Ok(files)
    }

    /// Rows in segments before this one stand in files.
    pub(super) fn rows_from(&self) -> u64 {
        self.manifest.lock().unwrap_or_else(PoisonError::into_inner).rows_from
    }

    /// All files on the list.
    pub(super) fn listing(&self) -> Arc<Listing> {
        Arc::clone(&self.listing.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The files that can hold rows of a sensor in a range.
    pub(super) fn reach(
        listing: &Listing,
        sensor: SensorId,
        range: TimeRange,
    ) -> impl Iterator<Item = &Arc<Listed>> {
        let tenant = sensor.tenant();
        let begin = listing.partition_point(|file| file.info.tenant < tenant);
        let end = listing.partition_point(|file| file.info.tenant <= tenant);
        let files = listing.get(begin..end).unwrap_or_default().iter();
        files.filter(move |file| file.info.groups.iter().any(|one| one.may_hold(sensor, range)))
    }

    /// Takes a number for a new file and makes its folder.
    pub(super) fn begin(&self, tenant: TenantId, of: Window) -> io::Result<(FileInfo, PathBuf)> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let info =
            FileInfo { number, tenant, day: of.day, span: of.span, bytes: 0, groups: Vec::new() };
        let path = self.series.join(info.path());
        fs::create_dir_all(path.parent().unwrap_or(&self.series))?;
        Ok((info, path))
    }

    /// Makes the names of new files durable, their folders' too.
    pub(super) fn sync_names(&self, added: &[FileInfo]) -> io::Result<()> {
        let mut folders = BTreeSet::from([self.folder.clone(), self.series.clone()]);
        for info in added {
            let path = self.series.join(info.path());
            folders.extend(path.ancestors().skip(1).take(2).map(Path::to_owned));
        }
        folders.iter().rev().try_for_each(|folder| sync_folder(folder))
    }

    /// Removes new files that will not be on the list.
    pub(super) fn discard(&self, added: &[FileInfo]) {
        for info in added {
            let _gone_at_the_next_start = fs::remove_file(self.series.join(info.path()));
        }
    }

    /// Removes new files after the list could not be changed, unless what stands on disk has them.
    pub(super) fn discard_unlisted(&self, added: &[FileInfo]) {
        if let Ok(Some(manifest)) = load(&self.folder)
            && added.iter().all(|info| !manifest.files.contains(info))
        {
            self.discard(added);
        }
    }

    /// Changes the list. Readers see it when it is durable.
    pub(super) fn edit(&self, change: impl FnOnce(&mut Manifest)) -> io::Result<()> {
        let mut current = self.manifest.lock().unwrap_or_else(PoisonError::into_inner);
        let mut manifest = current.clone();
        change(&mut manifest);
        manifest.next_file = self.next.load(Ordering::Relaxed);
        manifest.files.sort_unstable_by_key(|file| (file.tenant, file.window(), file.number));
        save(&self.folder, &manifest)?;
        self.relist(&manifest);
        *current = manifest;
        Ok(())
    }

    fn relist(&self, manifest: &Manifest) {
        let before = self.listing();
        let known: HashMap<u64, &Arc<Listed>> =
            before.iter().map(|file| (file.info.number, file)).collect();
        let listed = |info: &FileInfo| match known.get(&info.number) {
            Some(file) => Arc::clone(file),
            None => Arc::new(Listed {
                path: self.series.join(info.path()),
                info: info.clone(),
                off: AtomicBool::new(false),
            }),
        };
        let now: Listing = manifest.files.iter().map(listed).collect();
        let kept: HashSet<u64> = now.iter().map(|file| file.info.number).collect();
        let mut footers = self.footers.lock().unwrap_or_else(PoisonError::into_inner);
        for file in before.iter().filter(|file| !kept.contains(&file.info.number)) {
            file.off.store(true, Ordering::Release);
            footers.remove(&file.info.number);
        }
        *self.listing.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(now);
    }

    /// Opens a file with what it says of itself.
    pub(super) fn open_file(&self, file: &Listed) -> io::Result<(File, ArrowReaderMetadata)> {
        let opened = File::open(&file.path)?;
        let number = file.info.number;
        let cached = {
            let footers = self.footers.lock().unwrap_or_else(PoisonError::into_inner);
            footers.get(&number).cloned()
        };
        if let Some(footer) = cached {
            return Ok((opened, footer));
        }
        let footer = series::footer(&opened).map_err(io::Error::other)?;
        let mut footers = self.footers.lock().unwrap_or_else(PoisonError::into_inner);
        if footers.len() >= FOOTERS
            && let Some(any) = footers.keys().next().copied()
        {
            footers.remove(&any);
        }
        footers.insert(number, footer.clone());
        Ok((opened, footer))
    }

    /// How many files there are, and their bytes.
    pub(super) fn sizes(&self) -> (u64, u64) {
        let listing = self.listing();
        (listing.len() as u64, listing.iter().map(|file| file.info.bytes).sum())
    }
}

fn check(file: &Listed) -> io::Result<()> {
    let bytes = fs::metadata(&file.path).map(|found| found.len());
    if bytes.as_ref().is_ok_and(|bytes| *bytes == file.info.bytes) {
        return Ok(());
    }
    let path = file.path.display();
    let say = format!("{path} is missing or has another size: restore it from a backup");
    Err(io::Error::new(io::ErrorKind::InvalidData, say))
}

/// Removes files of this store that are not on the list: those of others, and links, stay.
fn remove_unlisted(series: &Path, known: &HashSet<&Path>) -> io::Result<()> {
    for path in own_files(series)? {
        if !known.contains(path.as_path()) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// The files that have names such as this store gives, finished or not.
fn own_files(series: &Path) -> io::Result<Vec<PathBuf>> {
    let number = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    let file = |name: &str| {
        let stem = name.strip_suffix(".parquet").or_else(|| name.strip_suffix(".tmp"));
        stem.is_some_and(number)
    };
    let mut found = Vec::new();
    for tenant in entries(series, FileType::is_dir, number)? {
        for day in entries(&tenant, FileType::is_dir, Window::is_folder)? {
            found.extend(entries(&day, FileType::is_file, file)?);
        }
    }
    Ok(found)
}

/// What of a folder is of a kind, without following links, and has a name of a shape.
fn entries(
    folder: &Path,
    kind: fn(&FileType) -> bool,
    shape: impl Fn(&str) -> bool,
) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if kind(&entry.file_type()?) && entry.file_name().to_str().is_some_and(&shape) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// Begins the list of a new store. Where measurements stand already it was lost, and without
/// it they would be taken for leftovers.
fn begin_list(folder: &Path, series: &Path) -> io::Result<Manifest> {
    if !own_files(series)?.is_empty() {
        let say = format!(
            "{} is missing, and there are files that it listed: restore it from a backup",
            folder.join(NAME).display()
        );
        return Err(io::Error::new(io::ErrorKind::InvalidData, say));
    }
    let manifest = Manifest { version: VERSION, next_file: 1, ..Manifest::default() };
    save(folder, &manifest)?;
    Ok(manifest)
}

fn load(folder: &Path) -> io::Result<Option<Manifest>> {
    let bad = |say: &str| io::Error::new(io::ErrorKind::InvalidData, format!("{NAME}: {say}"));
    let bytes = match fs::read(folder.join(NAME)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let damaged = || bad("the list of files is damaged: restore it from a backup");
    let begins: Begins = serde_json::from_slice(&bytes).map_err(|_| damaged())?;
    if begins.manifest.version != VERSION {
        return Err(bad("the list of files was written by another version"));
    }
    let checked: Checked = serde_json::from_slice(&bytes).map_err(|_| damaged())?;
    if checked.crc32c != crc32c::crc32c(&serde_json::to_vec(&checked.manifest)?) {
        return Err(damaged());
    }
    Ok(Some(checked.manifest))
}

fn save(folder: &Path, manifest: &Manifest) -> io::Result<()> {
    let crc32c = crc32c::crc32c(&serde_json::to_vec(manifest)?);
    let text = serde_json::to_vec(&Checked { crc32c, manifest: manifest.clone() })?;
    let beside = folder.join("MANIFEST.tmp");
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(&text)?;
    file.sync_all()?;
    fs::rename(beside, folder.join(NAME))?;
    sync_folder(folder)
}
