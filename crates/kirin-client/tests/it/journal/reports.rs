//! What has happened is in the journal before anybody is told, and also where nobody waits for it any more.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests keep tokio's paused clock"
)]

use std::{
    future::IntoFuture,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use kirin_client::{
    Client, CreateId, Generation, Journal, JournalEntry, JournalError, JournalState, JournalWrite,
    MemoryJournal, Recalled, machine::Notice,
};
use kirin_transport::Sent;

use super::{COMPLETED, CREATED, client, name_of, refused, request};
use crate::scripted::{Answer, Scripted, json};

/// How long a write takes.
const WRITE: Duration = Duration::from_millis(200);

const LONG: Duration = Duration::from_secs(60);

/// A journal that is elsewhere: a write that is dropped half-way writes nothing.
#[derive(Default)]
struct Late {
    journal: MemoryJournal,
    may_have_forgotten: bool,
    begun: Mutex<Vec<&'static str>>,
}

#[async_trait]
impl Journal for Late {
    async fn recall(&self, create: &CreateId) -> Result<Recalled, JournalError> {
        let mut recalled = self.journal.recall(create).await?;
        recalled.may_have_forgotten = self.may_have_forgotten;
        Ok(recalled)
    }

    async fn write(&self, write: &JournalWrite) -> Result<(), JournalError> {
        self.begun.lock().unwrap().push(name_of(&write.change));
        tokio::time::sleep(WRITE).await;
        self.journal.write(write).await
    }
}

impl Late {
    fn entry(&self) -> JournalEntry {
        self.journal.entries().pop().unwrap()
    }

    /// Polls a generation until this change is being written.
    async fn is_writing(&self, name: &str, generation: &mut Generation) {
        let is_begun = || self.begun.lock().unwrap().last() == Some(&name);
        let polling = async {
            while !is_begun() {
                let _ = tokio::time::timeout(WRITE / 2, generation.into_future()).await;
            }
        };
        let begun = tokio::time::timeout(LONG, polling).await;
        begun.expect("it is written at some time");
    }
}

fn accepted() -> JournalState {
    JournalState::Accepted("task-1".parse().unwrap())
}

/// A create that is dropped while this change is being written.
async fn dropped_at(name: &str, answers: Vec<Answer>) -> (Scripted, Client, Arc<Late>) {
    let transport = Scripted::new(answers);
    let journal = Arc::new(Late::default());
    let client = client(&transport, journal.clone());
    let mut generation = client.generate(request()).start();
    journal.is_writing(name, &mut generation).await;
    drop(generation);
    (transport, client, journal)
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_an_acceptance_is_told_when_the_journal_knows_it() {
    let start = || {
        let journal = Arc::new(Late::default());
        let transport = Scripted::new([json(200, CREATED), json(200, COMPLETED)]);
        (client(&transport, journal.clone()), journal)
    };
    let (client, journal) = start();
    let generation = client.submit(request()).await.unwrap();
    assert_eq!(journal.entry().state, accepted());
    drop(generation);

    let (client, journal) = start();
    let mut generation = client.generate(request()).start();
    let handle = generation.accepted().await.unwrap();
    assert_eq!(handle.task_id.as_str(), "task-1");
    assert_eq!(journal.entry().state, accepted());

    let (client, journal) = start();
    let mut generation = client.generate(request()).start();
    let mut notices = generation.notices();
    while !matches!(notices.next().await, Some(Notice::Accepted { .. })) {}
    assert_eq!(journal.entry().state, accepted());
}

/// Whoever gives up has what goes on with the task, whatever the journal does.
#[tokio::test(start_paused = true)]
async fn the_handle_is_there_before_the_journal_knows_the_task() {
    let transport = Scripted::new([json(200, CREATED)]);
    let journal = Arc::new(Late::default());
    let mut generation = client(&transport, journal.clone())
        .generate(request())
        .start();
    journal.is_writing("accept", &mut generation).await;
    assert_eq!(journal.entry().state, JournalState::Sent);
    assert_eq!(generation.handle().unwrap().task_id.as_str(), "task-1");
}

#[tokio::test(start_paused = true)]
async fn an_acceptance_is_written_down_although_its_generation_is_dropped() {
    let (_, client, journal) = dropped_at("accept", vec![json(200, CREATED)]).await;
    assert_eq!(journal.entry().state, JournalState::Sent);
    tokio::time::sleep(2 * WRITE).await;
    assert_eq!(journal.entry().state, accepted());
    drop(client);
}

/// The last client may be dropped with its generation.
#[tokio::test(start_paused = true)]
async fn an_acceptance_is_written_down_although_its_client_is_dropped() {
    let (_, client, journal) = dropped_at("accept", vec![json(200, CREATED)]).await;
    drop(client);
    tokio::time::sleep(2 * WRITE).await;
    assert_eq!(journal.entry().state, accepted());
}

/// A task that nobody here had created, and whose intent is written down after it was found.
#[tokio::test(start_paused = true)]
async fn a_task_that_was_forgotten_and_found_is_written_down_although_its_generation_is_dropped() {
    let found = format!(r#"{{"external_task_id":"order-42",{}"#, &CREATED[1..]);
    let transport = Scripted::new([json(200, found)]);
    let journal = Arc::new(Late {
        may_have_forgotten: true,
        ..Late::default()
    });
    let client = client(&transport, journal.clone());
    let mut generation = client.generate(request()).with_derived_id().start();
    journal.is_writing("intend", &mut generation).await;
    assert_eq!(transport.calls().len(), 1);
    drop(generation);
    tokio::time::sleep(4 * WRITE).await;
    assert_eq!(journal.entry().state, accepted());
}

/// What certainly created nothing is not in doubt afterwards.
#[tokio::test(start_paused = true)]
async fn what_is_taken_back_is_written_down_although_its_generation_is_dropped() {
    for (answers, was_refused) in [(refused(), true), (vec![Answer::Fail(Sent::No)], false)] {
        let (_, _client, journal) = dropped_at("take back", answers).await;
        assert_eq!(journal.entry().state, JournalState::Sent);
        tokio::time::sleep(2 * WRITE).await;
        let entry = journal.entry();
        assert_eq!(entry.state, JournalState::Intended);
        assert_eq!((entry.attempts, entry.is_refusal_open), (0, was_refused));
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_is_written_down_although_its_generation_is_dropped() {
    let answers = vec![json(200, CREATED), json(200, COMPLETED)];
    let (_, _client, journal) = dropped_at("end", answers).await;
    assert_eq!(journal.entry().state, accepted());
    tokio::time::sleep(2 * WRITE).await;
    assert!(journal.entry().state.is_final());
}

/// What is not sent is not in doubt: an attempt is not written down by itself.
#[tokio::test(start_paused = true)]
async fn an_attempt_is_not_written_down_where_its_generation_is_dropped() {
    let (transport, _client, journal) = dropped_at("send", Vec::new()).await;
    tokio::time::sleep(2 * WRITE).await;
    assert_eq!(journal.entry().state, JournalState::Intended);
    assert_eq!(transport.calls(), [""; 0]);
}

/// It has no look-up to find the task with, and needs none.
#[tokio::test(start_paused = true)]
async fn whoever_wants_a_dropped_create_again_waits_for_its_acceptance() {
    let answers = vec![json(200, CREATED), json(200, COMPLETED)];
    let (transport, client, _journal) = dropped_at("accept", answers).await;
    let task = client.generate(request()).await.unwrap();
    assert_eq!(task.id().as_str(), "task-1");
    let calls = transport.calls();
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert!(calls[1].ends_with("task-1"), "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn a_drained_client_waits_for_what_a_dropped_generation_has_to_report() {
    let (_, client, journal) = dropped_at("accept", vec![json(200, CREATED)]).await;
    assert_eq!(client.drain(LONG).await, []);
    assert_eq!(journal.entry().state, accepted());
}
