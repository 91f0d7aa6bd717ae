//! What systemd is told: ready, alive, stopping. Without systemd nothing happens.

use sd_notify::NotifyState;

/// Says that the doors are open.
pub(crate) fn ready() {
    tell(&NotifyState::Ready);
}

/// Says that the server is on its way out.
pub(crate) fn stopping() {
    tell(&NotifyState::Stopping);
}

/// Says that the server is alive, twice as often as systemd wants to hear it.
pub(crate) async fn keep_alive() {
    let Some(patience) = sd_notify::watchdog_enabled() else {
        return std::future::pending().await;
    };
    let mut ticks = tokio::time::interval(patience / 2);
    loop {
        ticks.tick().await;
        tell(&NotifyState::Watchdog);
    }
}

fn tell(state: &NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(std::slice::from_ref(state)) {
        tracing::warn!(%error, "cannot tell systemd");
    }
}
