//! Series of values: appended in order, durable when acknowledged, read by sensor and time.

use std::sync::Arc;

use roadstead_guard::{Permit, Read, Write};
use roadstead_model::{DeviceId, Measurement, Position, Reading, SensorId, Timestamp};
use tokio::sync::watch;

use crate::{Feed, Later, SessionKey, StoreError};

/// What makes a batch count only once, however often it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Once {
    /// An MQTT QoS 2 packet: its id stays taken until the session releases it.
    Packet(SessionKey, u16),
    /// An idempotency key, digested together with its caller. Remembered for a day.
    Key([u8; 32]),
}

/// Readings of one device that arrive together.
#[derive(Debug, Clone)]
pub struct Batch {
    /// What was measured.
    pub readings: Vec<Reading>,
    /// When the server took it.
    pub arrival: Timestamp,
    /// Whether each reading becomes what a new subscriber is told first.
    pub retain: bool,
    /// What makes it count only once.
    pub once: Option<Once>,
}

/// Where a batch stands in the write order: durable when [`Durable::through`] reaches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Ticket(pub u64);

/// What became of a batch that was handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// On its way to the disk.
    Queued(Ticket),
    /// Known already, by its packet id or key; durable when the ticket is.
    Repeated(Ticket),
}

impl Appended {
    /// The ticket to wait for.
    pub const fn ticket(self) -> Ticket {
        match self {
            Self::Queued(ticket) | Self::Repeated(ticket) => ticket,
        }
    }
}

/// How far the disk has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Durable {
    /// Every ticket up to this one would survive a power cut.
    pub through: Ticket,
    /// The disk refused a write: nothing further will become durable.
    pub stopped: bool,
}

/// From an instant up to, and without, another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// The first instant inside.
    pub from: Timestamp,
    /// The first instant outside.
    pub to: Timestamp,
}

impl TimeRange {
    /// Whether the instant lies inside.
    pub fn contains(self, time: Timestamp) -> bool {
        self.from <= time && time < self.to
    }
}

/// The numbers of one sensor, by rising time: flags as 0 and 1, texts and quarantined values left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Curve {
    /// Microseconds since the epoch.
    pub times: Vec<i64>,
    /// As many numbers as times.
    pub numbers: Vec<f64>,
}

/// Whole measurements of one sensor, by rising time.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// At most as many as were asked for.
    pub measurements: Vec<Measurement>,
    /// Whether the range holds more.
    pub more: bool,
}

/// What the store sees of itself.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct StoreStatus {
    /// Measurements accepted since the start.
    pub accepted: u64,
    /// Measurements that are in memory and the journal, and not yet in a file of columns.
    pub recent: u64,
    /// Bytes of the journal.
    pub journal_bytes: u64,
    /// Files of columns.
    pub files: u64,
    /// Bytes of the files of columns.
    pub file_bytes: u64,
    /// Whether the disk refused a write.
    pub stopped: bool,
}

/// Measurements, in the order they were accepted.
///
/// A second measurement of the same sensor and time by the same principal changes nothing.
pub trait Measurements: Send + Sync {
    /// Hands a batch of the permitted device over. [`StoreError::Busy`] when the buffer is full.
    ///
    /// Readings of sensors of another device are refused as [`StoreError::Missing`].
    fn append(
        &self,
        permit: &Permit<Write, DeviceId>,
        batch: Batch,
    ) -> Result<Appended, StoreError>;

    /// Follows how far the disk has come.
    fn durable(&self) -> watch::Receiver<Durable>;

    /// Waits until the buffer has room again.
    fn room(&self) -> Later<'_, ()>;

    /// Forgets what a new subscriber of the sensor is told first.
    fn forget_retained(
        &self,
        permit: &Permit<Write, DeviceId>,
        sensor: SensorId,
    ) -> Result<Ticket, StoreError>;

    /// What a new subscriber of the sensor is told first.
    fn retained(&self, permit: &Permit<Read, SensorId>) -> Option<Measurement>;

    /// The measurement with the latest time, quarantined ones left out.
    fn latest(&self, permit: &Permit<Read, SensorId>) -> Option<Measurement>;

    /// How many measurements a read of this range would touch at most. Cheap.
    fn estimate(&self, permit: &Permit<Read, SensorId>, range: TimeRange) -> u64;

    /// The numbers of the permitted sensor in a range.
    fn curve<'a>(
        &'a self,
        permit: &'a Permit<Read, SensorId>,
        range: TimeRange,
    ) -> Later<'a, Result<Curve, StoreError>>;

    /// Whole measurements of the permitted sensor in a range, quarantined ones included.
    fn page<'a>(
        &'a self,
        permit: &'a Permit<Read, SensorId>,
        range: TimeRange,
        limit: usize,
    ) -> Later<'a, Result<Page, StoreError>>;

    /// What was just accepted.
    fn feed(&self) -> &Arc<Feed>;

    /// Where the tenant's next measurement will stand.
    fn end(&self, tenant: roadstead_model::TenantId) -> Position;

    /// What the store sees of itself.
    fn status(&self) -> StoreStatus;

    /// Makes everything handed over durable and closes. Nothing is taken afterwards.
    fn close(&self) -> Later<'_, Result<(), StoreError>>;
}
