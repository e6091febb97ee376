//! Where a ledger is: one file has one name, whatever it is called by.

use std::{
    fs::{self, OpenOptions},
    io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use crate::{LedgerError, file_system, identity, mounts};

/// Symbolic links that are followed, as many as the kernel follows.
const MOST_LINKS: usize = 40;

/// The path without any symbolic link in it, also where the file is yet to be made. Its side files and
/// its lock folder stand beside what this is, so that all who use the ledger find the same ones.
///
/// It begins at the root, so SQLite takes no name for a URI or for its own `:memory:`.
pub(crate) fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut path = std::path::absolute(path)?;
    for _ in 0..=MOST_LINKS {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::Error::new(
                io::ErrorKind::IsADirectory,
                "it is a folder",
            ));
        };
        let folder = fs::canonicalize(folder)?;
        let found = folder.join(name);
        match fs::symlink_metadata(&found) {
            Ok(metadata) if metadata.is_symlink() => path = folder.join(fs::read_link(&found)?),
            Ok(_) => return Ok(found),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
            Err(error) => return Err(error),
        }
    }
    let problem = "its symbolic links lead nowhere";
    Err(io::Error::new(io::ErrorKind::InvalidInput, problem))
}

/// Makes the file, if it is not there, for its owner only: requests may hold what others must not see.
///
/// A file that is there is never opened: the system drops every lock that a process has on a file when
/// the process closes any descriptor of it, and SQLite counts on its own.
pub(crate) fn create(path: &Path) -> io::Result<()> {
    /// No one in this process may take a lock on the file before it is closed here.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => return Ok(()),
        Ok(_) => return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Whether the file is in a place where its locks and its log can be relied on.
pub(crate) fn check(path: &Path) -> Result<(), LedgerError> {
    if file_system::is_network(path) {
        return Err(LedgerError::NetworkFileSystem { path: path.into() });
    }
    let names = identity::names(path).map_err(|error| LedgerError::file(path, error))?;
    if names > 1 {
        let path = path.into();
        return Err(LedgerError::HardLinked { path, names });
    }
    match mounts::is_mount_point(path) {
        true => Err(LedgerError::Mounted { path: path.into() }),
        false => Ok(()),
    }
}

/// A file that SQLite keeps beside the ledger: `-wal` or `-shm`.
pub(crate) fn side_file(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_one_path() {
        let folder = tempfile::tempdir().unwrap();
        let folder = fs::canonicalize(folder.path()).unwrap();
        fs::create_dir_all(folder.join("a/b")).unwrap();
        let ledger = folder.join("a/led");
        for spelling in ["a/led", "a/./led", "a//led", "a/b/../led", "a/led/"] {
            assert_eq!(
                resolve(&folder.join(spelling)).unwrap(),
                ledger,
                "{spelling}"
            );
        }
    }

    #[test]
    fn the_root_and_what_is_above_a_folder_are_no_ledger() {
        for path in ["/", "/tmp/..", ""] {
            assert!(resolve(Path::new(path)).is_err(), "{path:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn symbolic_links_are_followed_also_where_nothing_is_yet() {
        use std::os::unix::fs::symlink;

        let folder = tempfile::tempdir().unwrap();
        let folder = fs::canonicalize(folder.path()).unwrap();
        fs::create_dir(folder.join("real")).unwrap();
        symlink("real", folder.join("folder")).unwrap();
        symlink("folder/led", folder.join("relative")).unwrap();
        symlink(folder.join("relative"), folder.join("absolute")).unwrap();
        symlink("loop", folder.join("loop")).unwrap();
        let ledger = folder.join("real/led");
        let check = || {
            for name in ["real/led", "folder/led", "relative", "absolute"] {
                assert_eq!(resolve(&folder.join(name)).unwrap(), ledger, "{name}");
            }
        };
        check();
        fs::write(&ledger, "").unwrap();
        check();
        assert!(resolve(&folder.join("loop")).is_err());
    }
}
