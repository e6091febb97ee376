//! Points in wall time.

use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in wall time, in milliseconds since 1970-01-01 UTC.
///
/// ```
/// use kirin_types::Timestamp;
///
/// assert_eq!(Timestamp::from_wire(1_769_757_744), Timestamp::from_milliseconds(1_769_757_744_000));
/// assert_eq!(Timestamp::from_wire(1_769_757_744_021).milliseconds(), 1_769_757_744_021);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

/// What is smaller is seconds (until the year 5138), what is not is milliseconds (from 1973 on).
const SMALLEST_MILLISECONDS: u64 = 100_000_000_000;

impl Timestamp {
    /// From milliseconds since 1970-01-01 UTC.
    pub const fn from_milliseconds(milliseconds: i64) -> Self {
        Self(milliseconds)
    }

    /// From a number of the service: `created_at` is milliseconds in the documented sample and
    /// seconds in the vendor's own tests, told apart by size.
    pub const fn from_wire(number: i64) -> Self {
        match number.unsigned_abs() < SMALLEST_MILLISECONDS {
            true => Self(number * 1000),
            false => Self(number),
        }
    }

    /// Milliseconds since 1970-01-01 UTC.
    pub const fn milliseconds(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(Self)
    }
}
