//! Which process is at a create. Each open ledger holds a lock on a file of its own, which the system
//! releases however the process ends; so a claim of one that is gone is seen to be void.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use kirin_client::OperationId;

use crate::{
    Owner, clock,
    interrupted::{again, try_lock, try_lock_shared},
    lock_folder::LockFolder,
    mark,
};

/// This opening of a ledger, as others see it.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    folder: PathBuf,
    /// Operations of this opening that may still send.
    at_work: Mutex<HashSet<OperationId>>,
    /// Holds the lock.
    _file: File,
}

/// What the lock of a process says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lock {
    /// No one holds it.
    Free,
    Held,
    /// It cannot be tested. In doubt no one is dead.
    Unknown,
}

impl Process {
    /// Makes itself known under a name that no one else has.
    pub(crate) fn start(folder: &LockFolder, name: String) -> io::Result<Self> {
        folder.make()?;
        // It is locked before anybody can see it under its name and take it for a dead one.
        let unnamed = format!("{name}{UNNAMED}");
        let file = folder.create_new(&unnamed)?;
        let unnamed = folder.path().join(unnamed);
        let started = Self::named(folder, file, &unnamed, name);
        match &started {
            Ok(process) => process.remove_dead(),
            // Others would have to wait until it is surely of no use.
            Err(_) => drop(fs::remove_file(unnamed)),
        }
        started
    }

    fn named(
        folder: &LockFolder,
        mut file: File,
        unnamed: &Path,
        name: String,
    ) -> io::Result<Self> {
        again(|| file.lock())?;
        let itself = Owner::describe_itself(&file.metadata()?);
        // A full disk keeps nobody from holding a lock.
        let _ = file.write_all(itself.as_bytes());
        let folder = folder.path().to_owned();
        fs::rename(unnamed, folder.join(&name))?;
        Ok(Self {
            name,
            folder,
            at_work: Mutex::default(),
            _file: file,
        })
    }

    pub(crate) fn has_begun(&self, operation: OperationId) {
        self.locked().insert(operation);
    }

    /// True if it was at work until now.
    pub(crate) fn has_ended(&self, operation: &OperationId) -> bool {
        self.locked().remove(operation)
    }

    pub(crate) fn is_at_work(&self, operation: &OperationId) -> bool {
        self.locked().contains(operation)
    }

    fn locked(&self) -> MutexGuard<'_, HashSet<OperationId>> {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The file that it has locked.
    pub(crate) fn lock_file(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// Whether the process that made a claim is there.
    pub(crate) fn is_alive(&self, name: &str) -> bool {
        name == self.name || lock(&self.folder.join(name)) != Lock::Free
    }

    /// What is known of the process that made a claim.
    pub(crate) fn owner(&self, name: &str) -> Owner {
        let file = self.folder.join(name);
        Owner::read(&file, name == self.name || lock(&file) == Lock::Held)
    }

    /// Removes the files of processes that did not do it themselves. What cannot be removed does no
    /// harm: no one holds its lock.
    fn remove_dead(&self) {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()) {
            let is_named = !path.to_string_lossy().ends_with(UNNAMED);
            let is_other = !path.ends_with(&self.name) && !path.ends_with(mark::NAME);
            if is_named && is_other && lock(&path) == Lock::Free {
                let _ = fs::remove_file(&path);
            }
            if !is_named && is_dead_start(&path) {
                let _ = fs::remove_file(&path);
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The next one to start removes it otherwise.
        let _ = fs::remove_file(self.lock_file());
    }
}

/// What the file of a process ends with until it is locked.
const UNNAMED: &str = ".new";

/// How long a process may take from making its file to locking it. One that is slower is suspended.
const LONGEST_START: Duration = Duration::from_secs(600);

/// Whether a file is what a process of a ledger left that ended at its start: it has such a name, no one
/// has its lock, and no one has just made it and is about to take the lock.
fn is_dead_start(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let token = name.strip_suffix(UNNAMED).unwrap_or_default();
    let is_ours = token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_hexdigit());
    let modified = fs::symlink_metadata(path)
        .ok()
        .filter(fs::Metadata::is_file);
    let modified = modified.and_then(|metadata| metadata.modified().ok());
    let is_old = modified.is_some_and(|modified| clock::since(modified) > LONGEST_START);
    let is_free = || File::open(path).is_ok_and(|file| try_lock(&file).unwrap_or(false));
    is_ours && is_old && is_free()
}

fn lock(path: &Path) -> Lock {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Lock::Free,
        Err(_) => return Lock::Unknown,
    };
    // Those who only ask share the lock, and so do not see one another.
    match try_lock_shared(&file) {
        Ok(true) => Lock::Free,
        Ok(false) => Lock::Held,
        Err(_) => Lock::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger() -> (tempfile::TempDir, LockFolder) {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("ledger");
        fs::write(&ledger, "").unwrap();
        (folder, LockFolder::of(&ledger))
    }

    #[test]
    fn a_process_is_alive_until_it_ends() {
        let (_folder, ledger) = ledger();
        let first = Process::start(&ledger, "first".into()).unwrap();
        let second = Process::start(&ledger, "second".into()).unwrap();
        assert!(first.is_alive("first") && first.is_alive("second"));
        assert!(second.is_alive("first") && !second.is_alive("third"));
        drop(second);
        assert!(!first.is_alive("second"));
    }

    #[test]
    fn what_a_killed_process_left_is_removed() {
        let (_folder, ledger) = ledger();
        let first = Process::start(&ledger, "first".into()).unwrap();
        let left = ledger.path().join("killed");
        let mark = ledger.path().join(mark::NAME);
        fs::write(&left, "").unwrap();
        fs::write(&mark, "").unwrap();
        assert!(!first.is_alive("killed"));
        let _second = Process::start(&ledger, "second".into()).unwrap();
        assert!(!left.exists());
        assert!(mark.exists());
        assert!(first.is_alive("first"));
    }

    #[test]
    fn what_a_process_left_that_was_killed_at_its_start_is_removed_and_nothing_else() {
        let (_folder, ledger) = ledger();
        ledger.make().unwrap();
        let long_ago = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let token = "0123456789abcdef".repeat(2);
        let make = |name: &str, is_old: bool| {
            let file = File::create(ledger.path().join(name)).unwrap();
            if is_old {
                file.set_modified(long_ago).unwrap();
            }
            file
        };
        drop(make(&format!("{token}.new"), true));
        drop(make(&format!("{}.new", token.replace('0', "f")), false));
        drop(make("notes.new", true));
        drop(make(&format!("{}.new", "my-notes".repeat(4)), true));
        drop(make("0123456789abcdef.new", true));
        let held = make(&format!("{}.new", token.replace('1', "f")), true);
        held.lock().unwrap();
        let _process = Process::start(&ledger, "first".into()).unwrap();
        let left = fs::read_dir(ledger.path()).unwrap().count();
        assert_eq!(left, 6, "five that are not dead for sure, and this process");
        assert!(!ledger.path().join(format!("{token}.new")).exists());
    }

    /// To open a pipe would wait for someone who writes to it.
    #[test]
    fn what_is_no_file_is_no_dead_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder
            .path()
            .join(format!("{}.new", "0123456789abcdef".repeat(2)));
        let long_ago = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let age = || File::open(&path).unwrap().set_modified(long_ago).unwrap();
        fs::create_dir(&path).unwrap();
        age();
        assert!(!is_dead_start(&path));
        fs::remove_dir(&path).unwrap();
        fs::write(&path, "").unwrap();
        age();
        assert!(is_dead_start(&path));
    }

    /// Here because its name is taken by a folder; a lock that cannot be had ends the same way.
    #[test]
    fn a_process_that_cannot_start_leaves_nothing_behind() {
        let (_folder, ledger) = ledger();
        ledger.make().unwrap();
        fs::create_dir(ledger.path().join("first")).unwrap();
        Process::start(&ledger, "first".into()).unwrap_err();
        assert!(!ledger.path().join("first.new").exists());
        assert!(ledger.path().join("first").is_dir());
    }

    #[test]
    fn a_process_is_named_to_those_who_wait_for_it() {
        let (_folder, ledger) = ledger();
        let first = Process::start(&ledger, "first".into()).unwrap();
        let second = Process::start(&ledger, "second".into()).unwrap();
        let owner = second.owner(first.name());
        assert_eq!(owner.process_id, Some(std::process::id()));
        assert!(owner.is_alive);
        #[cfg(target_os = "linux")]
        assert!(owner.host.is_some() && owner.user_id.is_some(), "{owner}");
    }

    /// What is there and can be opened by no one stands for the lock of another user's process.
    #[test]
    fn a_process_whose_lock_cannot_be_tested_counts_as_alive() {
        let (_folder, ledger) = ledger();
        let first = Process::start(&ledger, "first".into()).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("loop", ledger.path().join("loop")).unwrap();
        #[cfg(unix)]
        assert!(first.is_alive("loop"));
        // Below a file there is nothing, and no such file either.
        assert!(first.is_alive("first/under") || cfg!(not(unix)));
        assert!(!first.owner("loop").is_alive);
        let _second = Process::start(&ledger, "second".into()).unwrap();
        #[cfg(unix)]
        assert!(ledger.path().join("loop").is_symlink());
    }
}
