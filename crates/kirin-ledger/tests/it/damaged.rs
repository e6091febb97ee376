//! Rows with numbers that nothing wrote.

use kirin_client::machine::SendReason;
use kirin_ledger::{Ledger, LedgerError};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::support::{Desk, NOON, id, intent_at, path, scribe};

const EXTREMES: [i64; 6] = [-1, 0, 255, u32::MAX as i64, i64::MAX, i64::MIN];

const NUMBERS: [&str; 15] = [
    "creates.accepted_at",
    "creates.attempt_is_open",
    "creates.attempts",
    "creates.clock_difference",
    "creates.ended_at",
    "creates.intended_at",
    "creates.intended_at_is_known",
    "creates.is_minted",
    "creates.latest_attempt",
    "creates.refusal_is_open",
    "creates.repetitions",
    "creates.sent_at",
    "creates.sent_by_person",
    "knowledge.began_at",
    "openings.counter",
];

/// The folder of a ledger with one create that was sent, and this written over it.
async fn damaged(sql: &str) -> TempDir {
    let Desk { ledger, folder } = Desk::new();
    let journal = scribe(&ledger);
    journal.intend(&intent_at("order-1", NOON)).await.unwrap();
    journal.send(&id("order-1")).await.unwrap();
    drop((journal, ledger));
    assert!(Ledger::wait_until_closed());
    let connection = Connection::open(path(folder.path())).unwrap();
    connection.execute_batch(sql).unwrap();
    folder
}

#[tokio::test]
async fn no_number_in_a_damaged_row_makes_the_ledger_panic() {
    let mut sent = 0;
    for number in NUMBERS {
        let (table, column) = number.split_once('.').unwrap();
        for extreme in EXTREMES {
            let sql = format!("UPDATE {table} SET {column} = {extreme}");
            let folder = damaged(&sql).await;
            // What cannot be opened is an error already.
            let Ok(ledger) = Ledger::open(path(folder.path())) else {
                continue;
            };
            let _ = (ledger.entries().await, ledger.unfinished().await);
            let journal = scribe(&ledger);
            if let Ok(intent) = ledger.intent(1).await {
                let _ = journal.take_over(&intent).await;
                let person = SendReason::Person;
                let again = journal.send_because(&id("order-1"), person).await;
                sent += usize::from(again.is_ok());
            }
            let limited = scribe(&ledger).budget_per_day("1");
            let _ = limited.intend(&intent_at("order-2", extreme)).await;
            // It goes on answering: nothing of it has ended by a panic.
            let error = ledger.intent(99).await.unwrap_err();
            let is_none = matches!(error, LedgerError::NoSuchEntry);
            assert!(is_none, "{number} {extreme}: {error:?}");
        }
    }
    assert!(sent > 50, "only {sent} could be sent again");
}

/// It is the file that says how often a person sent it, so nothing is done that often.
#[tokio::test]
async fn a_create_that_was_sent_four_billion_times_is_over_the_budget_at_once() {
    let sql = format!("UPDATE creates SET sent_by_person = 4294967295, sent_at = {NOON}");
    let folder = damaged(&sql).await;
    let ledger = Ledger::open(path(folder.path())).unwrap();
    let journal = scribe(&ledger).budget_per_day("100");
    let refused = journal.intend(&intent_at("order-2", NOON)).await;
    let said = refused.unwrap_err().to_string();
    assert!(said.contains("901943132.16 of the 100 USD"), "{said}");
}
