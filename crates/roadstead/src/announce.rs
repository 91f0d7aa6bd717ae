//! What a start tells the operator: every port and why, whom to trust, and how to begin.
//!
//! It goes to standard output and not into the log: a claim link is a secret. Where standard
//! output is systemd's journal, which keeps what it gets and shows it to others, no link is told.

use std::fmt::Write;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Stat, fstat};

/// A door that is open.
#[derive(Debug, Clone)]
pub(crate) struct Open {
    /// What it speaks.
    pub(crate) name: &'static str,
    /// What for.
    pub(crate) why: &'static str,
    /// Where.
    pub(crate) at: Vec<SocketAddr>,
}

/// Our own certificate authority, as people need it.
#[derive(Debug, Clone)]
pub(crate) struct Trust {
    /// Where its certificate lies.
    pub(crate) path: PathBuf,
    /// Its fingerprint.
    pub(crate) fingerprint: String,
}

/// What a start tells of the claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Claim {
    /// Nothing: it was claimed, or the demo claims it.
    Silent,
    /// The link.
    Link(String),
    /// How to get a link, since others could read it here.
    Command,
}

/// Everything that a start tells.
#[derive(Debug, Clone)]
pub(crate) struct Announcement {
    /// Where people reach the server.
    pub(crate) url: String,
    /// The data folder.
    pub(crate) data: PathBuf,
    /// The doors that are open.
    pub(crate) doors: Vec<Open>,
    /// Whom clients must trust; `None` with a certificate of the operator's own.
    pub(crate) trust: Option<Trust>,
    /// How to claim the server, as long as nobody has.
    pub(crate) claim: Claim,
}

/// Writes the announcement.
pub(crate) fn text(announcement: &Announcement) -> String {
    let mut text = format!("Roadstead {}: {}\n\n", env!("CARGO_PKG_VERSION"), announcement.url);
    for door in announcement.doors.iter().filter(|door| !door.at.is_empty()) {
        let at: Vec<_> = door.at.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "  {:<6} {:<32} {}", door.name, at.join(" "), door.why);
    }
    let _ = writeln!(text, "\n  Data        {}", announcement.data.display());
    if let Some(trust) = &announcement.trust {
        let _ = writeln!(text, "  Authority   {}", trust.path.display());
        let _ = writeln!(text, "  SHA-256     {}", trust.fingerprint);
    }
    match &announcement.claim {
        Claim::Silent => {}
        Claim::Link(link) => {
            text.push_str("\nNobody has claimed this server yet. Open this link; it works once, for 24 hours:\n\n");
            let _ = writeln!(text, "  {link}");
        }
        Claim::Command => {
            text.push_str("\nNobody has claimed this server yet. The journal gets no link; this prints one:\n\n");
            let _ = writeln!(text, "  {}", command("tenant invite", &announcement.data));
        }
    }
    text.push_str("\nReady. Ctrl-C stops it.\n");
    text
}

/// A command on a server's data folder, as it is typed.
pub(crate) fn command(name: &str, data: &Path) -> String {
    format!("roadstead {name} --data {}", data.display())
}

/// Prints for whoever started the server. A pipe that nobody reads any more is no reason to stop.
pub(crate) fn say(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Whether what is printed goes into systemd's journal.
pub(crate) fn goes_to_journal() -> bool {
    let Some(stream) = std::env::var_os("JOURNAL_STREAM") else { return false };
    let (output, errors) = (std::io::stdout(), std::io::stderr());
    let (Ok(output), Ok(errors)) = (fstat(output.as_fd()), fstat(errors.as_fd())) else {
        return true;
    };
    is_journal(&stream.to_string_lossy(), &output, &errors)
}

/// `JOURNAL_STREAM` names standard error by device and inode when both go there, by streams of their own or by
/// one. Programs that a service starts inherit it; their output may go elsewhere.
fn is_journal(stream: &str, output: &Stat, errors: &Stat) -> bool {
    let named = |stat: &Stat| stream == format!("{}:{}", stat.st_dev, stat.st_ino);
    let is_socket = FileType::from_raw_mode(output.st_mode) == FileType::Socket;
    is_socket && (named(output) || named(errors))
}

/// The address of a page with a secret. It stands behind `#`, where no request and no log ever carries it.
pub(crate) fn link(url: &str, page: &str, secret: &str) -> String {
    format!("{}/{page}#{secret}", url.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unclaimed() -> Announcement {
        let at = vec!["[::]:8443".parse().unwrap(), "0.0.0.0:8443".parse().unwrap()];
        Announcement {
            url: "https://localhost:8443".into(),
            data: "data".into(),
            doors: vec![
                Open { name: "HTTPS", why: "pages and REST API", at },
                Open { name: "MQTT", why: "devices", at: Vec::new() },
            ],
            trust: Some(Trust { path: "data/tls/ca.pem".into(), fingerprint: "AB:CD".into() }),
            claim: Claim::Link(link("https://localhost:8443/", "claim", "rsc_x")),
        }
    }

    #[test]
    fn every_open_port_is_told_with_its_reason_and_a_shut_door_is_not() {
        let text = text(&unclaimed());
        assert!(
            text.contains("[::]:8443 0.0.0.0:8443") && text.contains("pages and REST API"),
            "{text}"
        );
        assert!(!text.contains("MQTT"), "{text}");
    }

    #[test]
    fn one_claim_link_is_told_with_its_secret_behind_the_hash() {
        let text = text(&unclaimed());
        assert_eq!(text.matches("rsc_x").count(), 1);
        assert!(text.contains("  https://localhost:8443/claim#rsc_x\n"), "{text}");
    }

    #[test]
    fn a_claimed_server_tells_no_link() {
        let text = text(&Announcement { claim: Claim::Silent, ..unclaimed() });
        assert!(
            !text.contains('#') && text.contains("AB:CD") && text.contains("data/tls/ca.pem"),
            "{text}"
        );
    }

    #[test]
    fn the_journal_gets_no_link_but_the_command_for_one() {
        let text = text(&Announcement { claim: Claim::Command, ..unclaimed() });
        assert!(!text.contains("rsc_") && !text.contains('#'), "{text}");
        assert!(text.contains("  roadstead tenant invite --data data\n"), "{text}");
    }

    #[test]
    fn only_the_stream_that_systemd_named_is_the_journal() {
        let (journal, other) = std::os::unix::net::UnixStream::pair().unwrap();
        let file = fstat(tempfile::tempfile().unwrap()).unwrap();
        let (journal, other) = (fstat(journal).unwrap(), fstat(other).unwrap());
        let stream = format!("{}:{}", journal.st_dev, journal.st_ino);
        assert!(is_journal(&stream, &journal, &journal));
        assert!(is_journal(&stream, &other, &journal), "a stream of its own");
        assert!(!is_journal(&stream, &file, &journal) && !is_journal(&stream, &other, &other));
    }
}
