//! The demo's client of the REST API: JSON and batches over TLS, trusting the server's own authority only.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use serde_json::Value;

/// The name that the server's certificate has for every client on the same machine.
pub(super) const HOST: &str = "localhost";
const PATIENCE: Duration = Duration::from_mins(1);
/// How long to wait when the server is busy, and how often.
const PAUSE: Duration = Duration::from_secs(2);
const ATTEMPTS: usize = 15;

/// A client with one credential, or none yet.
#[derive(Clone)]
pub(super) struct Api {
    client: Client,
    base: String,
    token: Option<String>,
}

impl Api {
    /// Makes a client for the server at this address, whose authority's certificate is `ca` in PEM.
    pub(super) fn new(address: SocketAddr, ca: &[u8]) -> anyhow::Result<Self> {
        let client = Client::builder()
            .tls_certs_only([reqwest::Certificate::from_pem(ca)?])
            .resolve(HOST, address)
            .no_proxy()
            .timeout(PATIENCE)
            .build()?;
        Ok(Self { client, base: format!("https://{HOST}:{}/api/v1", address.port()), token: None })
    }

    /// The same client with a credential.
    #[must_use]
    pub(super) fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// Every item of a list.
    pub(super) async fn list(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        let mut items = Vec::new();
        let mut url = self.url(path)?;
        loop {
            let mut page: Value =
                self.send(self.request(Method::GET, url.clone())).await?.json().await?;
            if let Value::Array(more) = page["items"].take() {
                items.extend(more);
            }
            match page["next"].take() {
                Value::String(next) => {
                    url.query_pairs_mut().clear().append_pair("cursor", &next);
                }
                _ => return Ok(items),
            }
        }
    }

    /// Makes something.
    pub(super) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let response = self.send(self.request(Method::POST, self.url(path)?).json(body)).await?;
        if response.status() == StatusCode::NO_CONTENT {
            return Ok(Value::Null);
        }
        Ok(response.json().await?)
    }

    /// Changes something.
    pub(super) async fn patch(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        Ok(self.send(self.request(Method::PATCH, self.url(path)?).json(body)).await?.json().await?)
    }

    /// Brings measurements in as CSV; a second time with the same key changes nothing.
    pub(super) async fn measurements(
        &self,
        device: &str,
        key: &str,
        csv: String,
    ) -> anyhow::Result<Value> {
        let request =
            self.request(Method::POST, self.url(&format!("/devices/{device}/measurements"))?);
        let request = request.header("Content-Type", "text/csv").header("Idempotency-Key", key);
        Ok(self.send(request.body(csv)).await?.json().await?)
    }

    fn url(&self, path: &str) -> anyhow::Result<Url> {
        Ok(Url::parse(&format!("{}{path}", self.base))?)
    }

    fn request(&self, method: Method, url: Url) -> RequestBuilder {
        let request = self.client.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends; again while the server says that it is busy.
    async fn send(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        for _ in 0..ATTEMPTS {
            let response = request.try_clone().context("a body can be sent again")?.send().await?;
            match response.status() {
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                    tokio::time::sleep(PAUSE).await;
                }
                status if status.is_success() => return Ok(response),
                status => return Err(refusal(status, response).await),
            }
        }
        bail!("the server stayed busy for {} seconds", PAUSE.as_secs() * ATTEMPTS as u64)
    }
}

async fn refusal(status: StatusCode, response: Response) -> anyhow::Error {
    let path = response.url().path().to_owned();
    let problem: Value = response.json().await.unwrap_or_default();
    let said = problem["detail"].as_str().or(problem["title"].as_str()).unwrap_or("nothing more");
    Refused { status, said: format!("{path} was answered with {status}: {said}") }.into()
}

/// The server said no.
#[derive(Debug, thiserror::Error)]
#[error("{said}")]
struct Refused {
    status: StatusCode,
    said: String,
}

/// Whether the server took the token for none.
pub(super) fn is_unauthorized(error: &anyhow::Error) -> bool {
    let refused = error.downcast_ref::<Refused>();
    refused.is_some_and(|refused| refused.status == StatusCode::UNAUTHORIZED)
}
