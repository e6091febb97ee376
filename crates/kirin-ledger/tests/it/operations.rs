//! Two operations and one create: of one process, which no lock of a file tells apart, or of several.

use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Waker},
    time::Duration,
};

use kirin_client::{
    BaseUrl, Client, Journal as _, JournalChange, JournalState, JournalWrite,
    machine::{SendReason, Withheld},
};
use kirin_emulator::{Duplicates, Emulator, EmulatorConfig, Scenario};
use kirin_ledger::{Claim, Ledger};
use kirin_types::GenerationRequest;

use crate::support::{
    Desk, Scribe, base_url, completed, create, id, intent, new_operation, not_created, scribe,
    still_running, unresolved,
};

/// How many ids are wanted twice.
const IDS: usize = 20;

/// A host that takes duplicates, and answers each create after this time.
async fn host(delay: Duration) -> Emulator {
    let milliseconds = delay.as_millis();
    let rule =
        format!(r#"{{"fault": "delay", "scope": "create", "milliseconds": {milliseconds}}}"#);
    let scenario = Scenario::from_json(&format!(r#"{{"rules": [{rule}]}}"#)).unwrap();
    let config = EmulatorConfig::new().duplicates(Duplicates::Accept);
    let config = config.task_time(Duration::from_millis(50));
    Emulator::start(config.scenario(scenario)).await.unwrap()
}

fn client(emulator: &Emulator, ledger: &Ledger) -> Client {
    let base_url: BaseUrl = emulator.base_url().parse().unwrap();
    let client = Client::builder(kirin_tests::canary::key().parse().unwrap())
        .base_url(base_url.clone())
        .journal(Arc::new(ledger.journal(base_url)));
    client.build().unwrap()
}

fn request(external_task_id: &str) -> GenerationRequest {
    let request = GenerationRequest::builder("a fox").external_task_id(external_task_id);
    request.build().unwrap()
}

/// Each id is wanted by both clients at the same time.
async fn check_two_clients(ledgers: [&Ledger; 2]) {
    let emulator = host(Duration::from_millis(20)).await;
    let clients = ledgers.map(|ledger| client(&emulator, ledger));
    let wanted = (0..IDS).flat_map(|number| clients.each_ref().map(|it| (it, number)));
    let running = wanted.map(|(client, number)| {
        let generation = client.generate(request(&format!("order-{number}")));
        tokio::spawn(generation.into_future())
    });
    let mut completed = 0;
    for running in running.collect::<Vec<_>>() {
        completed += usize::from(running.await.unwrap().is_ok());
    }
    let wanted = u64::try_from(IDS).unwrap();
    assert_eq!(emulator.statistics().creates_received, wanted);
    assert_eq!(emulator.statistics().tasks_created, wanted);
    assert!(completed >= IDS, "{completed}");
    let entries = ledgers[0].entries().await.unwrap();
    assert_eq!(entries.len(), IDS);
    assert!(entries.iter().all(|entry| entry.completed().is_some()));
    assert!(entries.iter().all(|entry| entry.attempts == 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_clients_with_one_ledger_send_each_create_once() {
    let desk = Desk::new();
    check_two_clients([&desk.ledger, &desk.ledger.clone()]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_clients_with_two_openings_of_a_ledger_send_each_create_once() {
    let desk = Desk::new();
    check_two_clients([&desk.ledger, &desk.another()]).await;
}

/// Asks until this holds, at most 10 s.
#[expect(
    clippy::disallowed_methods,
    reason = "what is waited for is on another thread, which tells nobody"
)]
async fn eventually(mut holds: impl AsyncFnMut() -> bool) {
    let until = async {
        let mut interval = tokio::time::interval(Duration::from_millis(2));
        while !holds().await {
            interval.tick().await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(10), until).await;
    waited.expect("it holds within 10 s");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generation_that_is_dropped_frees_its_create() {
    let emulator = host(Duration::from_secs(600)).await;
    let (desk, order) = (Desk::new(), id("order-42"));
    let other = desk.another();
    let host: BaseUrl = emulator.base_url().parse().unwrap();
    let claim = async || other.claim(&host, &order).await.unwrap();
    let generation = client(&emulator, &desk.ledger).generate(request("order-42"));
    let running = tokio::spawn(generation.into_future());
    eventually(async || emulator.statistics().creates_received == 1).await;
    assert!(matches!(claim().await, Claim::UnderWay(..)));
    running.abort();
    eventually(async || matches!(claim().await, Claim::Taken(_))).await;
    let entry = other.entries().await.unwrap().remove(0);
    assert_eq!((entry.state, entry.attempts), (JournalState::Sent, 1));
}

/// It is written all the same, and nobody is at it.
#[tokio::test]
async fn an_operation_that_is_dropped_while_it_intends_frees_its_create() {
    let (desk, order) = (Desk::new(), id("order-42"));
    let journal = desk.journal();
    {
        let intent = intent("order-42");
        let write = pin!(journal.intend(&intent));
        let _ = write.poll(&mut Context::from_waker(Waker::noop()));
    }
    journal.drop_operation(&order);
    // The jobs of a ledger are done in order.
    assert_eq!(desk.ledger.entries().await.unwrap().len(), 1);
    let claim = desk.another().claim(&base_url(), &order).await.unwrap();
    assert!(matches!(claim, Claim::Taken(_)), "{claim:?}");
}

#[tokio::test]
async fn what_an_operation_of_this_process_is_at_cannot_be_claimed() {
    let (desk, order) = (Desk::new(), id("order-42"));
    let journal = desk.journal();
    let claim = async || desk.ledger.claim(&base_url(), &order).await.unwrap();
    journal.intend(&intent("order-42")).await.unwrap();
    let Claim::UnderWay(entry, owner) = claim().await else {
        panic!("an operation is at it")
    };
    assert_eq!(entry.state, JournalState::Intended);
    assert_eq!(owner.process_id, Some(std::process::id()));
    journal.send(&order).await.unwrap();
    assert!(matches!(claim().await, Claim::UnderWay(..)));
    journal.drop_operation(&order);
    // The job that frees it comes before that of the claim.
    assert!(matches!(claim().await, Claim::Taken(_)));
    let later = desk.journal();
    let known = later.entry(&order).await.unwrap().intent;
    later.take_over(&known).await.unwrap();
    assert!(matches!(claim().await, Claim::UnderWay(..)));
    later.end(&order, &unresolved("order-42")).await.unwrap();
    assert!(matches!(claim().await, Claim::Taken(_)));
}

/// A create that was sent by an operation which is no more.
async fn left(desk: &Desk) -> kirin_client::Intent {
    let (journal, order) = (desk.journal(), id("order-42"));
    journal.intend(&intent("order-42")).await.unwrap();
    journal.send(&order).await.unwrap();
    let known = journal.entry(&order).await.unwrap().intent;
    assert_eq!(known.operation, Some(journal.operation(&order)));
    journal.drop_operation(&order);
    desk.ledger.entries().await.unwrap();
    known
}

#[track_caller]
fn is_under_way(refused: Result<(), kirin_client::JournalError>) {
    assert_eq!(Withheld::from(refused.unwrap_err()), Withheld::UnderWay);
}

/// Each would have it: nothing was sent, or the operation is named right. But one is at it.
#[tokio::test]
async fn an_operation_at_work_keeps_another_one_of_its_process_from_its_create() {
    let (desk, order) = (Desk::new(), id("order-42"));
    let (first, second) = (desk.journal(), desk.journal());
    first.intend(&intent("order-42")).await.unwrap();
    is_under_way(second.intend(&intent("order-42")).await);
    let known = second.entry(&order).await.unwrap().intent;
    is_under_way(second.take_over(&known).await);
    first.send(&order).await.unwrap();
    is_under_way(second.take_over(&known).await);
    first.end(&order, &unresolved("order-42")).await.unwrap();
    second.take_over(&known).await.unwrap();
}

#[tokio::test]
async fn of_two_that_take_over_the_same_operation_one_wins() {
    let (desk, order) = (Desk::new(), id("order-42"));
    let known = left(&desk).await;
    let (first, second) = (desk.journal(), desk.journal());
    let third = scribe(&desk.another());
    first.take_over(&known).await.unwrap();
    is_under_way(second.take_over(&known).await);
    is_under_way(third.take_over(&known).await);
    // Also when nobody is at it any more: what they have read is not what it is.
    first.drop_operation(&order);
    desk.ledger.entries().await.unwrap();
    is_under_way(second.take_over(&known).await);
    is_under_way(third.take_over(&known).await);
    let known = second.entry(&order).await.unwrap().intent;
    second.take_over(&known).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_take_over_at_once_one_wins() {
    let desk = Desk::new();
    let known = left(&desk).await;
    let ledgers: Vec<_> = (0..4).map(|_| desk.another()).collect();
    let rivals = ledgers.iter().flat_map(|ledger| [ledger, ledger]);
    let rivals = rivals.map(|ledger| {
        let (scribe, known) = (scribe(ledger), known.clone());
        tokio::spawn(async move { scribe.take_over(&known).await.is_ok() })
    });
    let mut winners = 0;
    for rival in rivals.collect::<Vec<_>>() {
        winners += usize::from(rival.await.unwrap());
    }
    assert_eq!(winners, 1);
}

/// It may be alive after all, and is told only when it writes.
#[tokio::test]
async fn an_overtaken_operation_sends_nothing() {
    let (desk, order) = (Desk::new(), id("order-42"));
    let (mine, other) = (desk.journal(), desk.another());
    mine.intend(&intent("order-42")).await.unwrap();
    mine.send(&order).await.unwrap();
    other.take_over(1).await.unwrap();
    let theirs = scribe(&other);
    let known = theirs.entry(&order).await.unwrap().intent;
    theirs.take_over(&known).await.unwrap();
    let check = async || {
        is_under_way(mine.send(&order).await);
        is_under_way(mine.send_because(&order, SendReason::Absence).await);
        is_under_way(mine.send_because(&order, SendReason::Person).await);
        is_under_way(mine.take_back(&order, SendReason::Unsent).await);
        is_under_way(mine.end(&order, &not_created()).await);
    };
    check().await;
    // Nor when the other one has gone.
    theirs.drop_operation(&order);
    drop((theirs, other));
    check().await;
    assert_eq!(mine.entry(&order).await.unwrap().attempts, 1);
}

/// The answer was on its way while it was overtaken. There is a task: that is kept.
#[tokio::test]
async fn what_an_overtaken_operation_tells_of_a_task_is_kept() {
    let (desk, order) = (Desk::new(), id("order-42"));
    let (mine, other) = (desk.journal(), desk.another());
    mine.intend(&intent("order-42")).await.unwrap();
    mine.send(&order).await.unwrap();
    other.take_over(1).await.unwrap();
    let theirs = scribe(&other);
    let known = theirs.entry(&order).await.unwrap().intent;
    theirs.take_over(&known).await.unwrap();
    let task = "task-1".parse().unwrap();
    mine.accept(&order, &task).await.unwrap();
    mine.end(&order, &still_running("task-1")).await.unwrap();
    let entry = theirs.entry(&order).await.unwrap();
    assert_eq!(entry.state.task_id(), Some(&task));
    assert_eq!(entry.intent.operation, Some(theirs.operation(&order)));
    let send = theirs.send_because(&order, SendReason::Person).await;
    assert!(matches!(
        Withheld::from(send.unwrap_err()),
        Withheld::Known { .. }
    ));
    // The other one is still at it.
    let claim = desk.ledger.claim(&base_url(), &order).await.unwrap();
    assert!(matches!(claim, Claim::UnderWay(..)), "{claim:?}");
}

/// Of the same process, which has the create all the time.
#[tokio::test]
async fn an_overtaken_operation_that_ends_does_not_free_the_create_of_the_other() {
    let (desk, order) = (Desk::new(), id("order-42"));
    let known = left(&desk).await;
    let overtaken = known.operation.unwrap();
    let later = desk.journal();
    later.take_over(&known).await.unwrap();
    let change = JournalChange::End(Box::new(still_running("task-1")));
    let write = JournalWrite::new(create(&order), overtaken, change);
    later.journal.write(&write).await.unwrap();
    let claim = desk.another().claim(&base_url(), &order).await.unwrap();
    assert!(matches!(claim, Claim::UnderWay(..)), "{claim:?}");
}

/// The task that an overtaken operation told of has ended, and the one at work does not know it yet.
#[tokio::test]
async fn another_end_of_what_has_ended_changes_nothing_whoever_is_at_it() {
    let (desk, order) = (Desk::new(), id("order-42"));
    let (mine, other) = (desk.journal(), desk.journal());
    let theirs = scribe(&desk.another());
    mine.intend(&intent("order-42")).await.unwrap();
    mine.send(&order).await.unwrap();
    other.end(&order, &completed("task-1")).await.unwrap();
    for late in [&other, &theirs] {
        for end in [not_created(), unresolved("order-42")] {
            // Whoever ended without the task hears that there is one.
            let refused = late.end(&order, &end).await.unwrap_err();
            assert!(matches!(Withheld::from(refused), Withheld::Known { .. }));
        }
    }
    let entry = desk.ledger.entries().await.unwrap().remove(0);
    assert!(entry.completed().is_some());
    let claim = desk.another().claim(&base_url(), &order).await.unwrap();
    assert!(matches!(claim, Claim::UnderWay(..)), "{claim:?}");
}

/// A program that has claimed an entry tells the end of its task, which it was asked for by its id.
#[tokio::test]
async fn what_is_told_of_a_claimed_entry_frees_it() {
    let (desk, order) = (Desk::new(), id("order-42"));
    left(&desk).await;
    let claim = desk.ledger.claim(&base_url(), &order).await.unwrap();
    assert!(matches!(claim, Claim::Taken(_)), "{claim:?}");
    let change = JournalChange::End(Box::new(still_running("task-1")));
    let write = JournalWrite::new(create(&order), new_operation(), change);
    let journal = desk.ledger.journal(base_url());
    journal.write(&write).await.unwrap();
    let claim = desk.another().claim(&base_url(), &order).await.unwrap();
    assert!(matches!(claim, Claim::Taken(_)), "{claim:?}");
}

async fn repetitions(scribe: &Scribe) -> u32 {
    let entry = scribe.entry(&id("order-42")).await.unwrap();
    entry.intent.repetitions_after_absence
}

/// At most one repetition follows from proofs of absence, over all entries that the create ever had.
#[tokio::test]
async fn repetitions_are_counted_over_restarts_and_replaced_entries() {
    let (mut desk, order) = (Desk::new(), id("order-42"));
    let refused = |refused: Result<(), kirin_client::JournalError>| {
        let withheld = Withheld::from(refused.unwrap_err());
        assert_eq!(withheld, Withheld::RepetitionUsed);
    };
    let first = desk.journal();
    first.intend(&intent("order-42")).await.unwrap();
    first.send(&order).await.unwrap();
    let absence = SendReason::Absence;
    first.send_because(&order, absence).await.unwrap();
    // What certainly was not sent does not use it up.
    first.take_back(&order, absence).await.unwrap();
    assert_eq!(repetitions(&first).await, 0);
    first.send_because(&order, absence).await.unwrap();
    refused(first.send_because(&order, absence).await);
    drop(first);
    desk.ledger = desk.another();

    let second = desk.journal();
    let known = second.entry(&order).await.unwrap().intent;
    assert_eq!(known.repetitions_after_absence, 1);
    second.take_over(&known).await.unwrap();
    refused(second.send_because(&order, absence).await);
    second.end(&order, &not_created()).await.unwrap();
    drop(second);
    desk.ledger = desk.another();

    let third = desk.journal();
    // A batch that runs again would send once more because of the same proofs.
    refused(third.intend(&intent("order-42")).await);
    let entries = desk.ledger.entries().await.unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(repetitions(&third).await, 1);
}
