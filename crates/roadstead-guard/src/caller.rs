//! A principal as it stands before us now: which credential, and from where.

use std::net::IpAddr;
use std::sync::Arc;

use roadstead_model::{CredentialId, Principal, TenantId};

use crate::CredentialKind;

/// The way somebody came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Door {
    /// REST, pages and live feeds.
    Https,
    /// MQTT over TLS.
    Mqtt,
    /// MQTT over a secure WebSocket.
    MqttWebSocket,
    /// The operator's socket in the data folder.
    Operator,
}

impl Door {
    /// The door's name as audit entries have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Mqtt => "mqtt",
            Self::MqttWebSocket => "mqtt-websocket",
            Self::Operator => "operator",
        }
    }
}

/// Where a request comes from. Recorded, and never a reason to trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The peer's address; `None` for the operator's socket.
    pub address: Option<IpAddr>,
    /// The door it came through.
    pub door: Door,
}

/// Proof that somebody showed a live credential. Only the guard makes one.
///
/// ```compile_fail
/// let caller = roadstead_guard::Caller { inner: todo!() }; // private
/// ```
#[derive(Debug, Clone)]
pub struct Caller {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    principal: Principal,
    credential: CredentialId,
    kind: CredentialKind,
    origin: Origin,
}

impl Caller {
    pub(crate) fn new(
        principal: Principal,
        credential: CredentialId,
        kind: CredentialKind,
        origin: Origin,
    ) -> Self {
        Self { inner: Arc::new(Inner { principal, credential, kind, origin }) }
    }

    /// Who it is.
    pub fn principal(&self) -> Principal {
        self.inner.principal
    }

    /// The tenant that the principal belongs to.
    pub fn tenant(&self) -> TenantId {
        self.inner.principal.tenant()
    }

    /// What proved it.
    pub fn credential(&self) -> CredentialId {
        self.inner.credential
    }

    /// How it was proved.
    pub fn credential_kind(&self) -> CredentialKind {
        self.inner.kind
    }

    /// Where it comes from.
    pub fn origin(&self) -> Origin {
        self.inner.origin
    }
}

/// Proof that the operating system let somebody open the operator's socket.
///
/// It opens the server's own affairs (status, claim links) and no tenant's data.
#[derive(Debug, Clone, Copy)]
pub struct Operator {
    uid: u32,
}

impl Operator {
    pub(crate) const fn new(uid: u32) -> Self {
        Self { uid }
    }

    /// The operating system's user who asks.
    pub const fn uid(self) -> u32 {
        self.uid
    }
}
