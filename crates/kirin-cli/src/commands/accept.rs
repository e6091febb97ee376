//! `kirin ledger accept`: a person goes on with what there is of a ledger.

use crate::{failure::Failure, ledger_file, report::print_path, terminal::say};

/// Accepts the ledger as it is, or makes a new one where it is gone; prints its path.
pub(crate) fn accept() -> Result<(), Failure> {
    let ledger = ledger_file::accept()?;
    say(
        "This is the ledger from now on. Creates that only the lost one knew may be paid, and nothing here \
         knows of them: compare the service's bill with kirin list.",
    );
    say(
        "For 7 days kirin looks for a task with the same id before it creates one under an id that you \
         chose, or that a batch derives from a line.",
    );
    print_path(ledger.path()).map_err(|error| Failure::unwritten(&error))
}
