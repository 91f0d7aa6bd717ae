//! Reason codes of MQTT 5, and the few return codes of MQTT 3.1.1.

use super::Version;

/// Why, as one byte. From 0x80 on it is a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reason(pub(crate) u8);

impl Reason {
    pub(crate) const SUCCESS: Self = Self(0x00);
    pub(crate) const NO_SUBSCRIPTION_EXISTED: Self = Self(0x11);
    pub(crate) const UNSPECIFIED: Self = Self(0x80);
    pub(crate) const MALFORMED_PACKET: Self = Self(0x81);
    pub(crate) const PROTOCOL_ERROR: Self = Self(0x82);
    pub(crate) const UNSUPPORTED_VERSION: Self = Self(0x84);
    pub(crate) const CLIENT_ID_NOT_VALID: Self = Self(0x85);
    pub(crate) const BAD_USER_NAME_OR_PASSWORD: Self = Self(0x86);
    pub(crate) const NOT_AUTHORIZED: Self = Self(0x87);
    pub(crate) const SERVER_BUSY: Self = Self(0x89);
    pub(crate) const SERVER_SHUTTING_DOWN: Self = Self(0x8b);
    pub(crate) const BAD_AUTHENTICATION_METHOD: Self = Self(0x8c);
    pub(crate) const KEEP_ALIVE_TIMEOUT: Self = Self(0x8d);
    pub(crate) const SESSION_TAKEN_OVER: Self = Self(0x8e);
    pub(crate) const TOPIC_FILTER_INVALID: Self = Self(0x8f);
    pub(crate) const TOPIC_NAME_INVALID: Self = Self(0x90);
    pub(crate) const PACKET_ID_NOT_FOUND: Self = Self(0x92);
    pub(crate) const RECEIVE_MAXIMUM_EXCEEDED: Self = Self(0x93);
    pub(crate) const TOPIC_ALIAS_INVALID: Self = Self(0x94);
    pub(crate) const PACKET_TOO_LARGE: Self = Self(0x95);
    pub(crate) const QUOTA_EXCEEDED: Self = Self(0x97);
    pub(crate) const PAYLOAD_FORMAT_INVALID: Self = Self(0x99);
    pub(crate) const SHARED_SUBSCRIPTIONS_NOT_SUPPORTED: Self = Self(0x9e);

    pub(crate) const fn is_failure(self) -> bool {
        self.0 >= 0x80
    }

    /// The byte of a CONNACK: MQTT 3.1.1 has only five refusals.
    pub(crate) const fn in_connack(self, version: Version) -> u8 {
        match (version, self) {
            (Version::V5, _) | (Version::V3, Self::SUCCESS) => self.0,
            (Version::V3, Self::UNSUPPORTED_VERSION) => 1,
            (Version::V3, Self::CLIENT_ID_NOT_VALID) => 2,
            (Version::V3, Self::BAD_USER_NAME_OR_PASSWORD) => 4,
            (Version::V3, Self::NOT_AUTHORIZED) => 5,
            (Version::V3, _) => 3,
        }
    }

    /// The byte of a SUBACK: MQTT 3.1.1 has only one refusal.
    pub(crate) const fn in_suback(self, version: Version) -> u8 {
        match version {
            Version::V3 if self.is_failure() => 0x80,
            Version::V3 | Version::V5 => self.0,
        }
    }
}
