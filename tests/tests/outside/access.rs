//! People, their rights, and what happens to these when things are renamed and moved.

use reqwest::{Method, header};
use roadstead_testkit::{PASSWORD, Site};
use serde_json::{Value, json};

const NEW_PASSWORD: &str = "an anchor that holds in any wind";

/// Sends a change and tells status and answer.
async fn patch(site: &Site, path: &str, token: &str, body: Value) -> (u16, Value) {
    let answer = site.request(Method::PATCH, path, token).json(&body).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or_default())
}

/// Sends a request with a body and tells its status.
async fn post_status(site: &Site, path: &str, token: &str, body: Value) -> u16 {
    let answer = site.request(Method::POST, path, token).json(&body).send().await.unwrap();
    answer.status().as_u16()
}

fn grants_of(id: &Value) -> String {
    format!("/api/v1/resources/{}/grants", id.as_str().unwrap())
}

/// Makes a person with a role on a thing, who sets a password; returns a token of theirs.
async fn person(site: &Site, email: &str, (role, on): (&str, &Value)) -> String {
    let invited = site.post("/api/v1/people", json!({ "email": email })).await.unwrap();
    let grant = json!({ "principal": email, "role": role });
    site.post(&grants_of(on), grant).await.unwrap();
    let cookie = enter(site, invited["link"].as_str().unwrap()).await.unwrap();
    assert_eq!(set_password(site, &cookie, json!({ "password": NEW_PASSWORD })).await, 204);
    let body = json!({ "email": email, "password": NEW_PASSWORD, "label": "test" });
    let answer = site.client.post(site.url("/api/v1/login")).json(&body).send().await.unwrap();
    let token: Value = answer.json().await.unwrap();
    token["token"].as_str().unwrap().to_owned()
}

/// Signs in by a one-time link; returns the session's cookie, or nothing.
async fn enter(site: &Site, link: &str) -> Option<String> {
    let form = format!("link={}", link.split_once('#')?.1);
    let post = site.client.post(site.url("/sign-in/link")).body(form);
    let post = post.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let answer = post.header("Sec-Fetch-Site", "same-origin").send().await.unwrap();
    let cookie = answer.headers().get(header::SET_COOKIE)?.to_str().unwrap();
    Some(cookie.split(';').next().unwrap().to_owned())
}

async fn csrf(site: &Site, cookie: &str) -> String {
    let page = site.client.get(site.url("/")).header(header::COOKIE, cookie);
    let page = page.send().await.unwrap().text().await.unwrap();
    let meta = page.split("<meta name=\"csrf-token\" content=\"").nth(1).expect("a signed-in page");
    meta.split('"').next().unwrap().to_owned()
}

async fn set_password(site: &Site, cookie: &str, body: Value) -> u16 {
    let csrf = csrf(site, cookie).await;
    let put = site.client.put(site.url("/api/v1/me/password")).header(header::COOKIE, cookie);
    let put = put.header("X-CSRF-Token", csrf).json(&body);
    put.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn an_invited_person_enters_by_the_link_and_sees_what_the_grant_reaches() {
    let site = Site::start().await.unwrap();
    let plant = site.post("/api/v1/spaces", json!({ "name": "Plant" })).await.unwrap();
    let inside = json!({ "name": "inside", "place": "Plant" });
    site.post("/api/v1/devices", inside).await.unwrap();
    site.device("outside").await.unwrap();
    let email = "vera@acme.example";
    let invited = site.post("/api/v1/people", json!({ "email": email })).await.unwrap();
    let link = invited["link"].as_str().unwrap();
    let people = site.get("/api/v1/people").await.unwrap();
    assert_eq!(people["items"].as_array().unwrap().len(), 2);
    assert_eq!(
        post_status(&site, "/api/v1/people", &site.owner, json!({ "email": email })).await,
        409
    );

    let cookie = enter(&site, link).await.expect("the link works");
    assert_eq!(enter(&site, link).await, None, "and works once");
    assert_eq!(set_password(&site, &cookie, json!({ "password": NEW_PASSWORD })).await, 204);
    let wrong = json!({ "current": PASSWORD, "password": "another one that is long enough" });
    assert_eq!(set_password(&site, &cookie, wrong).await, 401, "now it must be given again");

    let body = json!({ "email": email, "password": NEW_PASSWORD, "label": "test" });
    let answer = site.client.post(site.url("/api/v1/login")).json(&body).send().await.unwrap();
    let token: Value = answer.json().await.unwrap();
    let vera = token["token"].as_str().unwrap();
    let seen = site.get_as(vera, "/api/v1/devices").await.unwrap();
    assert_eq!(seen["items"], json!([]), "an invitation gives no right");
    let grant = json!({ "principal": email, "role": "viewer", "reason": "shift" });
    let given = site.post(&grants_of(&plant["id"]), grant).await.unwrap();
    assert_eq!(given["name"], email);
    let seen = site.get_as(vera, "/api/v1/devices").await.unwrap();
    let names: Vec<_> = seen["items"].as_array().unwrap().iter().map(|row| &row["name"]).collect();
    assert_eq!(names, ["inside"]);
    for path in ["/api/v1/people", "/api/v1/audit"] {
        assert_eq!(site.status(Method::GET, path, vera).await.unwrap(), 404, "{path}");
    }
    let grants = grants_of(&plant["id"]);
    assert_eq!(site.status(Method::GET, &grants, vera).await.unwrap(), 403);
}

#[tokio::test]
async fn a_manager_gives_and_ends_no_more_than_they_have() {
    let site = Site::start().await.unwrap();
    let me = site.get("/api/v1/me").await.unwrap();
    let tenant = &me["tenant"]["id"];
    let manager = person(&site, "mara@acme.example", ("manager", tenant)).await;
    site.device("pump-7").await.unwrap();
    let on_tenant = grants_of(tenant);
    let give = |role: &str| json!({ "principal": "pump-7", "role": role });
    assert_eq!(post_status(&site, &on_tenant, &manager, give("owner")).await, 403);
    assert_eq!(post_status(&site, &on_tenant, &manager, give("viewer")).await, 201);
    let grants = site.get_as(&manager, &on_tenant).await.unwrap();
    let owners = grants["items"].as_array().unwrap().iter();
    let owner = owners.clone().find(|grant| grant["role"] == "owner").unwrap();
    let end = format!("{on_tenant}/{}", owner["id"].as_str().unwrap());
    assert_eq!(site.status(Method::DELETE, &end, &manager).await.unwrap(), 403);
    let viewer = owners.clone().find(|grant| grant["role"] == "viewer").unwrap();
    assert_eq!(viewer["name"], "pump-7");
    let end = format!("{on_tenant}/{}", viewer["id"].as_str().unwrap());
    assert_eq!(site.status(Method::DELETE, &end, &manager).await.unwrap(), 204);
}

#[tokio::test]
async fn a_moved_space_takes_its_devices_along_and_the_rights_follow() {
    let site = Site::start().await.unwrap();
    let make = async |name: &str, parent: Option<&str>| {
        let body = json!({ "name": name, "parent": parent });
        site.post("/api/v1/spaces", body).await.unwrap()
    };
    let (north, south) = (make("North", None).await, make("South", None).await);
    make("Hall", Some("North")).await;
    let body = json!({ "name": "pump-7", "place": "North/Hall" });
    site.post("/api/v1/devices", body).await.unwrap();
    let nora = person(&site, "nora@acme.example", ("manager", &north["id"])).await;
    let sven = person(&site, "sven@acme.example", ("viewer", &south["id"])).await;
    let pump = "/api/v1/devices/pump-7";
    let sees = async |token: &str| site.status(Method::GET, pump, token).await.unwrap() == 200;
    assert!(sees(&nora).await && !sees(&sven).await);

    let hall = "/api/v1/spaces/North%2FHall";
    let to_south = json!({ "parent": south["id"] });
    let (status, _) = patch(&site, hall, &nora, to_south.clone()).await;
    assert_eq!(status, 404, "who does not see the new place does not move there");
    let (status, told) = patch(&site, hall, &site.owner, to_south).await;
    assert_eq!((status, &told["path"]), (200, &json!("South/Hall")));
    assert!(!sees(&nora).await && sees(&sven).await);
    let shown = site.get(pump).await.unwrap();
    assert_eq!(shown["place"]["path"], "South/Hall");

    let renamed = json!({ "name": "Engine hall", "class": "Building" });
    let (status, told) = patch(&site, "/api/v1/spaces/South%2FHall", &site.owner, renamed).await;
    assert_eq!(
        (status, &told["path"], &told["class"]),
        (200, &json!("South/Engine hall"), &json!("Building"))
    );
    let south_path = format!("/api/v1/spaces/{}", south["id"].as_str().unwrap());
    let within = json!({ "parent": "South/Engine hall" });
    let (status, told) = patch(&site, &south_path, &site.owner, within).await;
    assert_eq!(status, 409, "{told}");
    let rack = json!({ "name": "Rack", "place": "North" });
    site.post("/api/v1/assets", rack).await.unwrap();
    let change = json!({ "name": "Rack 2", "place": "" });
    let (status, told) = patch(&site, "/api/v1/assets/North%2FRack", &site.owner, change).await;
    assert_eq!((status, &told["path"]), (200, &json!("Rack 2")));
    let log = site.get("/api/v1/audit").await.unwrap();
    let entries: Vec<_> =
        log["items"].as_array().unwrap().iter().map(|row| &row["action"]).collect();
    assert!(entries.contains(&&json!("asset.change")) && entries.contains(&&json!("space.change")));
}

#[tokio::test]
async fn a_sensor_by_hand_and_a_longer_type_let_a_fixed_device_say_more() {
    let site = Site::start().await.unwrap();
    let kind = json!({ "name": "pump", "mode": "fixed", "sensors": [{ "name": "flow" }] });
    site.post("/api/v1/types", kind).await.unwrap();
    let body = json!({ "name": "pump-7", "type": "pump" });
    site.post("/api/v1/devices", body).await.unwrap();
    let values = "/api/v1/devices/pump-7/measurements";
    let all = json!({ "flow": 1, "heat": 2, "noise": 3 });
    let sent = site.post(values, all.clone()).await.unwrap();
    assert_eq!(sent["accepted"], 1);
    let by_hand = json!({ "name": "heat", "unit": "Cel" });
    let sensors = "/api/v1/devices/pump-7/sensors";
    let made = site.post(sensors, by_hand.clone()).await.unwrap();
    assert_eq!((&made["unit"], &made["device"]["name"]), (&json!("Cel"), &json!("pump-7")));
    assert_eq!(post_status(&site, sensors, &site.owner, by_hand).await, 409);
    let change = json!({ "name": "pump 2", "add_sensors": [{ "name": "noise" }] });
    let (status, told) = patch(&site, "/api/v1/types/pump", &site.owner, change).await;
    assert_eq!((status, told["sensors"].as_array().unwrap().len()), (200, 2));
    let sent = site.post(values, all.clone()).await.unwrap();
    assert_eq!(sent["accepted"], 3);
    let heat = format!("/api/v1/sensors/{}", made["id"].as_str().unwrap());
    assert_eq!(site.status(Method::DELETE, &heat, &site.owner).await.unwrap(), 204);
    assert_eq!(site.status(Method::DELETE, &heat, &site.owner).await.unwrap(), 404);
    let sent = site.post(values, all.clone()).await.unwrap();
    assert_eq!(sent["accepted"], 2, "the type is fixed");
    let change = json!({ "mode": "open" });
    let (status, _) = patch(&site, "/api/v1/types/pump%202", &site.owner, change).await;
    assert_eq!(status, 200);
    assert_eq!(site.post(values, all).await.unwrap()["accepted"], 3, "and now it is open");
}

#[tokio::test]
async fn who_may_not_manage_changes_nothing_and_another_tenant_finds_nothing() {
    let site = Site::start().await.unwrap();
    let me = site.get("/api/v1/me").await.unwrap();
    let other = site.further_tenant("other").await.unwrap();
    let vera = person(&site, "vera@acme.example", ("viewer", &me["tenant"]["id"])).await;
    let space = site.post("/api/v1/spaces", json!({ "name": "Plant" })).await.unwrap();
    let asset = site.post("/api/v1/assets", json!({ "name": "Rack" })).await.unwrap();
    let kind = json!({ "name": "pump", "mode": "open" });
    let kind = site.post("/api/v1/types", kind).await.unwrap();
    let device = site.device("pump-7").await.unwrap();
    let sensors = format!("/api/v1/devices/{}/sensors", device.id);
    let sensor = site.post(&sensors, json!({ "name": "flow" })).await.unwrap();
    let path = |list: &str, row: &Value| format!("/api/v1/{list}/{}", row["id"].as_str().unwrap());
    let renamed = json!({ "name": "taken over" });
    let changed = [path("spaces", &space), path("assets", &asset), path("sensors", &sensor)];
    for path in &changed {
        assert_eq!(patch(&site, path, &vera, renamed.clone()).await.0, 403, "{path}");
        assert_eq!(patch(&site, path, &other, renamed.clone()).await.0, 404, "{path}");
        assert_eq!(site.status(Method::DELETE, path, &vera).await.unwrap(), 403, "{path}");
        assert_eq!(site.status(Method::DELETE, path, &other).await.unwrap(), 404, "{path}");
    }
    let kind = path("types", &kind);
    assert_eq!(patch(&site, &kind, &vera, renamed.clone()).await.0, 403);
    assert_eq!(patch(&site, &kind, &other, renamed.clone()).await.0, 404);
    let more = json!({ "name": "heat" });
    assert_eq!(post_status(&site, &sensors, &vera, more.clone()).await, 403);
    assert_eq!(post_status(&site, &sensors, &other, more.clone()).await, 404);
    assert_eq!(post_status(&site, &sensors, &device.token, more).await, 403, "a device brings");
    let foreign =
        site.post_as(&other, "/api/v1/spaces", json!({ "name": "Theirs" })).await.unwrap();
    let away = json!({ "parent": foreign["id"] });
    assert_eq!(patch(&site, &changed[0], &site.owner, away).await.0, 404);
    let seen = site.get("/api/v1/spaces").await.unwrap();
    assert_eq!(seen["items"][0]["path"], "Plant");
}

#[tokio::test]
async fn people_rights_and_changes_go_by_command_too() {
    let site = Site::start().await.unwrap();
    let password = site.server.folder().join("password");
    std::fs::write(&password, PASSWORD).unwrap();
    let ca = site.server.ca();
    let run = |words: &[&str]| -> Value {
        let done = site.server.command(words).unwrap();
        let told = String::from_utf8_lossy(&done.stdout).into_owned();
        let wrong = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "{words:?}: {wrong}");
        serde_json::from_str(&told).unwrap_or_default()
    };
    let (url, ca) = (site.url(""), ca.to_str().unwrap().to_owned());
    let file = password.to_str().unwrap();
    run(&["login", &url, "--ca", &ca, "--email", "owner@acme.example", "--password-file", file]);
    run(&["space", "add", "Plant", "--json"]);
    run(&["space", "set", "Plant", "--name", "Works", "--class", "Site", "--json"]);
    run(&["device", "add", "pump", "--json"]);
    let moved = run(&["device", "set", "pump", "--name", "pump-7", "--place", "Works", "--json"]);
    assert_eq!((&moved["name"], &moved["place"]["path"]), (&json!("pump-7"), &json!("Works")));
    run(&["asset", "add", "Rack", "--json"]);
    assert_eq!(run(&["asset", "set", "Rack", "--place", "Works", "--json"])["path"], "Works/Rack");
    run(&["type", "add", "meter", "--json"]);
    let kind = run(&["type", "set", "meter", "--mode", "fixed", "--sensor", "power:W", "--json"]);
    assert_eq!((&kind["mode"], &kind["sensors"][0]["unit"]), (&json!("fixed"), &json!("W")));
    let sensor = run(&["sensor", "add", "pump-7", "flow:m3/h", "--json"]);
    run(&["sensor", "remove", sensor["id"].as_str().unwrap()]);
    let invited = run(&["person", "invite", "vera@acme.example", "--json"]);
    assert!(invited["link"].as_str().unwrap().contains("/sign-in?next=/account#rsl_"), "{invited}");
    assert_eq!(run(&["person", "list", "--json"]).as_array().unwrap().len(), 2);
    for thing in ["organisation", "Works", "pump-7"] {
        let given = ["grant", "give", thing, "vera@acme.example", "viewer", "--json"];
        let given = run(&given);
        let listed = run(&["grant", "list", thing, "--json"]);
        let listed = listed.as_array().unwrap().iter();
        assert!(listed.clone().any(|grant| grant["id"] == given["id"]), "{thing}");
        run(&["grant", "end", thing, given["id"].as_str().unwrap()]);
    }
}
