//! What a request begins: a create, or what an earlier run of the same one has left.

use std::path::PathBuf;

use kirin_client::{ErrorKind, Generation, GenerationBuilder, operation::Resume};
use kirin_ledger::{Claim, Entry, Ledger, Money};
use kirin_types::{ExternalTaskId, GenerationRequest, Task};

use super::{
    another_process::{AnotherProcess, Deadline},
    unresolved,
};
use crate::{
    arguments::File,
    downloaded_files,
    failure::Failure,
    interrupt::Reached,
    output_path,
    session::{Session, absolute},
};

/// What goes on now.
pub(super) struct Begun {
    pub(super) generation: Generation,
    /// What an earlier run has left.
    pub(super) earlier: Option<Box<Entry>>,
}

/// Begins to create what is asked for, or goes on with it where another run has begun. It waits for a
/// run that is at it now, within the time that there is for the whole.
pub(super) async fn begin(
    session: &Session,
    request: &GenerationRequest,
    deadline: &Deadline,
    reached: &Reached,
) -> Result<Begun, Failure> {
    let new = || Begun {
        generation: until(session.generate(request.clone()), deadline),
        earlier: None,
    };
    let (Some(ledger), Some(id)) = (&session.ledger, request.external_task_id()) else {
        return Ok(new());
    };
    // Of several accounts, none is gone on with unasked.
    session.entry(id.as_str()).await?;
    let mut another_process = AnotherProcess::default();
    loop {
        let entry = match claim(session, ledger, id).await? {
            Claim::UnderWay(entry, owner) => {
                check(ledger, &entry, request, id).await?;
                reached.begun(&entry);
                another_process.wait(&entry, &owner, deadline).await?;
                continue;
            }
            Claim::Taken(entry) => entry,
            _ => return Ok(new()),
        };
        if entry.money() == Money::None {
            // Nothing came of it.
            return Ok(new());
        }
        check(ledger, &entry, request, id).await?;
        reached.begun(&entry);
        return Ok(Begun {
            generation: until(go_on(session, ledger, &entry).await?, deadline),
            earlier: Some(entry),
        });
    }
}

/// Whether an earlier run of the same create may have written the file that is there.
pub(super) async fn may_have_written(
    session: &Session,
    request: &GenerationRequest,
    file: &File,
) -> Result<bool, Failure> {
    let Some(id) = request.external_task_id() else {
        return Ok(false);
    };
    let entry = session.entry(id.as_str()).await?;
    let entry = entry.filter(|entry| entry.money() != Money::None);
    Ok(entry.is_some_and(|entry| output_path::is_same(file, entry.output, id.as_str())))
}

/// The task and its files, where an earlier run of the same request has ended with them here.
pub(super) async fn done(
    session: &Session,
    request: &GenerationRequest,
    file: &File,
) -> Result<Option<(Task, Vec<PathBuf>)>, Failure> {
    let (Some(ledger), Some(id)) = (&session.ledger, request.external_task_id()) else {
        return Ok(None);
    };
    let Some(entry) = session.entry(id.as_str()).await? else {
        return Ok(None);
    };
    let Some(task) = entry.task_with_output() else {
        return Ok(None);
    };
    let wanted = absolute(&output_path::path(file, task.id().as_str()));
    let is_wanted = entry.files.first().is_some_and(|file| file.path == wanted);
    if file.force || !is_wanted || !downloaded_files::are_there(ledger, &entry).await? {
        return Ok(None);
    }
    check(ledger, &entry, request, id).await?;
    let paths = entry.files.iter().map(|file| file.path.clone()).collect();
    Ok(Some((task.clone(), paths)))
}

/// Goes on with what is in the ledger, and is this process's own.
pub(super) async fn go_on(
    session: &Session,
    ledger: &Ledger,
    entry: &Entry,
) -> Result<GenerationBuilder<Resume>, Failure> {
    match entry.handle() {
        Some(handle) => Ok(session.client.resume(handle)),
        None => {
            let intent = ledger.intent(entry.number).await;
            let intent = intent.map_err(|error| Failure::in_ledger(&error))?;
            Ok(session.client.reconcile(intent))
        }
    }
}

/// What is told of an end, with what an earlier run knew.
pub(super) async fn failure(
    session: &Session,
    request: &GenerationRequest,
    earlier: Option<&Entry>,
    error: kirin_client::Error,
    reached: &Reached,
) -> Failure {
    let mut ids = reached.ids();
    if error.kind() == ErrorKind::Repeated {
        // It was not sent here, so nothing has told its id.
        ids.external_task_id = request.external_task_id().cloned();
    }
    match (&session.ledger, earlier) {
        (Some(ledger), Some(entry)) => unresolved::failure(ledger, entry, error, reached).await,
        _ => Failure::generation(&error, ids),
    }
}

/// Whether another run was at the same create, or has begun it since it was found that nobody had: then
/// there is something to wait for, or to go on with.
pub(super) fn was_overtaken(session: &Session, error: &kirin_client::Error) -> bool {
    let is_known = matches!(error.kind(), ErrorKind::Known | ErrorKind::UnderWay);
    is_known && session.ledger.is_some()
}

async fn claim(session: &Session, ledger: &Ledger, id: &ExternalTaskId) -> Result<Claim, Failure> {
    let claimed = ledger.claim(session.client.base_url(), id).await;
    claimed.map_err(|error| Failure::in_ledger(&error))
}

/// One id is one request.
async fn check(
    ledger: &Ledger,
    entry: &Entry,
    request: &GenerationRequest,
    id: &ExternalTaskId,
) -> Result<(), Failure> {
    let intent = ledger.intent(entry.number).await;
    let intent = intent.map_err(|error| Failure::in_ledger(&error))?;
    if intent.request == *request {
        return Ok(());
    }
    // Nobody goes on with it here.
    ledger
        .release(entry.number)
        .await
        .map_err(|error| Failure::in_ledger(&error))?;
    Err(Failure::other_request(id))
}

/// Starts it, to wait no longer than there is time.
fn until<O>(generation: GenerationBuilder<O>, deadline: &Deadline) -> Generation {
    let generation = match deadline.left() {
        Some(left) => generation.deadline(left),
        None => generation.forever(),
    };
    generation.start()
}
