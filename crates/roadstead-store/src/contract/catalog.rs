//! What every catalog must do. Each backend's tests call these with a fresh store each.

pub mod changes; // places, types and sensors are changed, moved and made by hand
pub mod rights; // credentials, passwords and grants
pub mod things; // spaces, assets, device types, devices and sensors

use std::sync::Arc;
use std::time::Duration;

use roadstead_guard::{Audit, Manage, Secret, Share};
use roadstead_model::{Clock, Principal, Resource, Role, TypeMode};

use super::site::{Open, Site, invite, name, new_tenant, sign_in, unclaimed};
use crate::StoreError;

/// A claim makes a tenant, an owner who can sign in, and the owner's grant.
pub async fn a_claim_makes_a_tenant_and_its_owner(open: Open<'_>) {
    let site = Site::new(open).await;
    assert!(site.catalog.directory().is_claimed());
    assert_eq!(site.tenant.name, name("Harbour"));
    assert_eq!(site.owner.principal(), Principal::Person(site.person.id));
    let tenant = site.tenant.id;
    let _permit = site.guard.permit::<Manage, _>(&site.owner, tenant).expect("an owner manages");
    let _permit = site.guard.permit::<Share, _>(&site.owner, tenant).expect("an owner shares");
    let _permit =
        site.guard.permit::<Audit, _>(&site.owner, tenant).expect("an owner reads the log");
    let grants = site.catalog.directory().grants_on(&site.root());
    assert_eq!(grants.iter().map(|grant| grant.role).collect::<Vec<_>>(), [Role::Owner]);
}

/// Of twenty who use one link at the same moment, one succeeds and nothing is left of the others.
pub async fn a_claim_link_works_once_however_many_hurry(open: Open<'_>) {
    let site = Site::new(open).await;
    let link = invite(&*site.catalog, &site.guard, &site.clock).await;
    let mut racing = tokio::task::JoinSet::new();
    for racer in 0..20 {
        let new = new_tenant(&site.guard, &format!("Racer {racer}"), site.now()).await;
        let proof = site.guard.claim_proof(&link);
        let catalog = Arc::clone(&site.catalog);
        racing.spawn(async move { catalog.claim(proof, new).await });
    }
    let ended = racing.join_all().await;
    let (won, lost): (Vec<_>, Vec<_>) = ended.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 19), "a link works once");
    for loser in lost {
        assert!(matches!(loser, Err(StoreError::Missing(_))), "{loser:?}");
    }
    assert_eq!(owners(&site), 2, "only the winner's tenant is there");
    assert_eq!(owners(&site.restarted(open).await), 2, "and so it is after a restart");
}

fn owners(site: &Site) -> usize {
    site.catalog.directory().owners(site.guard.operator(0)).len()
}

/// A link that has ended, or that nobody made, claims nothing.
pub async fn only_a_waiting_link_claims(open: Open<'_>) {
    let site = Site::new(open).await;
    let guard = &site.guard;
    let link = invite(&*site.catalog, guard, &site.clock).await;
    let unknown = Secret::presented("rsl_made-up");
    assert!(awaits(&site, &link).await);
    assert!(!awaits(&site, &unknown).await);
    assert!(site.catalog.awaits_any(site.now()).await.expect("awaits_any"));
    site.clock.advance(Duration::from_hours(24));
    assert!(!awaits(&site, &link).await, "a link ends at its last instant");
    assert!(!site.catalog.awaits_any(site.now()).await.expect("awaits_any"));
    for text in [&link, &unknown] {
        let new = new_tenant(guard, "Too late", site.now()).await;
        let claimed = site.catalog.claim(guard.claim_proof(text), new).await;
        assert!(matches!(claimed, Err(StoreError::Missing(_))), "{claimed:?}");
    }
    assert_eq!(owners(&site), 1);
}

async fn awaits(site: &Site, link: &Secret) -> bool {
    let proof = site.guard.claim_proof(link);
    site.catalog.awaits(&proof, site.now()).await.expect("awaits")
}

/// Each start's link ends those of earlier starts; the first claim ends them all, and no other links.
pub async fn links_of_starts_end_with_the_first_claim(open: Open<'_>) {
    let (stores, guard, clock) = unclaimed(open).await;
    let (catalog, operator) = (stores.catalog, guard.operator(0));
    let end = clock.now().after(Duration::from_hours(24));
    let (earlier, later) = (guard.mint("rsl"), guard.mint("rsl"));
    for link in [&earlier, &later] {
        catalog.invite_first(operator, link.digest, end).await.expect("nobody has claimed");
    }
    let proof = |link: &Secret| guard.claim_proof(link);
    let waits = async |link| catalog.awaits(&proof(link), clock.now()).await.expect("awaits");
    assert!(!waits(&earlier.secret).await, "the later start's link is in its place");
    assert!(waits(&later.secret).await);

    let (asked, further) =
        (invite(&*catalog, &guard, &clock).await, invite(&*catalog, &guard, &clock).await);
    let new = new_tenant(&guard, "Harbour", clock.now()).await;
    catalog.claim(proof(&asked), new).await.expect("the link waits");
    assert!(!waits(&later.secret).await, "the server is claimed");
    assert!(waits(&further).await, "the operator asked for this one");
    let refused = catalog.invite_first(operator, guard.mint("rsl").digest, end).await;
    assert!(matches!(refused, Err(StoreError::Missing(_))), "{refused:?}");
}

/// A claim that fails leaves nothing behind, and its link waits on.
pub async fn a_failed_claim_leaves_its_link_waiting(open: Open<'_>) {
    let site = Site::new(open).await;
    let link = invite(&*site.catalog, &site.guard, &site.clock).await;
    let taken = new_tenant(&site.guard, "Harbour", site.now()).await;
    let refused = site.catalog.claim(site.guard.claim_proof(&link), taken).await;
    assert!(matches!(refused, Err(StoreError::NameTaken { .. })), "{refused:?}");
    assert_eq!(owners(&site), 1);
    assert!(awaits(&site, &link).await, "the link was not used up");
    let free = new_tenant(&site.guard, "Lagoon", site.now()).await;
    let (tenant, person) = site
        .catalog
        .claim(site.guard.claim_proof(&link), free)
        .await
        .expect("another name is free");
    assert_ne!(tenant.id, site.tenant.id);
    assert_eq!(person.id.tenant(), tenant.id);
    assert!(!awaits(&site, &link).await, "now it was");
}

/// What was answered is there after a restart, with all that belongs to it.
pub async fn everything_is_there_after_a_restart(open: Open<'_>) {
    let site = Site::new(open).await;
    let tenant = site.permit(site.tenant.id);
    let shapes = vec![things::shape("power"), things::shape("energy")];
    let made =
        site.catalog.create_device_type(&tenant, name("meter"), TypeMode::Fixed, shapes).await;
    let device_type = Some(made.expect("the name is free").id);
    let hall = site.catalog.create_space(&site.root(), name("Hall"), name("Building")).await;
    let hall = site.permit(Resource::Space(hall.expect("the name is free").id));
    let rack = site.catalog.create_asset(&hall, name("Rack")).await.expect("the name is free");
    let rack = site.permit(rack.id.into());
    let new = crate::NewDevice { name: name("meter-1"), device_type, now: site.now() };
    let meter = site.catalog.create_device(&rack, new).await.expect("the name is free");
    let probe = site.device(&hall, "probe").await.expect("the name is free");
    site.catalog
        .bring_sensor(&site.permit(probe.id), things::shape("dust"))
        .await
        .expect("the device has no type and is open");
    site.device_caller(probe.id).await;
    site.person("vera@harbour.example", Role::Viewer, meter.id.into()).await;
    let before = site.picture().await;
    let site = site.restarted(open).await;
    assert_eq!(site.picture().await, before);
    let _login =
        sign_in(&site.guard, &site.person.email, &site.tenant.name, super::site::PASSWORD).await;
    site.device(&site.root(), "probe").await.expect_err("the name is still taken");
}

/// A request that is dropped half-way is done whole or not at all: disk and memory agree.
pub async fn a_dropped_request_is_done_whole(open: Open<'_>) {
    let site = Site::new(open).await;
    for round in 0..20 {
        let root = site.root();
        let dropped = site.device(&root, "buoy");
        let _ = tokio::time::timeout(Duration::from_micros(round * 100), dropped).await;
        let settled = site.device(&root, "buoy").await;
        let known = site.catalog.directory().device_named(site.tenant.id, "buoy");
        let known = known.expect("made by the dropped request or by the next");
        match settled {
            Ok(device) => assert_eq!(device.id, known),
            Err(StoreError::NameTaken { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        site.catalog.remove_device(&site.permit(known)).await.expect("it is there");
    }
    let before = site.picture().await;
    assert_eq!(site.restarted(open).await.picture().await, before);
}
