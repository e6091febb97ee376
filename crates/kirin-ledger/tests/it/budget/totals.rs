//! The running total of a day: what it is, and that nobody reads all rows of the day for it.

use std::sync::atomic::{AtomicU32, Ordering};

use kirin_client::machine::Withheld;
use kirin_types::{Amount, GenerationRequest, Total};
use rusqlite::Connection;

use super::said_on;
use crate::support::{Desk, NOON, Scribe, completed, id, intent_at, not_created};

/// Milliseconds of a day.
const DAY: i64 = 24 * 3_600_000;

/// The totals that are kept, and what the rows of those days come to.
pub(super) fn totals_and_sums(desk: &Desk) -> Vec<(i64, Total, Total)> {
    let raw = Connection::open(desk.ledger.path()).unwrap();
    let mut statement = raw.prepare("SELECT day, spent FROM days").unwrap();
    let days = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)));
    let days: Vec<_> = days.unwrap().map(Result::unwrap).collect();
    let of_day = |(day, spent): (i64, String)| (day, spent.parse().unwrap(), sum(&raw, day));
    days.into_iter().map(of_day).collect()
}

/// What all rows come to, in the plainest way.
fn sum(raw: &Connection, day: i64) -> Total {
    let sql = "SELECT intended_at, coalesce(cost, price), price, sent_at, sent_by_person FROM creates \
               WHERE state <> 'not_created'";
    let mut statement = raw.prepare(sql).unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut sum = Total::default();
    while let Some(row) = rows.next().unwrap() {
        let amount = |text: Option<String>| {
            Total::from(text.as_deref().unwrap_or("0").parse::<Amount>().unwrap())
        };
        let is_of_day = |at: i64| at.div_euclid(DAY) == day;
        if is_of_day(row.get(0).unwrap()) {
            sum += amount(row.get(1).unwrap());
        }
        let (sent_at, times): (Option<i64>, u32) = (row.get(3).unwrap(), row.get(4).unwrap());
        if sent_at.is_some_and(is_of_day) {
            sum += amount(row.get(2).unwrap()) * times;
        }
    }
    sum
}

/// Rows that somebody has changed in spite of the triggers change nothing: they are not read.
#[tokio::test]
async fn a_create_reads_the_total_of_its_day_and_not_the_rows() {
    let desk = Desk::new();
    let journal = desk.journal().budget_per_day("0.50");
    journal.intend(&intent_at("order-1", NOON)).await.unwrap();
    let raw = Connection::open(desk.ledger.path()).unwrap();
    let sql = "DROP TRIGGER creates_updated; UPDATE creates SET price = '1000'";
    raw.execute_batch(sql).unwrap();
    journal.intend(&intent_at("order-2", NOON)).await.unwrap();
    let two = "it costs 0.21 USD, and 0.42 of the 0.50 USD of this day are spent or reserved";
    assert_eq!(said_on(&journal, NOON).await, two);
}

/// An older version that still runs, or a person at the file, knows nothing of totals.
#[tokio::test]
async fn a_change_by_somebody_else_is_counted() {
    let said = |spent: &str| {
        format!("it costs 0.21 USD, and {spent} of the 0.50 USD of this day are spent or reserved")
    };
    let desk = Desk::new();
    let journal = desk.journal().budget_per_day("0.50");
    for order in ["order-1", "order-2"] {
        journal.intend(&intent_at(order, NOON)).await.unwrap();
    }
    let raw = Connection::open(desk.ledger.path()).unwrap();
    let first = "WHERE external_task_id = 'order-1'";
    for (change, spent) in [
        (format!("UPDATE creates SET cost = '0.30' {first}"), "0.51"),
        (
            format!("UPDATE creates SET intended_at = {} {first}", NOON - DAY),
            "0.21",
        ),
        (
            format!("UPDATE creates SET state = 'not_created', intended_at = {NOON} {first}"),
            "0.21",
        ),
        (
            format!(
                "UPDATE creates SET state = 'sent', sent_at = {NOON}, sent_by_person = 2 {first}"
            ),
            "0.93",
        ),
        (format!("DELETE FROM creates {first}"), "0.21"),
    ] {
        raw.execute_batch(&change).unwrap();
        let limited = desk.journal().budget_per_day("0.50");
        match spent {
            "0.21" => {
                limited.intend(&intent_at("order-9", NOON)).await.unwrap();
                limited.end(&id("order-9"), &not_created()).await.unwrap();
            }
            _ => assert_eq!(said_on(&limited, NOON).await, said(spent), "{change}"),
        }
        for (day, total, sum) in totals_and_sums(&desk) {
            assert_eq!(total, sum, "{day} after {change}");
        }
    }
}

/// It is there before anything was refused, also in a ledger in which nobody asked for it.
#[tokio::test]
async fn a_day_is_added_up_when_somebody_asks_for_the_first_time() {
    let desk = Desk::new();
    let journal = desk.journal();
    for order in ["order-1", "order-2", "order-3"] {
        journal.intend(&intent_at(order, NOON)).await.unwrap();
    }
    journal
        .end(&id("order-1"), &completed("task-1"))
        .await
        .unwrap();
    assert_eq!(totals_and_sums(&desk), [], "nobody asked");
    let limited = desk.journal().budget_per_day("0.62");
    let three = "it costs 0.21 USD, and 0.62 of the 0.62 USD of this day are spent or reserved";
    assert_eq!(said_on(&limited, NOON).await, three);
    let [(day, total, sum)] = <[_; 1]>::try_from(totals_and_sums(&desk)).unwrap();
    assert_eq!((day, total), (NOON / DAY, sum));
    assert_eq!(total.to_string(), "0.62");
}

fn unlisted(order: &str) -> GenerationRequest {
    let request = GenerationRequest::for_model("kirin_v1_t2v").parameter("prompt", "a fox");
    request.external_task_id(order).build().unwrap()
}

/// Most models have no list price.
#[tokio::test]
async fn the_callers_price_is_written_down_and_counts() {
    let mut intent = intent_at("order-1", NOON);
    intent.request = unlisted("order-1");
    let desk = Desk::new();
    let limited = || {
        desk.journal()
            .journal
            .budget_per_day("0.30".parse().unwrap())
    };
    let strict = Scribe::new(limited());
    let refused = strict.intend(&intent).await.unwrap_err();
    let model = "kirin_v1_t2v".to_owned();
    assert_eq!(Withheld::from(refused), Withheld::UnknownPrice { model });
    // A negative price is none.
    let negative = Scribe::new(limited().prices(|_| "-1".parse().ok()));
    assert!(negative.intend(&intent).await.is_err());

    let priced = Scribe::new(limited().prices(|_| "0.14".parse().ok()));
    priced.intend(&intent).await.unwrap();
    let entry = desk.ledger.entries().await.unwrap().remove(0);
    assert_eq!(entry.price, Some("0.14".parse().unwrap()));
    // The list price where the caller has none.
    let listed = Scribe::new(limited().prices(|_| None));
    let said = "it costs 0.21 USD, and 0.14 of the 0.30 USD of this day are spent or reserved";
    assert_eq!(said_on(&listed, NOON).await, said);
}

/// It is called on the thread that writes for everybody.
#[tokio::test]
async fn a_price_function_that_panics_refuses_its_own_create_and_no_other() {
    let desk = Desk::new();
    let limited = || {
        desk.journal()
            .journal
            .budget_per_day("0.30".parse().unwrap())
    };
    let faulty = Scribe::new(limited().prices(|_| panic!("a caller's own fault")));
    let refused = faulty.intend(&intent_at("order-1", NOON)).await;
    let said = "the function that you gave to LedgerJournal::prices panicked";
    assert_eq!(refused.unwrap_err().to_string(), said);
    // Without a budget the price is only noted.
    let noting = desk
        .journal()
        .journal
        .prices(|_| panic!("a caller's own fault"));
    let noting = Scribe::new(noting);
    noting.intend(&intent_at("order-2", NOON)).await.unwrap();
    let other = Scribe::new(limited());
    other.intend(&intent_at("order-3", NOON)).await.unwrap();
    let entries = desk.ledger.entries().await.unwrap();
    let prices: Vec<_> = entries.into_iter().map(|entry| entry.price).collect();
    assert_eq!(prices.len(), 2);
    assert!(prices.contains(&None));
}

/// What is written down is what was held against the budget, also where the function answers something else the next
/// time, or panics then.
#[tokio::test]
async fn the_price_that_fits_the_budget_is_the_one_that_is_written_down() {
    let desk = Desk::new();
    for (order, later) in [("order-1", Some("0")), ("order-2", None)] {
        let calls = AtomicU32::new(0);
        let price = move |_: &GenerationRequest| match calls.fetch_add(1, Ordering::Relaxed) {
            0 => "0.10".parse().ok(),
            _ => later.expect("a caller's own fault").parse().ok(),
        };
        let journal = desk.journal().journal.prices(price);
        let journal = Scribe::new(journal.budget_per_day("0.30".parse().unwrap()));
        journal.intend(&intent_at(order, NOON)).await.unwrap();
    }
    for entry in desk.ledger.entries().await.unwrap() {
        assert_eq!(entry.price, Some("0.10".parse().unwrap()));
    }
}
