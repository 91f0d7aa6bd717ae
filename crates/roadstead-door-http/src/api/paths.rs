//! Places as paths of names, from the tenant down.

use std::collections::HashMap;

use roadstead_guard::{Read, Scope};
use roadstead_model::{Name, Resource};

use crate::App;

/// The spaces and assets in reach, read once for as many rows as there are to show.
pub(crate) struct Places {
    tenant: Resource,
    known: HashMap<Resource, (Name, Resource)>,
}

impl Places {
    pub(crate) fn in_reach(app: &App, scope: &Scope<Read>) -> Self {
        let directory = app.things.directory();
        let spaces = directory.spaces(scope).into_iter();
        let assets = directory.assets(scope).into_iter();
        let spaces = spaces.map(|row| (Resource::Space(row.id), (row.name, row.parent)));
        let assets = assets.map(|row| (Resource::Asset(row.id), (row.name, row.parent)));
        Self { tenant: scope.tenant().into(), known: spaces.chain(assets).collect() }
    }

    /// Names joined by `/`; empty for the tenant. What is out of reach above is left out.
    pub(crate) fn path(&self, node: Resource) -> String {
        let above = |(_, parent): &&(Name, Resource)| self.known.get(parent);
        let lineage = std::iter::successors(self.known.get(&node), above);
        let names: Vec<_> = lineage.map(|(name, _)| name.as_str()).collect();
        names.into_iter().rev().collect::<Vec<_>>().join("/")
    }

    /// Finds the place with this path.
    pub(crate) fn find(&self, path: &str) -> Option<Resource> {
        let below = |parent: Resource, name: &str| {
            let child = |(_, (own, above)): &(&Resource, &(Name, Resource))| {
                *above == parent && own.as_str() == name
            };
            self.known.iter().find(child).map(|(node, _)| *node)
        };
        let from_tenant = path.split('/').try_fold(self.tenant, below);
        // Whoever cannot see the tenant's own places names theirs from where their sight begins.
        from_tenant.or_else(|| self.known.keys().copied().find(|node| self.path(*node) == path))
    }
}
