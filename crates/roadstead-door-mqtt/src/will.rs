//! What a client wants said when it is lost: checked when it is left, and again when it is said.

use std::sync::Arc;
use std::time::Duration;

use roadstead_guard::Caller;
use roadstead_services::sessions::SessionKey;

use crate::Inner;
use crate::codec::Reason;
use crate::codec::connect::WillPacket;
use crate::publish::{Said, Target, Wrong, take_whole};
use crate::seats::Fate;

/// A client's will. What it says goes the way of every message.
#[derive(Debug)]
pub(crate) struct Will {
    topic: String,
    payload: Vec<u8>,
    content_type: Option<String>,
    retain: bool,
    delay: Duration,
}

impl Will {
    /// Takes a will, if the client may send it now.
    pub(crate) fn take(
        door: &Inner,
        caller: &Caller,
        packet: &WillPacket<'_>,
    ) -> Result<Self, Wrong> {
        if packet.topic.len() > door.limits.topic_bytes {
            return Err(Wrong::new(Reason::TOPIC_NAME_INVALID, "the will's topic is too long"));
        }
        Target::find(&door.tools, caller, packet.topic)?;
        Ok(Self {
            topic: packet.topic.to_owned(),
            payload: packet.payload.to_vec(),
            content_type: packet.content_type.map(str::to_owned),
            retain: packet.retain,
            delay: Duration::from_secs(u64::from(packet.delay)),
        })
    }

    /// Has the will said: at once, or after its delay if the session lives on that long.
    pub(crate) fn leave(self, door: &Arc<Inner>, caller: Caller, key: SessionKey, kept: Duration) {
        let delay = self.delay.min(kept);
        let door = Arc::clone(door);
        // Counted at once: whoever comes back right after this must find it.
        let waiting = (!delay.is_zero()).then(|| door.seats.delay_will(key.clone()));
        tokio::spawn(async move {
            if let Some((serial, fate)) = waiting {
                let fate = tokio::time::timeout(delay, fate).await;
                door.seats.will_sent(&key, serial);
                if matches!(fate, Ok(Ok(Fate::Forgotten))) {
                    return;
                }
            }
            self.say(&door, &caller).await;
        });
    }

    async fn say(&self, door: &Inner, caller: &Caller) {
        let said = Said {
            payload: &self.payload,
            content_type: self.content_type.as_deref(),
            retain: self.retain,
            once: None,
        };
        if let Err(wrong) = take_whole(&door.tools, caller, &self.topic, &said).await {
            door.counters.refused(1);
            tracing::info!(principal = %caller.principal(), why = %wrong.why, "a will was not taken");
        }
    }
}
