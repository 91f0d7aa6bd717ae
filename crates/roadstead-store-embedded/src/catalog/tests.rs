//! The contract, and what is particular to SQLite.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use roadstead_store::contract::audit;
use roadstead_store::contract::catalog::{self, changes, rights, things};
use roadstead_store::contract::site::{HandClock, Stores};
use roadstead_store::{Catalog, Later};
use sqlx::{Row, Sqlite, query, query_scalar};
use tempfile::TempDir;

use super::*;

async fn open(file: PathBuf) -> EmbeddedCatalog {
    EmbeddedCatalog::open(&file, HandClock::at_noon()).await.expect("it opens")
}

fn opener(folder: &TempDir) -> impl Fn() -> Later<'static, Stores> + Send + Sync + use<> {
    let file = folder.path().join("catalog.sqlite");
    move || {
        let file = file.clone();
        Box::pin(async move {
            let both = Arc::new(open(file).await);
            Stores { catalog: Arc::clone(&both) as Arc<dyn Catalog>, log: both }
        })
    }
}

macro_rules! keeps {
    ($part:ident: $($promise:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $promise() {
            let folder = TempDir::new().expect("a folder");
            $part::$promise(&opener(&folder)).await;
        }
    )*};
}

keeps! {
    catalog:
        a_claim_makes_a_tenant_and_its_owner
        a_claim_link_works_once_however_many_hurry
        only_a_waiting_link_claims
        links_of_starts_end_with_the_first_claim
        a_failed_claim_leaves_its_link_waiting
        everything_is_there_after_a_restart
        a_dropped_request_is_done_whole
}

keeps! {
    things:
        names_are_unique_where_they_are_looked_up
        one_of_many_with_one_name_is_made
        what_is_in_use_is_not_removed
        a_removed_device_leaves_nothing_and_its_id_is_not_given_again
        a_sensor_is_brought_once
        a_device_is_renamed_and_moved
        things_stand_only_where_they_can
}

keeps! {
    changes:
        a_space_is_renamed_and_moved_with_all_in_it
        an_asset_is_renamed_and_moved_with_all_in_it
        a_change_takes_no_name_that_is_taken
        a_move_ends_where_places_can_stand
        a_type_is_changed_and_its_devices_follow
        a_sensor_is_made_and_removed_by_hand
}

keeps! {
    rights:
        a_token_works_until_it_is_ended
        a_limited_token_makes_no_stronger_one
        nobody_makes_a_credential_in_another_persons_name
        a_new_password_ends_other_sessions
        an_invited_person_sets_a_first_password
        settling_writes_uses_down_and_drops_what_ended
        a_grant_counts_until_it_is_ended
        a_tenant_keeps_an_owner
}

keeps! {
    audit:
    an_entry_is_there_when_it_is_recorded
    entries_are_numbered_without_a_gap
    a_log_shows_its_own_tenant_alone
    entries_outlive_what_they_are_about
    a_log_names_nothing_of_another_tenant
}

#[tokio::test]
async fn nobody_but_the_owner_can_read_the_files() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("catalog.sqlite");
    std::fs::write(&file, []).expect("written");
    std::fs::set_permissions(&file, Permissions::from_mode(0o644)).expect("set");
    let _catalog = open(file).await;
    let files: Vec<_> = std::fs::read_dir(folder.path()).expect("read").flatten().collect();
    assert_eq!(files.len(), 3, "the file, its log and its index: {files:?}");
    for file in files {
        let mode = file.metadata().expect("there").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{file:?}");
    }
}

#[tokio::test]
async fn every_commit_reaches_the_disk_and_keys_are_checked() {
    let folder = TempDir::new().expect("a folder");
    let catalog = open(folder.path().join("catalog.sqlite")).await;
    let mut connection = catalog.reading().await;
    for (pragma, wanted) in [("PRAGMA synchronous", 2), ("PRAGMA foreign_keys", 1)] {
        let set = query_scalar::<Sqlite, i64>(pragma).fetch_one(&mut *connection).await;
        assert_eq!(set.expect("a number"), wanted, "{pragma}");
    }
    let mode = query("PRAGMA journal_mode").fetch_one(&mut *connection).await.expect("a row");
    assert_eq!(mode.get::<String, _>(0), "wal");
}

#[tokio::test]
async fn a_write_that_panics_leaves_nothing_open() {
    let folder = TempDir::new().expect("a folder");
    let catalog = open(folder.path().join("catalog.sqlite")).await;
    let broken = catalog.write(|draft| {
        Box::pin(async move {
            let half = "INSERT INTO tenants (id, name, created) VALUES (1, 'half', 0)";
            draft.run(query(half)).await?;
            panic!("a fault in the middle of a write")
        })
    });
    let broken: Result<(), _> = broken.await;
    broken.expect_err("the fault is told");
    let rows = catalog
        .write(|draft| Box::pin(draft.count("SELECT COUNT(*) FROM tenants WHERE id = $1", 1)));
    assert_eq!(rows.await.expect("the next write runs"), 0);
}
