//! What MQTT sessions need of the platform: their own memory, and what a new subscriber hears first.
//!
//! A session belongs to the principal that opened it: every verb takes the caller, so that
//! a client id can never reach another identity's session.

use std::sync::Arc;

use roadstead_guard::{Caller, Denied, Guard, Permit, Read, Write};
use roadstead_model::{DeviceId, Measurement, Resource, SensorId, Timestamp};
use roadstead_store::{Catalog, Measurements, Sessions};

use crate::intake::IntakeError;

pub use roadstead_store::{
    Appended, Batch, Durable, InFlight, Once, SensorPlace, SessionKey, SessionState, Stage,
    Subscription, Ticket,
};

/// How long a session may be kept when its store says nothing: for ever.
const FOR_EVER: u32 = u32::MAX;

/// Keeps MQTT sessions.
pub struct MqttSessions {
    guard: Arc<Guard>,
    catalog: Arc<dyn Catalog>,
    measurements: Arc<dyn Measurements>,
    store: Arc<dyn Sessions>,
}

impl MqttSessions {
    /// Makes the service of its parts.
    pub fn new(
        guard: Arc<Guard>,
        catalog: Arc<dyn Catalog>,
        measurements: Arc<dyn Measurements>,
        store: Arc<dyn Sessions>,
    ) -> Self {
        Self { guard, catalog, measurements, store }
    }

    /// Names the caller's session with this client id.
    pub fn key(caller: &Caller, client: &str) -> SessionKey {
        SessionKey { principal: caller.principal(), client: client.into() }
    }

    /// The caller's session as it was kept.
    pub fn load(&self, caller: &Caller, client: &str) -> Option<SessionState> {
        self.store.load(&Self::key(caller, client))
    }

    /// Keeps the caller's session in place of the one before.
    pub fn save(
        &self,
        caller: &Caller,
        client: &str,
        state: SessionState,
    ) -> Result<Ticket, IntakeError> {
        Ok(self.store.save(&Self::key(caller, client), state)?)
    }

    /// Frees a QoS 2 packet id of the caller's session.
    pub fn release(
        &self,
        caller: &Caller,
        client: &str,
        packet: u16,
    ) -> Result<Ticket, IntakeError> {
        Ok(self.store.release(&Self::key(caller, client), packet)?)
    }

    /// Forgets the caller's session.
    pub fn remove(&self, caller: &Caller, client: &str) -> Result<Ticket, IntakeError> {
        Ok(self.store.remove(&Self::key(caller, client))?)
    }

    /// The keys of all kept sessions: what a door counts when it opens.
    pub fn kept(&self) -> Vec<SessionKey> {
        self.store.keys()
    }

    /// Names the sessions that were left for longer than they wanted to be kept.
    ///
    /// A session whose end the server did not see, since it was killed, counts as left at `opened`.
    /// One that is connected may look the same: ask [`Self::forget_if_expired`] while it cannot be.
    pub fn expired(&self, now: Timestamp, opened: Timestamp) -> Vec<SessionKey> {
        let mut keys = self.store.keys();
        keys.retain(|key| self.has_expired(key, now, opened));
        keys
    }

    /// Forgets a session if it has expired; says whether it is gone. Nobody may be connected to it.
    pub fn forget_if_expired(&self, key: &SessionKey, now: Timestamp, opened: Timestamp) -> bool {
        match self.store.load(key) {
            None => true,
            Some(_) => self.has_expired(key, now, opened) && self.store.remove(key).is_ok(),
        }
    }

    fn has_expired(&self, key: &SessionKey, now: Timestamp, opened: Timestamp) -> bool {
        let Some(state) = self.store.load(key) else { return false };
        let away = now.since(state.left.unwrap_or(opened));
        state.expiry_s != FOR_EVER && away.as_secs() >= u64::from(state.expiry_s)
    }

    /// Finds the device of the caller's tenant with this name or id. It says nothing else of it:
    /// ask for a permit next.
    pub fn device_called(&self, caller: &Caller, text: &str) -> Option<DeviceId> {
        let by_id = text.parse::<DeviceId>().ok().filter(|id| id.tenant() == caller.tenant());
        by_id.or_else(|| self.catalog.directory().device_named(caller.tenant(), text))
    }

    /// The name of the permitted device, as far as its writer may see it.
    pub fn device_name(&self, permit: &Permit<Write, DeviceId>) -> Option<String> {
        let seen = self.guard.permit::<Read, _>(permit.caller(), permit.resource()).ok()?;
        self.catalog.directory().device(&seen).map(|device| device.name.as_str().to_owned())
    }

    /// The sensors that the caller sees, of one device or of all, with where they are.
    pub fn sensors(
        &self,
        caller: &Caller,
        device: Option<DeviceId>,
    ) -> Result<Vec<Arc<SensorPlace>>, Denied> {
        let scope = self.guard.scope::<Read>(caller)?;
        let below = device.map_or(Resource::Tenant(scope.tenant()), Resource::Device);
        Ok(self.catalog.directory().sensors(&scope, below))
    }

    /// Whether the caller may read the sensor at this moment.
    pub fn may_read(&self, caller: &Caller, sensor: SensorId) -> bool {
        self.guard.permit::<Read, _>(caller, sensor).is_ok()
    }

    /// What the caller, as a new subscriber, is told of a sensor first.
    pub fn retained(
        &self,
        caller: &Caller,
        sensor: SensorId,
    ) -> Option<(Arc<SensorPlace>, Measurement)> {
        let permit = self.guard.permit::<Read, _>(caller, sensor).ok()?;
        let measurement = self.measurements.retained(&permit)?;
        Some((self.catalog.directory().sensor(&permit)?, measurement))
    }

    /// Forgets what a new subscriber is told of a sensor of the permitted device first.
    pub fn forget_retained(
        &self,
        permit: &Permit<Write, DeviceId>,
        sensor: SensorId,
    ) -> Result<Ticket, IntakeError> {
        Ok(self.measurements.forget_retained(permit, sensor)?)
    }
}
