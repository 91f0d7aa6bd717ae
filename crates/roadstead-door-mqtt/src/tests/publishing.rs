//! A device speaks.

use super::client::{Connect, packet};
use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bare_number_on_a_sensors_topic_is_acknowledged_and_kept() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    for version in [4, 5] {
        let mut client =
            if version == 4 { harbour.v3(&pump).await } else { harbour.v5(&pump).await };
        for id in 1..=20 {
            client.publish(2, "me/measurements/flow", id, format!("{id}.5").as_bytes()).await;
        }
        for id in 1..=20_u8 {
            assert_eq!(client.next().await, [0x40, 2, 0, id]);
        }
        assert_eq!(harbour.number(&pump, "flow"), Some(20.5));
    }
    assert_eq!(harbour.count(&pump, "flow").await, 40, "none is taken for a repetition");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_formats_are_read_on_one_topic() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let mut client = harbour.v5(&pump).await;
    let cbor = b"\x81\xa2\x00\x65depth\x02\x18\x2a";
    let payloads: [&[u8]; 3] =
        [br#"{"flow": 1.5, "level": 2}"#, br#"[{"n":"head","u":"m","v":7}]"#, cbor];
    for (id, payload) in (1_u8..).zip(payloads) {
        client.publish(2, "me/measurements", id.into(), payload).await;
        assert_eq!(client.next().await, [0x40, 2, 0, id]);
    }
    for (sensor, value) in [("flow", 1.5), ("level", 2.0), ("head", 7.0), ("depth", 42.0)] {
        assert_eq!(harbour.number(&pump, sensor), Some(value), "{sensor}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_once_counts_once_however_often_it_is_sent() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let mut client = harbour.client();
    client.connect(4, "keeps", &pump, false).await;
    assert_eq!(client.next().await, [0x20, 2, 0, 0]);
    client.publish(4, "me/measurements/flow", 7, b"1").await;
    assert_eq!(client.next().await, [0x50, 2, 0, 7]);
    client.publish(0x0c, "me/measurements/flow", 7, b"1").await;
    assert_eq!(client.next().await, [0x50, 2, 0, 7]);
    let harbour = harbour.killed().await;
    let mut client = harbour.client();
    client.connect(4, "keeps", &pump, false).await;
    assert_eq!(client.next().await, [0x20, 2, 1, 0], "the session is there");
    client.publish(0x0c, "me/measurements/flow", 7, b"1").await;
    assert_eq!(client.next().await, [0x50, 2, 0, 7]);
    client.send(&[0x62, 2, 0, 7]).await;
    assert_eq!(client.next().await, [0x70, 2, 0, 7]);
    assert_eq!(harbour.count(&pump, "flow").await, 1);
    client.publish(4, "me/measurements/flow", 7, b"2").await;
    assert_eq!(client.next().await, [0x50, 2, 0, 7]);
    assert_eq!(harbour.count(&pump, "flow").await, 2, "a released id is a new message");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_taken_is_told_in_words_to_mqtt_5_and_acknowledged_to_3() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let mut five = harbour.v5(&pump).await;
    five.publish(2, "me/measurements/flow", 1, b"NaN").await;
    let answer = five.next().await;
    assert_eq!((answer[0], answer[4]), (0x40, 0x99), "{answer:?}");
    assert!(answer.len() > 8, "with a sentence: {answer:?}");
    five.publish(4, "me/measurements/flow", 2, b"{").await;
    let answer = five.next().await;
    assert_eq!((answer[0], answer[4]), (0x50, 0x99), "{answer:?}");
    let mut three = harbour.v3(&pump).await;
    three.publish(2, "me/measurements/flow", 1, b"{").await;
    assert_eq!(three.next().await, [0x40, 2, 0, 1]);
    assert_eq!(harbour.door.status().refused, 3);
    assert_eq!(harbour.number(&pump, "flow"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_writes_where_they_may_not() {
    let harbour = Harbour::open().await;
    let (pump, other) = (harbour.device("pump").await, harbour.device("other").await);
    let by_id = format!("devices/{}/measurements/x", other.device);
    let forbidden =
        ["devices/other/measurements/x", &by_id, "devices/nobody/measurements", "elsewhere"];
    for topic in forbidden {
        let mut five = harbour.v5(&pump).await;
        five.publish(2, topic, 1, b"1").await;
        let answer = five.next().await;
        assert_eq!((answer[0], answer[4]), (0x40, 0x87), "{topic}: {answer:?}");
        five.publish(0, topic, 0, b"1").await;
        assert_eq!(five.next().await, [0xe0, 1, 0x87], "{topic}");
        let mut three = harbour.v3(&pump).await;
        three.publish(2, topic, 1, b"1").await;
        assert_eq!(three.next().await, *b"", "{topic}");
    }
    assert_eq!(harbour.sensor(&other, "x"), None);
    let mut own = harbour.v5(&pump).await;
    own.publish(2, "devices/pump/measurements/x", 1, b"3").await;
    assert_eq!(own.next().await, [0x40, 2, 0, 1], "one's own name is as good as `me`");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_sent_before_a_good_bye_counts() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let mut client = harbour.client();
    let login = Some((&*pump.user, &*pump.token));
    let mut all = Connect { version: 4, login, ..Connect::default() }.bytes();
    all.extend(client.publish_packet(0, "me/measurements/flow", 0, b"12"));
    all.extend([0xe0, 0]);
    client.send(&all).await;
    client.rest().await;
    harbour.until("the value", || harbour.number(&pump, "flow") == Some(12.0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alias_stands_for_its_topic() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let mut client = harbour.v5(&pump).await;
    let with_alias = |topic: &str, id: u8, alias: u8, payload: &[u8]| {
        let mut body = client::text(topic);
        body.extend([0, id, 3, 0x23, 0, alias]);
        body.extend_from_slice(payload);
        packet(0x32, &body)
    };
    client.send(&with_alias("me/measurements/a", 1, 3, b"1")).await;
    assert_eq!(client.next().await, [0x40, 2, 0, 1]);
    client.send(&with_alias("", 2, 3, b"2")).await;
    assert_eq!(client.next().await, [0x40, 2, 0, 2]);
    assert_eq!(harbour.number(&pump, "a"), Some(2.0));
    client.send(&with_alias("", 3, 4, b"2")).await;
    assert_eq!(client.next().await, [0xe0, 1, 0x82], "nobody has said what 4 stands for");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobodys_memory_is_spent_on_topics_that_lead_nowhere() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let mut client = harbour.v5(&pump).await;
    let with_alias = |topic: &str, id: u8, alias: u8| {
        let mut body = client::text(topic);
        body.extend([0, id, 3, 0x23, 0, alias, b'1']);
        packet(0x32, &body)
    };
    client.send(&with_alias("devices/other/measurements/a", 1, 1)).await;
    assert_eq!(client.next().await[4], 0x87);
    client.send(&with_alias("", 2, 1)).await;
    let answer = client.next().await;
    assert_eq!((answer[0], answer[4]), (0x40, 0x87), "{answer:?}");
    let why = String::from_utf8_lossy(&answer).into_owned();
    assert!(why.contains("alias"), "the topic itself is not remembered: {why}");
    client.send(&with_alias("me/measurements/a", 3, 1)).await;
    assert_eq!(client.next().await, [0x40, 2, 0, 3]);
    client.send(&with_alias("", 4, 1)).await;
    assert_eq!(client.next().await, [0x40, 2, 0, 4], "it may be given a topic that is taken");
    let no_name = format!("me/measurements/{}", "x".repeat(1000));
    client.send(&with_alias(&no_name, 5, 2)).await;
    let answer = client.next().await;
    assert_eq!(answer[5], 0x99, "a sentence of more than 127 bytes: {answer:?}");
    client.send(&with_alias("", 6, 2)).await;
    assert_eq!(client.next().await[4], 0x87);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_will_too_has_a_topic_of_bounded_length_that_leads_somewhere() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let login = Some((&*pump.user, &*pump.token));
    for (length, code) in [(1100, 0x90), (100, 0x99)] {
        let topic = format!("me/measurements/{}", "x".repeat(length));
        let will = Some((&*topic, &b"1"[..]));
        let mut client = harbour.client();
        client.present(&Connect { will, login, ..Connect::default() }).await;
        assert_eq!(client.next().await, [0x20, 3, 0, code, 0]);
        let mut client = harbour.client();
        client.present(&Connect { version: 4, will, login, ..Connect::default() }).await;
        assert_eq!(client.next().await, [0x20, 2, 0, 3]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_out_of_sight_and_one_that_is_none_are_told_in_the_same_words() {
    let harbour = Harbour::open().await;
    let (pump, other) = (harbour.device("pump").await, harbour.device("other").await);
    let by_id = format!("devices/{}/measurements/x", other.device);
    let mut told = Vec::new();
    for topic in ["devices/other/measurements/x", &by_id, "devices/nobody/measurements/x"] {
        let mut client = harbour.v5(&pump).await;
        client.publish(2, topic, 1, b"1").await;
        told.push(client.next().await);
    }
    assert!(told[0].len() > 8, "{told:?}");
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_will_is_said_for_the_lost_and_not_for_those_who_say_good_bye() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let login = Some((&*pump.user, &*pump.token));
    let will = Some(("me/measurements/online", &b"false"[..]));
    let connect = Connect { will, login, ..Connect::default() };
    let mut client = harbour.client();
    client.present(&connect).await;
    assert_eq!(client.next().await[3], 0);
    client.send(&[0xe0, 0]).await;
    client.rest().await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(harbour.number(&pump, "online"), None);
    let mut client = harbour.client();
    client.present(&connect).await;
    assert_eq!(client.next().await[3], 0);
    drop(client);
    harbour.until("the will", || harbour.number(&pump, "online") == Some(0.0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delayed_will_is_forgotten_when_its_client_comes_back() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let login = Some((&*pump.user, &*pump.token));
    let will = Some(("me/measurements/online", &b"false"[..]));
    let (properties, will_properties) = (&[0x11, 0, 0, 1, 0][..], &[0x18, 0, 0, 0, 1][..]);
    let connect =
        Connect { login, will, properties, will_properties, clean: false, ..Connect::default() };
    let mut client = harbour.client();
    client.present(&connect).await;
    assert_eq!(client.next().await[3], 0);
    drop(client);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut back = harbour.client();
    back.present(&connect).await;
    assert_eq!(back.next().await[2..4], [1, 0]);
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!(harbour.number(&pump, "online"), None);
    drop(back);
    harbour.until("the will", || harbour.number(&pump, "online") == Some(0.0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_will_for_anothers_topic_is_refused_at_once() {
    let harbour = Harbour::open().await;
    let (pump, _other) = (harbour.device("pump").await, harbour.device("other").await);
    let login = Some((&*pump.user, &*pump.token));
    let will = Some(("devices/other/measurements/x", &b"1"[..]));
    let mut client = harbour.client();
    client.present(&Connect { will, login, ..Connect::default() }).await;
    assert_eq!(client.next().await, [0x20, 3, 0, 0x87, 0]);
    let mut client = harbour.client();
    client.present(&Connect { version: 4, will, login, ..Connect::default() }).await;
    assert_eq!(client.next().await, [0x20, 2, 0, 5]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_pack_that_is_partly_wrong_the_right_part_is_kept() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let mut client = harbour.v5(&pump).await;
    let pack = br#"[{"sensor":"a","value":1},{"sensor":"b/c","value":2}]"#;
    for (flags, id) in [(2, 1), (4, 2)] {
        client.publish(flags, "me/measurements", id, pack).await;
        let answer = client.next().await;
        assert_eq!((answer[0] & 0xef, answer[4]), (0x40, 0x99), "{answer:?}");
    }
    assert_eq!(harbour.number(&pump, "a"), Some(1.0));
    client.publish(4, "me/measurements/a", 2, b"3").await;
    assert_eq!(client.next().await, [0x50, 2, 0, 2], "the packet id of a refused message is free");
    assert_eq!(harbour.number(&pump, "a"), Some(3.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_told_in_a_sentence_that_fits() {
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let mut client = harbour.v5(&pump).await;
    let long = "x/".repeat(50_000);
    let pack = format!(r#"[{{"sensor":"a\u0000{long}","value":1}}]"#);
    client.publish(2, "me/measurements", 1, pack.as_bytes()).await;
    let answer = client.next().await;
    assert!(answer.len() < 1000 && !answer[11..].contains(&0), "{answer:?}");
    client.publish(2, "me/measurements/y", 2, b"1").await;
    assert_eq!(client.next().await, [0x40, 2, 0, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_without_room_makes_clients_wait_and_loses_nothing() {
    let harbour = Harbour::with_store(Limits::default(), 10).await;
    let pump = harbour.device("pump").await;
    let mut client = harbour.v3(&pump).await;
    let total = 2000_u16;
    let mut flood = Vec::new();
    for id in 1..=total {
        let qos = if id % 50 == 0 { 4 } else { 2 };
        flood.extend(client.publish_packet(qos, "me/measurements/flow", id, b"1"));
    }
    let mut waiting = harbour.v5(&pump).await;
    client.send(&flood).await;
    for id in 1..=total {
        let [high, low] = id.to_be_bytes();
        let first = if id % 50 == 0 { 0x50 } else { 0x40 };
        assert_eq!(
            client.next().await,
            [first, 2, high, low],
            "in the order in which they were sent"
        );
    }
    assert_eq!(harbour.count(&pump, "flow").await, usize::from(total));
    waiting.send(&[0xc0, 0]).await;
    assert_eq!(waiting.next().await, [0xd0, 0]);
}
