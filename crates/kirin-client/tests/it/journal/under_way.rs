//! One entry, one create: what is kept apart while it is under way, and stays when it has ended.

use std::{sync::Arc, time::Duration};

use kirin_client::{
    Billing, Budget, Client, ErrorKind, HostCapabilities, Journal, JournalChange, JournalState,
    Lookup, MemoryJournal,
    machine::{Outcome, SendReason},
};
use kirin_tests::canary;
use kirin_types::Task;

use super::{
    COMPLETED, CREATED, client, intend, intent, polled, refused, request, stranger, write,
};
use crate::scripted::{Answer, Scripted, json, shown};

/// Whoever wants the same create again, in the client that made it, goes on with its task.
#[tokio::test(start_paused = true)]
async fn two_creates_under_one_id_are_one_create() {
    let transport = Scripted::new([json(200, CREATED)]);
    let journal = Arc::new(MemoryJournal::default());
    let client = client(&transport, journal.clone());
    drop(client.submit(request()).await.unwrap());
    let again = client.submit(request()).await.unwrap();
    assert_eq!(again.handle().unwrap().task_id.as_str(), "task-1");
    assert_eq!(transport.calls().len(), 1);
    let states: Vec<_> = journal.entries().into_iter().map(|it| it.state).collect();
    assert_eq!(states, [JournalState::Accepted("task-1".parse().unwrap())]);
}

#[tokio::test]
async fn the_first_end_of_an_entry_stays() {
    let journal = MemoryJournal::default();
    let client = client(&Scripted::new([]), Arc::new(MemoryJournal::default()));
    let intent = intent(&client);
    intend(&journal, &intent, true).await;
    let completed = Outcome::Completed(Task::from_json(COMPLETED.as_bytes()).unwrap());
    let lost = Outcome::Lost {
        id: "task-1".parse().unwrap(),
    };
    for outcome in [&lost, &completed, &lost] {
        let end = JournalChange::End(Box::new(outcome.clone()));
        journal
            .write(&write(&intent, stranger(), end))
            .await
            .unwrap();
    }
    let [entry] = <[_; 1]>::try_from(journal.entries()).unwrap();
    assert_eq!(entry.state, JournalState::Ended(Box::new(completed)));
}

/// Two at once about the same create would both find that it is to be sent again.
#[tokio::test(start_paused = true)]
async fn only_one_operation_at_a_time_sends_a_create() {
    let transport = Scripted::new([Answer::Never, json(200, COMPLETED)]);
    let client = Client::builder(canary::key().parse().unwrap())
        .transport(transport.clone())
        .build()
        .unwrap();
    let mut first = client.generate(request()).start();
    assert!(polled(first.notices().next(), 1).await.flatten().is_some());
    let error = client.generate(request()).await.unwrap_err();
    shown(&error);
    assert_eq!(error.kind(), ErrorKind::UnderWay, "{error}");
    assert_eq!(error.billing(), Billing::Unknown);
    assert_eq!(transport.calls().len(), 1);
    drop(first);
    // The first one may have been sent, so the next one looks for its task.
    let task = client.generate(request()).await.unwrap();
    assert_eq!(task.id().as_str(), "task-1");
    let posts = transport.calls();
    let posts = posts.iter().filter(|call| call.starts_with("POST"));
    assert_eq!(posts.count(), 1);
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
    let mut first = client.generate(request()).start();
    assert!(polled(first.notices().next(), 1).await.flatten().is_some());
    let [entry] = <[_; 1]>::try_from(journal.entries()).unwrap();
    let reserved = budget.spent();

    let error = client.reconcile(entry.intent.clone()).await.unwrap_err();
    shown(&error);
    assert_eq!(error.kind(), ErrorKind::UnderWay, "{error}");
    assert_eq!(error.external_task_id().unwrap().as_str(), "order-42");
    assert_eq!(transport.calls().len(), 1);
    assert_eq!(journal.entries(), [entry]);
    assert_eq!(budget.spent(), reserved);
}

/// No journal write, no spend: an entry that has ended takes no send.
#[tokio::test(start_paused = true)]
async fn an_entry_that_has_ended_takes_no_send() {
    let transport = Scripted::new(refused());
    let journal = Arc::new(MemoryJournal::default());
    let client = client(&transport, journal.clone());
    client.generate(request()).await.unwrap_err();
    let before = journal.entries();
    assert!(before[0].state.is_final());
    let intent = before[0].intent.clone();
    for operation in [intent.operation.unwrap(), stranger()] {
        let send = JournalChange::Send {
            attempt: 2,
            reason: SendReason::Unsent,
        };
        let write = write(&intent, operation, send);
        assert!(journal.write(&write).await.is_err());
    }
    assert_eq!(journal.entries(), before);
}
