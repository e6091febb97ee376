//! What may be spent on a day.

mod prop;
mod totals;

use kirin_client::{
    JournalError,
    machine::{Outcome, SendReason, Withheld},
};
use kirin_types::Task;
use rusqlite::Connection;

use crate::support::{
    Desk, NOON, Scribe, completed, id, intent_at, not_created, scribe, still_running, unresolved,
};

/// Milliseconds of an hour.
const HOUR: i64 = 3_600_000;

#[tokio::test]
async fn a_day_has_a_budget_that_all_processes_share() {
    let desk = Desk::new();
    let other = desk.another();
    let mine = desk.journal().budget_per_day("0.50");
    let theirs = scribe(&other).budget_per_day("0.50");
    mine.intend(&intent_at("order-1", NOON)).await.unwrap();
    theirs
        .intend(&intent_at("order-2", NOON + HOUR))
        .await
        .unwrap();
    let refused = mine
        .intend(&intent_at("order-3", NOON + 2 * HOUR))
        .await
        .unwrap_err();
    let said = "it costs 0.21 USD, and 0.42 of the 0.50 USD of this day are spent or reserved";
    assert_eq!(refused.to_string(), said);
    assert!(matches!(Withheld::from(refused), Withheld::Budget { .. }));
    // The next day has its own.
    mine.intend(&intent_at("order-4", NOON + 12 * HOUR))
        .await
        .unwrap();
    // What created nothing costs nothing.
    mine.end(&id("order-1"), &not_created()).await.unwrap();
    mine.intend(&intent_at("order-3", NOON + 2 * HOUR))
        .await
        .unwrap();
    assert_eq!(desk.ledger.entries().await.unwrap().len(), 4);
}

#[tokio::test]
async fn a_true_cost_takes_the_place_of_the_price() {
    let desk = Desk::new();
    let journal = desk.journal().budget_per_day("0.41");
    journal.intend(&intent_at("order-1", NOON)).await.unwrap();
    assert!(journal.intend(&intent_at("order-2", NOON)).await.is_err());
    journal
        .end(&id("order-1"), &completed("task-1"))
        .await
        .unwrap();
    journal.intend(&intent_at("order-2", NOON)).await.unwrap();
}

#[tokio::test]
async fn a_failed_task_that_cost_nothing_gives_its_price_back() {
    let desk = Desk::new();
    let journal = desk.journal().budget_per_day("0.21");
    journal.intend(&intent_at("order-1", NOON)).await.unwrap();
    let json = r#"{"id": "task-1", "status": "failed", "usage": {"cost": "0"}}"#;
    let failed = Outcome::Failed(Task::from_json(json.as_bytes()).unwrap());
    journal.end(&id("order-1"), &failed).await.unwrap();
    let entries = desk.ledger.entries().await.unwrap();
    assert_eq!(entries[0].cost, Some("0".parse().unwrap()));
    journal.intend(&intent_at("order-2", NOON)).await.unwrap();
}

/// Its process ended before it was sent.
#[tokio::test]
async fn a_create_that_is_intended_again_counts_once() {
    let desk = Desk::new();
    let journal = desk.journal().budget_per_day("0.21");
    journal.intend(&intent_at("order-1", NOON)).await.unwrap();
    journal.drop_operation(&id("order-1"));
    journal.intend(&intent_at("order-1", NOON)).await.unwrap();
    assert!(journal.intend(&intent_at("order-2", NOON)).await.is_err());
}

/// A negative cost would make room for more than was allowed.
#[tokio::test]
async fn a_negative_cost_makes_no_room() {
    let desk = Desk::new();
    let journal = desk.journal().budget_per_day("0.41");
    journal.intend(&intent_at("order-1", NOON)).await.unwrap();
    let json = r#"{"id": "task-1", "status": "completed", "usage": {"cost": -5},
        "output": [{"content": [{"type": "video", "url": "https://example.com/a.mp4"}]}]}"#;
    let task = Task::from_json(json.as_bytes()).unwrap();
    let outcome = Outcome::Completed(task);
    journal.end(&id("order-1"), &outcome).await.unwrap();
    assert!(journal.intend(&intent_at("order-2", NOON)).await.is_err());
}

/// Each may be charged: one has ended without a video, one runs on, and of one nothing is known.
#[tokio::test]
async fn what_failed_and_what_still_runs_counts() {
    let failed =
        r#"{"id": "task-1", "status": "failed", "error": {"code": 1301, "message": "no"}}"#;
    let failed = Outcome::Failed(Task::from_json(failed.as_bytes()).unwrap());
    for end in [failed, still_running("task-1"), unresolved("order-1")] {
        let desk = Desk::new();
        let journal = desk.journal().budget_per_day("0.41");
        journal.intend(&intent_at("order-1", NOON)).await.unwrap();
        journal.send(&id("order-1")).await.unwrap();
        journal.end(&id("order-1"), &end).await.unwrap();
        let refused = journal.intend(&intent_at("order-2", NOON)).await;
        assert!(refused.is_err(), "{end:?}");
    }
}

#[tokio::test]
async fn a_day_begins_with_its_first_millisecond_and_ends_before_the_next() {
    let (first, next) = (NOON - 12 * HOUR, NOON + 12 * HOUR);
    for (one, other, are_of_one_day) in [
        (first, NOON, true),
        (first, next - 1, true),
        (first - 1, NOON, false),
        (next, NOON, false),
        (next, next - 1, false),
        (first - 1, first, false),
    ] {
        let desk = Desk::new();
        let journal = desk.journal().budget_per_day("0.41");
        journal.intend(&intent_at("order-1", one)).await.unwrap();
        let refused = journal.intend(&intent_at("order-2", other)).await;
        assert_eq!(refused.is_err(), are_of_one_day, "{one} {other}");
    }
}

/// Sent long ago, and again now because a person decided it.
async fn sent_by_person(journal: &Scribe, order: &str) -> Result<(), JournalError> {
    journal.intend(&intent_at(order, NOON)).await.unwrap();
    journal.send(&id(order)).await.unwrap();
    again_by_person(journal, order).await
}

async fn again_by_person(journal: &Scribe, order: &str) -> Result<(), JournalError> {
    let reason = SendReason::Person;
    journal.send_because(&id(order), reason).await
}

/// When a create was sent last.
fn sent_at(desk: &Desk, order: &str) -> i64 {
    let raw = Connection::open(desk.ledger.path()).unwrap();
    let sql = "SELECT sent_at FROM creates WHERE external_task_id = ?1";
    raw.query_row(sql, [order], |row| row.get(0)).unwrap()
}

/// What is left of this day for another create.
async fn said_on(journal: &Scribe, day: i64) -> String {
    let intended = journal.intend(&intent_at("order-9", day)).await;
    intended.unwrap_err().to_string()
}

#[tokio::test]
async fn what_a_person_sends_counts_on_the_day_on_which_it_is_sent() {
    let desk = Desk::new();
    let journal = desk.journal();
    sent_by_person(&journal, "order-1").await.unwrap();
    let limited = desk.journal().budget_per_day("0.41");
    let (intended, sent) = (NOON, sent_at(&desk, "order-1"));
    assert!(sent - intended > 24 * HOUR, "they are of two days");
    let one = "it costs 0.21 USD, and 0.21 of the 0.41 USD of this day are spent or reserved";
    assert_eq!(said_on(&limited, sent).await, one);
    assert_eq!(said_on(&limited, intended).await, one);
    // Each time may be charged.
    again_by_person(&journal, "order-1").await.unwrap();
    let sent = sent_at(&desk, "order-1");
    let two = "it costs 0.21 USD, and 0.42 of the 0.41 USD of this day are spent or reserved";
    assert_eq!(said_on(&limited, sent).await, two);
    assert_eq!(said_on(&limited, intended).await, one);
}

#[tokio::test]
async fn what_a_person_sends_and_takes_back_counts_nothing() {
    let desk = Desk::new();
    let journal = desk.journal();
    sent_by_person(&journal, "order-1").await.unwrap();
    let sent = sent_at(&desk, "order-1");
    let reason = SendReason::Person;
    journal.take_back(&id("order-1"), reason).await.unwrap();
    let limited = desk.journal().budget_per_day("0.41");
    limited.intend(&intent_at("order-2", sent)).await.unwrap();
}

#[tokio::test]
async fn a_person_is_kept_to_the_budget_of_the_day() {
    let desk = Desk::new();
    let limited = desk.journal().budget_per_day("0.41");
    sent_by_person(&limited, "order-1").await.unwrap();
    let again = again_by_person(&limited, "order-1").await.unwrap_err();
    assert!(matches!(Withheld::from(again), Withheld::Budget { .. }));
    // What was refused is not written down as sent.
    let entry = desk.ledger.entries().await.unwrap().remove(0);
    assert_eq!(entry.attempts, 2);
    limited
        .take_back(&id("order-1"), SendReason::Person)
        .await
        .unwrap();
    again_by_person(&limited, "order-1").await.unwrap();
    // What the host would refuse as a duplicate costs nothing.
    limited.send(&id("order-1")).await.unwrap();
}
