//! Ids: one 63-bit integer that carries tenant and kind, and an opaque text of it.
//!
//! Layout, high to low: 20 bits tenant, 5 bits kind, 38 bits number. So an id of one
//! tenant can never be one of another's, and a device's never a sensor's.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

const NUMBER_BITS: u32 = 38;
const KIND_BITS: u32 = 5;
const NUMBER_MASK: u64 = (1 << NUMBER_BITS) - 1;
const KIND_MASK: u64 = (1 << KIND_BITS) - 1;
const TENANTS: u64 = 1 << 20;
const ALL_63: u64 = (1 << 63) - 1;

/// Spreads neighbouring integers over all texts; odd, hence a bijection modulo 2^63.
const SPREAD: u64 = 0x5851_f42d_4c95_7f2d;
const GATHER: u64 = inverse(SPREAD);
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const TEXT_DIGITS: usize = 13;

/// What kind of thing an id names.
pub trait Kind: Send + Sync + 'static {
    /// The kind's number inside the integer, below 32. Never reused.
    const CODE: u64;
    /// What the text form begins with.
    const PREFIX: &'static str;
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $marker:ident $alias:ident $code:literal $prefix:literal;)*) => {$(
        #[doc = concat!("Marks ids that begin with `", $prefix, "_`.")]
        pub enum $marker {}
        impl Kind for $marker {
            const CODE: u64 = $code;
            const PREFIX: &'static str = $prefix;
        }
        $(#[$doc])*
        pub type $alias = Id<$marker>;
    )*};
}

kinds! {
    /// Names a tenant.
    TenantKind TenantId 1 "tnt";
    /// Names a space.
    SpaceKind SpaceId 2 "spc";
    /// Names an asset.
    AssetKind AssetId 3 "ast";
    /// Names a device type.
    DeviceTypeKind DeviceTypeId 4 "typ";
    /// Names a device.
    DeviceKind DeviceId 5 "dev";
    /// Names a sensor.
    SensorKind SensorId 6 "sen";
    /// Names a person.
    PersonKind PersonId 7 "per";
    /// Names a credential: a password, a token or a browser session.
    CredentialKind CredentialId 8 "crd";
    /// Names a grant.
    GrantKind GrantId 9 "grt";
}

/// Names one thing of kind `K`. A device id cannot be handed to a function that wants a sensor's.
pub struct Id<K>(u64, PhantomData<fn() -> K>);

impl<K: Kind> Id<K> {
    /// Makes the id of the `number`th thing of this kind in a tenant; `None` past 2^38.
    pub fn new(tenant: TenantId, number: u64) -> Option<Self> {
        let fits = number <= NUMBER_MASK && number > 0;
        fits.then(|| Self::assemble(tenant.tenant_bits(), number))
    }

    /// Reads the integer form. Refuses integers of another kind.
    pub fn from_integer(integer: u64) -> Result<Self, BadId> {
        let kind = (integer >> NUMBER_BITS) & KIND_MASK;
        let fits = integer <= ALL_63 && kind == K::CODE;
        if fits { Ok(Self(integer, PhantomData)) } else { Err(BadId { expected: K::PREFIX }) }
    }

    /// The integer form: below 2^63, stable for ever.
    pub const fn integer(self) -> u64 {
        self.0
    }

    /// The integer form as SQL stores it.
    pub const fn sql(self) -> i64 {
        self.0.cast_signed()
    }

    /// The tenant that the thing belongs to.
    pub fn tenant(self) -> TenantId {
        Id::assemble(self.tenant_bits(), 0)
    }

    const fn tenant_bits(self) -> u64 {
        self.0 >> (NUMBER_BITS + KIND_BITS)
    }

    fn assemble(tenant: u64, number: u64) -> Self {
        let high = (tenant << KIND_BITS) | K::CODE;
        Self((high << NUMBER_BITS) | number, PhantomData)
    }
}

impl TenantId {
    /// Makes the id of the server's `number`th tenant; `None` past 2^20.
    pub fn numbered(number: u64) -> Option<Self> {
        (number > 0 && number < TENANTS).then(|| Self::assemble(number, 0))
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.wrapping_mul(SPREAD) & ALL_63;
        let mut digits = [b'0'; TEXT_DIGITS];
        for digit in digits.iter_mut().rev() {
            *digit = ALPHABET[(rest & 31) as usize];
            rest >>= 5;
        }
        f.write_str(K::PREFIX)?;
        f.write_str("_")?;
        digits.iter().try_for_each(|digit| fmt::Write::write_char(f, char::from(*digit)))
    }
}

impl<K: Kind> FromStr for Id<K> {
    type Err = BadId;

    /// Reads the text form, or the integer form in decimal digits.
    fn from_str(text: &str) -> Result<Self, BadId> {
        if let Ok(integer) = text.parse::<u64>() {
            return Self::from_integer(integer);
        }
        let bad = BadId { expected: K::PREFIX };
        let digits = text.strip_prefix(K::PREFIX).and_then(|rest| rest.strip_prefix('_'));
        let digits = digits.filter(|digits| digits.len() == TEXT_DIGITS).ok_or(bad)?;
        let spread = digits.bytes().try_fold(0_u64, |sum, byte| {
            let digit = ALPHABET.iter().position(|known| *known == byte)?;
            (sum >> 58 == 0).then_some((sum << 5) | digit as u64)
        });
        let integer = spread.ok_or(bad)?.wrapping_mul(GATHER) & ALL_63;
        let id = Self::from_integer(integer)?;
        if id.to_string() == text { Ok(id) } else { Err(bad) }
    }
}

/// A text or an integer that names nothing of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an id of the right kind: expected `{expected}_` and 13 characters, or the integer form"
)]
pub struct BadId {
    /// The prefix that the wanted kind has.
    pub expected: &'static str,
}

/// Newton's iteration for the inverse of an odd number modulo 2^64.
const fn inverse(odd: u64) -> u64 {
    let mut guess = odd;
    let mut round = 0;
    while round < 6 {
        guess = guess.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(guess)));
        round += 1;
    }
    guess
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl<K: Kind> serde::Serialize for Id<K> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de, K: Kind> serde::Deserialize<'de> for Id<K> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_id_reads_back_from_both_forms(tenant in 1..TENANTS, number in 1..=NUMBER_MASK) {
            let tenant = TenantId::numbered(tenant).unwrap();
            let id = DeviceId::new(tenant, number).unwrap();
            prop_assert_eq!(id.to_string().parse(), Ok(id));
            prop_assert_eq!(id.integer().to_string().parse(), Ok(id));
            prop_assert_eq!(id.tenant(), tenant);
            prop_assert!(id.integer() <= ALL_63);
        }

        #[test]
        fn no_text_reads_as_an_id_that_writes_otherwise(text in "(dev|sen)_[0-9a-z]{12,14}") {
            if let Ok(id) = text.parse::<DeviceId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }

    #[test]
    fn a_device_id_is_no_sensor_id() {
        let tenant = TenantId::numbered(1).unwrap();
        let device = DeviceId::new(tenant, 7).unwrap();
        assert!(device.to_string().parse::<SensorId>().is_err());
        assert!(SensorId::from_integer(device.integer()).is_err());
    }
}
