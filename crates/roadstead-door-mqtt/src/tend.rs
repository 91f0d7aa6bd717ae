//! What goes on in the background as long as the door stands: rights are watched, old sessions go.

use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::Inner;

/// How long a session may go on after its credential ended, at most.
const LOOK: Duration = Duration::from_millis(500);
/// How many looks pass between two searches for sessions that nobody came back to.
const LOOKS_PER_SEARCH: u32 = 120;

/// Begins. It ends when the door is gone.
pub(crate) fn begin(inner: &Arc<Inner>) {
    let door = Arc::downgrade(inner);
    tokio::spawn(async move {
        let mut looks = 0;
        while look(&door, looks) {
            looks = (looks + 1) % LOOKS_PER_SEARCH;
            tokio::time::sleep(LOOK).await;
        }
    });
}

fn look(door: &Weak<Inner>, looks: u32) -> bool {
    let Some(door) = door.upgrade() else { return false };
    let epoch = door.tools.guard.epoch();
    door.rights.send_if_modified(|known| std::mem::replace(known, epoch) != epoch);
    if looks + 1 == LOOKS_PER_SEARCH {
        forget_expired(&door);
    }
    true
}

fn forget_expired(door: &Inner) {
    let (now, sessions) = (door.tools.clock.now(), &door.tools.sessions);
    for key in sessions.expired(now, door.opened) {
        if let Some(mut held) = door.seats.hold(&key) {
            held.kept = !sessions.forget_if_expired(&key, now, door.opened);
        }
    }
}
