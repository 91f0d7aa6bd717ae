//! What a start tells the operator: every port and why, whom to trust, and how to begin.
//!
//! It goes to standard output and not into the log: a claim link is a secret.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

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
    /// The claim link, as long as nobody has claimed the server.
    pub(crate) claim: Option<String>,
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
    if let Some(claim) = &announcement.claim {
        text.push_str("\nNobody has claimed this server yet. Open this link; it works once, for 24 hours:\n\n");
        let _ = writeln!(text, "  {claim}");
    }
    text.push_str("\nReady. Ctrl-C stops it.\n");
    text
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
            claim: Some(link("https://localhost:8443/", "claim", "rsc_x")),
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
        let text = text(&Announcement { claim: None, ..unclaimed() });
        assert!(
            !text.contains('#') && text.contains("AB:CD") && text.contains("data/tls/ca.pem"),
            "{text}"
        );
    }
}
