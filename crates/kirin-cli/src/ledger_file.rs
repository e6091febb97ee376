//! Where the ledger is.

use std::{fs, path::PathBuf};

use kirin_ledger::{Ledger, LedgerError};

use crate::{environment::variable, failure::Failure};

/// Opens the ledger, or makes it. Without one nothing is sent that costs money.
pub(crate) fn open() -> Result<Ledger, Failure> {
    Ledger::open(with_folder()?).map_err(|error| Failure::ledger(&error))
}

/// Opens the ledger that a person has decided to go on with, whatever it has forgotten.
pub(crate) fn accept() -> Result<Ledger, Failure> {
    Ledger::accept(with_folder()?).map_err(|error| Failure::ledger(&error))
}

/// Where it is, in a folder that is there.
fn with_folder() -> Result<PathBuf, Failure> {
    let path = path()?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| {
            let path = path.clone();
            Failure::ledger(&LedgerError::File { path, error })
        })?;
    }
    Ok(path)
}

/// The ledger if there is one that can be opened, for what can be done without.
pub(crate) fn if_there() -> Option<Ledger> {
    let path = path().ok().filter(|path| path.exists())?;
    Ledger::open(path).ok()
}

/// Where it is, whether there is one or not.
pub(crate) fn path() -> Result<PathBuf, Failure> {
    if let Some(path) = variable("KIRIN_LEDGER") {
        return Ok(path.into());
    }
    let data = variable("XDG_DATA_HOME").map(PathBuf::from);
    let home = || Some(PathBuf::from(variable("HOME")?).join(".local/share"));
    // A relative one is to be ignored (XDG Base Directory Specification).
    let data = data.filter(|path| path.is_absolute()).or_else(home);
    data.map(|data| data.join("kirin").join("ledger.sqlite3"))
        .ok_or_else(Failure::no_ledger)
}
