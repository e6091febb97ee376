//! What may be spent on a day.

use kirin_client::machine::{Outcome, Withheld};
use kirin_types::Task;

use crate::support::{Desk, NOON, completed, id, intent_at, not_created, scribe, still_running};

/// Milliseconds of an hour.
const HOUR: i64 = 3_600_000;

#[tokio::test]
async fn c16_a_day_has_a_budget_that_all_processes_share() {
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
async fn c16_a_true_cost_takes_the_place_of_the_price() {
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

/// Its process ended before it was sent.
#[tokio::test]
async fn c16_a_create_that_is_intended_again_counts_once() {
    let desk = Desk::new();
    let journal = desk.journal().budget_per_day("0.21");
    journal.intend(&intent_at("order-1", NOON)).await.unwrap();
    journal.drop_operation(&id("order-1"));
    journal.intend(&intent_at("order-1", NOON)).await.unwrap();
    assert!(journal.intend(&intent_at("order-2", NOON)).await.is_err());
}

/// A negative cost would make room for more than was allowed.
#[tokio::test]
async fn c16_a_negative_cost_makes_no_room() {
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

/// Both may be charged: the one has ended without a video, and the other runs on.
#[tokio::test]
async fn c16_what_failed_and_what_still_runs_counts() {
    let failed =
        r#"{"id": "task-1", "status": "failed", "error": {"code": 1301, "message": "no"}}"#;
    let failed = Outcome::Failed(Task::from_json(failed.as_bytes()).unwrap());
    for end in [failed, still_running("task-1")] {
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
async fn c16_a_day_begins_with_its_first_millisecond_and_ends_before_the_next() {
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
