//! Whether a configuration can work: looked at, nothing started.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use super::Config;

/// One thing that keeps the server from starting with this configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The key to change.
    pub(crate) key: &'static str,
    /// What is wrong and what to change.
    pub(crate) say: String,
}

/// Looks at everything that a type cannot say: files that must exist, ports that must differ.
pub(crate) fn check(config: &Config) -> Vec<Finding> {
    let mut found = listeners(config);
    found.extend(certificate(config));
    found.extend(public_url(config));
    if let Some(user) = &config.general.run_as
        && crate::user::find(user).is_err()
    {
        found.push(Finding { key: "run_as", say: format!("there is no user `{user}` here") });
    }
    found
}

fn listeners(config: &Config) -> Vec<Finding> {
    let doors: [(&'static str, &[SocketAddr]); 3] = [
        ("door.https.listen", &config.https.listen),
        ("door.mqtt.listen", &config.mqtt.listen),
        ("door.http.listen", &config.http.listen),
    ];
    let mut taken: BTreeMap<SocketAddr, &str> = BTreeMap::new();
    let mut found = Vec::new();
    for (key, addresses) in doors {
        for address in addresses.iter().filter(|address| address.port() != 0) {
            if let Some(other) = taken.insert(*address, key) {
                let say = format!("{address} is already taken by `{other}`: choose another port");
                found.push(Finding { key, say });
            }
        }
    }
    if config.https.listen.is_empty() && config.mqtt.listen.is_empty() {
        let say = "both doors are shut: give one of them an address".to_owned();
        found.push(Finding { key: "door.https.listen", say });
    }
    found
}

fn certificate(config: &Config) -> Vec<Finding> {
    let named = [("tls.certificate", &config.tls.certificate), ("tls.key", &config.tls.key)];
    match named {
        [(_, Some(certificate)), (_, Some(key))] => {
            let files = [("tls.certificate", certificate), ("tls.key", key)];
            let missing: Vec<_> =
                files.into_iter().filter_map(|(name, path)| unreadable(name, path)).collect();
            if missing.is_empty() { pair(certificate, key) } else { missing }
        }
        [(_, None), (_, None)] => Vec::new(),
        [(_, Some(_)), (lacking, None)] | [(lacking, None), (_, Some(_))] => {
            let say = "certificate and key go together: name both files, or neither".to_owned();
            vec![Finding { key: lacking, say }]
        }
    }
}

fn unreadable(key: &'static str, path: &Path) -> Option<Finding> {
    let error = std::fs::File::open(path).err()?;
    Some(Finding { key, say: format!("cannot open `{}`: {error}", path.display()) })
}

fn pair(certificate: &Path, key: &Path) -> Vec<Finding> {
    let read = crate::tls::read_pair(certificate, key);
    let wrong =
        read.err().map(|error| Finding { key: "tls.certificate", say: format!("{error:#}") });
    wrong.into_iter().collect()
}

fn public_url(config: &Config) -> Option<Finding> {
    let url = config.general.public_url.as_ref()?;
    let host = url.strip_prefix("https://").map(|rest| rest.trim_end_matches('/'));
    let plain =
        host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']));
    let say = format!("`{url}` is not `https://HOST` or `https://HOST:PORT`");
    (!plain).then_some(Finding { key: "public_url", say })
}
