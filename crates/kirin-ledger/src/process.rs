//! Which process is at a create. Each open ledger holds a lock on a file of its own, which the system
//! releases however the process ends; so a claim of one that is gone is seen to be void.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

/// This opening of a ledger, as others see it.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    folder: PathBuf,
    /// Holds the lock.
    _file: File,
}

impl Process {
    /// Makes itself known under a name that nobody else has.
    pub(crate) fn start(ledger: &Path, name: String) -> io::Result<Self> {
        let mut folder = ledger.as_os_str().to_owned();
        folder.push(".processes");
        let folder = PathBuf::from(folder);
        fs::create_dir_all(&folder)?;
        // It is locked before anybody can see it under its name and take it for a dead one.
        let unnamed = folder.join(format!("{name}{UNNAMED}"));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&unnamed)?;
        file.lock()?;
        fs::rename(&unnamed, folder.join(&name))?;
        let process = Self {
            name,
            folder,
            _file: file,
        };
        process.remove_dead();
        Ok(process)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the process that made a claim is there.
    pub(crate) fn is_alive(&self, name: &str) -> bool {
        name == self.name || is_locked(&self.folder.join(name))
    }

    /// Removes the files of processes that did not do it themselves. What cannot be removed does no
    /// harm: nobody holds its lock.
    fn remove_dead(&self) {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()) {
            let is_named = !path.to_string_lossy().ends_with(UNNAMED);
            if is_named && !path.ends_with(&self.name) && !is_locked(&path) {
                let _ = fs::remove_file(&path);
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The next one to start removes it otherwise.
        let _ = fs::remove_file(self.folder.join(&self.name));
    }
}

/// What the file of a process ends with until it is locked.
const UNNAMED: &str = ".new";

/// Whether somebody holds the lock of a file. In doubt nobody is dead.
fn is_locked(path: &Path) -> bool {
    let locked = match File::open(path) {
        // Those who only ask share the lock, and so do not see one another.
        Ok(file) => file.try_lock_shared(),
        Err(error) => return error.kind() != io::ErrorKind::NotFound,
    };
    matches!(
        locked,
        Err(TryLockError::WouldBlock | TryLockError::Error(_))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_alive_until_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("ledger");
        let first = Process::start(&ledger, "first".into()).unwrap();
        let second = Process::start(&ledger, "second".into()).unwrap();
        assert!(first.is_alive("first") && first.is_alive("second"));
        assert!(second.is_alive("first") && !second.is_alive("third"));
        drop(second);
        assert!(!first.is_alive("second"));
    }

    #[test]
    fn what_a_killed_process_left_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("ledger");
        let first = Process::start(&ledger, "first".into()).unwrap();
        let left = folder.path().join("ledger.processes/killed");
        fs::write(&left, "").unwrap();
        assert!(!first.is_alive("killed"));
        let _second = Process::start(&ledger, "second".into()).unwrap();
        assert!(!left.exists());
        assert!(first.is_alive("first"));
    }
}
