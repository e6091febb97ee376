//! Whole copies of a ledger, and ledgers that can only be read.

use std::fs;

use kirin_ledger::{Ledger, LedgerError};

use crate::support::{Desk, base_url, id, intent, path};

/// A copy of the file alone lacks all that is in its log.
#[tokio::test]
async fn a_backup_has_what_is_in_the_log_also_while_others_write() {
    let desk = Desk::new();
    let journal = desk.journal();
    for number in 0..20 {
        let order = format!("order-{number}");
        journal.intend(&intent(&order)).await.unwrap();
        journal.send(&id(&order)).await.unwrap();
    }
    let another = desk.another();
    let backup = desk.folder.path().join("backup");
    let writes = async {
        for number in 20..40 {
            journal
                .intend(&intent(&format!("order-{number}")))
                .await
                .unwrap();
        }
    };
    let (copied, ()) = tokio::join!(
        tokio::task::spawn_blocking({
            let backup = backup.clone();
            move || another.backup(backup)
        }),
        writes
    );
    copied.unwrap().unwrap();
    let files = fs::read_dir(desk.folder.path())
        .unwrap()
        .map(|it| it.unwrap().file_name());
    let files: Vec<_> = files
        .filter(|name| name.to_string_lossy().starts_with("backup"))
        .collect();
    assert_eq!(files, ["backup"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(
            fs::metadata(&backup).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    let restored = Ledger::open(&backup).unwrap();
    let entries = restored.entries().await.unwrap();
    assert!((20..=40).contains(&entries.len()), "{}", entries.len());
    assert_eq!(entries[..20], desk.ledger.entries().await.unwrap()[..20]);
    // What was sent since may be paid, and it does not know.
    assert!(restored.looks_up_first());
}

#[tokio::test]
async fn a_backup_replaces_no_file_and_leaves_none_where_it_fails() {
    let desk = Desk::new();
    let (ledger, other) = (desk.ledger.path(), desk.folder.path().join("other"));
    fs::write(&other, "mine").unwrap();
    for file in [ledger, &other] {
        let error = desk.ledger.backup(file).unwrap_err();
        assert!(matches!(error, LedgerError::File { .. }), "{error}");
    }
    assert_eq!(fs::read_to_string(&other).unwrap(), "mine");
    desk.ledger
        .backup(desk.folder.path().join("no/folder"))
        .unwrap_err();
    assert_eq!(desk.ledger.entries().await.unwrap(), []);
}

/// It has begun with the file before it fails: to SQLite a name is text.
#[cfg(target_os = "linux")]
#[test]
fn a_backup_that_fails_midway_leaves_no_file() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};

    let desk = Desk::new();
    let to = tempfile::tempdir().unwrap();
    let file = to.path().join(OsStr::from_bytes(b"backup-\xff"));
    let error = desk.ledger.backup(&file).unwrap_err();
    assert!(error.to_string().contains("its name is no text"), "{error}");
    assert_eq!(fs::read_dir(to.path()).unwrap().count(), 0);
}

/// The log stands beside the file, and not beside a link to it.
#[cfg(unix)]
#[tokio::test]
async fn a_copy_by_way_of_a_link_has_what_is_in_the_log() {
    let desk = Desk::new();
    desk.journal().intend(&intent("order-42")).await.unwrap();
    let (disk, private) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let link = disk.path().join("link");
    std::os::unix::fs::symlink(desk.ledger.path(), &link).unwrap();
    let copy = Ledger::open_copy(&link, private.path()).unwrap();
    assert_eq!(copy.entries().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_ledger_without_a_log_is_copied_and_one_whose_log_cannot_be_read_is_not() {
    let desk = Desk::new();
    desk.journal().intend(&intent("order-42")).await.unwrap();
    let disk = tempfile::tempdir().unwrap();
    let ledger = path(disk.path());
    desk.ledger.backup(&ledger).unwrap();
    let private = tempfile::tempdir().unwrap();
    let copy = Ledger::open_copy(&ledger, private.path()).unwrap();
    assert_eq!(copy.entries().await.unwrap().len(), 1);
    // No file can be copied from here.
    fs::create_dir(disk.path().join("kirin.sqlite3-wal")).unwrap();
    let private = tempfile::tempdir().unwrap();
    let error = Ledger::open_copy(&ledger, private.path()).unwrap_err();
    assert!(matches!(error, LedgerError::File { .. }), "{error}");
}

/// The log is a part of it: without it, what is there is an older ledger or none.
#[tokio::test]
async fn a_copy_of_a_ledger_that_can_only_be_read_has_what_is_in_its_log() {
    let desk = Desk::new();
    let journal = desk.journal();
    journal.intend(&intent("order-42")).await.unwrap();
    journal.send(&id("order-42")).await.unwrap();
    // As a process leaves it that was killed.
    let disk = tempfile::tempdir().unwrap();
    for suffix in ["", "-wal"] {
        let name = format!("kirin.sqlite3{suffix}");
        fs::copy(desk.folder.path().join(&name), disk.path().join(&name)).unwrap();
        let mut permissions = fs::metadata(disk.path().join(&name)).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(disk.path().join(&name), permissions).unwrap();
    }
    let private = tempfile::tempdir().unwrap();
    let copy = Ledger::open_copy(path(disk.path()), private.path()).unwrap();
    let entries = copy.entries().await.unwrap();
    assert_eq!(entries, desk.ledger.find("order-42").await.unwrap());
    assert_eq!(entries[0].base_url, base_url());
    assert_eq!(fs::read_dir(disk.path()).unwrap().count(), 2);
}
