//! From a topic to a permit and a sensor: looked up once, and again when anything changed.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use roadstead_guard::{Caller, Denied, Permit, Write};
use roadstead_model::{DeviceId, Name, Principal, SensorId};
use roadstead_services::intake::IntakeError;

use super::Wrong;
use crate::Tools;
use crate::codec::{self, Reason};
use crate::topic::{Destination, Whose};

/// How many topics a session remembers: more than a device has sensors.
const REMEMBERED: usize = 1024;

/// Where messages of one topic go.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) permit: Permit<Write, DeviceId>,
    /// The sensor's name, on its own topic.
    pub(crate) sensor: Option<Box<str>>,
    /// The sensor, if there is one with this name already.
    pub(crate) sensor_id: Option<SensorId>,
}

impl Target {
    /// Finds where a topic leads, and whether the caller may write there.
    pub(crate) fn find(tools: &Tools, caller: &Caller, topic: &str) -> Result<Self, Wrong> {
        let refused = |why| Wrong::new(Reason::NOT_AUTHORIZED, why);
        // What cannot be seen and what does not exist are told in the same words.
        let unseen = || refused("there is no such device, or you may not see it");
        let destination = Destination::parse(topic)
            .ok_or_else(|| refused("nothing is written to this topic: send to me/measurements"))?;
        let device = match destination.whose {
            Whose::Me => match caller.principal() {
                Principal::Device(device) => Some(device),
                Principal::Person(_) => None,
            },
            Whose::Device(text) => tools.sessions.device_called(caller, text),
        };
        let device = device.ok_or_else(unseen)?;
        let permit = tools.guard.permit::<Write, _>(caller, device);
        let permit = permit.map_err(|denied| match denied {
            Denied::Unseen => unseen(),
            Denied::Forbidden(_) | Denied::Ended => denied.into(),
        })?;
        let sensor_id = destination.sensor.and_then(|name| tools.intake.sensor_for(&permit, name));
        if let (Some(name), None) = (destination.sensor, sensor_id) {
            may_be_brought(name)?;
        }
        Ok(Self { permit, sensor: destination.sensor.map(Into::into), sensor_id })
    }
}

/// Refuses a topic whose sensor there can never be: nobody's memory is spent on it.
fn may_be_brought(name: &str) -> Result<(), Wrong> {
    let parsed: Result<Name, _> = name.parse();
    parsed.map(drop).map_err(|why| IntakeError::Name { name: name.into(), why }.into())
}

/// The topics that a session has used, and where they lead.
#[derive(Default)]
pub(crate) struct Targets {
    found: Vec<(Box<[u8]>, Target)>,
    by_topic: HashMap<Box<[u8]>, usize, RandomState>,
    last: usize,
    epoch: u64,
}

impl Targets {
    /// Whether anything has changed that could make what is remembered wrong.
    pub(crate) const fn are_stale(&self, epoch: u64) -> bool {
        self.epoch != epoch
    }

    /// Forgets everything, as of this epoch.
    pub(crate) fn forget(&mut self, epoch: u64) {
        self.found.clear();
        self.by_topic.clear();
        self.epoch = epoch;
    }

    /// Where the topic leads, as it was found earlier.
    pub(crate) fn known(&mut self, topic: &[u8]) -> Option<&Target> {
        if self.found.get(self.last).is_none_or(|(text, _)| **text != *topic) {
            self.last = *self.by_topic.get(topic)?;
        }
        self.found.get(self.last).map(|(_, target)| target)
    }

    /// Finds where the topic leads, and remembers it.
    pub(crate) fn find(
        &mut self,
        tools: &Tools,
        caller: &Caller,
        topic: &[u8],
    ) -> Result<&Target, Wrong> {
        let malformed = |reason| Wrong::new(reason, "the topic is not a text");
        let text = codec::text(topic).map_err(malformed)?;
        let target = Target::find(tools, caller, text)?;
        if self.found.len() >= REMEMBERED {
            self.forget(self.epoch);
        }
        self.last = self.found.len();
        self.by_topic.insert(topic.into(), self.last);
        self.found.push((topic.into(), target));
        Ok(&self.found[self.last].1)
    }
}
