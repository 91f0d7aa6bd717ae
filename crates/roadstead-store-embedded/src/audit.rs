//! The audit log as rows that are only ever added.

use roadstead_guard::Permit;
use roadstead_model::TenantId;
use roadstead_store::{Audit, AuditEntry, Directory, Later, StoreError};
use serde_json::{Value, json};
use sqlx::{FromRow, Sqlite, query, query_as};

use crate::EmbeddedCatalog;
use crate::catalog::{Draft, rows};

/// More entries are never answered at once.
const MOST: usize = 1000;
const TABLE: &str = "audit";

type AuditPermit = Permit<roadstead_guard::Audit, TenantId>;

impl Audit for EmbeddedCatalog {
    fn record(&self, entry: AuditEntry) -> Later<'_, Result<(), StoreError>> {
        self.write(move |draft| Box::pin(append(draft, entry)))
    }

    fn recent<'a>(
        &'a self,
        permit: &'a AuditPermit,
        limit: usize,
    ) -> Later<'a, Result<Vec<Value>, StoreError>> {
        Box::pin(async move {
            let entries = query_as::<Sqlite, Row>(
                "SELECT sequence, time, principal, credential, address, door, action, resource,
                 outcome, detail FROM audit WHERE tenant = $1 ORDER BY sequence DESC LIMIT $2",
            );
            let most = i64::try_from(limit.min(MOST)).map_err(StoreError::failed)?;
            let entries = entries.bind(permit.tenant().sql()).bind(most);
            let entries = entries.fetch_all(&mut *self.reading().await).await;
            let entries = entries.map_err(StoreError::failed)?.into_iter();
            entries.map(|row| shown(&row, self.known(), permit)).collect()
        })
    }
}

/// Each entry has the number after the newest one's: a missing one would show.
async fn append(draft: &mut Draft<'_>, entry: AuditEntry) -> Result<(), StoreError> {
    let kept = query(
        "INSERT INTO audit (sequence, time, tenant, principal, credential, address, door, action,
         resource, outcome, detail)
         SELECT COALESCE(MAX(sequence), 0) + 1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10
         FROM audit",
    );
    let kept = kept
        .bind(rows::number(entry.time))
        .bind(entry.tenant.map(TenantId::sql))
        .bind(entry.principal.map(rows::who))
        .bind(entry.credential.map(roadstead_model::CredentialId::sql))
        .bind(entry.origin.address.map(|address| address.to_canonical().to_string()))
        .bind(entry.origin.door.name())
        .bind(entry.action)
        .bind(entry.resource.map(rows::node))
        .bind(entry.outcome.name())
        .bind(entry.detail.to_string());
    draft.run(kept).await?;
    Ok(())
}

#[derive(FromRow)]
struct Row {
    sequence: i64,
    time: i64,
    principal: Option<i64>,
    credential: Option<i64>,
    address: Option<String>,
    door: String,
    action: String,
    resource: Option<i64>,
    outcome: String,
    detail: String,
}

/// An entry as its readers see it. Names are today's; what is gone has its id alone.
fn shown(row: &Row, names: &Directory, permit: &AuditPermit) -> Result<Value, StoreError> {
    let principal = row.principal.map(|who| rows::principal(TABLE, who)).transpose()?;
    let principal = principal.map(|id| named(&id, names.audit_name(permit, id).as_deref()));
    let resource = row.resource.map(|what| rows::resource(TABLE, what)).transpose()?;
    let resource = resource.map(|id| named(&id, names.audit_thing(permit, id).as_deref()));
    let credential = row.credential.map(|id| rows::id(TABLE, id)).transpose()?;
    let credential: Option<roadstead_model::CredentialId> = credential;
    let detail: Value =
        serde_json::from_str(&row.detail).map_err(|error| rows::odd(TABLE, &error))?;
    Ok(json!({
        "sequence": row.sequence,
        "time": rows::time(TABLE, row.time)?,
        "principal": principal,
        "credential": credential,
        "address": row.address,
        "door": row.door,
        "action": row.action,
        "resource": resource,
        "outcome": row.outcome,
        "detail": detail,
    }))
}

fn named(id: &impl ToString, name: Option<&str>) -> Value {
    json!({ "id": id.to_string(), "name": name })
}
