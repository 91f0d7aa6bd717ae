//! The catalog in one SQLite file, mirrored in memory.
//!
//! Writers take turns. A write is one transaction; once it is durable the directory learns
//! of it, even if whoever asked has gone away meanwhile.

mod claims; // an organisation begins
mod credentials; // tokens, sessions, links and passwords
mod devices; // devices and sensors
mod draft; // one write
mod grants; // who may do what, and who there is
mod load; // all rows, at the start
mod migrations; // how the tables came about
mod places; // spaces and assets
pub(crate) mod rows; // between rows and words
mod types; // which sensors a device has
mod verbs; // the trait, verb by verb

use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use roadstead_model::Clock;
use roadstead_store::{Directory, Later, StoreError};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::sync::{Mutex, MutexGuard};

pub(crate) use draft::Draft;
pub use migrations::BadCatalog;

/// How long a write waits for another process, such as a backup, to let go of the file.
const PATIENCE: Duration = Duration::from_secs(5);

/// The catalog and the audit log in one SQLite file.
pub struct EmbeddedCatalog {
    writer: Arc<Mutex<SqliteConnection>>,
    directory: Arc<Directory>,
}

impl EmbeddedCatalog {
    /// Opens the catalog, or begins one. Nobody but the file's owner can read it.
    ///
    /// Fails with [`BadCatalog`] as its cause when a newer program wrote it.
    pub async fn open(file: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        keep_private(file).map_err(StoreError::failed)?;
        let options = SqliteConnectOptions::new()
            .filename(file)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(PATIENCE);
        let mut connection = options.connect().await.map_err(StoreError::failed)?;
        migrations::migrate(&mut connection, migrations::MIGRATIONS, clock.now()).await?;
        let directory = Arc::new(Directory::new(load::all(&mut connection).await?));
        Ok(Self { writer: Arc::new(Mutex::new(connection)), directory })
    }

    /// Closes the file. What was answered is durable without this too.
    pub async fn close(self) -> Result<(), StoreError> {
        let alone = Arc::into_inner(self.writer).ok_or(StoreError::Busy)?;
        alone.into_inner().close().await.map_err(StoreError::failed)
    }

    /// The connection, for reading what is not in the directory.
    pub(crate) async fn reading(&self) -> MutexGuard<'_, SqliteConnection> {
        self.writer.lock().await
    }

    /// The catalog in memory.
    pub(crate) fn known(&self) -> &Arc<Directory> {
        &self.directory
    }

    /// Does one write. It runs to its end even when nobody waits for it any more: a request
    /// that is dropped between the commit and the directory must not part the two.
    pub(crate) fn write<'a, T, W>(&'a self, work: W) -> Later<'a, Result<T, StoreError>>
    where
        T: Send + 'static,
        W: for<'d, 'c> FnOnce(&'d mut Draft<'c>) -> Later<'d, Result<T, StoreError>>,
        W: Send + 'static,
    {
        let writer = Arc::clone(&self.writer);
        let directory = Arc::clone(&self.directory);
        let whole = async move {
            let mut connection = writer.lock().await;
            let transaction = connection.begin_with("BEGIN IMMEDIATE").await;
            let mut draft = Draft::new(transaction.map_err(StoreError::failed)?, directory);
            let done = work(&mut draft).await?;
            draft.finish().await.map_err(StoreError::failed)?;
            Ok(done)
        };
        Box::pin(async move { tokio::spawn(whole).await.map_err(StoreError::failed)? })
    }
}

/// Makes the file if there is none, and takes it away from everybody but its owner.
/// What SQLite puts beside it has the same mode.
fn keep_private(file: &Path) -> std::io::Result<()> {
    let open = OpenOptions::new().create(true).append(true).mode(0o600).open(file)?;
    open.set_permissions(Permissions::from_mode(0o600))
}

#[cfg(test)]
mod tests;
