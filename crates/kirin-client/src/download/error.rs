//! Why a video is not there.

use std::{
    error::Error,
    fmt,
    path::{Path, PathBuf},
};

/// A download that failed. The task is charged whether it is downloaded or not, and can be
/// downloaded again until its output expires.
#[derive(Debug)]
pub struct DownloadError {
    kind: DownloadErrorKind,
    path: PathBuf,
    detail: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DownloadErrorKind {
    /// The file could not be written.
    Disk,
    /// The file is there already, is a directory, or is being written by somebody else.
    Exists,
    /// The output is gone from the service: its URL has expired, for good.
    Expired,
    /// The transfer broke off too often.
    Network,
    /// What came is not a video.
    NotVideo,
    /// The task has no output.
    NoOutput,
    /// The URL is not one to download from.
    RefusedUrl,
    /// The video is larger than allowed.
    TooLarge,
}

impl DownloadError {
    pub(super) fn new(kind: DownloadErrorKind, path: &Path, detail: impl Into<String>) -> Self {
        Self {
            kind,
            path: path.into(),
            detail: detail.into(),
            source: None,
        }
    }

    pub(super) fn disk(path: &Path, detail: &str, source: std::io::Error) -> Self {
        Self::new(DownloadErrorKind::Disk, path, detail).with_source(source)
    }

    pub(super) fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What kind of failure it was.
    pub fn kind(&self) -> DownloadErrorKind {
        self.kind
    }

    /// The file that was to be written.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Display for DownloadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.path.display(), self.detail)
    }
}

impl Error for DownloadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}
