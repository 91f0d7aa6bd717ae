//! What the server sees of itself, for whoever runs it.

use std::sync::Arc;

use roadstead_door_mqtt::MqttDoor;
use serde_json::{Value, json};

use super::doors::Doors;
use crate::assemble::Site;
use crate::folder::Folder;
use crate::tls::{Authority, Served};

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
    let open = doors.open_ones().into_iter().map(|door| (door.name.to_lowercase(), json!(door.at)));
    let open = Value::Object(open.collect());
    Box::new(move || {
        let mqtt = mqtt.as_ref().map(MqttDoor::status);
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
                "authority": served.authority().map(Authority::path),
                "authority_sha256": served.authority().map(Authority::fingerprint),
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
