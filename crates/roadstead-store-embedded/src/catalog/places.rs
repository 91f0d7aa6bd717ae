//! Spaces and assets: the tree in which things stand.

use roadstead_guard::{Facts, Manage, Permit};
use roadstead_model::{Asset, AssetId, Name, Resource, Space, SpaceId};
use roadstead_store::{AssetChange, Move, SpaceChange, StoreError};
use sqlx::{Sqlite, query, query_as, query_scalar};

use super::draft::{Draft, Query};
use super::load;
use super::rows::node;

/// How many spaces can be part of one another. The guard looks at no more than 64 nodes.
const DEEPEST: usize = 32;

const SPACES_SO_CALLED: &str = "SELECT COUNT(*) FROM spaces WHERE parent = $1 AND name = $2";
const ASSETS_SO_CALLED: &str = "SELECT COUNT(*) FROM assets WHERE parent = $1 AND name = $2";

pub(super) async fn create_space(
    draft: &mut Draft<'_>,
    permit: Permit<Manage, Resource>,
    name: Name,
    class: Name,
) -> Result<Space, StoreError> {
    let parent = permit.resource();
    may_hold_places(draft, parent, 1)?;
    is_no_twin(draft, ASSETS_SO_CALLED, ("an asset", parent, &name)).await?;
    let space = Space { id: draft.next_id(permit.tenant()).await?, name, parent, class };
    let kept =
        query("INSERT INTO spaces (id, tenant, parent, name, class) VALUES ($1,$2,$3,$4,$5)")
            .bind(space.id.sql())
            .bind(space.id.tenant().sql())
            .bind(node(parent))
            .bind(space.name.to_string())
            .bind(space.class.to_string());
    draft.name(("a space", space.name.as_str()), kept).await?;
    draft.then({
        let row = space.clone();
        move |open| open.put_space(row)
    });
    Ok(space)
}

pub(super) async fn create_asset(
    draft: &mut Draft<'_>,
    permit: Permit<Manage, Resource>,
    name: Name,
) -> Result<Asset, StoreError> {
    let parent = permit.resource();
    may_hold_places(draft, parent, 1)?;
    is_no_twin(draft, SPACES_SO_CALLED, ("a space", parent, &name)).await?;
    let asset = Asset { id: draft.next_id(permit.tenant()).await?, name, parent };
    let kept = query("INSERT INTO assets (id, tenant, parent, name) VALUES ($1, $2, $3, $4)")
        .bind(asset.id.sql())
        .bind(asset.id.tenant().sql())
        .bind(node(parent))
        .bind(asset.name.to_string());
    draft.name(("an asset", asset.name.as_str()), kept).await?;
    draft.then({
        let row = asset.clone();
        move |open| open.put_asset(row)
    });
    Ok(asset)
}

pub(super) async fn change_space(
    draft: &mut Draft<'_>,
    permit: Permit<Manage, SpaceId>,
    change: SpaceChange,
) -> Result<Space, StoreError> {
    let id = permit.resource();
    let before = query_as::<Sqlite, load::SpaceRow>(
        "SELECT id, parent, name, class FROM spaces WHERE id = $1",
    );
    let before = before.bind(id.sql()).fetch_optional(draft.sql()).await;
    let before = before.map_err(StoreError::failed)?.ok_or(StoreError::Missing("space"))?;
    let mut space = load::space(before)?;
    if let Some(moved) = change.moved {
        let levels = levels(draft, id).await?;
        space.parent = new_parent(draft, (id.into(), space.parent), (moved, levels))?;
    }
    space.name = change.name.unwrap_or(space.name);
    space.class = change.class.unwrap_or(space.class);
    is_no_twin(draft, ASSETS_SO_CALLED, ("an asset", space.parent, &space.name)).await?;
    let kept = query("UPDATE spaces SET parent = $2, name = $3, class = $4 WHERE id = $1")
        .bind(id.sql())
        .bind(node(space.parent))
        .bind(space.name.to_string())
        .bind(space.class.to_string());
    draft.name(("a space", space.name.as_str()), kept).await?;
    draft.then({
        let row = space.clone();
        move |open| open.put_space(row)
    });
    Ok(space)
}

pub(super) async fn change_asset(
    draft: &mut Draft<'_>,
    permit: Permit<Manage, AssetId>,
    change: AssetChange,
) -> Result<Asset, StoreError> {
    let id = permit.resource();
    let before =
        query_as::<Sqlite, load::AssetRow>("SELECT id, parent, name FROM assets WHERE id = $1");
    let before = before.bind(id.sql()).fetch_optional(draft.sql()).await;
    let before = before.map_err(StoreError::failed)?.ok_or(StoreError::Missing("asset"))?;
    let mut asset = load::asset(before)?;
    if let Some(moved) = change.moved {
        asset.parent = new_parent(draft, (id.into(), asset.parent), (moved, 1))?;
    }
    asset.name = change.name.unwrap_or(asset.name);
    is_no_twin(draft, SPACES_SO_CALLED, ("a space", asset.parent, &asset.name)).await?;
    let kept = query("UPDATE assets SET parent = $2, name = $3 WHERE id = $1")
        .bind(id.sql())
        .bind(node(asset.parent))
        .bind(asset.name.to_string());
    draft.name(("an asset", asset.name.as_str()), kept).await?;
    draft.then({
        let row = asset.clone();
        move |open| open.put_asset(row)
    });
    Ok(asset)
}

/// Where a place comes to stand: not within itself, and only out of where its mover may take it.
fn new_parent(
    draft: &Draft<'_>,
    (place, before): (Resource, Resource),
    (moved, levels): (Move, usize),
) -> Result<Resource, StoreError> {
    let to = moved.to.resource();
    if moved.from.resource() != before || to.tenant() != place.tenant() {
        return Err(StoreError::Missing("place"));
    }
    may_hold_places(draft, to, levels)?;
    if std::iter::successors(Some(to), |at| draft.directory.parent(*at)).any(|at| at == place) {
        return Err(StoreError::InUse(
            "a space cannot become part of itself: choose another place",
        ));
    }
    Ok(to)
}

/// How many levels of places a space is with all in it.
async fn levels(draft: &mut Draft<'_>, space: SpaceId) -> Result<usize, StoreError> {
    let deepest = "WITH RECURSIVE inside (id, level) AS (
            SELECT id, 1 FROM spaces WHERE id = $1
            UNION ALL
            SELECT places.id, inside.level + 1 FROM inside JOIN (
                SELECT id, parent FROM spaces UNION ALL SELECT id, parent FROM assets
            ) AS places ON places.parent = inside.id)
        SELECT CAST(MAX(level) AS BIGINT) FROM inside";
    Ok(usize::try_from(draft.count(deepest, space.sql()).await?).unwrap_or(usize::MAX))
}

/// Spaces and assets stand below a tenant or a space that is still there, and not too deep.
fn may_hold_places(draft: &Draft<'_>, parent: Resource, levels: usize) -> Result<(), StoreError> {
    match parent {
        Resource::Tenant(_) | Resource::Space(_) => draft.stands(parent, "space")?,
        Resource::Asset(_) | Resource::Device(_) | Resource::Sensor(_) => {
            return Err(StoreError::InUse(
                "only an organisation or a space can hold spaces and assets",
            ));
        }
    }
    let above = std::iter::successors(Some(parent), |at| draft.directory.parent(*at));
    if above.count() + levels > DEEPEST + 1 {
        return Err(StoreError::Limit { what: "levels of spaces", limit: DEEPEST });
    }
    Ok(())
}

/// A space and an asset side by side cannot share a name: topics tell places by name alone.
async fn is_no_twin(
    draft: &mut Draft<'_>,
    twins: &'static str,
    (what, parent, name): (&'static str, Resource, &Name),
) -> Result<(), StoreError> {
    let twins = query_scalar::<Sqlite, i64>(twins).bind(node(parent)).bind(name.to_string());
    match twins.fetch_one(draft.sql()).await.map_err(StoreError::failed)? {
        0 => Ok(()),
        _ => Err(StoreError::NameTaken { what, name: name.to_string() }),
    }
}

pub(super) async fn remove_space(
    draft: &mut Draft<'_>,
    permit: Permit<Manage, SpaceId>,
) -> Result<(), StoreError> {
    let id = permit.resource();
    let inside = "SELECT (SELECT COUNT(*) FROM spaces WHERE parent = $1)
        + (SELECT COUNT(*) FROM assets WHERE parent = $1)
        + (SELECT COUNT(*) FROM devices WHERE parent = $1)";
    if draft.count(inside, id.sql()).await? > 0 {
        return Err(StoreError::InUse(
            "the space is not empty: move or remove what stands in it first",
        ));
    }
    let gone = query("DELETE FROM spaces WHERE id = $1").bind(id.sql());
    remove(draft, id.into(), ("space", gone)).await
}

pub(super) async fn remove_asset(
    draft: &mut Draft<'_>,
    permit: Permit<Manage, AssetId>,
) -> Result<(), StoreError> {
    let id = permit.resource();
    let inside = "SELECT COUNT(*) FROM devices WHERE parent = $1";
    if draft.count(inside, id.sql()).await? > 0 {
        return Err(StoreError::InUse("the asset still has devices: move or remove them first"));
    }
    let gone = query("DELETE FROM assets WHERE id = $1").bind(id.sql());
    remove(draft, id.into(), ("asset", gone)).await
}

async fn remove(
    draft: &mut Draft<'_>,
    place: Resource,
    (what, gone): (&'static str, Query),
) -> Result<(), StoreError> {
    draft.must(what, gone).await?;
    let grants = query("DELETE FROM grants WHERE resource = $1").bind(node(place));
    draft.run(grants).await?;
    draft.then(move |open| open.remove(place));
    Ok(())
}
