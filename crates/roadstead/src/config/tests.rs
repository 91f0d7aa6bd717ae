//! What is refused, with which words; what overrules what; and that the manual says the same.

use std::path::Path;

use super::*;

struct Desk {
    home: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap() }
    }

    fn sources(&self, text: &str) -> Sources {
        let path = self.home.path().join("roadstead.toml");
        std::fs::write(&path, text).unwrap();
        Sources { file: Some(path), ..Sources::default() }
    }
}

fn refusal(text: &str) -> String {
    let desk = Desk::new();
    let settings = read(&desk.sources(text));
    let refused = settings.and_then(|settings| Config::of(&settings)).unwrap_err().to_string();
    refused.replace(&format!("{}/", desk.home.path().display()), "")
}

fn environment(name: &str, value: &str) -> Sources {
    Sources { environment: vec![(name.to_owned(), value.into())], ..Sources::default() }
}

#[test]
fn nothing_has_to_be_configured() {
    let config = Config::of(&read(&Sources::default()).unwrap()).unwrap();
    assert_eq!(config.https, HttpsDoor::default());
    assert_eq!(check(&config), []);
}

#[test]
fn a_misspelt_key_is_refused_with_file_line_and_the_nearest_right_one() {
    let refused = refusal("data = \"d\"\n\n[door.https]\nlissen = []\n");
    assert_eq!(
        refused,
        "roadstead.toml:4: there is no key `door.https.lissen`; did you mean `door.https.listen`?"
    );
}

#[test]
fn a_key_in_the_wrong_table_is_sent_to_the_right_one() {
    assert!(refusal("[tls]\nmax_packet = 1\n").contains("did you mean `door.mqtt.max_packet`?"));
}

#[test]
fn paths_and_foreign_variables_need_not_be_text() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    let odd = || OsString::from_vec(b"d\xff".to_vec());
    let all = [("OTHER".into(), odd()), (odd(), "x".into()), ("ROADSTEAD_LOG_LEVEL".into(), odd())];
    let environment = read::ours(all.into_iter());
    assert_eq!(environment, [("ROADSTEAD_LOG_LEVEL".to_owned(), odd())]);
    let refused = read(&Sources { environment, ..Sources::default() }).unwrap_err().to_string();
    assert!(refused.contains("`log.level`") && refused.contains("not UTF-8"), "{refused}");

    let settings = read(&Sources { data: Some(odd().into()), ..Sources::default() }).unwrap();
    assert_eq!(Config::of(&settings).unwrap().general.data.into_os_string(), odd());
}

#[test]
fn an_unknown_table_is_refused() {
    assert!(
        refusal("[dor.https]\nlisten = []\n").starts_with("roadstead.toml:1: there is no key `dor")
    );
}

#[test]
fn a_value_of_the_wrong_kind_names_its_key_and_line() {
    let refused = refusal("[door.mqtt]\nmax_packet = \"big\"\n");
    assert!(refused.starts_with("roadstead.toml:2: `door.mqtt.max_packet`: "), "{refused}");
    assert!(refusal("[door.https]\nmin_tls = \"1.1\"\n").contains("roadstead.toml:2"));
}

#[test]
fn broken_toml_is_refused_with_its_line() {
    assert!(refusal("data = \"d\"\n[door\n").starts_with("roadstead.toml:2: "));
}

#[test]
fn a_placeholder_is_no_secret() {
    for text in ["changeme", "<secret>", "", "Password", "CHANGEME123"] {
        let refused = refusal(&format!("[tls]\nkey = \"{text}\"\n"));
        assert!(refused.contains("placeholder"), "{text}: {refused}");
    }
    assert!(
        read::holds_a_secret("mail.smtp_password") && !read::holds_a_secret("door.https.listen")
    );
    assert!(!read::is_placeholder("tls/server.key"));
}

#[test]
fn arguments_overrule_the_environment_which_overrules_the_file() {
    let desk = Desk::new();
    let mut sources = desk.sources("data = \"file\"\n[log]\nlevel = \"warn\"\n");
    sources.environment.push(("ROADSTEAD_DATA".into(), "environment".into()));
    sources.environment.push(("ROADSTEAD_LOG_FORMAT".into(), "json".into()));
    sources.data = Some("argument".into());
    let settings = read(&sources).unwrap();
    let config = Config::of(&settings).unwrap();
    assert_eq!(config.general.data, Path::new("argument"));
    assert_eq!((config.log.level, config.log.format), (LogLevel::Warn, LogFormat::Json));
    assert_eq!(
        settings.origin("log.format").to_string(),
        "environment variable ROADSTEAD_LOG_FORMAT"
    );
    assert!(settings.origin("log.level").to_string().ends_with("roadstead.toml:3"));
}

#[test]
fn a_list_in_the_environment_has_commas() {
    let sources = environment("ROADSTEAD_DOOR_MQTT_LISTEN", "127.0.0.1:0, [::1]:0");
    let config = Config::of(&read(&sources).unwrap()).unwrap();
    assert_eq!(config.mqtt.listen, ["127.0.0.1:0".parse().unwrap(), "[::1]:0".parse().unwrap()]);
}

#[test]
fn a_misspelt_variable_is_refused_and_a_foreign_one_is_not() {
    let refused = read(&environment("ROADSTEAD_DOOR_MQTT_LISTN", "x")).unwrap_err().to_string();
    assert!(refused.contains("ROADSTEAD_DOOR_MQTT_LISTEN`?"), "{refused}");
    assert!(read(&environment("ROADSTEAD_CACHE", "x")).is_ok());
}

#[test]
fn what_is_shown_can_be_used_again_and_says_where_values_come_from() {
    let desk = Desk::new();
    let settings = read(&desk.sources("[door.mqtt]\nlisten = [\"127.0.0.1:1884\"]\n")).unwrap();
    let shown = show(&settings);
    assert!(shown.contains("roadstead.toml:2\nlisten = [\"127.0.0.1:1884\"]"), "{shown}");
    assert!(shown.contains("# From: default"), "{shown}");
    let again = read(&Desk::new().sources(&shown)).err();
    assert!(again.is_none(), "{again:?}");
}

#[test]
fn every_key_and_section_has_an_entry() {
    for section in sections() {
        assert!(!section.about.is_empty());
        assert!(section.keys.iter().all(|key| !key.about.is_empty()));
    }
}

#[test]
fn ports_must_differ() {
    let config = Config {
        https: HttpsDoor { listen: vec!["0.0.0.0:8883".parse().unwrap()], ..HttpsDoor::default() },
        ..Config::default()
    };
    let found = check(&config);
    assert_eq!(found.len(), 1);
    assert!(found[0].say.contains("already taken"), "{found:?}");
}

#[test]
fn certificate_and_key_go_together_and_must_be_there() {
    let half = Tls { certificate: Some("absent.pem".into()), ..Tls::default() };
    let found = check(&Config { tls: half, ..Config::default() });
    assert_eq!(found[0].key, "tls.key");
    let absent = Tls {
        certificate: Some("absent.pem".into()),
        key: Some("absent.key".into()),
        ..Tls::default()
    };
    assert_eq!(check(&Config { tls: absent, ..Config::default() }).len(), 2);
}

#[test]
fn a_public_url_is_https_and_has_no_path() {
    let found = |url: &str| {
        let general = General { public_url: Some(url.to_owned()), ..General::default() };
        check(&Config { general, ..Config::default() }).len()
    };
    assert_eq!((found("https://iot.example.org"), found("https://iot.example.org:8443/")), (0, 0));
    assert_eq!((found("http://iot.example.org"), found("https://iot.example.org/x")), (1, 1));
}

/// With `ROADSTEAD_WRITE_MANUAL=1` the chapter is written anew.
#[test]
fn the_manual_has_every_key() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/manual/07-configuration.md");
    let chapter = std::fs::read_to_string(&path).unwrap();
    let introduction = chapter.split(manual::MARK).next().unwrap();
    let wanted = format!("{introduction}{}", manual::reference());
    if std::env::var_os("ROADSTEAD_WRITE_MANUAL").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    assert!(
        chapter == wanted || std::fs::read_to_string(&path).unwrap() == wanted,
        "run this test with ROADSTEAD_WRITE_MANUAL=1"
    );
}
