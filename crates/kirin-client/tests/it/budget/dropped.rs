//! What is dropped gives back what certainly was not sent, and nothing else.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests keep tokio's paused clock"
)]

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as _;
use kirin_client::{
    Budget, Client, CreateId, ErrorKind, Journal, JournalError, JournalWrite, MemoryJournal,
    Recalled, machine::Outcome,
};
use kirin_tests::canary;
use kirin_transport::{Body, SendWatch, Sent, Transport, TransportError};
use kirin_types::Task;

use super::{CREATED, budget, client, request};
use crate::scripted::{Answer, Scripted, json, not_found};

/// A transport whose creates wait for a connection for ten seconds, and then for their answer.
struct Connecting {
    announces: bool,
    posts: AtomicUsize,
}

#[async_trait]
impl Transport for Connecting {
    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let watch = request.extensions_mut().remove::<SendWatch>();
        let watch = watch.filter(|_| self.announces).unwrap_or_default();
        let mut body = watch.announce(request.into_body());
        tokio::time::sleep(Duration::from_secs(10)).await;
        let taken = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await;
        taken.transpose()?;
        self.posts.fetch_add(1, Ordering::Relaxed);
        std::future::pending().await
    }
}

/// What is left in a budget by a generation that is dropped after so many seconds, and how many creates left.
async fn dropped_after(announces: bool, seconds: u64) -> (String, usize) {
    let transport = Arc::new(Connecting {
        announces,
        posts: AtomicUsize::new(0),
    });
    let budget = budget("1");
    let client = Client::builder(canary::key().parse().unwrap())
        .transport(transport.clone())
        .budget(budget.clone())
        .build()
        .unwrap();
    let generating = client.generate(request("order-1")).into_future();
    let ended = tokio::time::timeout(Duration::from_secs(seconds), generating).await;
    assert!(ended.is_err(), "it has no end");
    let spent = budget.spent().to_string();
    (spent, transport.posts.load(Ordering::Relaxed))
}

#[tokio::test(start_paused = true)]
async fn what_is_dropped_while_it_waits_for_a_connection_gives_its_price_back() {
    assert_eq!(dropped_after(true, 9).await, ("0".to_owned(), 0));
    assert_eq!(dropped_after(true, 11).await, ("0.21".to_owned(), 1));
    // A transport that does not say when it takes a body may have sent it.
    assert_eq!(dropped_after(false, 9).await, ("0.21".to_owned(), 0));
}

/// A journal that never answers when it is written to.
struct Hanging;

#[async_trait]
impl Journal for Hanging {
    async fn recall(&self, _create: &CreateId) -> Result<Recalled, JournalError> {
        Ok(Recalled::default())
    }

    async fn write(&self, _write: &JournalWrite) -> Result<(), JournalError> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_dropped_while_its_journal_is_written_gives_its_price_back() {
    let budget = budget("1");
    let client = Client::builder(canary::key().parse().unwrap())
        .transport(Scripted::new([]))
        .journal(Arc::new(Hanging))
        .budget(budget.clone())
        .build()
        .unwrap();
    let second = Duration::from_secs(1);
    let dropped = tokio::time::timeout(second, client.generate(request("order-1")).into_future());
    assert!(dropped.await.is_err());
    assert_eq!(budget.spent().to_string(), "0");
    let mut generation = client.generate(request("order-2")).start();
    let polled = tokio::time::timeout(second, generation.notices().next()).await;
    assert!(polled.is_err());
    assert_eq!(budget.spent().to_string(), "0.21", "it still runs");
    drop(generation);
    assert_eq!(budget.spent().to_string(), "0");
}

/// One lost attempt is enough: what came after it does not matter.
#[tokio::test(start_paused = true)]
async fn what_may_have_been_sent_keeps_its_price_when_it_is_dropped() {
    for (answers, spent) in [
        (vec![Answer::Never], "0.21"),
        (vec![Answer::Fail(Sent::No), Answer::Never], "0.21"),
        (vec![json(200, CREATED), Answer::Never], "0.21"),
        (vec![Answer::Fail(Sent::Maybe), not_found()], "0.21"),
        // It waits for its next attempt, and none was sent yet.
        (vec![Answer::Fail(Sent::No)], "0"),
    ] {
        let budget = budget("1");
        let transport = Scripted::new(answers);
        let client = client(&transport, &budget);
        let mut generation = client.generate(request("order-1")).start();
        let mut notices = generation.notices();
        while !transport.is_used_up() {
            let step = tokio::time::timeout(Duration::from_millis(100), notices.next());
            let _ = step.await;
        }
        drop(generation);
        assert_eq!(budget.spent(), spent.parse().unwrap());
    }
}

/// What it had taken is found again by whoever goes on with it, and counts once.
#[tokio::test(start_paused = true)]
async fn what_is_dropped_and_asked_for_again_counts_once() {
    let budget = budget("0.30");
    let transport = Scripted::new([Answer::Never]);
    let client = client(&transport, &budget);
    let generating = client.generate(request("order-1")).into_future();
    let dropped = tokio::time::timeout(Duration::from_secs(1), generating).await;
    assert!(dropped.is_err());
    assert_eq!(budget.spent().to_string(), "0.21");
    let completed = r#"{"id":"task-1","status":"completed","usage":{"cost":"0.17"},
        "output":[{"content":[{"url":"https://example.com/a.mp4"}]}]}"#;
    transport.answer_next(Response::new(Body::from(completed)));
    client.generate(request("order-1")).await.unwrap();
    assert_eq!(budget.spent().to_string(), "0.17");
}

/// A journal that is read a moment too early: another client writes before this one does.
struct ReadTooEarly(Arc<MemoryJournal>);

#[async_trait]
impl Journal for ReadTooEarly {
    async fn recall(&self, _create: &CreateId) -> Result<Recalled, JournalError> {
        Ok(Recalled::default())
    }

    async fn write(&self, write: &JournalWrite) -> Result<(), JournalError> {
        self.0.write(write).await
    }
}

/// Two clients with one journal and one budget: only one of them sends the create, and only that counts.
#[tokio::test(start_paused = true)]
async fn a_create_that_another_client_is_at_counts_once() {
    let budget = budget("1");
    let journal = Arc::new(ReadTooEarly(Arc::default()));
    let transport = Scripted::new([Answer::Never]);
    let client = || {
        Client::builder(canary::key().parse().unwrap())
            .transport(transport.clone())
            .journal(journal.clone())
            .budget(budget.clone())
            .build()
            .unwrap()
    };
    let mut first = client().generate(request("order-1")).start();
    first.notices().next().await.unwrap();
    let error = client().generate(request("order-1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Known, "{error}");
    assert_eq!(transport.calls().len(), 1);
    assert_eq!(budget.spent().to_string(), "0.21");
}

#[test]
fn a_reservation_changes_only_the_budget_that_gave_it() {
    let (one, other) = (budget("1"), budget("1"));
    let of_one = one.reserve(&request("order-1")).unwrap();
    let of_other = other.reserve(&request("order-1")).unwrap();
    of_other.sent();
    of_one.release();
    assert_eq!(one.spent().to_string(), "0");
    assert_eq!(other.spent().to_string(), "0.21");
    let json = br#"{"id":"task-1","status":"completed","usage":{"cost":"0.17"}}"#;
    of_other.settle(&Outcome::Completed(Task::from_json(json).unwrap()));
    assert_eq!(one.spent().to_string(), "0");
    assert_eq!(other.spent().to_string(), "0.17");
}

/// Each attempt is taken back by itself.
#[test]
fn a_reservation_gives_back_what_certainly_was_not_sent() {
    fn check(spent: &str, attempts: impl FnOnce(&Budget)) {
        let budget = budget("1");
        attempts(&budget);
        assert_eq!(budget.spent().to_string(), spent);
    }
    let reserve = |budget: &Budget| budget.reserve(&request("order-1")).unwrap();

    check("0", |budget| drop(reserve(budget)));
    check("0.21", |budget| reserve(budget).sent());
    check("0", |budget| {
        let reservation = reserve(budget);
        reservation.sent();
        reservation.not_sent();
    });
    check("0.21", |budget| {
        let reservation = reserve(budget);
        reservation.sent();
        reservation.sent();
        reservation.not_sent();
    });
    // What another process may have sent is known here, whoever reserved it first.
    check("0.21", |budget| {
        let reservation = reserve(budget);
        drop(budget.remember(&request("order-1")));
        drop(reservation);
    });
    check("0.21", |budget| {
        drop(budget.remember(&request("order-1")));
    });
}
