//! What stands in a journal record: entries, written compactly and read back with distrust.

use std::sync::Arc;

use roadstead_model::{
    Attribution, CredentialId, DeviceId, Measurement, Position, Principal, Quality, Reading,
    SensorId, TenantId, Timestamp, Value,
};
use roadstead_store::{Batch, Once, SessionKey, SessionState};

/// The version of this format, in the first entry of every segment.
pub(super) const VERSION: u64 = 1;

/// Readings that were handed over together, with who sent them and where they begin.
#[derive(Debug, Clone)]
pub(super) struct Handed {
    pub(super) source: Attribution,
    /// The position of the first reading that is not quarantined. Set by the writer.
    pub(super) first: Position,
    pub(super) batch: Batch,
}

/// What is known of a sensor besides its rows.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) device: DeviceId,
    pub(super) latest: Option<Measurement>,
    pub(super) retained: Option<Measurement>,
}

/// One thing that happened; or, at the beginning of a segment, one thing that was so.
#[derive(Debug, Clone)]
pub(super) enum Entry {
    Batch(Handed),
    Forget(SensorId),
    Save(SessionKey, Arc<SessionState>),
    Release(SessionKey, u16),
    Remove(SessionKey),
    /// The store was closed in order: everything before was durable. The next record replaces it.
    Closed,
    Begin {
        version: u64,
        segment: u64,
    },
    Next(TenantId, Position),
    Sensor(SensorId, Box<Known>),
    Received(SessionKey, Vec<u16>),
    Key([u8; 32], Timestamp),
}

/// A record whose checksum is right and whose content is not: written by another version.
#[derive(Debug, thiserror::Error)]
#[error("an entry of the journal cannot be read: it was written by another version")]
pub(super) struct Malformed;

const RETAIN: u8 = 1;
const BY_PACKET: u8 = 2;
const BY_KEY: u8 = 4;

const NUMBER: u8 = 0;
const OFF: u8 = 1;
const ON: u8 = 2;
const TEXT: u8 = 3;

/// Appends an entry to a record.
pub(super) fn write(into: &mut Vec<u8>, entry: &Entry) {
    match entry {
        Entry::Batch(handed) => write_batch(into, handed),
        Entry::Forget(sensor) => {
            into.push(2);
            varint(into, sensor.integer());
        }
        Entry::Save(key, state) => {
            into.push(3);
            session(into, key);
            let state = SessionState { received: Vec::new(), ..SessionState::clone(state) };
            let json = serde_json::to_vec(&state).expect("a session's state has only plain fields");
            bytes(into, &json);
        }
        Entry::Release(key, packet) => {
            into.push(4);
            session(into, key);
            varint(into, u64::from(*packet));
        }
        Entry::Remove(key) => {
            into.push(5);
            session(into, key);
        }
        Entry::Closed => into.push(6),
        Entry::Begin { .. }
        | Entry::Next(..)
        | Entry::Sensor(..)
        | Entry::Received(..)
        | Entry::Key(..) => write_state(into, entry),
    }
}

fn write_state(into: &mut Vec<u8>, entry: &Entry) {
    match entry {
        Entry::Begin { version, segment } => {
            into.push(16);
            varint(into, *version);
            varint(into, *segment);
        }
        Entry::Next(tenant, position) => {
            into.push(17);
            varint(into, tenant.integer());
            varint(into, position.0);
        }
        Entry::Sensor(id, known) => write_sensor(into, *id, known),
        Entry::Received(key, packets) => {
            into.push(19);
            session(into, key);
            varint(into, packets.len() as u64);
            for packet in packets {
                varint(into, u64::from(*packet));
            }
        }
        Entry::Key(digest, at) => {
            into.push(20);
            into.extend_from_slice(digest);
            zigzag(into, at.micros());
        }
        Entry::Batch(_)
        | Entry::Forget(_)
        | Entry::Save(..)
        | Entry::Release(..)
        | Entry::Remove(_)
        | Entry::Closed => {}
    }
}

fn write_batch(into: &mut Vec<u8>, handed: &Handed) {
    let Handed { source, first, batch } = handed;
    let once = match &batch.once {
        None => 0,
        Some(Once::Packet(..)) => BY_PACKET,
        Some(Once::Key(_)) => BY_KEY,
    };
    into.extend_from_slice(&[1, (u8::from(batch.retain) * RETAIN) | once]);
    attribution(into, source);
    varint(into, first.0);
    zigzag(into, batch.arrival.micros());
    match &batch.once {
        None => {}
        Some(Once::Packet(key, packet)) => {
            session(into, key);
            varint(into, u64::from(*packet));
        }
        Some(Once::Key(digest)) => into.extend_from_slice(digest),
    }
    varint(into, batch.readings.len() as u64);
    let (mut sensor, mut time) = (0, batch.arrival.micros());
    for reading in &batch.readings {
        zigzag(into, reading.sensor.sql().wrapping_sub(sensor));
        zigzag(into, reading.time.micros().wrapping_sub(time));
        (sensor, time) = (reading.sensor.sql(), reading.time.micros());
        write_value(into, &reading.value, reading.quality);
    }
}

fn write_value(into: &mut Vec<u8>, value: &Value, quality: Quality) {
    let quality = quality.code() << 4;
    match value {
        Value::Number(number) => {
            into.push(NUMBER | quality);
            into.extend_from_slice(&number.to_bits().to_le_bytes());
        }
        Value::Flag(false) => into.push(OFF | quality),
        Value::Flag(true) => into.push(ON | quality),
        Value::Text(text) => {
            into.push(TEXT | quality);
            bytes(into, text.as_bytes());
        }
    }
}

fn write_sensor(into: &mut Vec<u8>, id: SensorId, known: &Known) {
    into.push(18);
    varint(into, id.integer());
    varint(into, known.device.integer());
    for kept in [&known.latest, &known.retained] {
        into.push(u8::from(kept.is_some()));
        let Some(kept) = kept else { continue };
        varint(into, kept.position.0);
        attribution(into, &kept.source);
        zigzag(into, kept.arrival.micros());
        zigzag(into, kept.reading.time.micros());
        write_value(into, &kept.reading.value, kept.reading.quality);
    }
}

fn attribution(into: &mut Vec<u8>, source: &Attribution) {
    let ids = [source.device.integer(), source.principal.integer(), source.credential.integer()];
    for id in ids {
        into.extend_from_slice(&id.to_le_bytes());
    }
}

fn session(into: &mut Vec<u8>, key: &SessionKey) {
    varint(into, key.principal.integer());
    bytes(into, key.client.as_bytes());
}

fn bytes(into: &mut Vec<u8>, content: &[u8]) {
    varint(into, content.len() as u64);
    into.extend_from_slice(content);
}

#[expect(clippy::cast_possible_truncation, reason = "seven bits at a time")]
fn varint(into: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        into.push(number as u8 | 0x80);
        number >>= 7;
    }
    into.push(number as u8);
}

fn zigzag(into: &mut Vec<u8>, number: i64) {
    varint(into, (number.cast_unsigned() << 1) ^ (number >> 63).cast_unsigned());
}

/// Reads the entries of a record whose checksum was right.
pub(super) fn read(record: &[u8]) -> Result<Vec<Entry>, Malformed> {
    let mut rest = Rest(record);
    let mut entries = Vec::new();
    while !rest.0.is_empty() {
        entries.push(rest.entry()?);
    }
    Ok(entries)
}

struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn entry(&mut self) -> Result<Entry, Malformed> {
        Ok(match self.byte()? {
            1 => Entry::Batch(self.batch()?),
            2 => Entry::Forget(self.sensor()?),
            3 => {
                let key = self.session()?;
                let state = serde_json::from_slice(self.bytes()?).map_err(|_| Malformed)?;
                Entry::Save(key, Arc::new(state))
            }
            4 => Entry::Release(self.session()?, self.packet()?),
            5 => Entry::Remove(self.session()?),
            6 => Entry::Closed,
            16 => Entry::Begin { version: self.varint()?, segment: self.varint()? },
            17 => {
                let tenant = TenantId::from_integer(self.varint()?).map_err(|_| Malformed)?;
                Entry::Next(tenant, Position(self.varint()?))
            }
            18 => self.known()?,
            19 => {
                let key = self.session()?;
                let count = self.count()?;
                let packets = (0..count).map(|_| self.packet()).collect::<Result<_, _>>()?;
                Entry::Received(key, packets)
            }
            20 => Entry::Key(self.array()?, self.time()?),
            _ => return Err(Malformed),
        })
    }

    fn batch(&mut self) -> Result<Handed, Malformed> {
        let flags = self.byte()?;
        let source = self.attribution()?;
        let first = Position(self.varint()?);
        let arrival = self.time()?;
        let once = match flags & (BY_PACKET | BY_KEY) {
            0 => None,
            BY_PACKET => Some(Once::Packet(self.session()?, self.packet()?)),
            BY_KEY => Some(Once::Key(self.array()?)),
            _ => return Err(Malformed),
        };
        let count = self.count()?;
        let mut readings = Vec::with_capacity(count);
        let (mut sensor, mut time) = (0_i64, arrival.micros());
        for _ in 0..count {
            sensor = sensor.wrapping_add(self.zigzag()?);
            time = time.wrapping_add(self.zigzag()?);
            let id = SensorId::from_integer(sensor.cast_unsigned()).map_err(|_| Malformed)?;
            let instant = Timestamp::from_micros(time).map_err(|_| Malformed)?;
            let (value, quality) = self.value()?;
            readings.push(Reading { sensor: id, time: instant, value, quality });
        }
        let retain = flags & RETAIN != 0;
        Ok(Handed { source, first, batch: Batch { readings, arrival, retain, once } })
    }

    fn value(&mut self) -> Result<(Value, Quality), Malformed> {
        let tag = self.byte()?;
        let quality = Quality::from_code(tag >> 4).ok_or(Malformed)?;
        let value = match tag & 15 {
            NUMBER => Value::Number(f64::from_bits(u64::from_le_bytes(self.array()?))),
            OFF => Value::Flag(false),
            ON => Value::Flag(true),
            TEXT => Value::Text(self.text()?.into()),
            _ => return Err(Malformed),
        };
        Ok((value, quality))
    }

    fn known(&mut self) -> Result<Entry, Malformed> {
        let sensor = self.sensor()?;
        let device = DeviceId::from_integer(self.varint()?).map_err(|_| Malformed)?;
        let (latest, retained) = (self.kept(sensor)?, self.kept(sensor)?);
        Ok(Entry::Sensor(sensor, Box::new(Known { device, latest, retained })))
    }

    fn kept(&mut self, sensor: SensorId) -> Result<Option<Measurement>, Malformed> {
        if self.byte()? == 0 {
            return Ok(None);
        }
        let position = Position(self.varint()?);
        let source = self.attribution()?;
        let arrival = self.time()?;
        let time = self.time()?;
        let (value, quality) = self.value()?;
        let reading = Reading { sensor, time, value, quality };
        Ok(Some(Measurement { position, reading, source, arrival }))
    }

    fn attribution(&mut self) -> Result<Attribution, Malformed> {
        let mut id = || Ok::<_, Malformed>(u64::from_le_bytes(self.array()?));
        let device = DeviceId::from_integer(id()?).map_err(|_| Malformed)?;
        let principal = Principal::from_integer(id()?).ok_or(Malformed)?;
        let credential = CredentialId::from_integer(id()?).map_err(|_| Malformed)?;
        Ok(Attribution { device, principal, credential })
    }

    fn session(&mut self) -> Result<SessionKey, Malformed> {
        let principal = Principal::from_integer(self.varint()?).ok_or(Malformed)?;
        Ok(SessionKey { principal, client: self.text()?.into() })
    }

    fn sensor(&mut self) -> Result<SensorId, Malformed> {
        SensorId::from_integer(self.varint()?).map_err(|_| Malformed)
    }

    fn time(&mut self) -> Result<Timestamp, Malformed> {
        Timestamp::from_micros(self.zigzag()?).map_err(|_| Malformed)
    }

    fn packet(&mut self) -> Result<u16, Malformed> {
        u16::try_from(self.varint()?).map_err(|_| Malformed)
    }

    fn text(&mut self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Malformed)
    }

    fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.count()?;
        self.take(length)
    }

    /// A number of things that follow: each has at least a byte, so it cannot exceed what is left.
    fn count(&mut self) -> Result<usize, Malformed> {
        let count = usize::try_from(self.varint()?).map_err(|_| Malformed)?;
        if count <= self.0.len() { Ok(count) } else { Err(Malformed) }
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        Ok(self.take(1)?[0])
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.take(N)?.try_into().map_err(|_| Malformed)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Malformed)
    }

    fn zigzag(&mut self) -> Result<i64, Malformed> {
        let number = self.varint()?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }
}
