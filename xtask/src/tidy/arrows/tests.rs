//! A planted arrow is found; an allowed one is not.

use super::*;

fn lines(files: &[(&str, &str)]) -> Vec<(String, usize)> {
    check(&Tree::planted(files)).into_iter().map(|finding| (finding.path, finding.line)).collect()
}

#[test]
fn a_door_that_uses_a_store_is_found() {
    let manifest =
        "[dependencies]\nroadstead-model.workspace = true\nroadstead-store.workspace = true\n";
    let path = "crates/roadstead-door-mqtt/Cargo.toml";
    assert_eq!(lines(&[(path, manifest)]), [(path.to_owned(), 3)]);
}

#[test]
fn an_allowed_arrow_and_a_dependency_of_tests_are_not_found() {
    let manifest =
        "[dependencies]\nroadstead-store = {}\n[dev-dependencies]\nroadstead-store-embedded = {}\n";
    assert_eq!(lines(&[("crates/roadstead-services/Cargo.toml", manifest)]), []);
}

#[test]
fn an_arrow_hidden_behind_another_name_or_a_target_is_found() {
    let renamed = "[dependencies]\nbackend = { package = \"roadstead-store-embedded\" }\n";
    let target = "[target.'cfg(unix)'.dependencies]\nroadstead-store = {}\n";
    for manifest in [renamed, target] {
        assert_eq!(lines(&[("crates/roadstead-prove/Cargo.toml", manifest)]).len(), 1);
    }
}

#[test]
fn a_room_without_a_row_is_found() {
    assert_eq!(lines(&[("crates/roadstead-utils/Cargo.toml", "[dependencies]\n")]).len(), 1);
}

#[test]
fn only_the_assembly_names_a_backend() {
    let text = "//! x\nuse roadstead_store_embedded::Embedded;\n";
    let elsewhere = "crates/roadstead/src/serve.rs";
    assert_eq!(lines(&[(ASSEMBLY, text)]), []);
    assert_eq!(lines(&[(elsewhere, text)]), [(elsewhere.to_owned(), 2)]);
}

#[test]
fn a_backend_its_tests_and_words_in_comments_are_left_alone() {
    let code = "use roadstead_store_embedded::Embedded;\n";
    let tests =
        "//! x\nfn real() {}\n#[cfg(test)]\nmod tests { use roadstead_store_embedded::X; }\n";
    let comment = "//! Not `roadstead_store_embedded`, which is a backend.\n";
    assert_eq!(lines(&[("crates/roadstead-store-embedded/src/main.rs", code)]), []);
    assert_eq!(lines(&[("crates/roadstead-services/tests/contract.rs", code)]), []);
    assert_eq!(lines(&[("crates/roadstead-services/src/a/tests.rs", code)]), []);
    assert_eq!(lines(&[("crates/roadstead-services/src/a.rs", tests)]), []);
    assert_eq!(lines(&[("crates/roadstead-services/src/a.rs", comment)]), []);
}

#[test]
fn a_door_that_names_a_store_is_found() {
    let path = "crates/roadstead-door-http/src/a.rs";
    assert_eq!(lines(&[(path, "//! x\nuse roadstead_store::Readings;\n")]), [(path.to_owned(), 2)]);
}
