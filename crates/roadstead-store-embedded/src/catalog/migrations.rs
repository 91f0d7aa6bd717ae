//! How the catalog's shape came about: each step is applied once, in order, whole or not at all.

use aws_lc_rs::digest::{SHA256, digest};
use roadstead_model::Timestamp;
use roadstead_store::StoreError;
use sqlx::{Connection, Sqlite, SqliteConnection, query, query_as, raw_sql};

use super::rows::{hex, number};

/// One step of the shape. What was released is never edited: a change is a new step.
pub(super) struct Migration {
    number: i64,
    name: &'static str,
    sql: &'static str,
}

pub(super) const MIGRATIONS: &[Migration] = &[
    Migration { number: 1, name: "things", sql: include_str!("migrations/0001_things.sql") },
    Migration { number: 2, name: "audit", sql: include_str!("migrations/0002_audit.sql") },
    Migration {
        number: 3,
        name: "first links",
        sql: include_str!("migrations/0003_first_links.sql"),
    },
];

const KEPT: &str = "CREATE TABLE IF NOT EXISTS migrations (
    number BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied BIGINT NOT NULL)";

/// Why a catalog cannot be opened by this program.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCatalog {
    /// A later version of the program wrote it.
    #[error(
        "the catalog was written by a newer program: its shape has number {found}, and this \
         program knows {known}; start the newer version, or put back the copy made before it"
    )]
    Newer {
        /// The number of the newest step in the catalog.
        found: i64,
        /// The number of the newest step that this program knows.
        known: i64,
    },
    /// A step was applied in other words than this program has.
    #[error(
        "step {number} `{name}` of the catalog's shape differs from this program's: \
         another program, or an unreleased version of this one, wrote it"
    )]
    Differs {
        /// The step's number.
        number: i64,
        /// The step's name.
        name: &'static str,
    },
    /// A row cannot be read.
    #[error("the catalog has a row of {table} that cannot be read: {what}")]
    Row {
        /// In which table.
        table: &'static str,
        /// What is wrong with it.
        what: String,
    },
}

/// Brings a catalog to the shape that this program knows.
pub(super) async fn migrate(
    connection: &mut SqliteConnection,
    steps: &[Migration],
    now: Timestamp,
) -> Result<(), StoreError> {
    raw_sql(KEPT).execute(&mut *connection).await.map_err(StoreError::failed)?;
    let applied: Vec<(i64, String)> =
        query_as::<Sqlite, _>("SELECT number, checksum FROM migrations ORDER BY number")
            .fetch_all(&mut *connection)
            .await
            .map_err(StoreError::failed)?;
    let known = steps.last().map_or(0, |step| step.number);
    if let Some((found, _)) = applied.last().filter(|(found, _)| *found > known) {
        return Err(StoreError::failed(BadCatalog::Newer { found: *found, known }));
    }
    for step in steps {
        let checksum = hex(digest(&SHA256, step.sql.as_bytes()).as_ref());
        match applied.iter().find(|(number, _)| *number == step.number) {
            None => apply(connection, step, &checksum, now).await.map_err(StoreError::failed)?,
            Some((_, there)) if *there == checksum => {}
            Some(_) => {
                let differs = BadCatalog::Differs { number: step.number, name: step.name };
                return Err(StoreError::failed(differs));
            }
        }
    }
    Ok(())
}

async fn apply(
    connection: &mut SqliteConnection,
    step: &Migration,
    checksum: &str,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    raw_sql(step.sql).execute(&mut *transaction).await?;
    query("INSERT INTO migrations (number, name, checksum, applied) VALUES ($1, $2, $3, $4)")
        .bind(step.number)
        .bind(step.name)
        .bind(checksum)
        .bind(number(now))
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await
}

#[cfg(test)]
mod tests;
