//! Why a video is not there.

use std::{
    error::Error,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{DownloadErrorKind, action::Failure};

/// A download that failed. The task is charged whether it is downloaded or not, and can be
/// downloaded again until its output expires.
#[derive(Clone, Debug)]
pub struct DownloadError {
    kind: DownloadErrorKind,
    path: Option<PathBuf>,
    kept: Option<PathBuf>,
    can_be_overwritten: bool,
    longest_name: Option<u16>,
    finished: Vec<PathBuf>,
    detail: String,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl DownloadError {
    pub(super) fn new(kind: DownloadErrorKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            path: None,
            kept: None,
            can_be_overwritten: false,
            longest_name: None,
            finished: Vec::new(),
            detail: detail.into(),
            source: None,
        }
    }

    #[cfg(feature = "blocking")]
    pub(crate) fn in_async_task(error: crate::in_async_task::InAsyncTask) -> Self {
        Self::new(DownloadErrorKind::InAsyncTask, error.to_string())
    }

    pub(super) fn failed(failure: &Failure) -> Self {
        Self::new(failure.kind, failure.detail.clone())
    }

    pub(super) fn at(mut self, path: &Path) -> Self {
        self.path = Some(path.into());
        self
    }

    /// What came is kept there.
    pub(super) fn kept_in(mut self, part: Option<PathBuf>) -> Self {
        self.kept = part;
        self
    }

    /// Whether nothing but a file is in the way.
    pub(super) fn overwritten_if(mut self, helps: bool) -> Self {
        self.can_be_overwritten = helps;
        self
    }

    /// The name may have so many bytes, and has more.
    pub(super) fn with_longest_name(mut self, bytes: usize) -> Self {
        self.longest_name = Some(u16::try_from(bytes).unwrap_or(u16::MAX));
        self
    }

    pub(super) fn disk(detail: &str, source: std::io::Error) -> Self {
        Self::new(DownloadErrorKind::Disk, detail).with_source(source)
    }

    pub(super) fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    pub(super) fn after(mut self, finished: Vec<PathBuf>) -> Self {
        self.finished = finished;
        self
    }

    /// Whether the file is being downloaded already.
    pub(super) fn is_elsewhere(&self) -> bool {
        self.detail == ELSEWHERE
    }

    /// What kind of failure it was.
    pub fn kind(&self) -> DownloadErrorKind {
        self.kind
    }

    /// The file that was to be written; none where the bytes were to go elsewhere.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The part file in which that is kept which came; none if nothing did, or if it was thrown away. What
    /// only broke off is continued by the next download to the same path, if the server allows it.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client, task: kirin_types::Task) {
    /// if let Err(error) = client.download(&task, "fox.mp4").await
    ///     && let Some(kept) = error.kept()
    /// {
    ///     println!("look at {} for what the server sent", kept.display());
    /// }
    /// # }
    /// ```
    pub fn kept(&self) -> Option<&Path> {
        self.kept.as_deref()
    }

    /// Whether [`overwrite`](super::Download::overwrite) would help: a file that may be replaced stands at the
    /// path, and nothing else is in the way. It is false for a directory, a pipe or a device at the path, and
    /// where another process writes there.
    ///
    /// ```
    /// use kirin_client::Download;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("fox.mp4");
    /// std::fs::write(&path, "an older film")?;
    /// assert!(Download::check(&path, false).unwrap_err().can_be_overwritten());
    /// assert!(!Download::check(folder.path(), false).unwrap_err().can_be_overwritten());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn can_be_overwritten(&self) -> bool {
        self.can_be_overwritten
    }

    /// How many bytes the name of the file may have in its folder, where it has more. The name of a part
    /// file is longer, and has to fit too.
    ///
    /// ```
    /// use kirin_client::Download;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("x".repeat(300));
    /// let error = Download::check(&path, false).unwrap_err();
    /// let longest = error.longest_name().expect("too long");
    /// assert!(Download::check(path.with_file_name("x".repeat(longest)), false).is_ok());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn longest_name(&self) -> Option<usize> {
        self.longest_name.map(usize::from)
    }

    /// The files of outputs of the same task that were finished before: they are whole, and stay.
    /// Downloading the task to the same path again stops at the first of them, unless they may be
    /// [overwritten](super::Download::overwrite) or were moved away.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client, task: kirin_types::Task) {
    /// match client.download(&task, "fox.mp4").await {
    ///     Ok(paths) => println!("all are there: {paths:?}"),
    ///     Err(error) => println!("{error}; these are there: {:?}", error.finished()),
    /// }
    /// # }
    /// ```
    pub fn finished(&self) -> &[PathBuf] {
        &self.finished
    }
}

impl fmt::Display for DownloadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(formatter, "{}: {}", path.display(), self.detail),
            None => write!(formatter, "no download: {}", self.detail),
        }?;
        match &self.kept {
            Some(kept) => write!(formatter, "; what came is kept in {}", kept.display()),
            None => Ok(()),
        }
    }
}

impl Error for DownloadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}

/// Someone else has the lock: another process, or another download of this one.
pub(super) const ELSEWHERE: &str = "is being downloaded by another process";
