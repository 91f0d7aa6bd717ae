//! The command's end: three questions over the socket in the data folder.

use std::path::Path;

use anyhow::{Context, bail};
use reqwest::Method;
use serde_json::{Value, json};

use crate::announce::say;
use crate::args::{Manner, Place, SignInLink};
use crate::cli::output;
use crate::config::{Config, Sources, read};

/// `roadstead status`
pub(crate) async fn status(place: Place, manner: &Manner) -> anyhow::Result<()> {
    let status = ask(&place, Method::GET, "status", None).await?;
    output::object(&status, manner.json);
    Ok(())
}

/// `roadstead tenant invite`
pub(crate) async fn invite(place: Place, manner: &Manner) -> anyhow::Result<()> {
    let made = ask(&place, Method::POST, "claim-links", None).await?;
    print_link(&made, manner);
    Ok(())
}

/// `roadstead sign-in-link`
pub(crate) async fn sign_in_link(whom: SignInLink, manner: &Manner) -> anyhow::Result<()> {
    let body = json!({ "email": whom.email });
    let made = ask(&whom.place, Method::POST, "sign-in-links", Some(&body)).await?;
    print_link(&made, manner);
    Ok(())
}

fn print_link(made: &Value, manner: &Manner) {
    match made["link"].as_str() {
        Some(link) if !manner.json => say(link),
        Some(_) | None => say(&made.to_string()),
    }
}

async fn ask(
    place: &Place,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> anyhow::Result<Value> {
    let settings = read(&Sources::here(place.config.clone(), place.data.clone()))?;
    let data = Config::of(&settings)?.general.data;
    question(&data, method, path, body).await
}

/// Asks the server that runs on a data folder.
pub(crate) async fn question(
    data: &Path,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> anyhow::Result<Value> {
    let no_server =
        || format!("no server runs on `{}` (its user and root can ask it)", data.display());
    let address = super::address(data).with_context(no_server)?;
    let client = reqwest::Client::builder().unix_socket(address.path.as_path()).build()?;
    let mut request = client.request(method, format!("http://operator/{path}"));
    if let Some(body) = body {
        request = request.json(body);
    }
    let answer = request.send().await.with_context(no_server)?;
    let well = answer.status().is_success();
    let answer: Value = answer.json().await.context("cannot read the server's answer")?;
    if well {
        return Ok(answer);
    }
    bail!("{}", answer["detail"].as_str().unwrap_or("the server refused"))
}
