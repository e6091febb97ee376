//! One scene for each of the other clauses.

use kirin_types::TaskId;

use super::{
    Clause,
    bench::{Bench, Outcome},
    model::{self, Checked},
};
use crate::{
    Journal, JournalChange, OperationId, TakenBack,
    machine::{self, SendReason},
};

const FIRST: OperationId = OperationId::new(1, 1);
const SECOND: OperationId = OperationId::new(2, 1);
/// Those of two creates; one without a name may be anyone's.
const ACCOUNTS: [[Option<&str>; 2]; 5] = [
    [Some("ada"), Some("grace")],
    [Some("ada"), Some("ada")],
    [None, None],
    [None, Some("ada")],
    [Some("ada"), None],
];

const THIRD: OperationId = OperationId::new(3, 1);

pub(super) async fn check(bench: &mut Bench<'_>) {
    let journal = bench.maker.make().await;
    for (number, outcome) in [model::failed("task-1"), model::not_created()]
        .into_iter()
        .enumerate()
    {
        let case = format!("other ends after {outcome:?}");
        let work = first_end_stays(&*journal, number, outcome);
        bench.run(Clause::FirstEndStays, case, work).await;
    }
    for (number, accounts) in ACCOUNTS.into_iter().enumerate() {
        let case = format!("two keys, of the accounts {accounts:?}");
        let work = accounts_are_kept_apart(&*journal, number, accounts);
        bench.run(Clause::Accounts, case, work).await;
    }
    let case = "two that name the same operation";
    let work = taken_over_once(&*journal);
    bench.run(Clause::TakenOverOnce, case, work).await;
    let case = "an entry that ended as not created is replaced";
    let work = repetition_stays(&*journal);
    bench.run(Clause::RepetitionStays, case, work).await;
    let case =
        "an intent with its first attempt, then an attempt out of turn with what comes after it";
    let work = in_order(&*journal);
    bench.run(Clause::InOrder, case, work).await;
    reopens(bench).await;
}

fn task() -> TaskId {
    // Letters, digits and a hyphen.
    "task-1".parse().expect("a task id")
}

/// Intended and sent by the first operation.
async fn sent<'a>(journal: &'a dyn Journal, id: &str) -> Result<Checked<'a>, String> {
    let intent = model::intent(id, "a fox");
    let mut checked = Checked::new(journal, intent.clone());
    checked.write(FIRST, model::intend(&intent)).await?;
    let send = model::send(1, SendReason::Unsent);
    checked.write(FIRST, send).await?;
    Ok(checked)
}

async fn first_end_stays(
    journal: &dyn Journal,
    number: usize,
    outcome: machine::Outcome,
) -> Outcome {
    let id = format!("ended-{number}");
    let mut checked = sent(journal, &id).await?;
    checked.write(FIRST, model::end(outcome)).await?;
    let intent = model::intent(&id, "a fox");
    let lost = machine::Outcome::Lost { id: task() };
    let others = [
        lost,
        model::not_created(),
        model::unresolved(&intent),
        model::failed("task-2"),
        model::completed("task-1"),
    ];
    for other in others {
        checked.write(FIRST, model::end(other)).await?;
    }
    for change in [
        model::send(2, SendReason::RefusesDuplicates),
        JournalChange::Accept(task()),
        JournalChange::Deliver,
        model::take_over(&intent, FIRST),
    ] {
        checked.write(FIRST, change).await?;
    }
    Ok(())
}

/// The first is sent, and then the second is begun with another key, each beside what it has to come to.
async fn accounts_are_kept_apart(
    journal: &dyn Journal,
    number: usize,
    accounts: [Option<&str>; 2],
) -> Outcome {
    let [first, second] = accounts.map(|account| {
        let mut intent = model::intent(&format!("account-{number}"), "a fox");
        // A word.
        intent.account = account.map(|name| name.parse().expect("a name"));
        intent
    });
    let other_key = "fedcba9876543210".parse().expect("a fingerprint");
    let second = crate::Intent {
        key: other_key,
        ..second
    };
    let mut of_first = Checked::new(journal, first.clone());
    let mut of_second = Checked::new(journal, second.clone());
    let send = || model::send(1, SendReason::Unsent);
    of_first.write(FIRST, model::intend(&first)).await?;
    of_first.write(FIRST, send()).await?;
    let is_one = accounts[0].is_none() || accounts[1].is_none() || accounts[0] == accounts[1];
    if is_one {
        of_second.entry.clone_from(&of_first.entry);
    }
    of_second.write(SECOND, model::intend(&second)).await?;
    of_second.write(SECOND, send()).await?;
    of_first.compare("the other was written").await?;
    let accept = JournalChange::Accept(task());
    of_second.write(SECOND, accept).await?;
    match is_one {
        // It is the other key's from now on.
        true => of_first.entry.clone_from(&of_second.entry),
        false => {
            of_first
                .write(FIRST, model::end(model::not_created()))
                .await?
        }
    }
    of_first
        .compare("the task of the other was written")
        .await?;
    of_second.compare("the end of the other was written").await
}

async fn taken_over_once(journal: &dyn Journal) -> Outcome {
    let intent = model::intent("taken-over", "a fox");
    let mut checked = sent(journal, "taken-over").await?;
    journal.operation_ended(&FIRST);
    let take_over = || model::take_over(&intent, FIRST);
    checked.write(SECOND, take_over()).await?;
    let taken = checked.entry.as_ref();
    if taken.and_then(|entry| entry.intent.operation) != Some(SECOND) {
        return Err("what has ended keeps it".into());
    }
    // The second is late, and the one that was overtaken sends nothing.
    checked.write(THIRD, take_over()).await?;
    let send = || model::send(1, SendReason::RefusesDuplicates);
    for operation in [THIRD, FIRST, SECOND] {
        checked.write(operation, send()).await?;
    }
    Ok(())
}

async fn in_order(journal: &dyn Journal) -> Outcome {
    let intent = model::intent("in-order", "a fox");
    let mut checked = Checked::new(journal, intent.clone());
    let send = |attempt| model::send(attempt, SendReason::Unsent);
    let begin = [model::intend(&intent), send(1)];
    checked.write_all(FIRST, begin.to_vec()).await?;
    let take_back = JournalChange::TakeBack {
        attempt: 1,
        why: TakenBack::NotSent,
        reason: SendReason::Unsent,
    };
    let accept = JournalChange::Accept(task());
    let out_of_turn = vec![take_back, send(3), accept];
    checked.write_all(FIRST, out_of_turn).await
}

async fn repetition_stays(journal: &dyn Journal) -> Outcome {
    let intent = model::intent("repeated", "a fox");
    let mut checked = sent(journal, "repeated").await?;
    let repeat = |attempt| model::send(attempt, SendReason::Absence);
    checked.write(FIRST, repeat(2)).await?;
    // What was not sent is not used up; what was is.
    let take_back = JournalChange::TakeBack {
        attempt: 2,
        why: TakenBack::NotSent,
        reason: SendReason::Absence,
    };
    checked.write(FIRST, take_back).await?;
    checked.write(FIRST, repeat(3)).await?;
    checked.write(FIRST, repeat(4)).await?;
    checked
        .write(FIRST, model::end(model::not_created()))
        .await?;
    journal.operation_ended(&FIRST);
    // A new entry under the same id, of the same request and of another one.
    for (operation, prompt) in [(SECOND, "a fox"), (THIRD, "a hare")] {
        let intent = model::intent("repeated", prompt);
        checked.write(operation, model::intend(&intent)).await?;
        let send = model::send(1, SendReason::Unsent);
        checked.write(operation, send).await?;
        checked.write(operation, repeat(2)).await?;
        let end = model::end(model::not_created());
        checked.write(operation, end).await?;
        journal.operation_ended(&operation);
    }
    let kept = checked.entry.as_ref();
    match kept.map(|entry| entry.intent.repetitions_after_absence) {
        Some(1) => Ok(()),
        count => Err(format!("{intent:?} was repeated {count:?} times")),
    }
}

/// An entry in each state is there when the journal is opened again, and takes the next write.
async fn reopens(bench: &mut Bench<'_>) {
    let journal = bench.maker.make().await;
    let changes = [
        vec![],
        vec![JournalChange::Accept(task())],
        vec![model::end(model::failed("task-1"))],
        vec![model::end(model::not_created())],
        vec![
            model::end(model::completed("task-1")),
            JournalChange::Deliver,
        ],
    ];
    let mut entries = Vec::new();
    let mut broken: Outcome = Ok(());
    for (number, changes) in changes.into_iter().enumerate() {
        let id = format!("reopened-{number}");
        let written = async {
            let mut checked = sent(&*journal, &id).await?;
            for change in changes {
                checked.write(FIRST, change).await?;
            }
            Ok(checked.entry.take())
        };
        match written.await {
            Ok(entry) => entries.push((id, entry)),
            Err(reason) => broken = Err(reason),
        }
    }
    journal.operation_ended(&FIRST);
    let Some(journal) = bench.maker.reopen(journal).await else {
        return;
    };
    let case = "an entry in each state";
    let work = async {
        broken?;
        for (id, entry) in entries {
            let intent = model::intent(&id, "a fox");
            let mut checked = Checked::new(&*journal, intent.clone());
            checked.entry = entry;
            checked.compare("it was opened again").await?;
            let take_over = model::take_over(&intent, FIRST);
            checked.write(SECOND, take_over).await?;
        }
        Ok(())
    };
    bench.run(Clause::Reopens, case, work).await;
}
