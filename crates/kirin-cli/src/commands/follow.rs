//! A generation on its way, told to whoever watches: to its acceptance, to its end, to its files.

use std::{
    convert::Infallible,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use kirin_client::{Error, Generation};
use kirin_types::{Task, TaskState};

use crate::{
    arguments::File,
    failure::Failure,
    interrupt::Reached,
    output_path,
    progress::{Progress, said},
    session::Session,
};

/// Follows a generation to the acceptance of its create.
pub(super) async fn accepted(
    mut generation: Generation,
    progress: &mut Progress,
    reached: &Reached,
) -> Result<Generation, Error> {
    let mut notices = generation.notices();
    while generation.handle().is_none()
        && let Some(notice) = notices.next().await
    {
        reached.update(&notice);
        progress.notice(&notice);
    }
    generation.accepted().await?;
    Ok(generation)
}

/// Follows a generation to its end.
pub(super) async fn finished(
    mut generation: Generation,
    progress: &mut Progress,
    reached: &Reached,
) -> Result<Task, Error> {
    let mut notices = generation.notices();
    while let Some(notice) = notices.next().await {
        reached.update(&notice);
        progress.notice(&notice);
    }
    generation.await
}

/// Downloads the videos of a task that names them, and notes what and where they are. What an earlier run has put
/// at `earlier_output` is kept, where that is the same place and the same video.
pub(super) async fn fetch(
    session: &Session,
    task: &Task,
    file: &File,
    earlier_output: Option<PathBuf>,
    progress: &mut Progress,
    reached: &Reached,
) -> Result<Vec<PathBuf>, Failure> {
    if let TaskState::OtherEnd { .. } = task.state() {
        let reason = task.reason();
        let said = said(task.status(), reason.as_deref());
        progress.line(&format!(
            "the service says {said}, and names a video: it is taken; what it charges is not known yet"
        ));
    }
    progress.downloading();
    reached.fetching(task);
    let id = task.id().as_str();
    let noted = session.digests(id).await?;
    let unnoted = Arc::new(Mutex::new(Vec::new()));
    let mut download = session
        .client
        .download(task, output_path::path(file, id))
        .overwrite(file.force)
        .keep_existing(!noted.is_empty() || output_path::is_same(file, earlier_output, id))
        .noted(noted)
        .before_commit(|digest| {
            let (noting, unnoted) = (
                session.note_digest(id, digest.clone()),
                Arc::clone(&unnoted),
            );
            async move {
                // The video was paid for, and is worth more than the note.
                if noting.await.is_err() {
                    unnoted
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(digest);
                }
                Ok::<_, Infallible>(())
            }
        })
        .on_event(|event| progress.download(event));
    if let Some(earlier) = session.output(id).await {
        download = download.earlier_path(earlier);
    }
    let paths = download
        .await
        .map_err(|error| Failure::download(&error, task, reached.ids(), file))?;
    let unnoted = std::mem::take(&mut *unnoted.lock().unwrap_or_else(PoisonError::into_inner));
    session.downloaded(task, &paths, &unnoted).await;
    Ok(paths)
}
