//! What kind of failure a download ended with.

use std::fmt;

use serde::Serialize;

/// What kind of failure it was. Its serde form and what is displayed are its name in `snake_case`, as
/// `not_yet_there`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DownloadErrorKind {
    /// Its URL has expired, and the service refuses to give this key another.
    Authentication,
    /// The output changed at the service after a part of it was handed out.
    Changed,
    /// What came does not fit the checksum that the server gave.
    Corrupt,
    /// The bytes could not be written.
    Disk,
    /// The server, or something on the way, encodes what it sends (`Content-Encoding`), though that was not
    /// asked for, and not with gzip, which is undone. What came is [kept](super::DownloadError::kept) as it came.
    Encoded,
    /// The file is there already, is a directory, or is being written by someone else.
    Exists,
    /// The output is gone from the service: its URL has expired, for good.
    Expired,
    /// A blocking call (`blocking::Client`) was made in an async task, which must not block; it did nothing.
    InAsyncTask,
    /// The transfer broke off too often.
    Network,
    /// What came is certainly not a video: a page of HTML, XML, JSON, or nothing at all.
    NotVideo,
    /// The output is not at its URL (403 or 404). The task was completed only minutes ago, or it is not known
    /// when, so the store may be late.
    NotYetThere,
    /// The task has no output.
    NoOutput,
    /// The URL is not one to download from.
    RefusedUrl,
    /// The video is larger than allowed.
    TooLarge,
    /// It came to an end twice, the same both times, and nothing shows that this is all of it, or its boxes
    /// show that a part is missing.
    Unproven,
}

impl fmt::Display for DownloadErrorKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(formatter)
    }
}
