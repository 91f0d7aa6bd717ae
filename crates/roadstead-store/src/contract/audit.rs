//! What every audit log must do.

use std::sync::Arc;

use roadstead_guard::{Audit as Reading, Permit, Read};
use roadstead_model::{Role, TenantId};
use serde_json::{Value, json};

use super::site::{Open, Site};
use crate::{AuditEntry, Outcome};

async fn recent(site: &Site, limit: usize) -> Vec<Value> {
    let permit: Permit<Reading, TenantId> = site.permit(site.tenant.id);
    site.log.recent(&permit, limit).await.expect("the log is read")
}

/// An entry is there, whole, as soon as it is recorded, and after a restart.
pub async fn an_entry_is_there_when_it_is_recorded(open: Open<'_>) {
    let site = Site::new(open).await;
    let pump = site.device(&site.root(), "pump").await.expect("free");
    let entry = AuditEntry::of(&site.owner, site.now(), "device.create").on(pump.id);
    let entry = entry.saying(json!({ "name": "pump" })).ended(Outcome::Failed);
    site.log.record(entry).await.expect("recorded");
    let check = |site: &Site, shown: Vec<Value>| {
        assert_eq!(shown.len(), 1, "{shown:?}");
        let entry = &shown[0];
        assert_eq!(entry["time"], json!(site.now()));
        assert_eq!(entry["action"], "device.create");
        assert_eq!(entry["outcome"], "failed");
        assert_eq!(entry["door"], "https");
        assert_eq!(entry["detail"], json!({ "name": "pump" }));
        assert_eq!(entry["credential"], json!(site.owner.credential()));
        let principal = json!({ "id": site.person.id, "name": site.person.email });
        assert_eq!(entry["principal"], principal);
        assert_eq!(entry["resource"], json!({ "id": pump.id, "name": "pump" }));
    };
    check(&site, recent(&site, 10).await);
    let site = site.restarted(open).await;
    check(&site, recent(&site, 10).await);
}

/// Entries come newest first, as many as wanted, with numbers that leave no gap.
pub async fn entries_are_numbered_without_a_gap(open: Open<'_>) {
    let site = Arc::new(Site::new(open).await);
    let mut racing = tokio::task::JoinSet::new();
    for number in 0..20 {
        let site = Arc::clone(&site);
        racing.spawn(async move {
            let entry = AuditEntry::of(&site.owner, site.now(), "test.deed");
            site.log.record(entry.saying(json!(number))).await.expect("recorded");
        });
    }
    racing.join_all().await;
    let shown = recent(&site, 100).await;
    let numbers: Vec<_> = shown.iter().filter_map(|entry| entry["sequence"].as_i64()).collect();
    let newest = numbers[0];
    assert_eq!(numbers, (newest - 19..=newest).rev().collect::<Vec<_>>());
    let mut said: Vec<_> = shown.iter().filter_map(|entry| entry["detail"].as_i64()).collect();
    said.sort_unstable();
    assert_eq!(said, (0..20).collect::<Vec<_>>(), "each deed has its entry");
    assert_eq!(recent(&site, 5).await, shown[..5]);
}

/// A log shows its own tenant's entries: no neighbour's, and not the server's own.
pub async fn a_log_shows_its_own_tenant_alone(open: Open<'_>) {
    let site = Site::new(open).await;
    let other = site.neighbour("Lagoon").await;
    site.log.record(AuditEntry::of(&site.owner, site.now(), "test.here")).await.expect("recorded");
    site.log
        .record(AuditEntry::of(&other.owner, site.now(), "test.there"))
        .await
        .expect("recorded");
    let operator = site.guard.operator(7);
    let own = AuditEntry::of_operator(operator, site.now(), "tenant.invite");
    site.log.record(own).await.expect("recorded");
    let shown = recent(&site, 10).await;
    assert_eq!(shown.iter().map(|entry| &entry["action"]).collect::<Vec<_>>(), ["test.here"]);
    let shown = recent(&other, 10).await;
    assert_eq!(shown.iter().map(|entry| &entry["action"]).collect::<Vec<_>>(), ["test.there"]);
}

/// What is gone keeps its entries, by id alone.
pub async fn entries_outlive_what_they_are_about(open: Open<'_>) {
    let site = Site::new(open).await;
    let pump = site.device(&site.root(), "pump").await.expect("free").id;
    site.give(roadstead_model::Principal::Device(pump), Role::Viewer, pump.into())
        .await
        .expect("given");
    let caller = site.device_caller(pump).await;
    let _seen = site.guard.permit::<Read, _>(&caller, pump).expect("itself");
    site.log
        .record(AuditEntry::of(&caller, site.now(), "test.deed").on(pump))
        .await
        .expect("recorded");
    site.catalog.remove_device(&site.permit(pump)).await.expect("there");
    let shown = recent(&site, 1).await.remove(0);
    assert_eq!(shown["resource"], json!({ "id": pump, "name": null }));
    assert_eq!(shown["principal"], json!({ "id": pump, "name": null }));
}

/// A refused try at another tenant's thing is in the log, and tells nothing of that thing.
pub async fn a_log_names_nothing_of_another_tenant(open: Open<'_>) {
    let site = Site::new(open).await;
    let other = site.neighbour("Lagoon").await;
    let foreign = other.device(&other.root(), "secret").await.expect("free").id;
    let tried = AuditEntry::of(&site.owner, site.now(), "device.remove").on(foreign);
    site.log.record(tried.ended(Outcome::Refused)).await.expect("recorded");
    let shown = recent(&site, 1).await.remove(0);
    assert_eq!(shown["resource"], json!({ "id": foreign, "name": null }));
}
