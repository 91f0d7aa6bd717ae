//! What an MQTT session must not forget: as durable as what it acknowledges.

use roadstead_model::{Position, Principal, SensorId, Timestamp};

use crate::{StoreError, Ticket};

/// Names a session: a client id belongs to the principal that uses it, and to nobody else.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SessionKey {
    /// Whose.
    pub principal: Principal,
    /// The client id.
    pub client: Box<str>,
}

/// One subscription of a session, as MQTT 5 states it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Subscription {
    /// The filter as the client wrote it, `$share/…` included.
    pub filter: String,
    /// The highest QoS to deliver with.
    pub qos: u8,
    /// MQTT 5: not back to the publisher.
    pub no_local: bool,
    /// MQTT 5: keep the retain flag.
    pub retain_as_published: bool,
    /// MQTT 5: 0 send retained, 1 only if new, 2 never.
    pub retain_handling: u8,
    /// MQTT 5: the subscription identifier, if any.
    pub identifier: Option<u32>,
}

/// How far the delivery of one message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Stage {
    /// PUBLISH sent, PUBACK or PUBREC awaited.
    Sent,
    /// PUBREC came, PUBREL sent, PUBCOMP awaited.
    Released,
}

/// A message on its way to the client.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct InFlight {
    /// Its packet id.
    pub packet: u16,
    /// 1 or 2.
    pub qos: u8,
    /// How far it has come.
    pub stage: Stage,
    /// The topic it was sent under.
    pub topic: String,
    /// The payload.
    pub payload: Vec<u8>,
    /// Whether the retain flag was set.
    pub retain: bool,
    /// Subscription identifiers that it was sent with.
    pub identifiers: Vec<u32>,
    /// Whose measurement it is: the right to it is looked at before it is sent again.
    #[serde(default)]
    pub sensor: Option<SensorId>,
}

/// A session as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SessionState {
    /// How long it outlives its connection, in seconds; `u32::MAX` is for ever.
    pub expiry_s: u32,
    /// When its connection ended; `None` while connected.
    pub left: Option<Timestamp>,
    /// What it listens to.
    pub subscriptions: Vec<Subscription>,
    /// Everything before this position was delivered or is in flight.
    pub cursor: Position,
    /// Under how many of its names the measurement at the cursor was delivered or is in flight.
    #[serde(default)]
    pub told: u32,
    /// Messages on their way to the client.
    pub in_flight: Vec<InFlight>,
    /// QoS 2 packet ids that were received and not yet released.
    pub received: Vec<u16>,
}

/// Sessions that outlive their connections.
pub trait Sessions: Send + Sync {
    /// The session with this key.
    fn load(&self, key: &SessionKey) -> Option<SessionState>;

    /// Every session there is.
    fn keys(&self) -> Vec<SessionKey>;

    /// Keeps a session's state, in place of the one before. Durable when the ticket is.
    ///
    /// `received` is kept by the store: ids come by `Once::Packet` and go by [`Self::release`].
    fn save(&self, key: &SessionKey, state: SessionState) -> Result<Ticket, StoreError>;

    /// Frees a QoS 2 packet id. Durable when the ticket is.
    fn release(&self, key: &SessionKey, packet: u16) -> Result<Ticket, StoreError>;

    /// Forgets a session. Durable when the ticket is.
    fn remove(&self, key: &SessionKey) -> Result<Ticket, StoreError>;
}
