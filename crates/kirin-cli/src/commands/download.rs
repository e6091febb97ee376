//! `kirin download`

use kirin_client::DownloadErrorKind;
use kirin_types::{Task, TaskId, TaskState};

use super::{
    follow::fetch,
    wait::{print, typed},
};
use crate::{
    arguments::{self, File},
    failure::Failure,
    interrupt::{Reached, unless_interrupted},
    output_path,
    progress::Progress,
    session::Session,
};

/// Whether there are videos to fetch, or the lack of them is an error of its own. One that ended in other
/// words has what it names.
fn has_videos(task: &Task) -> bool {
    match task.state() {
        TaskState::Completed { .. } => true,
        TaskState::OtherEnd { output, .. } => output.iter().any(|content| content.url.is_some()),
        _ => false,
    }
}

pub(crate) async fn download(arguments: arguments::Download) -> Result<(), Failure> {
    let session = Session::following(&arguments.shared)?;
    may_be_written(&session, &arguments.file, "download", &arguments.id).await?;
    let reached = Reached::task(arguments.id.clone());
    let mut progress = Progress::new(&arguments.shared).about(None, Some(&arguments.id));
    let (task, paths) = unless_interrupted(&reached, async {
        let task = session
            .client
            .query(typed(&arguments.id))
            .await
            .map_err(|error| Failure::generation(&error, reached.ids()))?;
        if !has_videos(&task) {
            return Err(Failure::not_completed(task));
        }
        let file = &arguments.file;
        let paths = fetch(&session, &task, file, None, &mut progress, &reached).await?;
        Ok((task, paths))
    })
    .await
    .map_err(|failure| failure.with_output(&arguments.file))?;
    drop(progress);
    print(&task, &arguments.id, &paths, arguments.shared.json)
}

/// Finds out whether a video can be written. A file that is there may be the video itself, where the ledger knows
/// what that is; then the download looks at it.
pub(super) async fn may_be_written(
    session: &Session,
    file: &File,
    command: &'static str,
    id: &TaskId,
) -> Result<(), Failure> {
    match output_path::check(file, id.as_str(), false) {
        Err(error)
            if error.kind() != DownloadErrorKind::Exists
                || session.digests(id.as_str()).await?.is_empty() =>
        {
            Err(Failure::output_of_task(&error, command, id, file))
        }
        _ => Ok(()),
    }
}
