//! What the server sees of itself, for whoever runs it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::doors::Doors;
use crate::assemble::Site;
use crate::folder::Folder;
use crate::tls::Served;

/// Makes what tells the status, afresh each time.
pub(super) fn teller(
    site: &Site,
    doors: &Doors,
    served: &Arc<Served>,
    folder: &Folder,
) -> Box<dyn Fn() -> Value + Send + Sync> {
    let (measurements, tenants) = (Arc::clone(&site.measurements), Arc::clone(&site.tenants));
    let (clock, started) = (Arc::clone(&site.clock), site.clock.now());
    let (mqtt, served, data) = (doors.mqtt_door(), Arc::clone(served), folder.path().to_owned());
    let open: Vec<_> = doors
        .open_ones()
        .into_iter()
        .map(|door| json!({ "door": door.name, "listen": door.at }))
        .collect();
    Box::new(move || {
        let mqtt = mqtt.as_ref().map(|door| door.status());
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "started": started,
            "uptime_seconds": clock.now().since(started).as_secs(),
            "data": data,
            "claimed": tenants.is_claimed(),
            "doors": open,
            "certificate": {
                "path": served.certificate(),
                "ends": served.about().ends,
                "names": served.about().names,
                "authority": served.authority().map(|authority| authority.path()),
                "authority_sha256": served.authority().map(|authority| authority.fingerprint()),
            },
            "store": measurements.status(),
            "mqtt": mqtt.map(|mqtt| json!({
                "connections": mqtt.connections,
                "sessions": mqtt.sessions,
                "taken": mqtt.taken,
                "refused": mqtt.refused,
                "turned_away": mqtt.turned_away,
                "missed": mqtt.missed,
            })),
        })
    })
}
