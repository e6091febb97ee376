//! Reading a ledger where nothing can be written, as on a disk that is mounted to be read.
//!
//! SQLite needs to write beside a file to read its log, and what it reads without the log is an older ledger.
//! So the two are copied to where it can.

use std::{fs, io, path::Path, time::Duration};

use crate::{
    LedgerError, clock,
    identity::Shape,
    location::{self, side_file},
};

/// Copies that are made before it is given up: someone else may be writing.
const COPIES: u32 = 10;

/// Copies a ledger and its log as they are into a folder of which the caller is the only user; gives the copy.
pub(crate) fn copy(ledger: &Path, folder: &Path) -> Result<std::path::PathBuf, LedgerError> {
    const PAUSE: Duration = Duration::from_millis(50);
    let file = |error| LedgerError::file(ledger, error);
    let ledger = location::resolve(ledger).map_err(file)?;
    let copy = folder.join("ledger");
    let (log, log_copy) = (side_file(&ledger, "-wal"), side_file(&copy, "-wal"));
    for _ in 0..COPIES {
        let before = (Shape::of(&ledger).map_err(file)?, Shape::of(&log).ok());
        fs::copy(&ledger, &copy).map_err(file)?;
        match (before.1, fs::copy(&log, &log_copy)) {
            (None, Err(_)) => {}
            (_, copied) => drop(copied.map_err(file)?),
        }
        if before == (Shape::of(&ledger).map_err(file)?, Shape::of(&log).ok()) {
            make_writable(&[&copy, &log_copy]).map_err(file)?;
            return Ok(copy);
        }
        clock::pause(PAUSE);
    }
    let problem = "somebody writes to it all the time";
    Err(file(io::Error::new(io::ErrorKind::ResourceBusy, problem)))
}

/// A copy has the access rights of what it is a copy of.
fn make_writable(files: &[&Path]) -> io::Result<()> {
    for file in files.iter().filter(|file| file.exists()) {
        #[cfg(unix)]
        fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        #[cfg(not(unix))]
        {
            let mut permissions = fs::metadata(file)?.permissions();
            permissions.set_readonly(false);
            fs::set_permissions(file, permissions)?;
        }
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// Whoever may do everything could write to it all the same.
    #[test]
    fn copy_of_what_can_only_be_read_can_be_written_by_its_user_alone() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let ledger = from.path().join("ledger");
        for name in [&ledger, &side_file(&ledger, "-wal")] {
            fs::write(name, "content").unwrap();
            fs::set_permissions(name, fs::Permissions::from_mode(0o444)).unwrap();
        }
        let copy = copy(&ledger, to.path()).unwrap();
        for name in [&copy, &side_file(&copy, "-wal")] {
            let mode = fs::metadata(name).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", name.display());
        }
    }
}
