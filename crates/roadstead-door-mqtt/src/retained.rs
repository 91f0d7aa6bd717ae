//! What a new subscription is told first: one sensor at a time, with the rights of that moment.

use std::collections::VecDeque;
use std::sync::Arc;

use roadstead_guard::Caller;
use roadstead_model::{DeviceId, Reading, SensorId};
use roadstead_services::sessions::{MqttSessions, SensorPlace};

use crate::codec::Qos;
use crate::routes::{Heard, Terms};
use crate::topic::{Filter, NameKind, name_levels};

/// How many SUBSCRIBEs may wait for what they are told first: one that goes on asking is no reader.
const WAITING: usize = 16;

/// A retained measurement, ready to be said under one name.
#[derive(Debug)]
pub(crate) struct Due {
    pub(crate) topic: Arc<str>,
    pub(crate) terms: Terms,
    pub(crate) reading: Reading,
    pub(crate) place: Arc<SensorPlace>,
}

/// The filters of one SUBSCRIBE, and the sensors that they have still to be told of.
struct Walk {
    filters: Vec<(Filter, Terms)>,
    sensors: std::vec::IntoIter<SensorId>,
}

/// Everything that a session has still to be told first.
#[derive(Default)]
pub(crate) struct Retained {
    walks: VecDeque<Walk>,
    due: VecDeque<Due>,
}

impl Retained {
    pub(crate) fn is_empty(&self) -> bool {
        self.walks.is_empty() && self.due.is_empty()
    }

    /// Whether so much is waiting that no more is taken on.
    pub(crate) fn is_full(&self) -> bool {
        self.walks.len() >= WAITING
    }

    /// Takes on what these subscriptions are told first of these sensors.
    pub(crate) fn take_on(
        &mut self,
        heard: &[&Heard],
        sensors: &[Arc<SensorPlace>],
        reader: Option<DeviceId>,
    ) {
        let filters: Vec<(Filter, Terms)> =
            heard.iter().map(|heard| (heard.filter.clone(), terms(heard))).collect();
        let brought = |place: &&Arc<SensorPlace>| {
            NameKind::ALL.iter().any(|kind| {
                let levels = name_levels(*kind, place, reader);
                levels.is_some_and(|levels| filters.iter().any(|(it, _)| it.brings(*kind, &levels)))
            })
        };
        let sensors: Vec<SensorId> =
            sensors.iter().filter(brought).map(|place| place.sensor.id).collect();
        self.walks.push_back(Walk { filters, sensors: sensors.into_iter() });
    }

    /// What is to be said next.
    pub(crate) fn next(
        &mut self,
        sessions: &MqttSessions,
        caller: &Caller,
        reader: Option<DeviceId>,
    ) -> Option<Due> {
        while self.due.is_empty() {
            let walk = self.walks.front_mut()?;
            match walk.sensors.next() {
                Some(sensor) => walk.look_at(sensor, (sessions, caller, reader), &mut self.due),
                None => drop(self.walks.pop_front()),
            }
        }
        self.due.pop_front()
    }

    /// Lets go of what the client may no longer read.
    pub(crate) fn look_again(&mut self, sessions: &MqttSessions, caller: &Caller) {
        self.due.retain(|due| sessions.may_read(caller, due.reading.sensor));
    }

    /// Puts back what could not be said yet.
    pub(crate) fn put_back(&mut self, due: Due) {
        self.due.push_front(due);
    }
}

impl Walk {
    fn look_at(
        &self,
        sensor: SensorId,
        (sessions, caller, reader): (&MqttSessions, &Caller, Option<DeviceId>),
        due: &mut VecDeque<Due>,
    ) {
        let Some((place, measurement)) = sessions.retained(caller, sensor) else { return };
        for kind in NameKind::ALL {
            let Some(levels) = name_levels(kind, &place, reader) else { continue };
            for (_, terms) in self.filters.iter().filter(|(it, _)| it.brings(kind, &levels)) {
                due.push_back(Due {
                    topic: levels.join("/").into(),
                    terms: terms.clone(),
                    reading: measurement.reading.clone(),
                    place: Arc::clone(&place),
                });
            }
        }
    }
}

fn terms(heard: &Heard) -> Terms {
    let qos = Qos::from_bits(heard.stored.qos).unwrap_or(Qos::AtMost);
    Terms { qos, identifiers: heard.stored.identifier.into_iter().collect() }
}
