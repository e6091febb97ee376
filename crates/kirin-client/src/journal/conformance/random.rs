//! Random sequences of writes by three operations on two ids, beside the pure function.

use super::{
    Clause,
    bench::{Bench, Outcome},
    model::{self, Checked},
};
use crate::{
    Intent, Journal, JournalChange, JournalEntry, JournalWrite, OperationId, TakenBack,
    machine::{self, SendReason},
    split_mix::next_number,
};

const SEQUENCES: u64 = 40;

const WRITES: usize = 30;

pub(super) async fn check(bench: &mut Bench<'_>) {
    let journal = bench.maker.make().await;
    for seed in 1..=SEQUENCES {
        let case = format!("the random sequence {seed}");
        let work = sequence(&*journal, seed);
        bench.run(Clause::Transitions, case, work).await;
    }
}

async fn sequence(journal: &dyn Journal, seed: u64) -> Outcome {
    let mut random = Random(seed);
    let ids = [format!("random-{seed}-a"), format!("random-{seed}-b")];
    let intents = ids.map(|id| model::intent(&id, "a fox"));
    let mut checked = intents.clone().map(|intent| Checked::new(journal, intent));
    let mut living = [1, 2, 3].map(|number| OperationId::new(u128::from(seed), number));
    let mut ended: Vec<OperationId> = Vec::new();
    let mut next = 4;
    for step in 0..WRITES {
        let create = random.below(2);
        let slot = random.below(3);
        if random.below(6) == 0 {
            // The operation is over, and another one begins.
            journal.operation_ended(&living[slot]);
            ended.push(living[slot]);
            living[slot] = OperationId::new(u128::from(seed), next);
            next += 1;
        }
        let late = ended.last().copied().filter(|_| random.below(8) == 0);
        let operation = late.unwrap_or(living[slot]);
        let entry = checked[create].entry.as_ref();
        let change = change(&mut random, &intents[create], entry);
        if late.is_some() && is_allowed(entry, &intents[create], operation, &change) {
            // Who has ended writes nothing more but by mistake.
            continue;
        }
        let written = checked[create].write(operation, change).await;
        written.map_err(|broken| format!("step {step}: {broken}"))?;
    }
    Ok(())
}

fn is_allowed(
    entry: Option<&JournalEntry>,
    intent: &Intent,
    operation: OperationId,
    change: &JournalChange,
) -> bool {
    let write: JournalWrite = model::write(intent, operation, change.clone());
    JournalEntry::apply(entry, &write).is_ok()
}

/// Any change, often one that fits.
fn change(random: &mut Random, intent: &Intent, entry: Option<&JournalEntry>) -> JournalChange {
    let attempt = entry.map_or(1, |entry| entry.latest_attempt + 1);
    let reasons = [
        SendReason::Absence,
        SendReason::Person,
        SendReason::RefusesDuplicates,
        SendReason::Unsent,
    ];
    let reason = reasons[random.below(4)];
    let task = ["task-1", "task-2"][usize::from(random.below(4) == 0)];
    match random.below(11) {
        0 | 1 => match random.below(4) {
            0 => model::intend(&another_request(intent)),
            _ => model::intend(intent),
        },
        2..=4 => model::send(attempt + u32::from(random.below(8) == 0), reason),
        5 => JournalChange::TakeBack {
            attempt: attempt.saturating_sub(1),
            why: [TakenBack::NotSent, TakenBack::Refused][random.below(2)],
            reason,
        },
        6 => {
            let now = entry.and_then(|entry| entry.intent.operation);
            let stranger = OperationId::new(0, 0);
            let from = now.filter(|_| random.below(4) > 0).unwrap_or(stranger);
            model::take_over(intent, from)
        }
        // A task's id is short, and made of letters and digits.
        7 => JournalChange::Accept(task.parse().expect("a task id")),
        8 => JournalChange::Deliver,
        _ => model::end(outcome(random, intent, task)),
    }
}

fn outcome(random: &mut Random, intent: &Intent, task: &str) -> machine::Outcome {
    // As above.
    let id = || task.parse().expect("a task id");
    match random.below(7) {
        0 => model::unresolved(intent),
        1 => model::failed(task),
        2 => machine::Outcome::Lost { id: id() },
        3 => machine::Outcome::StillRunning {
            id: id(),
            task: None,
        },
        4 => model::other_end(task),
        5 => model::completed(task),
        _ => model::not_created(),
    }
}

fn another_request(intent: &Intent) -> Intent {
    let id = intent.request.external_task_id();
    model::intent(id.map_or("", |id| id.as_str()), "a hare")
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        // A remainder of a number this small fits.
        (next_number(&mut self.0) % limit as u64) as usize
    }
}
