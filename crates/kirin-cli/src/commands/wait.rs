//! `kirin wait`

use std::path::PathBuf;

use kirin_types::{ExternalTaskId, Task, TaskId, TaskRef};

use super::{
    download::may_be_written,
    follow::{fetch, finished},
};
use crate::{
    arguments::{self, File, Json},
    failure::Failure,
    interrupt::{Reached, unless_interrupted},
    progress::Progress,
    report::{Report, print_line, print_path},
    session::Session,
    terminal::printable,
};

pub(crate) async fn wait(arguments: arguments::Wait) -> Result<(), Failure> {
    let session = Session::following(&arguments.shared)?;
    let file = File {
        output: arguments.output.clone(),
        force: arguments.force,
    };
    if file.output.is_some() {
        may_be_written(&session, &file, "wait", &arguments.id).await?;
    }
    let reached = Reached::task(arguments.id.clone());
    let mut progress = Progress::new(&arguments.shared).about(None, Some(&arguments.id));
    let done = unless_interrupted(&reached, async {
        let task = to_its_end(&session, &arguments, &mut progress, &reached).await?;
        let paths = match file.output {
            Some(_) => fetch(&session, &task, &file, None, &mut progress, &reached).await?,
            None => Vec::new(),
        };
        Ok((task, paths))
    })
    .await;
    drop(progress);
    let (task, paths) = match (done, &file.output) {
        (Err(failure), Some(_)) => return Err(failure.with_output(&file)),
        (done, _) => done?,
    };
    print(&task, &arguments.id, &paths, arguments.shared.json)
}

/// The task at its end.
async fn to_its_end(
    session: &Session,
    arguments: &arguments::Wait,
    progress: &mut Progress,
    reached: &Reached,
) -> Result<Task, Failure> {
    let client = &session.client;
    let entry = session.entry(arguments.id.as_str()).await?;
    let mut generation = match entry.and_then(|entry| entry.handle()) {
        Some(handle) => client.resume(handle),
        None => client.wait(typed(&arguments.id)),
    };
    if let Some(timeout) = arguments.timeout.duration {
        generation = generation.deadline(timeout);
    }
    finished(generation.start(), progress, reached)
        .await
        .map_err(|error| Failure::generation(&error, reached.ids()))
}

/// The task that a person has named, by either of its ids: an external one also means a task whose own id
/// it is.
pub(super) fn typed(id: &TaskId) -> TaskRef {
    match id.as_str().parse::<ExternalTaskId>() {
        Ok(external) => external.into(),
        Err(_) => id.into(),
    }
}

/// Prints the paths of the files, or the status where none was asked for.
pub(super) fn print(
    task: &Task,
    asked_for: &TaskId,
    paths: &[PathBuf],
    json: Option<Json>,
) -> Result<(), Failure> {
    let printed = match (json, paths) {
        (Some(json), _) => Report::asked_for(task, asked_for)
            .with_paths(paths)
            .print(json),
        (None, []) => print_line(&printable(task.status().unwrap_or("unknown"))),
        (None, paths) => paths.iter().try_for_each(|path| print_path(path)),
    };
    printed.map_err(|error| Failure::stdout(&error, task))
}
