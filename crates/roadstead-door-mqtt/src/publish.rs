//! A client speaks: each message is decoded in place, and what was read together is kept together.
//!
//! The hot path allocates nothing for a message, takes no lock and switches no task: the topic
//! is looked up in the session's own cache, the value joins a batch, and the batch goes to
//! intake once for each read of the socket.

mod target; // from a topic to a permit and a sensor

use roadstead_guard::{Caller, Denied, Permit, Write};
use roadstead_model::{DeviceId, Quality, Reading, Timestamp, Value};
use roadstead_services::formats::{self, Context, Format};
use roadstead_services::intake::IntakeError;
use roadstead_services::sessions::{Appended, Batch, MqttSessions, Once, SessionKey, Ticket};

use crate::Tools;
use crate::codec::Reason;
pub(crate) use target::{Target, Targets};

/// How many characters a client is told at most.
const LONGEST_SENTENCE: usize = 200;

/// A message from a client, as far as taking it matters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said<'a> {
    pub(crate) payload: &'a [u8],
    pub(crate) content_type: Option<&'a str>,
    pub(crate) retain: bool,
    /// For QoS 2.
    pub(crate) once: Option<(&'a SessionKey, u16)>,
}

/// What is wrong with a message: the code for its acknowledgement, and a sentence for its sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) reason: Reason,
    pub(crate) why: Box<str>,
}

impl Wrong {
    pub(crate) fn new(reason: Reason, why: &(impl ToString + ?Sized)) -> Self {
        Self { reason, why: sayable(&why.to_string()) }
    }
}

/// A sentence that fits into a packet and a log, whatever it quotes of what was sent.
fn sayable(why: &str) -> Box<str> {
    let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    why.chars().take(LONGEST_SENTENCE).map(plain).collect()
}

impl From<Denied> for Wrong {
    fn from(denied: Denied) -> Self {
        Self::new(Reason::NOT_AUTHORIZED, &denied)
    }
}

impl From<IntakeError> for Wrong {
    fn from(error: IntakeError) -> Self {
        let reason = match &error {
            IntakeError::Denied(_) => Reason::NOT_AUTHORIZED,
            IntakeError::DeviceFull { .. } | IntakeError::TenantFull { .. } => {
                Reason::QUOTA_EXCEEDED
            }
            IntakeError::Busy | IntakeError::Stopped | IntakeError::Store(_) => Reason::UNSPECIFIED,
            _ => Reason::PAYLOAD_FORMAT_INVALID,
        };
        Self::new(reason, &error)
    }
}

/// Readings of one device that go to intake together.
#[derive(Debug)]
pub(crate) struct Gathered {
    permit: Permit<Write, DeviceId>,
    retain: bool,
    once: Option<(SessionKey, u16)>,
    arrival: Timestamp,
    readings: Vec<Reading>,
    /// What could not be taken of the only message, when there is just one.
    pub(crate) wrong: Option<Wrong>,
}

impl Gathered {
    /// Begins a batch for a device.
    pub(crate) fn begin(
        permit: &Permit<Write, DeviceId>,
        said: &Said<'_>,
        arrival: Timestamp,
    ) -> Self {
        let once = said.once.map(|(key, packet)| (key.clone(), packet));
        let (permit, readings) = (permit.clone(), Vec::new());
        Self { permit, retain: said.retain, once, arrival, readings, wrong: None }
    }

    /// Whether a message for this device may join.
    pub(crate) fn admits(&self, permit: &Permit<Write, DeviceId>, said: &Said<'_>) -> bool {
        let plain = self.once.is_none() && said.once.is_none() && self.wrong.is_none();
        plain && self.retain == said.retain && self.permit.resource() == permit.resource()
    }

    /// Adds a reading.
    pub(crate) fn push(&mut self, reading: Reading) {
        self.readings.push(reading);
    }

    /// Hands the batch over. [`IntakeError::Busy`] leaves it as it is: it can be handed over later.
    pub(crate) fn hand_over(&self, tools: &Tools) -> Result<Ticket, IntakeError> {
        if self.readings.is_empty() {
            return Ok(Ticket::default());
        }
        let once = self.once.as_ref().map(|(key, packet)| Once::Packet(key.clone(), *packet));
        let readings = self.readings.clone();
        let batch = Batch { readings, arrival: self.arrival, retain: self.retain, once };
        tools.intake.accept(&self.permit, batch).map(Appended::ticket)
    }
}

/// Reads a value on a sensor's own topic without allocating; `None` when it takes a closer look.
pub(crate) fn quick(
    tools: &Tools,
    target: &Target,
    said: &Said<'_>,
) -> Option<(Timestamp, Reading)> {
    let sensor = target.sensor_id?;
    let (time, value, quality) = formats::sensor_payload(said.payload).ok()?;
    let arrival = tools.intake.arrival();
    Some((arrival, reading(tools, (sensor, time, value, quality), arrival)))
}

fn reading(
    tools: &Tools,
    (sensor, time, value, quality): (roadstead_model::SensorId, Option<Timestamp>, Value, Quality),
    arrival: Timestamp,
) -> Reading {
    let judged = time.map_or(Quality::Good, |time| tools.intake.judge_time(time, arrival));
    let quality = if judged == Quality::Quarantined { judged } else { quality };
    Reading { sensor, time: time.unwrap_or(arrival), value, quality }
}

/// Reads a message of any format. New sensors of open devices are brought on the way.
pub(crate) async fn thorough(
    tools: &Tools,
    target: &Target,
    said: &Said<'_>,
) -> Result<Gathered, Wrong> {
    let arrival = tools.intake.arrival();
    let device_name = tools.sessions.device_name(&target.permit).unwrap_or_default();
    let context = Context {
        device: target.permit.resource(),
        device_name: &device_name,
        sensor: target.sensor.as_deref(),
        arrival,
    };
    let decoded = formats::decode(format_of(said), said.payload, &context)
        .map_err(|error| Wrong::new(Reason::PAYLOAD_FORMAT_INVALID, &error))?;
    let mut wrong = None;
    let mut entries = Vec::with_capacity(decoded.len());
    for entry in decoded {
        match entry {
            Ok(entry) => entries.push(entry),
            Err(error) => wrong = wrong.or_else(|| Some(IntakeError::from(error).into())),
        }
    }
    let resolved = tools.intake.resolve(&target.permit, entries, arrival).await;
    let refused = resolved.refused.into_iter().next().map(|refusal| refusal.reason.into());
    let wrong = wrong.or(refused);
    if resolved.readings.is_empty() {
        let nothing = || Wrong::new(Reason::PAYLOAD_FORMAT_INVALID, "there is no value here");
        return Err(wrong.unwrap_or_else(nothing));
    }
    let mut gathered = Gathered::begin(&target.permit, said, arrival);
    gathered.readings = resolved.readings;
    gathered.wrong = wrong;
    Ok(gathered)
}

/// MQTT 5 may say what a payload is; otherwise CBOR shows itself, and all else is JSON.
fn format_of(said: &Said<'_>) -> Format {
    if let Some(format) = said.content_type.and_then(Format::of_content_type) {
        return format;
    }
    // A SenML pack in CBOR is an array: major type 4.
    let is_cbor_array = said.payload.first().is_some_and(|first| matches!(first, 0x80..=0x9f));
    if is_cbor_array { Format::SenmlCbor } else { Format::Json }
}

/// Takes one message from start to end, waiting for room; for those that nobody acknowledges.
pub(crate) async fn take_whole(
    tools: &Tools,
    caller: &Caller,
    topic: &str,
    said: &Said<'_>,
) -> Result<(), Wrong> {
    let target = Target::find(tools, caller, topic)?;
    if said.payload.is_empty() && said.retain {
        forget_retained(&tools.sessions, &target)?;
        return Ok(());
    }
    let gathered = match quick(tools, &target, said) {
        Some((arrival, reading)) => {
            let mut gathered = Gathered::begin(&target.permit, said, arrival);
            gathered.push(reading);
            gathered
        }
        None => thorough(tools, &target, said).await?,
    };
    loop {
        match gathered.hand_over(tools) {
            Err(IntakeError::Busy) => tools.intake.room().await,
            outcome => return outcome.map(drop).map_err(Wrong::from),
        }
    }
}

/// Forgets what a new subscriber of a sensor is told first.
pub(crate) fn forget_retained(sessions: &MqttSessions, target: &Target) -> Result<Ticket, Wrong> {
    match (target.sensor_id, &target.sensor) {
        (Some(sensor), _) => Ok(sessions.forget_retained(&target.permit, sensor)?),
        // There is no such sensor yet: nothing is retained of it.
        (None, Some(_)) => Ok(Ticket::default()),
        (None, None) => {
            let why = "an empty retained message forgets one sensor's: send it to its own topic";
            Err(Wrong::new(Reason::PAYLOAD_FORMAT_INVALID, why))
        }
    }
}
