//! How often one may guess: per address of a person and network, and per network alone.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use governor::clock::DefaultClock;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

type Keyed<K> = RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock>;

/// Counts attempts. Guessing at one account from one network does not lock its owner out elsewhere.
pub(crate) struct Attempts {
    account: Keyed<(String, Option<IpAddr>)>,
    network: Keyed<Option<IpAddr>>,
    taken: AtomicU32,
}

const PER_ACCOUNT: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
const PER_NETWORK: NonZeroU32 = NonZeroU32::new(60).expect("not zero");
/// Counts that are whole again are forgotten after so many attempts.
const TRIM_EVERY: u32 = 4096;

impl Attempts {
    pub(crate) fn new() -> Self {
        Self {
            account: RateLimiter::keyed(Quota::per_minute(PER_ACCOUNT)),
            network: RateLimiter::keyed(Quota::per_minute(PER_NETWORK)),
            taken: AtomicU32::new(0),
        }
    }

    /// Takes one attempt from both budgets; false when either is spent.
    pub(crate) fn take(&self, account: &str, address: Option<IpAddr>) -> bool {
        if self.taken.fetch_add(1, Ordering::Relaxed) % TRIM_EVERY == TRIM_EVERY - 1 {
            self.account.retain_recent();
            self.network.retain_recent();
        }
        let network = address.map(network_of);
        self.network.check_key(&network).is_ok()
            && self.account.check_key(&(account.to_owned(), network)).is_ok()
    }
}

/// Whoever has one IPv6 address has its whole /64.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from(u128::from(address) >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_ipv6_network_share_a_budget() {
        let attempts = Attempts::new();
        let address = |host: u16| Some(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, host).into());
        assert!((0..10).all(|host| attempts.take("ada@example.org", address(host))));
        assert!(!attempts.take("ada@example.org", address(10)));
        let elsewhere = Some(Ipv6Addr::new(0x2001, 0xdb8, 0, 2, 0, 0, 0, 1).into());
        assert!(attempts.take("ada@example.org", elsewhere), "its owner is not locked out");
    }
}
