//! Who and what is turned away.

use super::client::{Connect, packet, text};
use super::*;
use roadstead_store::Authority;

async fn answer(harbour: &Harbour, connect: &Connect<'_>) -> Vec<u8> {
    let mut client = harbour.client();
    client.present(connect).await;
    client.next().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_comes_in_without_a_credential_of_their_own() {
    let harbour = Harbour::open().await;
    let (pump, other) = (harbour.device("pump").await, harbour.device("other").await);
    let logins = [
        (None, 5, 0x87),
        (Some(("pump", "wrong")), 4, 0x86),
        (Some(("pump", &*other.token)), 4, 0x86),
        (Some(("", &*pump.token)), 4, 0x86),
    ];
    for (login, three, five) in logins {
        let connect = Connect { version: 4, login, ..Connect::default() };
        assert_eq!(answer(&harbour, &connect).await, [0x20, 2, 0, three], "{login:?}");
        let connect = Connect { login, ..Connect::default() };
        assert_eq!(answer(&harbour, &connect).await, [0x20, 3, 0, five, 0], "{login:?}");
    }
    let id = pump.device.to_string();
    for user in ["pump", &id] {
        let login = Some((user, &*pump.token));
        let connect = Connect { version: 4, login, ..Connect::default() };
        assert_eq!(answer(&harbour, &connect).await, [0x20, 2, 0, 0], "{user}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_client_asks_beyond_the_limits_is_told() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let login = Some((&*pump.user, &*pump.token));
    let method = [&[0x15][..], &text("SCRAM")].concat();
    let enhanced = Connect { login, properties: &method, ..Connect::default() };
    assert_eq!(answer(&harbour, &enhanced).await, [0x20, 3, 0, 0x8c, 0]);
    let long = "x".repeat(200);
    let named = Connect { login, client: &long, ..Connect::default() };
    assert_eq!(answer(&harbour, &named).await, [0x20, 3, 0, 0x85, 0]);
    let nameless = Connect { login, client: "", ..Connect::default() };
    let told = answer(&harbour, &nameless).await;
    assert!(told.windows(7).any(|bytes| &bytes[2..] == b"auto-"), "{told:?}");
    let forgetful = Connect { version: 4, login, client: "", clean: false, ..Connect::default() };
    assert_eq!(answer(&harbour, &forgetful).await, [0x20, 2, 0, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_large_a_packet_ends_the_connection_before_it_is_read() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let mut five = harbour.v5(&pump).await;
    five.send(&[0x30, 0xff, 0xff, 0x7f]).await;
    assert_eq!(five.next().await, [0xe0, 1, 0x95]);
    let mut three = harbour.v3(&pump).await;
    three.send(&[0x30, 0xff, 0xff, 0x7f]).await;
    assert_eq!(three.next().await, *b"");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_outruns_its_window_is_stopped() {
    let limits = Limits { receive_maximum: 2, ..Limits::default() };
    let harbour = Harbour::with(limits).await;
    let pump = harbour.device("pump").await;
    let mut client = harbour.v5(&pump).await;
    let flood: Vec<u8> =
        (1..=3).flat_map(|id| client.publish_packet(4, "me/measurements/x", id, b"1")).collect();
    client.send(&flood).await;
    let mut rest = client.rest().await;
    assert_eq!(rest.split_off(rest.len() - 3), [0xe0, 1, 0x93]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_client_is_let_go() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let login = Some((&*pump.user, &*pump.token));
    let mut client = harbour.client();
    client.present(&Connect { login, keep_alive: 1, ..Connect::default() }).await;
    assert_eq!(client.next().await[3], 0);
    client.send(&[0xc0, 0]).await;
    assert_eq!(client.next().await, [0xd0, 0]);
    assert_eq!(client.next().await, [0xe0, 1, 0x8d]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ended_credential_ends_its_connection_within_a_second() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let mut client = harbour.v5(&pump).await;
    let permit = harbour.site.permit(pump.device);
    let ended = harbour.site.catalog.end_credential(Authority::Device(&permit), pump.credential);
    ended.await.unwrap();
    let told = tokio::time::timeout(Duration::from_secs(1), client.next()).await.unwrap();
    assert_eq!(told, [0xe0, 1, 0x87]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_connection_takes_the_session_over() {
    let harbour = Harbour::open().await;
    let (pump, other) = (harbour.device("pump").await, harbour.device("other").await);
    let mut first = harbour.v5(&pump).await;
    let mut stranger = harbour.v5(&other).await;
    let _second = harbour.v5(&pump).await;
    assert_eq!(first.next().await, [0xe0, 1, 0x8e]);
    stranger.send(&[0xc0, 0]).await;
    assert_eq!(stranger.next().await, [0xd0, 0], "the same client id of another identity");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_principal_has_only_so_many_sessions() {
    let limits = Limits { sessions_per_principal: 1, ..Limits::default() };
    let harbour = Harbour::with(limits).await;
    let pump = harbour.device("pump").await;
    let _first = harbour.v5(&pump).await;
    let login = Some((&*pump.user, &*pump.token));
    let second = Connect { login, client: "another", ..Connect::default() };
    assert_eq!(answer(&harbour, &second).await, [0x20, 3, 0, 0x97, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopping_server_says_so() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let mut client = harbour.v5(&pump).await;
    harbour.stop.cancel();
    assert_eq!(client.next().await, [0xe0, 1, 0x8b]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_is_answered_with_a_reason_or_with_silence() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0x16, 3, 1, 2, 0], &[0xff; 40]] {
        let mut client = harbour.client();
        client.send(garbage).await;
        assert_eq!(client.next().await, *b"");
    }
    for (bad, code) in
        [(packet(0x00, &[]), 0x82), (packet(0x36, &[0; 9]), 0x81), (packet(0xf0, &[]), 0x82)]
    {
        let mut five = harbour.v5(&pump).await;
        five.send(&bad).await;
        assert_eq!(five.next().await, [0xe0, 1, code], "{bad:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_has_only_so_many_filters_and_open_messages() {
    let limits = Limits { filters: 2, receive_maximum: 3, ..Limits::default() };
    let harbour = Harbour::with(limits).await;
    let pump = harbour.device("pump").await;
    let mut five = harbour.v5(&pump).await;
    let codes =
        [five.subscribe("a", 0).await, five.subscribe("b", 0).await, five.subscribe("c", 0).await];
    assert_eq!(codes, [0, 0, 0x97]);
    assert_eq!(five.subscribe("a", 1).await, 1, "one that is there may be changed");
    let mut three = harbour.v3(&pump).await;
    for id in 1..=3_u8 {
        three.publish(4, "me/measurements/x", id.into(), b"1").await;
        assert_eq!(three.next().await, [0x50, 2, 0, id]);
    }
    three.publish(4, "me/measurements/x", 4, b"1").await;
    assert_eq!(three.next().await, *b"");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_long_a_topic_ends_the_connection() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let long = format!("me/measurements/{}", "x".repeat(1100));
    let mut five = harbour.v5(&pump).await;
    five.publish(2, &long, 1, b"1").await;
    assert_eq!(five.next().await, [0xe0, 1, 0x90]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_packet_with_very_many_filters_is_not_gone_through_to_its_end() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let mut speaker = harbour.v3(&pump).await;
    speaker.publish(3, "me/measurements/state", 1, b"5").await;
    assert_eq!(speaker.next().await, [0x40, 2, 0, 1]);
    let many = [&text("#")[..], &[0]].concat().repeat(60_000);
    let mut client = harbour.v5(&pump).await;
    client.send(&packet(0x82, &[&[0, 9, 0][..], &many].concat())).await;
    let answer = client.next().await;
    assert_eq!((answer[0], answer.len()), (0x90, 4 + 3 + 60_000));
    let codes = &answer[7..];
    assert!(codes[..100].iter().all(|code| *code == 0), "{:?}", &codes[..100]);
    assert!(codes[100..].iter().all(|code| *code == 0x97));
    assert_eq!(client.message().await.flags, 1, "told once");
    assert!(client.is_silent().await);
    let many = text("#").repeat(60_000);
    client.send(&packet(0xa2, &[&[0, 9, 0][..], &many].concat())).await;
    assert_eq!(client.next().await, [0xe0, 1, 0x97]);
}
