//! What a new subscription is told first: one sensor at a time, with the rights of that moment.

use std::collections::VecDeque;
use std::sync::Arc;

use roadstead_guard::Caller;
use roadstead_model::{DeviceId, Reading};
use roadstead_services::sessions::{MqttSessions, SensorPlace};

use crate::codec::Qos;
use crate::routes::{Heard, Terms};
use crate::topic::{Filter, NameKind, name_levels};

/// How many SUBSCRIBEs may wait for what they are told first: one that goes on asking is no reader.
const WAITING: usize = 16;
/// How many times a filter is held against a sensor before others get a turn.
const COMPARISONS: usize = 4096;

/// A retained measurement, ready to be said under one name.
#[derive(Debug)]
pub(crate) struct Due {
    pub(crate) topic: Arc<str>,
    pub(crate) terms: Terms,
    pub(crate) reading: Reading,
    pub(crate) place: Arc<SensorPlace>,
}

/// What there is to say.
#[derive(Debug)]
pub(crate) enum Next {
    /// This.
    Due(Due),
    /// Perhaps more, after others had their turn.
    Later,
    /// Nothing more.
    Nothing,
}

/// The filters of one SUBSCRIBE, and the sensors that they have still to be told of.
struct Walk {
    filters: Vec<(Filter, Terms)>,
    /// The only device that there can be anything of, if there is only one.
    device: Option<DeviceId>,
    /// Listed when the walk begins: walks that wait hold no lists.
    sensors: Option<std::vec::IntoIter<Arc<SensorPlace>>>,
}

/// Who is told.
#[derive(Clone, Copy)]
struct Reader<'a> {
    sessions: &'a MqttSessions,
    caller: &'a Caller,
    device: Option<DeviceId>,
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

    /// Takes on what these subscriptions are told first, of one device or of all.
    pub(crate) fn take_on(&mut self, heard: &[&Heard], device: Option<DeviceId>) {
        let filters = heard.iter().map(|heard| (heard.filter.clone(), terms(heard))).collect();
        self.walks.push_back(Walk { filters, device, sensors: None });
    }

    /// What is to be said next. Between two calls lies bounded work.
    pub(crate) fn next(
        &mut self,
        sessions: &MqttSessions,
        caller: &Caller,
        device: Option<DeviceId>,
    ) -> Next {
        let reader = Reader { sessions, caller, device };
        let mut compared = 0;
        while self.due.is_empty() {
            let Some(walk) = self.walks.front_mut() else { return Next::Nothing };
            if compared >= COMPARISONS {
                return Next::Later;
            }
            compared += walk.filters.len();
            match walk.next(&reader) {
                Some(place) => walk.look_at(&place, &reader, &mut self.due),
                None => drop(self.walks.pop_front()),
            }
        }
        self.due.pop_front().map_or(Next::Nothing, Next::Due)
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
    fn next(&mut self, reader: &Reader<'_>) -> Option<Arc<SensorPlace>> {
        let list = || {
            // Who has no rights any more is told nothing; that the session ends is seen elsewhere.
            let sensors = reader.sessions.sensors(reader.caller, self.device).unwrap_or_default();
            sensors.into_iter()
        };
        self.sensors.get_or_insert_with(list).next()
    }

    fn look_at(&self, listed: &SensorPlace, reader: &Reader<'_>, due: &mut VecDeque<Due>) {
        if self.names_brought(listed, reader).next().is_none() {
            return;
        }
        let retained = reader.sessions.retained(reader.caller, listed.sensor.id);
        let Some((place, measurement)) = retained else { return };
        due.extend(self.names_brought(&place, reader).map(|(topic, terms)| Due {
            topic: topic.into(),
            terms: terms.clone(),
            reading: measurement.reading.clone(),
            place: Arc::clone(&place),
        }));
    }

    /// The names of a sensor that the filters bring, once for each filter.
    fn names_brought<'a>(
        &'a self,
        place: &'a SensorPlace,
        reader: &'a Reader<'_>,
    ) -> impl Iterator<Item = (String, &'a Terms)> {
        let named = move |kind| Some((kind, name_levels(kind, place, reader.device)?));
        NameKind::ALL.into_iter().filter_map(named).flat_map(move |(kind, levels)| {
            let brought = move |(filter, terms): &'a (Filter, Terms)| {
                filter.brings(kind, &levels).then(|| (levels.join("/"), terms))
            };
            self.filters.iter().filter_map(brought)
        })
    }
}

fn terms(heard: &Heard) -> Terms {
    let qos = Qos::from_bits(heard.stored.qos).unwrap_or(Qos::AtMost);
    Terms { qos, identifiers: heard.stored.identifier.into_iter().collect() }
}
