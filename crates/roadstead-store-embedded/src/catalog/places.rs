//! Spaces and assets: the tree in which things stand.

use roadstead_guard::{Facts, Manage, Permit};
use roadstead_model::{Asset, AssetId, Name, Resource, Space, SpaceId};
use roadstead_store::StoreError;
use sqlx::{Sqlite, query, query_scalar};

use super::draft::{Draft, Query};
use super::rows::node;

/// How many spaces can be part of one another. The guard looks at no more than 64 nodes.
const DEEPEST: usize = 32;

pub(super) async fn create_space(
    draft: &mut Draft<'_>,
    permit: Permit<Manage, Resource>,
    name: Name,
    class: Name,
) -> Result<Space, StoreError> {
    let parent = permit.resource();
    may_hold_places(draft, parent)?;
    let twins = "SELECT COUNT(*) FROM assets WHERE parent = $1 AND name = $2";
    is_no_twin(draft, twins, ("an asset", parent, &name)).await?;
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
    may_hold_places(draft, parent)?;
    let twins = "SELECT COUNT(*) FROM spaces WHERE parent = $1 AND name = $2";
    is_no_twin(draft, twins, ("a space", parent, &name)).await?;
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

/// Spaces and assets stand below a tenant or a space that is still there, and not too deep.
fn may_hold_places(draft: &Draft<'_>, parent: Resource) -> Result<(), StoreError> {
    match parent {
        Resource::Tenant(_) | Resource::Space(_) => draft.stands(parent, "space")?,
        Resource::Asset(_) | Resource::Device(_) | Resource::Sensor(_) => {
            return Err(StoreError::InUse(
                "only an organisation or a space can hold spaces and assets",
            ));
        }
    }
    let above = std::iter::successors(Some(parent), |at| draft.directory.parent(*at));
    if above.count() > DEEPEST {
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
