//! A power cut at each step of flushing and merging: what each leaves is put together by hand.

use std::fs;

use roadstead_model::Value;
use roadstead_store::contract::fleet::{Fleet, keep, reading, values};

use super::*;

/// The folder of a store before it flushed, after it flushed, and after it merged.
struct Steps {
    before: TempDir,
    flushed: TempDir,
    merged: TempDir,
    fleet: Fleet,
}

const ROWS: i64 = 40;

impl Steps {
    async fn walk() -> Self {
        let fleet = Fleet::new();
        let folder = TempDir::new().unwrap();
        let idle = Options { flush_rows: 1000, segment_bytes: 1 << 20, ..few() };
        let store = open_in(folder.path(), idle);
        let (permit, sensor) = (fleet.writes(fleet.device(1)), fleet.sensor(1, 1));
        for at in 0..ROWS {
            keep(&store, &permit, fleet.batch(vec![reading(sensor, at * 5_000, 1.0)])).await;
        }
        drop(store);
        let before = copy(folder.path());
        let calmly = Options { day_files: 1000, feed_kept: 100_000, ..few() };
        for round in 0..4 {
            let store = open_in(folder.path(), calmly);
            let late = |at| reading(sensor, at * 5_000 + 1 + round, 2.0);
            keep(&store, &permit, fleet.batch((0..ROWS).map(late).collect())).await;
            keep(&store, &permit, fleet.batch(vec![late(0)])).await;
            calm(&store, &calmly);
        }
        let flushed = copy(folder.path());
        let store = open_in(folder.path(), few());
        calm(&store, &few());
        drop(store);
        Self { before, flushed, merged: copy(folder.path()), fleet }
    }

    async fn check(&self, folder: &Path, rounds: i64) {
        for _ in 0..2 {
            let store = open_in(folder, Options { day_files: 1000, ..few() });
            let found = values(&store, &self.fleet.reads(self.fleet.sensor(1, 1))).await;
            let mut expected: Vec<_> = (0..ROWS)
                .flat_map(|at| {
                    let late = (0..rounds).map(move |round| (at * 5_000 + 1 + round, 2.0));
                    [(at * 5_000, 1.0)].into_iter().chain(late)
                })
                .map(|(at, number)| (at, Value::Number(number)))
                .collect();
            expected.sort_by_key(|(at, _)| *at);
            assert_eq!(found, expected);
            let on_disk = tree(&folder.join("series")).len() as u64;
            assert_eq!(on_disk, store.status().files, "what is on no list is gone");
        }
    }
}

fn few() -> Options {
    Options { feed_kept: 1, ..tiny() }
}

fn tree(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(tree(&path)) } else { found.push(path) }
    }
    found
}

fn copy(folder: &Path) -> TempDir {
    let target = TempDir::new().unwrap();
    overlay(folder, target.path(), "");
    target
}

/// Copies what lies below a part of one folder over another.
fn overlay(from: &Path, to: &Path, part: &str) {
    for path in tree(&from.join(part)) {
        let target = to.join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(path, target).unwrap();
    }
}

fn refused(folder: &TempDir, say: &str) {
    let opened = EmbeddedMeasurements::open(folder.path(), few(), HandClock::at_noon());
    let error = opened.err().expect("refused");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains(say), "{cause}");
}

#[tokio::test]
async fn a_crash_at_any_step_leaves_the_same_measurements() {
    let steps = Steps::walk().await;
    steps.check(copy(steps.before.path()).path(), 0).await;
    let segments_still_there = copy(steps.flushed.path());
    steps.check(segments_still_there.path(), 4).await;
    let segments = |folder: &Path| tree(&folder.join("journal")).len();
    assert!(segments(segments_still_there.path()) < segments(steps.flushed.path()));
    steps.check(copy(steps.merged.path()).path(), 4).await;

    let files_without_list = copy(steps.before.path());
    overlay(steps.flushed.path(), files_without_list.path(), "series");
    steps.check(files_without_list.path(), 0).await;

    let half_a_file = copy(steps.before.path());
    overlay(steps.flushed.path(), half_a_file.path(), "series");
    for path in tree(&half_a_file.path().join("series")) {
        fs::rename(&path, path.with_extension("tmp")).unwrap();
    }
    fs::write(half_a_file.path().join("MANIFEST.tmp"), b"{").unwrap();
    steps.check(half_a_file.path(), 0).await;

    let merged_without_list = copy(steps.flushed.path());
    overlay(steps.merged.path(), merged_without_list.path(), "series");
    steps.check(merged_without_list.path(), 4).await;

    let merged_beside_its_sources = copy(steps.merged.path());
    overlay(steps.flushed.path(), merged_beside_its_sources.path(), "series");
    steps.check(merged_beside_its_sources.path(), 4).await;
}

#[tokio::test]
async fn a_lost_or_changed_file_is_reported_and_not_passed_over() {
    let steps = Steps::walk().await;
    let missing = copy(steps.flushed.path());
    fs::remove_file(&tree(&missing.path().join("series"))[0]).unwrap();
    refused(&missing, "is missing or has another size");
    let changed = copy(steps.flushed.path());
    let list = changed.path().join("MANIFEST");
    let text = fs::read_to_string(&list).unwrap();
    fs::write(&list, text.replacen("\"rows\":3", "\"rows\":2", 1)).unwrap();
    refused(&changed, "the list of files is damaged");
    let newer = copy(steps.flushed.path());
    let text = r#"{"crc32c":1,"manifest":{"version":2,"more":[]}}"#;
    fs::write(newer.path().join("MANIFEST"), text).unwrap();
    refused(&newer, "was written by another version");
    let no_journal = copy(steps.flushed.path());
    for path in tree(&no_journal.path().join("journal")) {
        fs::remove_file(path).unwrap();
    }
    refused(&no_journal, "of the journal is missing");
}

#[tokio::test]
async fn without_its_list_a_store_refuses_and_removes_nothing() {
    let steps = Steps::walk().await;
    let lost = copy(steps.merged.path());
    fs::remove_file(lost.path().join("MANIFEST")).unwrap();
    let there = tree(lost.path());
    refused(&lost, "MANIFEST is missing");
    assert_eq!(tree(lost.path()), there);

    let journal_alone = copy(lost.path());
    fs::remove_dir_all(journal_alone.path().join("series")).unwrap();
    refused(&journal_alone, "segment 0000000000000001 of the journal is missing");
}

#[tokio::test]
async fn what_is_not_of_the_store_stays_in_its_folders() {
    let steps = Steps::walk().await;
    let folder = copy(steps.merged.path());
    let elsewhere = copy(steps.merged.path());
    let series = folder.path().join("series");
    let day = tree(&series)[0].parent().unwrap().to_owned();
    fs::write(series.join("notes.txt"), "mine").unwrap();
    fs::write(day.join("copy of 1.parquet"), "mine").unwrap();
    std::os::unix::fs::symlink(elsewhere.path().join("series"), series.join("7")).unwrap();
    fs::write(day.join("999.parquet"), "left over").unwrap();
    let others = tree(elsewhere.path());
    drop(open_in(folder.path(), few()));
    assert_eq!(tree(elsewhere.path()), others);
    assert!(series.join("notes.txt").exists() && day.join("copy of 1.parquet").exists());
    assert!(!day.join("999.parquet").exists(), "what is of the store and on no list goes");
}
