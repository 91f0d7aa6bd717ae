//! A claimed tenant with people and devices, reached through the real doors.

use std::time::Duration;

use anyhow::Context;
use reqwest::{Certificate, Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::Server;

/// The owner's password in tests.
pub const PASSWORD: &str = "a horse that rides at anchor";

/// A running server with one tenant and its owner's token.
pub struct Site {
    /// The server.
    pub server: Server,
    /// Speaks HTTPS and trusts the server's own authority.
    pub client: Client,
    /// The owner's token.
    pub owner: String,
}

/// A device with its token.
#[derive(Debug, Clone)]
pub struct TestDevice {
    /// The text form of its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its token.
    pub token: String,
}

impl Site {
    /// Starts a server and claims it.
    pub async fn start() -> anyhow::Result<Self> {
        let server = tokio::task::spawn_blocking(Server::start).await??;
        let client = client(&server)?;
        let link = server.claim.clone().context("a fresh server prints a claim link")?;
        let owner = claim(&client, &server, &link, "acme").await?;
        Ok(Self { server, client, owner })
    }

    /// Claims a further tenant, with a link that the operator's command makes; returns its owner's token.
    pub async fn further_tenant(&self, name: &str) -> anyhow::Result<String> {
        let data = self.server.data();
        let data = data.to_str().context("a printable path")?;
        let output = self.server.command(&["tenant", "invite", "--data", data])?;
        let text = String::from_utf8(output.stdout)?;
        let link = text.split_whitespace().find(|word| word.contains("/claim#"));
        let link = link.with_context(|| format!("a claim link in `{text}`"))?;
        claim(&self.client, &self.server, link, name).await
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.server.https)
    }

    /// Begins a request with a token.
    pub fn request(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        self.client.request(method, self.url(path)).bearer_auth(token)
    }

    /// Gets JSON as the owner.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.get_as(&self.owner, path).await
    }

    /// Gets JSON with a token; an error status is an error.
    pub async fn get_as(&self, token: &str, path: &str) -> anyhow::Result<Value> {
        let answer = self.request(Method::GET, path, token).send().await?;
        read(answer, path).await
    }

    /// Posts JSON with a token; an error status is an error.
    pub async fn post_as(&self, token: &str, path: &str, body: Value) -> anyhow::Result<Value> {
        let answer = self.request(Method::POST, path, token).json(&body).send().await?;
        read(answer, path).await
    }

    /// Posts JSON as the owner.
    pub async fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        self.post_as(&self.owner, path, body).await
    }

    /// Makes a device with a token, as the owner.
    pub async fn device(&self, name: &str) -> anyhow::Result<TestDevice> {
        self.device_of(&self.owner, name).await
    }

    /// Makes a device with a token, as the holder of another token.
    pub async fn device_of(&self, owner: &str, name: &str) -> anyhow::Result<TestDevice> {
        let device = self.post_as(owner, "/api/v1/devices", json!({ "name": name })).await?;
        let id = device["id"].as_str().context("an id")?.to_owned();
        let path = format!("/api/v1/devices/{id}/credentials");
        let made = self.post_as(owner, &path, json!({ "label": "test" })).await?;
        let token = made["token"].as_str().context("a token")?.to_owned();
        Ok(TestDevice { id, name: name.to_owned(), token })
    }

    /// The status of a request without a body.
    pub async fn status(&self, method: Method, path: &str, token: &str) -> anyhow::Result<u16> {
        Ok(self.request(method, path, token).send().await?.status().as_u16())
    }
}

/// A client that trusts the server's own authority and nothing else.
pub fn client(server: &Server) -> anyhow::Result<Client> {
    let pem = std::fs::read(server.ca())?;
    let client = Client::builder()
        .tls_certs_only([Certificate::from_pem(&pem)?])
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(30))
        .pool_max_idle_per_host(0) // a kept connection would not survive the server's restart
        .build()?;
    Ok(client)
}

async fn claim(client: &Client, server: &Server, link: &str, name: &str) -> anyhow::Result<String> {
    let secret = link.split_once('#').context("a secret behind the hash")?.1;
    let body = json!({
        "secret": secret, "tenant": name, "email": format!("owner@{name}.example"), "password": PASSWORD,
    });
    let url = format!("https://localhost:{}/api/v1/claim", server.https);
    let answer = read(client.post(url).json(&body).send().await?, "claim").await?;
    Ok(answer["token"].as_str().context("a token")?.to_owned())
}

async fn read(answer: Response, what: &str) -> anyhow::Result<Value> {
    let status = answer.status();
    let text = answer.text().await?;
    anyhow::ensure!(status.is_success(), "{what}: {status}: {text}");
    if text.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_str(&text)?) }
}
