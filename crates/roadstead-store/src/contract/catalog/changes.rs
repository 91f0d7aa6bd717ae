//! Spaces, assets, device types and sensors after they were made: renamed, moved, extended.

use roadstead_guard::{Facts, Manage, Permit, Read};
use roadstead_model::{AssetId, DeviceId, Principal, Resource, Role, SpaceId, TypeMode};

use super::things::shape;
use crate::contract::site::{Open, Site, name};
use crate::{AssetChange, Move, NewDevice, SpaceChange, StoreError, TypeChange};

fn taken<T: std::fmt::Debug>(answer: &Result<T, StoreError>) {
    assert!(matches!(answer, Err(StoreError::NameTaken { .. })), "{answer:?}");
}

fn in_use<T: std::fmt::Debug>(answer: &Result<T, StoreError>) {
    assert!(matches!(answer, Err(StoreError::InUse(_))), "{answer:?}");
}

fn missing<T: std::fmt::Debug>(answer: &Result<T, StoreError>) {
    assert!(matches!(answer, Err(StoreError::Missing(_))), "{answer:?}");
}

async fn space(site: &Site, below: Resource, called: &str) -> SpaceId {
    let below: Permit<Manage, Resource> = site.permit(below);
    let made = site.catalog.create_space(&below, name(called), name("Room")).await;
    made.expect("the name is free").id
}

async fn asset(site: &Site, below: Resource, called: &str) -> AssetId {
    let below: Permit<Manage, Resource> = site.permit(below);
    site.catalog.create_asset(&below, name(called)).await.expect("the name is free").id
}

fn moved(site: &Site, from: Resource, to: Resource) -> Move {
    Move { from: site.permit(from), to: site.permit(to) }
}

/// A moved space takes all in it along, and the rights that reach it change with its place.
pub async fn a_space_is_renamed_and_moved_with_all_in_it(open: Open<'_>) {
    let site = Site::new(open).await;
    let (root, store) = (Resource::Tenant(site.tenant.id), &site.catalog);
    let (north, south) = (space(&site, root, "North").await, space(&site, root, "South").await);
    let hall = space(&site, north.into(), "Hall").await;
    let pump = site.device(&site.permit(hall.into()), "pump").await.expect("free").id;
    let sensor = store.bring_sensor(&site.permit(pump), shape("flow")).await.expect("open").id;
    let (_, at_north) = site.person("nora@harbour.example", Role::Viewer, north.into()).await;
    let (_, at_south) = site.person("sven@harbour.example", Role::Viewer, south.into()).await;
    let mut looking = site.guard.permit::<Read, _>(&at_north, sensor).expect("in reach");
    let change = SpaceChange {
        name: Some(name("Engine hall")),
        class: Some(name("Building")),
        moved: Some(moved(&site, north.into(), south.into())),
    };
    let after = store.change_space(&site.permit(hall), change).await.expect("free");
    assert_eq!((after.name, after.class), (name("Engine hall"), name("Building")));
    assert_eq!(after.parent, south.into());
    site.guard.renew(&mut looking).expect_err("no longer in the north");
    let _permit = site.guard.permit::<Read, _>(&at_south, sensor).expect("now in the south");
    let seen = store.directory().sensors(&site.sight(&site.owner), north.into());
    assert!(seen.is_empty(), "nothing is left in the north: {seen:?}");
    store.remove_space(&site.permit(north)).await.expect("it is empty");
    in_use(&store.remove_space(&site.permit(south)).await);
    let before = site.picture().await;
    assert_eq!(site.restarted(open).await.picture().await, before);
}

/// An asset is renamed and moved with its devices.
pub async fn an_asset_is_renamed_and_moved_with_all_in_it(open: Open<'_>) {
    let site = Site::new(open).await;
    let (root, store) = (Resource::Tenant(site.tenant.id), &site.catalog);
    let hall = space(&site, root, "Hall").await;
    let rack = asset(&site, root, "Rack").await;
    let pump = site.device(&site.permit(rack.into()), "pump").await.expect("free").id;
    let (_, vera) = site.person("vera@harbour.example", Role::Viewer, hall.into()).await;
    let change =
        AssetChange { name: Some(name("Rack 2")), moved: Some(moved(&site, root, hall.into())) };
    let after = store.change_asset(&site.permit(rack), change).await.expect("free");
    assert_eq!((after.name, after.parent), (name("Rack 2"), hall.into()));
    let _permit = site.guard.permit::<Read, _>(&vera, pump).expect("in the hall now");
    in_use(&store.remove_space(&site.permit(hall)).await);
    let before = site.picture().await;
    assert_eq!(site.restarted(open).await.picture().await, before);
}

/// No two places side by side get one name, whether by a new name or by a move.
pub async fn a_change_takes_no_name_that_is_taken(open: Open<'_>) {
    let site = Site::new(open).await;
    let (root, store) = (Resource::Tenant(site.tenant.id), &site.catalog);
    let (hall, yard) = (space(&site, root, "Hall").await, space(&site, root, "Yard").await);
    let (rack, _) = (asset(&site, root, "Rack").await, asset(&site, hall.into(), "Yard").await);
    let called = |to: &str| SpaceChange { name: Some(name(to)), ..SpaceChange::default() };
    taken(&store.change_space(&site.permit(hall), called("Yard")).await);
    taken(&store.change_space(&site.permit(hall), called("Rack")).await);
    store.change_space(&site.permit(hall), called("Hall")).await.expect("its own name");
    let into_hall = || Some(moved(&site, root, hall.into()));
    let change = SpaceChange { moved: into_hall(), ..SpaceChange::default() };
    taken(&store.change_space(&site.permit(yard), change).await);
    let called = |to: &str| AssetChange { name: Some(name(to)), moved: None };
    taken(&store.change_asset(&site.permit(rack), called("Hall")).await);
    let change = AssetChange { name: Some(name("Yard")), moved: into_hall() };
    taken(&store.change_asset(&site.permit(rack), change).await);
    let tenant = site.permit(site.tenant.id);
    let make = |called| store.create_device_type(&tenant, name(called), TypeMode::Open, Vec::new());
    let kind = make("buoy").await.expect("free").id;
    make("meter").await.expect("free");
    let change = TypeChange { name: Some(name("meter")), ..TypeChange::default() };
    taken(&store.change_device_type(&tenant, kind, change).await);
}

/// A place comes to stand only where it can: not in itself, not in a thing, not in another tenant.
pub async fn a_move_ends_where_places_can_stand(open: Open<'_>) {
    let site = Site::new(open).await;
    let other = site.neighbour("Lagoon").await;
    let (root, store) = (Resource::Tenant(site.tenant.id), &site.catalog);
    let hall = space(&site, root, "Hall").await;
    let nook = space(&site, hall.into(), "Nook").await;
    let rack = asset(&site, root, "Rack").await;
    let pump = site.device(&site.root(), "pump").await.expect("free").id;
    let into = |from: Resource, to: Resource| SpaceChange {
        moved: Some(moved(&site, from, to)),
        ..SpaceChange::default()
    };
    in_use(&store.change_space(&site.permit(hall), into(root, hall.into())).await);
    in_use(&store.change_space(&site.permit(hall), into(root, nook.into())).await);
    in_use(&store.change_space(&site.permit(hall), into(root, rack.into())).await);
    in_use(&store.change_space(&site.permit(hall), into(root, pump.into())).await);
    missing(&store.change_space(&site.permit(nook), into(root, root)).await);
    let foreign = Some(Move { from: site.root(), to: other.root() });
    let change = SpaceChange { moved: foreign.clone(), ..SpaceChange::default() };
    missing(&store.change_space(&site.permit(hall), change).await);
    let change = AssetChange { name: None, moved: foreign };
    missing(&store.change_asset(&site.permit(rack), change).await);
    let mut deepest = root;
    for level in 1..=31 {
        deepest = space(&site, deepest, &format!("level {level}")).await.into();
    }
    let deep = store.change_space(&site.permit(hall), into(root, deepest)).await;
    assert!(matches!(deep, Err(StoreError::Limit { .. })), "two levels do not fit: {deep:?}");
    store.change_space(&site.permit(nook), into(hall.into(), deepest)).await.expect("one does");
    let before = site.picture().await;
    assert_eq!(site.restarted(open).await.picture().await, before);
}

async fn of_type(site: &Site, called: &str, kind: roadstead_model::DeviceTypeId) -> DeviceId {
    let new = NewDevice { name: name(called), device_type: Some(kind), now: site.now() };
    site.catalog.create_device(&site.root(), new).await.expect("the name is free").id
}

/// A type's new sensors reach its devices; those that a device has already stay what they are.
pub async fn a_type_is_changed_and_its_devices_follow(open: Open<'_>) {
    let site = Site::new(open).await;
    let (tenant, store) = (site.permit(site.tenant.id), &site.catalog);
    let listed = vec![shape("flow")];
    let kind = store.create_device_type(&tenant, name("pump"), TypeMode::Open, listed).await;
    let kind = kind.expect("free").id;
    let (one, two) = (of_type(&site, "one", kind).await, of_type(&site, "two", kind).await);
    let brought = store.bring_sensor(&site.permit(one), shape("heat")).await.expect("open").id;
    let change = TypeChange {
        name: Some(name("pump 2")),
        mode: Some(TypeMode::Fixed),
        added: vec![shape("heat"), shape("noise")],
    };
    let after = store.change_device_type(&tenant, kind, change).await.expect("free");
    assert_eq!((after.name.as_str(), after.mode), ("pump 2", TypeMode::Fixed));
    let sensors: Vec<_> = after.sensors.iter().map(|shape| shape.name.as_str()).collect();
    assert_eq!(sensors, ["flow", "heat", "noise"]);
    let named = |device, called| store.directory().sensor_named(&site.permit(device), called);
    assert_eq!(named(one, "heat"), Some(brought), "what it had stays what it is");
    assert!(named(one, "noise").is_some() && named(two, "heat").is_some());
    missing(&store.bring_sensor(&site.permit(two), shape("dust")).await);
    let twice = TypeChange { added: vec![shape("flow")], ..TypeChange::default() };
    taken(&store.change_device_type(&tenant, kind, twice).await);
    let other = site.neighbour("Lagoon").await;
    let there = other.permit(other.tenant.id);
    missing(&store.change_device_type(&there, kind, TypeChange::default()).await);
    let before = site.picture().await;
    assert_eq!(site.restarted(open).await.picture().await, before);
}

/// Whoever manages a device gives it sensors that its fixed type does not list, and takes them away.
pub async fn a_sensor_is_made_and_removed_by_hand(open: Open<'_>) {
    let site = Site::new(open).await;
    let (tenant, store) = (site.permit(site.tenant.id), &site.catalog);
    let kind = store.create_device_type(&tenant, name("pump"), TypeMode::Fixed, Vec::new()).await;
    let pump = of_type(&site, "pump", kind.expect("free").id).await;
    let flow = store.add_sensor(&site.permit(pump), shape("flow")).await.expect("by hand").id;
    taken(&store.add_sensor(&site.permit(pump), shape("flow")).await);
    let (vera, _) = site.person("vera@harbour.example", Role::Viewer, flow.into()).await;
    let permit = site.permit(flow);
    store.remove_sensor(&permit).await.expect("there");
    missing(&store.remove_sensor(&permit).await);
    let check = |site: &Site| {
        let known = site.catalog.directory();
        assert!(!known.exists(flow.into()));
        assert_eq!(known.sensor_named(&site.permit(pump), "flow"), None);
        assert_eq!(known.sensor_counts(&site.permit(pump)), (0, 0));
        assert!(known.grants(Principal::Person(vera)).is_empty());
    };
    check(&site);
    let site = site.restarted(open).await;
    check(&site);
    let again = site.catalog.add_sensor(&site.permit(pump), shape("flow")).await;
    assert!(again.expect("the name is free again").id > flow, "numbers only rise");
}
