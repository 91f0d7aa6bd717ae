//! Every topic there is, as a checked-in table that is compared with the scheme itself.

use roadstead_model::{Resource, Sensor, SensorId, SensorShape, TenantId};

use super::*;

const CHECKED_IN: &str = include_str!("../../../../../docs/topics.md");

/// A sensor `{sensor}` of a device `{device}` in a place `{place}`.
fn sample() -> SensorPlace {
    let tenant = TenantId::numbered(1).unwrap();
    let device = DeviceId::new(tenant, 1).unwrap();
    let id = SensorId::new(tenant, 1).unwrap();
    let name = |text: &str| text.parse().unwrap();
    let shape = SensorShape { name: name("sensor"), unit: String::new(), quantity: String::new() };
    SensorPlace {
        sensor: Sensor { id, device, shape },
        device: name("device"),
        places: vec![name("place"), name("place below")],
        lineage: vec![Resource::Sensor(id), Resource::Device(device), Resource::Tenant(tenant)],
    }
}

/// What a reader's name says of the kind. A new kind does not compile until it is told here.
const fn told(kind: NameKind) -> (&'static str, &'static str) {
    match kind {
        NameKind::ByDevice => ("whoever may read the sensor", "wherever the device is"),
        NameKind::ById => ("whoever may read the sensor", "only for filters that say the id"),
        NameKind::ByPlace => {
            ("whoever may read the sensor", "only for filters that begin with `spaces`")
        }
        NameKind::Own => ("the device itself", "only for filters that begin with `me`"),
    }
}

fn as_markdown() -> String {
    let place = sample();
    let id = place.sensor.device.to_string();
    let mut rows = vec![String::from(
        "# Every topic\n\nGenerated from the topic scheme; a test compares the two. All of it is inside the \
         tenant of the credential.\n\n| verb | topic | who | what |\n|---|---|---|---|\n",
    )];
    for (topic, who) in [
        ("me/measurements", "the device itself"),
        ("me/measurements/{sensor}", "the device itself"),
        ("devices/{device}/measurements", "whoever may write to the device"),
        ("devices/{device}/measurements/{sensor}", "whoever may write to the device"),
    ] {
        let read =
            Destination::parse(topic).expect("a topic of the table is one that is written to");
        let what = read.sensor.map_or("the payload names the sensors", |_| "one sensor");
        rows.push(format!("| publish | `{topic}` | {who} | {what} |\n"));
    }
    for kind in NameKind::ALL {
        let levels = name_levels(kind, &place, Some(place.sensor.device)).unwrap();
        let levels = levels.iter().map(|level| match &**level {
            fixed @ (ME | DEVICES | SPACES | MEASUREMENTS) => fixed.to_owned(),
            level if level == id => "{device id}".to_owned(),
            level => format!("{{{level}}}"),
        });
        let (who, what) = told(kind);
        let topic = levels.collect::<Vec<_>>().join("/");
        rows.push(format!("| subscribe | `{topic}` | {who} | {what} |\n"));
    }
    rows.concat()
}

#[test]
fn the_checked_in_table_is_the_present_scheme() {
    if let Some(file) = std::env::var_os("ROADSTEAD_WRITE_TOPICS") {
        std::fs::write(file, as_markdown()).unwrap();
        return;
    }
    assert_eq!(
        as_markdown(),
        CHECKED_IN,
        "write it anew with ROADSTEAD_WRITE_TOPICS=docs/topics.md"
    );
}

#[test]
fn nothing_is_written_to_any_other_topic() {
    for topic in [
        "",
        "me",
        "me/",
        "me/measurements/",
        "me/measurements/a/b",
        "me/other",
        "devices/d",
        "devices/d/measurement",
        "spaces/p/devices/d/measurements/s",
        "$SYS/x",
        "me/measurements/+",
    ] {
        assert_eq!(Destination::parse(topic), None, "{topic}");
    }
}
