//! An organisation begins: a link waits, is used once, and makes a tenant with its owner.

use roadstead_guard::{ClaimProof, Credential, CredentialKind, Digest, Operator};
use roadstead_model::{
    CredentialId, Grant, GrantId, Person, PersonId, Principal, Role, Tenant, Timestamp,
};
use roadstead_store::{NewTenant, StoreError};
use sqlx::{Sqlite, SqliteConnection, query, query_scalar};

use super::draft::Draft;
use super::rows::{hex, number};
use super::{credentials, grants};

pub(super) async fn invite(
    draft: &mut Draft<'_>,
    operator: Operator,
    link: Digest,
    expires: Timestamp,
) -> Result<(), StoreError> {
    let kept = query("INSERT INTO claim_links (digest, made_by, expires) VALUES ($1, $2, $3)")
        .bind(hex(&link.0))
        .bind(i64::from(operator.uid()))
        .bind(number(expires));
    draft.run(kept).await?;
    Ok(())
}

/// Keeps the link that a start prints, in place of the links of earlier starts.
pub(super) async fn invite_first(
    draft: &mut Draft<'_>,
    operator: Operator,
    link: Digest,
    expires: Timestamp,
) -> Result<(), StoreError> {
    withdraw_first(draft).await?;
    let kept = query(
        "INSERT INTO claim_links (digest, made_by, expires, at_start)
         SELECT $1, $2, $3, 1 WHERE NOT EXISTS (SELECT 1 FROM tenants)",
    );
    let kept = kept.bind(hex(&link.0)).bind(i64::from(operator.uid())).bind(number(expires));
    draft.must("unclaimed server: it was claimed by now", kept).await
}

/// Links of starts that nobody used are for the first claim alone.
async fn withdraw_first(draft: &mut Draft<'_>) -> Result<(), StoreError> {
    let unused = query("DELETE FROM claim_links WHERE at_start = 1 AND used_at IS NULL");
    draft.run(unused).await?;
    Ok(())
}

pub(super) async fn awaits(
    sql: &mut SqliteConnection,
    link: Digest,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let waiting = query_scalar::<Sqlite, i64>(
        "SELECT COUNT(*) FROM claim_links WHERE digest = $1 AND used_at IS NULL AND expires > $2",
    );
    let waiting = waiting.bind(hex(&link.0)).bind(number(now)).fetch_one(sql).await;
    waiting.map(|count| count > 0).map_err(StoreError::failed)
}

pub(super) async fn awaits_any(
    sql: &mut SqliteConnection,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let waiting = query_scalar::<Sqlite, i64>(
        "SELECT COUNT(*) FROM claim_links WHERE used_at IS NULL AND expires > $1",
    );
    let waiting = waiting.bind(number(now)).fetch_one(sql).await;
    waiting.map(|count| count > 0).map_err(StoreError::failed)
}

pub(super) async fn claim(
    draft: &mut Draft<'_>,
    proof: ClaimProof,
    new: NewTenant,
) -> Result<(Tenant, Person), StoreError> {
    let used = query(
        "UPDATE claim_links SET used_at = $2
         WHERE digest = $1 AND used_at IS NULL AND expires > $2",
    );
    let used = used.bind(hex(&proof.digest().0)).bind(number(new.now));
    draft.must("claim link: it was used, or has ended", used).await?;
    withdraw_first(draft).await?;
    let tenant = make_tenant(draft, &new).await?;
    let id: PersonId = draft.next_id(tenant.id).await?;
    let person = Person { id, email: new.email.clone(), created: new.now };
    grants::keep_person(draft, &person).await?;
    let id = draft.next_id(tenant.id).await?;
    credentials::keep_password(draft, (person.id, id), new.password, new.now).await?;
    let id: GrantId = draft.next_id(tenant.id).await?;
    let grant = Grant {
        id,
        principal: Principal::Person(person.id),
        role: Role::Owner,
        resource: tenant.id.into(),
        expires: None,
        reason: "claimed the tenant".to_owned(),
    };
    grants::keep(draft, &grant).await?;
    Ok((tenant, person))
}

async fn make_tenant(draft: &mut Draft<'_>, new: &NewTenant) -> Result<Tenant, StoreError> {
    let id = draft.next_tenant().await?;
    let tenant = Tenant { id, name: new.name.clone(), created: new.now };
    let kept = query("INSERT INTO tenants (id, name, created) VALUES ($1, $2, $3)")
        .bind(tenant.id.sql())
        .bind(tenant.name.to_string())
        .bind(number(tenant.created));
    draft.name(("an organisation", tenant.name.as_str()), kept).await?;
    draft.then({
        let row = tenant.clone();
        move |open| open.put_tenant(row)
    });
    Ok(tenant)
}

/// A password's credential: it signs in, and proves nothing by itself.
pub(super) fn of_password(id: CredentialId, person: PersonId, now: Timestamp) -> Credential {
    Credential {
        id,
        principal: Principal::Person(person),
        kind: CredentialKind::Password,
        digest: credentials::noise(id),
        label: "password".to_owned(),
        created: now,
        expires: None,
        limit: 0,
        last_used: None,
    }
}
