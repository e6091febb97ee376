//! What is told of a create that is still not found: the cause that the ledger knows, and how often it
//! was sent.

use kirin_client::{
    Error, ErrorKind, JournalState,
    machine::{Cause, Outcome},
};
use kirin_ledger::{Entry, Ledger};

use crate::{failure::Failure, interrupt::Reached};

/// What the client says where it knows no cause.
const NO_CAUSE: &str = "the program ended before the answer was known";

/// How often a create may have been sent, up to now.
pub(super) async fn sends(ledger: &Ledger, entry: &Entry) -> Result<u32, Failure> {
    let found = ledger.find(entry.external_task_id.as_str()).await;
    let found = found.map_err(|error| Failure::in_ledger(&error))?;
    let now = found.iter().find(|found| found.number == entry.number);
    Ok(now.unwrap_or(entry).attempts)
}

/// The failure of what was gone on with from the ledger.
pub(super) async fn failure(
    ledger: &Ledger,
    entry: &Entry,
    error: Error,
    reached: &Reached,
) -> Failure {
    if error.kind() != ErrorKind::Unresolved {
        return Failure::generation(&error, reached.ids());
    }
    let sends = sends(ledger, entry).await.unwrap_or(entry.attempts);
    let failure = Failure::generation(&with_known_cause(error, entry), reached.ids());
    failure.sent_before(sends)
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
