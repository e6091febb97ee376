//! What `kirin resume` and `kirin resolve` share: one entry of the ledger after the other.

use kirin_ledger::{Claim, Entry, Ledger, LedgerError, Money};

use super::take_over;
use crate::{
    arguments::Shared,
    exit_code,
    failure::Failure,
    session::{Session, Wanted},
};

/// A client that may spend money, and the ledger that it writes to.
pub(super) fn open(shared: &Shared) -> Result<(Session, Ledger), Failure> {
    let session = Session::paying(shared, Wanted::default())?;
    // A client that may spend has one.
    let ledger = session.ledger.clone().expect("a ledger");
    Ok((session, ledger))
}

/// The entries among these that the client of a session can go on with.
pub(super) fn here(
    session: &Session,
    entries: Result<Vec<Entry>, LedgerError>,
) -> Result<Vec<Entry>, Failure> {
    let mut entries = entries.map_err(|error| Failure::in_ledger(&error))?;
    entries.retain(|entry| entry.base_url == *session.client.base_url());
    Ok(entries)
}

/// Does something to each that nobody else is at, and reports what fails; the exit code is that of the
/// first that did. An interruption ends it.
pub(super) async fn each(
    ledger: &Ledger,
    entries: Vec<Entry>,
    shared: &Shared,
    act: impl AsyncFn(&Entry) -> Result<(), Failure>,
) -> Result<u8, Failure> {
    let mut code = exit_code::DONE;
    for entry in entries {
        let claim = ledger.claim(&entry.base_url, &entry.external_task_id).await;
        let done = match claim.map_err(|error| Failure::in_ledger(&error))? {
            // It may have been proved in the meantime that nothing was created.
            Claim::Taken(entry) if entry.money() != Money::None => act(&entry).await,
            Claim::UnderWay(entry, owner) => {
                take_over::leave(&entry.external_task_id, &owner);
                continue;
            }
            _ => continue,
        };
        let Err(failure) = done else { continue };
        if failure.exit_code == exit_code::INTERRUPTED {
            return Err(failure);
        }
        if code == exit_code::DONE {
            code = failure.exit_code;
        }
        failure.at(shared.base_url.as_deref()).report(shared.json);
    }
    Ok(code)
}
