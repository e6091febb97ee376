//! The ledger is deleted, moved, replaced or restored from a backup: while it is open, and between two
//! runs. What is written where nobody will look is no reason to spend.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use kirin_client::Journal as _;
use kirin_ledger::{Ledger, LedgerError};
use rusqlite::Connection;

use crate::support::{Desk, Scribe, base_url, create, id, intent, path, scribe};

/// A file of the ledger's.
fn file(folder: &Path, suffix: &str) -> PathBuf {
    folder.join(format!("kirin.sqlite3{suffix}"))
}

async fn send(journal: &Scribe, order: &str) -> Result<(), kirin_client::JournalError> {
    journal.intend(&intent(order)).await?;
    journal.send(&id(order)).await
}

/// Copies a file as a shell does it. In this process it would drop the locks of SQLite.
fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg(from).arg(to).status();
    assert!(status.unwrap().success());
}

/// Sends a create, does something to the folder, and gives what the next one says.
async fn said_after(act: impl FnOnce(&Path)) -> String {
    let desk = Desk::new();
    let journal = desk.journal();
    send(&journal, "order-1").await.unwrap();
    journal.intend(&intent("order-2")).await.unwrap();
    act(desk.folder.path());
    let said = journal.send(&id("order-2")).await.unwrap_err().to_string();
    // Nor is anything else begun or gone on with.
    journal.intend(&intent("order-3")).await.unwrap_err();
    let claim = desk.ledger.claim(&base_url(), &id("order-1")).await;
    claim.unwrap_err();
    let entries = desk.ledger.entries().await.unwrap();
    assert_eq!(entries[1].attempts, 0, "it is not said to be sent");
    let folder = fs::canonicalize(desk.folder.path()).unwrap();
    said.replace(&folder.display().to_string(), "FOLDER")
}

const REPLACED: &str =
    "the ledger FOLDER/kirin.sqlite3 is not the file any more that this process has opened: ";

#[tokio::test]
async fn a_ledger_that_is_deleted_while_it_is_open_takes_no_create() {
    let said = said_after(|folder| fs::remove_file(file(folder, "")).unwrap()).await;
    let wanted = format!("{REPLACED}FOLDER/kirin.sqlite3 was deleted or moved");
    assert_eq!(said, wanted);
    let all = said_after(|folder| {
        for suffix in ["", "-wal", "-shm"] {
            fs::remove_file(file(folder, suffix)).unwrap();
        }
        fs::remove_dir_all(file(folder, ".processes")).unwrap();
    });
    assert_eq!(all.await, wanted);
}

#[tokio::test]
async fn a_ledger_that_is_moved_while_it_is_open_takes_no_create() {
    let said = said_after(|folder| {
        fs::rename(file(folder, ""), file(folder, ".old")).unwrap();
    });
    let wanted = format!("{REPLACED}FOLDER/kirin.sqlite3 was deleted or moved");
    assert_eq!(said.await, wanted);
}

#[tokio::test]
async fn a_ledger_that_is_replaced_while_it_is_open_takes_no_create() {
    let said = said_after(|folder| {
        let other = Desk::new();
        drop(other.ledger);
        fs::rename(path(other.folder.path()), file(folder, "")).unwrap();
    });
    let wanted = format!("{REPLACED}another file is at FOLDER/kirin.sqlite3");
    assert_eq!(said.await, wanted);
}

#[tokio::test]
async fn a_ledger_whose_log_is_deleted_while_it_is_open_takes_no_create() {
    for suffix in ["-wal", "-shm"] {
        let said = said_after(|folder| fs::remove_file(file(folder, suffix)).unwrap());
        let wanted = format!("{REPLACED}FOLDER/kirin.sqlite3{suffix} was deleted or moved");
        assert_eq!(said.await, wanted);
    }
}

/// Without it, a create that is under way here is free for everybody.
#[tokio::test]
async fn a_ledger_whose_lock_folder_is_deleted_while_it_is_open_takes_no_create() {
    let said = said_after(|folder| fs::remove_dir_all(file(folder, ".processes")).unwrap());
    let said = said.await;
    assert!(said.ends_with(" was deleted or moved"), "{said}");
}

#[tokio::test]
async fn a_ledger_that_gets_a_second_name_while_it_is_open_takes_no_create() {
    let said = said_after(|folder| {
        fs::hard_link(file(folder, ""), file(folder, ".backup")).unwrap();
    });
    let wanted = format!("{REPLACED}FOLDER/kirin.sqlite3 has a second name, a hard link");
    assert_eq!(said.await, wanted);
}

#[tokio::test]
async fn a_ledger_that_is_back_in_its_place_takes_creates_again() {
    let desk = Desk::new();
    let journal = desk.journal();
    send(&journal, "order-1").await.unwrap();
    let (here, there) = (
        file(desk.folder.path(), ""),
        file(desk.folder.path(), ".old"),
    );
    fs::rename(&here, &there).unwrap();
    send(&journal, "order-2").await.unwrap_err();
    fs::rename(&there, &here).unwrap();
    send(&journal, "order-3").await.unwrap();
}

/// A consistent copy.
fn back_up(ledger: &Path, to: &Path) {
    let connection = Connection::open(ledger).unwrap();
    let sql = "VACUUM INTO ?1";
    connection.execute(sql, [to.to_str().unwrap()]).unwrap();
}

/// Brings what is in the log into the file.
fn checkpoint(ledger: &Path) {
    let connection = Connection::open(ledger).unwrap();
    let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
    let busy: i64 = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(busy, 0);
}

/// The log stays: what the ledger says is a mixture of both.
#[tokio::test]
async fn a_backup_that_is_copied_over_an_open_ledger_is_seen() {
    let desk = Desk::new();
    let (journal, ledger) = (desk.journal(), desk.ledger.path());
    send(&journal, "order-1").await.unwrap();
    let backup = file(desk.folder.path(), ".backup");
    back_up(ledger, &backup);
    send(&journal, "order-2").await.unwrap();
    checkpoint(ledger);
    send(&journal, "order-3").await.unwrap();
    copy(&backup, ledger);
    let error = send(&journal, "order-4").await.unwrap_err().to_string();
    assert!(error.contains("knows less"), "{error}");
}

/// By SQLite itself, as `.restore` of its shell does it: the file and its log are the same ones.
#[tokio::test]
async fn a_ledger_that_is_restored_by_sqlite_while_it_is_open_is_seen() {
    let desk = Desk::new();
    let journal = desk.journal();
    journal.intend(&intent("order-1")).await.unwrap();
    journal.intend(&intent("order-2")).await.unwrap();
    let other = desk.another();
    let theirs = scribe(&other);
    let restore = |sql: &str| {
        let connection = Connection::open(desk.ledger.path()).unwrap();
        connection.execute_batch(sql).unwrap();
    };
    send(&theirs, "order-3").await.unwrap();
    restore("DELETE FROM openings WHERE token <> 'layout-1'");
    let error = journal.send(&id("order-1")).await.unwrap_err().to_string();
    assert!(error.contains("knows less"), "{error}");
    // However often it is tried: what is tried and refused does not count.
    for _ in 0..3 {
        let error = journal.send(&id("order-2")).await.unwrap_err().to_string();
        assert!(error.contains("knows less"), "{error}");
    }
}

/// A closed ledger that has sent one create, a backup of it, and then another create.
async fn restorable() -> (tempfile::TempDir, PathBuf) {
    let Desk { ledger, folder } = Desk::new();
    let journal = scribe(&ledger);
    send(&journal, "order-1").await.unwrap();
    let backup = file(folder.path(), ".backup");
    back_up(ledger.path(), &backup);
    send(&journal, "order-2").await.unwrap();
    drop((journal, ledger));
    assert!(Ledger::wait_until_closed());
    (folder, backup)
}

#[track_caller]
fn refused(folder: &Path) -> LedgerError {
    let before = fs::read(file(folder, "")).ok();
    let error = Ledger::open(path(folder)).unwrap_err();
    let is_same = fs::read(file(folder, "")).ok() == before;
    assert!(is_same, "it was touched: {error}");
    error
}

#[tokio::test]
async fn a_ledger_that_was_restored_between_two_runs_is_refused_until_it_is_accepted() {
    let (folder, backup) = restorable().await;
    fs::copy(&backup, file(folder.path(), "")).unwrap();
    for _ in 0..2 {
        let error = refused(folder.path());
        assert!(matches!(error, LedgerError::Outdated { .. }), "{error}");
    }
    let ledger = Ledger::accept(path(folder.path())).unwrap();
    assert!(ledger.looks_up_first());
    let [entry] = <[_; 1]>::try_from(ledger.entries().await.unwrap()).unwrap();
    // It may have been repeated since the backup.
    let intent = ledger.intent(entry.number).await.unwrap();
    assert_eq!(intent.repetitions_after_absence, 1);
    send(&scribe(&ledger), "order-2").await.unwrap();
    let new = scribe(&ledger).entry(&id("order-2")).await.unwrap().intent;
    assert_eq!(new.repetitions_after_absence, 0);
    drop(ledger);
    assert!(Ledger::wait_until_closed());
    let ledger = Ledger::open(path(folder.path())).unwrap();
    send(&scribe(&ledger), "order-3").await.unwrap();
    drop(ledger);
    assert!(Ledger::wait_until_closed());
    // What was accepted is what is known from then on.
    fs::copy(&backup, file(folder.path(), "")).unwrap();
    let error = refused(folder.path());
    assert!(matches!(error, LedgerError::Outdated { .. }), "{error}");
}

#[tokio::test]
async fn the_latest_backup_is_not_refused() {
    let (folder, backup) = restorable().await;
    fs::remove_file(&backup).unwrap();
    back_up(&path(folder.path()), &backup);
    fs::remove_file(path(folder.path())).unwrap();
    fs::rename(&backup, path(folder.path())).unwrap();
    let ledger = Ledger::open(path(folder.path())).unwrap();
    assert_eq!(ledger.entries().await.unwrap().len(), 2);
    send(&scribe(&ledger), "order-3").await.unwrap();
}

#[tokio::test]
async fn a_lock_folder_without_its_ledger_is_refused_until_it_is_accepted() {
    let (folder, _) = restorable().await;
    fs::remove_file(path(folder.path())).unwrap();
    for _ in 0..2 {
        let error = refused(folder.path());
        assert!(matches!(error, LedgerError::Missing { .. }), "{error}");
    }
    assert!(!Ledger::would_be_new(path(folder.path())));
    let ledger = Ledger::accept(path(folder.path())).unwrap();
    assert!(ledger.looks_up_first());
    assert_eq!(ledger.entries().await.unwrap(), []);
    send(&scribe(&ledger), "order-2").await.unwrap();
    drop(ledger);
    assert!(Ledger::wait_until_closed());
    Ledger::open(path(folder.path())).unwrap();
}

#[tokio::test]
async fn a_ledger_that_was_emptied_is_refused() {
    let (folder, _) = restorable().await;
    fs::write(path(folder.path()), "").unwrap();
    for _ in 0..2 {
        let error = refused(folder.path());
        assert!(matches!(error, LedgerError::Outdated { .. }), "{error}");
        // Also where an older version has left nothing to compare it with.
        let _ = fs::remove_file(file(folder.path(), ".processes/knowledge"));
    }
}

/// It went on elsewhere, and counted further than this one; but it does not know what this one sent.
#[tokio::test]
async fn a_ledger_that_comes_back_from_elsewhere_is_refused() {
    let (folder, backup) = restorable().await;
    let elsewhere = tempfile::tempdir().unwrap();
    fs::copy(&backup, path(elsewhere.path())).unwrap();
    let ledger = Ledger::open(path(elsewhere.path())).unwrap();
    // It came without its lock folder.
    assert!(ledger.looks_up_first());
    for order in ["order-5", "order-6", "order-7"] {
        send(&scribe(&ledger), order).await.unwrap();
    }
    drop(ledger);
    assert!(Ledger::wait_until_closed());
    fs::copy(path(elsewhere.path()), path(folder.path())).unwrap();
    let error = refused(folder.path());
    assert!(matches!(error, LedgerError::Outdated { .. }), "{error}");
}

/// A process was killed, and its log stays beside the backup.
#[tokio::test]
async fn a_backup_that_is_copied_over_a_ledger_after_a_crash_is_refused() {
    let desk = Desk::new();
    let (journal, ledger) = (desk.journal(), desk.ledger.path());
    send(&journal, "order-1").await.unwrap();
    let backup = file(desk.folder.path(), ".backup");
    back_up(ledger, &backup);
    send(&journal, "order-2").await.unwrap();
    checkpoint(ledger);
    send(&journal, "order-3").await.unwrap();
    send(&journal, "order-4").await.unwrap();
    let crashed = tempfile::tempdir().unwrap();
    copy(&backup, &file(crashed.path(), ""));
    copy(
        &file(desk.folder.path(), "-wal"),
        &file(crashed.path(), "-wal"),
    );
    fs::create_dir(file(crashed.path(), ".processes")).unwrap();
    let knowledge = ".processes/knowledge";
    copy(
        &file(desk.folder.path(), knowledge),
        &file(crashed.path(), knowledge),
    );
    let log = fs::read(file(crashed.path(), "-wal")).unwrap();
    let error = refused(crashed.path());
    assert!(matches!(error, LedgerError::Outdated { .. }), "{error}");
    let is_same = fs::read(file(crashed.path(), "-wal")).unwrap() == log;
    assert!(is_same, "the log was touched");
}

/// The old process may not send, and neither may its late writes make the new one look old.
#[tokio::test]
async fn a_process_that_has_the_lost_ledger_open_sends_nothing_after_another_is_accepted() {
    let desk = Desk::new();
    let journal = desk.journal();
    send(&journal, "order-1").await.unwrap();
    for suffix in ["", "-wal", "-shm"] {
        fs::remove_file(file(desk.folder.path(), suffix)).unwrap();
    }
    let error = refused(desk.folder.path());
    assert!(matches!(error, LedgerError::Missing { .. }), "{error}");
    let accepted = Ledger::accept(path(desk.folder.path())).unwrap();
    send(&journal, "order-2").await.unwrap_err();
    send(&scribe(&accepted), "order-3").await.unwrap();
    send(&journal, "order-4").await.unwrap_err();
    drop(accepted);
    let again = Ledger::open(path(desk.folder.path())).unwrap();
    send(&scribe(&again), "order-5").await.unwrap();
}

/// A power cut may take what was not waited for: an older state, or nothing that makes sense.
#[tokio::test]
async fn a_lock_folder_that_knows_less_than_its_ledger_refuses_nothing() {
    let (folder, _) = restorable().await;
    let knowledge = file(folder.path(), ".processes/knowledge");
    let ledger = Ledger::open(path(folder.path())).unwrap();
    let earlier = fs::read(&knowledge).unwrap();
    send(&scribe(&ledger), "order-3").await.unwrap();
    drop(ledger);
    assert!(Ledger::wait_until_closed());
    for left in [earlier, Vec::new(), vec![0; 75]] {
        assert!(fs::read(&knowledge).unwrap() != left);
        fs::write(&knowledge, left).unwrap();
        let ledger = Ledger::open(path(folder.path())).unwrap();
        let order = format!("order-{}", ledger.entries().await.unwrap().len() + 1);
        send(&scribe(&ledger), &order).await.unwrap();
    }
}

#[tokio::test]
async fn a_ledger_that_was_made_new_looks_up_first_for_a_week() {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    let Desk { ledger, folder } = Desk::new();
    assert!(ledger.looks_up_first());
    drop(ledger);
    assert!(Ledger::wait_until_closed());
    for (days, looks_up_first) in [(6, true), (8, false), (-3, true)] {
        let connection = Connection::open(path(folder.path())).unwrap();
        let sql = "UPDATE knowledge SET began_at = unixepoch() * 1000 - ?1";
        connection.execute(sql, [days * DAY]).unwrap();
        drop(connection);
        let ledger = Ledger::open(path(folder.path())).unwrap();
        assert_eq!(ledger.looks_up_first(), looks_up_first, "{days}");
    }
    let ledger = Ledger::accept(path(folder.path())).unwrap();
    assert!(ledger.looks_up_first());
}

/// Whether a create that it does not know may have been repeated.
async fn may_have_been_repeated(ledger: &Ledger) -> bool {
    let recalled = ledger
        .journal(base_url())
        .recall(&create(&id("order-9")))
        .await;
    recalled.unwrap().may_have_been_repeated
}

#[tokio::test]
async fn what_a_ledger_has_forgotten_may_have_been_repeated_and_what_it_never_knew_was_not() {
    let Desk { ledger, folder } = Desk::new();
    assert!(ledger.looks_up_first() && !may_have_been_repeated(&ledger).await);
    drop((ledger, folder));
    assert!(Ledger::wait_until_closed());

    let (folder, backup) = restorable().await;
    fs::copy(&backup, file(folder.path(), "")).unwrap();
    let ledger = Ledger::accept(path(folder.path())).unwrap();
    assert!(may_have_been_repeated(&ledger).await);
    drop(ledger);
    assert!(Ledger::wait_until_closed());
    // It is known as long as what is unknown is looked for.
    assert!(may_have_been_repeated(&Ledger::open(path(folder.path())).unwrap()).await);
    assert!(Ledger::wait_until_closed());
    let connection = Connection::open(path(folder.path())).unwrap();
    let sql = "UPDATE knowledge SET began_at = unixepoch() * 1000 - 8 * 86400000";
    connection.execute(sql, []).unwrap();
    drop(connection);
    assert!(!may_have_been_repeated(&Ledger::open(path(folder.path())).unwrap()).await);

    let elsewhere = tempfile::tempdir().unwrap();
    fs::copy(&backup, path(elsewhere.path())).unwrap();
    let ledger = Ledger::open(path(elsewhere.path())).unwrap();
    assert!(
        may_have_been_repeated(&ledger).await,
        "without its lock folder"
    );
}

/// Whatever the others do at the same time, what is right is not refused.
#[tokio::test(flavor = "multi_thread")]
async fn many_that_send_at_once_are_not_in_each_other_s_way() {
    let desk = Desk::new();
    let senders = (0..6).map(|sender| {
        let ledger = desk.another();
        tokio::spawn(async move {
            let journal = scribe(&ledger);
            for number in 0..40 {
                let order = format!("order-{sender}-{number}");
                send(&journal, &order).await.unwrap();
            }
        })
    });
    let senders: Vec<_> = senders.collect();
    for _ in 0..20 {
        // Another one that comes and goes.
        drop(desk.another());
        let connection = Connection::open(desk.ledger.path()).unwrap();
        let sql = "PRAGMA wal_checkpoint(PASSIVE)";
        connection.query_row(sql, [], |_| Ok(())).unwrap();
    }
    for sender in senders {
        sender.await.unwrap();
    }
    assert_eq!(desk.ledger.entries().await.unwrap().len(), 240);
}
