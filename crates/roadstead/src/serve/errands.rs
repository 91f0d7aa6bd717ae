//! What goes on beside the doors, as long as the server runs.

use std::sync::Arc;
use std::time::Duration;

use roadstead_services::Tenants;
use tokio::task::JoinSet;

use crate::supervisor;
use crate::tls::Served;

/// How often it is written down when credentials were last used, and what has expired is dropped.
///
/// What ends by itself ends within this time, also for connections that are open.
const SETTLE: Duration = Duration::from_secs(1);

/// Begins all errands; they end when the set is dropped.
pub(super) fn begin(tenants: &Arc<Tenants>, served: &Arc<Served>) -> JoinSet<()> {
    let mut errands = JoinSet::new();
    errands.spawn(supervisor::keep_alive());
    errands.spawn(settle(Arc::clone(tenants)));
    let served = Arc::clone(served);
    errands.spawn(async move {
        if let Err(error) = served.keep_current().await {
            tracing::error!(%error, "certificates are no longer watched");
        }
    });
    errands
}

async fn settle(tenants: Arc<Tenants>) {
    let mut ticks = tokio::time::interval(SETTLE);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = tenants.settle().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "cannot settle credentials");
        }
    }
}
