//! What one value on the wire says, before the sensor it names is known to exist.

use roadstead_model::{BadTime, BadValue, Quality, SensorId, Timestamp, Value};

/// The sensor that an entry names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SensorRef {
    /// By its name within the device.
    Name(Box<str>),
    /// By its id.
    Id(SensorId),
}

impl SensorRef {
    /// Reads a name or an id. A name never looks like an id, so the two cannot be confused.
    pub fn read(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Name(text.into()), Self::Id)
    }
}

/// The longest text that can be a sensor's name with all that names its device before it.
pub(crate) const LONGEST_NAME: usize = 512;
/// The longest text that can be a unit.
pub(crate) const LONGEST_UNIT: usize = 64;

/// Enough of a text to recognise it in an answer, and no more.
pub(crate) fn short(text: &str) -> Box<str> {
    text.chars().take(80).collect::<String>().into()
}

/// Takes a name that many entries may share: it must be short before it is copied for each.
pub(crate) fn of_fair_length(name: &str) -> Result<&str, EntryError> {
    let fits = name.len() <= LONGEST_NAME;
    let wrong =
        || EntryError::Type { field: short(name), expected: "a name of 1 to 64 characters" };
    fits.then_some(name).ok_or_else(wrong)
}

/// Takes a unit that many entries may share.
pub(crate) fn unit_of(text: &str) -> Result<Option<Box<str>>, EntryError> {
    let wrong = || EntryError::Type { field: "unit".into(), expected: "at most 64 bytes long" };
    (text.len() <= LONGEST_UNIT).then_some(()).ok_or_else(wrong)?;
    Ok((!text.is_empty()).then(|| text.into()))
}

/// One value, as it was sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Of which sensor.
    pub sensor: SensorRef,
    /// When it was measured, if it says so.
    pub time: Option<Timestamp>,
    /// What was measured.
    pub value: Value,
    /// In which unit, if it says so.
    pub unit: Option<Box<str>>,
    /// How far the sender trusts it.
    pub quality: Quality,
}

/// Why one entry cannot be taken, and what to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// No value can be this.
    #[error(transparent)]
    Value(#[from] BadValue),
    /// No time can be this.
    #[error(transparent)]
    Time(#[from] BadTime),
    /// There is no value.
    #[error("there is no value here")]
    NoValue,
    /// There are several values where one is meant.
    #[error("there is more than one value here: send one entry for each")]
    SeveralValues,
    /// There is no sensor.
    #[error("it names no sensor: give the sensor's name")]
    NoSensor,
    /// It came by the topic of one sensor and names another.
    #[error(
        "it came by the topic of sensor `{own}` and names `{named}`: send it to `me/measurements`"
    )]
    AnotherSensor {
        /// The sensor of the topic.
        own: Box<str>,
        /// The sensor of the entry.
        named: Box<str>,
    },
    /// One body brings values of several devices.
    #[error("the body names a second device, `{0}`: send one body for each device")]
    AnotherDevice(Box<str>),
    /// Something has the wrong type.
    #[error("`{field}` must be {expected}")]
    Type {
        /// The field.
        field: Box<str>,
        /// What it must be.
        expected: &'static str,
    },
    /// A field that means nothing here.
    #[error("the field `{0}` means nothing here: leave it out")]
    UnknownField(Box<str>),
    /// A field that is understood and not taken.
    #[error("{0}")]
    NotTaken(&'static str),
    /// A line or row that cannot be read.
    #[error("line {line}: {detail}")]
    Line {
        /// The line in the body, counted from 1.
        line: usize,
        /// What is wrong with it.
        detail: Box<str>,
    },
}
