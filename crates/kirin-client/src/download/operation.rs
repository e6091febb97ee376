//! A download to files, as a client gives it.

use std::{
    error::Error,
    fmt,
    future::{Future, IntoFuture},
    path::{Path, PathBuf},
    pin::Pin,
};

use kirin_types::Task;

use super::{
    DownloadError, DownloadErrorKind, DownloadEvent, DownloadTarget,
    blocking::{LeftBehind, on_disk},
    outputs::Output,
    part::{Part, PartFile},
    target::{IfExists, NOT_THE_OUTPUT},
    temporary::{exists, remove_parts},
    transfer::{OnEvent, Order, Step, Transfer, lag},
};
use crate::{Client, FileDigest};

/// The download of a completed task's videos, as [`Client::download`] gives it. Nothing happens
/// until it is awaited.
///
/// The first output of the task goes to the path that was given, further ones to `NAME-2.mp4` and
/// so on, and a watermarked copy to `NAME-watermarked.mp4`. An output without a URL is left out, and
/// its number with it. A URL that has expired is replaced by querying the task again.
///
/// What could have been cut unseen does not become the file. A length, in the answer or when asked for the
/// rest, or a SHA-256 (`Repr-Digest`) proves that all came, and so does the end of the message itself, where
/// the transport [knows](kirin_transport::BodyEnd) of one. Where the connection just closes, only a video is
/// taken whose boxes show where it ends, and an audio or an image never is.
///
/// What is whole becomes the file, in whatever container it is; [`DownloadEvent::Unusual`] says what is unusual
/// about it. What is certainly no video, a page of HTML for example, is refused and kept as `NAME.part`, for
/// someone to [look at](DownloadError::kept).
///
/// A video that comes compressed with gzip, unasked, is decompressed as it comes; the checksum and the length
/// at the end of gzip prove that it is whole. One in another encoding is kept as `NAME.part`, as it came.
///
/// A file that is not there (403 or 404) is asked for again for up to two minutes, unless the task is known to
/// be old: stores are late.
///
/// The bytes go to `NAME.part` first. Where a download ends early, another one of the same output
/// to the same path continues from there, in this process or a later one, as long as the output did
/// not change: `NAME.part.json` says which file the part is, and of what. What stands under these names
/// and is not surely from this library is left as it is, and `NAME.2.part` is taken.
///
/// It borrows only what [`on_event`](Self::on_event) does, so without that it can be spawned.
#[must_use = "nothing happens until it is awaited"]
pub struct Download<'a> {
    client: Client,
    task: Task,
    path: PathBuf,
    earlier_path: Option<PathBuf>,
    overwrite: bool,
    keep_existing: bool,
    noted: Vec<FileDigest>,
    max_bytes: u64,
    on_event: OnEvent<'a>,
    before_commit: Option<BeforeCommit<'a>>,
}

/// What is done with the digest of a file before it gets its name.
type BeforeCommit<'a> = Box<dyn FnMut(FileDigest) -> Noting + Send + 'a>;

type Noting = Pin<Box<dyn Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send>>;

impl Client {
    /// Downloads the videos of a completed task; the first to `path`. Await it for the paths of
    /// the files written.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client, task: kirin_types::Task) -> Result<(), Box<dyn std::error::Error>> {
    /// let paths = client.download(&task, "fox.mp4").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn download(&self, task: &Task, path: impl Into<PathBuf>) -> Download<'static> {
        Download::new(self, task, path.into())
    }
}

impl Download<'static> {
    pub(crate) fn new(client: &Client, task: &Task, path: PathBuf) -> Self {
        Self {
            client: client.clone(),
            task: task.clone(),
            path,
            earlier_path: None,
            overwrite: false,
            keep_existing: false,
            noted: Vec::new(),
            max_bytes: Self::MAX_BYTES,
            on_event: Box::new(|_| {}),
            before_commit: None,
        }
    }

    /// Finds out whether a video could be written to `path`, before anything is paid for: a file
    /// that is there is an error unless `overwrite` is set, and a directory always is. It leaves
    /// nothing behind and keeps nothing for the download, which checks again.
    ///
    /// ```
    /// use kirin_client::Download;
    ///
    /// # let directory = tempfile::tempdir()?;
    /// let path = directory.path().join("fox.mp4");
    /// Download::check(&path, false)?;
    /// assert!(!path.exists());
    /// assert!(Download::check("no/such/folder/fox.mp4", false).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// There is a file or a directory, someone else writes there, or nothing can be written.
    pub fn check(path: impl AsRef<Path>, overwrite: bool) -> Result<(), DownloadError> {
        let if_exists = match overwrite {
            true => IfExists::Replace,
            false => IfExists::Refuse,
        };
        DownloadTarget::prepare(path.as_ref(), if_exists, None).map(drop)
    }
}

impl<'a> Download<'a> {
    /// The largest output that is downloaded, in bytes, unless [`max_bytes`](Self::max_bytes) says
    /// otherwise: 4 GiB. The service publishes no limit.
    ///
    /// ```
    /// assert_eq!(kirin_client::Download::MAX_BYTES, 4 * 1024 * 1024 * 1024);
    /// ```
    pub const MAX_BYTES: u64 = 4 << 30;

    /// Replaces files that exist; without it they are an error.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }

    /// Takes a file that exists for its output if it surely is: for paths that an earlier process has
    /// downloaded the same task to, and then it ended. A file with a digest that was
    /// [noted](Self::noted) is kept; where none was noted, the output is downloaded beside it and
    /// compared. A file that is another one is an error, as without this.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client, task: kirin_types::Task) -> Result<(), Box<dyn std::error::Error>> {
    /// // It may have been killed after the download, before anybody was told.
    /// let paths = client.download(&task, "fox.mp4").keep_existing(true).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn keep_existing(mut self, keep_existing: bool) -> Self {
        self.keep_existing = keep_existing;
        self
    }

    /// Says to which other path an earlier process has downloaded the same task. What is left of that, a part
    /// file and its note, is removed when the outputs are here. Files of others are not, nor is a finished one.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client, task: kirin_types::Task) -> Result<(), Box<dyn std::error::Error>> {
    /// // There is another file under the first name.
    /// let paths = client.download(&task, "fox-2.mp4").earlier_path("fox.mp4").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn earlier_path(mut self, path: impl Into<PathBuf>) -> Self {
        self.earlier_path = Some(path.into());
        self
    }

    /// Says what is known of the outputs of this task, as [`before_commit`](Self::before_commit) told it to an
    /// earlier process. It counts with [`keep_existing`](Self::keep_existing).
    pub fn noted(mut self, digests: impl IntoIterator<Item = FileDigest>) -> Self {
        self.noted.extend(digests);
        self
    }

    /// Calls `note` with the digest of each file, when it is whole and durable and before it gets its name,
    /// and waits for what it returns. If that fails, so does the download, and the part file stays. A later
    /// process that is given the [noted](Self::noted) digests knows the file again.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client, task: kirin_types::Task) -> Result<(), Box<dyn std::error::Error>> {
    /// let download = client.download(&task, "fox.mp4").before_commit(|digest| async move {
    ///     std::fs::write("fox.digest", format!("{} {}", digest.bytes(), digest.sha256()))
    /// });
    /// download.await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn before_commit<'b, N, E>(
        self,
        mut note: impl FnMut(FileDigest) -> N + Send + 'b,
    ) -> Download<'b>
    where
        'a: 'b,
        N: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let shorter: Download<'b> = self;
        Download {
            before_commit: Some(Box::new(move |digest| {
                let noting = note(digest);
                Box::pin(async move { noting.await.map_err(Into::into) })
            })),
            ..shorter
        }
    }

    /// Sets how many bytes an output may have; [`Self::MAX_BYTES`] if never called. One that has
    /// more is an error, as soon as the server says so or sends them.
    pub fn max_bytes(mut self, max_bytes: u64) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// Calls `on_event` with what happens.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client, task: kirin_types::Task) -> Result<(), Box<dyn std::error::Error>> {
    /// use kirin_client::DownloadEvent;
    ///
    /// let download = client.download(&task, "fox.mp4").on_event(|event| match event {
    ///     DownloadEvent::Progress { bytes, total } => println!("{bytes} of {total:?}"),
    ///     event => println!("{event:?}"),
    /// });
    /// download.await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_event<'b>(self, on_event: impl FnMut(&DownloadEvent) + Send + 'b) -> Download<'b>
    where
        'a: 'b,
    {
        let shorter: Download<'b> = self;
        Download {
            on_event: Box::new(on_event),
            ..shorter
        }
    }

    async fn run(mut self) -> Result<Vec<PathBuf>, DownloadError> {
        let outputs = Output::all(&self.task);
        if outputs.is_empty() {
            let detail = "the task has no output to download";
            return Err(DownloadError::new(DownloadErrorKind::NoOutput, detail).at(&self.path));
        }
        // An output whose digest could not be noted has to be compared.
        let all_are_noted = self.noted.len() >= outputs.len();
        let mut paths = Vec::new();
        for output in outputs {
            let path = output.path(&self.path);
            match self.download(output, &path, all_are_noted).await {
                Ok(path) => paths.push(path),
                Err(error) => return Err(error.after(paths)),
            }
        }
        if let Some(earlier) = self.earlier_path {
            let task = self.task;
            let remove = move || {
                for output in Output::all(&task) {
                    remove_parts(&output.path(&earlier), task.id(), &output);
                }
                Ok(())
            };
            on_disk(remove).await?;
        }
        Ok(paths)
    }

    async fn download(
        &mut self,
        output: Output,
        path: &Path,
        all_are_noted: bool,
    ) -> Result<PathBuf, DownloadError> {
        let is_kept = self.keep_existing && !self.overwrite;
        if is_kept && !self.noted.is_empty() && path.is_file() {
            match digest_of(path).await? {
                digest if self.noted.contains(&digest) => return Ok(path.into()),
                _ if all_are_noted => {
                    return Err(exists(NOT_THE_OUTPUT).overwritten_if(true).at(path));
                }
                _ => {}
            }
        }
        let if_exists = match (self.overwrite, is_kept) {
            (true, _) => IfExists::Replace,
            (false, true) => IfExists::Compare,
            (false, false) => IfExists::Refuse,
        };
        let target = self.prepare(path, if_exists, &output).await?;
        let mut part = Part::open(target).await.map_err(|error| error.at(path))?;
        let path = match self.finish(&mut part, output).await {
            Ok(path) => path,
            Err(error) => return Err(error.kept_in(part.kept()).at(path)),
        };
        (self.on_event)(&DownloadEvent::Finished { path: path.clone() });
        Ok(path)
    }

    /// Takes the place of the file. A download of this process that was dropped may not have left it yet.
    async fn prepare(
        &mut self,
        path: &Path,
        if_exists: IfExists,
        output: &Output,
    ) -> Result<DownloadTarget, DownloadError> {
        loop {
            let left_behind = LeftBehind::now();
            let (path, task, output) = (path.to_owned(), self.task.id().clone(), output.clone());
            let prepare = move || DownloadTarget::prepare(path, if_exists, Some((&task, &output)));
            match on_disk(prepare).await {
                Err(error) if error.is_elsewhere() && left_behind.ends().await => {}
                prepared => return prepared,
            }
        }
    }

    /// Fills the part file, makes it durable, and gives it its name when it is written down what it is.
    async fn finish(&mut self, part: &mut Part, output: Output) -> Result<PathBuf, DownloadError> {
        let digest = self.fill(part, output).await?;
        let sync = |part: &mut PartFile| {
            part.note();
            part.target.sync()
        };
        part.on_blocking_thread(sync).await?;
        if let Some(note) = &mut self.before_commit {
            note(digest.clone()).await.map_err(|source| {
                let detail = "what the file is cannot be written down, so it stays a part file";
                DownloadError::new(DownloadErrorKind::Disk, detail).with_source(source)
            })?;
        }
        part.on_blocking_thread(move |part| part.target.commit(&digest))
            .await
    }

    /// Fills the part file, from where it ended.
    async fn fill(&mut self, part: &mut Part, output: Output) -> Result<FileDigest, DownloadError> {
        let order = Order {
            client: self.client.clone(),
            task: self.task.id().clone(),
            output,
            max_bytes: self.max_bytes,
            lag: lag(&self.task, self.client.wall_time()),
            can_discard: true,
        };
        let (received, was_there) = part
            .on_blocking_thread(|part| Ok((part.stored().clone(), part.was_there)))
            .await?;
        if was_there && received.bytes() == 0 {
            let because = "what the part file holds is not known for sure".into();
            (self.on_event)(&DownloadEvent::Restarted { because });
        }
        let mut transfer = Transfer::new(order, received, Box::new(&mut *self.on_event));
        loop {
            match transfer.next().await {
                Ok(Step::Discard) => part.on_blocking_thread(PartFile::discard).await?,
                Ok(Step::Finished) => {
                    return Ok(transfer.received().content.file_digest());
                }
                Ok(Step::Store(data)) => {
                    let received = transfer.received().clone();
                    part.on_blocking_thread(move |part| part.store(&data, received))
                        .await?;
                }
                Err(error) => {
                    // To go on with these bytes would end here again.
                    match error.kind() {
                        DownloadErrorKind::Corrupt | DownloadErrorKind::NotVideo => {
                            part.on_blocking_thread(PartFile::refuse).await?;
                        }
                        DownloadErrorKind::TooLarge => {
                            part.on_blocking_thread(PartFile::discard).await?
                        }
                        _ => {}
                    }
                    return Err(error);
                }
            }
        }
    }
}

async fn digest_of(path: &Path) -> Result<FileDigest, DownloadError> {
    let file = path.to_owned();
    let read = move || {
        let digest = FileDigest::of_linked(&file);
        digest.map_err(|error| DownloadError::disk("cannot be read", error).at(&file))
    };
    on_disk(read).await
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
