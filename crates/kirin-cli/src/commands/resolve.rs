//! `kirin resolve`: looks for the tasks of creates that may have been charged.

use kirin_client::{ErrorKind, machine::Outcome};
use kirin_ledger::{Entry, Ledger};

use super::{
    begin::go_on,
    follow::accepted,
    take_over,
    unfinished::{each, here, open},
};
use crate::{
    arguments,
    failure::Failure,
    interrupt::{Reached, unless_interrupted},
    progress::Progress,
    report::{Report, print_line},
    session::Session,
    terminal::printable,
};

/// Looks for each create at the base URL of which it is not known whether it created a task; gives the
/// exit code.
pub(crate) async fn resolve(arguments: arguments::Resolve, may_ask: bool) -> Result<u8, Failure> {
    let (session, ledger) = open(&arguments.shared)?;
    let mut entries = match &arguments.id {
        Some(id) => {
            let found = here(&session, ledger.find(id.as_str()).await)?;
            if found.is_empty() {
                return Err(Failure::not_in_ledger(id.as_str()));
            }
            found
        }
        None => here(&session, ledger.unfinished().await)?,
    };
    entries.retain(|entry| entry.task_id.is_none());
    take_over::offer(&ledger, &entries, may_ask).await?;
    let look_up = async |entry: &Entry| look_up(&session, &ledger, entry, &arguments).await;
    each(&ledger, entries, &arguments.shared, look_up).await
}

/// Looks for one, and says what is known of it.
async fn look_up(
    session: &Session,
    ledger: &Ledger,
    entry: &Entry,
    arguments: &arguments::Resolve,
) -> Result<(), Failure> {
    let id = &entry.external_task_id;
    let reached = Reached::default();
    let mut progress = Progress::new(&arguments.shared)
        .about(Some(&entry.external_task_id), entry.task_id.as_ref());
    let found = unless_interrupted(&reached, async {
        let generation = go_on(session, ledger, entry).await?;
        let mut end = accepted(generation, &mut progress, &reached).await;
        if arguments.send_again
            && let Err(error) = &end
            && error.kind() == ErrorKind::Unresolved
        {
            let intent = ledger.intent(entry.number).await;
            let intent = intent.map_err(|error| Failure::in_ledger(&error))?;
            progress.line(&format!("{id} was not found, and is sent again"));
            end = accepted(session.client.send_again(intent), &mut progress, &reached).await;
        }
        match end {
            Ok(generation) => Ok(generation.task()),
            // That nothing was created is an answer too.
            Err(error) if matches!(error.outcome(), Outcome::NotCreated { .. }) => Ok(None),
            Err(error) => Err(Failure::generation(&error, reached.ids())),
        }
    });
    let found = found.await?;
    drop(progress);
    let printed = match (&found, arguments.shared.json) {
        (Some(task), Some(json)) => Report::task(task, Some(id.clone())).print(json),
        (None, Some(json)) => Report::not_created(id.clone()).print(json),
        (Some(task), None) => print_line(&printable(&format!("{id} is task {}", task.id()))),
        (None, None) => print_line(&format!("{id} created nothing")),
    };
    printed.map_err(|error| Failure::unwritten(&error))
}
