//! `kirin resolve`: looks for the tasks of creates that may have been charged.

use kirin_client::{Error, ErrorKind, Generation, JournalState, machine::Outcome};
use kirin_ledger::{Entry, Ledger, Money};
use kirin_types::Task;

use super::{
    begin::go_on,
    follow::accepted,
    send_again::admit,
    take_over,
    unfinished::{each, here, is_open, open, reached, stays_refused},
    unresolved,
};
use crate::{
    arguments,
    failure::{Failure, charged_up_to},
    interrupt::unless_interrupted,
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
    if let (true, Some(id), [_, _, ..]) = (arguments.send_again, &arguments.id, &entries[..]) {
        // Each would be paid for.
        return Err(Failure::several_accounts(id.as_str()));
    }
    take_over::offer(&ledger, &entries, may_ask).await?;
    let look_up = async |entry: &Entry, progress| {
        look_up(&session, &ledger, entry, &arguments, progress).await
    };
    let print = |entry: &Entry, found: Found| {
        // It is as it was, and nobody has asked for it.
        let is_news =
            arguments.id.is_some() || found.task.is_some() || entry.money() != Money::None;
        match is_news {
            true => print(entry, found, &arguments),
            false => Ok(()),
        }
    };
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
    task: Option<Box<Task>>,
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
    let reached = reached(entry);
    unless_interrupted(&reached, async {
        let known = match is_open(entry) {
            true => {
                let generation = go_on(session, ledger, entry).await?.start();
                known(entry, accepted(generation, &mut progress, &reached).await)
            }
            false => Known::Nothing,
        };
        // What was never sent, or refused, is created by the command that wanted it.
        let may_send_again = match &known {
            Known::Nothing => is_proved_absent(entry),
            Known::Unresolved(_) => true,
            Known::Task(_) | Known::Failed(_) => false,
        };
        let known = match arguments.send_again && may_send_again {
            true => {
                let again = send_again(session, ledger, entry, arguments, &mut progress).await?;
                match accepted(again, &mut progress, &reached).await {
                    Ok(generation) => Known::Task(generation.task().map(Box::new)),
                    Err(error) => Known::Failed(error),
                }
            }
            false => known,
        };
        let task = match known {
            Known::Nothing => None,
            Known::Task(task) => task,
            Known::Failed(error) | Known::Unresolved(error) => {
                return Err(unresolved::failure(ledger, entry, error, &reached).await);
            }
        };
        let sends = unresolved::sends(ledger, entry).await?;
        Ok(Found { task, sends })
    })
    .await
}

/// What a look-up has shown.
enum Known {
    Failed(Error),
    /// Nothing was created.
    Nothing,
    Task(Option<Box<Task>>),
    Unresolved(Error),
}

fn known(entry: &Entry, end: Result<Generation, Error>) -> Known {
    match end {
        Ok(generation) => Known::Task(generation.task().map(Box::new)),
        Err(error) if stays_refused(entry, &error) => Known::Nothing,
        Err(error) if matches!(error.outcome(), Outcome::NotCreated { .. }) => Known::Nothing,
        Err(error) if error.kind() == ErrorKind::Unresolved => Known::Unresolved(error),
        Err(error) => Known::Failed(error),
    }
}

/// Whether it was sent, and then proved to have created nothing.
fn is_proved_absent(entry: &Entry) -> bool {
    let is_nothing = matches!(&entry.state, JournalState::Ended(end) if matches!(**end, Outcome::NotCreated { .. }));
    is_nothing && entry.attempts > 0
}

/// Begins to send one again, where that is allowed.
async fn send_again(
    session: &Session,
    ledger: &Ledger,
    entry: &Entry,
    arguments: &arguments::Resolve,
    progress: &mut Progress,
) -> Result<Generation, Failure> {
    let is_absent = is_proved_absent(entry);
    // What was proved to be absent was not charged.
    let sends = match is_absent {
        true => 0,
        false => unresolved::sends(ledger, entry).await?,
    };
    admit(ledger, entry, sends, arguments).await?;
    let intent = ledger.intent(entry.number).await;
    let intent = intent.map_err(|error| Failure::in_ledger(&error))?;
    let id = &entry.external_task_id;
    let charged = charged_up_to(sends + 1);
    progress.line(&match is_absent {
        true => format!(
            "{id} created nothing, and is sent again if it is not found now. {charged} then"
        ),
        false => format!("{id} was not found, and is sent again. {charged} then"),
    });
    Ok(session.client.send_again(intent).start())
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
