//! One space or asset: renamed, moved, removed.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use roadstead_guard::{Manage, Read};
use roadstead_model::{AssetId, Name, Resource, SpaceId};
use roadstead_services::{AssetChange, ServiceError, SpaceChange};
use serde::Deserialize;

use super::frame::{Choice, Field, Page, Say, go_to, sentence, show};
use super::places::{CLASSES, Manageable, TOP, reason};
use super::rows::Surroundings;
use super::session::{Nothing, Posted, Signed};
use crate::App;
use crate::api::moved;
use crate::auth::Visitor;
use crate::problem::Problem;

/// The forms for one place.
#[derive(Template)]
#[template(path = "place.html")]
struct PlacePage {
    page: Page,
    id: String,
    /// `space` or `asset`.
    sort: &'static str,
    title: String,
    path: String,
    name: Field,
    /// Empty for an asset.
    kinds: Vec<Choice>,
    parents: Vec<Choice>,
    /// Why it was not removed.
    refused: Option<String>,
}

/// What the form has.
#[derive(Deserialize)]
pub(crate) struct PlaceForm {
    name: String,
    kind: Option<String>,
    parent: String,
}

/// A space or an asset, as it is.
struct Standing {
    node: Resource,
    name: Name,
    /// A space's class.
    class: Option<Name>,
    parent: Resource,
}

/// Shows the forms.
pub(crate) async fn place(
    State(app): State<App>,
    Path(place): Path<String>,
    Query(say): Query<Say>,
    Signed(visitor): Signed,
) -> Result<Response, Problem> {
    let mut page = PlacePage::of(&app, &visitor, &standing(&app, &visitor, &place)?)?;
    page.page = page.page.saying(&say);
    show(StatusCode::OK, &page)
}

/// Renames or moves a place with all in it.
pub(crate) async fn change(
    State(app): State<App>,
    Path(place): Path<String>,
    Posted { visitor, form }: Posted<PlaceForm>,
) -> Result<Response, Problem> {
    let before = standing(&app, &visitor, &place)?;
    let Err(error) = change_as_told(&app, &visitor, (&before, &form)).await else {
        return Ok(go_to("/places?notice=place-changed"));
    };
    let (status, why) = reason(error)?;
    let mut page = PlacePage::of(&app, &visitor, &before)?;
    page.name = Field::wrong(&form.name, why);
    show(status, &page)
}

async fn change_as_told(
    app: &App,
    visitor: &Visitor,
    (before, form): (&Standing, &PlaceForm),
) -> Result<(), ServiceError> {
    let invalid = |why: String| ServiceError::Invalid(why);
    let name = form.name.trim().parse::<Name>();
    let name = Some(name.map_err(|bad| invalid(format!("{bad}")))?);
    let scope = app.guard.scope::<Read>(&visitor.caller)?;
    let moved = moved(app, &scope, (before.parent, Some(&form.parent)));
    let moved = moved.map_err(|problem| invalid(problem.detail().to_owned()))?;
    match before.node {
        Resource::Space(id) => {
            let class = form.kind.as_deref().map(str::parse).transpose();
            let class = class.map_err(|bad: roadstead_model::BadName| invalid(bad.to_string()))?;
            let permit = app.guard.permit::<Manage, SpaceId>(&visitor.caller, id)?;
            let change = SpaceChange { name, class, moved };
            app.things.change_space(&permit, change).await.map(drop)
        }
        Resource::Asset(id) => {
            let permit = app.guard.permit::<Manage, AssetId>(&visitor.caller, id)?;
            app.things.change_asset(&permit, AssetChange { name, moved }).await.map(drop)
        }
        Resource::Tenant(_) | Resource::Device(_) | Resource::Sensor(_) => {
            Err(ServiceError::Missing("place"))
        }
    }
}

/// Removes an empty place.
pub(crate) async fn delete(
    State(app): State<App>,
    Path(place): Path<String>,
    Posted { visitor, .. }: Posted<Nothing>,
) -> Result<Response, Problem> {
    let before = standing(&app, &visitor, &place)?;
    let removed = match before.node {
        Resource::Space(id) => {
            app.things.remove_space(&app.guard.permit(&visitor.caller, id)?).await
        }
        Resource::Asset(id) => {
            app.things.remove_asset(&app.guard.permit(&visitor.caller, id)?).await
        }
        Resource::Tenant(_) | Resource::Device(_) | Resource::Sensor(_) => {
            return Err(Problem::not_found());
        }
    };
    let Err(error) = removed else { return Ok(go_to("/places?notice=place-removed")) };
    let (status, why) = reason(error)?;
    let mut page = PlacePage::of(&app, &visitor, &before)?;
    page.refused = Some(sentence(&why));
    show(status, &page)
}

/// Finds a space or asset that the visitor manages.
fn standing(app: &App, visitor: &Visitor, text: &str) -> Result<Standing, Problem> {
    let node: Resource = text.parse().map_err(|_| Problem::not_found())?;
    let _permit = app.guard.permit::<Manage, Resource>(&visitor.caller, node)?;
    let directory = app.things.directory();
    match node {
        Resource::Space(id) => {
            let seen = app.guard.permit::<Read, _>(&visitor.caller, id)?;
            let row = directory.space(&seen).ok_or_else(Problem::not_found)?;
            Ok(Standing { node, name: row.name, class: Some(row.class), parent: row.parent })
        }
        Resource::Asset(id) => {
            let seen = app.guard.permit::<Read, _>(&visitor.caller, id)?;
            let row = directory.asset(&seen).ok_or_else(Problem::not_found)?;
            Ok(Standing { node, name: row.name, class: None, parent: row.parent })
        }
        Resource::Tenant(_) | Resource::Device(_) | Resource::Sensor(_) => {
            Err(Problem::not_found())
        }
    }
}

impl PlacePage {
    fn of(app: &App, visitor: &Visitor, row: &Standing) -> Result<Self, Problem> {
        let scope = app.guard.scope::<Read>(&visitor.caller)?;
        let around = Surroundings::of(app, &scope);
        let directory = app.things.directory();
        let may = Manageable { app, visitor, around: &around };
        let inside = |choice: &Choice| {
            let node = choice.value.parse::<Resource>();
            node.is_ok_and(|node| directory.is_below(&scope, node, row.node))
        };
        let mut parents = may.with_present(may.spaces(TOP, ""), row.parent);
        parents.retain(|choice| !inside(choice));
        Ok(Self {
            page: Page::new(app, row.name.as_str(), "places", Some(visitor)),
            id: row.node.to_string(),
            sort: if row.class.is_some() { "space" } else { "asset" },
            title: row.name.to_string(),
            path: around.path(row.parent),
            name: Field::typed(row.name.as_str()),
            kinds: row.class.as_ref().map(|class| kinds(class.as_str())).unwrap_or_default(),
            parents,
            refused: None,
        })
    }
}

/// The usual classes, and the present one if it is another.
fn kinds(present: &str) -> Vec<Choice> {
    let other = (!CLASSES.contains(&present)).then_some(present);
    let all = CLASSES.into_iter().chain(other);
    all.map(|class| Choice::new(class, class, present)).collect()
}
