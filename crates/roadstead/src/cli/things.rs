//! Spaces, assets and devices, by command.

use clap::Subcommand;
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
    /// Rename or move one.
    Set {
        /// Its name or id.
        device: String,
        /// A new name.
        #[arg(long)]
        name: Option<String>,
        /// A new place, as `Site/Building/Room` or by id; an empty text means the organisation.
        #[arg(long, value_name = "PATH")]
        place: Option<String>,
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
    /// Rename one, call it something else, or move it with all in it.
    Set {
        /// Its path or id.
        space: String,
        /// A new name.
        #[arg(long)]
        name: Option<String>,
        /// A word of RealEstateCore: Site, Building, Level, Room or Zone.
        #[arg(long)]
        class: Option<String>,
        /// The space it becomes part of, by path or id; an empty text means the organisation.
        #[arg(long, value_name = "PATH")]
        parent: Option<String>,
    },
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
    /// Rename one, or move it with all in it.
    Set {
        /// Its path or id.
        asset: String,
        /// A new name.
        #[arg(long)]
        name: Option<String>,
        /// The space it goes to, by path or id; an empty text means the organisation.
        #[arg(long, value_name = "PATH")]
        place: Option<String>,
    },
    /// Remove an empty one.
    Remove {
        /// Its path or id.
        asset: String,
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
        DeviceCommand::Set { device, name, place } => {
            let change = given([("name", name), ("place", place)]);
            output::object(&client.patch(&["devices", &device], &change).await?, manner.json);
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
        SpaceCommand::Set { space, name, class, parent } => {
            let change = given([("name", name), ("class", class), ("parent", parent)]);
            output::object(&client.patch(&["spaces", &space], &change).await?, manner.json);
        }
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
        AssetCommand::Set { asset, name, place } => {
            let change = given([("name", name), ("place", place)]);
            output::object(&client.patch(&["assets", &asset], &change).await?, manner.json);
        }
        AssetCommand::Remove { asset } => client.delete(&["assets", &asset]).await?,
    }
    Ok(())
}

/// What was typed of a change; what was left out stays as it is.
pub(super) fn given<const N: usize>(asked: [(&str, Option<String>); N]) -> Value {
    let typed = asked.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.into())));
    Value::Object(typed.collect())
}
