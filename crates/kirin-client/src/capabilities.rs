//! What a host can do for a client that lost an answer.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

/// What is declared or learned of a host; the default, nothing, is treated as the worst.
///
/// Whether a lost create can be sent again is decided by this. Declare only what you know: a
/// promise that the host does not keep can cost a second charge.
///
/// ```
/// use std::time::Duration;
///
/// use kirin_client::{DuplicateIds, HostCapabilities, Lookup};
///
/// let unknown = HostCapabilities::default();
/// assert_eq!(unknown.duplicate_ids, DuplicateIds::Unknown);
/// assert_eq!(unknown.lookup, Lookup::Unproven);
/// assert_eq!(unknown.lookup_lag, None);
///
/// let emulator = HostCapabilities::default()
///     .with_duplicate_ids(DuplicateIds::Refused)
///     .with_lookup(Lookup::Proven)
///     .with_lookup_lag(Duration::ZERO);
/// # let _ = emulator;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HostCapabilities {
    /// What the host does with an external task id that is in use.
    pub duplicate_ids: DuplicateIds,
    /// Whether a task can be found by its external task id.
    pub lookup: Lookup,
    /// The longest time from the acceptance of a create until the lookup finds its task.
    pub lookup_lag: Option<Duration>,
}

/// What a host does with an external task id that is in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(clippy::exhaustive_enums, reason = "the rows of the create rule")]
pub enum DuplicateIds {
    /// It refuses the create, so sending again cannot charge twice.
    Refused,
    /// No one knows.
    #[default]
    Unknown,
}

/// Whether a task can be found by its external task id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(clippy::exhaustive_enums, reason = "the rows of the create rule")]
pub enum Lookup {
    /// It cannot.
    Missing,
    /// It can: declared, or one was found.
    Proven,
    /// No one knows.
    #[default]
    Unproven,
}

impl HostCapabilities {
    /// Declares what the host does with an external task id that is in use.
    pub fn with_duplicate_ids(mut self, duplicate_ids: DuplicateIds) -> Self {
        self.duplicate_ids = duplicate_ids;
        self
    }

    /// Declares whether a task can be found by its external task id.
    pub fn with_lookup(mut self, lookup: Lookup) -> Self {
        self.lookup = lookup;
        self
    }

    /// Declares the longest time from the acceptance of a create until the lookup finds its task.
    pub fn with_lookup_lag(mut self, lag: Duration) -> Self {
        self.lookup_lag = Some(lag);
        self
    }

    /// Whether anything can be found by an external task id at all.
    pub(crate) fn can_look_up(self) -> bool {
        self.lookup != Lookup::Missing
    }

    /// Adds what another generation learned of the same host.
    pub(crate) fn learn_from(&mut self, other: Self) {
        if other.duplicate_ids == DuplicateIds::Refused {
            self.duplicate_ids = DuplicateIds::Refused;
        }
        if other.lookup == Lookup::Proven {
            self.lookup = Lookup::Proven;
        }
    }
}

impl fmt::Display for DuplicateIds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        })
    }
}

impl fmt::Display for Lookup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Missing => "missing",
            Self::Proven => "proven",
            Self::Unproven => "unproven",
        })
    }
}
