//! Requests to the REST API, and refusals in the server's own words.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::{Method, RequestBuilder, Response, Url};
use serde_json::Value;

use super::output;
use super::profile::{Profile, Profiles};
use crate::args::Manner;

const CONNECT: Duration = Duration::from_secs(10);

/// A server, as somebody.
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    token: Option<String>,
}

impl Client {
    /// The server of the chosen profile.
    pub(crate) fn of(manner: &Manner) -> anyhow::Result<Self> {
        let profiles = Profiles::here()?;
        let profile = profiles.get(manner.profile.as_deref())?;
        let ca = profiles.authority(&profile)?;
        let Profile { url, token, .. } = profile;
        Self::new(&url, ca.as_deref(), Some(token))
    }

    /// A server that nobody has proved anything to yet.
    pub(crate) fn stranger(url: &str, ca: Option<&Path>) -> anyhow::Result<Self> {
        let read = |path: &Path| {
            std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))
        };
        Self::new(url, ca.map(read).transpose()?.as_deref(), None)
    }

    fn new(url: &str, ca: Option<&[u8]>, token: Option<String>) -> anyhow::Result<Self> {
        let base = Url::parse(url).with_context(|| format!("`{url}` is not an address"))?;
        if base.scheme() != "https" {
            bail!(
                "`{url}` does not begin with https: a token or password is never sent in the clear"
            );
        }
        let mut builder = reqwest::Client::builder()
            .https_only(true)
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("roadstead/", env!("CARGO_PKG_VERSION")));
        if let Some(pem) = ca {
            let ours = reqwest::Certificate::from_pem_bundle(pem)
                .context("the certificate authority's file holds no certificate")?;
            builder = builder.tls_certs_only(ours);
        }
        Ok(Self { http: builder.build()?, base, token })
    }

    /// Begins a request; each segment of the path may hold any character.
    pub(crate) fn request(&self, method: Method, path: &[&str]) -> anyhow::Result<RequestBuilder> {
        let mut url = self.base.clone();
        url.set_path("");
        url.path_segments_mut()
            .ok()
            .context("the server's address cannot have a path")?
            .extend(["api", "v1"].iter().chain(path));
        let request = self.http.request(method, url);
        Ok(match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
    }

    /// Reads one thing.
    pub(crate) async fn get(&self, path: &[&str]) -> anyhow::Result<Value> {
        json(taken(self.request(Method::GET, path)?).await?).await
    }

    /// Reads a whole list, page by page.
    pub(crate) async fn list(&self, path: &[&str]) -> anyhow::Result<Vec<Value>> {
        let mut items = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let mut request = self.request(Method::GET, path)?;
            if let Some(cursor) = &cursor {
                request = request.query(&[("cursor", cursor)]);
            }
            let mut page = json(taken(request).await?).await?;
            match page["items"].take() {
                Value::Array(found) => items.extend(found),
                _ => bail!("the server's answer is no list"),
            }
            match page["next"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => return Ok(items),
            }
        }
    }

    /// Makes or does something.
    pub(crate) async fn post(&self, path: &[&str], body: &Value) -> anyhow::Result<Value> {
        json(taken(self.request(Method::POST, path)?.json(body)).await?).await
    }

    /// Changes something.
    pub(crate) async fn patch(&self, path: &[&str], body: &Value) -> anyhow::Result<Value> {
        json(taken(self.request(Method::PATCH, path)?.json(body)).await?).await
    }

    /// Removes or ends something.
    pub(crate) async fn delete(&self, path: &[&str]) -> anyhow::Result<()> {
        taken(self.request(Method::DELETE, path)?).await.map(drop)
    }
}

/// Sends a request; a refusal becomes an error in the server's words.
pub(crate) async fn taken(request: RequestBuilder) -> anyhow::Result<Response> {
    let (http, request) = request.build_split();
    let request = request?;
    let with_token = request.headers().contains_key(reqwest::header::AUTHORIZATION);
    let answer = http.execute(request).await.map_err(unreached)?;
    if answer.status().is_success() {
        return Ok(answer);
    }
    let status = answer.status().as_u16();
    let body = answer.text().await.unwrap_or_default();
    let hint =
        if status == 401 && with_token { "\n`roadstead login` makes a new token." } else { "" };
    bail!("{}{hint}", refusal(status, &body))
}

fn unreached(error: reqwest::Error) -> anyhow::Error {
    let mut cause = std::error::Error::source(&error);
    let mut unknown = false;
    while let Some(inner) = cause {
        unknown |= inner.to_string().contains("UnknownIssuer");
        cause = inner.source();
    }
    let say = if unknown {
        "the server's certificate is of an authority that is not trusted here: give the one that the server \
         named at its start, with --ca"
    } else {
        "cannot reach the server"
    };
    anyhow::Error::new(error.without_url()).context(say)
}

/// A problem document (RFC 9457) as a sentence or two.
fn refusal(status: u16, body: &str) -> String {
    let Ok(problem) = serde_json::from_str::<Value>(body) else {
        return format!("the server answered {status}");
    };
    let field = |name: &str| problem.get(name).map(output::text).filter(|text| !text.is_empty());
    let title = field("title").unwrap_or_else(|| format!("the server answered {status}"));
    let mut said = match field("detail") {
        Some(detail) => format!("{title}: {detail}"),
        None => title,
    };
    for error in problem["errors"].as_array().into_iter().flatten() {
        said.push_str("\n  ");
        said.push_str(&output::text(error.get("detail").unwrap_or(error)));
    }
    if let Some(id) = field("request_id") {
        let _ = write!(said, " (request {id})");
    }
    said
}

/// Reads an answer; nothing at all counts as null.
pub(crate) async fn json(answer: Response) -> anyhow::Result<Value> {
    let body = answer.bytes().await.context("the server's answer broke off")?;
    if body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&body).context("the server's answer is not JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_the_servers_words() {
        let body = r#"{"type":"/problems/taken","title":"Name taken","status":409,"detail":"choose another","request_id":"r1"}"#;
        assert_eq!(refusal(409, body), "Name taken: choose another (request r1)");
        assert_eq!(refusal(502, "<html>"), "the server answered 502");
    }

    #[test]
    fn nothing_is_sent_in_the_clear() {
        let refused = Client::stranger("http://localhost:8080", None).err().unwrap().to_string();
        assert!(refused.contains("https"), "{refused}");
    }

    #[test]
    fn a_name_with_a_slash_stays_one_segment() {
        let client = Client::stranger("https://localhost:8443", None).unwrap();
        let request = client.request(Method::GET, &["spaces", "A/B ?"]).unwrap().build().unwrap();
        assert_eq!(request.url().as_str(), "https://localhost:8443/api/v1/spaces/A%2FB%20%3F");
    }
}
