//! We speak: measurements go to a client as fast as it takes them, and no faster.
//!
//! A session owns no queue. It keeps a cursor on the tenant's feed and does not move it
//! while the client's window or the bytes that wait for its socket are full.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use foldhash::fast::RandomState;
use roadstead_guard::{Caller, Denied};
use roadstead_model::{DeviceId, Position, Reading, SensorId};
use roadstead_services::formats;
use roadstead_services::live::{Delivered, Follower, Interest, Live, News};
use roadstead_services::sessions::{MqttSessions, SensorPlace};

use crate::Tools;
use crate::codec::write::{self, Message};
use crate::codec::{Qos, Version};
use crate::flights::{Again, Content, Flights};
use crate::retained::{Next, Retained};
use crate::routes::{Heard, Routes, Terms};

/// What a session must know of its client to speak to it.
#[derive(Debug, Clone)]
pub(crate) struct Listener {
    pub(crate) caller: Caller,
    pub(crate) version: Version,
    /// The device that listens, if it is one.
    pub(crate) device: Option<DeviceId>,
    /// The largest packet that the client takes.
    pub(crate) largest: usize,
    /// How many topic aliases the client takes.
    pub(crate) aliases: u16,
    /// Whether what is on its way outlives the connection.
    pub(crate) kept: bool,
    /// How many bytes may wait to be written.
    pub(crate) send_bytes: usize,
}

/// The speaking half of a session.
pub(crate) struct Deliverer {
    pub(crate) listener: Listener,
    pub(crate) subscriptions: Vec<Heard>,
    pub(crate) flights: Flights,
    follower: Option<Follower>,
    news: VecDeque<Delivered>,
    /// The measurement that was told under some of its names only, and under how many.
    partly: (Position, usize),
    /// The state of rights that `news` was read in.
    epoch: u64,
    pub(crate) retained: Retained,
    routes: HashMap<SensorId, Routes, RandomState>,
    aliases: HashMap<Arc<str>, u16, RandomState>,
    held: Vec<u16>,
    payload: Vec<u8>,
    missed: u64,
    moved: bool,
    /// Whether others get a turn before the work goes on.
    paused: bool,
}

/// How many stretches of the feed are gone through before others get a turn.
const STRETCHES: usize = 16;

impl Deliverer {
    pub(crate) fn new(listener: Listener, flights: Flights) -> Self {
        Self {
            listener,
            subscriptions: Vec::new(),
            flights,
            follower: None,
            news: VecDeque::new(),
            partly: (Position(0), 0),
            epoch: 0,
            retained: Retained::default(),
            routes: HashMap::default(),
            aliases: HashMap::default(),
            held: Vec::new(),
            payload: Vec::new(),
            missed: 0,
            moved: false,
            paused: false,
        }
    }

    /// Begins to follow the feed, from where an earlier connection left it or from now.
    pub(crate) fn follow(&mut self, live: &Live, from: Option<Position>) -> Result<(), Denied> {
        if self.follower.is_none() {
            let follower = live.follow(&self.listener.caller, Interest::Everything, from)?;
            self.follower = Some(follower);
        }
        Ok(())
    }

    /// Everything before this position was delivered or is on its way.
    pub(crate) fn cursor(&self) -> Position {
        let followed = self.follower.as_ref().map_or(Position(0), Follower::position);
        self.news.front().map_or(followed, |next| next.position)
    }

    /// Under how many of its names the measurement at the cursor was told.
    pub(crate) fn told(&self) -> usize {
        let (position, told) = self.partly;
        if position == self.cursor() { told } else { 0 }
    }

    /// Goes on with a measurement that an earlier connection told under some of its names.
    pub(crate) const fn go_on(&mut self, position: Position, told: usize) {
        self.partly = (position, told);
    }

    /// How many measurements were gone before this session could be told, since last asked.
    pub(crate) fn take_missed(&mut self) -> u64 {
        std::mem::take(&mut self.missed)
    }

    /// Whether the cursor has moved since last asked.
    pub(crate) fn take_moved(&mut self) -> bool {
        std::mem::take(&mut self.moved)
    }

    /// Packet ids that have to be saved before their messages are sent, since last asked.
    pub(crate) fn take_held(&mut self) -> Vec<u16> {
        std::mem::take(&mut self.held)
    }

    /// Must be called when the subscriptions have changed.
    pub(crate) fn subscriptions_changed(&mut self) {
        self.routes.clear();
        if self.subscriptions.is_empty() {
            self.follower = None;
            self.news.clear();
        }
    }

    /// Waits for news of the feed; for ever when there is something to be sent first.
    pub(crate) async fn moved(&mut self) {
        if self.paused {
            return tokio::task::yield_now().await;
        }
        let busy = !self.news.is_empty() || !self.retained.is_empty() || self.flights.has_queued();
        match &mut self.follower {
            Some(follower) if !busy => follower.moved().await,
            Some(_) | None => std::future::pending().await,
        }
    }

    /// Sends what there is, as far as the client's window and the waiting bytes let it.
    pub(crate) fn deliver(&mut self, tools: &Tools, out: &mut Vec<u8>) -> Result<(), Denied> {
        self.look_again(tools)?;
        self.paused = false;
        let mut stretches = 0;
        while out.len() < self.listener.send_bytes {
            if self.flights.has_queued() {
                self.resend(&tools.sessions, out);
                if self.flights.has_queued() {
                    return Ok(());
                }
            }
            let told = self.tell_retained(&tools.sessions, out) && self.tell_news(out);
            if !told || !self.pull()? {
                return Ok(());
            }
            stretches += 1;
            if stretches == STRETCHES {
                self.paused = true;
                return Ok(());
            }
        }
        Ok(())
    }

    /// When rights may have changed, what was read and not told is read again with those of now.
    fn look_again(&mut self, tools: &Tools) -> Result<(), Denied> {
        let epoch = tools.guard.epoch();
        if std::mem::replace(&mut self.epoch, epoch) == epoch {
            return Ok(());
        }
        let caller = &self.listener.caller;
        self.retained.look_again(&tools.sessions, caller);
        if !self.news.is_empty() {
            let again = tools.live.follow(caller, Interest::Everything, Some(self.cursor()))?;
            self.follower = Some(again);
            self.news.clear();
        }
        Ok(())
    }

    /// Sends again what an earlier connection left, as far as the client may still have it.
    fn resend(&mut self, sessions: &MqttSessions, out: &mut Vec<u8>) {
        let Listener { version, largest, send_bytes, .. } = self.listener;
        let caller = &self.listener.caller;
        let may_read = |sensor| sessions.may_read(caller, sensor);
        let terms = Again { version, largest, most_bytes: send_bytes, may_read: &may_read };
        self.moved |= self.flights.resend(&terms, out);
    }

    /// Takes the next stretch from the feed; false when there is nothing new.
    fn pull(&mut self) -> Result<bool, Denied> {
        let Some(follower) = &mut self.follower else { return Ok(false) };
        match follower.try_next()? {
            None => return Ok(false),
            Some(News::Measurements(news)) => self.news = news.into(),
            Some(News::Missed { count, .. }) => self.missed += count,
        }
        Ok(true)
    }

    /// Sends retained measurements; false when there is no room for more.
    fn tell_retained(&mut self, sessions: &MqttSessions, out: &mut Vec<u8>) -> bool {
        let (caller, device) = (self.listener.caller.clone(), self.listener.device);
        loop {
            let due = match self.retained.next(sessions, &caller, device) {
                Next::Due(due) => due,
                Next::Nothing => return true,
                Next::Later => {
                    self.paused = true;
                    return false;
                }
            };
            if !self.may_send(due.terms.qos, out) {
                self.retained.put_back(due);
                return false;
            }
            self.write_payload(&due.reading, &due.place);
            self.speaker(due.reading.sensor, out).say(&due.topic, &due.terms, true);
        }
    }

    /// Sends news; false when there is no room for more.
    fn tell_news(&mut self, out: &mut Vec<u8>) -> bool {
        while let Some(news) = self.news.pop_front() {
            if !self.tell_one(&news, out) {
                self.news.push_front(news);
                return false;
            }
            self.moved = true;
        }
        true
    }

    fn tell_one(&mut self, news: &Delivered, out: &mut Vec<u8>) -> bool {
        let sensor = news.reading.sensor;
        let known = self.routes.remove(&sensor).filter(|routes| routes.are_of(&news.place));
        let routes = known
            .unwrap_or_else(|| Routes::of(&news.place, &self.subscriptions, self.listener.device));
        let told = self.tell_routes(news, &routes, out);
        self.routes.insert(sensor, routes);
        told
    }

    fn tell_routes(&mut self, news: &Delivered, routes: &Routes, out: &mut Vec<u8>) -> bool {
        let is_own = news.source.credential == self.listener.caller.credential();
        let (position, told) = self.partly;
        let told = if position == news.position { told } else { 0 };
        let mut written = false;
        for (at, route) in routes.routes.iter().enumerate().skip(told) {
            let standing = (news.position, &*news.place);
            let Some(terms) = route.terms_for(is_own, &self.subscriptions, standing) else {
                continue;
            };
            if !self.may_send(terms.qos, out) {
                self.partly = (news.position, at);
                self.moved |= written;
                return false;
            }
            if !std::mem::replace(&mut written, true) {
                self.write_payload(&news.reading, &news.place);
            }
            self.speaker(news.reading.sensor, out).say(&route.topic, terms, false);
        }
        true
    }

    fn may_send(&self, qos: Qos, out: &[u8]) -> bool {
        let window = qos == Qos::AtMost || self.flights.has_room();
        window && out.len() < self.listener.send_bytes
    }

    fn write_payload(&mut self, reading: &Reading, place: &SensorPlace) {
        self.payload.clear();
        formats::delivered(&mut self.payload, reading, &place.sensor.shape.unit);
    }

    fn speaker<'a>(&'a mut self, sensor: SensorId, out: &'a mut Vec<u8>) -> Speaker<'a> {
        Speaker {
            sensor,
            listener: &self.listener,
            flights: &mut self.flights,
            aliases: &mut self.aliases,
            held: &mut self.held,
            payload: &self.payload,
            out,
        }
    }
}

/// Says one message, with all that this touches of the session.
struct Speaker<'a> {
    sensor: SensorId,
    listener: &'a Listener,
    flights: &'a mut Flights,
    aliases: &'a mut HashMap<Arc<str>, u16, RandomState>,
    held: &'a mut Vec<u16>,
    payload: &'a [u8],
    out: &'a mut Vec<u8>,
}

impl Speaker<'_> {
    fn say(self, topic: &Arc<str>, terms: &Terms, retain: bool) {
        let message = Message {
            qos: terms.qos,
            again: false,
            retain,
            topic,
            packet: 1,
            alias: None,
            identifiers: &terms.identifiers,
            payload: self.payload,
        };
        // MQTT 5 wants what is too large for a client to be left out as if it had been sent.
        let more = if self.listener.aliases > 0 { write::ALIAS } else { 0 };
        let too_large = message.length(self.listener.version) + more > self.listener.largest;
        if too_large || topic.len() > usize::from(u16::MAX) {
            return;
        }
        // Exactly once holds over a crash only if the packet id is saved before it is used.
        let held = self.listener.kept && terms.qos == Qos::Exactly;
        let packet = match terms.qos {
            Qos::AtMost => 0,
            Qos::AtLeast | Qos::Exactly => {
                let content = self.listener.kept.then(|| Content {
                    topic: Arc::clone(topic),
                    payload: self.payload.into(),
                    identifiers: terms.identifiers.clone(),
                    retain,
                    sensor: Some(self.sensor),
                });
                self.flights.take_off(terms.qos, content, held)
            }
        };
        if held {
            self.held.push(packet);
            return;
        }
        let (topic, alias) = alias(self.aliases, self.listener.aliases, topic);
        Message { topic, packet, alias, ..message }.write(self.listener.version, self.out);
    }
}

/// The topic as it is written: in full the first time, and then by its alias while there are any.
fn alias<'a>(
    aliases: &mut HashMap<Arc<str>, u16, RandomState>,
    most: u16,
    topic: &'a Arc<str>,
) -> (&'a str, Option<u16>) {
    if most == 0 {
        return (topic, None);
    }
    if let Some(known) = aliases.get(topic) {
        return ("", Some(*known));
    }
    let next = u16::try_from(aliases.len() + 1).unwrap_or(u16::MAX);
    if next > most {
        return (topic, None);
    }
    aliases.insert(Arc::clone(topic), next);
    (topic, Some(next))
}
