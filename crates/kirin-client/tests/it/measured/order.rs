//! What is written down comes before what is counted, and nothing waits for a recorder before a POST.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response};
use kirin_client::{JournalState, MemoryJournal};
use kirin_transport::{Body, TransportError};

use super::*;

/// How far the only create of a journal is.
fn state(journal: &MemoryJournal) -> &'static str {
    let entry = journal.entries().pop();
    entry.map_or("nothing", |entry| entry.state.as_str())
}

/// Whoever stops at a number, or ends the process, finds in the journal what is counted.
#[test]
fn the_journal_knows_what_is_counted() {
    let journal = Arc::new(MemoryJournal::default());
    let seen: Arc<Mutex<Vec<(String, &'static str)>>> = Arc::default();
    let (known, noted) = (journal.clone(), seen.clone());
    let recorded = Recorded::new(move |sample| {
        let name = sample.name.clone();
        noted.lock().unwrap().push((name, state(&known)));
    });
    record(&recorded, || async {
        let answers = [lost(), json(200, RUNNING), json(200, COMPLETED)];
        let client = builder(Scripted::new(answers)).journal(journal.clone());
        let client = client.build().unwrap();
        client.generate(request()).await.unwrap();
    });
    let seen = seen.lock().unwrap();
    let seen: Vec<_> = seen
        .iter()
        .map(|(name, state)| (&name[..], *state))
        .collect();
    let expected = [
        ("kirin.in_flight", "nothing"),
        ("kirin.create.ambiguous", "sent"),
        // The look-up.
        ("kirin.poll.lateness", "sent"),
        ("kirin.reconcile.outcome", "accepted"),
        ("kirin.poll.lateness", "accepted"),
        ("kirin.task.duration", "ended"),
        ("kirin.cost", "ended"),
        ("kirin.create.posts", "ended"),
        ("kirin.in_flight", "ended"),
    ];
    assert_eq!(seen, expected);
}

/// A proof that allows a POST is good for ten seconds, and a recorder may take them.
struct Watching {
    answers: Scripted,
    recorded: Recorded,
    journal: Arc<MemoryJournal>,
    /// What was recorded since the journal knows of the attempt.
    posts: AtomicUsize,
}

#[async_trait]
impl Transport for Watching {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        if *request.method() == Method::POST {
            self.posts.fetch_add(1, Ordering::Relaxed);
            assert_eq!(state(&self.journal), "sent");
            let names = self
                .recorded
                .samples()
                .into_iter()
                .map(|sample| sample.name);
            assert_eq!(names.collect::<Vec<_>>(), ["kirin.in_flight"]);
        }
        self.answers.send(request).await
    }
}

#[test]
fn nothing_is_counted_between_the_journal_and_the_post() {
    let recorded = Recorded::default();
    let transport = Arc::new(Watching {
        answers: Scripted::new([CREATED, COMPLETED].map(|body| json(200, body))),
        recorded: recorded.clone(),
        journal: Arc::default(),
        posts: AtomicUsize::new(0),
    });
    record(&recorded, || async {
        let client = builder(transport.clone()).journal(transport.journal.clone());
        let client = client.build().unwrap();
        client.generate(request()).await.unwrap();
    });
    assert_eq!(transport.posts.load(Ordering::Relaxed), 1);
}

#[test]
fn a_recorder_that_panics_costs_neither_the_task_nor_its_entry() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let recorded = Recorded::new(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        panic!("a recorder's own fault");
    });
    let journal = Arc::new(MemoryJournal::default());
    record(&recorded, || async {
        let answers = [lost(), json(200, RUNNING), json(200, COMPLETED)];
        let client = builder(Scripted::new(answers)).journal(journal.clone());
        let client = client.build().unwrap();
        client.generate(request()).await.unwrap();
    });
    let entry = journal.entries().pop().unwrap();
    assert!(matches!(entry.state, JournalState::Ended(_)), "{entry:?}");
    // As many as in `the_journal_knows_what_is_counted`: each was tried, but one that was never counted up is
    // not counted down.
    assert_eq!(calls.load(Ordering::Relaxed), 8);
}

/// A panic inside a panic would end the process, and with it everything else that is under way.
#[test]
fn a_recorder_that_panics_while_a_panic_drops_a_generation_ends_no_process() {
    let recorded = Recorded::new(|_| panic!("a recorder's own fault"));
    record(&recorded, || async {
        let faulty = kirin_transport::from_fn(|_| async { panic!("a transport's own fault") });
        let client = builder(faulty).build().unwrap();
        let generation = client.generate(request()).into_future();
        let spawned = async { tokio::task::spawn_local(generation).await };
        let ended = tokio::task::LocalSet::new().run_until(spawned).await;
        assert!(ended.unwrap_err().is_panic());
    });
    assert!(!recorded.samples().is_empty());
}
