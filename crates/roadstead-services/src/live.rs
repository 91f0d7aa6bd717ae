//! What is being measured, as it comes: a cursor on the tenant's feed, filtered by right.
//!
//! A follower owns no queue. It keeps a position, asks for what came after it, and is told
//! when it was too slow. Its rights are looked at again whenever anything changed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use roadstead_guard::{Caller, Denied, Guard, Read, Scope};
use roadstead_model::{Attribution, Position, Quality, Reading, Resource, SensorId, Timestamp};
use roadstead_store::{Accepted, Catalog, Feed, Measurements, SensorPlace};
use tokio::sync::watch;

/// The most measurements in one delivery.
pub const MOST_AT_ONCE: usize = 1_000;

/// How often an idle follower looks whether its credential still holds.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// How many stretches without anything of interest are passed over before others get a turn.
const STRETCHES_PER_TURN: usize = 64;

/// What a follower wants to hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Interest {
    /// Everything it may see.
    Everything,
    /// These nodes with all below them, as far as it may see.
    Below(Vec<Resource>),
}

/// One measurement, just taken.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// Where it stands; the next one to ask for is one further.
    pub position: Position,
    /// The sensor, and where it is.
    pub place: Arc<SensorPlace>,
    /// What was measured.
    pub reading: Reading,
    /// Who sent it.
    pub source: Attribution,
    /// When the server took it.
    pub arrival: Timestamp,
}

/// What there is to tell a follower.
#[derive(Debug)]
pub enum News {
    /// What came, in order of acceptance: at least one, at most [`MOST_AT_ONCE`].
    Measurements(Vec<Delivered>),
    /// The follower was too slow, or away for too long: these are no longer in the feed.
    /// History has them.
    Missed {
        /// How many measurements of the tenant are gone, those out of sight or interest included.
        count: u64,
        /// Where the feed goes on.
        resume: Position,
    },
}

/// Follows feeds.
pub struct Live {
    guard: Arc<Guard>,
    catalog: Arc<dyn Catalog>,
    measurements: Arc<dyn Measurements>,
}

impl Live {
    /// Makes a live service of its parts.
    pub fn new(
        guard: Arc<Guard>,
        catalog: Arc<dyn Catalog>,
        measurements: Arc<dyn Measurements>,
    ) -> Self {
        Self { guard, catalog, measurements }
    }

    /// Where the tenant's next measurement will stand. Asked before history is read, it joins the
    /// two without a gap: what comes later is followed from here.
    pub fn position(&self, scope: &Scope<Read>) -> Position {
        self.measurements.end(scope.tenant())
    }

    /// Begins to follow, from a position or from now. What is out of sight does not exist.
    pub fn follow(
        &self,
        caller: &Caller,
        interest: Interest,
        from: Option<Position>,
    ) -> Result<Follower, Denied> {
        let scope = self.guard.scope::<Read>(caller)?;
        if let Interest::Below(nodes) = &interest {
            let directory = self.catalog.directory();
            let all_seen = nodes.iter().all(|node| directory.in_reach(&scope, *node));
            all_seen.then_some(()).ok_or(Denied::Unseen)?;
        }
        let feed = Arc::clone(self.measurements.feed());
        let end = feed.end(scope.tenant());
        let newest = *end.borrow();
        Ok(Follower {
            guard: Arc::clone(&self.guard),
            catalog: Arc::clone(&self.catalog),
            position: from.map_or(newest, |from| from.min(newest)),
            feed,
            end,
            scope,
            interest,
            places: HashMap::default(),
        })
    }
}

/// A cursor on the feed of the caller's tenant.
pub struct Follower {
    guard: Arc<Guard>,
    catalog: Arc<dyn Catalog>,
    feed: Arc<Feed>,
    end: watch::Receiver<Position>,
    scope: Scope<Read>,
    interest: Interest,
    position: Position,
    places: HashMap<SensorId, Option<Arc<SensorPlace>>, foldhash::fast::RandomState>,
}

impl Follower {
    /// Where it will read on: everything before was told or is of no interest.
    pub const fn position(&self) -> Position {
        self.position
    }

    /// Waits for news. An error when the credential ended or nothing followed is in sight any more.
    pub async fn next(&mut self) -> Result<News, Denied> {
        loop {
            if let Some(news) = self.try_next()? {
                return Ok(news);
            }
            tokio::task::yield_now().await;
            self.moved().await;
        }
    }

    /// Waits until there may be news, or until rights may have changed. Can be dropped at any time.
    pub async fn moved(&mut self) {
        while *self.end.borrow_and_update() <= self.position
            && self.scope.is_fresh(self.guard.epoch())
        {
            // A feed lives as long as the store: a closed channel is waited out like silence.
            let moved = tokio::time::timeout(LOOK_AGAIN, self.end.changed()).await;
            if matches!(moved, Ok(Err(_))) {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
    }

    /// The next news, if there are any now. Between two calls lies bounded work.
    pub fn try_next(&mut self) -> Result<Option<News>, Denied> {
        self.look_again()?;
        for _ in 0..STRETCHES_PER_TURN {
            let stretch = self.feed.read(&self.scope, self.position, MOST_AT_ONCE);
            if stretch.missed > 0 {
                self.position = Position(self.position.0 + stretch.missed);
                return Ok(Some(News::Missed { count: stretch.missed, resume: self.position }));
            }
            if stretch.next <= self.position {
                return Ok(None);
            }
            let mut told = Vec::new();
            let whole = stretch.accepted.iter().all(|accepted| self.tell(accepted, &mut told));
            if whole {
                self.position = stretch.next;
            }
            if !told.is_empty() {
                return Ok(Some(News::Measurements(told)));
            }
        }
        Ok(None)
    }

    /// Adds what is of interest; says whether there was room for all of it.
    fn tell(&mut self, accepted: &Accepted, told: &mut Vec<Delivered>) -> bool {
        let known = self.position.0.saturating_sub(accepted.first.0);
        let skipped = usize::try_from(known).unwrap_or(usize::MAX);
        for reading in accepted.readings.iter().skip(skipped) {
            if told.len() == MOST_AT_ONCE {
                return false;
            }
            let position = self.position;
            self.position = Position(position.0 + 1);
            if reading.quality == Quality::Quarantined {
                continue;
            }
            if let Some(place) = self.place(reading.sensor) {
                let (source, arrival) = (accepted.source, accepted.arrival);
                let reading = reading.clone();
                told.push(Delivered { position, place, reading, source, arrival });
            }
        }
        true
    }

    /// The sensor, if it is of interest and in reach; remembered until anything changes.
    fn place(&mut self, sensor: SensorId) -> Option<Arc<SensorPlace>> {
        if let Some(known) = self.places.get(&sensor) {
            return known.clone();
        }
        let place = self.catalog.directory().sensor_in_reach(&self.scope, sensor);
        let place = place.filter(|place| match &self.interest {
            Interest::Everything => true,
            Interest::Below(nodes) => place.lineage.iter().any(|node| nodes.contains(node)),
        });
        self.places.insert(sensor, place.clone());
        place
    }

    /// Looks at the rights again if anything changed since the last look.
    fn look_again(&mut self) -> Result<(), Denied> {
        if self.scope.is_fresh(self.guard.epoch()) {
            return Ok(());
        }
        self.scope = self.guard.scope::<Read>(self.scope.caller())?;
        self.places.clear();
        let Interest::Below(nodes) = &self.interest else { return Ok(()) };
        let directory = self.catalog.directory();
        let any_seen = nodes.iter().any(|node| directory.in_reach(&self.scope, *node));
        if any_seen || nodes.is_empty() { Ok(()) } else { Err(Denied::Unseen) }
    }
}

#[cfg(test)]
mod tests;
