//! Who is at a create.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// One operation of one client: no one else has its id, in any process. A journal compares it, so that
/// of several that are about the same create only one sends it.
///
/// ```
/// use kirin_client::OperationId;
///
/// let operation = OperationId::new(0x5eed, 7);
/// assert_eq!(operation.to_string(), "00000000000000000000000000005eed-7");
/// assert_eq!(operation.to_string().parse(), Ok(operation));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperationId {
    client: u128,
    number: u64,
}

impl OperationId {
    /// The operation with this number of a client, which has a random number that no one else has.
    pub const fn new(client: u128, number: u64) -> Self {
        Self { client, number }
    }

    /// Which operation of its client it is.
    #[cfg(feature = "tokio")]
    pub(crate) fn number(self) -> u64 {
        self.number
    }

    /// Whether both are of the same client.
    pub fn is_of_same_client(&self, other: &Self) -> bool {
        self.client == other.client
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}-{}", self.client, self.number)
    }
}

/// A text that is no id of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct InvalidOperationId;

impl fmt::Display for InvalidOperationId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an operation is 32 hexadecimal digits, a hyphen and a number")
    }
}

impl std::error::Error for InvalidOperationId {}

impl FromStr for OperationId {
    type Err = InvalidOperationId;

    fn from_str(text: &str) -> Result<Self, InvalidOperationId> {
        let (client, number) = text.split_once('-').ok_or(InvalidOperationId)?;
        let client = u128::from_str_radix(client, 16).map_err(|_| InvalidOperationId)?;
        let number = number.parse().map_err(|_| InvalidOperationId)?;
        Ok(Self { client, number })
    }
}

impl Serialize for OperationId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OperationId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}
