//! Claiming, signing in and out; one's own tokens; the audit log.

use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use reqwest::Url;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::client::Client;
use super::output;
use super::profile::Profiles;
use crate::args::Manner;

/// How long a token of the command line lives.
const DAYS: u32 = 30;

/// What a claim needs.
#[derive(Debug, Args)]
pub(crate) struct Claim {
    /// The link that the server printed; `-` reads it from standard input, where no list of processes shows it.
    link: String,
    /// The server's certificate authority, as PEM.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// What your organisation is called.
    #[arg(long, value_name = "NAME")]
    tenant: String,
    /// Your address.
    #[arg(long, value_name = "ADDRESS")]
    email: String,
    /// A file with your new password, at least 15 characters; asked for when left out.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

/// What signing in needs.
#[derive(Debug, Args)]
pub(crate) struct Login {
    /// The server's address, such as `https://localhost:8443`.
    url: String,
    /// The server's certificate authority, as PEM; left out, the system's are trusted.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Your address.
    #[arg(long, value_name = "ADDRESS")]
    email: String,
    /// Your organisation, if your address belongs to several on this server.
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// A file with your password; asked for when left out.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

/// What can be done with one's own tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token for a program of yours; it is shown once.
    Add {
        /// What you call it.
        label: String,
        /// How many days it lives.
        #[arg(long, default_value_t = DAYS)]
        days: u32,
        /// What it is limited to, such as `read` or `write`; may be repeated.
        #[arg(long = "only", value_name = "CAPABILITY")]
        only: Vec<String>,
    },
    /// List your tokens and sessions.
    List,
    /// End one.
    Revoke {
        /// Its id, as `token list` shows it.
        id: String,
    },
}

/// How much of the audit log.
#[derive(Debug, Args)]
pub(crate) struct AuditLog {
    /// How many entries, the newest first.
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

/// The server that a claim link leads to, and the secret behind its `#`.
fn parts_of(link: &str) -> anyhow::Result<(String, Zeroizing<String>)> {
    let url = Url::parse(link.trim()).context("this is not a claim link")?;
    let secret = url.fragment().filter(|secret| !secret.is_empty());
    let secret = secret
        .context("the link lacks what stands behind `#`: put it in quotes, as it was printed")?;
    let base = url.origin().ascii_serialization();
    Ok((base, Zeroizing::new(secret.to_owned())))
}

/// The link as it was typed, or the first line of the input in place of `-`.
fn given(link: String, mut input: impl BufRead) -> std::io::Result<Zeroizing<String>> {
    let mut link = Zeroizing::new(link);
    if *link == "-" {
        link.clear();
        input.read_line(&mut link)?;
    }
    Ok(link)
}

/// `roadstead claim`
pub(crate) async fn claim(claim: Claim, manner: &Manner) -> anyhow::Result<()> {
    let (url, secret) = parts_of(&given(claim.link, std::io::stdin().lock())?)?;
    let client = Client::stranger(&url, claim.ca.as_deref())?;
    let password = password(claim.password_file.as_deref(), true)?;
    let body = json!({
        "secret": *secret, "tenant": claim.tenant, "email": claim.email, "password": *password,
    });
    let made = client.post(&["claim"], &body).await?;
    keep(&made, &url, claim.ca.as_deref(), manner)
}

/// `roadstead login`
pub(crate) async fn login(login: Login, manner: &Manner) -> anyhow::Result<()> {
    let client = Client::stranger(&login.url, login.ca.as_deref())?;
    let password = password(login.password_file.as_deref(), false)?;
    let host = hostname::get().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let label: String = format!("command line on {host}").chars().take(64).collect();
    let body = json!({
        "email": login.email, "tenant": login.tenant, "password": *password, "label": label, "days": DAYS,
    });
    let made = client.post(&["login"], &body).await?;
    keep(&made, login.url.trim_end_matches('/'), login.ca.as_deref(), manner)
}

fn keep(made: &Value, url: &str, ca: Option<&Path>, manner: &Manner) -> anyhow::Result<()> {
    let token = made["token"].as_str().context("the server gave no token")?;
    Profiles::here()?.keep(manner.profile.as_deref(), (url, token), ca)?;
    let shown = json!({
        "profile": manner.profile.as_deref().unwrap_or("default"),
        "server": url,
        "tenant": made["tenant"],
        "person": made["person"],
        "expires": made["expires"],
    });
    output::object(&shown, manner.json);
    Ok(())
}

/// Reads a password from a file, without its last line break, or asks for it.
fn password(file: Option<&Path>, is_new: bool) -> anyhow::Result<Zeroizing<String>> {
    if let Some(path) = file {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read `{}`", path.display()))?;
        let text = Zeroizing::new(text);
        return Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()));
    }
    if !std::io::stdin().is_terminal() {
        bail!("give the password with --password-file");
    }
    let first = Zeroizing::new(rpassword::prompt_password("Password: ")?);
    if is_new && *first != *Zeroizing::new(rpassword::prompt_password("Once more: ")?) {
        bail!("the two passwords differ");
    }
    Ok(first)
}

/// `roadstead logout`
pub(crate) async fn logout(manner: &Manner) -> anyhow::Result<()> {
    let ended = Client::of(manner)?.post(&["logout"], &json!({})).await;
    Profiles::here()?.forget(manner.profile.as_deref())?;
    ended.context("the profile is forgotten, but the token could not be ended").map(drop)
}

/// `roadstead whoami`
pub(crate) async fn whoami(manner: &Manner) -> anyhow::Result<()> {
    output::object(&Client::of(manner)?.get(&["me"]).await?, manner.json);
    Ok(())
}

/// `roadstead token …`
pub(crate) async fn token(command: TokenCommand, manner: &Manner) -> anyhow::Result<()> {
    let client = Client::of(manner)?;
    match command {
        TokenCommand::Add { label, days, only } => {
            let only = if only.is_empty() { Value::Null } else { json!(only) };
            let body = json!({ "label": label, "days": days, "capabilities": only });
            output::object(&client.post(&["tokens"], &body).await?, manner.json);
        }
        TokenCommand::List => {
            output::list(&client.list(&["tokens"]).await?, CREDENTIALS, manner.json);
        }
        TokenCommand::Revoke { id } => client.delete(&["tokens", &id]).await?,
    }
    Ok(())
}

/// How credentials are listed, of people and of devices.
pub(super) const CREDENTIALS: &[output::Column] = &[
    ("id", "/id"),
    ("label", "/label"),
    ("kind", "/kind"),
    ("created", "/created"),
    ("expires", "/expires"),
    ("last used", "/last_used"),
];

/// `roadstead audit`
pub(crate) async fn audit(which: AuditLog, manner: &Manner) -> anyhow::Result<()> {
    const COLUMNS: &[output::Column] = &[
        ("time", "/time"),
        ("who", "/principal"),
        ("what", "/action"),
        ("on", "/resource"),
        ("outcome", "/outcome"),
        ("door", "/door"),
        ("from", "/address"),
    ];
    let client = Client::of(manner)?;
    let limit = which.limit.to_string();
    let request = client.request(reqwest::Method::GET, &["audit"])?.query(&[("limit", &limit)]);
    let page = super::client::json(super::client::taken(request).await?).await?;
    let items = page["items"].as_array().cloned().unwrap_or_default();
    output::list(&items, COLUMNS, manner.json);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_link_gives_the_server_and_the_secret() {
        let (url, secret) = parts_of("https://localhost:8443/claim#rsc_abc-_1\n").unwrap();
        assert_eq!((url.as_str(), secret.as_str()), ("https://localhost:8443", "rsc_abc-_1"));
    }

    #[test]
    fn a_dash_stands_for_the_link_on_standard_input() {
        let input = || &b"https://a/claim#rsc_x\nmore\n"[..];
        assert_eq!(*given("-".into(), input()).unwrap(), "https://a/claim#rsc_x\n");
        assert_eq!(
            *given("https://b/claim#rsc_y".into(), input()).unwrap(),
            "https://b/claim#rsc_y"
        );
    }

    #[test]
    fn a_link_that_the_shell_cut_at_the_hash_is_explained() {
        let refused = parts_of("https://localhost:8443/claim").unwrap_err().to_string();
        assert!(refused.contains("quotes"), "{refused}");
    }

    #[test]
    fn a_password_file_loses_its_line_break_and_nothing_else() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), " correct horse \n").unwrap();
        assert_eq!(*password(Some(file.path()), true).unwrap(), " correct horse ");
    }
}
