//! Shared subscriptions: each message of a group goes to one of its connected members.
//!
//! Members take turns by the message's position. Each member decides by itself, from the
//! same list, so nobody has to hand anything over. A message whose turn falls to a member
//! that is just leaving may reach nobody.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use roadstead_guard::{Caller, Guard, Read, Scope};
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
    /// Messages before this position are for those who were members then.
    since: Position,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Groups {
    pub(crate) fn new(guard: Arc<Guard>) -> Self {
        Self { guard, groups: Mutex::default() }
    }

    /// Joins the group that shares this filter, written as `$share/{group}/{filter}`.
    pub(crate) fn join(
        self: &Arc<Self>,
        caller: &Caller,
        filter: &str,
        since: Position,
    ) -> Membership {
        let key = (caller.tenant(), Box::from(filter));
        let mut groups = lock(&self.groups);
        let group = Arc::clone(groups.entry(key.clone()).or_default());
        let mut members = lock(&group.members);
        members.next += 1;
        let serial = members.next;
        let scope = self.guard.scope(caller).ok();
        members.seated.push(Member { serial, caller: caller.clone(), scope });
        drop(members);
        Membership { groups: Arc::clone(self), group, key, serial, since }
    }
}

impl Membership {
    /// Whether it is this member's turn to take the message.
    pub(crate) fn takes(&self, position: Position, lineage: &[Resource]) -> bool {
        if position < self.since {
            return false;
        }
        let guard = &self.groups.guard;
        let epoch = guard.epoch();
        let mut members = lock(&self.group.members);
        let mut reaching = Vec::new();
        for member in &mut members.seated {
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
