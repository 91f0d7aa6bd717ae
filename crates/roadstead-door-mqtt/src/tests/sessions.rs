//! Sessions that outlive their connections, and the server.

use super::*;

async fn keeper(harbour: &Harbour, pass: &Pass, version: u8) -> (Client, bool) {
    let mut client = harbour.client();
    client.connect(version, "keeper", pass, false).await;
    let answer = client.next().await;
    assert_eq!((answer[0], answer[3]), (0x20, 0), "{answer:?}");
    (client, answer[2] == 1)
}

async fn say(harbour: &Harbour, pass: &Pass, payload: &[u8]) {
    let mut speaker = harbour.v3(pass).await;
    speaker.publish(2, "me/measurements/flow", 1, payload).await;
    assert_eq!(speaker.next().await, [0x40, 2, 0, 1]);
}

fn value(payload: &str) -> f64 {
    let read: serde_json::Value = serde_json::from_str(payload).unwrap();
    read["value"].as_f64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_while_away_is_told_after_a_restart() {
    for version in [4, 5] {
        let harbour = Harbour::open().await;
        let pump = harbour.device("pump").await;
        let (mut client, present) = keeper(&harbour, &pump, version).await;
        assert!(!present);
        assert_eq!(client.subscribe("me/#", 1).await, 1);
        client.send(&[0xe0, 0]).await;
        client.rest().await;
        say(&harbour, &pump, b"1").await;
        let harbour = harbour.restarted().await;
        say(&harbour, &pump, b"2").await;
        let (mut client, present) = keeper(&harbour, &pump, version).await;
        assert!(present);
        for expected in [1.0, 2.0] {
            let message = client.message().await;
            assert_eq!((message.flags, value(&message.payload)), (2, expected));
        }
        assert!(client.is_silent().await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_acknowledged_comes_again_with_its_packet_id() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let (mut client, _) = keeper(&harbour, &pump, 4).await;
    assert_eq!(client.subscribe("me/#", 1).await, 1);
    say(&harbour, &pump, b"1").await;
    say(&harbour, &pump, b"2").await;
    assert_eq!(client.message().await.id, 1);
    assert_eq!(client.message().await.id, 2);
    client.send(&[0x40, 2, 0, 1]).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(client);
    let harbour = harbour.restarted().await;
    let (mut client, present) = keeper(&harbour, &pump, 4).await;
    assert!(present);
    let message = client.message().await;
    assert_eq!((message.flags, message.id, value(&message.payload)), (0x0a, 2, 2.0));
    assert!(client.is_silent().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_once_goes_on_where_it_stood() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let (mut client, _) = keeper(&harbour, &pump, 5).await;
    assert_eq!(client.subscribe("me/#", 2).await, 2);
    say(&harbour, &pump, b"1").await;
    say(&harbour, &pump, b"2").await;
    assert_eq!(client.message().await.flags, 4);
    assert_eq!(client.message().await.id, 2);
    client.send(&[0x50, 2, 0, 1]).await;
    assert_eq!(client.next().await, [0x62, 2, 0, 1]);
    drop(client);
    let harbour = harbour.restarted().await;
    let (mut client, _) = keeper(&harbour, &pump, 5).await;
    assert_eq!(client.next().await, [0x62, 2, 0, 1], "released, and not told again");
    let message = client.message().await;
    assert_eq!((message.flags, message.id), (0x0c, 2));
    client.send(&[0x70, 2, 0, 1]).await;
    client.send(&[0x50, 2, 0, 2]).await;
    assert_eq!(client.next().await, [0x62, 2, 0, 2]);
    client.send(&[0x70, 2, 0, 2]).await;
    say(&harbour, &pump, b"3").await;
    let message = client.message().await;
    assert_eq!((message.flags, message.id, value(&message.payload)), (4, 3, 3.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gets_at_a_session_by_its_client_id() {
    let harbour = Harbour::open().await;
    let (pump, other) = (harbour.device("pump").await, harbour.device("other").await);
    let (mut client, _) = keeper(&harbour, &pump, 4).await;
    assert_eq!(client.subscribe("me/#", 1).await, 1);
    drop(client);
    say(&harbour, &pump, b"1").await;
    let (mut stranger, present) = keeper(&harbour, &other, 4).await;
    assert!(!present);
    assert!(stranger.is_silent().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_expired_or_was_begun_anew_is_gone() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let (mut client, _) = keeper(&harbour, &pump, 5).await;
    assert_eq!(client.subscribe("me/#", 1).await, 1);
    client.send(&[0xe0, 0]).await;
    client.rest().await;
    harbour.until("saved", || harbour.door.status().sessions == 0).await;
    harbour.site.clock.advance(Duration::from_secs(3601));
    let (client, present) = keeper(&harbour, &pump, 5).await;
    assert!(!present, "it was to last an hour");
    drop(client);
    harbour.until("saved", || harbour.door.status().sessions == 0).await;
    let mut anew = harbour.client();
    anew.connect(5, "keeper", &pump, true).await;
    assert_eq!(anew.next().await[2..4], [0, 0]);
    drop(anew);
    harbour.until("gone", || harbour.door.status().sessions == 0).await;
    let (_client, present) = keeper(&harbour, &pump, 5).await;
    assert!(!present);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_is_taken_up_only_to_end_is_gone() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let (mut client, _) = keeper(&harbour, &pump, 5).await;
    assert_eq!(client.subscribe("me/#", 1).await, 1);
    client.leave().await;
    let mut brief = harbour.client();
    let login = Some((&*pump.user, &*pump.token));
    let connect = client::Connect { client: "keeper", clean: false, login, ..Default::default() };
    brief.present(&connect).await;
    assert_eq!(brief.next().await[2..4], [1, 0], "it is there");
    brief.leave().await;
    let (client, present) = keeper(&harbour, &pump, 5).await;
    assert!(!present);
    client.leave().await;
    let (client, present) = keeper(&harbour, &pump, 5).await;
    assert!(present, "kept from the start, with nothing in it");
    client.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_is_taken_up_only_to_end_does_not_outlive_the_server() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let (mut client, _) = keeper(&harbour, &pump, 5).await;
    assert_eq!(client.subscribe("me/#", 1).await, 1);
    client.leave().await;
    let mut brief = harbour.client();
    let login = Some((&*pump.user, &*pump.token));
    let connect = client::Connect { client: "keeper", clean: false, login, ..Default::default() };
    brief.present(&connect).await;
    assert_eq!(brief.next().await[2..4], [1, 0], "it is there");
    tokio::time::sleep(Duration::from_millis(200)).await;
    let harbour = harbour.killed().await;
    let (_client, present) = keeper(&harbour, &pump, 5).await;
    assert!(!present);
}

/// A reader of a device that others may lose the right to.
async fn viewer(harbour: &Harbour, of: &Pass) -> (Pass, roadstead_model::GrantId) {
    let reader = harbour.device("reader").await;
    let principal = roadstead_model::Principal::Device(reader.device);
    let role = roadstead_model::Role::Viewer;
    let grant = harbour.site.give(principal, role, of.device.into()).await.unwrap();
    (reader, grant.id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_right_ends_what_was_on_its_way_to_somebody_away() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let (reader, grant) = viewer(&harbour, &pump).await;
    let (mut client, _) = keeper(&harbour, &reader, 5).await;
    assert_eq!(client.subscribe("devices/#", 1).await, 1);
    say(&harbour, &pump, b"1").await;
    assert_eq!(client.message().await.id, 1);
    client.leave().await;
    let permit = harbour.site.permit(pump.device.into());
    harbour.site.catalog.end_grant(&permit, grant).await.unwrap();
    let (mut client, present) = keeper(&harbour, &reader, 5).await;
    assert!(present);
    assert!(client.is_silent().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_of_two_names_goes_on_with_the_second_after_a_break() {
    let harbour = Harbour::open().await;
    let hall = harbour.space(harbour.site.tenant.id.into(), "hall").await;
    let pump = harbour.device_below(hall, "pump").await;
    let login = Some((&*pump.user, &*pump.token));
    let narrow = client::Connect {
        client: "narrow",
        login,
        clean: false,
        properties: &[0x11, 0, 0, 1, 0, 0x21, 0, 1],
        ..Default::default()
    };
    let mut client = harbour.client();
    client.present(&narrow).await;
    assert_eq!(client.next().await[3], 0);
    assert_eq!(client.subscribe("devices/#", 2).await, 2);
    assert_eq!(client.subscribe("spaces/#", 2).await, 2);
    say(&harbour, &pump, b"1").await;
    let first = client.message().await;
    assert_eq!((first.flags, first.id), (4, 1));
    client.leave().await;
    let mut client = harbour.client();
    client.present(&narrow).await;
    assert_eq!(client.next().await[2..4], [1, 0]);
    let again = client.message().await;
    assert_eq!((again.flags, again.id, &again.topic), (0x0c, 1, &first.topic));
    client.send(&[0x50, 2, 0, 1]).await;
    assert_eq!(client.next().await, [0x62, 2, 0, 1]);
    client.send(&[0x70, 2, 0, 1]).await;
    let second = client.message().await;
    assert_eq!((second.flags, second.id), (4, 2));
    assert_ne!(second.topic, first.topic);
    client.send(&[0x50, 2, 0, 2]).await;
    assert_eq!(client.next().await, [0x62, 2, 0, 2]);
    client.send(&[0x70, 2, 0, 2]).await;
    assert!(client.is_silent().await);
}
