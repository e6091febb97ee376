//! `kirin resume`: goes on with everything that is unfinished.

use std::path::PathBuf;

use kirin_client::{Error, machine::Outcome};
use kirin_ledger::{Entry, Ledger, Money};
use kirin_types::{Task, TaskId};

use super::{
    begin::go_on,
    follow::{fetch, finished},
    unfinished::{each, here, is_open, open, reached, stays_refused},
    unresolved,
    wait::print,
};
use crate::{
    arguments::{self, File},
    failure::Failure,
    interrupt::unless_interrupted,
    progress::Progress,
    session::Session,
};

/// Goes on with what is unfinished at the base URL, some at once; gives the exit code.
pub(crate) async fn resume(arguments: arguments::Resume) -> Result<u8, Failure> {
    let (session, ledger) = open(&arguments.shared)?;
    let unfinished = here(&session, ledger.unfinished().await)?;
    let finish = async |entry: &Entry, progress| {
        finish(&session, &ledger, entry, &arguments, progress).await
    };
    let print = |entry: &Entry, finished: Option<(Task, Vec<PathBuf>)>| {
        let Some((task, paths)) = finished else {
            return Ok(());
        };
        let asked_for: Result<TaskId, _> = entry.external_task_id.as_str().parse();
        // Whatever can be an external id can be an id.
        let asked_for = asked_for.expect("an id");
        print(&task, &asked_for, &paths, arguments.shared.json)
    };
    each(
        &ledger,
        unfinished,
        &arguments.shared,
        is_open,
        finish,
        print,
    )
    .await
}

/// Whether it is as it was: nothing was created.
fn is_nothing(entry: &Entry, error: &Error) -> bool {
    entry.money() == Money::None && matches!(error.outcome(), Outcome::NotCreated { .. })
}

/// Goes on with one. Nothing comes of a create that was refused, unless it is found now.
async fn finish(
    session: &Session,
    ledger: &Ledger,
    entry: &Entry,
    arguments: &arguments::Resume,
    mut progress: Progress,
) -> Result<Option<(Task, Vec<PathBuf>)>, Failure> {
    let file = File {
        output: arguments.output.clone().or_else(|| entry.output.clone()),
        force: false,
    };
    let reached = reached(entry);
    unless_interrupted(&reached, async {
        let generation = go_on(session, ledger, entry).await?.start();
        let task = match finished(generation, &mut progress, &reached).await {
            Ok(task) => task,
            Err(error) if stays_refused(entry, &error) || is_nothing(entry, &error) => {
                return Ok(None);
            }
            Err(error) => return Err(unresolved::failure(ledger, entry, error, &reached).await),
        };
        let earlier = entry.output.clone();
        let paths = fetch(session, &task, &file, earlier, &mut progress, &reached).await?;
        Ok(Some((task, paths)))
    })
    .await
}
