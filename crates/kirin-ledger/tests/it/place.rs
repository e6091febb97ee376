//! One ledger is one file, whatever it is called by.

use std::{fs, path::Path, process::Command};

use kirin_ledger::{Claim, Ledger, LedgerError};

use crate::{
    another_process::{self, said},
    support::{Desk, base_url, id, intent, path, scribe},
};

/// Whether a create that is under way in the one is seen in a ledger that is opened by another name.
async fn check(desk: &Desk, name: &Path) {
    desk.journal().intend(&intent("order-42")).await.unwrap();
    let other = Ledger::open(name).unwrap();
    let claim = other.claim(&base_url(), &id("order-42")).await.unwrap();
    assert!(matches!(claim, Claim::UnderWay(..)), "{claim:?}");
    let sent = scribe(&other).send(&id("order-42")).await;
    sent.unwrap_err();
    assert_eq!(other.path(), desk.ledger.path());
}

#[tokio::test]
async fn another_spelling_is_the_same_ledger() {
    let desk = Desk::new();
    let folder = desk.folder.path();
    fs::create_dir(folder.join("sub")).unwrap();
    check(&desk, &folder.join("sub/.././kirin.sqlite3")).await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_symbolic_link_is_the_same_ledger() {
    let desk = Desk::new();
    let link = desk.folder.path().join("link");
    std::os::unix::fs::symlink("kirin.sqlite3", &link).unwrap();
    check(&desk, &link).await;
    assert!(!desk.folder.path().join("link.processes").exists());
}

#[cfg(unix)]
#[tokio::test]
async fn a_symbolic_link_to_its_folder_is_the_same_ledger() {
    let desk = Desk::new();
    let other = tempfile::tempdir().unwrap();
    let link = other.path().join("link");
    std::os::unix::fs::symlink(desk.folder.path(), &link).unwrap();
    check(&desk, &path(&link)).await;
}

#[cfg(unix)]
#[test]
fn a_link_to_what_is_not_there_yet_makes_what_it_leads_to() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink("kirin.sqlite3", &link).unwrap();
    let ledger = Ledger::open(&link).unwrap();
    let real = fs::canonicalize(folder.path()).unwrap();
    assert_eq!(ledger.path(), path(&real));
    assert!(link.is_symlink() && path(&real).exists());
}

#[test]
fn a_second_name_is_refused() {
    let Desk { ledger, folder } = Desk::new();
    drop(ledger);
    assert!(Ledger::wait_until_closed());
    let second = folder.path().join("second");
    fs::hard_link(path(folder.path()), &second).unwrap();
    for name in [&path(folder.path()), &second] {
        let error = Ledger::open(name).unwrap_err();
        assert!(
            matches!(error, LedgerError::HardLinked { names: 2, .. }),
            "{error}"
        );
        let said = error.to_string();
        assert!(said.contains("mount its folder, not the file"), "{said}");
    }
    assert!(!folder.path().join("second.processes").exists());
    fs::remove_file(second).unwrap();
    Ledger::open(path(folder.path())).unwrap();
}

#[test]
fn no_name_is_a_uri() {
    for name in [
        ":memory:",
        "file:x?mode=memory",
        "file:x?vfs=memdb",
        "file:led%67er",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path().join(name)).unwrap();
        assert!(ledger.path().ends_with(name), "{name}");
        assert!(folder.path().join(name).exists(), "{name}");
    }
}

/// Runs a shell in which the files of the others are mounted as the script says; nothing if this user may
/// not mount. `$0` is the first path, `$1` the second, and the rest the command.
#[cfg(target_os = "linux")]
fn in_own_mounts(script: &str, from: &Path, to: &Path, command: &Command) -> Option<String> {
    let mut shell = Command::new("unshare");
    shell.args(["--mount", "--map-root-user", "sh", "-c", script]);
    shell.arg(from).arg(to).arg(command.get_program());
    shell.args(command.get_args());
    for (name, value) in command.get_envs() {
        shell.env(name, value.unwrap_or_default());
    }
    let output = shell.output();
    let output = match output {
        Ok(output) if output.status.success() => output,
        not_permitted => {
            skip(&format!("nothing can be mounted here: {not_permitted:?}"));
            return None;
        }
    };
    Some(said(&output))
}

#[cfg(target_os = "linux")]
#[expect(
    clippy::print_stderr,
    reason = "a test that shows nothing has to say so"
)]
fn skip(reason: &str) {
    eprintln!("skipped: {reason}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_ledger_that_is_mounted_by_itself_is_refused() {
    const MOUNT: &str = "mount --bind \"$0\" \"$1\"; shift; exec \"$@\"";
    let desk = Desk::new();
    let other = tempfile::tempdir().unwrap();
    for name in ["kirin.sqlite3", "my ledger\\ \t1"] {
        let mounted = other.path().join(name);
        fs::write(&mounted, "").unwrap();
        let open = another_process::command("open", &mounted);
        if let Some(said) = in_own_mounts(MOUNT, desk.ledger.path(), &mounted, &open) {
            let wanted = "is mounted by itself, and SQLite would keep a second log for it: mount its \
                          folder, not the file";
            assert!(said.contains(wanted), "{said}");
        }
        // Where it is not mounted, it is an empty file, and becomes a ledger.
        let output = another_process::command("open", &mounted).output().unwrap();
        assert!(said(&output).ends_with(name), "{output:?}");
    }
}

/// The list of mounts that the kernel shows to the command is replaced by one that names the type.
#[cfg(target_os = "linux")]
#[test]
fn a_ledger_on_what_other_machines_may_share_is_refused() {
    const MOUNT: &str = "mount --bind \"$0\" /proc/$$/mountinfo; shift; exec \"$@\"";
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().canonicalize().unwrap();
    for (kind, is_refused) in [("fuse.sshfs", true), ("virtiofs", true), ("fuseblk", false)] {
        let mounts = folder.path().join(kind);
        let place = place.display();
        let list = format!(
            "22 1 254:0 / / rw - ext4 /dev/vda rw\n30 22 0:50 / {place} rw - {kind} far:/ rw\n"
        );
        fs::write(&mounts, list).unwrap();
        let ledger = folder.path().join(format!("{kind}.sqlite3"));
        let open = another_process::command("open", &ledger);
        if let Some(said) = in_own_mounts(MOUNT, &mounts, &ledger, &open) {
            assert_eq!(said.contains("network file system"), is_refused, "{said}");
            assert_ne!(said.ends_with(".sqlite3"), is_refused, "{said}");
        }
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_ledger_whose_folder_is_mounted_is_the_same() {
    const MOUNT: &str = "mount --bind \"$0\" \"$1\"; shift; exec \"$@\"";
    let desk = Desk::new();
    desk.journal().intend(&intent("order-42")).await.unwrap();
    let other = tempfile::tempdir().unwrap();
    let claim = another_process::command("claim", &path(other.path()));
    if let Some(said) = in_own_mounts(MOUNT, desk.folder.path(), other.path(), &claim) {
        let process = format!("process {} of user", std::process::id());
        assert!(said.starts_with(&process), "{said}");
    }
}

/// Another process opens the file and closes it; the log must be there after that, and the lock that keeps
/// it there.
#[track_caller]
fn check_locks(ledger: &Path) {
    let output = another_process::command("read", ledger).output().unwrap();
    assert_eq!(said(&output), "0");
    let mut log = ledger.as_os_str().to_owned();
    log.push("-wal");
    assert!(Path::new(&log).exists(), "the log was taken away");
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::fs::MetadataExt as _;

        // As proc_locks(5) has them: POSIX ADVISORY READ, the process, the file and its range.
        let (inode, process) = (fs::metadata(ledger).unwrap().ino(), std::process::id());
        let wanted = [" POSIX ", &format!(" {process} "), &format!(":{inode} ")];
        let locks = fs::read_to_string("/proc/locks").unwrap();
        let mut locks = locks.lines();
        let is_locked = locks.any(|line| wanted.iter().all(|part| line.contains(part)));
        assert!(is_locked, "the lock is lost");
    }
}

/// SQLite counts the locks of a process; the system drops them all when the process closes any
/// descriptor of the file. An SQLite before 3.51 in another process then takes the log away.
#[test]
fn a_second_opening_keeps_the_locks_of_the_first() {
    let desk = Desk::new();
    check_locks(desk.ledger.path());
    let second = desk.another();
    check_locks(desk.ledger.path());
    drop(second);
    check_locks(desk.ledger.path());
}

/// Only one of them makes the file, and no other one has opened it before it is closed.
#[test]
fn openings_that_make_the_ledger_at_once_keep_their_locks() {
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let open = || Ledger::open(path(folder.path())).unwrap();
        let open: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
            let opened = threads.into_iter().map(|thread| thread.join().unwrap());
            opened.collect()
        });
        check_locks(open[0].path());
    }
}
