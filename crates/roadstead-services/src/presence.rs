//! Which devices are here: connected now, or heard of lately.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use roadstead_guard::{Caller, Permit, Read};
use roadstead_model::{DeviceId, Principal, Timestamp};

/// How long a device without a connection counts as here after its last word.
///
/// Devices that send by HTTPS keep no connection; most of them speak every minute or every few.
const SILENCE: Duration = Duration::from_mins(5);

/// Whether a device is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceState {
    /// Connected, or heard of within the last five minutes.
    Online,
    /// Heard of before that.
    Away,
    /// Never heard of.
    Never,
}

impl DeviceState {
    /// The state's name in the API and on pages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Away => "away",
            Self::Never => "never",
        }
    }
}

type Connected = Arc<Mutex<HashMap<DeviceId, usize>>>;

/// Which devices are here.
#[derive(Default)]
pub struct Presence {
    connected: Connected,
}

/// Held by a door as long as a device's connection lasts.
pub struct Here {
    device: DeviceId,
    connected: Connected,
}

impl Presence {
    /// Notes that a device has connected; `None` when the caller is no device.
    pub fn here(&self, caller: &Caller) -> Option<Here> {
        let Principal::Device(device) = caller.principal() else { return None };
        *self
            .connected
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(device)
            .or_default() += 1;
        Some(Here { device, connected: Arc::clone(&self.connected) })
    }

    /// The state of the permitted device, given when it was last heard of.
    pub fn state(
        &self,
        permit: &Permit<Read, DeviceId>,
        last_word: Option<Timestamp>,
        now: Timestamp,
    ) -> DeviceState {
        let connected = self.connected.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = |last: Timestamp| now.since(last) < SILENCE;
        if connected.contains_key(&permit.resource()) || last_word.is_some_and(recent) {
            return DeviceState::Online;
        }
        last_word.map_or(DeviceState::Never, |_| DeviceState::Away)
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        let mut connected = self.connected.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = connected.get_mut(&self.device) {
            *count -= 1;
            if *count == 0 {
                connected.remove(&self.device);
            }
        }
    }
}
