//! Where the facts of the catalogue come from.

use core::fmt;

use serde::{Serialize, Serializer};

/// Where a fact comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Source {
    /// Not documented anywhere: this project decided.
    Choice,
    /// Written in the vendor's documentation.
    Documented,
    /// Inferred from what third parties measured.
    Inferred,
    /// Documented for Kling, the service behind Kirin.
    Kling,
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Choice => "not documented, chosen by this project",
            Self::Documented => "documented",
            Self::Inferred => "inferred from third parties",
            Self::Kling => "documented for Kling",
        })
    }
}
