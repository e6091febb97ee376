//! The two ids of a task: the service's and the caller's.

use alloc::{borrow::Cow, string::String};
use core::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The id that the service gave to a task. The live service sends 20-character xids (documented
/// samples); treat it as opaque.
///
/// ```
/// use kirin_types::TaskId;
///
/// let id: TaskId = "d5u5obte8783ap44qtj0".parse()?;
/// assert_eq!(id.as_str(), "d5u5obte8783ap44qtj0");
/// assert!("".parse::<TaskId>().is_err());
/// # Ok::<(), kirin_types::InvalidIdentifier>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(String);

/// The caller's own id of a task (parameter `external_task_id`), unique under one user
/// (documented). It is what makes a paid create safe to look up again.
///
/// 1 to 64 characters of `A-Z a-z 0-9 . _ -`: the vendor names no bounds, these are this
/// project's choice.
///
/// ```
/// use kirin_types::ExternalTaskId;
///
/// let id: ExternalTaskId = "order-42".parse()?;
/// assert_eq!(id.as_str(), "order-42");
/// assert!("order 42".parse::<ExternalTaskId>().is_err());
/// # Ok::<(), kirin_types::InvalidIdentifier>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExternalTaskId(String);

impl TaskId {
    /// Longest id taken from a server, in characters (this project's bound).
    pub const MAX_CHARACTERS: usize = 256;

    /// The id as the service wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ExternalTaskId {
    /// Longest legal id, in characters (this project's choice).
    pub const MAX_CHARACTERS: usize = 64;

    /// The id as the caller wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TaskId {
    type Err = InvalidIdentifier;

    fn from_str(text: &str) -> Result<Self, InvalidIdentifier> {
        match text.chars().count() {
            1..=Self::MAX_CHARACTERS if !text.chars().any(char::is_control) => {
                Ok(Self(text.into()))
            }
            _ => Err(InvalidIdentifier {
                allowed: "a task id has 1 to 256 characters, none of them a control character",
            }),
        }
    }
}

impl FromStr for ExternalTaskId {
    type Err = InvalidIdentifier;

    fn from_str(text: &str) -> Result<Self, InvalidIdentifier> {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        match text.len() {
            1..=Self::MAX_CHARACTERS if text.bytes().all(legal) => Ok(Self(text.into())),
            _ => Err(InvalidIdentifier {
                allowed: "an external task id has 1 to 64 characters of A-Z a-z 0-9 . _ -",
            }),
        }
    }
}

/// A text that cannot be an id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InvalidIdentifier {
    allowed: &'static str,
}

impl fmt::Display for InvalidIdentifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.allowed)
    }
}

impl core::error::Error for InvalidIdentifier {}

macro_rules! text_like {
    ($name:ident) => {
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Cow::<str>::deserialize(deserializer)?
                    .parse()
                    .map_err(de::Error::custom)
            }
        }
    };
}

text_like!(TaskId);
text_like!(ExternalTaskId);
