//! A generation that is dropped at any of its awaits.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use kirin_client::{Client, ErrorKind, JournalState, MemoryJournal};
use kirin_tests::canary;
use kirin_transport::{Body, Transport, TransportError};

use super::{COMPLETED, CREATED, polled, request};

/// A service that takes its time, and commits in the middle of it.
#[derive(Default)]
struct Slow {
    posts: AtomicUsize,
    queries: AtomicUsize,
}

#[async_trait]
impl Transport for Slow {
    #[expect(clippy::disallowed_methods, reason = "tokio's paused clock")]
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let half = Duration::from_millis(300);
        tokio::time::sleep(half).await;
        let body = if request.method() == Method::POST {
            self.posts.fetch_add(1, Ordering::Relaxed);
            CREATED
        } else if self.posts.load(Ordering::Relaxed) == 0 {
            let mut missing = Response::new(Body::from(r#"{"message":"task not found"}"#));
            *missing.status_mut() = StatusCode::NOT_FOUND;
            return Ok(missing);
        } else if self.queries.fetch_add(1, Ordering::Relaxed) == 0 {
            CREATED
        } else {
            COMPLETED
        };
        tokio::time::sleep(half).await;
        Ok(Response::new(Body::from(body)))
    }
}

#[tokio::test(start_paused = true)]
async fn a_generation_that_is_dropped_at_any_await_is_found_again_and_paid_once() {
    let (mut states, mut times) = (BTreeSet::new(), 0);
    loop {
        let service = Arc::new(Slow::default());
        let journal = Arc::new(MemoryJournal::default());
        let client = Client::builder(canary::key().parse().unwrap())
            .transport(service.clone())
            .journal(journal.clone())
            .build()
            .unwrap();
        // The clock only moves while nobody has anything to do, so it is moved by hand.
        let generating = async {
            tokio::select! {
                ended = client.generate(request()).into_future() => ended,
                () = async {
                    loop {
                        tokio::time::advance(Duration::from_millis(100)).await;
                    }
                } => unreachable!("it never ends"),
            }
        };
        let ended = polled(generating, times).await;
        let entry = journal.entries().pop();
        let is_over = ended.is_some();
        let task = match (ended, entry.map(|entry| (entry.state, entry.intent))) {
            (Some(ended), _) => ended,
            (None, None | Some((JournalState::Intended, _))) => {
                states.insert("intended");
                assert_eq!(service.posts.load(Ordering::Relaxed), 0);
                client.generate(request()).await
            }
            (None, Some((JournalState::Sent, intent))) => {
                states.insert("sent");
                // What was not sent yet is not known to be: it is looked up, and left unresolved.
                match service.posts.load(Ordering::Relaxed) {
                    0 => {
                        let error = client.reconcile(intent).await.unwrap_err();
                        assert_eq!(error.kind(), ErrorKind::Unresolved);
                        assert_eq!(service.posts.load(Ordering::Relaxed), 0);
                        times += 1;
                        continue;
                    }
                    _ => client.reconcile(intent).await,
                }
            }
            (None, Some((JournalState::Accepted(id), _))) => {
                states.insert("accepted");
                client.wait(id).await
            }
            (None, state) => panic!("{state:?}"),
        };
        assert_eq!(
            task.unwrap().id().as_str(),
            "task-1",
            "dropped after {times} polls"
        );
        assert_eq!(
            service.posts.load(Ordering::Relaxed),
            1,
            "after {times} polls"
        );
        if is_over {
            break;
        }
        times += 1;
        assert!(times < 1000, "it never ends");
    }
    let seen: Vec<_> = states.into_iter().collect();
    assert_eq!(seen, ["accepted", "intended", "sent"]);
}

/// Who drops a generation and asks for it again, with or without a journal, goes on with it: whatever the
/// service knows by then, there is one POST at most, and its task is found.
#[tokio::test(start_paused = true)]
async fn a_generation_that_is_dropped_at_any_await_and_asked_for_again_is_posted_once() {
    for has_journal in [true, false] {
        let mut posted = BTreeSet::new();
        for times in 0.. {
            assert!(times < 1000, "it never ends");
            let service = Arc::new(Slow::default());
            let mut client = Client::builder(canary::key().parse().unwrap());
            client = client.transport(service.clone());
            if has_journal {
                client = client.journal(Arc::new(MemoryJournal::default()));
            }
            let client = client.build().unwrap();
            let generating = async {
                tokio::select! {
                    ended = client.generate(request()).into_future() => ended,
                    () = async {
                        loop {
                            tokio::time::advance(Duration::from_millis(100)).await;
                        }
                    } => unreachable!("it never ends"),
                }
            };
            if polled(generating, times).await.is_some() {
                break;
            }
            let before = service.posts.load(Ordering::Relaxed);
            let again = client.generate(request()).await;
            let after = service.posts.load(Ordering::Relaxed);
            posted.insert((before, after));
            match again {
                Ok(task) => {
                    assert_eq!(task.id().as_str(), "task-1");
                    assert_eq!(after, 1, "dropped after {times} polls");
                }
                // It may have been sent, for all that the client knows.
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Unresolved, "{error}");
                    assert_eq!((before, after), (0, 0), "dropped after {times} polls");
                }
            }
        }
        // Before it was sent, before its answer came, and after.
        let expected = BTreeSet::from([(0, 0), (0, 1), (1, 1)]);
        assert_eq!(posted, expected, "journal: {has_journal}");
    }
}
