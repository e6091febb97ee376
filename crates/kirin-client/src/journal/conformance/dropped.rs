//! Writes that are dropped before their end, as by a caller who gives up.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use kirin_types::TaskId;

use super::{
    Clause,
    bench::{Bench, Outcome},
    model::{self, Checked},
};
use crate::{
    CreateId, Intent, Journal, JournalChange, JournalEntry, OperationId, machine::SendReason,
};

/// A write is dropped at its first await, at its second, and so on up to this one.
const MOST_AWAITS: u32 = 64;

pub(super) async fn check(bench: &mut Bench<'_>) {
    let journal = bench.maker.make().await;
    let mut kept = Vec::new();
    let case = "an intent with its first attempt, and a task, each dropped at each await";
    let work = dropped_at_each_await(&*journal, &mut kept);
    bench.run(Clause::DroppedWrites, case, work).await;
    if kept.iter().all(Kept::was_written) {
        return;
    }
    let Some(journal) = bench.maker.reopen(journal).await else {
        return;
    };
    let case = "the same, opened again";
    let work = async {
        for kept in &kept {
            kept.compare(&*journal).await?;
        }
        Ok(())
    };
    bench.run(Clause::DroppedWrites, case, work).await;
}

/// What may be known of a create.
struct Kept {
    create: CreateId,
    /// What was known before, and after each change in turn.
    allowed: Vec<Option<JournalEntry>>,
}

impl Kept {
    /// Whether its writes came to their end.
    fn was_written(&self) -> bool {
        self.allowed.len() == 1
    }

    async fn compare(&self, journal: &dyn Journal) -> Outcome {
        let id = &self.create.external_task_id;
        let recalled = journal.recall(&self.create).await;
        let recalled = recalled.map_err(|error| format!("{id} is not recalled: {error}"))?;
        match self.allowed.contains(&recalled.entry) {
            true => Ok(()),
            false => Err(format!(
                "of {id} it recalls {:?}, not one of {:?}",
                recalled.entry, self.allowed
            )),
        }
    }
}

async fn dropped_at_each_await(journal: &dyn Journal, kept: &mut Vec<Kept>) -> Outcome {
    for awaits in 1..=MOST_AWAITS {
        let operation = OperationId::new(1, awaits.into());
        let begin = |intent| vec![model::intend(intent), model::send(1, SendReason::Unsent)];
        let intent = model::intent(&format!("begun-{awaits}"), "a fox");
        let mut checked = Checked::new(journal, intent.clone());
        let begun = drop_at(awaits, journal, operation, &mut checked, begin(&intent)).await?;
        let after = model::intent(&format!("after-begun-{awaits}"), "a fox");
        let after_begun = intended(journal, operation, after).await?;

        let intent = model::intent(&format!("accepted-{awaits}"), "a fox");
        let mut checked = Checked::new(journal, intent.clone());
        checked.write_all(operation, begin(&intent)).await?;
        let accept = vec![JournalChange::Accept(task())];
        let accepted = drop_at(awaits, journal, operation, &mut checked, accept).await?;
        let after = model::intent(&format!("after-accepted-{awaits}"), "a fox");
        let after_accepted = intended(journal, operation, after).await?;

        journal.operation_ended(&operation);
        let are_over = begun.was_written() && accepted.was_written();
        kept.extend([begun, after_begun, accepted, after_accepted]);
        if are_over {
            break;
        }
    }
    Ok(())
}

/// Writes the changes, and drops that when it waits for so-manieth time. What may be known then is what was
/// known before or after any of them; after all of them where it has ended before.
async fn drop_at(
    awaits: u32,
    journal: &dyn Journal,
    operation: OperationId,
    checked: &mut Checked<'_>,
    changes: Vec<JournalChange>,
) -> Result<Kept, String> {
    let mut writes = Vec::new();
    let mut allowed = vec![checked.entry.clone()];
    for change in changes {
        let write = model::write(&checked.intent, operation, change);
        let entry = JournalEntry::apply(checked.entry.as_ref(), &write);
        checked.entry = Some(entry.map_err(|error| error.to_string())?);
        allowed.push(checked.entry.clone());
        writes.push(write);
    }
    let writing = match &writes[..] {
        [write] => journal.write(write),
        writes => journal.write_all(writes),
    };
    if let Some(written) = until_await(awaits, writing).await {
        written.map_err(|error| error.to_string())?;
        allowed.drain(..writes.len());
    }
    let create = writes.swap_remove(0).create;
    let kept = Kept { create, allowed };
    kept.compare(journal).await?;
    Ok(kept)
}

/// The next write, which no other one about the same create follows.
async fn intended(
    journal: &dyn Journal,
    operation: OperationId,
    intent: Intent,
) -> Result<Kept, String> {
    let intend = model::intend(&intent);
    let create = model::write(&intent, operation, intend.clone()).create;
    let mut checked = Checked::new(journal, intent);
    checked.write(operation, intend).await?;
    let allowed = vec![checked.entry];
    Ok(Kept { create, allowed })
}

/// What comes of it, or `None` if it waits so many times.
async fn until_await<T>(mut awaits: u32, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|context| {
        if let Poll::Ready(ended) = future.as_mut().poll(context) {
            return Poll::Ready(Some(ended));
        }
        awaits -= 1;
        match awaits {
            0 => Poll::Ready(None),
            _ => Poll::Pending,
        }
    })
    .await
}

fn task() -> TaskId {
    // Letters, digits and a hyphen.
    "task-1".parse().expect("a task id")
}
