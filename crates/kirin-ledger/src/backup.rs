//! A whole copy of a ledger, also while others write to it.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::Path,
};

use crate::{LedgerError, connection, path};

/// Copies a ledger into a file that is not there yet.
pub(crate) fn copy(ledger: &Path, to: &Path) -> Result<(), LedgerError> {
    let file = |error| LedgerError::file(to, error);
    let to = &std::path::absolute(to).map_err(file)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // Nobody has it open, so to close it drops nobody's locks.
    options.open(to).map_err(file)?;
    let copied = fill(ledger, to);
    if copied.is_err() {
        // What is there is no copy.
        let _ = fs::remove_file(to);
    }
    copied
}

/// SQLite fills a file that is empty, with what is in the ledger and in its log at one moment.
fn fill(ledger: &Path, to: &Path) -> Result<(), LedgerError> {
    let sqlite = |error| LedgerError::sqlite(to, &error);
    let source = connection::open(ledger).map_err(|error| LedgerError::sqlite(ledger, &error))?;
    connection::keep_log(&source, true).map_err(sqlite)?;
    let name = String::from_utf8(path::to_bytes(to));
    let name = name.map_err(|_| LedgerError::file(to, invalid("its name is no text")))?;
    source.execute("VACUUM INTO ?1", [name]).map_err(sqlite)?;
    drop(source);
    synchronize(to).map_err(|error| LedgerError::file(to, error))
}

fn synchronize(to: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).open(to)?.sync_all()?;
    match to.parent() {
        #[cfg(unix)]
        Some(folder) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

fn invalid(problem: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, problem)
}
