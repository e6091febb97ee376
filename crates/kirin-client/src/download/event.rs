//! What can happen to a download, and what the caller may want to know of it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use http::response::Parts;
use serde::{Serialize, Serializer};

/// The result of an action.
#[derive(Debug)]
pub(super) enum Event {
    Answered(Box<Parts>),
    Discarded,
    Ended,
    /// The request, the body or the query came to nothing, for a reason that may pass.
    Failed(String),
    Received(Bytes),
    /// The task's URL for the output, if it still has one.
    Refreshed(Option<String>),
    /// The action's time is over.
    TimedOut,
}

/// What there is to tell of a download on its way. It is for showing, never for deciding.
///
/// The events of one output begin with [`Started`](Self::Started) or [`Resumed`](Self::Resumed);
/// several outputs come one after the other. In its serde form the field `event` says which one it is, as
/// `progress`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum DownloadEvent {
    /// The output is whole, checked, and is in this file. A stream just ends.
    Finished {
        /// The file.
        #[serde(serialize_with = "shown")]
        path: PathBuf,
    },
    /// More bytes came.
    Progress {
        /// How many bytes of the output are there.
        bytes: u64,
        /// How many it has, if the server said so.
        total: Option<u64>,
    },
    /// The URL had expired, and the service gave another.
    RefreshedUrl,
    /// What was there is thrown away; it begins again.
    Restarted {
        /// Why, as a sentence part.
        because: String,
    },
    /// It continues where it broke off, in this process or an earlier one.
    Resumed {
        /// How many bytes are there already.
        at: u64,
        /// How many the output has.
        total: u64,
    },
    /// It broke off, and is tried again after a wait.
    Retrying {
        /// Why, as a sentence part.
        because: String,
        /// How long the wait is.
        wait: Duration,
    },
    /// It begins with the first byte.
    Started {
        /// How many bytes the output has, if the server said so.
        total: Option<u64>,
    },
    /// All of it came, and it is not what a video usually looks like. It gets its name all the same:
    /// it was paid for, and a player may know it.
    Unusual {
        /// What is unusual, as a sentence part.
        what: String,
    },
}

/// A path as it is shown: not every one is text.
fn shown<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.display())
}
