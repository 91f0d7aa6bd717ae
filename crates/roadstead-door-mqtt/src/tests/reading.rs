//! A reader listens.

use super::*;

async fn say(harbour: &Harbour, pass: &Pass, sensor: &str, payload: &[u8]) {
    let mut client = harbour.client();
    client.connect(4, "speaker", pass, true).await;
    assert_eq!(client.next().await, [0x20, 2, 0, 0]);
    client.publish(2, &format!("me/measurements/{sensor}"), 1, payload).await;
    assert_eq!(client.next().await, [0x40, 2, 0, 1]);
}

async fn reader(harbour: &Harbour) -> Pass {
    let reader = harbour.device("reader").await;
    let principal = roadstead_model::Principal::Device(reader.device);
    let whole = harbour.site.tenant.id.into();
    harbour.site.give(principal, roadstead_model::Role::Viewer, whole).await.unwrap();
    reader
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_measurement_comes_by_device_and_by_place() {
    let harbour = Harbour::open().await;
    let site = harbour.space(harbour.site.tenant.id.into(), "site").await;
    let hall = harbour.space(site, "hall").await;
    let pump = harbour.device_below(hall, "pump").await;
    let reader = reader(&harbour).await;
    let by_device = "devices/pump/measurements/flow";
    let by_place = "spaces/site/hall/devices/pump/measurements/flow";
    let by_id = format!("devices/{}/measurements/flow", pump.device);
    let filters = [
        (&*by_id, &*by_id),
        (by_device, by_device),
        ("devices/+/measurements/+", by_device),
        ("#", by_device),
        ("spaces/site/#", by_place),
        ("spaces/+/+/devices/+/measurements/flow", by_place),
    ];
    for (filter, topic) in filters {
        let mut client = harbour.v5(&reader).await;
        assert_eq!(client.subscribe(filter, 0).await, 0);
        say(&harbour, &pump, "flow", b"21.5").await;
        let message = client.message().await;
        assert_eq!((&*message.topic, message.flags), (topic, 0), "{filter}");
        assert!(message.payload.starts_with("{\"time\":\"2026-"), "{}", message.payload);
        assert!(message.payload.ends_with("\"value\":21.5}"), "{}", message.payload);
        assert!(client.is_silent().await, "{filter} brings it once");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_hears_itself_under_me_and_nothing_of_others() {
    let harbour = Harbour::open().await;
    let (pump, other) = (harbour.device("pump").await, harbour.device("other").await);
    let mut client = harbour.v5(&pump).await;
    assert_eq!(client.subscribe("devices/other/#", 0).await, 0x87);
    assert_eq!(client.subscribe("devices/nobody/#", 0).await, 0x87, "the same answer");
    assert_eq!(client.subscribe("$SYS/#", 0).await, 0x87);
    assert_eq!(client.subscribe("a/#/b", 0).await, 0x8f);
    assert_eq!(client.subscribe("me/measurements/+", 0).await, 0);
    assert_eq!(client.subscribe("spaces/#", 0).await, 0);
    say(&harbour, &other, "flow", b"1").await;
    say(&harbour, &pump, "flow", b"2").await;
    let message = client.message().await;
    assert_eq!(message.topic, "me/measurements/flow");
    assert!(
        message.payload.ends_with("\"value\":2.0}") || message.payload.ends_with("\"value\":2}")
    );
    assert!(client.is_silent().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_tenant_hears_nothing_by_any_filter() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let neighbour = harbour.site.neighbour("Elsewhere").await;
    let root = neighbour.root();
    let spy = neighbour.device(&root, "spy").await.unwrap().id;
    let principal = roadstead_model::Principal::Device(spy);
    neighbour
        .give(principal, roadstead_model::Role::Owner, neighbour.tenant.id.into())
        .await
        .unwrap();
    let spy = pass(&neighbour, spy, "spy").await;
    let mut client = harbour.v5(&spy).await;
    for filter in
        ["#", "+/#", "/#", "devices/+/measurements/#", "spaces/#", "$share/g/#", "+/+/+/+"]
    {
        assert_eq!(client.subscribe(filter, 1).await, 1, "{filter}");
    }
    let by_id = format!("devices/{}/measurements/#", pump.device);
    assert_eq!(client.subscribe(&by_id, 1).await, 0x87);
    assert_eq!(client.subscribe("devices/pump/#", 1).await, 0x87);
    say(&harbour, &pump, "flow", b"1").await;
    assert!(client.is_silent().await);
    client.publish(2, "devices/pump/measurements/flow", 1, b"1").await;
    assert_eq!(client.next().await[4], 0x87);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn overlapping_subscriptions_bring_one_message_with_the_highest_qos_and_all_identifiers() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let mut client = harbour.v5(&pump).await;
    assert_eq!(client.subscribe_as("#", 0, &[0x0b, 7]).await, 0);
    assert_eq!(client.subscribe_as("devices/#", 1, &[0x0b, 9]).await, 1);
    say(&harbour, &pump, "flow", b"1").await;
    let message = client.message().await;
    assert_eq!((message.flags, message.id), (2, 1));
    assert_eq!(message.properties, [0x0b, 7, 0x0b, 9]);
    assert!(client.is_silent().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_local_keeps_ones_own_words_away() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let mut client = harbour.v5(&pump).await;
    assert_eq!(client.subscribe("me/#", 4).await, 0);
    client.publish(2, "me/measurements/flow", 1, b"1").await;
    assert_eq!(client.next().await, [0x40, 2, 0, 1]);
    assert!(client.is_silent().await);
    let body = [&[0, 1, 0][..], &client::text("$share/g/me/#"), &[4]].concat();
    client.send(&client::packet(0x82, &body)).await;
    assert_eq!(client.next().await, [0xe0, 1, 0x82], "a shared one cannot have it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_retained_comes_first_and_is_forgotten_by_an_empty_message() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let mut speaker = harbour.v3(&pump).await;
    speaker.publish(3, "me/measurements/state", 1, b"5").await;
    assert_eq!(speaker.next().await, [0x40, 2, 0, 1]);
    let mut client = harbour.v5(&pump).await;
    assert_eq!(client.subscribe("me/#", 1).await, 1);
    let message = client.message().await;
    assert_eq!((message.flags, &*message.topic), (3, "me/measurements/state"));
    assert_eq!(client.subscribe("me/#", 0x11).await, 1, "only if new");
    assert!(client.is_silent().await);
    assert_eq!(client.subscribe("me/#", 0x01).await, 1);
    assert_eq!(client.message().await.flags, 3);
    assert_eq!(client.subscribe("devices/#", 0x21).await, 1, "never");
    assert!(client.is_silent().await);
    speaker.publish(3, "me/measurements/state", 2, b"").await;
    assert_eq!(speaker.next().await, [0x40, 2, 0, 2]);
    assert_eq!(client.subscribe("me/#", 0x01).await, 1);
    assert!(client.is_silent().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_gets_each_message_once() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let mut members = Vec::new();
    for client in ["a", "b"] {
        let mut member = harbour.client();
        member.connect(5, client, &pump, true).await;
        assert_eq!(member.next().await[3], 0);
        assert_eq!(member.subscribe("$share/workers/me/#", 0).await, 0);
        members.push(member);
    }
    let mut speaker = harbour.v3(&pump).await;
    for id in 1..=10_u8 {
        speaker.publish(2, "me/measurements/flow", id.into(), format!("{id}").as_bytes()).await;
        assert_eq!(speaker.next().await, [0x40, 2, 0, id]);
    }
    let mut heard = Vec::new();
    for member in &mut members {
        for _ in 0..5 {
            heard.push(member.message().await.payload);
        }
        assert!(member.is_silent().await);
    }
    heard.sort();
    heard.dedup();
    assert_eq!(heard.len(), 10);
}

/// A client with a session of an hour and a window of one message.
async fn narrow(harbour: &Harbour, pass: &Pass, client: &str) -> Client {
    let login = Some((&*pass.user, &*pass.token));
    let properties = &[0x11, 0, 0, 0x0e, 0x10, 0x21, 0, 1];
    let mut member = harbour.client();
    let connect =
        client::Connect { client, login, properties, clean: false, ..client::Connect::default() };
    member.present(&connect).await;
    assert_eq!(member.next().await[3], 0);
    member
}

/// Hears and acknowledges until nothing more comes; says which values there were.
async fn hear_all(member: &mut Client) -> Vec<String> {
    let mut heard = Vec::new();
    while let Some(bytes) = member.next_within(Duration::from_millis(200)).await {
        let message = client::Message::read(&bytes, 5);
        let [high, low] = message.id.to_be_bytes();
        member.send(&[0x40, 2, high, low]).await;
        heard.push(message.payload);
    }
    heard
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_joins_a_group_takes_nothing_of_what_came_before() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let mut slow = narrow(&harbour, &pump, "slow").await;
    assert_eq!(slow.subscribe("$share/workers/me/#", 1).await, 1);
    for value in 1..=6 {
        say(&harbour, &pump, "flow", value.to_string().as_bytes()).await;
    }
    let mut joins = narrow(&harbour, &pump, "joins").await;
    assert_eq!(joins.subscribe("$share/workers/me/#", 1).await, 1);
    assert_eq!(hear_all(&mut slow).await.len(), 6);
    assert!(joins.is_silent().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_back_to_an_empty_group_goes_on_where_it_stood() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let mut member = narrow(&harbour, &pump, "member").await;
    assert_eq!(member.subscribe("$share/workers/me/#", 1).await, 1);
    member.leave().await;
    for value in 1..=4 {
        say(&harbour, &pump, "flow", value.to_string().as_bytes()).await;
    }
    let mut member = narrow(&harbour, &pump, "member").await;
    assert_eq!(hear_all(&mut member).await.len(), 4);
    let mut other = narrow(&harbour, &pump, "other").await;
    assert_eq!(other.subscribe("$share/workers/me/#", 1).await, 1);
    member.leave().await;
    for value in 5..=8 {
        say(&harbour, &pump, "flow", value.to_string().as_bytes()).await;
    }
    assert_eq!(hear_all(&mut other).await.len(), 4, "the other takes all while it is alone");
    let mut member = narrow(&harbour, &pump, "member").await;
    assert!(member.is_silent().await, "and so there is nothing left for who comes back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_of_one_gets_one_message_at_a_time() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let login = Some((&*pump.user, &*pump.token));
    let mut client = harbour.client();
    let connect = client::Connect {
        login,
        properties: &[0x21, 0, 1, 0x22, 0, 5],
        ..client::Connect::default()
    };
    client.present(&connect).await;
    assert_eq!(client.next().await[3], 0);
    assert_eq!(client.subscribe("me/#", 2).await, 2);
    for value in [&b"1"[..], b"2", b"3"] {
        say(&harbour, &pump, "flow", value).await;
    }
    for round in 1..=3_u8 {
        let message = client.message().await;
        assert_eq!((message.flags, message.id), (4, round.into()));
        let full = if round == 1 { "me/measurements/flow" } else { "" };
        assert_eq!((&*message.topic, message.properties), (full, vec![0x23, 0, 1]));
        assert!(client.is_silent().await);
        client.send(&[0x50, 2, 0, round]).await;
        assert_eq!(client.next().await, [0x62, 2, 0, round]);
        client.send(&[0x70, 2, 0, round]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_does_not_read_holds_nobody_up() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let mut slow = harbour.v5(&pump).await;
    assert_eq!(slow.subscribe("me/#", 0).await, 0);
    let mut speaker = harbour.v3(&pump).await;
    for id in 1..=5000_u16 {
        speaker.publish(2, "me/measurements/flow", id, b"1").await;
        assert_eq!(speaker.next().await.len(), 4);
    }
    let mut heard = 0;
    while heard < 5000 {
        slow.message().await;
        heard += 1;
    }
    assert!(slow.is_silent().await, "and it gets everything in the end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_woken_while_its_bytes_are_half_written_gets_the_rest() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let mut slow = harbour.v5(&pump).await;
    assert_eq!(slow.subscribe("me/#", 0).await, 0);
    let mut speaker = harbour.v3(&pump).await;
    let hour_ago = harbour.site.now().before(Duration::from_hours(1));
    for id in 1..=5_u8 {
        let values = (0..1000).map(|ms| {
            let time = hour_ago.after(Duration::from_millis(u64::from(id) * 1000 + ms));
            format!(r#"{{"sensor":"flow","time":"{time}","value":1}}"#)
        });
        let pack = format!("[{}]", values.collect::<Vec<_>>().join(","));
        speaker.publish(2, "me/measurements", id.into(), pack.as_bytes()).await;
        assert_eq!(speaker.next().await, [0x40, 2, 0, id]);
    }
    // A change of rights wakes every session, whatever it waits for.
    harbour.device("another").await;
    tokio::time::sleep(Duration::from_millis(800)).await;
    for _ in 0..5000 {
        slow.message().await;
    }
    assert!(slow.is_silent().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_right_ends_delivery_and_an_unsubscribed_filter_too() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let reader = harbour.device("reader").await;
    let principal = roadstead_model::Principal::Device(reader.device);
    let role = roadstead_model::Role::Viewer;
    let grant = harbour.site.give(principal, role, pump.device.into()).await.unwrap();
    let mut client = harbour.v5(&reader).await;
    assert_eq!(client.subscribe("devices/pump/#", 0).await, 0);
    say(&harbour, &pump, "flow", b"1").await;
    assert_eq!(client.message().await.topic, "devices/pump/measurements/flow");
    let permit = harbour.site.permit(pump.device.into());
    harbour.site.catalog.end_grant(&permit, grant.id).await.unwrap();
    say(&harbour, &pump, "flow", b"2").await;
    assert!(client.is_silent().await);
    let body = [&[0, 5, 0][..], &client::text("devices/pump/#"), &client::text("x")].concat();
    client.send(&client::packet(0xa2, &body)).await;
    assert_eq!(client.next().await, [0xb0, 5, 0, 5, 0, 0, 0x11]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_right_ends_what_waits_for_the_window() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let mut speaker = harbour.v3(&pump).await;
    speaker.publish(3, "me/measurements/state", 1, b"5").await;
    assert_eq!(speaker.next().await, [0x40, 2, 0, 1]);
    let reader = harbour.device("reader").await;
    let principal = roadstead_model::Principal::Device(reader.device);
    for retained in [false, true] {
        let role = roadstead_model::Role::Viewer;
        let grant = harbour.site.give(principal, role, pump.device.into()).await.unwrap();
        let login = Some((&*reader.user, &*reader.token));
        let properties = &[0x21, 0, 1];
        let mut client = harbour.client();
        let connect = client::Connect { properties, login, ..client::Connect::default() };
        client.present(&connect).await;
        assert_eq!(client.next().await[3], 0);
        if retained {
            let by_name = client::text("devices/pump/measurements/state");
            let body = [&[0, 9, 0][..], &client::text("#"), &[1], &by_name, &[1]].concat();
            client.send(&client::packet(0x82, &body)).await;
            assert_eq!(client.next().await, [0x90, 5, 0, 9, 0, 1, 1]);
        } else {
            assert_eq!(client.subscribe("#", 0x21).await, 1, "nothing retained");
            for value in [&b"1"[..], b"2"] {
                say(&harbour, &pump, "flow", value).await;
            }
        }
        assert_eq!(client.message().await.id, 1);
        let permit = harbour.site.permit(pump.device.into());
        harbour.site.catalog.end_grant(&permit, grant.id).await.unwrap();
        client.send(&[0x40, 2, 0, 1]).await;
        assert!(client.is_silent().await, "retained: {retained}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_retained_is_found_in_steps_among_many_sensors_and_filters() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let mut speaker = harbour.v3(&pump).await;
    let many: Vec<_> = (0..150).map(|number| format!("\"s{number}\":1")).collect();
    let pack = format!("{{{}}}", many.join(","));
    speaker.publish(2, "me/measurements", 1, pack.as_bytes()).await;
    assert_eq!(speaker.next().await, [0x40, 2, 0, 1]);
    speaker.publish(3, "me/measurements/state", 2, b"5").await;
    assert_eq!(speaker.next().await, [0x40, 2, 0, 2]);
    let mut client = harbour.v5(&pump).await;
    let mut body = vec![0, 9, 0];
    for number in 0..99 {
        body.extend(client::text(&format!("elsewhere/{number}")));
        body.push(0);
    }
    body.extend(client::text("me/#"));
    body.push(0);
    client.send(&client::packet(0x82, &body)).await;
    assert_eq!(client.next().await.len(), 2 + 3 + 100);
    assert_eq!(client.message().await.topic, "me/measurements/state");
    assert!(client.is_silent().await);
}
