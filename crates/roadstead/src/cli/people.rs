//! People of the organisation and the rights they hold, by command.

use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::client::Client;
use super::output::{self, Column};
use crate::args::Manner;

/// What can be done with people.
#[derive(Debug, Subcommand)]
pub(crate) enum PersonCommand {
    /// List the people of your organisation.
    List,
    /// Make a person without any right yet; prints a link that signs them in once.
    Invite {
        /// Their address.
        email: String,
    },
}

/// What can be done with grants. A thing is named by `organisation`, a device's name, a place's
/// path, or its id.
#[derive(Debug, Subcommand)]
pub(crate) enum GrantCommand {
    /// List the grants given on a thing itself.
    List {
        /// `organisation`, a device's name, a place's path, or an id.
        resource: String,
    },
    /// Give somebody a role on a thing and all below it.
    Give {
        /// `organisation`, a device's name, a place's path, or an id.
        resource: String,
        /// A person's address or id, or a device's name or id.
        principal: String,
        /// What they may do.
        #[arg(value_enum)]
        role: Role,
        /// When it ends, such as `2027-01-01T00:00:00Z`; without an end when left out.
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        /// Why: the audit log keeps it.
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// End one; what lived by it is cut off.
    End {
        /// What it was given on: `organisation`, a device's name, a place's path, or an id.
        resource: String,
        /// The grant's id, as `grant list` shows it.
        id: String,
    },
}

/// What a grant lets somebody do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// Everything, the audit log included.
    Owner,
    /// Read, write, operate, export, change things, and give rights up to their own.
    Manager,
    /// Read, operate and export.
    Operator,
    /// Read.
    Viewer,
    /// Read and write.
    Writer,
}

const PEOPLE: &[Column] = &[("id", "/id"), ("address", "/email")];
const GRANTS: &[Column] = &[
    ("id", "/id"),
    ("who", "/name"),
    ("role", "/role"),
    ("until", "/expires"),
    ("reason", "/reason"),
];

/// `roadstead person …`
pub(crate) async fn person(command: PersonCommand, manner: &Manner) -> anyhow::Result<()> {
    let client = Client::of(manner)?;
    match command {
        PersonCommand::List => output::list(&client.list(&["people"]).await?, PEOPLE, manner.json),
        PersonCommand::Invite { email } => {
            let made = client.post(&["people"], &json!({ "email": email })).await?;
            output::object(&made, manner.json);
        }
    }
    Ok(())
}

/// `roadstead grant …`
pub(crate) async fn grant(command: GrantCommand, manner: &Manner) -> anyhow::Result<()> {
    let client = Client::of(manner)?;
    match command {
        GrantCommand::List { resource } => {
            let resource = find(&client, &resource).await?;
            let rows = client.list(&["resources", &resource, "grants"]).await?;
            output::list(&rows, GRANTS, manner.json);
        }
        GrantCommand::Give { resource, principal, role, until, reason } => {
            let resource = find(&client, &resource).await?;
            let role = role.to_possible_value().map(|role| role.get_name().to_owned());
            let body = json!({
                "principal": principal, "role": role, "expires": until, "reason": reason,
            });
            let made = client.post(&["resources", &resource, "grants"], &body).await?;
            output::object(&made, manner.json);
        }
        GrantCommand::End { resource, id } => {
            let resource = find(&client, &resource).await?;
            client.delete(&["resources", &resource, "grants", &id]).await?;
        }
    }
    Ok(())
}

/// The id of a thing. What is neither a device nor a place is taken for an id.
async fn find(client: &Client, text: &str) -> anyhow::Result<String> {
    if text == "organisation" {
        return Ok(output::text(&client.get(&["me"]).await?["tenant"]["id"]));
    }
    let called = |rows: Vec<Value>, at: &str| {
        let row = rows.into_iter().find(|row| row.pointer(at).is_some_and(|name| name == text));
        row.map(|row| output::text(&row["id"]))
    };
    for (list, at) in [("devices", "/name"), ("spaces", "/path"), ("assets", "/path")] {
        if let Some(id) = called(client.list(&[list]).await?, at) {
            return Ok(id);
        }
    }
    Ok(text.to_owned())
}
