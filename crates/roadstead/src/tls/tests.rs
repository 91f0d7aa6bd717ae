//! What is shown, when it is renewed, and what is refused.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use roadstead_model::{Clock, Timestamp};

use super::*;
use crate::config::{Tls, TlsVersion};
use crate::folder::Folder;
use crate::system::SystemRandom;

const DAY: Duration = Duration::from_hours(24);

struct MovedByHand(Mutex<Timestamp>);

impl Clock for MovedByHand {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

struct Site {
    home: tempfile::TempDir,
    clock: Arc<MovedByHand>,
}

impl Site {
    fn new() -> Self {
        let start = "2026-11-21T12:00:00Z".parse().unwrap();
        Self { home: tempfile::tempdir().unwrap(), clock: Arc::new(MovedByHand(Mutex::new(start))) }
    }

    fn open(&self, tls: &Tls) -> Arc<Served> {
        let folder = Folder::open(&self.home.path().join("data")).unwrap();
        Served::open(&folder, tls, "gate.plant", (self.clock.clone(), &SystemRandom)).unwrap()
    }

    fn wait(&self, by: Duration) {
        let mut now = self.clock.0.lock().unwrap();
        *now = now.after(by);
    }
}

fn named(names: &[&str]) -> Tls {
    Tls { names: names.iter().map(|name| (*name).to_owned()).collect(), ..Tls::default() }
}

fn serial(served: &Served) -> Vec<u8> {
    std::fs::read(served.certificate()).unwrap()
}

#[test]
fn the_certificate_names_this_machine_loopback_and_what_is_configured() {
    let served = Site::new().open(&named(&["iot.example.org", "192.0.2.7"]));
    let names: Vec<_> = served.about().names.into_iter().collect();
    let wanted = [
        "127.0.0.1",
        "192.0.2.7",
        "::1",
        "gate.local",
        "gate.plant",
        "iot.example.org",
        "localhost",
    ];
    assert_eq!(names, wanted);
}

#[test]
fn a_second_start_shows_the_same_certificate() {
    let site = Site::new();
    let first = serial(&site.open(&named(&[])));
    assert_eq!(serial(&site.open(&named(&[]))), first);
}

#[test]
fn it_is_renewed_with_less_than_thirty_days_left_and_not_before() {
    let site = Site::new();
    let first = serial(&site.open(&named(&[])));
    site.wait(DAY * 365);
    assert_eq!(serial(&site.open(&named(&[]))), first);
    site.wait(DAY * 3);
    let served = site.open(&named(&[]));
    assert_ne!(serial(&served), first);
    assert!(served.about().ends > site.clock.now().after(DAY * 390));
}

#[test]
fn other_names_need_another_certificate() {
    let site = Site::new();
    let first = serial(&site.open(&named(&[])));
    assert_ne!(serial(&site.open(&named(&["other.example.org"]))), first);
}

#[test]
fn a_running_server_renews_and_shows_the_new_one() {
    let site = Site::new();
    let served = site.open(&named(&[]));
    let first = served.about();
    site.wait(DAY * 380);
    served.renew();
    served.reload();
    assert!(served.about().ends > first.ends);
}

#[test]
fn a_bad_new_file_keeps_the_certificate_before() {
    let site = Site::new();
    let served = site.open(&named(&[]));
    let before = served.about();
    std::fs::write(served.certificate(), "garbage").unwrap();
    served.reload();
    assert_eq!(served.about(), before);
}

#[test]
fn the_fingerprint_is_sha_256_in_colon_hex() {
    let served = Site::new().open(&named(&[]));
    let print = served.authority().unwrap().fingerprint();
    assert_eq!(print.len(), 32 * 3 - 1);
    assert!(print.split(':').all(|pair| u8::from_str_radix(pair, 16).is_ok()), "{print}");
}

#[test]
fn keys_of_authority_and_server_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let site = Site::new();
    let served = site.open(&named(&[]));
    let mode = |name: &str| {
        let path = served.certificate().with_file_name(name);
        path.metadata().unwrap().permissions().mode() & 0o777
    };
    assert_eq!((mode("ca.key"), mode("server.key"), mode("ca.pem")), (0o600, 0o600, 0o644));
}

#[test]
fn names_are_those_of_the_certificate_that_is_shown_now() {
    let site = Site::new();
    let served = site.open(&named(&["old.example.org"]));
    assert!(served.is_for("OLD.example.org") && !served.is_for("a.example.net"));
    site.open(&named(&["*.example.net"]));
    served.reload();
    assert!(served.is_for("a.example.net") && !served.is_for("old.example.org"));
    assert!(!served.is_for("a.b.example.net") && !served.is_for("example.net"));
}

#[test]
fn a_first_start_that_was_cut_short_begins_again() {
    let site = Site::new();
    let file = |served: &Served, name: &str| served.certificate().with_file_name(name);
    let served = site.open(&named(&[]));
    let (ca, shown) = (file(&served, "ca.pem"), file(&served, "server.pem"));
    std::fs::remove_file(&ca).unwrap();
    let again = || {
        let folder = Folder::open(&site.home.path().join("data")).unwrap();
        Served::open(&folder, &named(&[]), "gate.plant", (site.clock.clone(), &SystemRandom))
    };
    let refused = again().unwrap_err().to_string();
    assert!(refused.contains("from your backup"), "shown once, never replaced: {refused}");
    std::fs::remove_file(&shown).unwrap();
    assert!(again().is_ok() && ca.exists());
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;
    let site = Site::new();
    let served = site.open(&named(&[]));
    let key = served.certificate().with_file_name("server.key");
    let set = |mode| set_permissions(&key, Permissions::from_mode(mode)).unwrap();
    set(0o640);
    assert!(read_pair(served.certificate(), &key).is_ok(), "the operator's own may be a group's");
    let folder = Folder::open(&site.home.path().join("data")).unwrap();
    let ours =
        Served::open(&folder, &named(&[]), "gate.plant", (site.clock.clone(), &SystemRandom));
    assert!(ours.unwrap_err().to_string().contains("chmod 600"));
    set(0o644);
    let refused = read_pair(served.certificate(), &key).unwrap_err().to_string();
    assert!(refused.contains("chmod 640"), "{refused}");
}

#[test]
fn a_pair_that_does_not_match_is_refused() {
    let (one, other) = (Site::new(), Site::new());
    let (shown, foreign) = (one.open(&named(&[])), other.open(&named(&[])));
    let key = foreign.certificate().with_file_name("server.key");
    let refused = read_pair(shown.certificate(), &key).unwrap_err().to_string();
    assert!(refused.contains("is not the key of"), "{refused}");
}

#[test]
fn a_listener_takes_the_chosen_versions_without_early_data() {
    let served = Site::new().open(&named(&[]));
    let strict = server_config(TlsVersion::V13, Protocols::Mqtt, served.clone()).unwrap();
    assert_eq!(strict.alpn_protocols, [b"mqtt".to_vec()]);
    assert_eq!(strict.max_early_data_size, 0);
    assert!(strict.ticketer.enabled());
    let older = server_config(TlsVersion::V12, Protocols::Http, served).unwrap();
    assert_eq!(older.alpn_protocols, [b"h2".to_vec(), b"http/1.1".to_vec()]);
}
