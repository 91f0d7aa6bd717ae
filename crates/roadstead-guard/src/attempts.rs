//! How often one may guess: per address of a person and network, and per network alone.

use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::clock::DefaultClock;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

type Keyed<K> = RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock>;

/// Counts attempts. Guessing at one account from one network does not lock its owner out elsewhere.
pub(crate) struct Attempts {
    account: Keyed<(String, Option<IpAddr>)>,
    network: Keyed<Option<IpAddr>>,
}

const PER_ACCOUNT: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
const PER_NETWORK: NonZeroU32 = NonZeroU32::new(60).expect("not zero");
const TRIM_AT: usize = 10_000;

impl Attempts {
    pub(crate) fn new() -> Self {
        Self {
            account: RateLimiter::keyed(Quota::per_minute(PER_ACCOUNT)),
            network: RateLimiter::keyed(Quota::per_minute(PER_NETWORK)),
        }
    }

    /// Takes one attempt from both budgets; false when either is spent.
    pub(crate) fn take(&self, account: &str, network: Option<IpAddr>) -> bool {
        if self.account.len() > TRIM_AT {
            self.account.retain_recent();
            self.network.retain_recent();
        }
        let network_ok = self.network.check_key(&network).is_ok();
        self.account.check_key(&(account.to_owned(), network)).is_ok() && network_ok
    }
}
