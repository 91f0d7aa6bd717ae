//! Spaces, assets, types, devices and sensors, by command.

use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::access::CREDENTIALS;
use super::client::Client;
use super::output::{self, Column};
use crate::args::Manner;

/// What can be done with devices.
#[derive(Debug, Subcommand)]
pub(crate) enum DeviceCommand {
    /// Make a device; prints its id and its token, once.
    Add {
        /// Its name, unique in your organisation.
        name: String,
        /// Its type, by name or id.
        #[arg(long = "type", value_name = "TYPE")]
        device_type: Option<String>,
        /// Where it is: a space or an asset, as `Site/Building/Room` or by id.
        #[arg(long, value_name = "PATH")]
        place: Option<String>,
    },
    /// List devices.
    List,
    /// Show one.
    Show {
        /// Its name or id.
        device: String,
    },
    /// Remove one, with its sensors and tokens.
    Remove {
        /// Its name or id.
        device: String,
    },
    /// Its tokens.
    #[command(subcommand)]
    Token(DeviceTokenCommand),
}

/// What can be done with a device's tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum DeviceTokenCommand {
    /// Make a further token; it is shown once.
    Add {
        /// The device's name or id.
        device: String,
        /// What you call the token.
        #[arg(long, default_value = "token")]
        label: String,
        /// How many days it lives; without an end when left out.
        #[arg(long)]
        days: Option<u32>,
    },
    /// List them.
    List {
        /// The device's name or id.
        device: String,
    },
    /// End one; its connections end with it.
    Revoke {
        /// The device's name or id.
        device: String,
        /// The token's id, as `device token list` shows it.
        id: String,
    },
}

/// What can be done with spaces.
#[derive(Debug, Subcommand)]
pub(crate) enum SpaceCommand {
    /// Make a space.
    Add {
        /// Its name, unique within its parent.
        name: String,
        /// A word of RealEstateCore: Site, Building, Level, Room or Zone.
        #[arg(long, default_value = "Room")]
        class: String,
        /// The space it is part of, as `Site/Building` or by id.
        #[arg(long, value_name = "PATH")]
        parent: Option<String>,
    },
    /// List spaces.
    List,
    /// Remove an empty one.
    Remove {
        /// Its path or id.
        space: String,
    },
}

/// What can be done with assets.
#[derive(Debug, Subcommand)]
pub(crate) enum AssetCommand {
    /// Make an asset.
    Add {
        /// Its name, unique within its place.
        name: String,
        /// The space it is in, as `Site/Building` or by id.
        #[arg(long, value_name = "PATH")]
        place: Option<String>,
    },
    /// List assets.
    List,
    /// Remove an empty one.
    Remove {
        /// Its path or id.
        asset: String,
    },
}

/// Whether devices may bring sensors of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// They may.
    Open,
    /// They may not.
    Fixed,
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

const DEVICES: &[Column] = &[
    ("id", "/id"),
    ("name", "/name"),
    ("place", "/place/path"),
    ("type", "/type/name"),
    ("state", "/state"),
    ("created", "/created"),
];
const SPACES: &[Column] = &[("id", "/id"), ("path", "/path"), ("class", "/class")];
const ASSETS: &[Column] = &[("id", "/id"), ("path", "/path")];
const TYPES: &[Column] =
    &[("id", "/id"), ("name", "/name"), ("mode", "/mode"), ("sensors", "/sensors")];
const SENSORS: &[Column] =
    &[("id", "/id"), ("name", "/name"), ("unit", "/unit"), ("quantity", "/quantity")];

/// `roadstead device …`
pub(crate) async fn device(command: DeviceCommand, manner: &Manner) -> anyhow::Result<()> {
    let client = Client::of(manner)?;
    match command {
        DeviceCommand::Add { name, device_type, place } => {
            let body = json!({ "name": name, "type": device_type, "place": place });
            let made = client.post(&["devices"], &body).await?;
            let id = output::text(&made["id"]);
            let token = json!({ "label": "first token", "days": null });
            let token = client.post(&["devices", &id, "credentials"], &token).await?;
            let shown = json!({ "id": made["id"], "name": made["name"], "token": token["token"] });
            output::object(&shown, manner.json);
        }
        DeviceCommand::List => {
            output::list(&client.list(&["devices"]).await?, DEVICES, manner.json);
        }
        DeviceCommand::Show { device } => {
            output::object(&client.get(&["devices", &device]).await?, manner.json);
        }
        DeviceCommand::Remove { device } => client.delete(&["devices", &device]).await?,
        DeviceCommand::Token(command) => device_token(command, &client, manner).await?,
    }
    Ok(())
}

async fn device_token(
    command: DeviceTokenCommand,
    client: &Client,
    manner: &Manner,
) -> anyhow::Result<()> {
    match command {
        DeviceTokenCommand::Add { device, label, days } => {
            let body = json!({ "label": label, "days": days });
            let made = client.post(&["devices", &device, "credentials"], &body).await?;
            output::object(&made, manner.json);
        }
        DeviceTokenCommand::List { device } => {
            let rows = client.list(&["devices", &device, "credentials"]).await?;
            output::list(&rows, CREDENTIALS, manner.json);
        }
        DeviceTokenCommand::Revoke { device, id } => {
            client.delete(&["devices", &device, "credentials", &id]).await?;
        }
    }
    Ok(())
}

/// `roadstead space …`
pub(crate) async fn space(command: SpaceCommand, manner: &Manner) -> anyhow::Result<()> {
    let client = Client::of(manner)?;
    match command {
        SpaceCommand::Add { name, class, parent } => {
            let body = json!({ "name": name, "class": class, "parent": parent });
            output::object(&client.post(&["spaces"], &body).await?, manner.json);
        }
        SpaceCommand::List => output::list(&client.list(&["spaces"]).await?, SPACES, manner.json),
        SpaceCommand::Remove { space } => client.delete(&["spaces", &space]).await?,
    }
    Ok(())
}

/// `roadstead asset …`
pub(crate) async fn asset(command: AssetCommand, manner: &Manner) -> anyhow::Result<()> {
    let client = Client::of(manner)?;
    match command {
        AssetCommand::Add { name, place } => {
            let body = json!({ "name": name, "place": place });
            output::object(&client.post(&["assets"], &body).await?, manner.json);
        }
        AssetCommand::List => output::list(&client.list(&["assets"]).await?, ASSETS, manner.json),
        AssetCommand::Remove { asset } => client.delete(&["assets", &asset]).await?,
    }
    Ok(())
}

/// `roadstead type …`
pub(crate) async fn device_type(command: TypeCommand, manner: &Manner) -> anyhow::Result<()> {
    let client = Client::of(manner)?;
    match command {
        TypeCommand::Add { name, mode, sensors } => {
            let mode = match mode {
                Mode::Open => "open",
                Mode::Fixed => "fixed",
            };
            let body = json!({ "name": name, "mode": mode, "sensors": sensors });
            output::object(&client.post(&["types"], &body).await?, manner.json);
        }
        TypeCommand::List => output::list(&client.list(&["types"]).await?, TYPES, manner.json),
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
        SensorCommand::Set { sensor, name, unit, quantity } => {
            let asked = [("name", name), ("unit", unit), ("quantity", quantity)];
            let change =
                asked.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.into())));
            let change = Value::Object(change.collect());
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
