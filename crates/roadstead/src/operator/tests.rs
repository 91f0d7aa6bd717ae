//! The socket's address and mode.

use std::os::unix::fs::PermissionsExt;

use super::*;

#[tokio::test]
async fn the_socket_is_its_owners_alone_and_replaces_one_left_behind() {
    let home = tempfile::tempdir().unwrap();
    drop(bind(home.path()).unwrap());
    let _second = bind(home.path()).unwrap();
    let mode = home.path().join(NAME).metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_long_path_is_no_obstacle() {
    let home = tempfile::tempdir().unwrap();
    let deep = home.path().join("a-rather-long-name-of-a-folder/".repeat(5));
    std::fs::create_dir_all(&deep).unwrap();
    let _listener = bind(&deep).unwrap();
    let address = address(&deep).unwrap();
    assert!(tokio::net::UnixStream::connect(&address.path).await.is_ok());
}

#[tokio::test]
async fn without_a_server_the_command_says_so() {
    let home = tempfile::tempdir().unwrap();
    let asked = asks::question(home.path(), reqwest::Method::GET, "status", None).await;
    assert!(asked.unwrap_err().to_string().contains("no server runs"));
}
