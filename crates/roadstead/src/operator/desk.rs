//! The server's end: asks the operating system who is there, then does one of three things.

use std::convert::Infallible;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use roadstead_guard::{Guard, Operator};
use roadstead_model::{Name, Person};
use roadstead_services::{People, ServiceError, Tenants};
use serde_json::{Value, json};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

use crate::announce::link;

const LARGEST: usize = 4096;
const PATIENCE: Duration = Duration::from_secs(30);

/// What the operator's questions are answered from.
pub(crate) struct Desk {
    pub(crate) guard: Arc<Guard>,
    pub(crate) tenants: Arc<Tenants>,
    pub(crate) people: Arc<People>,
    /// What the server sees of itself.
    pub(crate) status: Box<dyn Fn() -> Value + Send + Sync>,
    /// What links begin with.
    pub(crate) url: String,
}

/// Answers on `operator.sock` in the data folder until told to stop.
pub(crate) async fn serve(
    listener: UnixListener,
    desk: Arc<Desk>,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match accepted {
            Ok((stream, _)) => drop(tokio::spawn(converse(stream, Arc::clone(&desk)))),
            Err(error) => {
                tracing::warn!(%error, "cannot take a connection of the operator's socket");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Binds the socket. One of an earlier server is removed: the folder's lock says that it is gone.
pub(crate) fn bind(data: &Path) -> anyhow::Result<UnixListener> {
    let address = super::address(data)?;
    let _ = std::fs::remove_file(&address.path);
    let listener =
        UnixListener::bind(&address.path).context("cannot open the operator's socket")?;
    std::fs::set_permissions(&address.path, Permissions::from_mode(0o600))?;
    Ok(listener)
}

async fn converse(stream: UnixStream, desk: Arc<Desk>) {
    let Some(uid) = admitted(&stream) else { return };
    let operator = desk.guard.operator(uid);
    let service = service_fn(move |request| {
        let desk = Arc::clone(&desk);
        async move { Ok::<_, Infallible>(desk.answer(operator, request).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    let _ = tokio::time::timeout(PATIENCE, connection).await; // whoever leaves early needs no answer
}

/// The other end's user, if it is the server's own or root.
fn admitted(stream: &UnixStream) -> Option<u32> {
    let uid = stream.peer_cred().ok()?.uid();
    let own = rustix::process::geteuid().as_raw();
    if uid != 0 && uid != own {
        tracing::warn!(uid, "another user tried the operator's socket");
        return None;
    }
    Some(uid)
}

type Answer = Result<Value, (StatusCode, String)>;

impl Desk {
    async fn answer(
        &self,
        operator: Operator,
        request: Request<Incoming>,
    ) -> Response<Full<Bytes>> {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let answer = match (method, path.as_str()) {
            (Method::GET, "/status") => Ok((self.status)()),
            (Method::POST, "/claim-links") => self.claim_link(operator).await,
            (Method::POST, "/sign-in-links") => self.sign_in_link(operator, request).await,
            _ => Err((StatusCode::NOT_FOUND, "there is no such question".to_owned())),
        };
        let (status, body) = match answer {
            Ok(body) => (StatusCode::OK, body),
            Err((status, detail)) => {
                (status, json!({ "status": status.as_u16(), "detail": detail }))
            }
        };
        let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
        *response.status_mut() = status;
        response
    }

    async fn claim_link(&self, operator: Operator) -> Answer {
        let made = self.tenants.invite(operator).await.map_err(|error| failed(&error))?;
        let link = link(&self.url, "claim", made.secret.reveal());
        Ok(json!({ "link": link, "expires": made.expires }))
    }

    async fn sign_in_link(&self, operator: Operator, request: Request<Incoming>) -> Answer {
        let email = asked_email(request).await?;
        let owner = self.owner(operator, email.as_deref())?;
        let made = self.people.sign_in_link(operator, owner.1.id).await;
        let secret = made.map_err(|error| failed(&error))?;
        let link = link(&self.url, "sign-in", secret.reveal());
        Ok(json!({ "link": link, "tenant": owner.0.as_str(), "email": owner.1.email.as_str() }))
    }

    fn owner(
        &self,
        operator: Operator,
        email: Option<&str>,
    ) -> Result<(Name, Person), (StatusCode, String)> {
        let mut owners = self.people.owners(operator);
        owners.retain(|(_, person)| {
            email.is_none_or(|email| person.email.as_str().eq_ignore_ascii_case(email))
        });
        match owners.len() {
            1 => Ok(owners.remove(0)),
            0 => Err((StatusCode::NOT_FOUND, "no owner has this address".to_owned())),
            _ => Err((
                StatusCode::CONFLICT,
                "there are several owners: name one with --email".to_owned(),
            )),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the body is limited right here")]
async fn asked_email(request: Request<Incoming>) -> Result<Option<String>, (StatusCode, String)> {
    let unreadable = |what: String| (StatusCode::BAD_REQUEST, what);
    let body = Limited::new(request.into_body(), LARGEST).collect().await;
    let body = body.map_err(|error| unreadable(error.to_string()))?.to_bytes();
    if body.is_empty() {
        return Ok(None);
    }
    let asked: Value =
        serde_json::from_slice(&body).map_err(|error| unreadable(error.to_string()))?;
    Ok(asked.get("email").and_then(Value::as_str).map(str::to_owned))
}

fn failed(error: &ServiceError) -> (StatusCode, String) {
    tracing::error!(error = error as &dyn std::error::Error, "the operator's request failed");
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}
