//! What holds for every sequence of writes.

use kirin_client::{
    Journal, JournalError, JournalState, MemoryJournal,
    machine::{Cause, Knowledge, Outcome, Withheld},
};
use kirin_tests::proptest::prelude::*;

use crate::support::{Desk, completed, id, intent, still_running};

/// One write of a client.
#[derive(Clone, Copy, Debug)]
enum Write {
    Intent,
    Sent,
    Accepted,
    Ended(End),
}

#[derive(Clone, Copy, Debug)]
enum End {
    Completed,
    NotCreated,
    StillRunning,
    Unresolved,
}

fn write() -> impl Strategy<Value = Write> {
    prop_oneof![
        Just(Write::Intent),
        Just(Write::Sent),
        Just(Write::Accepted),
        Just(Write::Ended(End::Completed)),
        Just(Write::Ended(End::NotCreated)),
        Just(Write::Ended(End::StillRunning)),
        Just(Write::Ended(End::Unresolved)),
    ]
}

async fn apply(journal: &dyn Journal, create: u8, write: Write) -> Result<(), JournalError> {
    let external_task_id = format!("order-{create}");
    let task = format!("task-{create}");
    let order = id(&external_task_id);
    let outcome = |end| match end {
        End::Completed => completed(&task),
        End::NotCreated => Outcome::NotCreated {
            cause: Cause::Withheld(Withheld::Deadline),
        },
        End::StillRunning => still_running(&task),
        End::Unresolved => Outcome::Unresolved {
            external_task_id: order.clone(),
            knowledge: Knowledge::MayExist,
            cause: Cause::Withheld(Withheld::Deadline),
        },
    };
    match write {
        Write::Intent => journal.intent(&intent(&external_task_id)).await,
        Write::Sent => journal.sent(&order).await,
        Write::Accepted => journal.accepted(&order, &task.parse().unwrap()).await,
        Write::Ended(end) => journal.outcome(&order, &outcome(end)).await,
    }
}

/// The journal in memory says what every journal has to do; this one does the same, and survives.
#[test]
fn it_takes_and_refuses_what_the_journal_in_memory_does() {
    let writes = prop::collection::vec((0_u8..3, write()), 0..30);
    kirin_tests::property!(writes, |writes| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let desk = Desk::new();
            let (durable, memory) = (desk.journal(), MemoryJournal::default());
            for (create, write) in writes {
                let expected = apply(&memory, create, write).await;
                let found = apply(&durable, create, write).await;
                prop_assert_eq!(found, expected, "{} {:?}", create, write);
            }
            let entries = desk.another().entries().await.unwrap();
            for entry in &entries {
                let mut states = memory.entries().into_iter().filter(|of_memory| {
                    of_memory.intent.request.external_task_id() == Some(&entry.external_task_id)
                });
                // Where nothing was created the one in memory begins another entry.
                let latest = states.next_back().unwrap().state;
                prop_assert_eq!(&entry.state, &latest);
                prop_assert_eq!(
                    matches!(entry.state, JournalState::Ended(_)),
                    entry.ended_at.is_some()
                );
            }
            Ok(())
        })?;
        Ok(())
    });
}
