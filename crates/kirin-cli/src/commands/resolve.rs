//! `kirin resolve`: looks for the tasks of creates that may have been charged.

use kirin_client::machine::Outcome;
use kirin_ledger::{Claim, Entry, Ledger, Money};

use super::begin::go_on;
use crate::{
    arguments, exit_code,
    failure::Failure,
    interrupt::{Reached, unless_interrupted},
    progress::Progress,
    report::{Report, print_line},
    session::{Session, Wanted},
    terminal::{printable, say},
};

/// Looks for each create at the base URL of which it is not known whether it created a task; the exit
/// code is that of the first of which it still is not.
pub(crate) async fn resolve(arguments: arguments::Resolve) -> Result<u8, Failure> {
    let session = Session::paying(&arguments.shared, Wanted::default())?;
    // A client that may spend has one.
    let ledger = session.ledger.clone().expect("a ledger");
    let mut code = exit_code::DONE;
    for entry in unresolved(&session, &ledger, &arguments).await? {
        let done = one(&session, &ledger, &entry, &arguments).await;
        match done {
            Ok(()) => {}
            Err(failure) if failure.exit_code == exit_code::INTERRUPTED => return Err(failure),
            Err(failure) => {
                let failed = failure.exit_code;
                let failure = failure.at(arguments.shared.base_url.as_deref());
                failure.report(arguments.shared.json);
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

async fn unresolved(
    session: &Session,
    ledger: &Ledger,
    arguments: &arguments::Resolve,
) -> Result<Vec<Entry>, Failure> {
    let found = match &arguments.id {
        Some(id) => ledger.find(id.as_str()).await,
        None => ledger.unfinished().await,
    };
    let mut found = found.map_err(|error| Failure::ledger(&error))?;
    found.retain(|entry| entry.base_url == *session.client.base_url());
    match &arguments.id {
        Some(id) if found.is_empty() => return Err(Failure::not_in_ledger(id.as_str())),
        _ => found.retain(|entry| entry.task_id.is_none() && entry.money() != Money::None),
    }
    Ok(found)
}

/// Looks for one, and says what is known of it.
async fn one(
    session: &Session,
    ledger: &Ledger,
    entry: &Entry,
    arguments: &arguments::Resolve,
) -> Result<(), Failure> {
    let id = &entry.external_task_id;
    let claim = ledger.claim(&entry.base_url, id).await;
    let Claim::Taken(entry) = claim.map_err(|error| Failure::ledger(&error))? else {
        say(&format!("another process is at {id}"));
        return Ok(());
    };
    let reached = Reached::default();
    let mut progress = Progress::new(arguments.shared.quiet);
    let found = unless_interrupted(&reached, async {
        let mut generation = go_on(session, ledger, &entry).await?;
        while generation.handle().is_none()
            && let Some(notice) = generation.next().await
        {
            reached.update(&notice);
            progress.notice(&notice);
        }
        match generation.accepted().await {
            Ok(generation) => Ok(generation.task()),
            // That nothing was created is an answer too.
            Err(error) if matches!(error.outcome(), Outcome::NotCreated { .. }) => Ok(None),
            Err(error) => Err(Failure::generation(&error, reached.ids())),
        }
    });
    let found = found.await?;
    drop(progress);
    let printed = match (&found, arguments.shared.json) {
        (Some(task), true) => Report::task(task, Some(id.clone())).print_json(),
        (None, true) => Report::not_created(id.clone()).print_json(),
        (Some(task), false) => print_line(&printable(&format!("{id} is task {}", task.id()))),
        (None, false) => print_line(&format!("{id} created nothing")),
    };
    printed.map_err(|error| Failure::unwritten(&error))
}
