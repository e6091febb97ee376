//! The way of a request: it is created or resumed, waited for, and its video is downloaded.

use std::{path::PathBuf, time::Duration};

use kirin_client::{DownloadError, Error, ErrorKind, Generation};
use kirin_ledger::Entry;
use kirin_types::{GenerationRequest, Task};

use crate::{
    arguments::OutputFile, failure::Failure, progress::Progress, reached::Reached, session::Session,
};

mod create_or_resume;
pub(crate) use create_or_resume::resume_entry;
use create_or_resume::{Start, create_or_resume};

mod deadline;
pub(crate) use deadline::Deadline;

mod download;
pub(crate) use download::check_output;

pub(crate) mod ledger_entries;

pub(crate) mod take_over;

pub(crate) mod unresolved;

/// A request with its limits.
pub(crate) struct RequestedTask<'a> {
    pub(crate) request: &'a GenerationRequest,
    pub(crate) deadline: Deadline,
    /// Why the file cannot be written, if that is because there is one: an earlier run of the same request may
    /// have written it.
    pub(crate) existing_file: Option<DownloadError>,
}

impl<'a> RequestedTask<'a> {
    /// The time to wait counts from now.
    pub(crate) fn new(request: &'a GenerationRequest, timeout: Option<Duration>) -> Self {
        Self {
            request,
            deadline: Deadline::from_now(request, timeout),
            existing_file: None,
        }
    }
}

/// What a command needs to follow a generation.
pub(crate) struct GenerationContext<'a> {
    pub(crate) session: &'a Session,
    pub(crate) progress: Progress,
    reached: &'a Reached,
}

impl<'a> GenerationContext<'a> {
    pub(crate) fn new(session: &'a Session, progress: Progress, reached: &'a Reached) -> Self {
        Self {
            session,
            progress,
            reached,
        }
    }

    /// Takes a request to its files, from wherever an earlier run has left it.
    pub(crate) async fn produce_files(
        &mut self,
        requested: &RequestedTask<'_>,
        file: &OutputFile,
    ) -> Result<(Task, Vec<PathBuf>), Failure> {
        let follow = async |context: &mut Self, generation| context.follow_to_end(generation).await;
        match self.follow_request(requested, Some(file), follow).await? {
            Followed::Downloaded(task, paths) => Ok((*task, paths)),
            Followed::Here(task, earlier) => {
                // Where an earlier run found room for the file, and may have put it.
                let earlier_output = earlier.and_then(|entry| entry.output);
                let paths = self.download_videos(&task, file, earlier_output).await?;
                Ok((task, paths))
            }
        }
    }

    /// Takes a request to its task, as soon as the service has it.
    pub(crate) async fn produce_task(
        &mut self,
        requested: &RequestedTask<'_>,
    ) -> Result<Task, Failure> {
        let follow =
            async |context: &mut Self, generation| context.follow_to_acceptance(generation).await;
        let generation = match self.follow_request(requested, None, follow).await? {
            Followed::Downloaded(task, _) => return Ok(*task),
            Followed::Here(generation, _) => generation,
        };
        if let Some(task) = generation.task() {
            return Ok(task);
        }
        // An earlier run has created it, and what was accepted has a handle.
        let id = generation.handle().expect("a handle").task_id;
        self.session.query_task(&id, self.reached).await
    }

    /// Creates or resumes a generation and follows it. Where another run was faster, that one is waited for or
    /// resumed.
    async fn follow_request<T>(
        &mut self,
        requested: &RequestedTask<'_>,
        file: Option<&OutputFile>,
        follow: impl AsyncFn(&mut Self, Generation) -> Result<T, Error>,
    ) -> Result<Followed<T>, Failure> {
        // Once it is known that an earlier run may have written the file, the download decides.
        let mut existing_file = requested.existing_file.as_ref();
        loop {
            let start = create_or_resume(self, requested, file, existing_file.take()).await?;
            let (generation, earlier) = match start {
                Start::Downloaded(task, paths) => return Ok(Followed::Downloaded(task, paths)),
                Start::Created(generation) => (generation, None),
                Start::Resumed(generation, earlier) => (generation, Some(earlier)),
            };
            let error = match follow(self, generation).await {
                Ok(followed) => return Ok(Followed::Here(followed, earlier)),
                Err(error) => error,
            };
            return Err(match (&self.session.ledger, earlier) {
                (Some(_), _) if is_overtaken(&error) => continue,
                (Some(ledger), Some(entry)) => {
                    unresolved::resumed_failure(ledger, &entry, error, self.reached).await
                }
                _ => {
                    let mut ids = self.reached.ids();
                    if error.kind() == ErrorKind::Repeated {
                        // It was not sent here, so its id was not reported.
                        ids.external_task_id = requested.request.external_task_id().cloned();
                    }
                    Failure::from_client(&error, ids)
                }
            });
        }
    }

    /// Follows a generation to the acceptance of its create.
    pub(crate) async fn follow_to_acceptance(
        &mut self,
        mut generation: Generation,
    ) -> Result<Generation, Error> {
        let mut notices = generation.notices();
        while generation.handle().is_none()
            && let Some(notice) = notices.next().await
        {
            self.reached.update_from(&notice);
            self.progress.show_notice(&notice);
        }
        generation.accepted().await?;
        Ok(generation)
    }

    /// Follows a generation to its end.
    pub(crate) async fn follow_to_end(
        &mut self,
        mut generation: Generation,
    ) -> Result<Task, Error> {
        let mut notices = generation.notices();
        while let Some(notice) = notices.next().await {
            self.reached.update_from(&notice);
            self.progress.show_notice(&notice);
        }
        generation.await
    }

    pub(crate) fn failure_of(&self, error: &Error) -> Failure {
        Failure::from_client(error, self.reached.ids())
    }
}

/// How far a request was followed.
enum Followed<T> {
    /// An earlier run has put its files where they are wanted.
    Downloaded(Box<Task>, Vec<PathBuf>),
    /// This run followed it, and an earlier one may have left this entry.
    Here(T, Option<Box<Entry>>),
}

/// Another run is at the same create, or has begun it since it was found that no run had: there is something
/// to wait for, or to resume.
fn is_overtaken(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Known | ErrorKind::UnderWay)
}
