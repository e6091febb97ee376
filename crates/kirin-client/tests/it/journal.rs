//! What the driver writes down, and what it does when it cannot.

use std::{
    collections::BTreeSet,
    future::{Future, IntoFuture},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use kirin_client::{
    ApiKey, BaseUrl, Billing, Budget, Client, DuplicateIds, ErrorKind, HostCapabilities, Intent,
    Journal, JournalError, JournalState, Lookup, MemoryJournal,
    machine::{Notice, Outcome},
};
use kirin_tests::canary;
use kirin_transport::{Body, Sent, Transport, TransportError};
use kirin_types::{ExternalTaskId, GenerationRequest, Task, TaskId, Timestamp};

use crate::scripted::{Answer, Scripted, json, shown};

const CREATED: &str = r#"{"id":"task-1","status":"in_progress"}"#;
const COMPLETED: &str = r#"{"id":"task-1","status":"completed",
    "output":[{"content":[{"type":"video","url":"https://example.com/a.mp4"}]}]}"#;

fn client(transport: &Scripted, journal: Arc<dyn Journal>) -> Client {
    Client::builder(canary::key().parse().unwrap())
        .transport(transport.clone())
        .journal(journal)
        .build()
        .unwrap()
}

fn request() -> GenerationRequest {
    GenerationRequest::builder("a fox")
        .external_task_id("order-42")
        .build()
        .unwrap()
}

/// A journal that fails at some of its writes, and remembers all of them.
#[derive(Default)]
struct Failing {
    fails_at: &'static str,
    writes: Mutex<Vec<String>>,
}

impl Failing {
    fn at(fails_at: &'static str) -> Arc<Self> {
        Arc::new(Self {
            fails_at,
            writes: Mutex::default(),
        })
    }

    fn write(&self, name: &str) -> Result<(), JournalError> {
        self.writes.lock().unwrap().push(name.to_owned());
        match name == self.fails_at {
            true => Err(JournalError::new("no space left on the device")),
            false => Ok(()),
        }
    }

    fn writes(&self) -> Vec<String> {
        self.writes.lock().unwrap().clone()
    }
}

#[async_trait]
impl Journal for Failing {
    async fn intent(&self, _intent: &Intent) -> Result<(), JournalError> {
        self.write("intent")
    }

    async fn sent(&self, _id: &ExternalTaskId) -> Result<(), JournalError> {
        self.write("sent")
    }

    async fn accepted(&self, _id: &ExternalTaskId, _task: &TaskId) -> Result<(), JournalError> {
        self.write("accepted")
    }

    async fn outcome(&self, _id: &ExternalTaskId, _end: &Outcome) -> Result<(), JournalError> {
        self.write("outcome")
    }
}

// ----------------------------------------------------------------- what is written

#[tokio::test(start_paused = true)]
async fn every_step_is_written_down_in_order() {
    let transport = Scripted::new([
        Answer::Fail(Sent::No),
        json(200, CREATED),
        json(200, COMPLETED),
    ]);
    let journal = Failing::at("");
    let client = client(&transport, journal.clone());
    client.generate(request()).await.unwrap();
    // One intent, and a line for each attempt.
    let expected = ["intent", "sent", "sent", "accepted", "outcome"];
    assert_eq!(journal.writes(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_a_task_that_exists_writes_nothing() {
    let transport = Scripted::new([json(200, COMPLETED)]);
    let journal = Failing::at("");
    let client = client(&transport, journal.clone());
    client.wait("task-1".parse().unwrap()).await.unwrap();
    assert_eq!(journal.writes(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_is_intended_is_all_that_another_process_needs() {
    let transport = Scripted::new([json(200, COMPLETED)]);
    let journal = Arc::new(MemoryJournal::default());
    let client = client(&transport, journal.clone());
    client.generate(request()).await.unwrap();
    let [entry] = <[_; 1]>::try_from(journal.entries()).unwrap();
    assert_eq!(entry.intent.request, request());
    assert_eq!(entry.intent.base_url, BaseUrl::default());
    let key: ApiKey = canary::key().parse().unwrap();
    assert_eq!(entry.intent.key, key.fingerprint());
    assert!(entry.intent.intended_at.is_some());
    let JournalState::Ended(outcome) = entry.state else {
        panic!("{:?}", entry.state);
    };
    assert!(matches!(*outcome, Outcome::Completed(_)));
    canary::shown(canary::Shown::Debug, &format!("{:?}", journal.entries()));
}

// ----------------------------------------------------------------- what cannot be written

#[tokio::test(start_paused = true)]
async fn c11_without_a_journal_entry_nothing_is_sent() {
    for fails_at in ["intent", "sent"] {
        let transport = Scripted::new([]);
        let client = client(&transport, Failing::at(fails_at));
        let error = client.generate(request()).await.unwrap_err();
        shown(&error);
        assert_eq!(error.kind(), ErrorKind::Journal, "{error}");
        assert_eq!(error.billing(), Billing::None);
        assert_eq!(transport.calls(), [""; 0], "{fails_at}");
    }
}

/// It is paid for: it goes on, and the caller is told to remember it.
#[tokio::test(start_paused = true)]
async fn c11_a_task_that_cannot_be_written_down_is_not_given_up() {
    for fails_at in ["accepted", "outcome"] {
        let transport = Scripted::new([json(200, CREATED), json(200, COMPLETED)]);
        let client = client(&transport, Failing::at(fails_at));
        let mut generation = client.generate(request());
        let mut told = 0;
        while let Some(notice) = generation.next().await {
            if let Notice::NotRecorded { cause } = notice {
                assert_eq!(cause, "no space left on the device");
                told += 1;
            }
        }
        generation.await.unwrap();
        assert_eq!(told, 1, "{fails_at}");
    }
}

// ----------------------------------------------------------------- after the end of a process

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

/// Drops a generation at every point at which it waits, and goes on from the journal: one POST in
/// all, and the task.
#[tokio::test(start_paused = true)]
async fn c15_a_generation_that_ends_with_its_process_goes_on_from_the_journal() {
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

/// That another host or another account knows nothing of it proves nothing.
#[tokio::test(start_paused = true)]
async fn c15_a_create_that_was_sent_elsewhere_is_neither_asked_for_nor_sent() {
    let key: ApiKey = canary::key().parse().unwrap();
    let other_key: ApiKey = "another".parse().unwrap();
    let elsewhere: BaseUrl = "https://api.example.com".parse().unwrap();
    for (base_url, key, reason) in [
        (
            elsewhere,
            key.fingerprint(),
            "it was sent to https://api.example.com, which is not asked here",
        ),
        (
            BaseUrl::default(),
            other_key.fingerprint(),
            "it was sent with another API key than the one used here",
        ),
    ] {
        let transport = Scripted::new([]);
        let client = client(&transport, Arc::new(MemoryJournal::default()));
        let intent = Intent::new(request(), base_url, key, None).unwrap();
        let error = client.reconcile(intent).await.unwrap_err();
        shown(&error);
        assert_eq!(error.kind(), ErrorKind::Unresolved);
        assert_eq!(error.external_task_id().unwrap().as_str(), "order-42");
        assert!(error.to_string().contains(reason), "{error}");
        assert_eq!(transport.calls(), [""; 0]);
    }
}

/// Wall time, so many hours ago.
fn hours_ago(hours: i64) -> Timestamp {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    Timestamp::from_milliseconds(i64::try_from(now).unwrap() - hours * 3_600_000)
}

/// Nobody knows how long a host remembers an external id.
#[tokio::test(start_paused = true)]
async fn c15_an_old_create_is_looked_up_and_never_sent_again() {
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

#[tokio::test(start_paused = true)]
async fn two_creates_under_one_id_are_not_written_into_one_entry() {
    let transport = Scripted::new([json(200, CREATED)]);
    let journal = Arc::new(MemoryJournal::default());
    let client = client(&transport, journal.clone());
    drop(client.submit(request()).await.unwrap());
    let error = client.submit(request()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Journal);
    assert!(error.to_string().contains("order-42"), "{error}");
    let states: Vec<_> = journal.entries().into_iter().map(|it| it.state).collect();
    assert_eq!(states, [JournalState::Accepted("task-1".parse().unwrap())]);
}

/// Nothing can have been sent of an intent that was never marked as sent: it is made as any other.
#[tokio::test(start_paused = true)]
async fn c15_an_intent_that_was_not_sent_is_known_as_such() {
    let transport = Scripted::new([]);
    let journal = Arc::new(MemoryJournal::default());
    struct IntentOnly(Arc<MemoryJournal>);
    #[async_trait]
    impl Journal for IntentOnly {
        async fn intent(&self, intent: &Intent) -> Result<(), JournalError> {
            self.0.intent(intent).await
        }

        async fn sent(&self, _id: &ExternalTaskId) -> Result<(), JournalError> {
            std::future::pending().await
        }

        async fn accepted(&self, _: &ExternalTaskId, _: &TaskId) -> Result<(), JournalError> {
            unreachable!("nothing is sent")
        }

        async fn outcome(&self, _: &ExternalTaskId, _: &Outcome) -> Result<(), JournalError> {
            unreachable!("nothing is sent")
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
async fn c15_an_intent_that_was_not_sent_can_be_made_by_the_next_process() {
    let transport = Scripted::new([json(200, COMPLETED)]);
    let journal = Arc::new(MemoryJournal::default());
    let client = client(&transport, journal.clone());
    let intended = Intent::new(
        request(),
        client.base_url().clone(),
        canary::key().parse::<ApiKey>().unwrap().fingerprint(),
        None,
    );
    journal.intent(&intended.unwrap()).await.unwrap();
    client.generate(request()).await.unwrap();
    let [entry] = <[_; 1]>::try_from(journal.entries()).unwrap();
    assert!(matches!(entry.state, JournalState::Ended(_)));
}

#[tokio::test]
async fn i4_the_first_end_of_an_entry_stays() {
    let journal = MemoryJournal::default();
    let base_url = BaseUrl::default();
    let key = canary::key().parse::<ApiKey>().unwrap().fingerprint();
    let id: ExternalTaskId = "order-42".parse().unwrap();
    let task: TaskId = "task-1".parse().unwrap();
    journal
        .intent(&Intent::new(request(), base_url, key, None).unwrap())
        .await
        .unwrap();
    let completed = Outcome::Completed(Task::from_json(COMPLETED.as_bytes()).unwrap());
    let lost = Outcome::Lost { id: task };
    for outcome in [&lost, &completed, &lost] {
        journal.outcome(&id, outcome).await.unwrap();
    }
    let [entry] = <[_; 1]>::try_from(journal.entries()).unwrap();
    assert_eq!(entry.state, JournalState::Ended(Box::new(completed)));
}

/// Nothing was created, and the journal says that it may have been sent: whoever reads the error is
/// told before they buy it again.
#[tokio::test(start_paused = true)]
async fn c11_an_end_that_cannot_be_written_down_is_told_with_the_error() {
    let transport = Scripted::new([json(402, r#"{"message":"insufficient balance"}"#)]);
    let client = client(&transport, Failing::at("outcome"));
    let error = client.generate(request()).await.unwrap_err();
    shown(&error);
    assert_eq!(error.billing(), Billing::None);
    assert!(error.not_recorded().is_some());
    let next_step = error.next_step();
    assert!(next_step.contains("reconcile its entry"), "{next_step}");
}

/// Two at once about the same create would both find that it is to be sent again.
#[tokio::test(start_paused = true)]
async fn only_one_operation_at_a_time_sends_a_create() {
    let transport = Scripted::new([Answer::Never, Answer::Never]);
    let client = Client::builder(canary::key().parse().unwrap())
        .transport(transport.clone())
        .build()
        .unwrap();
    let mut first = client.generate(request());
    assert!(polled(first.next(), 1).await.flatten().is_some());
    let error = client.generate(request()).await.unwrap_err();
    shown(&error);
    assert_eq!(error.kind(), ErrorKind::DuplicateExternalTaskId, "{error}");
    assert_eq!(transport.calls().len(), 1);
    drop(first);
    let mut next = client.generate(request());
    let notice = next.next().await.unwrap();
    assert!(matches!(notice, Notice::Submitting { .. }), "{notice:?}");
}

/// Else its end would stand in the entry of the other, and give back the price of what is charged.
#[tokio::test(start_paused = true)]
async fn what_is_under_way_is_neither_asked_for_nor_written_down_by_another_operation() {
    let transport = Scripted::new([Answer::Never]);
    let journal = Arc::new(MemoryJournal::default());
    let budget = Arc::new(Budget::new("1.00".parse().unwrap()));
    let client = Client::builder(canary::key().parse().unwrap())
        .transport(transport.clone())
        .journal(journal.clone())
        .budget(budget.clone())
        .capabilities(
            HostCapabilities::default()
                .with_lookup(Lookup::Proven)
                .with_lookup_lag(Duration::ZERO),
        )
        .build()
        .unwrap();
    let mut first = client.generate(request());
    assert!(polled(first.next(), 1).await.flatten().is_some());
    let [entry] = <[_; 1]>::try_from(journal.entries()).unwrap();
    let reserved = budget.spent();

    let error = client.reconcile(entry.intent.clone()).await.unwrap_err();
    shown(&error);
    assert_eq!(error.kind(), ErrorKind::Unresolved, "{error}");
    assert_eq!(error.external_task_id().unwrap().as_str(), "order-42");
    assert_eq!(transport.calls().len(), 1);
    assert_eq!(journal.entries(), [entry]);
    assert_eq!(budget.spent(), reserved);
}

/// No journal write, no spend: an entry that has ended takes no send.
#[tokio::test(start_paused = true)]
async fn an_entry_that_has_ended_takes_no_send_and_no_task() {
    let transport = Scripted::new([json(402, r#"{"message":"insufficient balance"}"#)]);
    let journal = Arc::new(MemoryJournal::default());
    client(&transport, journal.clone())
        .generate(request())
        .await
        .unwrap_err();
    let id: ExternalTaskId = "order-42".parse().unwrap();
    let before = journal.entries();
    assert!(before[0].state.is_final());
    assert!(journal.sent(&id).await.is_err());
    assert!(
        journal
            .accepted(&id, &"task-1".parse().unwrap())
            .await
            .is_err()
    );
    assert_eq!(journal.entries(), before);
}

// ----------------------------------------------------------------- dropped at every await

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

/// Lets a future be polled so many times, and drops it. Its end, if it came.
async fn polled<F: Future>(future: F, times: usize) -> Option<F::Output> {
    let mut future = std::pin::pin!(future);
    let mut polls = 0;
    std::future::poll_fn(|context| {
        if polls == times {
            return Poll::Ready(None);
        }
        polls += 1;
        let polled = future.as_mut().poll(context).map(Some);
        // It is asked again soon, whether or not it asked for it: then the drop comes in between.
        context.waker().wake_by_ref();
        polled
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn k07_a_generation_that_is_dropped_at_any_await_is_found_again_and_paid_once() {
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
