//! A journal that does not answer: nothing waits for it longer than its operation has time.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests keep tokio's paused clock"
)]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use kirin_client::{
    Billing, Budget, Client, CreateId, ErrorKind, Journal, JournalError, JournalState,
    JournalWrite, MemoryJournal, Recalled, machine::Notice,
};
use kirin_tests::canary;
use kirin_transport::Sent;
use tokio::time::Instant;

use super::{COMPLETED, CREATED, intend, intent, name_of, request};
use crate::scripted::{Answer, Scripted, json, not_found, shown};

const DEADLINE: Duration = Duration::from_secs(60);

/// A journal has so much time at least.
const AFTER: Duration = Duration::from_secs(5);

/// A journal that never answers to one kind of call.
struct Silent {
    journal: Arc<MemoryJournal>,
    silent_at: &'static str,
    /// It does what it was asked for, and does not say so.
    does: bool,
    asked: Mutex<Vec<&'static str>>,
}

impl Silent {
    fn at(silent_at: &'static str, does: bool) -> Self {
        Self {
            journal: Arc::default(),
            silent_at,
            does,
            asked: Mutex::default(),
        }
    }

    async fn answer(&self, call: &'static str) {
        self.asked.lock().unwrap().push(call);
        if call == self.silent_at {
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl Journal for Silent {
    async fn recall(&self, create: &CreateId) -> Result<Recalled, JournalError> {
        self.answer("recall").await;
        self.journal.recall(create).await
    }

    async fn write(&self, write: &JournalWrite) -> Result<(), JournalError> {
        let call = name_of(&write.change);
        let is_written = self.does || call != self.silent_at;
        let written = match is_written {
            true => self.journal.write(write).await,
            false => Ok(()),
        };
        self.answer(call).await;
        written
    }
}

fn client(transport: &Scripted, journal: &Arc<Silent>, budget: &Arc<Budget>) -> Client {
    Client::builder(canary::key().parse().unwrap())
        .transport(transport.clone())
        .journal(journal.clone())
        .budget(budget.clone())
        .deadline(DEADLINE)
        .build()
        .unwrap()
}

fn budget() -> Arc<Budget> {
    Arc::new(Budget::new("1".parse().unwrap()))
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_hangs_before_a_create_sends_nothing_and_ends_at_the_deadline() {
    for silent_at in ["recall", "intend", "send"] {
        for does in [false, true] {
            let transport = Scripted::new([]);
            let (journal, budget) = (Arc::new(Silent::at(silent_at, does)), budget());
            let client = client(&transport, &journal, &budget);
            let began_at = Instant::now();
            let generating = client.generate(request()).into_future();
            let ended = tokio::time::timeout(2 * DEADLINE, generating).await;
            let error = ended.expect("it ends").unwrap_err();
            shown(&error);
            assert_eq!(began_at.elapsed(), DEADLINE, "{silent_at}");
            assert_eq!(error.kind(), ErrorKind::Journal, "{error}");
            assert_eq!(error.billing(), Billing::None);
            let said = "it did not answer before the deadline";
            assert!(error.to_string().contains(said), "{error}");
            assert_eq!(transport.calls(), [""; 0], "{silent_at}");
            assert_eq!(budget.spent().to_string(), "0", "{silent_at}");
        }
    }
}

/// What another process may have sent is looked for all the same, and is not sent.
#[tokio::test(start_paused = true)]
async fn a_journal_that_hangs_when_a_create_is_taken_over_sends_nothing() {
    for silent_at in ["recall", "take over"] {
        let transport = Scripted::new((0..12).map(|_| not_found()));
        let (journal, budget) = (Arc::new(Silent::at(silent_at, false)), budget());
        let client = client(&transport, &journal, &budget);
        let intent = intent(&client);
        intend(&*journal.journal, &intent, true).await;
        let began_at = Instant::now();
        let reconciling = client.reconcile(intent).into_future();
        let ended = tokio::time::timeout(3 * DEADLINE, reconciling).await;
        let error = ended.expect("it ends").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unresolved, "{error}");
        assert!(began_at.elapsed() <= DEADLINE + AFTER, "{silent_at}");
        let calls = transport.calls();
        assert!(
            !calls.is_empty() && calls.iter().all(|call| call.starts_with("GET")),
            "{calls:?}"
        );
    }
}

/// It is paid for, and goes on.
#[tokio::test(start_paused = true)]
async fn a_journal_that_hangs_after_a_create_keeps_nothing_from_its_end() {
    for silent_at in ["accept", "end", "take back"] {
        let transport = Scripted::new([
            Answer::Fail(Sent::No),
            json(200, CREATED),
            json(200, COMPLETED),
        ]);
        let (journal, budget) = (Arc::new(Silent::at(silent_at, false)), budget());
        let client = client(&transport, &journal, &budget);
        let began_at = Instant::now();
        let mut generation = client.generate(request()).start();
        let mut stream = generation.notices();
        let mut is_told = false;
        let notices = async {
            while let Some(notice) = stream.next().await {
                is_told |= matches!(notice, Notice::NotRecorded { .. });
            }
        };
        let ended = tokio::time::timeout(2 * DEADLINE, notices).await;
        ended.expect("it ends");
        assert!(is_told, "{silent_at}");
        assert!(began_at.elapsed() <= DEADLINE + AFTER, "{silent_at}");
        let is_paid = silent_at != "take back";
        assert_eq!(transport.calls().len() > 1, is_paid);
        let spent = if is_paid { "0.21" } else { "0" };
        assert_eq!(budget.spent().to_string(), spent, "{silent_at}");
    }
}

/// What is written although nobody heard of it is in doubt for whoever comes next, and is looked up first.
#[tokio::test(start_paused = true)]
async fn a_send_that_was_written_down_after_all_is_looked_up_by_the_next() {
    let transport = Scripted::new((0..12).map(|_| not_found()));
    let (journal, budget) = (Arc::new(Silent::at("send", true)), budget());
    let client = client(&transport, &journal, &budget);
    let generating = client.generate(request()).into_future();
    let ended = tokio::time::timeout(2 * DEADLINE, generating).await;
    ended.expect("it ends").unwrap_err();
    let state = journal.journal.entries().remove(0).state;
    assert_eq!(state, JournalState::Sent);
    let again = Client::builder(canary::key().parse().unwrap())
        .transport(transport.clone())
        .journal(journal.journal.clone())
        .build()
        .unwrap();
    let intent = journal.journal.entries().remove(0).intent;
    let error = again.reconcile(intent).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unresolved);
    let calls = transport.calls();
    assert!(calls.iter().all(|call| call.starts_with("GET")));
}

/// A journal on a disk: it answers, and not at once.
struct Slow(MemoryJournal);

#[async_trait]
impl Journal for Slow {
    async fn recall(&self, create: &CreateId) -> Result<Recalled, JournalError> {
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.0.recall(create).await
    }

    async fn write(&self, write: &JournalWrite) -> Result<(), JournalError> {
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.0.write(write).await
    }
}

/// As whoever wants a task, and not to wait for it.
#[tokio::test(start_paused = true)]
async fn a_create_whose_deadline_is_now_is_written_down_and_sent() {
    let running = json(
        200,
        r#"{"id":"d5u5obte8783ap44qtj0","status":"in_progress"}"#,
    );
    let transport = Scripted::new([json(200, CREATED), running]);
    let client = Client::builder(canary::key().parse().unwrap())
        .transport(transport.clone())
        .journal(Slow(MemoryJournal::default()))
        .build()
        .unwrap();
    let generating = client.generate(request()).deadline(Duration::ZERO);
    let ended = tokio::time::timeout(DEADLINE, generating.into_future()).await;
    let error = ended.expect("it ends").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StillRunning, "{error}");
    assert!(transport.calls()[0].starts_with("POST"));
}
