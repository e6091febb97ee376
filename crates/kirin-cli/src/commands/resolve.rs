//! `kirin resolve`: looks for the tasks of creates that may have been charged.

use kirin_client::{Error, ErrorKind, Generation, machine::Outcome};
use kirin_ledger::{Entry, Ledger, Money};
use kirin_types::Task;

use super::{
    begin::go_on,
    follow::accepted,
    send_again::admit,
    take_over,
    unfinished::{each, here, is_open, open},
    unresolved,
};
use crate::{
    arguments,
    failure::{Failure, charged_up_to},
    interrupt::{Reached, unless_interrupted},
    progress::Progress,
    report::{Report, print_line},
    session::Session,
    terminal::{printable, say},
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
    let look_up = async |entry: &Entry, progress| {
        look_up(&session, &ledger, entry, &arguments, progress).await
    };
    let print = |entry: &Entry, found| print(entry, found, &arguments);
    let is_asked_for = |entry: &Entry| arguments.id.is_some() || is_open(entry);
    each(
        &ledger,
        entries,
        &arguments.shared,
        is_asked_for,
        look_up,
        print,
    )
    .await
}

/// What is known of one.
struct Found {
    /// None is known never to have been created.
    task: Option<Task>,
    /// How often it was sent.
    sends: u32,
}

/// Looks for one, and sends it again if that is wanted and allowed.
async fn look_up(
    session: &Session,
    ledger: &Ledger,
    entry: &Entry,
    arguments: &arguments::Resolve,
    mut progress: Progress,
) -> Result<Found, Failure> {
    let reached = Reached::entry(entry);
    unless_interrupted(&reached, async {
        let found = match is_open(entry) {
            false => None,
            true => {
                let generation = go_on(session, ledger, entry).await?;
                Some(accepted(generation, &mut progress, &reached).await)
            }
        };
        let is_unresolved =
            |end: &Result<_, Error>| matches!(end, Err(error) if error.kind() == ErrorKind::Unresolved);
        let end = match arguments.send_again && found.as_ref().is_none_or(is_unresolved) {
            true => {
                let again = send_again(session, ledger, entry, arguments, &mut progress).await?;
                Some(accepted(again, &mut progress, &reached).await)
            }
            // That nothing was created is an answer too.
            false => found.filter(|end| {
                !matches!(end, Err(error) if matches!(error.outcome(), Outcome::NotCreated { .. }))
            }),
        };
        let task = match end {
            None => None,
            Some(Ok(generation)) => generation.task(),
            Some(Err(error)) => {
                return Err(unresolved::failure(ledger, entry, error, &reached).await);
            }
        };
        let sends = unresolved::sends(ledger, entry).await?;
        Ok(Found { task, sends })
    })
    .await
}

/// Begins to send one again, where that is allowed.
async fn send_again(
    session: &Session,
    ledger: &Ledger,
    entry: &Entry,
    arguments: &arguments::Resolve,
    progress: &mut Progress,
) -> Result<Generation, Failure> {
    // What was proved to be absent was not charged.
    let sends = match entry.money() {
        Money::None => 0,
        _ => unresolved::sends(ledger, entry).await?,
    };
    admit(ledger, entry, sends, arguments).await?;
    let intent = ledger.intent(entry.number).await;
    let intent = intent.map_err(|error| Failure::in_ledger(&error))?;
    progress.line(&format!(
        "{} was not found, and is sent again. {} then",
        entry.external_task_id,
        charged_up_to(sends + 1)
    ));
    Ok(session.client.send_again(intent))
}

fn print(entry: &Entry, found: Found, arguments: &arguments::Resolve) -> Result<(), Failure> {
    let id = &entry.external_task_id;
    if found.task.is_some() && found.sends > 1 {
        say(&format!(
            "{id} was sent {} times. {}",
            found.sends,
            charged_up_to(found.sends)
        ));
    }
    let printed = match (&found.task, arguments.shared.json) {
        (Some(task), Some(json)) => Report::task(task, Some(id.clone())).print(json),
        (None, Some(json)) => Report::not_created(id.clone()).print(json),
        (Some(task), None) => print_line(&printable(&format!("{id} is task {}", task.id()))),
        (None, None) => print_line(&format!("{id} created nothing")),
    };
    printed.map_err(|error| Failure::unwritten(&error))
}
