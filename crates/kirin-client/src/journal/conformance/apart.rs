//! Which creates share an entry, which do not, and which tasks are controls of which.

use kirin_types::TaskId;

use super::{
    Clause,
    bench::{Bench, Outcome},
    model::{self, Checked},
};
use crate::{
    BaseUrl, Intent, Journal, JournalChange, KeyFingerprint, OperationId, machine::SendReason,
};

const FIRST: OperationId = OperationId::new(1, 1);
const SECOND: OperationId = OperationId::new(2, 1);

/// Ids that a store may take for one: in another case, cut, or compared as a pattern.
const ALIKE: [[&str; 2]; 4] = [
    ["order-1", "Order-1"],
    ["order_2", "order-2"],
    ["order.3", "order.3."],
    [
        "0123456789-0123456789-0123456789-0123456789-0123456789-01234567a",
        "0123456789-0123456789-0123456789-0123456789-0123456789-01234567b",
    ],
];

const ELSEWHERE: [&str; 3] = [
    "https://example.com",
    "https://cloud.vtrix.ai/v2",
    "https://cloud.vtrix.ai:8443",
];

pub(super) async fn check(bench: &mut Bench<'_>) {
    let journal = bench.maker.make().await;
    for [one, another] in ALIKE {
        let case = format!("the ids {one} and {another}");
        let work = ids_are_apart(&*journal, one, another);
        bench.run(Clause::OneEntryEach, case, work).await;
    }
    for (number, elsewhere) in ELSEWHERE.into_iter().enumerate() {
        let case = format!("the same id at {elsewhere}");
        let work = base_urls_are_apart(&*journal, number, elsewhere);
        bench.run(Clause::OneEntryEach, case, work).await;
    }
    let case = "the same id under another key";
    let work = keys_share_an_entry(&*journal);
    bench.run(Clause::OneEntryEach, case, work).await;
    let journal = bench.maker.make().await;
    let case = "tasks of two keys and two base URLs, accepted before and after the intent";
    let work = controls_fit(&*journal);
    bench.run(Clause::Controls, case, work).await;
}

fn task(id: &str) -> TaskId {
    // Letters, digits and a hyphen.
    id.parse().expect("a task id")
}

fn another_key() -> KeyFingerprint {
    // Sixteen hexadecimal digits.
    "fedcba9876543210".parse().expect("a fingerprint")
}

fn at(base_url: &str, intent: Intent) -> Intent {
    // A valid URL of https.
    let base_url: BaseUrl = base_url.parse().expect("a base URL");
    Intent { base_url, ..intent }
}

/// Sends it, and has the service accept it as a task, where one is named.
async fn send<'a>(
    journal: &'a dyn Journal,
    intent: &Intent,
    task: Option<TaskId>,
) -> Result<Checked<'a>, String> {
    let mut checked = Checked::new(journal, intent.clone());
    checked.compare("nothing was written of it").await?;
    let send = model::send(1, SendReason::Unsent);
    for change in [model::intend(intent), send]
        .into_iter()
        .chain(task.map(JournalChange::Accept))
    {
        checked.write(FIRST, change).await?;
    }
    Ok(checked)
}

async fn ids_are_apart(journal: &dyn Journal, one: &str, another: &str) -> Outcome {
    let one = model::intent(one, "a fox");
    let another = model::intent(another, "a hare");
    let one = send(journal, &one, Some(task("task-1"))).await?;
    let another = send(journal, &another, None).await?;
    one.compare("the other one was written").await?;
    another.compare("the other one was written").await
}

/// A journal of one base URL may refuse another one.
async fn base_urls_are_apart(journal: &dyn Journal, number: usize, elsewhere: &str) -> Outcome {
    let intent = model::intent(&format!("elsewhere-{number}"), "a fox");
    let there = at(elsewhere, intent.clone());
    let here = send(journal, &intent, Some(task("task-1"))).await?;
    let intend = model::write(&there, FIRST, model::intend(&there));
    if journal.recall(&intend.create).await.is_ok() {
        let there = send(journal, &there, None).await?;
        here.compare("it was sent elsewhere").await?;
        there.compare("it was sent here and elsewhere").await
    } else if journal.write(&intend).await.is_ok() {
        Err("it writes what it does not recall".into())
    } else {
        here.compare("it was refused elsewhere").await
    }
}

/// The host may take two keys for one user.
async fn keys_share_an_entry(journal: &dyn Journal) -> Outcome {
    let intent = model::intent("two-keys", "a fox");
    let sent = send(journal, &intent, None).await?;
    journal.operation_ended(&FIRST);
    let key = another_key();
    let mut other = Checked::new(journal, Intent { key, ..intent });
    other.entry = sent.entry.clone();
    other.compare("it was sent under another key").await?;
    let intend = model::intend(&other.intent);
    other.write(SECOND, intend).await?;
    sent.compare("it was refused under another key").await
}

/// None at all is allowed too: then nothing is proved by absence.
async fn controls_fit(journal: &dyn Journal) -> Outcome {
    let ours = |id| model::intent(id, "a fox");
    let key = another_key();
    let strange = [
        Intent {
            key,
            ..ours("of-another-key")
        },
        at(ELSEWHERE[0], ours("elsewhere")),
    ];
    send(journal, &ours("before"), Some(task("task-1"))).await?;
    for intent in strange {
        let intend = model::write(&intent, FIRST, model::intend(&intent));
        if journal.recall(&intend.create).await.is_ok() {
            send(journal, &intent, Some(task("task-2"))).await?;
        }
    }
    send(journal, &ours("looked-up"), None).await?;
    send(journal, &ours("after"), Some(task("task-3"))).await?;
    let looked_up = ours("looked-up");
    let create = model::write(&looked_up, FIRST, model::intend(&looked_up)).create;
    let recalled = journal.recall(&create).await;
    for control in recalled.map_err(|error| error.to_string())?.controls {
        let (id, task) = (control.external_task_id.as_str(), control.task_id.as_str());
        match (id, task, control.accepted_before_intent) {
            ("before", "task-1", _) | ("after", "task-3", false) => {}
            _ => return Err(format!("{control:?} is no control of it")),
        }
    }
    Ok(())
}
