//! Spaces, assets, device types, devices and sensors.

use std::sync::Arc;

use roadstead_guard::{Facts, Manage, Permit, Write};
use roadstead_model::{DeviceTypeId, Principal, Resource, Role, SensorShape, TypeMode};

use crate::contract::site::{Open, Site, name};
use crate::{DeviceChange, NewDevice, StoreError};

/// A sensor called so, without a unit.
pub fn shape(called: &str) -> SensorShape {
    SensorShape { name: name(called), unit: String::new(), quantity: String::new() }
}

async fn space(
    site: &Site,
    below: &Permit<Manage, Resource>,
    called: &str,
) -> Permit<Manage, Resource> {
    let made = site.catalog.create_space(below, name(called), name("Room")).await;
    site.permit(made.expect("the name is free").id.into())
}

fn taken<T: std::fmt::Debug>(answer: &Result<T, StoreError>) {
    assert!(matches!(answer, Err(StoreError::NameTaken { .. })), "{answer:?}");
}

fn in_use<T: std::fmt::Debug>(answer: &Result<T, StoreError>) {
    assert!(matches!(answer, Err(StoreError::InUse(_))), "{answer:?}");
}

fn missing<T: std::fmt::Debug>(answer: &Result<T, StoreError>) {
    assert!(matches!(answer, Err(StoreError::Missing(_))), "{answer:?}");
}

/// Places are unique among their siblings, devices and types in the tenant, sensors in the device.
pub async fn names_are_unique_where_they_are_looked_up(open: Open<'_>) {
    let site = Site::new(open).await;
    let (root, store) = (site.root(), &site.catalog);
    let hall = space(&site, &root, "Hall").await;
    let nook = space(&site, &hall, "Hall").await;
    taken(&store.create_space(&root, name("Hall"), name("Room")).await);
    taken(&store.create_asset(&root, name("Hall")).await);
    store.create_asset(&nook, name("Rack")).await.expect("free");
    taken(&store.create_asset(&nook, name("Rack")).await);
    taken(&store.create_space(&nook, name("Rack"), name("Room")).await);
    site.device(&hall, "pump").await.expect("free");
    taken(&site.device(&nook, "pump").await);
    site.device(&nook, "Pump").await.expect("names differ by case");
    let tenant = site.permit(site.tenant.id);
    let open_type = || store.create_device_type(&tenant, name("t"), TypeMode::Open, Vec::new());
    open_type().await.expect("free");
    taken(&open_type().await);
    let twins = vec![shape("a"), shape("a")];
    taken(&store.create_device_type(&tenant, name("twins"), TypeMode::Open, twins).await);
    let email = "vera@harbour.example".parse::<roadstead_model::Email>().expect("an address");
    store.add_person(&tenant, email.clone(), site.now()).await.expect("free");
    taken(&store.add_person(&tenant, email.clone(), site.now()).await);
    let other = site.neighbour("Lagoon").await;
    let there = other.permit(other.tenant.id);
    store.add_person(&there, email, site.now()).await.expect("free in another tenant");
    other.device(&other.root(), "pump").await.expect("free in another tenant");
}

/// Of twenty devices with one name that come at the same moment, one is made.
pub async fn one_of_many_with_one_name_is_made(open: Open<'_>) {
    let site = Arc::new(Site::new(open).await);
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let site = Arc::clone(&site);
        racing.spawn(async move { site.device(&site.root(), "buoy").await.is_ok() });
    }
    let made = racing.join_all().await.into_iter().filter(|made| *made).count();
    assert_eq!(made, 1);
    assert_eq!(site.catalog.directory().devices(&site.sight(&site.owner)).len(), 1);
}

/// A thing that others stand in, or have as their type, is not removed.
pub async fn what_is_in_use_is_not_removed(open: Open<'_>) {
    let site = Site::new(open).await;
    let (root, store) = (site.root(), &site.catalog);
    let tenant = site.permit(site.tenant.id);
    let kind = store.create_device_type(&tenant, name("buoy"), TypeMode::Open, Vec::new()).await;
    let kind = kind.expect("free").id;
    let hall = store.create_space(&root, name("Hall"), name("Building")).await.expect("free").id;
    let rack = store.create_asset(&site.permit(hall.into()), name("Rack")).await.expect("free").id;
    let new = NewDevice { name: name("b"), device_type: Some(kind), now: site.now() };
    let buoy = store.create_device(&site.permit(rack.into()), new).await.expect("free").id;
    in_use(&store.remove_space(&site.permit(hall)).await);
    in_use(&store.remove_asset(&site.permit(rack)).await);
    in_use(&store.remove_device_type(&tenant, kind).await);
    let (of_hall, of_rack) = (site.permit(hall), site.permit(rack));
    let below_rack: Permit<Manage, Resource> = site.permit(rack.into());
    store.remove_device(&site.permit(buoy)).await.expect("nothing needs it");
    store.remove_asset(&of_rack).await.expect("empty");
    missing(&site.device(&below_rack, "late").await);
    missing(&store.remove_asset(&of_rack).await);
    store.remove_space(&of_hall).await.expect("empty");
    store.remove_device_type(&tenant, kind).await.expect("unused");
    missing(&store.remove_device_type(&tenant, kind).await);
    let before = site.picture().await;
    assert_eq!(site.restarted(open).await.picture().await, before);
}

/// With a device go its sensors, credentials and grants, and its number never comes back.
pub async fn a_removed_device_leaves_nothing_and_its_id_is_not_given_again(open: Open<'_>) {
    let site = Site::new(open).await;
    let pump = site.device(&site.root(), "pump").await.expect("free").id;
    let sensor = site.catalog.bring_sensor(&site.permit(pump), shape("flow")).await;
    let sensor = sensor.expect("open").id;
    let caller = site.device_caller(pump).await;
    let (vera, _) = site.person("vera@harbour.example", Role::Viewer, pump.into()).await;
    site.give(Principal::Person(vera), Role::Viewer, sensor.into()).await.expect("there");
    site.give(Principal::Device(pump), Role::Viewer, site.tenant.id.into()).await.expect("there");
    let permit = site.permit(pump);
    site.catalog.remove_device(&permit).await.expect("there");
    let check = |site: &Site| {
        let known = site.catalog.directory();
        assert!(!known.exists(pump.into()) && !known.exists(sensor.into()));
        assert!(known.credential(caller.credential()).is_none());
        assert!(known.grants(Principal::Person(vera)).is_empty());
        assert!(known.grants(Principal::Device(pump)).is_empty());
        assert_eq!(known.device_named(site.tenant.id, "pump"), None);
    };
    check(&site);
    missing(&site.catalog.remove_device(&permit).await);
    let site = site.restarted(open).await;
    check(&site);
    let again = site.device(&site.root(), "pump").await.expect("the name is free again").id;
    assert!(again > pump, "numbers only rise");
    let brought = site.catalog.bring_sensor(&site.permit(again), shape("flow")).await;
    assert!(brought.expect("open").id > sensor, "numbers only rise");
}

/// A device brings a sensor once, however often it comes, and none that a fixed type does not list.
pub async fn a_sensor_is_brought_once(open: Open<'_>) {
    let site = Arc::new(Site::new(open).await);
    let pump = site.device(&site.root(), "pump").await.expect("free").id;
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let site = Arc::clone(&site);
        racing.spawn(async move {
            let permit: Permit<Write, _> = site.permit(pump);
            site.catalog.bring_sensor(&permit, shape("flow")).await.expect("open")
        });
    }
    let mut brought = racing.join_all().await;
    brought.dedup();
    assert_eq!(brought.len(), 1, "all have the same sensor: {brought:?}");
    let tenant = site.permit(site.tenant.id);
    let listed = vec![shape("flow")];
    let kind = site.catalog.create_device_type(&tenant, name("f"), TypeMode::Fixed, listed).await;
    let fixed = device_of(&site, "fixed", kind.expect("free").id).await.expect("free").id;
    site.catalog.bring_sensor(&site.permit(fixed), shape("flow")).await.expect("listed");
    missing(&site.catalog.bring_sensor(&site.permit(fixed), shape("heat")).await);
}

async fn device_of(
    site: &Site,
    called: &str,
    device_type: DeviceTypeId,
) -> Result<roadstead_model::Device, StoreError> {
    let new = NewDevice { name: name(called), device_type: Some(device_type), now: site.now() };
    site.catalog.create_device(&site.root(), new).await
}

/// Devices and sensors are renamed, devices are moved; the old name is free and the rights follow.
pub async fn a_device_is_renamed_and_moved(open: Open<'_>) {
    let site = Site::new(open).await;
    let (root, store) = (site.root(), &site.catalog);
    let hall = space(&site, &root, "Hall").await;
    let pump = site.device(&root, "pump").await.expect("free").id;
    let sensor = store.bring_sensor(&site.permit(pump), shape("flow")).await.expect("open").id;
    store.bring_sensor(&site.permit(pump), shape("heat")).await.expect("open");
    let (_, vera) = site.person("vera@harbour.example", Role::Viewer, hall.resource()).await;
    let _denied = site
        .guard
        .permit::<roadstead_guard::Read, _>(&vera, pump)
        .expect_err("not in the hall yet");
    let change = DeviceChange { name: Some(name("pump-2")), parent: Some(hall.clone()) };
    let moved = store.change_device(&site.permit(pump), change).await.expect("free");
    assert_eq!((moved.name, moved.parent), (name("pump-2"), hall.resource()));
    let _permit =
        site.guard.permit::<roadstead_guard::Read, _>(&vera, sensor).expect("in the hall now");
    let known = store.directory();
    assert_eq!(known.device_named(site.tenant.id, "pump"), None);
    assert_eq!(known.device_named(site.tenant.id, "pump-2"), Some(pump));
    site.device(&root, "pump").await.expect("the old name is free");
    let back = DeviceChange { name: Some(name("pump")), parent: None };
    taken(&store.change_device(&site.permit(pump), back).await);
    taken(&store.change_sensor(&site.permit(sensor), shape("heat")).await);
    let renamed = SensorShape { unit: "m3/h".to_owned(), ..shape("stream") };
    let renamed = store.change_sensor(&site.permit(sensor), renamed).await.expect("free");
    assert_eq!((renamed.id, renamed.device), (sensor, pump));
    assert_eq!(known.sensor_named(&site.permit(pump), "stream"), Some(sensor));
    assert_eq!(known.sensor_named(&site.permit(pump), "flow"), None);
    let before = site.picture().await;
    assert_eq!(site.restarted(open).await.picture().await, before);
}

/// Things stand where things of their kind can stand, in their own tenant, and not too deep.
pub async fn things_stand_only_where_they_can(open: Open<'_>) {
    let site = Site::new(open).await;
    let other = site.neighbour("Lagoon").await;
    let store = &site.catalog;
    let pump = site.device(&site.root(), "pump").await.expect("free").id;
    let on_pump: Permit<Manage, Resource> = site.permit(pump.into());
    in_use(&site.device(&on_pump, "part").await);
    in_use(&store.create_space(&on_pump, name("Hall"), name("Room")).await);
    in_use(&store.create_asset(&on_pump, name("Rack")).await);
    let away = DeviceChange { name: None, parent: Some(other.root()) };
    missing(&store.change_device(&site.permit(pump), away).await);
    let there = other.permit(other.tenant.id);
    let foreign = store.create_device_type(&there, name("t"), TypeMode::Open, Vec::new()).await;
    let foreign = foreign.expect("free").id;
    missing(&device_of(&site, "borrowed", foreign).await);
    missing(&store.remove_device_type(&site.permit(site.tenant.id), foreign).await);
    let mut deepest = site.root();
    for level in 1..=32 {
        deepest = space(&site, &deepest, &format!("level {level}")).await;
    }
    let deeper = store.create_space(&deepest, name("deeper"), name("Room")).await;
    assert!(matches!(deeper, Err(StoreError::Limit { .. })), "{deeper:?}");
    let bottom = site.device(&deepest, "bottom").await.expect("a device fits").id;
    let sensor = store.bring_sensor(&site.permit(bottom), shape("mud")).await.expect("open");
    let _seen: Permit<Manage, _> = site.permit(sensor.id);
}
