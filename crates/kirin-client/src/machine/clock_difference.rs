//! How far two clocks are apart.

use kirin_types::Timestamp;
use serde::{Deserialize, Serialize};

/// How far the service's clock is ahead of ours.
///
/// ```
/// use kirin_client::machine::ClockDifference;
/// use kirin_types::Timestamp;
///
/// let (ours, service) = (Timestamp::from_milliseconds(1_000), Timestamp::from_milliseconds(4_000));
/// let difference = ClockDifference::between(ours, service);
/// assert_eq!(difference.milliseconds(), 3_000);
/// assert_eq!(difference.at_service(ours), service);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClockDifference(pub(super) i64);

impl ClockDifference {
    /// Two readings of the same moment, by our clock and by the `Date` of an answer.
    pub fn between(ours: Timestamp, service: Timestamp) -> Self {
        Self(service.milliseconds().saturating_sub(ours.milliseconds()))
    }

    /// As it was written down, in milliseconds.
    pub fn from_milliseconds(milliseconds: i64) -> Self {
        Self(milliseconds)
    }

    /// In milliseconds; negative if the service's clock is behind.
    pub fn milliseconds(self) -> i64 {
        self.0
    }

    /// A time of ours as the service's clock shows it.
    pub fn at_service(self, ours: Timestamp) -> Timestamp {
        Timestamp::from_milliseconds(ours.milliseconds().saturating_add(self.0))
    }
}
