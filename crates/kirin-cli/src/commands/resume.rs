//! `kirin resume`: goes on with everything that is unfinished.

use std::path::PathBuf;

use kirin_ledger::{Claim, Entry, Ledger};
use kirin_types::Task;

use super::{begin::go_on, wait::fetch};
use crate::{
    arguments::{self, File},
    exit_code,
    failure::Failure,
    interrupt::{Reached, unless_interrupted},
    progress::Progress,
    report::{Report, print_line, print_path},
    session::{Session, Wanted},
    terminal::say,
};

/// Goes on with what is unfinished at the base URL, one after the other; the exit code is that of the
/// first that did not end well.
pub(crate) async fn resume(arguments: arguments::Resume) -> Result<u8, Failure> {
    let session = Session::paying(&arguments.shared, Wanted::default())?;
    // A client that may spend has one.
    let ledger = session.ledger.clone().expect("a ledger");
    let unfinished = ledger
        .unfinished()
        .await
        .map_err(|error| Failure::ledger(&error))?;
    let mut code = exit_code::DONE;
    for entry in unfinished {
        if entry.base_url != *session.client.base_url() {
            continue;
        }
        let Some(done) = one(&session, &ledger, &entry, &arguments).await.transpose() else {
            say(&format!("another process is at {}", entry.external_task_id));
            continue;
        };
        match done {
            Ok((task, paths)) => print(&task, &entry, &paths, arguments.shared.json)?,
            Err(failure) if failure.exit_code == exit_code::INTERRUPTED => return Err(failure),
            Err(failure) => {
                let failed = failure.exit_code;
                failure
                    .at(arguments.shared.base_url.as_deref())
                    .report(arguments.shared.json);
                code = if code == exit_code::DONE {
                    failed
                } else {
                    code
                };
            }
        }
    }
    Ok(code)
}

/// One of them; none if another process is at it.
async fn one(
    session: &Session,
    ledger: &Ledger,
    entry: &Entry,
    arguments: &arguments::Resume,
) -> Result<Option<(Task, Vec<PathBuf>)>, Failure> {
    let claim = ledger.claim(&entry.base_url, &entry.external_task_id).await;
    let Claim::Taken(entry) = claim.map_err(|error| Failure::ledger(&error))? else {
        return Ok(None);
    };
    let file = File {
        output: arguments.output.clone().or_else(|| entry.output.clone()),
        force: false,
    };
    let reached = Reached::default();
    let mut progress = Progress::new(arguments.shared.quiet);
    let done = unless_interrupted(&reached, async {
        let mut generation = go_on(session, ledger, &entry).await?;
        while let Some(notice) = generation.next().await {
            reached.update(&notice);
            progress.notice(&notice);
        }
        let task = generation.await;
        let task = task.map_err(|error| Failure::generation(&error, reached.ids()))?;
        let paths = fetch(&session.client, &task, &file, &mut progress, &reached).await?;
        session.downloaded(&task, &paths).await;
        Ok((task, paths))
    });
    done.await.map(Some)
}

fn print(task: &Task, entry: &Entry, paths: &[PathBuf], json: bool) -> Result<(), Failure> {
    let printed = match (json, paths) {
        (true, _) => Report::task(task, Some(entry.external_task_id.clone()))
            .with_paths(paths)
            .print_json(),
        (false, []) => print_line(task.id().as_str()),
        (false, paths) => paths.iter().try_for_each(|path| print_path(path)),
    };
    printed.map_err(|error| Failure::stdout(&error, task))
}
