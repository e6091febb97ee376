//! One entry, one create: what is kept apart while it is under way, and stays when it has ended.

use std::{sync::Arc, time::Duration};

use kirin_client::{
    ApiKey, BaseUrl, Budget, Client, ErrorKind, HostCapabilities, Intent, Journal, JournalState,
    Lookup, MemoryJournal,
    machine::{Notice, Outcome},
};
use kirin_tests::canary;
use kirin_types::{ExternalTaskId, Task, TaskId};

use super::{COMPLETED, CREATED, client, polled, request};
use crate::scripted::{Answer, Scripted, json, shown};

#[tokio::test(start_paused = true)]
async fn two_creates_under_one_id_are_not_written_into_one_entry() {
    let transport = Scripted::new([json(200, CREATED)]);
    let journal = Arc::new(MemoryJournal::default());
    let client = client(&transport, journal.clone());
    drop(client.submit(request()).await.unwrap());
    let error = client.submit(request()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Journal);
    assert!(error.to_string().contains("order-42"), "{error}");
    let states: Vec<_> = journal.entries().into_iter().map(|it| it.state).collect();
    assert_eq!(states, [JournalState::Accepted("task-1".parse().unwrap())]);
}

#[tokio::test]
async fn i4_the_first_end_of_an_entry_stays() {
    let journal = MemoryJournal::default();
    let base_url = BaseUrl::default();
    let key = canary::key().parse::<ApiKey>().unwrap().fingerprint();
    let id: ExternalTaskId = "order-42".parse().unwrap();
    let task: TaskId = "task-1".parse().unwrap();
    journal
        .intent(&Intent::new(request(), base_url, key, None).unwrap())
        .await
        .unwrap();
    let completed = Outcome::Completed(Task::from_json(COMPLETED.as_bytes()).unwrap());
    let lost = Outcome::Lost { id: task };
    for outcome in [&lost, &completed, &lost] {
        journal.outcome(&id, outcome).await.unwrap();
    }
    let [entry] = <[_; 1]>::try_from(journal.entries()).unwrap();
    assert_eq!(entry.state, JournalState::Ended(Box::new(completed)));
}

/// Two at once about the same create would both find that it is to be sent again.
#[tokio::test(start_paused = true)]
async fn only_one_operation_at_a_time_sends_a_create() {
    let transport = Scripted::new([Answer::Never, Answer::Never]);
    let client = Client::builder(canary::key().parse().unwrap())
        .transport(transport.clone())
        .build()
        .unwrap();
    let mut first = client.generate(request());
    assert!(polled(first.next(), 1).await.flatten().is_some());
    let error = client.generate(request()).await.unwrap_err();
    shown(&error);
    assert_eq!(error.kind(), ErrorKind::DuplicateExternalTaskId, "{error}");
    assert_eq!(transport.calls().len(), 1);
    drop(first);
    let mut next = client.generate(request());
    let notice = next.next().await.unwrap();
    assert!(matches!(notice, Notice::Submitting { .. }), "{notice:?}");
}

/// Else its end would stand in the entry of the other, and give back the price of what is charged.
#[tokio::test(start_paused = true)]
async fn what_is_under_way_is_neither_asked_for_nor_written_down_by_another_operation() {
    let transport = Scripted::new([Answer::Never]);
    let journal = Arc::new(MemoryJournal::default());
    let budget = Arc::new(Budget::new("1.00".parse().unwrap()));
    let client = Client::builder(canary::key().parse().unwrap())
        .transport(transport.clone())
        .journal(journal.clone())
        .budget(budget.clone())
        .capabilities(
            HostCapabilities::default()
                .with_lookup(Lookup::Proven)
                .with_lookup_lag(Duration::ZERO),
        )
        .build()
        .unwrap();
    let mut first = client.generate(request());
    assert!(polled(first.next(), 1).await.flatten().is_some());
    let [entry] = <[_; 1]>::try_from(journal.entries()).unwrap();
    let reserved = budget.spent();

    let error = client.reconcile(entry.intent.clone()).await.unwrap_err();
    shown(&error);
    assert_eq!(error.kind(), ErrorKind::Unresolved, "{error}");
    assert_eq!(error.external_task_id().unwrap().as_str(), "order-42");
    assert_eq!(transport.calls().len(), 1);
    assert_eq!(journal.entries(), [entry]);
    assert_eq!(budget.spent(), reserved);
}

/// No journal write, no spend: an entry that has ended takes no send.
#[tokio::test(start_paused = true)]
async fn an_entry_that_has_ended_takes_no_send_and_no_task() {
    let transport = Scripted::new([json(402, r#"{"message":"insufficient balance"}"#)]);
    let journal = Arc::new(MemoryJournal::default());
    client(&transport, journal.clone())
        .generate(request())
        .await
        .unwrap_err();
    let id: ExternalTaskId = "order-42".parse().unwrap();
    let before = journal.entries();
    assert!(before[0].state.is_final());
    assert!(journal.sent(&id).await.is_err());
    assert!(
        journal
            .accepted(&id, &"task-1".parse().unwrap())
            .await
            .is_err()
    );
    assert_eq!(journal.entries(), before);
}
