//! Shared subscriptions: each message of a group goes to one of its connected members.
//!
//! Members take turns by the message's position. Each member decides by itself, from the
//! same list, so nobody has to hand anything over. Who joins shares in what comes from then
//! on: what came before is for those who were members then. So it is with a member that
//! comes back while others are there, since they took its turns meanwhile; one that comes
//! back to an empty group goes on where it stood itself.
//!
//! A message whose turn falls to a member that is just leaving may reach nobody; and when all
//! were away, the first to come back may be told again what another had.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use roadstead_guard::{Caller, Denied, Guard, Read, Scope};
use roadstead_model::{Position, Resource, TenantId};

type GroupKey = (TenantId, Box<str>);

/// The groups of all tenants.
pub(crate) struct Groups {
    guard: Arc<Guard>,
    groups: Mutex<HashMap<GroupKey, Arc<Group>>>,
}

#[derive(Default)]
struct Group {
    members: Mutex<Members>,
}

#[derive(Default)]
struct Members {
    next: u64,
    seated: Vec<Member>,
}

struct Member {
    serial: u64,
    /// Messages before this position are for those who were members then.
    since: Position,
    caller: Caller,
    /// `None` while the member reaches nothing.
    scope: Option<Scope<Read>>,
}

/// A session's share in a group. Given up when dropped.
pub(crate) struct Membership {
    groups: Arc<Groups>,
    group: Arc<Group>,
    key: GroupKey,
    serial: u64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Groups {
    pub(crate) fn new(guard: Arc<Guard>) -> Self {
        Self { guard, groups: Mutex::default() }
    }

    /// Joins the group that shares this filter, written as `$share/{group}/{filter}`.
    ///
    /// `now` is asked for the end of the feed while nobody in the group takes anything, so that
    /// no message falls to two members or to none.
    pub(crate) fn join(
        self: &Arc<Self>,
        caller: &Caller,
        filter: &str,
        stood: Option<Position>,
        now: impl FnOnce() -> Result<Position, Denied>,
    ) -> Result<Membership, Denied> {
        let key = (caller.tenant(), Box::from(filter));
        let mut groups = lock(&self.groups);
        let group = groups.get(&key).cloned().unwrap_or_default();
        let mut members = lock(&group.members);
        let since = match stood.filter(|_| members.seated.is_empty()) {
            Some(stood) => stood,
            None => now()?,
        };
        members.next += 1;
        let serial = members.next;
        let scope = self.guard.scope(caller).ok();
        members.seated.push(Member { serial, since, caller: caller.clone(), scope });
        drop(members);
        groups.entry(key.clone()).or_insert_with(|| Arc::clone(&group));
        Ok(Membership { groups: Arc::clone(self), group, key, serial })
    }
}

impl Membership {
    /// Whether it is this member's turn to take the message.
    pub(crate) fn takes(&self, position: Position, lineage: &[Resource]) -> bool {
        let guard = &self.groups.guard;
        let epoch = guard.epoch();
        let mut members = lock(&self.group.members);
        let mut reaching = Vec::new();
        for member in members.seated.iter_mut().filter(|member| member.since <= position) {
            if member.scope.as_ref().is_none_or(|scope| !scope.is_fresh(epoch)) {
                member.scope = guard.scope(&member.caller).ok();
            }
            let reached = |scope: &Scope<Read>| scope.reaches(lineage.iter().copied());
            if member.scope.as_ref().is_some_and(reached) {
                reaching.push(member.serial);
            }
        }
        let Some(turn) = position.0.checked_rem(reaching.len() as u64) else { return false };
        usize::try_from(turn).is_ok_and(|turn| reaching[turn] == self.serial)
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let mut groups = lock(&self.groups.groups);
        let mut members = lock(&self.group.members);
        members.seated.retain(|member| member.serial != self.serial);
        if members.seated.is_empty() {
            groups.remove(&self.key);
        }
    }
}
