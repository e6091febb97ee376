//! The running totals, beside the sum of the rows.

use kirin_client::machine::{Outcome, SendReason};
use kirin_tests::proptest::{collection::vec, prelude::*, sample::select};
use kirin_types::Task;

use super::totals::totals_and_sums;
use crate::support::{
    Desk, NOON, Scribe, id, intent_at, not_created, scribe, still_running, unresolved,
};

const ORDERS: [&str; 3] = ["order-1", "order-2", "order-3"];

/// The last two are so far apart that an amount could not hold their sum.
const COSTS: [&str; 4] = ["0", "0.17", "79228162514264337593543950335", "1e-28"];

#[derive(Clone, Copy, Debug)]
enum Step {
    Accept,
    Dropped,
    End(End),
    Foreign,
    Intend { days: i64 },
    Reopen,
    Send,
    SendByPerson,
    TakeBack { reason: SendReason },
}

#[derive(Clone, Copy, Debug)]
enum End {
    Completed { cost: &'static str },
    NotCreated,
    StillRunning,
    Unresolved,
}

fn steps() -> impl Strategy<Value = (usize, Step)> {
    let end = prop_oneof![
        2 => select(COSTS.to_vec()).prop_map(|cost| End::Completed { cost }),
        2 => Just(End::NotCreated),
        1 => Just(End::StillRunning),
        1 => Just(End::Unresolved),
    ];
    let step = prop_oneof![
        4 => (0..2_i64).prop_map(|days| Step::Intend { days }),
        3 => Just(Step::Send),
        2 => Just(Step::SendByPerson),
        2 => select(vec![SendReason::Person, SendReason::Unsent]).prop_map(|reason| Step::TakeBack { reason }),
        1 => Just(Step::Accept),
        3 => end.prop_map(Step::End),
        1 => Just(Step::Dropped),
        1 => Just(Step::Foreign),
        1 => Just(Step::Reopen),
    ];
    (0..ORDERS.len(), step)
}

fn outcome(end: End, order: &str) -> Outcome {
    match end {
        End::Completed { cost } => {
            let json = format!(
                r#"{{"id": "task-1", "status": "completed", "usage": {{"cost": "{cost}"}},
                "output": [{{"content": [{{"type": "video", "url": "https://example.com/a.mp4"}}]}}]}}"#
            );
            Outcome::Completed(Task::from_json(json.as_bytes()).unwrap())
        }
        End::NotCreated => not_created(),
        End::StillRunning => still_running("task-1"),
        End::Unresolved => unresolved(order),
    }
}

/// Whether a write is refused is not what this is about.
async fn take(desk: &Desk, journal: &mut Scribe, order: &str, step: Step) {
    let create = id(order);
    let limit = "79228162514264337593543950335";
    match step {
        Step::Accept => {
            let _ = journal.accept(&create, &"task-1".parse().unwrap()).await;
        }
        Step::Dropped => {
            journal.operation(&create);
            journal.drop_operation(&create);
        }
        Step::End(end) => {
            let _ = journal.end(&create, &outcome(end, order)).await;
        }
        Step::Foreign => {
            let raw = rusqlite::Connection::open(desk.ledger.path()).unwrap();
            let sql = "UPDATE creates SET price = '0.35' WHERE external_task_id = ?1";
            raw.execute(sql, [order]).unwrap();
        }
        Step::Intend { days } => {
            let at = NOON - days * 24 * 3_600_000;
            let _ = journal.intend(&intent_at(order, at)).await;
        }
        // As another process that finds what is there.
        Step::Reopen => *journal = scribe(&desk.another()).budget_per_day(limit),
        Step::Send => {
            let _ = journal.send(&create).await;
        }
        Step::SendByPerson => {
            let _ = journal.send_because(&create, SendReason::Person).await;
        }
        Step::TakeBack { reason } => {
            let _ = journal.take_back(&create, reason).await;
        }
    }
}

#[test]
fn the_total_of_a_day_is_always_the_sum_of_its_rows() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    kirin_tests::property!(vec(steps(), 1..24), |steps| {
        runtime.block_on(async {
            let desk = Desk::new();
            let mut journal = desk
                .journal()
                .budget_per_day("79228162514264337593543950335");
            for (order, step) in steps {
                take(&desk, &mut journal, ORDERS[order], step).await;
                for (day, total, sum) in totals_and_sums(&desk) {
                    prop_assert_eq!(total, sum, "day {} after {:?}", day, step);
                }
            }
            Ok(())
        })
    });
}
