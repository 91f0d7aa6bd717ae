//! What the demo consists of: places, device types, devices, and the recording of each device.

/// The tenant's name.
pub(super) const TENANT: &str = "Demo";
/// The owner's address, in a domain that nobody can have.
pub(crate) const OWNER: &str = "owner@demo.invalid";

/// A space below the one at `parent`, or below the tenant.
pub(super) struct PlannedSpace {
    pub(super) name: &'static str,
    pub(super) class: &'static str,
    pub(super) parent: Option<&'static str>,
}

/// An asset in the space at `place`.
pub(super) struct PlannedAsset {
    pub(super) name: &'static str,
    pub(super) place: &'static str,
}

/// A sensor with its unit as SenML writes it.
pub(super) struct PlannedSensor {
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    pub(super) quantity: &'static str,
}

/// A device type's name and mode; its sensors are those of the device.
pub(super) struct PlannedType {
    pub(super) name: &'static str,
    pub(super) mode: &'static str,
}

/// A device that replays a recording.
pub(super) struct PlannedDevice {
    pub(super) name: &'static str,
    /// The path of the space or asset where it is.
    pub(super) place: &'static str,
    /// Without one, its sensors come with the first values, and get their units then.
    pub(super) device_type: Option<PlannedType>,
    pub(super) sensors: &'static [PlannedSensor],
    pub(super) recording: &'static [u8],
}

/// The spaces, parents first.
pub(super) const SPACES: [PlannedSpace; 4] = [
    PlannedSpace { name: "SERF East", class: "Site", parent: None },
    PlannedSpace { name: "Greensboro", class: "Site", parent: None },
    PlannedSpace { name: "Office", class: "Building", parent: None },
    PlannedSpace { name: "Room 2.04", class: "Room", parent: Some("Office") },
];

/// The assets.
pub(super) const ASSETS: [PlannedAsset; 1] =
    [PlannedAsset { name: "Inverter hall", place: "SERF East" }];

/// The devices.
pub(super) const DEVICES: [PlannedDevice; 3] = [
    PlannedDevice {
        name: "inverter-1",
        place: "SERF East/Inverter hall",
        device_type: None,
        sensors: &[sensor("ac_power", "W", "power")],
        recording: include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../demo/serf_east.csv.gz"
        )),
    },
    PlannedDevice {
        name: "weather-station",
        place: "Greensboro",
        device_type: Some(PlannedType { name: "Weather station", mode: "fixed" }),
        sensors: &[
            sensor("temperature", "Cel", "temperature"),
            sensor("humidity", "%RH", "relative humidity"),
            sensor("wind_speed", "m/s", "speed"),
            sensor("ghi", "W/m2", "irradiance"),
            sensor("dni", "W/m2", "irradiance"),
            sensor("dhi", "W/m2", "irradiance"),
            sensor("pressure", "hPa", "pressure"),
        ],
        recording: include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../demo/greensboro.csv.gz"
        )),
    },
    PlannedDevice {
        name: "room-2-04",
        place: "Office/Room 2.04",
        device_type: Some(PlannedType { name: "Room climate", mode: "open" }),
        sensors: &[
            sensor("temperature", "Cel", "temperature"),
            sensor("humidity", "%RH", "relative humidity"),
            sensor("light", "lx", "illuminance"),
            sensor("co2", "ppm", "concentration"),
        ],
        recording: include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../demo/office_room.csv.gz"
        )),
    },
];

const fn sensor(name: &'static str, unit: &'static str, quantity: &'static str) -> PlannedSensor {
    PlannedSensor { name, unit, quantity }
}
