//! Where the ledger is.

use std::{fs, io, path::PathBuf};

use kirin_ledger::{Ledger, LedgerError};
use tempfile::TempDir;

use crate::{
    environment::read_variable,
    exit_code,
    failure::Failure,
    terminal::{print_stderr, printable},
};

/// A ledger to read.
pub(crate) struct Reading {
    pub(crate) ledger: Ledger,
    /// Where it is, if it is a copy.
    _folder: Option<TempDir>,
}

/// Opens the ledger, or makes it. Without one nothing is sent that costs money.
pub(crate) fn open() -> Result<Ledger, Failure> {
    let is_new = read_variable("KIRIN_LEDGER").is_some() && Ledger::would_be_new(path()?);
    let ledger = Ledger::open(path_in_folder()?).map_err(unopened_failure)?;
    if is_new {
        print_stderr(&format!(
            "a new ledger was created at {}: if you had one before, check whether its disk is mounted",
            printable(&ledger.path().to_string_lossy())
        ));
    }
    Ok(ledger)
}

/// Opens the ledger to read it, also on a disk that cannot be written to.
pub(crate) fn open_to_read() -> Result<Reading, Failure> {
    let path = path_in_folder()?;
    match Ledger::open(&path) {
        Err(LedgerError::File { error, .. }) if path.exists() && is_read_only(&error) => {
            let folder = tempfile::tempdir().map_err(|error| {
                let path = path.clone();
                unopened_failure(LedgerError::File { path, error })
            })?;
            Ok(Reading {
                ledger: Ledger::open_copy(&path, folder.path()).map_err(unopened_failure)?,
                _folder: Some(folder),
            })
        }
        opened => Ok(Reading {
            ledger: opened.map_err(unopened_failure)?,
            _folder: None,
        }),
    }
}

fn is_read_only(error: &io::Error) -> bool {
    let kind = error.kind();
    matches!(
        kind,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
    )
}

/// Opens the ledger that the user has decided to use, even if it has lost entries.
pub(crate) fn accept() -> Result<Ledger, Failure> {
    Ledger::accept(path_in_folder()?).map_err(unopened_failure)
}

fn unopened_failure(error: LedgerError) -> Failure {
    Failure::ledger_unopened(&error)
}

/// Where it is, in a folder that is there.
fn path_in_folder() -> Result<PathBuf, Failure> {
    let path = path()?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| {
            let path = path.clone();
            unopened_failure(LedgerError::File { path, error })
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
    if let Some(path) = read_variable("KIRIN_LEDGER") {
        return Ok(path.into());
    }
    let data = read_variable("XDG_DATA_HOME").map(PathBuf::from);
    let home = || Some(PathBuf::from(read_variable("HOME")?).join(".local/share"));
    // A relative one is to be ignored (XDG Base Directory Specification).
    let data = data.filter(|path| path.is_absolute()).or_else(home);
    data.map(|data| data.join("kirin").join("ledger.sqlite3"))
        .ok_or_else(|| {
            let what = "there is no folder for the ledger, and without a record nothing is spent";
            let next_step = "Set HOME, or KIRIN_LEDGER to a file that only you can read.";
            Failure::new(exit_code::DISK, what, next_step)
        })
}
