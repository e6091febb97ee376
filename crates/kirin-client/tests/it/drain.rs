//! A client that is drained: nothing begins, what is under way is waited for, and what is left is given back.

#![expect(
    clippy::disallowed_methods,
    reason = "a service that takes its time, by tokio's paused clock"
)]

use std::{
    future::IntoFuture,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response};
use kirin_client::{
    Client, ClientBuilder, DuplicateIds, ErrorKind, HostCapabilities, JournalState, MemoryJournal,
    Unfinished,
};
use kirin_tests::canary;
use kirin_transport::{Body, Sent, Transport, TransportError, TransportErrorKind};
use kirin_types::{GenerationRequest, TaskId};
use tokio::time::{Instant, sleep};

use crate::scripted::{Scripted, json, not_found, request, shown};

/// Accepts a create after so long, and completes its task after so long again.
#[derive(Default)]
struct Slow {
    create_time: Duration,
    task_time: Duration,
    loses_the_answer: bool,
    posts: AtomicUsize,
    began_at: std::sync::Mutex<Option<Instant>>,
}

#[async_trait]
impl Transport for Slow {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        if request.method() == Method::POST {
            self.posts.fetch_add(1, Ordering::Relaxed);
            *self.began_at.lock().unwrap() = Some(Instant::now());
            sleep(self.create_time).await;
            if self.loses_the_answer {
                return Err(TransportError::new(TransportErrorKind::Closed, Sent::Maybe));
            }
        } else if self.loses_the_answer {
            let missing = r#"{"message":"task not found"}"#;
            let missing = Response::builder().status(404).body(missing.into());
            return Ok(missing.unwrap());
        }
        let began_at = self.began_at.lock().unwrap().expect("a create");
        let body = match began_at.elapsed() > self.create_time + self.task_time {
            true => {
                r#"{"id":"task-1","status":"completed",
                    "output":[{"content":[{"type":"video","url":"https://example.com/a.mp4"}]}]}"#
            }
            false => r#"{"id":"task-1","status":"in_progress"}"#,
        };
        Ok(Response::new(body.into()))
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn builder() -> ClientBuilder {
    Client::builder(canary::key().parse().unwrap()).jitter_seed(7)
}

/// A service as it is, and a client of it with a journal.
fn slow(service: Slow) -> (Arc<Slow>, Client, Arc<MemoryJournal>) {
    let service = Arc::new(service);
    let journal = Arc::new(MemoryJournal::default());
    let host = HostCapabilities::default().with_duplicate_ids(DuplicateIds::Refused);
    let client = builder()
        .transport(Arc::clone(&service))
        .journal(journal.clone())
        .capabilities(host)
        .build();
    (service, client.unwrap(), journal)
}

/// As one process writes it down and another reads it.
fn kept(unfinished: Vec<Unfinished>) -> Unfinished {
    let written = serde_json::to_string(&unfinished).unwrap();
    let [left] = serde_json::from_str::<[Unfinished; 1]>(&written).unwrap();
    left
}

#[tokio::test(start_paused = true)]
async fn a_drained_client_begins_no_create() {
    let transport = Scripted::new([]);
    let journal = Arc::new(MemoryJournal::default());
    let client = builder()
        .transport(transport.clone())
        .journal(journal.clone());
    let client = client.build().unwrap();
    assert_eq!(client.drain(seconds(3600)).await, []);
    let clone = client.clone();
    for _ in 0..2 {
        let error = clone.generate(request()).await.unwrap_err();
        shown(&error);
        assert_eq!(error.kind(), ErrorKind::Draining);
        assert!(error.to_string().contains("Nothing was spent"), "{error}");
    }
    assert_eq!(transport.calls(), [""; 0]);
    assert_eq!(journal.entries(), []);
    // What was paid for before is still asked about.
    let completed = r#"{"id":"task-1","status":"completed"}"#;
    transport.answer_next(Response::new(completed.into()));
    let task = client
        .query("task-1".parse::<TaskId>().unwrap())
        .await
        .unwrap();
    assert_eq!(task.status(), Some("completed"));
}

/// It would wait for a place longer than anybody waits for the end of a process.
#[tokio::test(start_paused = true)]
async fn what_waits_for_its_turn_ends_when_its_client_is_drained() {
    let service = Slow {
        task_time: seconds(300),
        ..Slow::default()
    };
    let service = Arc::new(service);
    let client = builder()
        .transport(Arc::clone(&service))
        .parallel_tasks(NonZeroU32::MIN)
        .build()
        .unwrap();
    let generate = |id: &str| {
        let request = GenerationRequest::builder("a fox").external_task_id(id);
        let generation = client.generate(request.build().unwrap());
        tokio::spawn(generation.into_future())
    };
    let running = generate("order-1");
    sleep(seconds(1)).await;
    let waiting = generate("order-2");
    sleep(seconds(1)).await;

    let began_at = Instant::now();
    let left = client.drain(seconds(20)).await;
    assert_eq!(began_at.elapsed().as_secs(), 20);
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Draining);
    assert_eq!(service.posts.load(Ordering::Relaxed), 1);
    let left = kept(left);
    assert_eq!(left.external_task_id, "order-1".parse().ok());
    running.abort();
    let task = client.resume(left.handle.expect("it was accepted")).await;
    assert_eq!(task.unwrap().status(), Some("completed"));
    assert_eq!(service.posts.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_create_that_is_under_way_is_waited_for() {
    let (service, client, _) = slow(Slow {
        create_time: seconds(3),
        ..Slow::default()
    });
    let generation = tokio::spawn(client.generate(request()).into_future());
    sleep(seconds(1)).await;
    assert_eq!(client.drain(seconds(3600)).await, []);
    let task = generation.await.unwrap().unwrap();
    assert_eq!(task.status(), Some("completed"));
    assert_eq!(service.posts.load(Ordering::Relaxed), 1);
}

/// The answer to the create has not come when the time is over.
#[tokio::test(start_paused = true)]
async fn what_is_in_doubt_at_the_end_is_gone_on_with_by_its_entry() {
    let (_, client, _) = slow(Slow {
        create_time: seconds(20),
        ..Slow::default()
    });
    let generation = tokio::spawn(client.generate(request()).into_future());
    sleep(seconds(1)).await;
    let left = kept(client.drain(seconds(2)).await);
    assert_eq!(left.handle, None);
    generation.abort();
    let entry = left.entry.expect("it was sent");
    assert_eq!(entry.state, JournalState::Sent);

    // Another process, whose journal knows nothing of it.
    let completed = r#"{"id":"task-1","status":"completed",
        "output":[{"content":[{"type":"video","url":"https://example.com/a.mp4"}]}]}"#;
    let transport = Scripted::new([not_found(), json(200, completed)]);
    let next = builder().transport(transport.clone()).build().unwrap();
    next.resume_entry(entry).await.unwrap();
    let by_external_id = "GET https://cloud.vtrix.ai/model/v1/generation/task/order-42";
    assert_eq!(transport.calls(), [by_external_id; 2]);
}

/// The host refuses duplicates, so the create would be sent again at once.
#[tokio::test(start_paused = true)]
async fn what_was_lost_is_not_sent_again_while_a_client_is_drained() {
    let (service, client, journal) = slow(Slow {
        create_time: seconds(3),
        loses_the_answer: true,
        ..Slow::default()
    });
    let generation = tokio::spawn(client.generate(request()).into_future());
    sleep(seconds(1)).await;
    assert_eq!(client.drain(seconds(600)).await, []);
    let error = generation.await.unwrap().unwrap_err();
    shown(&error);
    assert_eq!(error.kind(), ErrorKind::Unresolved);
    assert_eq!(service.posts.load(Ordering::Relaxed), 1);
    let [entry] = <[_; 1]>::try_from(journal.entries()).unwrap();
    assert!(entry.is_unfinished());
}
