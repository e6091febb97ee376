//! How the next process goes on from what was written down.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use kirin_client::{
    ApiKey, BaseUrl, Billing, Budget, Client, Control, CreateId, DuplicateIds, ErrorKind,
    HostCapabilities, Intent, Journal, JournalChange, JournalError, JournalState, JournalWrite,
    Lookup, MemoryJournal, Recalled,
};
use kirin_tests::canary;
use kirin_types::Timestamp;

use super::{COMPLETED, CREATED, client, intend, intent, request};
use crate::scripted::{Answer, Scripted, json, not_found, shown};

/// A handle names the create that it came from, so what becomes of the task is written down there.
#[tokio::test(start_paused = true)]
async fn a_task_that_is_resumed_ends_in_the_journal_of_its_create() {
    let transport = Scripted::new([json(200, CREATED), json(200, COMPLETED)]);
    let journal = Arc::new(MemoryJournal::default());
    let client = client(&transport, journal.clone());
    let handle = client.submit(request()).await.unwrap().handle().unwrap();
    let states = || {
        let entries = journal.entries().into_iter();
        entries.map(|entry| entry.state).collect::<Vec<_>>()
    };
    assert_eq!(
        states(),
        [JournalState::Accepted("task-1".parse().unwrap())]
    );

    let written = serde_json::to_string(&handle).unwrap();
    client
        .resume(serde_json::from_str(&written).unwrap())
        .await
        .unwrap();
    assert!(
        matches!(&states()[..], [JournalState::Ended(_)]),
        "{:?}",
        states()
    );
}

/// The wait is over, and the create is not: the task may still finish, and no other one is made for it.
#[tokio::test(start_paused = true)]
async fn a_cancelled_task_stays_open_in_the_journal_and_keeps_its_place_in_the_budget() {
    const CANCELLED: &str =
        r#"{"id":"task-1","status":"cancelled","error":{"message":"by operator"}}"#;
    let cancelled = (0..20).map(|_| json(200, CANCELLED));
    let transport = Scripted::new(std::iter::once(json(200, CREATED)).chain(cancelled));
    let journal = Arc::new(MemoryJournal::default());
    let budget = Arc::new(Budget::new("0.30".parse().unwrap()));
    let builder = || {
        Client::builder(canary::key().parse().unwrap())
            .journal(journal.clone())
            .budget(budget.clone())
    };
    let client = builder().transport(transport.clone()).build().unwrap();
    let error = client.generate(request()).await.unwrap_err();
    shown(&error);
    assert_eq!(error.kind(), ErrorKind::OtherEnd);
    assert_eq!(error.billing(), Billing::Unknown);
    assert!(
        error.to_string().contains("cancelled: by operator"),
        "{error}"
    );
    assert_eq!(budget.spent().to_string(), "0.21");
    let entry = || <[_; 1]>::try_from(journal.entries()).unwrap()[0].clone();
    assert!(!entry().state.is_final());

    // The same create goes on with the task that is known, and asks again.
    let again = client.generate(request()).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::OtherEnd);
    assert_eq!(again.task_id(), error.task_id());

    let later = Scripted::new([json(200, COMPLETED)]);
    let client = builder().transport(later.clone()).build().unwrap();
    let handle = error.resume().unwrap().clone();
    client.resume(handle).await.unwrap();
    assert!(entry().state.is_final());
    let calls = [transport.calls(), later.calls()].concat();
    let posts = calls.iter().filter(|call| call.starts_with("POST"));
    assert_eq!(posts.count(), 1);
}

/// Drops a generation at every point at which it waits, and goes on from the journal: one POST in
/// all, and the task.
#[tokio::test(start_paused = true)]
async fn a_generation_that_ends_with_its_process_goes_on_from_the_journal() {
    let transport = Scripted::new([Answer::Never, json(200, COMPLETED)]);
    let journal = Arc::new(MemoryJournal::default());
    let client = client(&transport, journal.clone());
    tokio::select! {
        biased;
        ended = client.generate(request()) => panic!("{ended:?}"),
        () = std::future::ready(()) => {}
    }
    let [entry] = <[_; 1]>::try_from(journal.entries()).unwrap();
    assert_eq!(entry.state, JournalState::Sent);

    let task = client.reconcile(entry.intent).await.unwrap();
    assert_eq!(task.id().as_str(), "task-1");
    let posts = transport
        .calls()
        .into_iter()
        .filter(|it| it.starts_with("POST"));
    assert_eq!(posts.count(), 1);
    let states: Vec<_> = journal.entries().into_iter().map(|it| it.state).collect();
    assert!(matches!(states[..], [JournalState::Ended(_)]), "{states:?}");
}

/// That another host or another user knows nothing of it proves nothing.
#[tokio::test(start_paused = true)]
async fn a_create_that_was_sent_elsewhere_is_neither_asked_for_nor_sent() {
    let key: ApiKey = canary::key().parse().unwrap();
    let elsewhere: BaseUrl = "https://api.example.com".parse().unwrap();
    for (base_url, account, reason) in [
        (
            elsewhere,
            "ada",
            "it was sent to https://api.example.com, which is not asked here",
        ),
        (
            BaseUrl::default(),
            "grace",
            "it is of the account grace, which is not asked here",
        ),
    ] {
        let mut intent = Intent::new(request(), base_url, key.fingerprint(), None).unwrap();
        intent.account = Some(account.parse().unwrap());
        for is_sent_again in [false, true] {
            let transport = Scripted::new([]);
            let client = Client::builder(canary::key().parse().unwrap()).account("ada");
            let client = client.transport(transport.clone()).build().unwrap();
            let ended = match is_sent_again {
                true => client.send_again(intent.clone()).await,
                false => client.reconcile(intent.clone()).await,
            };
            let error = ended.unwrap_err();
            shown(&error);
            assert_eq!(error.kind(), ErrorKind::Unresolved);
            assert_eq!(error.external_task_id().unwrap().as_str(), "order-42");
            assert!(error.to_string().contains(reason), "{error}");
            assert_eq!(transport.calls(), [""; 0]);
        }
    }
}

/// Another key's hit is ours, and its miss says nothing, whoever chose the id.
#[tokio::test(start_paused = true)]
async fn an_id_is_looked_up_with_another_key_and_never_sent_with_it() {
    let theirs = "0123456789abcdef";
    for (is_there, is_minted) in [(true, true), (false, true), (true, false), (false, false)] {
        let missing = (0..12).map(|_| not_found());
        let answers: Vec<Answer> = match is_there {
            true => vec![json(200, COMPLETED)],
            false => missing.collect(),
        };
        let transport = Scripted::new(answers);
        let journal = Arc::new(MemoryJournal::default());
        // With the key that it was sent with, it would be sent again.
        let host = HostCapabilities::default()
            .with_duplicate_ids(DuplicateIds::Refused)
            .with_lookup(Lookup::Proven)
            .with_lookup_lag(Duration::ZERO);
        let client = Client::builder(canary::key().parse().unwrap())
            .transport(transport.clone())
            .journal(journal.clone())
            .capabilities(host)
            .control(Control::new(
                "order-1".parse().unwrap(),
                "task-0".parse().unwrap(),
            ))
            .build()
            .unwrap();
        let mut intent = intent(&client);
        intent.key = theirs.parse().unwrap();
        intent.is_minted = is_minted;
        intend(&*journal, &intent, true).await;
        let reconciled = client.reconcile(intent).await;
        let [entry] = <[_; 1]>::try_from(journal.entries()).unwrap();
        match is_there {
            true => {
                assert_eq!(reconciled.unwrap().id().as_str(), "task-1");
                let ours: ApiKey = canary::key().parse().unwrap();
                assert_eq!(entry.intent.key, ours.fingerprint());
            }
            false => {
                let error = reconciled.unwrap_err();
                shown(&error);
                assert_eq!(error.kind(), ErrorKind::Unresolved);
                assert!(error.to_string().contains("another API key"), "{error}");
                assert_eq!(entry.intent.key.to_string(), theirs);
                // It says nothing of what happened.
                assert_eq!(
                    (entry.state, entry.intent.doubt),
                    (JournalState::Sent, None)
                );
            }
        }
        let calls = transport.calls();
        assert!(
            calls.iter().all(|call| call.starts_with("GET")),
            "{calls:?}"
        );
        assert!(!calls.is_empty());
    }
}

/// Something on the way may have sent it twice, and the first of the two is found only now.
#[tokio::test(start_paused = true)]
async fn a_create_that_ended_as_refused_is_looked_up_once_more_at_the_next_start() {
    for is_there in [true, false] {
        let journal = Arc::new(MemoryJournal::default());
        let first = client(&Scripted::new(super::refused()), journal.clone());
        let refused = first.generate(request()).await.unwrap_err();
        let next = || {
            let answer = match is_there {
                true => json(200, COMPLETED),
                false => not_found(),
            };
            let transport = Scripted::new([answer]);
            (client(&transport, journal.clone()), transport)
        };
        let intent = || journal.entries().remove(0).intent;
        let (second, transport) = next();
        let reconciled = second.reconcile(intent()).await;
        assert!(transport.is_used_up());
        match is_there {
            true => {
                assert_eq!(reconciled.unwrap().id().as_str(), "task-1");
                let entry = journal.entries().remove(0);
                assert_eq!(entry.state.task_id().unwrap().as_str(), "task-1");
            }
            false => {
                let error = reconciled.unwrap_err();
                assert_eq!(error.to_string(), refused.to_string());
                assert_eq!(error.billing(), refused.billing());
                // Once is enough.
                let (third, transport) = next();
                let error = third.reconcile(intent()).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Known);
                assert_eq!(transport.calls(), [""; 0]);
                // But nothing is sent without a look-up.
                let transport = Scripted::new([json(200, COMPLETED)]);
                let fourth = client(&transport, journal.clone());
                fourth.generate(request()).await.unwrap();
                assert!(transport.calls()[0].starts_with("GET"));
            }
        }
    }
}

/// Wall time, so many hours ago.
fn hours_ago(hours: i64) -> Timestamp {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    Timestamp::from_milliseconds(i64::try_from(now).unwrap() - hours * 3_600_000)
}

/// Nobody knows how long a host remembers an external id.
#[tokio::test(start_paused = true)]
async fn an_old_create_is_looked_up_and_never_sent_again() {
    let missing = || json(404, r#"{"message":"task not found"}"#);
    for (intended_at, posts) in [
        (Some(hours_ago(23)), 1),
        (Some(hours_ago(25)), 0),
        (None, 0),
    ] {
        let mut answers: Vec<Answer> = (0..12).map(|_| missing()).collect();
        if posts == 1 {
            // On a host that refuses duplicates it is sent again after the first miss.
            answers.truncate(1);
            answers.push(json(200, COMPLETED));
        }
        let transport = Scripted::new(answers);
        let host = HostCapabilities::default().with_duplicate_ids(DuplicateIds::Refused);
        let client = Client::builder(canary::key().parse().unwrap())
            .transport(transport.clone())
            .capabilities(host)
            .build()
            .unwrap();
        let key: ApiKey = canary::key().parse().unwrap();
        let base_url = client.base_url().clone();
        let intent = Intent::new(request(), base_url, key.fingerprint(), intended_at);
        let ended = client.reconcile(intent.unwrap()).await;
        assert_eq!(ended.is_ok(), posts == 1, "{ended:?}");
        let calls = transport.calls();
        let sent = calls.iter().filter(|call| call.starts_with("POST"));
        assert_eq!(sent.count(), posts, "{intended_at:?}");
    }
}

/// Nothing can have been sent of an intent that was never marked as sent: it is made as any other.
#[tokio::test(start_paused = true)]
async fn an_intent_that_was_not_sent_is_known_as_such() {
    let transport = Scripted::new([]);
    let journal = Arc::new(MemoryJournal::default());
    struct IntentOnly(Arc<MemoryJournal>);
    #[async_trait]
    impl Journal for IntentOnly {
        async fn recall(&self, create: &CreateId) -> Result<Recalled, JournalError> {
            self.0.recall(create).await
        }

        async fn write(&self, write: &JournalWrite) -> Result<(), JournalError> {
            match write.change {
                JournalChange::Intend(_) => self.0.write(write).await,
                _ => std::future::pending().await,
            }
        }
    }
    let client = client(&transport, Arc::new(IntentOnly(journal.clone())));
    tokio::select! {
        biased;
        ended = client.generate(request()) => panic!("{ended:?}"),
        () = std::future::ready(()) => {}
    }
    assert_eq!(journal.entries()[0].state, JournalState::Intended);
    assert_eq!(transport.calls(), [""; 0]);
}

/// So it is made as any other by the process that comes next.
#[tokio::test(start_paused = true)]
async fn an_intent_that_was_not_sent_can_be_made_by_the_next_process() {
    let transport = Scripted::new([json(200, COMPLETED)]);
    let journal = Arc::new(MemoryJournal::default());
    let client = client(&transport, journal.clone());
    intend(&*journal, &intent(&client), false).await;
    client.generate(request()).await.unwrap();
    let [entry] = <[_; 1]>::try_from(journal.entries()).unwrap();
    assert!(matches!(entry.state, JournalState::Ended(_)));
}
