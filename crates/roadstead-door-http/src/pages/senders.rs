//! Who sent a value, in names as far as the viewer may know them, else in ids.

use std::collections::HashMap;

use roadstead_guard::{Caller, Manage, Read};
use roadstead_model::{Attribution, CredentialId, Principal};

use crate::App;

/// Looks senders up, each once.
pub(crate) struct Senders<'a> {
    app: &'a App,
    viewer: &'a Caller,
    principals: HashMap<Principal, String>,
    credentials: HashMap<CredentialId, String>,
}

impl<'a> Senders<'a> {
    /// Begins to look up, on behalf of the viewer.
    pub(crate) fn new(app: &'a App, viewer: &'a Caller) -> Self {
        Self { app, viewer, principals: HashMap::new(), credentials: HashMap::new() }
    }

    /// The sender's name and the label of its credential.
    pub(crate) fn names(&mut self, source: Attribution) -> (String, String) {
        let (principal, credential) = (source.principal, source.credential);
        if !self.principals.contains_key(&principal) {
            let name = self.principal(principal).unwrap_or_else(|| principal.to_string());
            self.principals.insert(principal, name);
            self.labels(principal);
        }
        let label = self.credentials.get(&credential).cloned();
        (self.principals[&principal].clone(), label.unwrap_or_else(|| credential.to_string()))
    }

    fn principal(&self, principal: Principal) -> Option<String> {
        let directory = self.app.things.directory();
        match principal {
            Principal::Device(id) => {
                let permit = self.app.guard.permit::<Read, _>(self.viewer, id).ok()?;
                directory.device(&permit).map(|row| row.name.to_string())
            }
            Principal::Person(_) if principal == self.viewer.principal() => {
                directory.person_of(self.viewer).map(|row| row.email.to_string())
            }
            Principal::Person(id) => {
                let permit =
                    self.app.guard.permit::<Manage, _>(self.viewer, self.viewer.tenant()).ok()?;
                let people = directory.people(&permit);
                people.iter().find(|row| row.id == id).map(|row| row.email.to_string())
            }
        }
    }

    /// Takes over the labels of a principal's credentials, if the viewer may see them.
    fn labels(&mut self, principal: Principal) {
        let directory = self.app.things.directory();
        let rows = match principal {
            Principal::Device(id) => {
                let permit = self.app.guard.permit::<Manage, _>(self.viewer, id);
                permit.map(|permit| directory.device_credentials(&permit)).unwrap_or_default()
            }
            Principal::Person(_) if principal == self.viewer.principal() => {
                directory.own_credentials(self.viewer)
            }
            Principal::Person(_) => Vec::new(),
        };
        let named = rows.into_iter().filter(|row| !row.label.is_empty());
        self.credentials.extend(named.map(|row| (row.id, row.label)));
    }
}
