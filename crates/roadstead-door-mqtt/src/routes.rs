//! Which names of a sensor reach a session, and on what terms: worked out once a sensor.

use std::sync::Arc;

use roadstead_model::{DeviceId, Position};
use roadstead_services::sessions::{SensorPlace, Subscription};

use crate::codec::Qos;
use crate::share::Membership;
use crate::topic::{Filter, NameKind, name_levels};

/// One subscription of a session, ready to be matched.
pub(crate) struct Heard {
    pub(crate) stored: Subscription,
    pub(crate) filter: Filter,
    /// The share in a group, for `$share/…`.
    pub(crate) membership: Option<Membership>,
}

/// How a message is delivered under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) qos: Qos,
    pub(crate) identifiers: Box<[u32]>,
}

/// One name under which a sensor's measurements reach the session.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) topic: Arc<str>,
    /// Of measurements that others sent.
    others: Option<Terms>,
    /// Of measurements that this session's own credential sent: the feed does not know clients.
    own: Option<Terms>,
    /// Which subscription shares it, if one does.
    shared: Option<usize>,
}

/// All routes of one sensor.
#[derive(Debug)]
pub(crate) struct Routes {
    place: Arc<SensorPlace>,
    pub(crate) routes: Box<[Route]>,
}

impl Routes {
    /// Works out how a sensor's measurements reach a session.
    pub(crate) fn of(
        place: &Arc<SensorPlace>,
        subscriptions: &[Heard],
        reader: Option<DeviceId>,
    ) -> Self {
        let mut routes = Vec::new();
        for kind in NameKind::ALL {
            let Some(levels) = name_levels(kind, place, reader) else { continue };
            let matching = subscriptions.iter().enumerate();
            let matching = matching.filter(|(_, heard)| heard.filter.brings(kind, &levels));
            let matching: Vec<(usize, &Heard)> = matching.collect();
            if matching.is_empty() {
                continue;
            }
            let topic: Arc<str> = levels.join("/").into();
            let plain = matching.iter().filter(|(_, heard)| heard.membership.is_none());
            let plain: Vec<&Subscription> = plain.map(|(_, heard)| &heard.stored).collect();
            if !plain.is_empty() {
                routes.push(Route::plain(Arc::clone(&topic), &plain));
            }
            let shared = matching.iter().filter(|(_, heard)| heard.membership.is_some());
            routes.extend(shared.map(|(at, heard)| Route::shared(&topic, *at, &heard.stored)));
        }
        Self { place: Arc::clone(place), routes: routes.into() }
    }

    /// Whether the sensor is still called and placed as when this was worked out.
    pub(crate) fn are_of(&self, place: &Arc<SensorPlace>) -> bool {
        Arc::ptr_eq(&self.place, place) || self.place == *place
    }
}

impl Route {
    fn plain(topic: Arc<str>, matching: &[&Subscription]) -> Self {
        let others = terms(matching.iter().copied());
        let own = terms(matching.iter().copied().filter(|stored| !stored.no_local));
        Self { topic, others, own, shared: None }
    }

    fn shared(topic: &Arc<str>, at: usize, stored: &Subscription) -> Self {
        let terms = terms(std::iter::once(stored));
        Self { topic: Arc::clone(topic), others: terms.clone(), own: terms, shared: Some(at) }
    }

    /// The terms for a message of one's own or of others; `None` when it is not for this session.
    pub(crate) fn terms_for(
        &self,
        is_own: bool,
        subscriptions: &[Heard],
        (position, place): (Position, &SensorPlace),
    ) -> Option<&Terms> {
        let terms = if is_own { self.own.as_ref() } else { self.others.as_ref() };
        let membership = |at: usize| subscriptions.get(at)?.membership.as_ref();
        match self.shared {
            None => terms,
            Some(at) => terms.filter(|_| {
                membership(at).is_some_and(|share| share.takes(position, &place.lineage))
            }),
        }
    }
}

/// One delivery for overlapping subscriptions: the highest QoS, and all identifiers.
fn terms<'a>(matching: impl Iterator<Item = &'a Subscription>) -> Option<Terms> {
    let mut qos = None;
    let mut identifiers = Vec::new();
    for stored in matching {
        qos = qos.max(Qos::from_bits(stored.qos));
        identifiers.extend(stored.identifier);
    }
    qos.map(|qos| Terms { qos, identifiers: identifiers.into() })
}
