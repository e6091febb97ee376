//! Many operations that are about the same create at once.

use std::sync::Arc;

use super::{
    Clause,
    bench::{Bench, Outcome},
    model,
};
use crate::{Intent, Journal, JournalChange, OperationId, machine::SendReason};

const OPERATIONS: u64 = 16;

const ROUNDS: u64 = 10;

pub(super) async fn check(bench: &mut Bench<'_>) {
    let journal = bench.maker.make().await;
    for round in 1..=ROUNDS {
        let case = format!("round {round} of {OPERATIONS} that intend and send");
        bench
            .run(Clause::OneSends, case, intend_and_send(&journal, round))
            .await;
    }
    for round in 1..=ROUNDS {
        let case = format!("round {round} of {OPERATIONS} that take over and send");
        bench
            .run(Clause::OneSends, case, take_over_and_send(&journal, round))
            .await;
    }
}

async fn intend_and_send(journal: &Arc<dyn Journal>, round: u64) -> Outcome {
    let intent = model::intent(&format!("at-once-{round}"), "a fox");
    let first = model::intend(&intent);
    one_sends(journal, &intent, round, &first, SendReason::Unsent).await
}

/// An operation of another process has sent it, and is over.
async fn take_over_and_send(journal: &Arc<dyn Journal>, round: u64) -> Outcome {
    let intent = model::intent(&format!("taken-over-{round}"), "a fox");
    let before = OperationId::new(u128::from(round), 0);
    for change in [model::intend(&intent), model::send(1, SendReason::Unsent)] {
        let write = model::write(&intent, before, change);
        journal.write(&write).await.map_err(|it| it.to_string())?;
    }
    journal.operation_ended(&before);
    let first = model::take_over(&intent, before);
    one_sends(
        journal,
        &intent,
        round,
        &first,
        SendReason::RefusesDuplicates,
    )
    .await
}

/// Each writes `first` and then sends, at once.
async fn one_sends(
    journal: &Arc<dyn Journal>,
    intent: &Intent,
    round: u64,
    first: &JournalChange,
    reason: SendReason,
) -> Outcome {
    let mut sending = Vec::new();
    for number in 1..=OPERATIONS {
        let operation = OperationId::new(u128::from(round), number);
        let first = model::write(intent, operation, first.clone());
        let send = model::write(intent, operation, model::send(1, reason));
        let journal = Arc::clone(journal);
        sending.push(tokio::spawn(async move {
            let begun = journal.write(&first).await;
            begun.is_ok() && journal.write(&send).await.is_ok()
        }));
    }
    let mut sent = 0;
    for sending in sending {
        let ended = sending.await.map_err(|error| error.to_string())?;
        sent += usize::from(ended);
    }
    match sent {
        1 => Ok(()),
        sent => Err(format!("{sent} of them sent it")),
    }
}
