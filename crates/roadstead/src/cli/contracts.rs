//! Device types and sensors, by command.

use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::client::Client;
use super::output::{self, Column};
use super::things::given;
use crate::args::Manner;

/// Whether devices may bring sensors of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// They may.
    Open,
    /// They may not.
    Fixed,
}

impl Mode {
    const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Fixed => "fixed",
        }
    }
}

/// What can be done with device types.
#[derive(Debug, Subcommand)]
pub(crate) enum TypeCommand {
    /// Make a type.
    Add {
        /// Its name, unique in your organisation.
        name: String,
        /// Whether devices of the type may bring further sensors.
        #[arg(long, value_enum, default_value = "open")]
        mode: Mode,
        /// A sensor, as `NAME`, `NAME:UNIT` or `NAME:UNIT:QUANTITY`; may be repeated.
        #[arg(long = "sensor", value_name = "SENSOR", value_parser = sensor_shape)]
        sensors: Vec<Value>,
    },
    /// List types.
    List,
    /// Rename one, open or fix it, or list further sensors with it.
    Set {
        /// Its name or id.
        device_type: String,
        /// A new name.
        #[arg(long)]
        name: Option<String>,
        /// Whether its devices may bring further sensors.
        #[arg(long, value_enum)]
        mode: Option<Mode>,
        /// A further sensor, as `NAME`, `NAME:UNIT` or `NAME:UNIT:QUANTITY`; may be repeated.
        #[arg(long = "sensor", value_name = "SENSOR", value_parser = sensor_shape)]
        sensors: Vec<Value>,
    },
    /// Remove one that no device has.
    Remove {
        /// Its name or id.
        device_type: String,
    },
}

/// What can be done with sensors.
#[derive(Debug, Subcommand)]
pub(crate) enum SensorCommand {
    /// List a device's sensors.
    List {
        /// The device's name or id.
        device: String,
    },
    /// Make a sensor by hand, whatever the device's type lists.
    Add {
        /// The device's name or id.
        device: String,
        /// `NAME`, `NAME:UNIT` or `NAME:UNIT:QUANTITY`.
        #[arg(value_parser = sensor_shape)]
        sensor: Value,
    },
    /// Remove one; its values are left to retention.
    Remove {
        /// The sensor's id, as `sensor list` shows it.
        sensor: String,
    },
    /// Change a sensor's name, unit or quantity.
    Set {
        /// The sensor's id, as `sensor list` shows it.
        sensor: String,
        /// A new name.
        #[arg(long)]
        name: Option<String>,
        /// A unit as SenML writes it: `Cel`, `W`, `%RH`.
        #[arg(long)]
        unit: Option<String>,
        /// What is measured, such as `Temperature`.
        #[arg(long)]
        quantity: Option<String>,
    },
}

const TYPES: &[Column] =
    &[("id", "/id"), ("name", "/name"), ("mode", "/mode"), ("sensors", "/sensors")];
const SENSORS: &[Column] =
    &[("id", "/id"), ("name", "/name"), ("unit", "/unit"), ("quantity", "/quantity")];

/// `roadstead type …`
pub(crate) async fn device_type(command: TypeCommand, manner: &Manner) -> anyhow::Result<()> {
    let client = Client::of(manner)?;
    match command {
        TypeCommand::Add { name, mode, sensors } => {
            let body = json!({ "name": name, "mode": mode.word(), "sensors": sensors });
            output::object(&client.post(&["types"], &body).await?, manner.json);
        }
        TypeCommand::List => output::list(&client.list(&["types"]).await?, TYPES, manner.json),
        TypeCommand::Set { device_type, name, mode, sensors } => {
            let mode = mode.map(|mode| mode.word().to_owned());
            let mut change = given([("name", name), ("mode", mode)]);
            change["add_sensors"] = sensors.into();
            output::object(&client.patch(&["types", &device_type], &change).await?, manner.json);
        }
        TypeCommand::Remove { device_type } => client.delete(&["types", &device_type]).await?,
    }
    Ok(())
}

/// `roadstead sensor …`
pub(crate) async fn sensor(command: SensorCommand, manner: &Manner) -> anyhow::Result<()> {
    let client = Client::of(manner)?;
    match command {
        SensorCommand::List { device } => {
            let rows = client.list(&["devices", &device, "sensors"]).await?;
            output::list(&rows, SENSORS, manner.json);
        }
        SensorCommand::Add { device, sensor } => {
            let made = client.post(&["devices", &device, "sensors"], &sensor).await?;
            output::object(&made, manner.json);
        }
        SensorCommand::Remove { sensor } => client.delete(&["sensors", &sensor]).await?,
        SensorCommand::Set { sensor, name, unit, quantity } => {
            let change = given([("name", name), ("unit", unit), ("quantity", quantity)]);
            output::object(&client.patch(&["sensors", &sensor], &change).await?, manner.json);
        }
    }
    Ok(())
}

/// Reads `NAME`, `NAME:UNIT` or `NAME:UNIT:QUANTITY`.
fn sensor_shape(text: &str) -> Result<Value, String> {
    let mut parts = text.split(':');
    let name = parts.next().filter(|name| !name.is_empty()).ok_or("a sensor has a name")?;
    let (unit, quantity) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    match parts.next() {
        None => Ok(json!({ "name": name, "unit": unit, "quantity": quantity })),
        Some(_) => Err("write NAME:UNIT:QUANTITY".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sensor_is_written_with_colons() {
        let shape = sensor_shape("power:W:ActivePower").unwrap();
        assert_eq!(shape, json!({ "name": "power", "unit": "W", "quantity": "ActivePower" }));
        assert_eq!(sensor_shape("count").unwrap()["unit"], "");
        assert!(sensor_shape(":W").is_err() && sensor_shape("a:b:c:d").is_err());
    }
}
