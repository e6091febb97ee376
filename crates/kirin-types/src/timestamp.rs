//! Points in wall time.

use core::fmt;
#[cfg(feature = "std")]
use std::time::{Duration, SystemTime};

use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{amount, decode::Token};

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
    /// seconds in the vendor's own tests, distinguished by size.
    pub const fn from_wire(number: i64) -> Self {
        match number.unsigned_abs() < SMALLEST_MILLISECONDS {
            true => Self(number * 1000),
            false => Self(number),
        }
    }

    /// From a field of an answer: a number, one in quotes, or a date with a time. Zero, and what is
    /// before 1970, is what programs write for no time.
    pub(crate) fn from_token(token: Token<'_>) -> Option<Self> {
        let time = match token.number() {
            Some(number) => Self::from_number(number),
            None => {
                let text = token.text()?;
                Self::from_number(text.trim()).or_else(|| Self::from_text(&text))
            }
        };
        time.filter(|time| time.0 > 0)
    }

    /// Seconds or milliseconds, with a fraction or an exponent; what is smaller than a
    /// millisecond is cut off.
    fn from_number(number: &str) -> Option<Self> {
        let number = amount::exact(number)?;
        let whole = number.to_i64()?;
        let milliseconds = match whole.unsigned_abs() < SMALLEST_MILLISECONDS {
            true => number.checked_mul(Decimal::ONE_THOUSAND)?.to_i64()?,
            false => whole,
        };
        Some(Self(milliseconds))
    }

    /// Milliseconds since 1970-01-01 UTC.
    pub const fn milliseconds(self) -> i64 {
        self.0
    }
}

/// What is smaller than a millisecond is cut off, towards 1970. A time that is too far away becomes the
/// farthest that there is.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use kirin_types::Timestamp;
///
/// let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_769_757_744_021);
/// assert_eq!(Timestamp::from(time).milliseconds(), 1_769_757_744_021);
/// assert_eq!(SystemTime::from(Timestamp::from(time)), time);
/// ```
#[cfg(feature = "std")]
impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let milliseconds = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => Self(milliseconds(since)),
            Err(before) => Self(-milliseconds(before.duration())),
        }
    }
}

/// A time that the system cannot hold becomes 1970; systems hold the years 1601 to 9999 at least.
#[cfg(feature = "std")]
impl From<Timestamp> for SystemTime {
    fn from(time: Timestamp) -> Self {
        let distance = Duration::from_millis(time.0.unsigned_abs());
        let moved = match time.0 < 0 {
            true => Self::UNIX_EPOCH.checked_sub(distance),
            false => Self::UNIX_EPOCH.checked_add(distance),
        };
        moved.unwrap_or(Self::UNIX_EPOCH)
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
