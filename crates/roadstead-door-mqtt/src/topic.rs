//! The topic scheme, both ways: a topic to what it writes, a measurement to what it is called.
//!
//! | topic | who | what |
//! |---|---|---|
//! | `me/measurements[/{sensor}]` | a device writes | for itself |
//! | `devices/{device}/measurements[/{sensor}]` | whoever may write for the device | for it, by name or id |
//! | `devices/{device}/measurements/{sensor}` | readers | one device by name or id, wherever it is |
//! | `spaces/{path…}/devices/{device}/measurements/{sensor}` | readers | what stands in a place |
//! | `me/measurements/{sensor}` | a device reads | its own |
//!
//! All of it is inside the tenant of the credential. `$share/{group}/{filter}` shares a
//! filter among the members of a group of the same tenant. Names by place and by `me`
//! match only filters that say `spaces` or `me`, and by id only those that say the id: so
//! `#` brings each measurement once.

use std::borrow::Cow;
use std::cmp::Ordering;

use roadstead_model::DeviceId;
use roadstead_services::sessions::SensorPlace;

use crate::codec::Reason;
use crate::limits::Limits;

const ME: &str = "me";
const DEVICES: &str = "devices";
const SPACES: &str = "spaces";
const MEASUREMENTS: &str = "measurements";
const SHARE: &str = "$share/";

/// Whose measurements a topic writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose<'a> {
    /// The device's whose credential opened the connection.
    Me,
    /// The device's with this name or id.
    Device(&'a str),
}

/// What a topic writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Destination<'a> {
    pub(crate) whose: Whose<'a>,
    /// `None` when the payload names the sensors.
    pub(crate) sensor: Option<&'a str>,
}

impl<'a> Destination<'a> {
    /// Reads the topic of a message from a client; `None` when nothing is written there.
    pub(crate) fn parse(topic: &'a str) -> Option<Self> {
        let (whose, rest) = match topic.split_once('/')? {
            (ME, rest) => (Whose::Me, rest),
            (DEVICES, rest) => {
                let (device, rest) = rest.split_once('/')?;
                (Whose::Device(device), rest)
            }
            _ => return None,
        };
        if rest == MEASUREMENTS {
            return Some(Self { whose, sensor: None });
        }
        let sensor = rest.strip_prefix(MEASUREMENTS)?.strip_prefix('/')?;
        let plain = !sensor.is_empty() && !sensor.contains(['/', '+', '#']);
        plain.then_some(Self { whose, sensor: Some(sensor) })
    }
}

/// Under which kind of name a measurement is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameKind {
    /// `devices/{name}/…`.
    ByDevice,
    /// `devices/{id}/…`, for filters that name a device by its id.
    ById,
    /// `spaces/…`.
    ByPlace,
    /// `me/…`.
    Own,
}

impl NameKind {
    pub(crate) const ALL: [Self; 4] = [Self::ByDevice, Self::ById, Self::ByPlace, Self::Own];
}

/// The levels of a measurement's name of one kind; `None` when it has no such name for this reader.
pub(crate) fn name_levels(
    kind: NameKind,
    place: &SensorPlace,
    reader: Option<DeviceId>,
) -> Option<Vec<Cow<'_, str>>> {
    let sensor = Cow::from(place.sensor.shape.name.as_str());
    let device = Cow::from(place.device.as_str());
    let [me, devices, spaces, measurements] = [ME, DEVICES, SPACES, MEASUREMENTS].map(Cow::from);
    match kind {
        NameKind::ByDevice => Some(vec![devices, device, measurements, sensor]),
        NameKind::ById => {
            let id = Cow::from(place.sensor.device.to_string());
            Some(vec![devices, id, measurements, sensor])
        }
        NameKind::ByPlace if place.places.is_empty() => None,
        NameKind::ByPlace => {
            let places = place.places.iter().map(|name| Cow::from(name.as_str()));
            let levels = std::iter::once(spaces).chain(places);
            Some(levels.chain([devices, device, measurements, sensor]).collect())
        }
        NameKind::Own => {
            (reader == Some(place.sensor.device)).then(|| vec![me, measurements, sensor])
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Level {
    Any,
    Name(Box<str>),
}

/// A topic filter, read and found right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter {
    group: Option<Box<str>>,
    levels: Vec<Level>,
    /// Ends in `#`.
    open: bool,
}

impl Filter {
    /// Reads a filter. The reason says what is wrong with it.
    pub(crate) fn parse(text: &str, limits: &Limits) -> Result<Self, Reason> {
        if text.len() > limits.topic_bytes {
            return Err(Reason::TOPIC_FILTER_INVALID);
        }
        let (group, pattern) = match text.strip_prefix(SHARE) {
            None => (None, text),
            Some(rest) => {
                let (group, pattern) = rest.split_once('/').ok_or(Reason::TOPIC_FILTER_INVALID)?;
                if group.is_empty() || group.contains(['+', '#']) {
                    return Err(Reason::TOPIC_FILTER_INVALID);
                }
                (Some(group.into()), pattern)
            }
        };
        // Nothing of the server's own is published: a filter for it asks for what is not there to see.
        if pattern.starts_with('$') {
            return Err(Reason::NOT_AUTHORIZED);
        }
        let (levels, open) = parse_levels(pattern)?;
        let fits = levels.len() <= limits.topic_levels;
        if fits { Ok(Self { group, levels, open }) } else { Err(Reason::TOPIC_FILTER_INVALID) }
    }

    /// The group that shares this filter.
    pub(crate) fn group(&self) -> Option<&str> {
        self.group.as_deref()
    }

    /// Whether the filter is for the subscriber's own measurements.
    pub(crate) fn is_own(&self) -> bool {
        matches!(self.levels.first(), Some(Level::Name(first)) if **first == *ME)
    }

    /// The only device that the filter can ever bring anything of, if it names one.
    pub(crate) fn only_device(&self) -> Option<&str> {
        match &self.levels[..] {
            [Level::Name(first), Level::Name(device), ..] if **first == *DEVICES => Some(device),
            _ => None,
        }
    }

    /// Whether a measurement's name of this kind is brought by the filter.
    pub(crate) fn brings(&self, kind: NameKind, levels: &[impl AsRef<str>]) -> bool {
        let first = match self.levels.first() {
            Some(Level::Name(name)) => Some(&**name),
            Some(Level::Any) | None => None,
        };
        let admitted = match kind {
            NameKind::ByDevice => true,
            NameKind::ById => self.only_device().is_some(),
            NameKind::ByPlace => first == Some(SPACES),
            NameKind::Own => first == Some(ME),
        };
        admitted && self.matches(levels)
    }

    /// Whether a topic with these levels matches, by MQTT's own rules.
    fn matches(&self, topic: &[impl AsRef<str>]) -> bool {
        let enough = match topic.len().cmp(&self.levels.len()) {
            Ordering::Less => false,
            Ordering::Equal => true,
            Ordering::Greater => self.open,
        };
        let wild_start = !matches!(self.levels.first(), Some(Level::Name(_)));
        let hidden =
            wild_start && topic.first().is_some_and(|first| first.as_ref().starts_with('$'));
        let same = |(level, name): (&Level, &str)| match level {
            Level::Any => true,
            Level::Name(wanted) => **wanted == *name,
        };
        enough && !hidden && self.levels.iter().zip(topic.iter().map(AsRef::as_ref)).all(same)
    }
}

fn parse_levels(pattern: &str) -> Result<(Vec<Level>, bool), Reason> {
    if pattern.is_empty() {
        return Err(Reason::TOPIC_FILTER_INVALID);
    }
    let mut levels = Vec::new();
    let mut texts = pattern.split('/').peekable();
    while let Some(text) = texts.next() {
        match text {
            "#" if texts.peek().is_none() => return Ok((levels, true)),
            "+" => levels.push(Level::Any),
            name if name.contains(['+', '#']) => return Err(Reason::TOPIC_FILTER_INVALID),
            name => levels.push(Level::Name(name.into())),
        }
    }
    Ok((levels, false))
}

#[cfg(test)]
mod tests;
