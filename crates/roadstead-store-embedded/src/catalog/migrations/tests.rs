//! Steps are applied once, in order, whole or not at all.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, query_scalar};

use super::*;

const FIRST: Migration = Migration { number: 1, name: "first", sql: "CREATE TABLE a (x BIGINT)" };
const SECOND: Migration = Migration {
    number: 2,
    name: "second",
    sql: "CREATE TABLE b (x BIGINT); CREATE TABLE c (x BIGINT)",
};

async fn empty() -> SqliteConnection {
    SqliteConnectOptions::new().in_memory(true).connect().await.expect("a connection")
}

async fn bring(sql: &mut SqliteConnection, steps: &[Migration]) -> Result<(), String> {
    let brought = migrate(sql, steps, Timestamp::EPOCH).await;
    brought.map_err(|error| {
        std::error::Error::source(&error).map_or_else(String::new, ToString::to_string)
    })
}

async fn tables(sql: &mut SqliteConnection) -> Vec<String> {
    let names = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name";
    query_scalar::<Sqlite, String>(names).fetch_all(sql).await.expect("names")
}

#[tokio::test]
async fn each_step_is_applied_once() {
    let mut sql = empty().await;
    bring(&mut sql, &[FIRST]).await.expect("first");
    assert_eq!(tables(&mut sql).await, ["a", "migrations"]);
    for _ in 0..2 {
        bring(&mut sql, &[FIRST, SECOND]).await.expect("second");
        assert_eq!(tables(&mut sql).await, ["a", "b", "c", "migrations"]);
    }
}

#[tokio::test]
async fn a_catalog_of_a_newer_program_is_refused_and_left_alone() {
    let mut sql = empty().await;
    bring(&mut sql, &[FIRST, SECOND]).await.expect("both");
    let refused = bring(&mut sql, &[FIRST]).await.expect_err("newer");
    assert!(refused.contains("newer program") && refused.contains("number 2"), "{refused}");
    assert_eq!(tables(&mut sql).await, ["a", "b", "c", "migrations"]);
}

#[tokio::test]
async fn a_step_in_other_words_is_refused() {
    let mut sql = empty().await;
    bring(&mut sql, &[FIRST]).await.expect("first");
    let edited = Migration { sql: "CREATE TABLE a (x BIGINT, y BIGINT)", ..FIRST };
    let refused = bring(&mut sql, &[edited]).await.expect_err("edited");
    assert!(refused.contains("step 1 `first`"), "{refused}");
}

#[tokio::test]
async fn a_step_that_fails_half_way_leaves_nothing() {
    let mut sql = empty().await;
    let broken =
        Migration { sql: "CREATE TABLE b (x BIGINT); CREATE TABLE a (x BIGINT)", ..SECOND };
    bring(&mut sql, &[FIRST, broken]).await.expect_err("`a` is there already");
    assert_eq!(tables(&mut sql).await, ["a", "migrations"]);
    bring(&mut sql, &[FIRST, SECOND]).await.expect("mended");
}

#[test]
fn the_programs_own_steps_are_numbered_in_order() {
    assert!((1..).zip(MIGRATIONS).all(|(number, step)| number == step.number));
}
