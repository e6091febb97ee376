//! A download, as a client gives it.

use std::{
    ffi::OsString,
    fmt,
    future::{Future, IntoFuture},
    path::{Path, PathBuf},
    pin::Pin,
};

use kirin_types::{Content, ContentType, Task, TaskState};

use super::{DownloadError, DownloadErrorKind, DownloadTarget, transfer::Transfer};
use crate::Client;

/// The download of a completed task's videos, as [`Client::download`] gives it. Nothing happens
/// until it is awaited.
///
/// The first video goes to the path that was given, further ones to `NAME-2.mp4` and so on, and
/// a watermarked copy to `NAME-watermarked.mp4`. A URL that has expired is replaced by querying
/// the task again.
#[must_use = "nothing happens until it is awaited"]
pub struct Download<'a> {
    client: &'a Client,
    task: &'a Task,
    path: PathBuf,
    overwrite: bool,
    on_progress: Box<dyn FnMut(u64, Option<u64>) + Send + 'a>,
}

impl<'a> Download<'a> {
    pub(crate) fn new(client: &'a Client, task: &'a Task, path: PathBuf) -> Self {
        Self {
            client,
            task,
            path,
            overwrite: false,
            on_progress: Box::new(|_, _| {}),
        }
    }

    /// Replaces files that exist; without it they are an error.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }

    /// Calls `on_progress` with the bytes of the current file that are there, and how many it has
    /// if the server said so.
    pub fn on_progress(mut self, on_progress: impl FnMut(u64, Option<u64>) + Send + 'a) -> Self {
        self.on_progress = Box::new(on_progress);
        self
    }

    async fn run(mut self) -> Result<Vec<PathBuf>, DownloadError> {
        let parts = parts(self.task);
        if parts.is_empty() {
            let detail = "the task has no output to download";
            return Err(DownloadError::new(
                DownloadErrorKind::NoOutput,
                &self.path,
                detail,
            ));
        }
        let mut paths = Vec::new();
        for part in parts {
            paths.push(self.download(part).await?);
        }
        Ok(paths)
    }

    async fn download(&mut self, part: Part) -> Result<PathBuf, DownloadError> {
        let target = DownloadTarget::prepare(part.path(&self.path), self.overwrite)?;
        let mut transfer =
            Transfer::new(self.client, &target, part.is_video, &mut *self.on_progress);
        let mut fetched = transfer.fetch(&part.url).await?;
        if fetched.is_none() {
            let fresh = refresh(self.client, self.task, &part, target.path()).await?;
            fetched = transfer.fetch(&fresh).await?;
        }
        match fetched {
            Some(()) => target.commit(),
            None => {
                let detail = "the output has expired at the service";
                Err(DownloadError::new(
                    DownloadErrorKind::Expired,
                    target.path(),
                    detail,
                ))
            }
        }
    }
}

/// Asks the task for a URL that has not expired.
async fn refresh(
    client: &Client,
    task: &Task,
    part: &Part,
    path: &Path,
) -> Result<String, DownloadError> {
    let gone = || {
        let detail = "the output's URL has expired, and the service gives no other";
        DownloadError::new(DownloadErrorKind::Expired, path, detail)
    };
    let task = client
        .query(task.id())
        .await
        .map_err(|error| gone().with_source(error))?;
    let fresh = parts(&task)
        .into_iter()
        .find(|fresh| fresh.suffix == part.suffix);
    fresh.map(|fresh| fresh.url).ok_or_else(gone)
}

/// One file to download.
struct Part {
    url: String,
    /// What is added to the name of the file.
    suffix: String,
    is_video: bool,
}

impl Part {
    fn path(&self, path: &Path) -> PathBuf {
        if self.suffix.is_empty() {
            return path.into();
        }
        let mut name = OsString::from(path.file_stem().unwrap_or_default());
        name.push(&self.suffix);
        if let Some(extension) = path.extension() {
            name.push(".");
            name.push(extension);
        }
        path.with_file_name(name)
    }
}

fn parts(task: &Task) -> Vec<Part> {
    let TaskState::Completed { output, .. } = task.state() else {
        return Vec::new();
    };
    let with_url = output.iter().filter(|content| content.url.is_some());
    with_url
        .enumerate()
        .flat_map(|(index, content)| content_parts(index, content))
        .collect()
}

fn content_parts(index: usize, content: &Content) -> impl Iterator<Item = Part> {
    let number = match index {
        0 => String::new(),
        _ => format!("-{}", index + 1),
    };
    let is_video = !matches!(
        content.content_type,
        ContentType::Audio | ContentType::Image
    );
    let watermarked = format!("{number}-watermarked");
    let urls = [
        (content.url.clone(), number),
        (content.watermark_url.clone(), watermarked),
    ];
    urls.into_iter().filter_map(move |(url, suffix)| {
        url.map(|url| Part {
            url,
            suffix,
            is_video,
        })
    })
}

impl<'a> IntoFuture for Download<'a> {
    type Output = Result<Vec<PathBuf>, DownloadError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Download<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Download")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
