//! The time of a create: it runs from when the transport takes the body, where it says so, and what was not
//! taken is withdrawn and was not sent.
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
use http::{Method, Request, Response, StatusCode};
use http_body::Body as _;
use kirin_client::{Billing, Client, ErrorKind, JournalState, MemoryJournal};
use kirin_tests::canary;
use kirin_transport::{Body, SendWatch, Sent, Transport, TransportError, TransportErrorKind};
use tokio::time::Instant;

use crate::scripted::{request, shown};

const COMPLETED: &str = r#"{"id":"task-1","status":"completed",
    "output":[{"content":[{"type":"video","url":"https://example.com/a.mp4"}]}]}"#;

/// A transport whose creates wait in a queue, and then take their time.
#[derive(Clone, Copy)]
struct Times {
    /// Whether it says when it takes a body.
    announces: bool,
    queued: Duration,
    answering: Duration,
}

struct Queue {
    times: Times,
    /// Creates that left.
    posts: AtomicUsize,
}

#[async_trait]
impl Transport for Queue {
    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        if request.method() == Method::GET {
            let mut missing = Response::new(Body::from(r#"{"message":"not found"}"#));
            *missing.status_mut() = StatusCode::NOT_FOUND;
            return Ok(match self.posts.load(Ordering::Relaxed) {
                0 => missing,
                _ => Response::new(Body::from(COMPLETED)),
            });
        }
        let watch = request.extensions_mut().remove::<SendWatch>();
        let watch = watch.filter(|_| self.times.announces).unwrap_or_default();
        let mut body = watch.announce(request.into_body());
        let sending = async {
            tokio::time::sleep(self.times.queued).await;
            let taken = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await;
            taken.transpose()?;
            self.posts.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(self.times.answering).await;
            Ok(Response::new(Body::from(COMPLETED)))
        };
        watch.unless_withdrawn(sending).await
    }
}

fn queue(announces: bool, queued: u64, answering: u64) -> Arc<Queue> {
    Arc::new(Queue {
        times: Times {
            announces,
            queued: Duration::from_secs(queued),
            answering: Duration::from_secs(answering),
        },
        posts: AtomicUsize::new(0),
    })
}

fn client(transport: &Arc<Queue>, journal: &Arc<MemoryJournal>) -> Client {
    Client::builder(canary::key().parse().unwrap())
        .transport(transport.clone())
        .journal(journal.clone())
        .build()
        .unwrap()
}

/// However long it waits in a queue: cut there, it is sent milliseconds before it is given up.
#[tokio::test(start_paused = true)]
async fn the_time_of_a_create_runs_from_the_taking() {
    let transport = queue(true, 100, 29);
    let journal = Arc::new(MemoryJournal::default());
    let began_at = Instant::now();
    client(&transport, &journal)
        .generate(request())
        .await
        .unwrap();
    assert_eq!(began_at.elapsed(), Duration::from_secs(129));
    assert_eq!(transport.posts.load(Ordering::Relaxed), 1);
    assert_eq!(journal.entries()[0].attempts, 1);
}

/// What was taken and is not answered in its time may have been sent: it is looked up.
#[tokio::test(start_paused = true)]
async fn a_create_that_was_taken_and_is_not_answered_is_ambiguous() {
    let transport = queue(true, 10, 3600);
    let journal = Arc::new(MemoryJournal::default());
    let began_at = Instant::now();
    client(&transport, &journal)
        .generate(request())
        .await
        .unwrap();
    // Its own 30 s after 10 s in the queue, and the first look-up.
    assert_eq!(began_at.elapsed(), Duration::from_secs(41));
    assert_eq!(transport.posts.load(Ordering::Relaxed), 1);
}

/// Of a transport that announces nothing, the time runs from the call, and a time-out proves nothing.
#[tokio::test(start_paused = true)]
async fn a_create_of_a_transport_that_announces_nothing_is_timed_from_the_call() {
    let transport = queue(false, 100, 1);
    let journal = Arc::new(MemoryJournal::default());
    let began_at = Instant::now();
    let error = client(&transport, &journal)
        .generate(request())
        .await
        .unwrap_err();
    shown(&error);
    assert_eq!(error.kind(), ErrorKind::Unresolved);
    assert_eq!(error.billing(), Billing::Unknown);
    assert_eq!(began_at.elapsed(), Duration::from_secs(60));
    assert_eq!(journal.entries()[0].attempts, 1);
}

/// Withdrawn while it was queued, it was not sent: nothing is in doubt, and nothing leaves later.
#[tokio::test(start_paused = true)]
async fn a_create_that_is_withdrawn_while_it_is_queued_was_not_sent() {
    let transport = queue(true, 3600, 1);
    let journal = Arc::new(MemoryJournal::default());
    let client = client(&transport, &journal);
    let generation = client.generate(request());
    let error = generation
        .deadline(Duration::from_secs(60))
        .await
        .unwrap_err();
    shown(&error);
    assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");
    assert_eq!(error.billing(), Billing::None);
    assert_eq!(transport.posts.load(Ordering::Relaxed), 0);
    let entry = journal.entries().pop().unwrap();
    assert_eq!(entry.attempts, 0);
    assert!(matches!(entry.state, JournalState::Ended(_)));
    tokio::time::advance(Duration::from_secs(7200)).await;
    assert_eq!(transport.posts.load(Ordering::Relaxed), 0);
}

/// A transport says of itself that it withdrew it.
#[tokio::test(start_paused = true)]
async fn a_withdrawn_request_is_no_attempt() {
    let withdrawn = TransportError::new(TransportErrorKind::Withdrawn, Sent::No);
    let answer = kirin_client::wire::CreateAnswer::failed(&withdrawn);
    assert!(matches!(
        answer,
        kirin_client::wire::CreateAnswer::NotSent(_)
    ));
}
