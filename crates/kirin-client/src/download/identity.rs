//! Which file a name leads to, so that a later process knows it again.

use std::{fs::Metadata, time::UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A file of one folder, told from every other that had or will have its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileIdentity {
    /// Its number in the file system, where stable Rust tells one. A number is used again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inode: Option<u64>,
    /// When it was created, in nanoseconds since 1970, where the file system keeps that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created: Option<u64>,
}

impl FileIdentity {
    /// Of a file that is about to be made.
    pub(super) const UNKNOWN: Self = Self {
        inode: None,
        created: None,
    };

    pub(super) fn of(metadata: &Metadata) -> Self {
        let created = metadata.created().ok();
        let since_1970 = created.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        Self {
            inode: inode(metadata),
            created: since_1970.and_then(|since| u64::try_from(since.as_nanos()).ok()),
        }
    }

    /// Whether this is surely the same file. What the file system does not tell proves nothing.
    pub(super) fn proves(&self, metadata: &Metadata) -> bool {
        self.inode.is_some() && self.created.is_some() && *self == Self::of(metadata)
    }
}

#[cfg(unix)]
#[expect(
    clippy::unnecessary_wraps,
    reason = "elsewhere there is nothing to tell"
)]
fn inode(metadata: &Metadata) -> Option<u64> {
    Some(std::os::unix::fs::MetadataExt::ino(metadata))
}

/// Nothing that is stable tells it here, and a creation time alone is kept for a file that takes the
/// name of one deleted a moment ago.
#[cfg(not(unix))]
fn inode(_metadata: &Metadata) -> Option<u64> {
    None
}
