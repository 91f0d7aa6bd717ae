//! What a client wants to hear: filters are read, checked, kept, and answered one by one.

use roadstead_guard::{Caller, Denied};
use roadstead_model::Position;
use roadstead_services::live::Interest;
use roadstead_services::sessions::Subscription;

use super::{End, Session};
use crate::Inner;
use crate::codec::subscribe::{Subscribe, Unsubscribe, Wish};
use crate::codec::{Frame, Reason, write};
use crate::deliver::Deliverer;
use crate::owed::Debt;
use crate::routes::Heard;
use crate::share::Membership;
use crate::topic::Filter;

/// How many filters a client may let go of at once, at least: more than it can have.
const MOST_UNSUBSCRIBED: usize = 1000;

impl Inner {
    /// Joins a group: from now on, or from where an earlier connection stood in it.
    pub(crate) fn join(
        &self,
        caller: &Caller,
        filter: &str,
        stood: Option<Position>,
    ) -> Result<Membership, Denied> {
        let now = || {
            let now = self.tools.live.follow(caller, Interest::Everything, None)?;
            Ok(now.position())
        };
        self.groups.join(caller, filter, stood, now)
    }
}

impl Session {
    pub(crate) async fn subscribe(&mut self, frame: Frame, body: &[u8]) -> Result<(), End> {
        let version = self.wishes.version;
        let packet = Subscribe::read(version, frame, body)?;
        let mut codes = Vec::with_capacity(packet.wishes.len());
        let mut tell_first = Vec::new();
        for (number, wish) in packet.wishes.iter().enumerate() {
            // A packet with more filters than a session may have is not gone through to its end.
            let taken = if number < self.door.limits.filters {
                self.subscribe_one(wish, packet.identifier)?
            } else {
                Err(Reason::QUOTA_EXCEEDED)
            };
            let code = match taken {
                Ok((at, tell)) => {
                    tell_first.extend((tell && !tell_first.contains(&at)).then_some(at));
                    wish.qos.bits()
                }
                Err(reason) => reason.in_suback(version),
            };
            codes.push(code);
        }
        if !self.deliverer.subscriptions.is_empty() {
            self.deliverer.follow(&self.door.tools.live, None)?;
        }
        self.deliverer.subscriptions_changed();
        self.tell_first(&tell_first)?;
        self.answer(write::SUBACK, packet.packet, &codes).await
    }

    /// Takes one filter. Says where it stands, and whether retained measurements come first.
    fn subscribe_one(
        &mut self,
        wish: &Wish<'_>,
        identifier: Option<u32>,
    ) -> Result<Result<(usize, bool), Reason>, End> {
        let limits = &self.door.limits;
        let filter = match Filter::parse(wish.filter, limits) {
            Ok(filter) => filter,
            Err(reason) => return self.bad_filter(reason).map(Err),
        };
        let shared = filter.group().is_some();
        if shared && wish.no_local {
            return Err(Reason::PROTOCOL_ERROR.into());
        }
        if shared && !limits.shared_subscriptions {
            return Ok(Err(Reason::SHARED_SUBSCRIPTIONS_NOT_SUPPORTED));
        }
        if !self.may_hear(&filter)? {
            return Ok(Err(Reason::NOT_AUTHORIZED));
        }
        let subscriptions = &mut self.deliverer.subscriptions;
        let known = subscriptions.iter().position(|heard| heard.stored.filter == wish.filter);
        if known.is_none() && subscriptions.len() >= limits.filters {
            return Ok(Err(Reason::QUOTA_EXCEEDED));
        }
        let before = known.and_then(|at| subscriptions[at].membership.take());
        let membership = match (shared, before) {
            (false, _) => None,
            (true, Some(membership)) => Some(membership),
            (true, None) => Some(self.door.join(&self.caller, wish.filter, None)?),
        };
        let heard = Heard { stored: stored(wish, identifier), filter, membership };
        let at = known.unwrap_or(subscriptions.len());
        match known {
            Some(at) => subscriptions[at] = heard,
            None => subscriptions.push(heard),
        }
        let tell = match wish.retain_handling {
            0 => true,
            1 => known.is_none(),
            _ => false,
        };
        Ok(Ok((at, tell && !shared)))
    }

    /// A filter that is none gets a code of its own in MQTT 5, and ends the connection in 3.1.1.
    fn bad_filter(&self, reason: Reason) -> Result<Reason, End> {
        let ends = !self.wishes.version.is_5() && reason == Reason::TOPIC_FILTER_INVALID;
        if ends { Err(reason.into()) } else { Ok(reason) }
    }

    /// Whether there can be anything behind a filter that names one device.
    ///
    /// What is out of sight and what does not exist get the same answer.
    fn may_hear(&self, filter: &Filter) -> Result<bool, End> {
        if filter.is_own() {
            return Ok(self.deliverer.listener.device.is_some());
        }
        let Some(device) = filter.only_device() else { return Ok(true) };
        let tools = &self.door.tools;
        let Some(device) = tools.sessions.device_called(&self.caller, device) else {
            return Ok(false);
        };
        match tools.guard.permit::<roadstead_guard::Read, _>(&self.caller, device) {
            Ok(_) => Ok(true),
            Err(Denied::Ended) => Err(Denied::Ended.into()),
            Err(Denied::Unseen | Denied::Forbidden(_)) => Ok(false),
        }
    }

    /// Sees to it that new subscriptions are told first what was retained.
    fn tell_first(&mut self, subscriptions: &[usize]) -> Result<(), End> {
        if subscriptions.is_empty() {
            return Ok(());
        }
        let Deliverer { subscriptions: all, retained, listener, .. } = &mut self.deliverer;
        if retained.is_full() {
            return Err(Reason::QUOTA_EXCEEDED.into());
        }
        let heard: Vec<&Heard> = subscriptions.iter().filter_map(|at| all.get(*at)).collect();
        let device = match heard[..] {
            [alone] if alone.filter.is_own() => listener.device,
            [alone] => alone
                .filter
                .only_device()
                .and_then(|device| self.door.tools.sessions.device_called(&self.caller, device)),
            _ => None,
        };
        retained.take_on(&heard, device);
        Ok(())
    }

    pub(crate) async fn unsubscribe(&mut self, frame: Frame, body: &[u8]) -> Result<(), End> {
        let version = self.wishes.version;
        let packet = Unsubscribe::read(version, frame, body)?;
        if packet.filters.len() > MOST_UNSUBSCRIBED.max(self.door.limits.filters) {
            return Err(Reason::QUOTA_EXCEEDED.into());
        }
        let mut codes = Vec::with_capacity(packet.filters.len());
        for filter in packet.filters {
            codes.push(self.unsubscribe_one(filter)?.0);
        }
        self.deliverer.subscriptions_changed();
        let codes = if version.is_5() { codes } else { Vec::new() };
        self.answer(write::UNSUBACK, packet.packet, &codes).await
    }

    fn unsubscribe_one(&mut self, filter: &str) -> Result<Reason, End> {
        if let Err(reason) = Filter::parse(filter, &self.door.limits) {
            return self.bad_filter(reason);
        }
        let subscriptions = &mut self.deliverer.subscriptions;
        let before = subscriptions.len();
        subscriptions.retain(|heard| heard.stored.filter != filter);
        let gone = subscriptions.len() < before;
        Ok(if gone { Reason::SUCCESS } else { Reason::NO_SUBSCRIPTION_EXISTED })
    }

    /// Answers when what was agreed is durable, if the session is one that is kept.
    async fn answer(&mut self, first: u8, packet: u16, codes: &[u8]) -> Result<(), End> {
        let ticket = self.save_first().await?;
        let mut bytes = Vec::with_capacity(8 + codes.len());
        write::answers(first, self.wishes.version, packet, codes, &mut bytes);
        self.owed.when(ticket, 0, Debt::Answer(bytes.into()));
        Ok(())
    }
}

fn stored(wish: &Wish<'_>, identifier: Option<u32>) -> Subscription {
    Subscription {
        filter: wish.filter.to_owned(),
        qos: wish.qos.bits(),
        no_local: wish.no_local,
        retain_as_published: wish.retain_as_published,
        retain_handling: wish.retain_handling,
        identifier,
    }
}
