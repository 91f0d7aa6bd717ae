//! How many live feeds are open: nobody takes the places of all others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use roadstead_model::Principal;

/// Live feeds that are open, in all and of each principal.
pub struct Feeds {
    most: usize,
    most_each: usize,
    open: Mutex<HashMap<Principal, usize>>,
}

/// One open feed; it makes room for another when it is dropped.
pub(crate) struct FeedPlace {
    feeds: Arc<Feeds>,
    principal: Principal,
}

impl Feeds {
    /// Makes room for so many in all, and for so many of each principal.
    pub fn new(most: usize, most_each: usize) -> Self {
        Self { most, most_each, open: Mutex::default() }
    }

    /// Takes a place; `None` when there is none left.
    pub(crate) fn take(self: &Arc<Self>, principal: Principal) -> Option<FeedPlace> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let own = open.get(&principal).copied().unwrap_or_default();
        if own >= self.most_each || open.values().sum::<usize>() >= self.most {
            return None;
        }
        open.insert(principal, own + 1);
        Some(FeedPlace { feeds: Arc::clone(self), principal })
    }
}

impl Drop for FeedPlace {
    fn drop(&mut self) {
        let mut open = self.feeds.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = open.get_mut(&self.principal) {
            *own -= 1;
            if *own == 0 {
                open.remove(&self.principal);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use roadstead_model::{PersonId, TenantId};

    #[test]
    fn one_principal_cannot_take_the_places_of_another() {
        let tenant = TenantId::numbered(1).unwrap();
        let person = |number| Principal::Person(PersonId::new(tenant, number).unwrap());
        let feeds = Arc::new(Feeds::new(3, 2));
        let held = [feeds.take(person(1)), feeds.take(person(1))];
        assert!(held.iter().all(Option::is_some) && feeds.take(person(1)).is_none());
        let other = feeds.take(person(2));
        assert!(other.is_some() && feeds.take(person(3)).is_none(), "three in all");
        drop(held);
        assert!(feeds.take(person(3)).is_some());
    }
}
