//! The decision that a request starts with: a new create, or what an earlier run of the same one has left.

use std::path::PathBuf;

use kirin_client::{DownloadError, Generation, GenerationBuilder, operation::Resume};
use kirin_ledger::{Claim, Entry, Ledger, Money};
use kirin_types::{ExternalTaskId, GenerationRequest, Task};

use super::{
    GenerationContext, RequestedTask,
    deadline::{AnotherProcess, Deadline},
};
use crate::{
    arguments::OutputFile, downloaded_files, failure::Failure, output_path, session::Session,
};

/// Where a request starts from.
pub(super) enum Start {
    /// No earlier run has created anything for it.
    Created(Generation),
    /// An earlier run has put its files where they are wanted.
    Downloaded(Box<Task>, Vec<PathBuf>),
    /// An earlier run has sent it, and left this entry.
    Resumed(Generation, Box<Entry>),
}

/// Creates what is asked for, or resumes it if another run has begun. Waits until the deadline for a run that is at
/// it now. Fails if there is a file that no earlier run of the same request can have written.
pub(super) async fn create_or_resume(
    context: &GenerationContext<'_>,
    requested: &RequestedTask<'_>,
    file: Option<&OutputFile>,
    existing_file: Option<&DownloadError>,
) -> Result<Start, Failure> {
    let (session, request) = (context.session, requested.request);
    let deadline = &requested.deadline;
    let create = || start_within(session.generation_of(request.clone()), deadline);
    // Of several accounts, none is resumed unasked.
    let earlier = match request.external_task_id() {
        Some(id) => session.find_entry(id.as_str()).await?,
        None => None,
    };
    if let Some(existing) = existing_file
        && !may_have_written(earlier.as_ref(), file)
    {
        return Err(Failure::from(existing));
    }
    let (Some(ledger), Some(id)) = (&session.ledger, request.external_task_id()) else {
        return Ok(Start::Created(create()));
    };
    if let (Some(entry), Some(file)) = (&earlier, file)
        && let Some((task, paths)) = wanted_files(ledger, entry, file).await?
    {
        check_same_request(ledger, entry, request, id).await?;
        return Ok(Start::Downloaded(Box::new(task), paths));
    }
    let mut another_process = AnotherProcess::default();
    loop {
        let entry = match ledger.claim(session.client.base_url(), id).await? {
            Claim::UnderWay(entry, owner) => {
                check_same_request(ledger, &entry, request, id).await?;
                context.reached.set_begun(&entry);
                another_process
                    .wait_a_moment(&entry, &owner, deadline)
                    .await?;
                continue;
            }
            // Nothing came of an entry that cost nothing.
            Claim::Taken(entry) if entry.money() != Money::None => entry,
            _ => return Ok(Start::Created(create())),
        };
        check_same_request(ledger, &entry, request, id).await?;
        context.reached.set_begun(&entry);
        let generation = resume_entry(session, ledger, &entry).await?;
        return Ok(Start::Resumed(start_within(generation, deadline), entry));
    }
}

/// Whether an earlier run of the same create may have written the file that is there.
fn may_have_written(earlier: Option<&Entry>, file: Option<&OutputFile>) -> bool {
    let (Some(entry), Some(file)) = (earlier, file) else {
        return false;
    };
    let id = entry.external_task_id.as_str();
    entry.money() != Money::None && output_path::is_same(file, entry.output.clone(), id)
}

/// The task and its files, where an earlier run has put them where they are wanted.
async fn wanted_files(
    ledger: &Ledger,
    entry: &Entry,
    file: &OutputFile,
) -> Result<Option<(Task, Vec<PathBuf>)>, Failure> {
    let Some(task) = entry.task_with_output() else {
        return Ok(None);
    };
    let wanted = output_path::absolute_path(&output_path::path_for_task(file, task.id().as_str()));
    let is_wanted = entry.files.first().is_some_and(|file| file.path == wanted);
    if file.force || !is_wanted || !downloaded_files::are_there(ledger, entry).await? {
        return Ok(None);
    }
    let paths = entry.files.iter().map(|file| file.path.clone()).collect();
    Ok(Some((task.clone(), paths)))
}

/// Resumes what is in the ledger, and is this process's own.
pub(crate) async fn resume_entry(
    session: &Session,
    ledger: &Ledger,
    entry: &Entry,
) -> Result<GenerationBuilder<Resume>, Failure> {
    Ok(match entry.handle() {
        Some(handle) => session.client.resume(handle),
        None => session.client.reconcile(ledger.intent(entry.number).await?),
    })
}

/// One id is one request.
async fn check_same_request(
    ledger: &Ledger,
    entry: &Entry,
    request: &GenerationRequest,
    id: &ExternalTaskId,
) -> Result<(), Failure> {
    if ledger.intent(entry.number).await?.request == *request {
        return Ok(());
    }
    // It is not resumed here.
    ledger.release(entry.number).await?;
    let what = format!("the external task id {id} was used for another request");
    let next_step = "See what it was used for, or choose another id:";
    Err(Failure::usage(what, next_step).followed_by("show", id.as_str()))
}

/// Starts it, to wait no longer than there is time.
fn start_within<O>(generation: GenerationBuilder<O>, deadline: &Deadline) -> Generation {
    let generation = match deadline.time_left() {
        Some(left) => generation.deadline(left),
        None => generation.forever(),
    };
    generation.start()
}
