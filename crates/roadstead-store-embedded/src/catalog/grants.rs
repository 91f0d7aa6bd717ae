//! Who there is, and who may do what.

use roadstead_guard::{Facts, Manage, Permit};
use roadstead_model::{
    Email, Grant, GrantId, Person, Principal, Resource, Role, TenantId, Timestamp,
};
use roadstead_store::{NewGrant, StoreError};
use sqlx::{Sqlite, query, query_scalar};

use super::draft::Draft;
use super::rows::{node, number, role_name, who};

pub(super) async fn add_person(
    draft: &mut Draft<'_>,
    permit: Permit<Manage, TenantId>,
    email: Email,
    now: Timestamp,
) -> Result<Person, StoreError> {
    draft.stands(permit.resource().into(), "organisation")?;
    let id = draft.next_id(permit.tenant()).await?;
    let person = Person { id, email, created: now };
    keep_person(draft, &person).await?;
    Ok(person)
}

pub(super) async fn keep_person(draft: &mut Draft<'_>, row: &Person) -> Result<(), StoreError> {
    let kept = query("INSERT INTO people (id, tenant, email, created) VALUES ($1, $2, $3, $4)")
        .bind(row.id.sql())
        .bind(row.id.tenant().sql())
        .bind(row.email.to_string())
        .bind(number(row.created));
    draft.name(("a person", row.email.as_str()), kept).await?;
    let row = row.clone();
    draft.then(move |open| open.put_person(row));
    Ok(())
}

pub(super) async fn give(
    draft: &mut Draft<'_>,
    permit: Permit<Manage, Resource>,
    new: NewGrant,
) -> Result<Grant, StoreError> {
    draft.stands(permit.resource(), "thing")?;
    let own = new.principal.tenant() == permit.tenant();
    if !own || draft.directory.called(new.principal).is_none() {
        return Err(StoreError::Missing("person or device"));
    }
    let grant = Grant {
        id: draft.next_id(permit.tenant()).await?,
        principal: new.principal,
        role: new.role,
        resource: permit.resource(),
        expires: new.expires,
        reason: new.reason,
    };
    keep(draft, &grant).await?;
    Ok(grant)
}

pub(super) async fn keep(draft: &mut Draft<'_>, row: &Grant) -> Result<(), StoreError> {
    let kept = query(
        "INSERT INTO grants (id, tenant, principal, role, resource, expires, reason)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    );
    let kept = kept
        .bind(row.id.sql())
        .bind(row.id.tenant().sql())
        .bind(who(row.principal))
        .bind(role_name(row.role))
        .bind(node(row.resource))
        .bind(row.expires.map(number))
        .bind(row.reason.clone());
    draft.run(kept).await?;
    let row = row.clone();
    draft.then(move |open| open.put_grant(row));
    Ok(())
}

pub(super) async fn end(
    draft: &mut Draft<'_>,
    permit: Permit<Manage, Resource>,
    id: GrantId,
) -> Result<(), StoreError> {
    let principal =
        query_scalar::<Sqlite, i64>("SELECT principal FROM grants WHERE id = $1 AND resource = $2");
    let principal = principal.bind(id.sql()).bind(node(permit.resource()));
    let principal = principal.fetch_optional(draft.sql()).await.map_err(StoreError::failed)?;
    let principal = principal.and_then(|stored| Principal::from_integer(stored.cast_unsigned()));
    let held = principal.map(|principal| draft.directory.grants(principal)).unwrap_or_default();
    let grant = held.into_iter().find(|grant| grant.id == id);
    let grant = grant.ok_or(StoreError::Missing("grant"))?;
    keeps_an_owner(draft, &grant).await?;
    drop_row(draft, grant).await
}

/// An organisation without an owner could never be changed again: not even the operator may.
async fn keeps_an_owner(draft: &mut Draft<'_>, going: &Grant) -> Result<(), StoreError> {
    let (Role::Owner, Resource::Tenant(tenant)) = (going.role, going.resource) else {
        return Ok(());
    };
    let others = query_scalar::<Sqlite, i64>(
        "SELECT COUNT(*) FROM grants JOIN people ON people.id = grants.principal
         WHERE grants.resource = $1 AND grants.role = 'owner' AND grants.expires IS NULL
         AND grants.id <> $2",
    );
    let others = others.bind(tenant.sql()).bind(going.id.sql());
    match others.fetch_one(draft.sql()).await.map_err(StoreError::failed)? {
        0 => Err(StoreError::InUse(
            "this is the organisation's last lasting owner: make another person owner first",
        )),
        _ => Ok(()),
    }
}

pub(super) async fn drop_row(draft: &mut Draft<'_>, grant: Grant) -> Result<(), StoreError> {
    let gone = query("DELETE FROM grants WHERE id = $1").bind(grant.id.sql());
    draft.must("grant", gone).await?;
    draft.then(move |open| open.remove_grant(&grant));
    Ok(())
}
