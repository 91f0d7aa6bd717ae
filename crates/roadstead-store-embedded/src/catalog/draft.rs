//! One write: a transaction on disk, and the same change in memory once it is durable.

use std::sync::Arc;

use roadstead_guard::{Caller, Facts, PasswordHash};
use roadstead_model::{CredentialId, Id, Kind, PersonId, Resource, TenantId, Timestamp};
use roadstead_store::{Change, Directory, StoreError};
use sqlx::sqlite::SqliteArguments;
use sqlx::{Sqlite, SqliteConnection, Transaction, query_scalar};

pub(crate) type Query = sqlx::query::Query<'static, Sqlite, SqliteArguments>;

type Step = Box<dyn FnOnce(&mut Change<'_>) + Send>;

/// An open write. Writers take turns, so what the directory says is what the tables say.
pub(crate) struct Draft<'c> {
    transaction: Transaction<'c, Sqlite>,
    pub(crate) directory: Arc<Directory>,
    steps: Vec<Step>,
}

impl<'c> Draft<'c> {
    pub(crate) fn new(transaction: Transaction<'c, Sqlite>, directory: Arc<Directory>) -> Self {
        Self { transaction, directory, steps: Vec::new() }
    }

    /// Makes the write durable, then known.
    pub(crate) async fn finish(self) -> Result<(), sqlx::Error> {
        self.transaction.commit().await?;
        if !self.steps.is_empty() {
            self.directory.change(|open| self.steps.into_iter().for_each(|step| step(open)));
        }
        Ok(())
    }

    pub(crate) fn sql(&mut self) -> &mut SqliteConnection {
        &mut self.transaction
    }

    /// Runs a statement; answers how many rows it touched.
    pub(crate) async fn run(&mut self, query: Query) -> Result<u64, StoreError> {
        let done = query.execute(self.sql()).await.map_err(StoreError::failed)?;
        Ok(done.rows_affected())
    }

    /// Runs a statement that gives something a name; a name that is there already is taken.
    pub(crate) async fn name(
        &mut self,
        (what, name): (&'static str, &str),
        query: Query,
    ) -> Result<u64, StoreError> {
        match query.execute(self.sql()).await {
            Ok(done) => Ok(done.rows_affected()),
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                Err(StoreError::NameTaken { what, name: name.to_owned() })
            }
            Err(error) => Err(StoreError::failed(error)),
        }
    }

    /// Runs a statement that must touch a row; when it touches none, the thing is missing.
    pub(crate) async fn must(
        &mut self,
        what: &'static str,
        query: Query,
    ) -> Result<(), StoreError> {
        if self.run(query).await? == 0 { Err(StoreError::Missing(what)) } else { Ok(()) }
    }

    /// Asks for one number.
    pub(crate) async fn count(&mut self, sql: &'static str, of: i64) -> Result<i64, StoreError> {
        let asked = query_scalar::<Sqlite, i64>(sql).bind(of);
        asked.fetch_one(self.sql()).await.map_err(StoreError::failed)
    }

    /// Puts a change into the directory once the write is durable.
    pub(crate) fn then(&mut self, step: impl FnOnce(&mut Change<'_>) + Send + 'static) {
        self.steps.push(Box::new(step));
    }

    /// Gives the next id of a kind in a tenant. A number is never given twice.
    pub(crate) async fn next_id<K: Kind>(&mut self, tenant: TenantId) -> Result<Id<K>, StoreError> {
        let number = self.next_number::<K>(tenant.sql()).await?;
        Id::new(tenant, number).ok_or(StoreError::Limit { what: K::PREFIX, limit: 1 << 38 })
    }

    /// Gives the id of the next tenant.
    pub(crate) async fn next_tenant(&mut self) -> Result<TenantId, StoreError> {
        let number = self.next_number::<TenantKind>(0).await?;
        let limit = StoreError::Limit { what: "tenants", limit: (1 << 20) - 1 };
        TenantId::numbered(number).ok_or(limit)
    }

    async fn next_number<K: Kind>(&mut self, tenant: i64) -> Result<u64, StoreError> {
        let given = query_scalar::<Sqlite, i64>(
            "INSERT INTO counters (tenant, kind, next) VALUES ($1, $2, 2)
             ON CONFLICT (tenant, kind) DO UPDATE SET next = counters.next + 1
             RETURNING next - 1",
        );
        let given = given.bind(tenant).bind(K::CODE.cast_signed());
        given.fetch_one(self.sql()).await.map(i64::cast_unsigned).map_err(StoreError::failed)
    }

    /// Looks whether a node is still there: a permit may be older than its removal.
    pub(crate) fn stands(&self, node: Resource, what: &'static str) -> Result<(), StoreError> {
        if self.directory.exists(node) { Ok(()) } else { Err(StoreError::Missing(what)) }
    }

    /// Looks whether a caller's own credential is still live.
    pub(crate) fn still_in(&self, caller: &Caller, now: Timestamp) -> Result<u8, StoreError> {
        let shown = self.directory.credential(caller.credential());
        let live = shown.filter(|row| row.is_live(now));
        live.map(|row| row.limit).ok_or(StoreError::Missing("live credential of yours"))
    }

    /// Puts a password's hash in place of the one before, once the write is durable.
    pub(crate) fn then_password(&mut self, of: PersonId, id: CredentialId, hash: PasswordHash) {
        self.then(move |open| open.put_password(of, id, hash));
    }
}

/// The kind that counts tenants. Ids of tenants count for the server, all others for a tenant.
enum TenantKind {}

impl Kind for TenantKind {
    const CODE: u64 = 1;
    const PREFIX: &'static str = "tnt";
}
