//! `kirin ledger backup`: a whole copy of the ledger.

use std::path::Path;

use crate::{failure::Failure, ledger_file, report::print_path};

/// Writes the copy, and prints its path.
pub(crate) fn backup(file: &Path) -> Result<(), Failure> {
    let reading = ledger_file::existing()?;
    let copied = reading.ledger.backup(file);
    copied.map_err(|error| Failure::backup(&error))?;
    print_path(file).map_err(|error| Failure::unwritten(&error))
}
