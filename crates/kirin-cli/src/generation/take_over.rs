//! Creates that another process is at, or was: a person may decide that it is gone.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _};

use console::Term;
use kirin_ledger::{Claim, Entry, Ledger, Owner};
use kirin_types::ExternalTaskId;

use crate::{
    failure::Failure,
    terminal::{print_stderr, printable},
};

/// Most bytes of an answer.
const ANSWER: u64 = 4096;

/// Asks a person about each of these that another process is at, and takes over those for which the
/// answer is yes. If no one can be asked, they stay with the other process.
pub(crate) async fn offer_take_over(
    ledger: &Ledger,
    entries: &[Entry],
    may_ask: bool,
) -> Result<(), Failure> {
    let terminal = Term::stderr();
    if !may_ask || !terminal.is_term() || !io::stdin().is_terminal() {
        return Ok(());
    }
    for entry in entries {
        match ledger.claim_entry(entry.number).await? {
            Claim::UnderWay(entry, owner)
                if is_agreed(&terminal, &entry.external_task_id, &owner) =>
            {
                ledger.take_over(entry.number).await?;
            }
            Claim::Taken(entry) => ledger.release(entry.number).await?,
            _ => {}
        }
    }
    Ok(())
}

/// Says that a create stays with the process that is at it.
pub(super) fn report_owner(id: &ExternalTaskId, owner: &Owner) {
    print_stderr(&owner_line(id, owner));
    if !owner.is_alive {
        print_stderr("If that process is gone, take it over on a terminal: kirin resolve");
    }
}

/// The process that works on a create, and whether that is certain.
fn owner_line(id: &ExternalTaskId, owner: &Owner) -> String {
    let name = printable(&owner.to_string());
    match owner.is_alive {
        true => format!("another process is working on {id}: {name}"),
        false => {
            format!("another process may be working on {id}: {name}, whose lock cannot be tested")
        }
    }
}

/// Whether the answer is yes. An unreadable answer is a no.
fn is_agreed(terminal: &Term, id: &ExternalTaskId, owner: &Owner) -> bool {
    print_stderr(&owner_line(id, owner));
    let question = "If it is gone, or hangs, continue the create here? What it has sent may be charged, and \
                    is looked for first. [y/N] ";
    let mut answer = String::new();
    let asked = terminal.write_str(question);
    let read = asked.and_then(|()| io::stdin().lock().take(ANSWER).read_line(&mut answer));
    read.is_ok() && ["y", "yes"].contains(&answer.trim().to_lowercase().as_str())
}
