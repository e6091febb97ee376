//! A process that ends in the middle of a write.

use std::{
    fs,
    path::Path,
    pin::pin,
    task::{Context, Waker},
};

use kirin_ledger::Ledger;

use crate::support::{Desk, Scribe, accept, completed, id, path, scribe};

/// What is in a ledger, in the order in which it came there.
async fn story(ledger: &Ledger) -> Vec<String> {
    let entries = ledger.entries().await.unwrap();
    let told = entries
        .iter()
        .map(|entry| format!("{} {:?}", entry.external_task_id, entry.state));
    told.collect()
}

/// The same file with its write-ahead log cut at this byte, as a crash may leave it.
async fn cut(from: &Path, to: &Path, length: usize) -> Vec<String> {
    fs::copy(path(from), path(to)).unwrap();
    let log = |folder: &Path| {
        let mut log = path(folder).into_os_string();
        log.push("-wal");
        log
    };
    let bytes = fs::read(log(from)).unwrap();
    fs::write(log(to), &bytes[..length]).unwrap();
    let ledger = Ledger::open(path(to)).unwrap();
    story(&ledger).await
}

#[tokio::test]
async fn the_log_cut_anywhere_leaves_a_prefix() {
    let desk = Desk::new();
    let journal = desk.journal();
    // Every state that was committed, in order.
    let mut committed = vec![story(&desk.ledger).await];
    for number in 0..4 {
        let (order, task) = (format!("order-{number}"), format!("task-{number}"));
        journal
            .intend(&crate::support::intent(&order))
            .await
            .unwrap();
        committed.push(story(&desk.ledger).await);
        journal.send(&id(&order)).await.unwrap();
        committed.push(story(&desk.ledger).await);
        journal
            .accept(&id(&order), &task.parse().unwrap())
            .await
            .unwrap();
        committed.push(story(&desk.ledger).await);
        journal.end(&id(&order), &completed(&task)).await.unwrap();
        committed.push(story(&desk.ledger).await);
    }
    let mut log = path(desk.folder.path()).into_os_string();
    log.push("-wal");
    let length = usize::try_from(fs::metadata(&log).unwrap().len()).unwrap();
    // The head of the log, and of each frame, and a page.
    let (head, frame) = (32, 24 + 4096);
    let frames = (length - head) / frame;
    assert!(frames > 16, "{frames}");
    let mut seen = Vec::new();
    for number in 0..=frames {
        let end = head + number * frame;
        for at in [end.saturating_sub(1), end, (end + frame / 2).min(length)] {
            let folder = tempfile::tempdir().unwrap();
            let found = cut(desk.folder.path(), folder.path(), at).await;
            let place = committed.iter().position(|state| *state == found);
            seen.push(place.unwrap_or_else(|| panic!("cut at {at}: {found:?}")));
        }
    }
    assert!(seen.is_sorted(), "{seen:?}");
    assert_eq!(
        seen.last(),
        Some(&16),
        "with the whole log everything is there"
    );
    seen.dedup();
    assert_eq!(
        seen,
        (0..=16).collect::<Vec<_>>(),
        "every state is the end of some crash"
    );
}

/// Hands an intent over, which happens at the first poll, and does not wait for it.
fn hand_over(journal: &Scribe) {
    let intent = crate::support::intent("order-42");
    let write = pin!(journal.intend(&intent));
    let _ = write.poll(&mut Context::from_waker(Waker::noop()));
}

#[tokio::test]
async fn what_nobody_waits_for_is_written_all_the_same() {
    let desk = Desk::new();
    let journal = desk.journal();
    hand_over(&journal);
    // The jobs of a ledger are done in order.
    assert_eq!(story(&desk.ledger).await, ["order-42 Intended"]);
    accept(&journal, "order-43", "task-1").await;
}

/// A program that ends right after a write was handed over ends with it written.
#[test]
fn what_waits_is_written_before_the_ledger_is_closed() {
    for round in 0..50 {
        let Desk { ledger, folder } = Desk::new();
        let journal = scribe(&ledger);
        drop(ledger);
        hand_over(&journal);
        drop(journal);
        // Read by somebody else, as the next process would.
        let connection = rusqlite::Connection::open(path(folder.path())).unwrap();
        let count = "SELECT count(*) FROM creates";
        let count: i64 = connection.query_row(count, [], |row| row.get(0)).unwrap();
        assert_eq!(count, 1, "round {round}");
    }
}

/// The last one to close a ledger brings the log into the file, page by page, and may be killed at each. Then
/// the file alone is nothing that can be read, and it is whole with its log.
#[tokio::test]
async fn a_checkpoint_that_ends_at_any_page_leaves_the_ledger_whole() {
    const PAGE: usize = 4096;
    let desk = Desk::new();
    let journal = desk.journal();
    // What was brought into the file before, and what is only in the log.
    for number in 0..100 {
        let order = format!("order-{number}");
        let intent = crate::support::intent(&order);
        journal.intend(&intent).await.unwrap();
        journal.send(&id(&order)).await.unwrap();
        if number == 20 {
            checkpoint(desk.folder.path());
        }
    }
    let expected = story(&desk.ledger).await;
    let other = |suffix: &str| {
        let mut name = path(desk.folder.path()).into_os_string();
        name.push(suffix);
        std::path::PathBuf::from(name)
    };
    let before = fs::read(path(desk.folder.path())).unwrap();
    let log = fs::read(other("-wal")).unwrap();
    let mark = fs::read(other(".processes").join("knowledge")).unwrap();
    checkpoint(desk.folder.path());
    let after = fs::read(path(desk.folder.path())).unwrap();
    let pages = after.len() / PAGE;
    assert!(pages > before.len() / PAGE && pages > 20, "{pages} pages");
    for written in 0..=pages {
        let folder = tempfile::tempdir().unwrap();
        let mut file = after[..written * PAGE].to_vec();
        file.extend_from_slice(before.get(written * PAGE..).unwrap_or_default());
        fs::write(path(folder.path()), file).unwrap();
        let beside = |suffix: &str| {
            let mut name = path(folder.path()).into_os_string();
            name.push(suffix);
            std::path::PathBuf::from(name)
        };
        fs::write(beside("-wal"), &log).unwrap();
        fs::create_dir(beside(".processes")).unwrap();
        fs::write(beside(".processes").join("knowledge"), &mark).unwrap();
        let ledger = Ledger::open(path(folder.path()));
        let ledger = ledger.unwrap_or_else(|error| panic!("{written} of {pages}: {error}"));
        assert_eq!(story(&ledger).await, expected, "{written} of {pages}");
        // It takes creates.
        let journal = scribe(&ledger);
        let intent = crate::support::intent("another");
        journal.intend(&intent).await.unwrap();
        journal.send(&id("another")).await.unwrap();
    }
}

/// Brings what is in the log into the file.
fn checkpoint(folder: &Path) {
    let connection = rusqlite::Connection::open(path(folder)).unwrap();
    let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
    let busy: i64 = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(busy, 0);
}
