//! Filters against a naive matcher, and what topics mean.

use super::*;
use proptest::prelude::*;

mod table; // every topic, checked in

/// MQTT's rules by recursion over the texts, with nothing clever.
fn naive(filter: &[&str], topic: &[&str], first: bool) -> bool {
    let hidden = first && topic.first().is_some_and(|level| level.starts_with('$'));
    match (filter, topic) {
        (["#"], _) => !hidden,
        ([], []) => true,
        (["+", filter @ ..], [_, topic @ ..]) => !hidden && naive(filter, topic, false),
        ([wanted, filter @ ..], [level, topic @ ..]) => {
            wanted == level && naive(filter, topic, false)
        }
        ([], _) | (_, []) => false,
    }
}

fn well_formed(filter: &str) -> bool {
    let levels: Vec<_> = filter.split('/').collect();
    let last = levels.len() - 1;
    let fits = |(at, level): (usize, &&str)| match *level {
        "#" => at == last,
        "+" => true,
        name => !name.contains(['+', '#']),
    };
    !filter.is_empty() && levels.iter().enumerate().all(fits)
}

fn level() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "a", "b", "$x", "me", "spaces", "devices", "ä"])
}

fn pattern() -> impl Strategy<Value = &'static str> {
    let odd = vec!["+", "+", "#", "a+", "#b", "++"];
    prop_oneof![4 => level(), 2 => prop::sample::select(odd)]
}

proptest! {
    #[test]
    fn a_filter_matches_as_the_naive_matcher_says(
        filter in prop::collection::vec(pattern(), 1..6),
        topic in prop::collection::vec(level(), 1..6),
    ) {
        let text = filter.join("/");
        let parsed = Filter::parse(&text, &Limits::default());
        if text.starts_with('$') {
            prop_assert_eq!(parsed, Err(Reason::NOT_AUTHORIZED));
        } else if well_formed(&text) {
            prop_assert_eq!(parsed.unwrap().matches(&topic), naive(&filter, &topic, true));
        } else {
            prop_assert_eq!(parsed, Err(Reason::TOPIC_FILTER_INVALID));
        }
    }

    #[test]
    fn no_topic_makes_the_reader_of_destinations_stumble(topic in "(me|devices|[a$+#/])(/(measurements|[a-z+#$]{0,3})){0,4}") {
        if let Some(found) = Destination::parse(&topic) {
            let whose = match found.whose {
                Whose::Me => "me".to_owned(),
                Whose::Device(device) => format!("devices/{device}"),
            };
            let sensor = found.sensor.map(|sensor| format!("/{sensor}")).unwrap_or_default();
            prop_assert_eq!(format!("{whose}/measurements{sensor}"), topic);
        }
    }
}

fn filter(text: &str) -> Filter {
    Filter::parse(text, &Limits::default()).unwrap()
}

const DEVICE_NAME: &[&str] = &["devices", "pump", "measurements", "flow"];
const PLACE_NAME: &[&str] = &["spaces", "site", "hall", "devices", "pump", "measurements", "flow"];

#[test]
fn a_wide_filter_brings_a_measurement_once() {
    for wide in ["#", "+/#", "+/+/measurements/+", "devices/#"] {
        assert!(filter(wide).brings(NameKind::ByDevice, DEVICE_NAME), "{wide}");
        assert!(!filter(wide).brings(NameKind::ByPlace, PLACE_NAME), "{wide}");
        assert!(!filter(wide).brings(NameKind::Own, &["me", "measurements", "flow"]), "{wide}");
    }
    assert!(filter("spaces/site/#").brings(NameKind::ByPlace, PLACE_NAME));
    assert!(filter("me/#").brings(NameKind::Own, &["me", "measurements", "flow"]));
}

#[test]
fn a_shared_filter_is_the_filter_and_its_group() {
    let shared = filter("$share/workers/devices/+/measurements/#");
    assert_eq!(shared.group(), Some("workers"));
    assert!(shared.brings(NameKind::ByDevice, DEVICE_NAME));
    for wrong in ["$share/", "$share//a", "$share/g", "$share/g/", "$share/g+/a", "$share/#/a"] {
        let answer = Filter::parse(wrong, &Limits::default());
        assert_eq!(answer, Err(Reason::TOPIC_FILTER_INVALID), "{wrong}");
    }
    let hidden = Filter::parse("$share/g/$SYS/#", &Limits::default());
    assert_eq!(hidden, Err(Reason::NOT_AUTHORIZED));
}

#[test]
fn a_topic_tells_whose_and_which() {
    let parse = Destination::parse;
    let own = Destination { whose: Whose::Me, sensor: Some("t") };
    assert_eq!(parse("me/measurements/t"), Some(own));
    let of_another = Destination { whose: Whose::Device("pump"), sensor: None };
    assert_eq!(parse("devices/pump/measurements"), Some(of_another));
    for nowhere in [
        "",
        "me",
        "me/measurements/",
        "me/measurements/a/b",
        "/me/measurements",
        "me/measurementsx",
        "devices//x",
        "devices/pump",
        "spaces/a/devices/pump/measurements/flow",
        "$SYS/x",
    ] {
        assert_eq!(parse(nowhere), None, "{nowhere}");
    }
}

#[test]
fn too_long_and_too_deep_filters_are_refused() {
    let limits = Limits::default();
    let deep = vec!["a"; limits.topic_levels + 1].join("/");
    assert_eq!(Filter::parse(&deep, &limits), Err(Reason::TOPIC_FILTER_INVALID));
    let long = "a".repeat(limits.topic_bytes + 1);
    assert_eq!(Filter::parse(&long, &limits), Err(Reason::TOPIC_FILTER_INVALID));
}
