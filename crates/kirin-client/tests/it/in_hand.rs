//! A generation in its caller's hands: before it starts, under way, dropped, and awaited in every way.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests keep tokio's paused clock"
)]

use std::{
    collections::BTreeSet,
    future::{IntoFuture, poll_fn},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response};
use kirin_client::{
    Billing, Client, ErrorKind, GenerationHandle, Intent, Lookup, MemoryJournal, PollSchedule,
    Wakes, machine::Notice,
};
use kirin_tests::canary;
use kirin_transport::{Body, Transport, TransportError};
use kirin_types::{Callback, ExternalTaskId, GenerationRequest, Task, TaskId, TaskRef};
use tokio::time::{Instant, timeout};

use crate::scripted::{Answer, Scripted, json, not_found, request, shown};

const CREATED: &str = r#"{"id":"task-1","status":"in_progress"}"#;
const RUNNING: &str = r#"{"id":"task-1","status":"in_progress","progress":0.5}"#;
const COMPLETED: &str = r#"{"id":"task-1","status":"completed","usage":{"cost":"0.21"},
    "output":[{"content":[{"type":"video","url":"https://example.com/a.mp4"}]}]}"#;

const LONG: Duration = Duration::from_secs(3600);

fn client(transport: &Scripted) -> Client {
    Client::builder(canary::key().parse().unwrap())
        .transport(transport.clone())
        .schedule(PollSchedule::Fixed(Duration::from_secs(5)))
        .build()
        .unwrap()
}

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

// ----------------------------------------------------------------- notices

/// Whoever holds the stream reads it when it wants to: awaiting the end takes nothing from it.
#[tokio::test(start_paused = true)]
async fn awaiting_the_end_takes_no_notice_from_a_stream_that_is_held() {
    let all = notices_of(28);
    for by_reference in [false, true] {
        let mut generation = client(&story(28)).generate(request()).start();
        let mut notices = generation.notices();
        let ended = match by_reference {
            true => timeout(LONG, &mut generation).await,
            false => timeout(LONG, generation).await,
        };
        ended.unwrap().unwrap();
        let mut told = 0;
        while notices.next().await.is_some() {
            told += 1;
        }
        assert_eq!(told, all);
    }
}

/// Read before, beside and after one another, in one task or in two, with either of them left alone.
#[tokio::test(start_paused = true)]
async fn the_end_and_the_notices_drive_a_generation_together_and_alone() {
    let all = notices_of(20);
    let begin = || {
        let mut generation = client(&story(20)).generate(request()).start();
        (generation.notices(), generation)
    };
    let read = async |mut notices: kirin_client::Notices| {
        let mut told = 0;
        while notices.next().await.is_some() {
            told += 1;
        }
        told
    };

    let (notices, generation) = begin();
    assert_eq!(timeout(LONG, read(notices)).await.unwrap(), all, "alone");
    assert!(timeout(LONG, generation).await.unwrap().is_ok());

    let (notices, generation) = begin();
    let both = async { tokio::join!(read(notices), generation.into_future()) };
    let (told, ended) = timeout(LONG, both).await.unwrap();
    assert_eq!((told, ended.is_ok()), (all, true), "side by side");

    let (notices, generation) = begin();
    let reading = tokio::spawn(async move {
        let mut notices = notices;
        let mut told = 0;
        while notices.next().await.is_some() {
            told += 1;
        }
        told
    });
    let ending = tokio::spawn(generation.into_future());
    assert_eq!(
        timeout(LONG, reading).await.unwrap().unwrap(),
        all,
        "two tasks"
    );
    assert!(timeout(LONG, ending).await.unwrap().unwrap().is_ok());
}

/// What the one was waiting for, the other is woken by, when the one is gone.
#[tokio::test(start_paused = true)]
async fn whoever_is_left_of_those_who_drive_a_generation_goes_on_with_it() {
    for reader_is_left in [false, true] {
        let mut generation = client(&story(20)).generate(request()).start();
        let mut notices = generation.notices();
        let reading = tokio::spawn(async move { while notices.next().await.is_some() {} });
        let handle = tokio::spawn(async move {
            let _ = timeout(Duration::from_secs(12), &mut generation).await;
            match reader_is_left {
                // It is held, and not polled any more.
                true => tokio::time::sleep(LONG).await,
                false => drop(generation.await.unwrap()),
            }
        });
        tokio::time::sleep(Duration::from_secs(7)).await;
        match reader_is_left {
            true => timeout(LONG / 2, reading).await.unwrap().unwrap(),
            false => {
                reading.abort();
                timeout(LONG / 2, handle).await.unwrap().unwrap();
            }
        }
    }
}

/// Two streams: each tells all from its beginning on.
#[tokio::test(start_paused = true)]
async fn each_stream_tells_everything_from_its_beginning_on() {
    let mut generation = client(&story(5)).generate(request()).start();
    let mut first = generation.notices();
    timeout(LONG, generation.accepted()).await.unwrap().unwrap();
    let mut second = generation.notices();
    timeout(LONG, &mut generation).await.unwrap().unwrap();
    let (mut one, mut other) = (Vec::new(), Vec::new());
    while let Some(notice) = first.next().await {
        one.push(notice);
    }
    while let Some(notice) = second.next().await {
        other.push(notice);
    }
    assert_eq!(one.len(), notices_of(5));
    assert_eq!(one[2..], other);
    assert!(matches!(one[1], Notice::Accepted { .. }));
}

/// What nobody reads is bounded, whatever it waits for.
#[tokio::test(start_paused = true)]
async fn of_what_nobody_reads_the_latest_64_are_kept_for_the_first_stream() {
    let mut generation = client(&story(200)).generate(request()).forever().start();
    timeout(LONG, &mut generation).await.unwrap().unwrap();
    let mut notices = generation.notices();
    let mut told = Vec::new();
    while let Some(notice) = notices.next().await {
        told.push(notice);
    }
    assert_eq!(told.len(), 64);
    assert_eq!(told.last(), Some(&Notice::Finished));
    assert_eq!(generation.notices().next().await, None, "they were given");
}

/// Who drops a generation stops it, also where somebody still listens: its create is free, and nothing more
/// is sent.
#[tokio::test(start_paused = true)]
async fn a_stream_that_outlives_its_generation_ends_and_holds_nothing_back() {
    for is_polled in [false, true] {
        let transport = Scripted::new([Answer::Never, json(200, COMPLETED)]);
        let client = client(&transport);
        let mut generation = client.generate(request()).start();
        let mut notices = generation.notices();
        assert!(matches!(
            notices.next().await,
            Some(Notice::Submitting { .. })
        ));
        let reading = match is_polled {
            true => {
                let reading = tokio::spawn(async move { notices.next().await });
                tokio::task::yield_now().await;
                drop(generation);
                reading
            }
            false => {
                drop(generation);
                tokio::spawn(async move { notices.next().await })
            }
        };
        assert_eq!(timeout(LONG, reading).await.unwrap().unwrap(), None);
        assert_eq!(transport.calls().len(), 1);
        let task = timeout(LONG, client.generate(request())).await.unwrap();
        assert_eq!(task.unwrap().id().as_str(), "task-1");
        assert!(transport.is_used_up());
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_that_is_awaited_by_reference_can_be_awaited_again() {
    let mut generation = client(&story(0)).generate(request()).start();
    let first = timeout(LONG, &mut generation).await.unwrap().unwrap();
    let second = timeout(LONG, &mut generation).await.unwrap().unwrap();
    assert_eq!(first, second);
    assert_eq!(generation.await.unwrap(), first);

    let refused = Scripted::new([json(200, r#"{"id":"task-1","status":"failed"}"#)]);
    let mut generation = client(&refused).generate(request()).start();
    for _ in 0..2 {
        let error = timeout(LONG, &mut generation).await.unwrap().unwrap_err();
        shown(&error);
        assert_eq!(error.kind(), ErrorKind::TaskFailed);
        assert_eq!(error.resume(), generation.handle().as_ref());
    }
}

/// On a runtime of several threads, where both are polled at the same moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_generation_that_is_driven_from_two_threads_ends_on_both() {
    for _ in 0..200 {
        let transport = kirin_transport::from_fn(|request: Request<Bytes>| async move {
            tokio::task::yield_now().await;
            let body = match *request.method() {
                Method::POST => CREATED,
                _ => COMPLETED,
            };
            Ok(Response::new(Body::from(body)))
        });
        let client = Client::builder(canary::key().parse().unwrap())
            .transport(transport)
            .schedule(PollSchedule::Fixed(Duration::ZERO))
            .requests_per_second(None)
            .build()
            .unwrap();
        let mut generation = client.generate(without_id()).start();
        let mut notices = generation.notices();
        let reading = tokio::spawn(async move {
            let mut told = 0;
            while notices.next().await.is_some() {
                told += 1;
            }
            told
        });
        let ending = tokio::spawn(generation.into_future());
        let both = async { (reading.await.unwrap(), ending.await.unwrap()) };
        let (told, ended) = timeout(Duration::from_secs(30), both)
            .await
            .expect("an end");
        assert_eq!((told, ended.is_ok()), (notices_of(0), true));
    }
}

/// Whoever wants to drive it while somebody else does would not be woken, were that one dropped before it
/// goes on: so it is woken at once.
#[tokio::test]
async fn who_is_polled_while_another_one_drives_a_generation_is_woken_after_it() {
    type End = std::pin::Pin<Box<dyn Future<Output = Result<Task, kirin_client::Error>> + Send>>;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    let (end, woken) = (
        Arc::new(Mutex::new(None::<End>)),
        Arc::new(Woken::default()),
    );
    let (missed, waker) = (end.clone(), Waker::from(woken.clone()));
    let transport = kirin_transport::from_fn(move |_: Request<Bytes>| {
        let (missed, waker) = (missed.clone(), waker.clone());
        poll_fn(move |_| {
            // On another thread it would be at the same moment.
            if let Some(end) = &mut *missed.lock().unwrap() {
                assert!(
                    end.as_mut()
                        .poll(&mut Context::from_waker(&waker))
                        .is_pending()
                );
            }
            Poll::<Result<Response<Body>, TransportError>>::Pending
        })
    });
    let client = Client::builder(canary::key().parse().unwrap()).transport(transport);
    let mut generation = client.build().unwrap().generate(request()).start();
    let mut notices = generation.notices();
    *end.lock().unwrap() = Some(generation.into_future());
    let first = timeout(Duration::from_secs(10), notices.next()).await;
    assert!(matches!(first, Ok(Some(Notice::Submitting { .. }))));
    // The create goes on being polled, and tells nothing more.
    let before = woken.0.swap(0, Ordering::SeqCst);
    assert!(before > 0);
    let nothing = poll_fn(|context| {
        let mut next = std::pin::pin!(notices.next());
        Poll::Ready(next.as_mut().poll(context).is_pending())
    });
    assert!(nothing.await);
    assert_eq!(woken.0.load(Ordering::SeqCst), 1);
    *end.lock().unwrap() = None;
}

// ----------------------------------------------------------------- which task

const BY_EXTERNAL_ID: &str = "GET https://cloud.vtrix.ai/model/v1/generation/task/order-42";
const BY_ID: &str = "GET https://cloud.vtrix.ai/model/v1/generation/task/task-1";

/// It took two minutes, and ended with "an answer about another task".
#[tokio::test(start_paused = true)]
async fn a_task_is_waited_for_by_its_external_id() {
    let transport = Scripted::new([json(200, RUNNING), json(200, COMPLETED)]);
    let client = client(&transport);
    let began_at = Instant::now();
    let mut generation = client.wait(external("order-42")).start();
    let handle = timeout(LONG, generation.accepted()).await.unwrap().unwrap();
    assert_eq!(handle.task_id.as_str(), "task-1");
    assert_eq!(handle.external_task_id, Some(external("order-42")));
    assert_eq!(began_at.elapsed(), Duration::ZERO);
    let task = timeout(LONG, generation).await.unwrap().unwrap();
    assert_eq!(task.status(), Some("completed"));
    assert_eq!(transport.calls(), [BY_EXTERNAL_ID, BY_ID]);
    assert_eq!(began_at.elapsed(), Duration::from_secs(5));
    assert_eq!(client.capabilities().lookup, Lookup::Proven);
}

#[tokio::test(start_paused = true)]
async fn each_way_to_name_a_task_is_waited_for_and_queried() {
    let task = Task::from_json(RUNNING.as_bytes()).unwrap();
    let id: TaskId = "task-1".parse().unwrap();
    let order = external("order-42");
    let key: kirin_client::ApiKey = canary::key().parse().unwrap();
    let base_url = kirin_client::BaseUrl::default();
    let handle = GenerationHandle::new(base_url, key.fingerprint(), id.clone());
    let names: [(TaskRef, &str); 6] = [
        (id.clone().into(), BY_ID),
        ((&id).into(), BY_ID),
        ((&task).into(), BY_ID),
        ((&handle).into(), BY_ID),
        (order.clone().into(), BY_EXTERNAL_ID),
        ((&order).into(), BY_EXTERNAL_ID),
    ];
    for (name, call) in names {
        let transport = Scripted::new([json(200, COMPLETED), json(200, COMPLETED)]);
        let client = client(&transport);
        assert_eq!(client.query(&name).await.unwrap().id(), &id);
        let waited = timeout(LONG, client.wait(name)).await.unwrap();
        assert_eq!(waited.unwrap().id(), &id);
        assert_eq!(transport.calls(), [call, call]);
    }
}

/// What the service says of one task is no answer about another.
#[tokio::test(start_paused = true)]
async fn a_query_takes_no_answer_about_another_task() {
    let named = r#"{"id":"task-1","status":"completed","metadata":{"external_task_id":"order-1"}}"#;
    let other: TaskRef = "task-2".parse::<TaskId>().unwrap().into();
    for (asked, answer) in [(other, RUNNING), (external("order-42").into(), named)] {
        let transport = Scripted::new([json(200, answer)]);
        let error = client(&transport).query(asked).await.unwrap_err();
        shown(&error);
        assert_eq!(error.kind(), ErrorKind::CannotQuery);
        assert!(error.to_string().contains("another task"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_not_known_by_its_external_id_is_told_by_that() {
    let transport = Scripted::new([not_found()]);
    let asked = external("order-42");
    let error = client(&transport).query(&asked).await.unwrap_err();
    shown(&error);
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!((error.task_id(), error.billing()), (None, Billing::Unknown));
    assert_eq!(error.external_task_id(), Some(&asked));
    assert_eq!(
        error.to_string(),
        "the service does not know task order-42. If it was created, it may have been charged. \
         Check the id, the base URL and the API key, then query the task again"
    );
}

/// A look-up that finds a task by its own id proves nothing of one by an external id, so nothing is proved
/// absent by it: a create may have been charged.
#[tokio::test(start_paused = true)]
async fn a_task_that_was_asked_for_by_its_own_id_as_an_external_one_is_no_control() {
    let by_own = r#"{"id":"task-7","status":"in_progress"}"#;
    let transport = Scripted::new([json(200, by_own)]);
    let client = client(&transport);
    let mut generation = client.wait(external("task-7")).start();
    let handle = timeout(LONG, generation.accepted()).await.unwrap().unwrap();
    assert_eq!(handle.external_task_id, None);
    assert_eq!(client.capabilities().lookup, Lookup::Unproven);
    drop(generation);

    // On a host whose look-up works, a lost create is sent again only beside a control.
    let misses = (0..20).map(|_| not_found());
    let transport = Scripted::new(
        [
            json(200, by_own),
            Answer::Fail(kirin_transport::Sent::Maybe),
        ]
        .into_iter()
        .chain(misses),
    );
    let capabilities = kirin_client::HostCapabilities::default()
        .with_lookup(Lookup::Proven)
        .with_lookup_lag(Duration::ZERO);
    let client = Client::builder(canary::key().parse().unwrap())
        .transport(transport.clone())
        .capabilities(capabilities)
        .build()
        .unwrap();
    let mut generation = client.wait(external("task-7")).start();
    timeout(LONG, generation.accepted()).await.unwrap().unwrap();
    let error = timeout(LONG, client.generate(request())).await.unwrap();
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Unresolved);
    let asked: BTreeSet<_> = transport.calls().into_iter().skip(2).collect();
    assert!(
        asked.iter().all(|call| !call.contains("task-7")),
        "{asked:?}"
    );
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

// ----------------------------------------------------------------- nothing by itself

/// Nothing happens while neither it nor its notices are polled.
#[tokio::test(start_paused = true)]
async fn a_generation_that_was_started_sends_nothing_before_it_is_polled() {
    let transport = Scripted::new([]);
    let mut generation = client(&transport).generate(request()).start();
    let notices = generation.notices();
    tokio::time::sleep(LONG).await;
    assert!(transport.calls().is_empty());
    drop(generation);
    let mut notices = std::pin::pin!(notices);
    let next =
        poll_fn(|context| Poll::Ready(futures_core::Stream::poll_next(notices.as_mut(), context)));
    assert_eq!(next.await, Poll::Ready(None));
    assert!(transport.calls().is_empty());
}
