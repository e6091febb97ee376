//! `kirin resume`: goes on with everything that is unfinished.

use kirin_ledger::{Entry, Ledger};
use kirin_types::TaskId;

use super::{
    begin::go_on,
    follow::{fetch, finished},
    unfinished::{each, here, open},
    wait::print,
};
use crate::{
    arguments::{self, File},
    failure::Failure,
    interrupt::{Reached, unless_interrupted},
    progress::Progress,
    session::Session,
};

/// Goes on with what is unfinished at the base URL, one after the other; gives the exit code.
pub(crate) async fn resume(arguments: arguments::Resume) -> Result<u8, Failure> {
    let (session, ledger) = open(&arguments.shared)?;
    let unfinished = here(&session, ledger.unfinished().await)?;
    let finish = async |entry: &Entry| finish(&session, &ledger, entry, &arguments).await;
    each(&ledger, unfinished, &arguments.shared, finish).await
}

async fn finish(
    session: &Session,
    ledger: &Ledger,
    entry: &Entry,
    arguments: &arguments::Resume,
) -> Result<(), Failure> {
    let file = File {
        output: arguments.output.clone().or_else(|| entry.output.clone()),
        force: false,
    };
    let reached = Reached::default();
    let mut progress = Progress::new(&arguments.shared)
        .about(Some(&entry.external_task_id), entry.task_id.as_ref());
    let (task, paths) = unless_interrupted(&reached, async {
        let generation = go_on(session, ledger, entry).await?;
        let task = finished(generation, &mut progress, &reached).await;
        let task = task.map_err(|error| Failure::generation(&error, reached.ids()))?;
        let earlier = entry.output.clone();
        let paths = fetch(session, &task, &file, earlier, &mut progress, &reached).await?;
        Ok((task, paths))
    })
    .await?;
    drop(progress);
    let asked_for: Result<TaskId, _> = entry.external_task_id.as_str().parse();
    // Whatever can be an external id can be an id.
    let asked_for = asked_for.expect("an id");
    print(&task, &asked_for, &paths, arguments.shared.json)
}
