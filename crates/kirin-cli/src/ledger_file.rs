//! Where the ledger is.

use std::{fs, io, path::PathBuf};

use kirin_ledger::{Ledger, LedgerError};
use tempfile::TempDir;

use crate::{
    environment::variable,
    failure::Failure,
    terminal::{printable, say},
};

/// A ledger to read.
pub(crate) struct Reading {
    pub(crate) ledger: Ledger,
    /// Where it is, if it is a copy.
    _folder: Option<TempDir>,
}

/// Opens the ledger, or makes it. Without one nothing is sent that costs money.
pub(crate) fn open() -> Result<Ledger, Failure> {
    let is_new = variable("KIRIN_LEDGER").is_some() && Ledger::would_be_new(path()?);
    let ledger = Ledger::open(with_folder()?).map_err(|error| Failure::ledger(&error))?;
    if is_new {
        say(&format!(
            "a new ledger was made at {}: if there was one before, see whether its disk is mounted",
            printable(&ledger.path().to_string_lossy())
        ));
    }
    Ok(ledger)
}

/// Opens the ledger to read it, also on a disk that cannot be written to.
pub(crate) fn reading() -> Result<Reading, Failure> {
    let failure = |error| Failure::ledger(&error);
    let path = with_folder()?;
    match Ledger::open(&path) {
        Err(LedgerError::File { error, .. }) if path.exists() && is_read_only(&error) => {
            let folder = tempfile::tempdir();
            let folder = folder.map_err(|error| {
                failure(LedgerError::File {
                    path: path.clone(),
                    error,
                })
            })?;
            Ok(Reading {
                ledger: Ledger::open_copy(&path, folder.path()).map_err(failure)?,
                _folder: Some(folder),
            })
        }
        opened => Ok(Reading {
            ledger: opened.map_err(failure)?,
            _folder: None,
        }),
    }
}

/// The same, where there has to be one.
pub(crate) fn existing() -> Result<Reading, Failure> {
    let path = path()?;
    match Ledger::would_be_new(&path) {
        true => Err(Failure::nothing_to_back_up(&path)),
        false => reading(),
    }
}

fn is_read_only(error: &io::Error) -> bool {
    let kind = error.kind();
    matches!(
        kind,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
    )
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
