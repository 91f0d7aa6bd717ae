//! What is fuzzed: every decoder of bodies, every packet of MQTT, and every text that becomes an id,
//! a name, a time or a topic.

use roadstead_model::{DeviceId, Email, Name, Resource, TenantId, Timestamp};
use roadstead_services::formats::{Context, Format, Precision, decode, sensor_payload};

/// One parser with bodies that it takes.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) seeds: &'static [&'static [u8]],
    pub(crate) feed: fn(&[u8]),
}

pub(crate) const ALL: &[Target] = &[
    Target { name: "json", seeds: JSON, feed: |body| read(Format::Json, body) },
    Target { name: "senml-json", seeds: SENML, feed: |body| read(Format::SenmlJson, body) },
    Target { name: "senml-cbor", seeds: CBOR, feed: |body| read(Format::SenmlCbor, body) },
    Target { name: "rec-edge", seeds: REC, feed: |body| read(Format::RecEdge, body) },
    Target { name: "csv", seeds: CSV, feed: |body| read(Format::Csv, body) },
    Target { name: "ndjson", seeds: JSON, feed: |body| read(Format::Ndjson, body) },
    Target {
        name: "influx",
        seeds: INFLUX,
        feed: |body| read(Format::Influx(Precision::Nanoseconds), body),
    },
    Target { name: "payload", seeds: PAYLOAD, feed: |body| drop(sensor_payload(body)) },
    Target { name: "mqtt", seeds: MQTT, feed: roadstead_door_mqtt::read_as_anything },
    Target { name: "texts", seeds: TEXTS, feed: texts },
];

const JSON: &[&[u8]] = &[
    br#"{"temperature":21.5,"humidity":40,"on":true,"state":"open","time":"2026-11-21T10:00:00Z"}"#,
    br#"[{"sensor":"a","value":1},{"sensor":"b","value":2.5e3,"time":1795280718}]"#,
];
const SENML: &[&[u8]] = &[
    br#"[{"bn":"urn:dev:ow:10e2073a01080063:","bt":1.276020076001e+09,"bu":"A","bver":5,"n":"voltage","u":"V","v":120.1},{"n":"current","t":-5,"v":1.2}]"#,
    br#"[{"n":"door","vb":true},{"n":"label","vs":"x"},{"n":"sum","s":12.5}]"#,
];
const CBOR: &[&[u8]] = &[
    b"\x81\xa3\x00\x61x\x02\xfb\x40\x35\x80\x00\x00\x00\x00\x00\x06\x1a\x6a\x00\x00\x00",
    b"\x82\xa2\x21\x61b\x00\x61n\xa1\x04\xf5",
];
const REC: &[&[u8]] = &[
    br#"{"format":"rec3.3","deviceId":"d","observations":[{"observationTime":"2026-11-21T10:00:00Z","value":1.5,"quantityKind":"Temperature","sensorId":"t"},{"observationTime":"2026-11-21T10:00:00Z","valueBoolean":true,"sensorId":"b"}]}"#,
];
const CSV: &[&[u8]] =
    &[b"time,sensor,value\n2026-11-21T10:00:00Z,a,1\n", b"time,a,b\r\n1795280718,1.5,\"x,y\"\r\n"];
const INFLUX: &[&[u8]] =
    &[b"weather,place=a\\ b temperature=21.5,ok=t,n=3i,s=\"a \\\"b\\\"\" 1795280718000000000\n"];
const PAYLOAD: &[&[u8]] = &[
    b"21.5",
    b"true",
    br#"{"time":"2026-11-21T10:00:00.123Z","value":21.5}"#,
    br#"{"t":1795280718.5,"v":-1e3}"#,
];
const MQTT: &[&[u8]] = &[
    b"\x10\x1a\x00\x04MQTT\x04\xc2\x00<\x00\x01c\x00\x04pump\x00\x05token",
    b"\x10=\x00\x04MQTT\x05\xc6\x00<\x05\x11\x00\x00\x0e\x10\x00\x01c\x05\x18\x00\x00\x00\x01\x00\x12me/measurements/on\x00\x010\x00\x04pump\x00\x05token",
    b"2 \x00\x14me/measurements/flow\x00\x07\x03#\x00\x0121.5",
    b"\x824\x00\x09\x02\x0b\x07\x00!$share/g/devices/+/measurements/#\x01\x00\x08spaces/#-",
    b"\xa2\x09\x00\x0a\x00\x00\x04me/#",
    b"\xe0\x07\x04\x05\x11\x00\x00\x00\x00",
    b"@\x08\x00\x01\x87\x04\x1f\x00\x01a",
    b"devices/pump/measurements/flow",
];
const TEXTS: &[&[u8]] =
    &[b"dev_0123456789abc", b"2026-03-29T12:00:00.123456+02:00", b"a@b.example", b"pump-7"];

fn read(format: Format, body: &[u8]) {
    let tenant = TenantId::numbered(1).expect("the first tenant has a number");
    let device = DeviceId::new(tenant, 1).expect("the first device has a number");
    let context = Context { device, device_name: "d", sensor: None, arrival: Timestamp::EPOCH };
    drop(decode(format, body, &context));
    drop(decode(format, body, &Context { sensor: Some("x"), ..context }));
}

fn texts(body: &[u8]) {
    let text = String::from_utf8_lossy(body);
    drop(text.parse::<Name>());
    drop(text.parse::<Email>());
    let _ = text.parse::<Resource>();
    if let Ok(time) = text.parse::<Timestamp>() {
        assert_eq!(time.to_string().parse(), Ok(time));
    }
}
