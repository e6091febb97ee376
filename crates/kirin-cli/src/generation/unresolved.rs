//! The failure of a create that is still not found: the cause that the ledger knows, and how often it was sent.

use kirin_client::{
    Error, ErrorKind, JournalState,
    machine::{Cause, Outcome},
};
use kirin_ledger::{Entry, Ledger};

use crate::{failure::Failure, reached::Reached};

/// The client's text if it knows no cause.
const NO_CAUSE: &str = "the program ended before the answer was known";

/// How often a create may have been sent, up to now.
pub(crate) async fn count_sends(ledger: &Ledger, entry: &Entry) -> Result<u32, Failure> {
    let found = ledger.find(entry.external_task_id.as_str()).await?;
    let now = found.iter().find(|found| found.number == entry.number);
    Ok(now.unwrap_or(entry).attempts)
}

/// The failure of a generation that was resumed from the ledger.
pub(crate) async fn resumed_failure(
    ledger: &Ledger,
    entry: &Entry,
    error: Error,
    reached: &Reached,
) -> Failure {
    if error.kind() != ErrorKind::Unresolved {
        return Failure::from_client(&error, reached.ids());
    }
    let sends = count_sends(ledger, entry).await.unwrap_or(entry.attempts);
    let failure = Failure::from_client(&with_known_cause(error, entry), reached.ids());
    match sends {
        0 | 1 => failure,
        _ => {
            let billing = failure.billing;
            failure
                .with_details([format!("it was sent {sends} times")])
                .with_money(billing, format!("{}.", charged_up_to(sends)))
        }
    }
}

/// Each send is a charge that may have been made.
pub(crate) fn charged_up_to(sends: u32) -> String {
    match sends {
        0 | 1 => "It may have been charged once".into(),
        sends => format!("It may have been charged up to {sends} times"),
    }
}

/// The error with the cause of the run before, where this one has none of its own.
fn with_known_cause(error: Error, entry: &Entry) -> Error {
    let JournalState::Ended(before) = &entry.state else {
        return error;
    };
    let (
        Outcome::Unresolved {
            external_task_id,
            knowledge,
            cause: Cause::Trouble(trouble),
        },
        Outcome::Unresolved { cause, .. },
    ) = (error.outcome(), &**before)
    else {
        return error;
    };
    if trouble.to_string() != NO_CAUSE {
        return error;
    }
    let known = Outcome::Unresolved {
        external_task_id: external_task_id.clone(),
        knowledge: knowledge.clone(),
        cause: cause.clone(),
    };
    Error::check(known).err().unwrap_or(error)
}
