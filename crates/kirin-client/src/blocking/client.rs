//! The client whose calls block.

use std::{fmt, future::IntoFuture, io, path::PathBuf, sync::Arc};

use kirin_types::{ExternalTaskId, GenerationRequest, Task, TaskRef};

use super::{InAsyncTask, runtime::Runtime};
use crate::{
    Download, DownloadError, Error, Generation, GenerationHandle, JournalError, machine::Notice,
};

/// A client whose calls block their thread. Clones share everything, and may be used by many threads at once.
///
/// The work is done on the thread that calls, and so is every call of a closure that it is given. One more
/// thread, named `kirin-blocking`, keeps the clock and the connections; it ends after the last clone is
/// dropped. What a call was at when its process ended is in the journal, as with the async client.
#[derive(Clone)]
pub struct Client {
    client: crate::Client,
    runtime: Arc<Runtime>,
}

impl Client {
    /// Makes the calls of `client` blocking ones. It stays usable itself, and shares everything with this.
    ///
    /// ```
    /// use kirin_client::{Client, blocking};
    ///
    /// let base_url = "http://127.0.0.1:4010".parse()?;
    /// let client = blocking::Client::new(Client::builder("any-key".parse()?).base_url(base_url).build()?)?;
    /// # let _ = client;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The operating system gives no thread, or what tokio needs beside.
    pub fn new(client: crate::Client) -> io::Result<Self> {
        let runtime = Arc::new(Runtime::start()?);
        Ok(Self { client, runtime })
    }

    /// The async client, whose builders say how a generation or a download is to be made.
    pub fn as_async(&self) -> &crate::Client {
        &self.client
    }

    /// Generates a video: creates the task and waits until it is finished. It is
    /// [`Client::generate`](crate::Client::generate).
    ///
    /// ```no_run
    /// # fn example(client: kirin_client::blocking::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let request = kirin_types::GenerationRequest::builder("a fox").build()?;
    /// let task = client.generate(request)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// There is no video, or this thread must not block.
    ///
    /// # Panics
    ///
    /// As the async one does.
    pub fn generate(&self, request: GenerationRequest) -> Result<Task, Error> {
        self.finish(self.client.generate(request))
    }

    /// Creates a task, and gives the generation as soon as the service has it: continue
    /// [`finish`](Self::finish). In between, nothing is asked.
    ///
    /// ```no_run
    /// # fn example(client: kirin_client::blocking::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let request = kirin_types::GenerationRequest::builder("a fox").build()?;
    /// let generation = client.submit(request)?;
    /// println!("accepted as {}", generation.handle().expect("it was accepted").task_id);
    /// let task = client.finish(generation)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// There is no task that can be waited for, or this thread must not block.
    ///
    /// # Panics
    ///
    /// As [`generate`](Self::generate).
    pub fn submit(&self, request: GenerationRequest) -> Result<Generation, Error> {
        let mut generation = self.client.generate(request).start();
        let accepted = self.runtime.block_on(generation.accepted());
        match accepted {
            Ok(accepted) => accepted.map(|_| generation),
            Err(InAsyncTask) => Err(generation.refused_in_async_task()),
        }
    }

    /// Waits for a task that was created before, by this process or another. It is
    /// [`Client::wait`](crate::Client::wait).
    ///
    /// ```no_run
    /// # fn example(client: kirin_client::blocking::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let id: kirin_types::TaskId = "d5u5obte8783ap44qtj0".parse()?;
    /// let task = client.wait(id)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// There is no video, or this thread must not block.
    pub fn wait(&self, task: impl Into<TaskRef>) -> Result<Task, Error> {
        self.finish(self.client.wait(task))
    }

    /// Continues a task from its handle, in this process or another. It is
    /// [`Client::resume`](crate::Client::resume).
    ///
    /// ```no_run
    /// # fn example(client: kirin_client::blocking::Client, written: &str) -> Result<(), Box<dyn std::error::Error>> {
    /// let handle: kirin_client::GenerationHandle = serde_json::from_str(written)?;
    /// let task = client.resume(handle)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// There is no video, or this thread must not block.
    pub fn resume(&self, handle: GenerationHandle) -> Result<Task, Error> {
        self.finish(self.client.resume(handle))
    }

    /// Waits until a generation is finished: one that was [submitted](Self::submit), or any of the async
    /// client's, with all that can be said of it.
    ///
    /// ```no_run
    /// # fn example(client: kirin_client::blocking::Client, entries: Vec<kirin_client::JournalEntry>) -> Result<(), Box<dyn std::error::Error>> {
    /// for entry in entries.into_iter().filter(|entry| entry.is_unfinished()) {
    ///     let generation = client.as_async().resume_entry(entry).tag("after a restart");
    ///     let task = client.finish(generation)?;
    ///     client.download(&task, format!("{}.mp4", task.id()))?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// There is no video, or this thread must not block.
    pub fn finish(&self, generation: impl Into<Generation>) -> Result<Task, Error> {
        let mut generation = generation.into();
        let finished = self.runtime.block_on((&mut generation).into_future());
        finished.unwrap_or_else(|InAsyncTask| Err(generation.refused_in_async_task()))
    }

    /// As [`finish`](Self::finish), and calls `on_notice` with what there is to tell on the way, on this thread.
    /// Nothing continues before it returns.
    ///
    /// ```no_run
    /// # fn example(client: kirin_client::blocking::Client, request: kirin_types::GenerationRequest) -> Result<(), kirin_client::Error> {
    /// use kirin_client::machine::Notice;
    ///
    /// let generation = client.submit(request)?;
    /// let task = client.finish_with(generation, |notice| {
    ///     if let Notice::Progress { progress: Some(progress), .. } = notice {
    ///         println!("{:.0} %", progress * 100.0);
    ///     }
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// There is no video, or this thread must not block.
    pub fn finish_with(
        &self,
        generation: impl Into<Generation>,
        mut on_notice: impl FnMut(Notice),
    ) -> Result<Task, Error> {
        let mut generation = generation.into();
        let mut notices = generation.notices();
        // Where this thread must not block, the last step says so.
        while let Ok(Some(notice)) = self.runtime.block_on(notices.next()) {
            on_notice(notice);
        }
        self.finish(generation)
    }

    /// Queries a task once, by the service's id or by the external one. It is
    /// [`Client::query`](crate::Client::query).
    ///
    /// ```no_run
    /// # fn example(client: kirin_client::blocking::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let id: kirin_types::ExternalTaskId = "order-42".parse()?;
    /// println!("{:?}", client.query(id)?.state());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The service does not know the task, refuses to say, or cannot be reached, or this thread must not block.
    pub fn query(&self, task: impl Into<TaskRef>) -> Result<Task, Error> {
        let task = task.into();
        let answered = self.runtime.block_on(self.client.query(task.clone()));
        answered.unwrap_or_else(|InAsyncTask| {
            let generation = self.client.wait(task).start();
            Err(generation.refused_in_async_task())
        })
    }

    /// Downloads the videos of a completed task; the first to `path`. The paths of the files written.
    ///
    /// ```no_run
    /// # fn example(client: kirin_client::blocking::Client, task: kirin_types::Task) -> Result<(), Box<dyn std::error::Error>> {
    /// let paths = client.download(&task, "fox.mp4")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// A video is not there, or this thread must not block.
    pub fn download(
        &self,
        task: &Task,
        path: impl Into<PathBuf>,
    ) -> Result<Vec<PathBuf>, DownloadError> {
        self.finish_download(self.client.download(task, path))
    }

    /// Waits until a download is finished, with all that can be said of it.
    ///
    /// ```no_run
    /// # fn example(client: kirin_client::blocking::Client, task: kirin_types::Task) -> Result<(), Box<dyn std::error::Error>> {
    /// let download = client.as_async().download(&task, "fox.mp4").overwrite(true);
    /// let paths = client.finish_download(download.on_event(|event| println!("{event:?}")))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// A video is not there, or this thread must not block.
    pub fn finish_download(&self, download: Download<'_>) -> Result<Vec<PathBuf>, DownloadError> {
        let finished = self.runtime.block_on(download.into_future());
        finished.unwrap_or_else(|error| Err(DownloadError::in_async_task(error)))
    }

    /// Notes in the journal that the result of a create was delivered. It is
    /// [`Client::delivered`](crate::Client::delivered).
    ///
    /// ```no_run
    /// # fn example(client: kirin_client::blocking::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// client.delivered(&"order-42".parse()?)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The journal could not be written, or does not know that the task is completed, or this thread must not
    /// block.
    pub fn delivered(&self, id: &ExternalTaskId) -> Result<(), JournalError> {
        let noted = self.runtime.block_on(self.client.delivered(id));
        noted.unwrap_or_else(|error| Err(JournalError::new(error.to_string())))
    }

    /// Waits for anything else, as for the end of a client's work.
    ///
    /// ```no_run
    /// # fn example(client: kirin_client::blocking::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    ///
    /// for left in client.block_on(client.as_async().drain(Duration::from_secs(25)))? {
    ///     println!("to be gone on with: {}", serde_json::to_string(&left)?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// This thread must not block. Nothing was done.
    pub fn block_on<W: IntoFuture>(&self, work: W) -> Result<W::Output, InAsyncTask> {
        self.runtime.block_on(work.into_future())
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Client");
        shown.field("client", &self.client).finish_non_exhaustive()
    }
}
