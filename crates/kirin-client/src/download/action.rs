//! What the machine of a download asks for.

use std::time::Duration;

use http::Uri;

use super::DownloadErrorKind;
#[cfg(doc)]
use super::event::Event;

/// What is to be done next.
#[derive(Debug, PartialEq)]
pub(super) enum Action<'a> {
    /// Throw away what was received, then tell [`Event::Discarded`].
    Discard,
    /// Nothing more: this is the end.
    Finished(&'a Result<(), Failure>),
    /// Take more of the body, and tell [`Event::Received`] or [`Event::Ended`].
    Receive { until: Duration },
    /// Query the task for another URL, then tell [`Event::Refreshed`].
    Refresh,
    /// Send this and tell [`Event::Answered`]; keep the body.
    Request {
        uri: &'a Uri,
        /// The first byte asked for, and the strong entity tag that the rest must have.
        range: Option<(u64, &'a str)>,
        /// Whether it was asked for before.
        is_repeat: bool,
        until: Duration,
    },
    /// Wait, then tell [`Event::TimedOut`].
    Wait { until: Duration },
}

/// Why a download ended without its output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) kind: DownloadErrorKind,
    pub(super) detail: String,
}
