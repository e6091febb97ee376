//! A generation in its caller's hands: before it starts, under way, dropped, and awaited in every way.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests keep tokio's paused clock"
)]

mod notices;
mod which_task;

use std::{
    future::IntoFuture,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response};
use kirin_client::{
    Client, ErrorKind, GenerationHandle, Intent, MemoryJournal, PollSchedule, Wakes,
};
use kirin_tests::canary;
use kirin_transport::{Body, Transport, TransportError};
use kirin_types::{Callback, ExternalTaskId, GenerationRequest, TaskId};
use tokio::time::{Instant, timeout};

use crate::{
    driver::{COMPLETED, CREATED, RUNNING, client},
    scripted::{Scripted, json, request},
};

const LONG: Duration = Duration::from_secs(3600);

/// A create, so many answers that it goes on, and its end.
fn story(running: usize) -> Scripted {
    let mut answers = vec![json(200, CREATED)];
    answers.extend((0..running).map(|_| json(200, RUNNING)));
    answers.push(json(200, COMPLETED));
    Scripted::new(answers)
}

/// Submitted, accepted, and one notice for each answer after that.
fn notices_of(running: usize) -> usize {
    running + 3
}

fn external(id: &str) -> ExternalTaskId {
    id.parse().unwrap()
}

// ----------------------------------------------------------------- the id

/// A service that accepts a create at once, answers it late, and refuses no duplicates.
#[derive(Clone, Default)]
struct Late(Arc<Mutex<Vec<String>>>);

impl Late {
    /// What was charged, by external id.
    fn charges(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

#[async_trait]
impl Transport for Late {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        if request.method() == Method::POST {
            let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
            let id = &body["input"][0]["params"]["external_task_id"];
            let id = id.as_str().expect("an external task id").to_owned();
            self.0.lock().unwrap().push(id);
            tokio::time::sleep(Duration::from_secs(10)).await;
            return Ok(Response::new(Body::from(CREATED)));
        }
        Ok(Response::new(Body::from(COMPLETED)))
    }
}

fn late(journal: Option<&Arc<MemoryJournal>>) -> (Late, Client) {
    let service = Late::default();
    let mut client = Client::builder(canary::key().parse().unwrap()).transport(service.clone());
    if let Some(journal) = journal {
        client = client.journal(journal.clone());
    }
    (service, client.build().unwrap())
}

fn without_id() -> GenerationRequest {
    GenerationRequest::builder("a fox").build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_external_id_is_known_before_anything_is_sent_and_is_the_one_that_is_sent() {
    let (service, client) = late(None);
    let builder = client.generate(without_id());
    let minted = builder.external_task_id().clone();
    assert_ne!(client.generate(without_id()).external_task_id(), &minted);
    let mut generation = builder.start();
    assert_eq!(generation.external_task_id(), Some(&minted));
    assert!(service.charges().is_empty());
    let handle = timeout(LONG, generation.accepted()).await.unwrap().unwrap();
    assert_eq!(handle.external_task_id, Some(minted.clone()));
    assert_eq!(service.charges(), [minted.to_string()]);

    let own = client.generate(request());
    assert_eq!(own.external_task_id().as_str(), "order-42");
}

/// Dropped in the middle of its create, by a time-out of the caller: the id is in hand, and the same
/// client goes on with it in every way that there is. Each of them is one charge.
#[tokio::test(start_paused = true)]
async fn a_create_that_a_time_out_drops_is_gone_on_with_by_its_id_and_charged_once() {
    #[derive(Clone, Copy, Debug)]
    enum GoOn {
        Again,
        JournalsIntent,
        OwnIntent,
        SameGeneration,
        Wait,
    }

    for has_journal in [false, true] {
        for way in [
            GoOn::Again,
            GoOn::JournalsIntent,
            GoOn::OwnIntent,
            GoOn::SameGeneration,
            GoOn::Wait,
        ] {
            if matches!(way, GoOn::JournalsIntent) && !has_journal {
                continue;
            }
            let journal = Arc::new(MemoryJournal::default());
            let (service, client) = late(has_journal.then_some(&journal));
            let builder = client.generate(without_id());
            let id = builder.external_task_id().clone();
            let patience = Duration::from_secs(1);
            let again = without_id().with_external_task_id(id.clone());
            let ended = match way {
                GoOn::SameGeneration => {
                    let mut generation = builder.start();
                    assert!(timeout(patience, generation.accepted()).await.is_err());
                    assert!(timeout(patience, &mut generation).await.is_err());
                    timeout(LONG, generation).await
                }
                way => {
                    assert!(timeout(patience, builder).await.is_err());
                    assert_eq!(service.charges(), [id.to_string()], "{way:?}");
                    match way {
                        GoOn::Again => timeout(LONG, client.generate(again)).await,
                        GoOn::JournalsIntent => {
                            let intent = journal.entries().pop().unwrap().intent;
                            timeout(LONG, client.reconcile(intent)).await
                        }
                        GoOn::Wait => timeout(LONG, client.wait(&id)).await,
                        _ => {
                            let key: kirin_client::ApiKey = canary::key().parse().unwrap();
                            let base_url = client.base_url().clone();
                            let intent = Intent::new(again, base_url, key.fingerprint(), None);
                            timeout(LONG, client.reconcile(intent.unwrap())).await
                        }
                    }
                }
            };
            let task = ended.expect("it ends").unwrap();
            assert_eq!(task.id().as_str(), "task-1", "{way:?}");
            assert_eq!(service.charges(), [id.to_string()], "{way:?}");
        }
    }
}

// ----------------------------------------------------------------- what is set before the start

#[tokio::test(start_paused = true)]
async fn tags_are_in_the_handle_and_go_on_with_it() {
    let transport = Scripted::new([json(200, CREATED), json(200, RUNNING), json(200, RUNNING)]);
    let client = client(&transport);
    let builder = client.generate(request()).tag("customer 7").tag("trailer");
    let tags = ["customer 7", "trailer"];
    let mut generation = builder.deadline(Duration::from_secs(5)).start();
    assert_eq!(generation.tags(), tags);
    let handle = timeout(LONG, generation.accepted()).await.unwrap().unwrap();
    assert_eq!(handle.tags, tags);
    let error = timeout(LONG, generation).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StillRunning);
    assert_eq!(error.resume(), Some(&handle));

    let written = serde_json::to_string(&handle).unwrap();
    let read: GenerationHandle = serde_json::from_str(&written).unwrap();
    assert_eq!(read, handle);
    assert_eq!(client.resume(read).tag("again").start().tags().len(), 3);
    // A handle that an earlier version wrote has none.
    let older = written.replace(r#","tags":["customer 7","trailer"]"#, "");
    assert_ne!(older, written);
    let read: GenerationHandle = serde_json::from_str(&older).unwrap();
    assert!(client.resume(read).start().tags().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_schedule_and_a_callback_url_are_those_of_one_generation() {
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let queries = Arc::new(AtomicUsize::new(0));
    let (seen, asked) = (bodies.clone(), queries.clone());
    let transport = kirin_transport::from_fn(move |request: Request<Bytes>| {
        let body = match *request.method() {
            Method::POST => {
                seen.lock().unwrap().push(request.body().clone());
                CREATED
            }
            _ if asked.fetch_add(1, Ordering::Relaxed) < 2 => RUNNING,
            _ => COMPLETED,
        };
        async move { Ok(Response::new(Body::from(body))) }
    });
    let client = Client::builder(canary::key().parse().unwrap())
        .transport(transport)
        .schedule(PollSchedule::Fixed(Duration::from_secs(5)))
        .build()
        .unwrap();
    let began_at = Instant::now();
    let builder = client
        .generate(request())
        .schedule(PollSchedule::Fixed(Duration::from_secs(60)))
        .callback_url("https://example.com/hook")
        .unwrap();
    timeout(LONG, builder).await.unwrap().unwrap();
    assert_eq!(began_at.elapsed(), Duration::from_secs(180));
    let body: serde_json::Value = serde_json::from_slice(&bodies.lock().unwrap()[0]).unwrap();
    let sent = &body["input"][0]["params"];
    assert_eq!(sent["callback_url"], "https://example.com/hook");
    assert_eq!(sent["external_task_id"], "order-42");
    let refused = client.generate(request()).callback_url("example.com");
    assert_eq!(refused.unwrap_err().problems()[0].field, "callback_url");
}

// ----------------------------------------------------------------- several clients

/// One place where callbacks arrive, for the keys of several customers.
#[tokio::test(start_paused = true)]
async fn one_wake_reaches_the_client_that_waits_for_the_task() {
    let wakes = Wakes::new();
    let transports = ["task-1", "task-2"].map(|id| {
        let answer = |body: &str| json(200, body.replace("task-1", id));
        Scripted::new([answer(RUNNING), answer(COMPLETED)])
    });
    let clients = transports.each_ref().map(|transport| {
        Client::builder(canary::key().parse().unwrap())
            .transport(transport.clone())
            .schedule(PollSchedule::Fixed(LONG))
            .wakes(&wakes)
            .build()
            .unwrap()
    });
    let ids = ["task-1", "task-2"].map(|id| id.parse::<TaskId>().unwrap());
    let waiting = [0, 1].map(|of| tokio::spawn(clients[of].wait(&ids[of]).forever().into_future()));
    tokio::time::sleep(Duration::from_secs(60)).await;

    let began_at = Instant::now();
    let callback = |id: &str| Callback::from_json(format!(r#"{{"id":"{id}"}}"#).as_bytes());
    assert!(wakes.wake(&callback("task-2").unwrap()));
    assert!(!wakes.wake(&callback("task-3").unwrap()), "nobody's");
    let [first, second] = waiting;
    timeout(LONG / 2, second).await.unwrap().unwrap().unwrap();
    assert_eq!(began_at.elapsed(), Duration::ZERO);
    assert!(!first.is_finished());
    assert_eq!(transports[0].calls().len(), 1);
    // One client wakes for all that share it.
    assert!(clients[1].wake(&callback("task-1").unwrap()));
    timeout(LONG / 2, first).await.unwrap().unwrap().unwrap();
}
