//! The data folder: its owner's alone, one server's at a time, and each file in it whole or absent.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use rustix::fs::{FlockOperation, flock};

const PRIVATE_FOLDER: u32 = 0o700;
const PASSABLE_FOLDER: u32 = 0o755;
const PRIVATE_FILE: u32 = 0o600;
/// What others than the owner could do.
const OTHERS: u32 = 0o077;
/// What the group of a key of the operator's own may do.
const GROUP_READS: u32 = 0o040;

/// The open data folder. As long as it lives no other server gets it.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Opens the folder, makes it at the first start, and locks it.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        make_private(path)?;
        let path =
            path.canonicalize().with_context(|| format!("cannot open `{}`", path.display()))?;
        let lock = lock(&path.join("lock"))?;
        Ok(Self { path, _lock: lock })
    }

    /// Where the folder lies.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A folder inside, made if it is not there, its owner's alone.
    pub(crate) fn inner(&self, name: &str) -> anyhow::Result<PathBuf> {
        let path = self.path.join(name);
        make_private(&path)?;
        Ok(path)
    }
}

fn lock(path: &Path) -> anyhow::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(PRIVATE_FILE);
    let file = options.open(path).with_context(|| format!("cannot open `{}`", path.display()))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => bail!(
            "another server uses this data folder (`{}` is locked): stop it, or choose another with --data",
            path.display()
        ),
        Err(error) => Err(error).with_context(|| format!("cannot lock `{}`", path.display())),
    }
}

/// Makes a folder that only its owner can enter, with all above it; refuses one that is there and laxer.
pub(crate) fn make_private(path: &Path) -> anyhow::Result<()> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let mut builder = DirBuilder::new();
            let made = builder.recursive(true).mode(PRIVATE_FOLDER).create(path);
            made.with_context(|| format!("cannot make the folder `{}`", path.display()))?;
            // The mode above is cut by the umask; the one that counts is said outright.
            std::fs::set_permissions(path, Permissions::from_mode(PRIVATE_FOLDER))?;
            Ok(())
        }
        Err(error) => Err(error).with_context(|| format!("cannot look at `{}`", path.display())),
        Ok(_) => refuse_lax(path, "700"),
    }
}

/// Makes a folder, with all above it, that everybody can pass: what is inside need not be its maker's.
pub(crate) fn make_passable(path: &Path) -> anyhow::Result<()> {
    if path.as_os_str().is_empty() || path.exists() {
        return Ok(());
    }
    make_passable(path.parent().unwrap_or(Path::new("")))?;
    let made = DirBuilder::new().mode(PASSABLE_FOLDER).create(path);
    let passable = Permissions::from_mode(PASSABLE_FOLDER);
    let made = made.and_then(|()| std::fs::set_permissions(path, passable));
    made.with_context(|| format!("cannot make the folder `{}`", path.display()))
}

/// Refuses a file or folder that others than its owner can read, write or enter.
pub(crate) fn refuse_lax(path: &Path, wanted: &str) -> anyhow::Result<()> {
    refuse(path, OTHERS, wanted)
}

/// Refuses a file that more can be done with than its owner may do, and its group read.
pub(crate) fn refuse_open(path: &Path) -> anyhow::Result<()> {
    refuse(path, OTHERS & !GROUP_READS, "640")
}

fn refuse(path: &Path, what: u32, wanted: &str) -> anyhow::Result<()> {
    let about = path.metadata().with_context(|| format!("cannot look at `{}`", path.display()))?;
    let mode = about.mode() & 0o777;
    if mode & what != 0 {
        bail!("others can open `{}` (mode {mode:o}): chmod {wanted} it first", path.display());
    }
    Ok(())
}

/// Reads a file that holds a secret; refuses it when others could have read it too.
pub(crate) fn read_private(path: &Path) -> anyhow::Result<String> {
    refuse_lax(path, "600")?;
    std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}

/// Writes a file that only its owner can read. After a crash the old file is there, or the whole new one.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    write(path, bytes, PRIVATE_FILE)
}

/// Writes a file that is no secret, with the same promise.
pub(crate) fn write_public(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    write(path, bytes, 0o644)
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> anyhow::Result<()> {
    let what = || format!("cannot write `{}`", path.display());
    let parent = path.parent().with_context(what)?;
    let mut name = path.file_name().with_context(what)?.to_owned();
    name.push(".new");
    let fresh = parent.join(name);
    let _ = std::fs::remove_file(&fresh); // left over from a crash
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&fresh)
        .with_context(what)?;
    file.set_permissions(Permissions::from_mode(mode)).with_context(what)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).with_context(what)?;
    std::fs::rename(&fresh, path).with_context(what)?;
    File::open(parent).and_then(|folder| folder.sync_all()).with_context(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().mode() & 0o777
    }

    #[test]
    fn a_new_data_folder_is_its_owners_alone() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::open(&home.path().join("a/data")).unwrap();
        assert_eq!(mode(folder.path()), 0o700);
        assert_eq!(mode(&folder.inner("keys").unwrap()), 0o700);
    }

    #[test]
    fn a_laxer_folder_is_refused_with_what_to_do() {
        let home = tempfile::tempdir().unwrap();
        std::fs::set_permissions(home.path(), Permissions::from_mode(0o750)).unwrap();
        let refused = Folder::open(home.path()).unwrap_err().to_string();
        assert!(refused.contains("mode 750") && refused.contains("chmod 700"), "{refused}");
    }

    #[test]
    fn two_servers_never_share_a_folder() {
        let home = tempfile::tempdir().unwrap();
        let first = Folder::open(&home.path().join("data")).unwrap();
        let refused = Folder::open(first.path()).unwrap_err().to_string();
        assert!(refused.contains("another server"), "{refused}");
        drop(first);
        assert!(Folder::open(&home.path().join("data")).is_ok());
    }

    #[test]
    fn a_written_file_is_whole_and_of_the_right_mode() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("secret");
        write_private(&path, b"one").unwrap();
        write_private(&path, b"two").unwrap();
        assert_eq!((read_private(&path).unwrap().as_str(), mode(&path)), ("two", 0o600));
        std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        assert!(read_private(&path).is_err());
    }
}
