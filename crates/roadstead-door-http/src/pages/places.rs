//! Places: spaces and assets as a tree, with the devices that report from there.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use roadstead_guard::{Manage, Permit, Read, Scope};
use roadstead_model::{Name, Resource, TenantId};
use roadstead_services::ServiceError;
use serde::Deserialize;

use super::frame::{Choice, Field, Page, Say, go_to, show};
use super::rows::{Surroundings, heard, may_manage};
use super::session::{Posted, Signed};
use crate::App;
use crate::auth::Visitor;
use crate::problem::Problem;

/// The words of RealEstateCore for spaces.
pub(super) const CLASSES: [&str; 5] = ["Site", "Building", "Level", "Room", "Zone"];
pub(super) const TOP: &str = "Top level";

/// The tree, and the forms that add to it.
#[derive(Template)]
#[template(path = "places.html")]
struct PlacesPage {
    page: Page,
    nodes: Vec<PlaceNode>,
    may_manage: bool,
    space_name: Field,
    space_kinds: Vec<Choice>,
    space_parents: Vec<Choice>,
    asset_name: Field,
    asset_spaces: Vec<Choice>,
}

/// One node of the tree; it renders itself with its children.
#[derive(Template)]
#[template(path = "parts/place_node.html")]
struct PlaceNode {
    /// `space`, `asset` or `device`.
    sort: &'static str,
    name: String,
    kind: String,
    href: Option<String>,
    state: &'static str,
    children: Vec<PlaceNode>,
}

/// What the form for a space has.
#[derive(Deserialize, Default)]
pub(crate) struct SpaceForm {
    name: String,
    kind: String,
    parent: String,
}

/// What the form for an asset has.
#[derive(Deserialize, Default)]
pub(crate) struct AssetForm {
    name: String,
    space: String,
}

/// Where the visitor may put things.
pub(super) struct Manageable<'a> {
    pub app: &'a App,
    pub visitor: &'a Visitor,
    pub around: &'a Surroundings,
}

/// Shows the places.
pub(crate) async fn places(
    State(app): State<App>,
    Query(say): Query<Say>,
    Signed(visitor): Signed,
) -> Result<Response, Problem> {
    let mut page = PlacesPage::of(&app, &visitor, (&SpaceForm::default(), &AssetForm::default()))?;
    page.page = page.page.saying(&say);
    show(StatusCode::OK, &page)
}

/// Makes a space.
pub(crate) async fn add_space(
    State(app): State<App>,
    Posted { visitor, form }: Posted<SpaceForm>,
) -> Result<Response, Problem> {
    let permit = on_place(&app, &visitor, &form.parent)?;
    let class = CLASSES.into_iter().find(|class| *class == form.kind);
    let class = class.and_then(|class| class.parse().ok());
    let class: Name =
        class.ok_or_else(|| Problem::unprocessable("choose one of the kinds of spaces"))?;
    let made = match form.name.trim().parse() {
        Ok(name) => app.things.create_space(&permit, name, class).await.map(drop),
        Err(bad) => Err(ServiceError::Invalid(format!("{bad}"))),
    };
    let Err(error) = made else { return Ok(go_to("/places?notice=space-added")) };
    let (status, why) = reason(error)?;
    let mut page = PlacesPage::of(&app, &visitor, (&form, &AssetForm::default()))?;
    page.space_name = Field::wrong(&form.name, why);
    show(status, &page)
}

/// Makes an asset.
pub(crate) async fn add_asset(
    State(app): State<App>,
    Posted { visitor, form }: Posted<AssetForm>,
) -> Result<Response, Problem> {
    let permit = on_place(&app, &visitor, &form.space)?;
    let made = match form.name.trim().parse() {
        Ok(name) => app.things.create_asset(&permit, name).await.map(drop),
        Err(bad) => Err(ServiceError::Invalid(format!("{bad}"))),
    };
    let Err(error) = made else { return Ok(go_to("/places?notice=asset-added")) };
    let (status, why) = reason(error)?;
    let mut page = PlacesPage::of(&app, &visitor, (&SpaceForm::default(), &form))?;
    page.asset_name = Field::wrong(&form.name, why);
    show(status, &page)
}

fn on_place(app: &App, visitor: &Visitor, text: &str) -> Result<Permit<Manage, Resource>, Problem> {
    Ok(app.guard.permit(&visitor.caller, node(text, visitor.caller.tenant())?)?)
}

/// Reads a place from a form; nothing chosen means the tenant.
pub(super) fn node(text: &str, tenant: TenantId) -> Result<Resource, Problem> {
    match text {
        "" => Ok(Resource::Tenant(tenant)),
        text => text.parse().map_err(|_| Problem::not_found()),
    }
}

/// What to say beside the field; everything else is a problem of its own.
pub(super) fn reason(error: ServiceError) -> Result<(StatusCode, String), Problem> {
    match error {
        ServiceError::Conflict(why) => Ok((StatusCode::CONFLICT, why)),
        ServiceError::Invalid(why) | ServiceError::Limit(why) => {
            Ok((StatusCode::UNPROCESSABLE_ENTITY, why))
        }
        ServiceError::Denied(_)
        | ServiceError::Refused(_)
        | ServiceError::BadPassword(_)
        | ServiceError::Missing(_)
        | ServiceError::Busy
        | ServiceError::Failed(_) => Err(error.into()),
    }
}

impl Manageable<'_> {
    /// The tenant and its spaces.
    pub(super) fn spaces(&self, top: &str, wanted: &str) -> Vec<Choice> {
        let spaces = self.around.spaces.iter().map(|row| Resource::Space(row.id));
        self.choices(spaces, (top, wanted))
    }

    /// Adds where a thing stands now, chosen: else a form would move what its sender left alone.
    pub(super) fn with_present(&self, mut choices: Vec<Choice>, present: Resource) -> Vec<Choice> {
        let tenant = present == Resource::Tenant(self.visitor.caller.tenant());
        let value = if tenant { String::new() } else { present.to_string() };
        for choice in &mut choices {
            choice.chosen = choice.value == value;
        }
        if !choices.iter().any(|choice| choice.chosen) {
            choices.insert(0, Choice::new(value.clone(), "where it is", &value));
        }
        choices
    }

    /// The tenant, its spaces and its assets.
    pub(super) fn places(&self, top: &str, wanted: &str) -> Vec<Choice> {
        let spaces = self.around.spaces.iter().map(|row| Resource::Space(row.id));
        let assets = self.around.assets.iter().map(|row| Resource::Asset(row.id));
        self.choices(spaces.chain(assets), (top, wanted))
    }

    fn choices(
        &self,
        nodes: impl Iterator<Item = Resource>,
        (top, wanted): (&str, &str),
    ) -> Vec<Choice> {
        let may = |node: Resource| {
            self.app.guard.permit::<Manage, Resource>(&self.visitor.caller, node).is_ok()
        };
        let tenant = may(Resource::Tenant(self.visitor.caller.tenant()));
        let tenant = tenant.then(|| Choice::new("", top, wanted));
        let below = nodes.filter(|node| may(*node));
        let below = below.map(|node| Choice::new(node.to_string(), self.around.path(node), wanted));
        let mut below: Vec<_> = below.collect();
        below.sort_by(|a, b| a.label.cmp(&b.label));
        tenant.into_iter().chain(below).collect()
    }
}

impl PlacesPage {
    fn of(
        app: &App,
        visitor: &Visitor,
        (space, asset): (&SpaceForm, &AssetForm),
    ) -> Result<Self, Problem> {
        let scope = app.guard.scope::<Read>(&visitor.caller)?;
        let around = Surroundings::of(app, &scope);
        let may = Manageable { app, visitor, around: &around };
        Ok(Self {
            page: Page::new(app, "Places", "places", Some(visitor)),
            may_manage: may_manage(app, &visitor.caller),
            space_name: Field::typed(&space.name),
            space_kinds: CLASSES.map(|class| Choice::new(class, class, &space.kind)).into(),
            space_parents: may.spaces(TOP, &space.parent),
            asset_name: Field::typed(&asset.name),
            asset_spaces: may.spaces(TOP, &asset.space),
            nodes: tree(app, &scope, &around),
        })
    }
}

/// Builds the tree of all that is in reach; what lies below something out of reach begins a root.
fn tree(app: &App, scope: &Scope<Read>, around: &Surroundings) -> Vec<PlaceNode> {
    let mut leaves = Vec::new();
    for row in &around.spaces {
        let node = PlaceNode::new("space", row.name.to_string(), row.class.to_string());
        let href = own_page(app, scope, row.id.into());
        leaves.push((Resource::Space(row.id), row.parent, PlaceNode { href, ..node }));
    }
    for row in &around.assets {
        let node = PlaceNode::new("asset", row.name.to_string(), String::new());
        let href = own_page(app, scope, row.id.into());
        leaves.push((Resource::Asset(row.id), row.parent, PlaceNode { href, ..node }));
    }
    for row in app.things.directory().devices(scope) {
        let Some(heard) = heard(app, scope, &row) else { continue };
        let node = PlaceNode::new("device", row.name.to_string(), around.kind(&row));
        let href = Some(format!("/devices/{}", row.id));
        leaves.push((
            row.id.into(),
            row.parent,
            PlaceNode { href, state: heard.state.name(), ..node },
        ));
    }
    grown(leaves)
}

/// Where a place is changed, for whoever may.
fn own_page(app: &App, scope: &Scope<Read>, node: Resource) -> Option<String> {
    let may = app.guard.permit::<Manage, Resource>(scope.caller(), node).is_ok();
    may.then(|| format!("/places/{node}"))
}

/// Hangs each node below its parent, keeping the order; the rest are roots.
fn grown(nodes: Vec<(Resource, Resource, PlaceNode)>) -> Vec<PlaceNode> {
    let known: std::collections::HashSet<_> = nodes.iter().map(|(id, _, _)| *id).collect();
    let mut below = std::collections::HashMap::<Option<Resource>, Vec<_>>::new();
    for (id, parent, node) in nodes {
        let parent = known.contains(&parent).then_some(parent);
        below.entry(parent).or_default().push((id, node));
    }
    hung(None, &mut below)
}

type Below = std::collections::HashMap<Option<Resource>, Vec<(Resource, PlaceNode)>>;

fn hung(parent: Option<Resource>, below: &mut Below) -> Vec<PlaceNode> {
    let children = below.remove(&parent).unwrap_or_default();
    let grown = children.into_iter().map(|(id, node)| {
        let children = hung(Some(id), below);
        PlaceNode { children, ..node }
    });
    grown.collect()
}

impl PlaceNode {
    fn new(sort: &'static str, name: String, kind: String) -> Self {
        Self { sort, name, kind, href: None, state: "", children: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use roadstead_model::{DeviceId, SpaceId};

    fn leaf(name: &str) -> PlaceNode {
        PlaceNode::new("space", name.into(), String::new())
    }

    #[test]
    fn what_lies_below_something_out_of_reach_begins_a_root() {
        let tenant = TenantId::numbered(1).unwrap();
        let site = Resource::Space(SpaceId::new(tenant, 1).unwrap());
        let unseen = Resource::Space(SpaceId::new(tenant, 2).unwrap());
        let lone = Resource::Space(SpaceId::new(tenant, 3).unwrap());
        let device = Resource::Device(DeviceId::new(tenant, 1).unwrap());
        let nodes = grown(vec![
            (lone, unseen, leaf("lone")),
            (site, Resource::Tenant(tenant), leaf("site")),
            (device, site, leaf("pump")),
        ]);
        assert_eq!(nodes.iter().map(|node| &*node.name).collect::<Vec<_>>(), ["lone", "site"]);
        assert_eq!(nodes[1].children[0].name, "pump");
    }

    #[test]
    fn names_are_escaped_at_every_depth() {
        let child = leaf("<b>x</b>");
        let node = PlaceNode { children: vec![child], ..leaf("a & b") };
        let html = node.render().unwrap();
        assert!(html.contains("a &#38; b") && html.contains("&#60;b&#62;x"), "{html}");
        assert!(!html.contains("<b>"));
    }
}
