//! A session as it was left: its subscriptions, its cursor, and what was on its way.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use roadstead_guard::{Caller, Read};
use roadstead_model::Principal;
use roadstead_services::sessions::{MqttSessions, SessionState};

use crate::Inner;
use crate::codec::Reason;
use crate::deliver::{Deliverer, Listener};
use crate::flights::Flights;
use crate::routes::Heard;
use crate::seats::{Fate, Place};
use crate::session::{Session, Wishes};
use crate::topic::Filter;
use crate::will::Will;

impl Session {
    /// Takes up the session that was left, or begins anew; says whether there was one.
    pub(crate) fn begin(
        door: &Arc<Inner>,
        (caller, mut place): (Caller, Place),
        (client, will): (Box<str>, Option<Will>),
        wishes: Wishes,
    ) -> Result<(Self, bool), Reason> {
        let key = MqttSessions::key(&caller, &client);
        let stored = door.tools.sessions.load(&caller, &client);
        place.kept = stored.is_some();
        let left = stored.filter(|state| !wishes.clean && is_alive(door, state));
        let fate = if left.is_some() { Fate::Forgotten } else { Fate::Due };
        door.seats.settle_will(&key, fate);
        let present = left.is_some();
        if !present {
            door.tools.sessions.remove(&caller, &client).map_err(|_| Reason::SERVER_BUSY)?;
            place.kept = false;
        }
        let left = left.unwrap_or_default();
        let received: HashSet<u16, _> = left.received.iter().copied().collect();
        let deliverer = deliverer(door, &caller, &wishes, left)?;
        let mut session =
            Self::new(door, (caller, client, key, place), (will, wishes), (deliverer, received));
        session.keep_from_the_start(present)?;
        // From here on changes of rights are noticed: what changed before is looked at now.
        drop(door.tools.guard.scope::<Read>(session.caller()).map_err(|_| Reason::NOT_AUTHORIZED)?);
        Ok((session, present))
    }
}

/// Whether a session as it was kept has not expired since.
fn is_alive(door: &Inner, state: &SessionState) -> bool {
    let since = state.left.unwrap_or(door.opened);
    let away = door.tools.clock.now().since(since);
    let in_time =
        state.expiry_s == u32::MAX || away < Duration::from_secs(u64::from(state.expiry_s));
    in_time && state.expiry_s > 0
}

fn deliverer(
    door: &Arc<Inner>,
    caller: &Caller,
    wishes: &Wishes,
    left: SessionState,
) -> Result<Deliverer, Reason> {
    let listener = Listener {
        caller: caller.clone(),
        version: wishes.version,
        device: match caller.principal() {
            Principal::Device(device) => Some(device),
            Principal::Person(_) => None,
        },
        largest: wishes.largest,
        aliases: wishes.aliases.min(door.limits.topic_aliases),
        kept: wishes.expiry > 0,
        send_bytes: door.limits.send_bytes,
    };
    let window = wishes.receive_maximum.min(door.limits.send_maximum);
    let mut deliverer = Deliverer::new(listener, Flights::new(window, left.in_flight));
    let ended = |_| Reason::NOT_AUTHORIZED;
    for stored in left.subscriptions {
        // What limits forbid by now is no longer listened to.
        let Ok(filter) = Filter::parse(&stored.filter, &door.limits) else { continue };
        let membership = match filter.group() {
            Some(_) => {
                let stood = Some(left.cursor);
                Some(door.join(caller, &stored.filter, stood).map_err(ended)?)
            }
            None => None,
        };
        deliverer.subscriptions.push(Heard { stored, filter, membership });
    }
    if !deliverer.subscriptions.is_empty() {
        deliverer.follow(&door.tools.live, Some(left.cursor)).map_err(ended)?;
        deliverer.go_on(left.cursor, usize::try_from(left.told).unwrap_or(0));
    }
    Ok(deliverer)
}
