//! Which files are taken, and which are left as they are.

use std::{fs, path::Path};

use kirin_ledger::{Ledger, LedgerError};
use rusqlite::Connection;

use crate::support::{Desk, accept, path, scribe};

/// Tries to open a file that must stay as it is.
fn refused(path: &Path) -> LedgerError {
    let before = fs::read(path).unwrap();
    let error = Ledger::open(path).unwrap_err();
    assert!(fs::read(path).unwrap() == before, "it was touched: {error}");
    error
}

#[tokio::test]
async fn a_newer_file_is_refused_and_not_touched() {
    let Desk { ledger, folder } = Desk::new();
    accept(&scribe(&ledger), "order-42", "task-1").await;
    drop(ledger);
    assert!(Ledger::wait_until_closed());
    let path = path(folder.path());
    let version = |version: i64| {
        let connection = Connection::open(&path).unwrap();
        connection
            .pragma_update(None, "user_version", version)
            .unwrap();
        connection.close().unwrap();
    };
    let known = match (version(99), refused(&path)) {
        (
            (),
            LedgerError::Newer {
                found: 99, known, ..
            },
        ) => known,
        (_, error) => panic!("{error}"),
    };
    // Newer by one is newer.
    version(known + 1);
    let error = refused(&path);
    assert!(matches!(error, LedgerError::Newer { .. }), "{error}");
    version(known);
    Ledger::open(&path).unwrap();
}

#[test]
fn another_database_is_refused_and_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(folder.path());
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch("CREATE TABLE creates (a)")
        .unwrap();
    connection.close().unwrap();
    assert!(matches!(refused(&path), LedgerError::NotALedger { .. }));
}

#[test]
fn what_is_no_database_is_refused_and_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(folder.path());
    fs::write(&path, "a text, and longer than the head of a database, which is 100 bytes long or so, padded to be sure").unwrap();
    assert!(matches!(refused(&path), LedgerError::Sqlite { .. }));
}

#[tokio::test]
async fn a_damaged_file_is_refused() {
    let Desk { ledger, folder } = Desk::new();
    let journal = scribe(&ledger);
    for number in 0..20 {
        accept(
            &journal,
            &format!("order-{number}"),
            &format!("task-{number}"),
        )
        .await;
    }
    drop(journal);
    drop(ledger);
    assert!(Ledger::wait_until_closed());
    let path = path(folder.path());
    let mut bytes = fs::read(&path).unwrap();
    let page = 4096;
    assert!(bytes.len() > 3 * page, "{}", bytes.len());
    for byte in &mut bytes[2 * page..3 * page] {
        *byte ^= 0x55;
    }
    fs::write(&path, bytes).unwrap();
    let error = Ledger::open(&path).unwrap_err();
    assert!(matches!(error, LedgerError::Damaged { .. }), "{error}");
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let error = Ledger::open("/nowhere/kirin.sqlite3").unwrap_err();
    assert!(matches!(error, LedgerError::File { .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn only_its_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;

    let desk = Desk::new();
    for suffix in ["", "-wal", "-shm"] {
        let mut path = path(desk.folder.path()).into_os_string();
        path.push(suffix);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
}

/// None of them gives up because another one is at it.
#[test]
fn many_that_make_it_at_once_have_it() {
    for _ in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let open = || Ledger::open(path(folder.path())).map(drop);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..12).map(|_| scope.spawn(open)).collect();
            for thread in threads {
                thread.join().unwrap().unwrap();
            }
        });
    }
}
