//! The client whose calls block: on plain threads it does all, in async tasks nothing.

use std::{
    future::{Future, pending},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use kirin_client::{
    Billing, Client, DownloadErrorKind, Error, ErrorKind, Journal, JournalState, MemoryJournal,
    blocking::{self, InAsyncTask},
};
use kirin_emulator::{Emulator, EmulatorConfig};
use kirin_transport::{Body, Sent, TransportError, TransportErrorKind, from_fn};
use kirin_types::{ExternalTaskId, Task, TaskId};
use tokio::{runtime::Runtime, sync::Semaphore};

use crate::{
    driver::{COMPLETED, CREATED},
    scripted::{Scripted, json, request},
};

/// Nothing here takes so long.
const LIMIT: Duration = Duration::from_secs(30);

/// The service on threads of its own, which end with it.
struct Service {
    emulator: Emulator,
    _runtime: Runtime,
}

fn service(task_time: Duration) -> Service {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let config = EmulatorConfig::new().task_time(task_time);
    let emulator = runtime.block_on(Emulator::start(config)).unwrap();
    Service {
        emulator,
        _runtime: runtime,
    }
}

impl Service {
    fn client(&self) -> blocking::Client {
        let base_url = self.emulator.base_url().parse().unwrap();
        let client = Client::builder("any-key".parse().unwrap()).base_url(base_url);
        blocking::Client::new(client.build().unwrap()).unwrap()
    }
}

/// A client over somebody else's transport.
fn client(
    transport: impl kirin_transport::Transport + 'static,
    journal: impl Journal + 'static,
) -> blocking::Client {
    let client = Client::builder("any-key".parse().unwrap())
        .transport(transport)
        .journal(journal);
    blocking::Client::new(client.build().unwrap()).unwrap()
}

fn with_id(id: &str) -> kirin_types::GenerationRequest {
    request().with_external_task_id(id.parse().unwrap())
}

#[test]
fn plain_threads_generate_wait_and_download() {
    let service = service(Duration::ZERO);
    let client = service.client();
    let folder = tempfile::tempdir().unwrap();

    let task = client.generate(with_id("order-1")).unwrap();
    assert_eq!(task.status(), Some("completed"));
    assert_eq!(client.wait(task.id().clone()).unwrap().id(), task.id());
    let id: ExternalTaskId = "order-1".parse().unwrap();
    assert_eq!(client.query(id.clone()).unwrap().id(), task.id());
    client.delivered(&id).unwrap();

    let path = folder.path().join("boat.mp4");
    assert_eq!(
        client.download(&task, &path).unwrap(),
        std::slice::from_ref(&path)
    );
    assert_eq!(std::fs::read(&path).unwrap()[4..8], *b"ftyp");
    let again = client.download(&task, &path).unwrap_err();
    assert_eq!(again.kind(), DownloadErrorKind::Exists);
    let mut events = 0;
    let download = client.as_async().download(&task, &path).overwrite(true);
    client
        .finish_download(download.on_event(|_| events += 1))
        .unwrap();
    assert!(events > 0);

    let generation = client.submit(with_id("order-2")).unwrap();
    let handle = generation.handle().unwrap();
    let task = client.finish(generation).unwrap();
    assert_eq!(*task.id(), handle.task_id);
    assert_eq!(client.resume(handle).unwrap().id(), task.id());
    assert_eq!(service.emulator.statistics().tasks_created, 2);
}

#[test]
fn many_threads_share_a_client() {
    let service = service(Duration::ZERO);
    let client = service.client();
    thread::scope(|threads| {
        for number in 0..8 {
            let client = client.clone();
            threads.spawn(move || {
                client
                    .generate(with_id(&format!("order-{number}")))
                    .unwrap()
            });
        }
    });
    assert_eq!(service.emulator.statistics().tasks_created, 8);
}

#[test]
fn a_deadline_ends_a_call() {
    let service = service(LIMIT * 100);
    let client = service.client();
    let generation = client.as_async().generate(request());
    let error = client.finish(generation.deadline(Duration::ZERO));
    assert_eq!(error.unwrap_err().kind(), ErrorKind::StillRunning);
}

#[test]
fn notices_are_told_on_the_thread_that_calls() {
    let service = service(Duration::ZERO);
    let client = service.client();
    let here = thread::current().id();
    let mut notices = 0;
    let generation = client.as_async().generate(with_id("order-1"));
    let task = client.finish_with(generation, |_| {
        assert_eq!(thread::current().id(), here);
        // No lock is held, and this thread may block.
        client.block_on(async {}).unwrap();
        notices += 1;
    });
    assert_eq!(task.unwrap().status(), Some("completed"));
    assert!(notices >= 2, "submitted, accepted and finished");
}

// ----------------------------------------------------------- in async tasks

/// A service that must not be asked.
fn never_asked() -> blocking::Client {
    let nobody = from_fn(|request: http::Request<bytes::Bytes>| async move {
        panic!("{} was asked for", request.uri());
    });
    client(nobody, MemoryJournal::default())
}

fn check(error: &Error, billing: Billing) {
    assert_eq!(error.kind(), ErrorKind::InAsyncTask, "{error}");
    assert_eq!(error.billing(), billing, "{error}");
    assert!(
        error
            .to_string()
            .ends_with("within `tokio::task::spawn_blocking`, or use the async client"),
        "{error}"
    );
}

fn every_call_is_refused(client: &blocking::Client) {
    let task = Task::from_json(COMPLETED.as_bytes()).unwrap();
    let (id, external): (TaskId, ExternalTaskId) = (task.id().clone(), "order-1".parse().unwrap());

    check(&client.generate(request()).unwrap_err(), Billing::None);
    check(&client.submit(request()).unwrap_err(), Billing::None);
    let generation = client.as_async().generate(request());
    let told = client.finish_with(generation, |notice| panic!("{notice:?}"));
    check(&told.unwrap_err(), Billing::None);
    for error in [
        client.wait(id.clone()).unwrap_err(),
        client.query(id.clone()).unwrap_err(),
    ] {
        check(&error, Billing::Unknown);
        assert_eq!(error.task_id(), Some(&id));
    }
    for error in [
        client.wait(external.clone()).unwrap_err(),
        client.query(external.clone()).unwrap_err(),
    ] {
        check(&error, Billing::Unknown);
        assert_eq!(error.external_task_id(), Some(&external));
    }
    let error = client.download(&task, "fox.mp4").unwrap_err();
    assert_eq!(error.kind(), DownloadErrorKind::InAsyncTask);
    let error = client.delivered(&external).unwrap_err();
    assert_eq!(error.to_string(), InAsyncTask.to_string());
    assert_eq!(client.block_on(async {}), Err(InAsyncTask));
}

#[tokio::test]
async fn in_an_async_task_every_call_is_an_error_and_sends_nothing() {
    every_call_is_refused(&never_asked());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_worker_thread_every_call_is_an_error_too() {
    every_call_is_refused(&never_asked());
    let spawned = tokio::spawn(async { every_call_is_refused(&never_asked()) });
    spawned.await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    let local = tokio::task::LocalSet::new();
    tasks.spawn_local_on(async { every_call_is_refused(&never_asked()) }, &local);
    local.await;
    tasks.join_next().await.unwrap().unwrap();
}

/// The task goes on after the error, as if nothing had been.
#[tokio::test]
async fn a_refused_call_leaves_its_task_in_order() {
    let client = never_asked();
    let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
    for number in 0..300 {
        assert_eq!(client.block_on(async {}), Err(InAsyncTask));
        sender.send(number).await.unwrap();
        assert_eq!(receiver.recv().await, Some(number));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_tokio_lets_a_thread_block_a_call_does() {
    let client = Arc::new(never_asked());
    let blocking = Arc::clone(&client);
    let done = tokio::task::spawn_blocking(move || blocking.block_on(async { 1 }));
    assert_eq!(done.await.unwrap(), Ok(1));
    let in_place = tokio::task::block_in_place(|| client.block_on(async { 2 }));
    assert_eq!(in_place, Ok(2));
    let handle = tokio::runtime::Handle::current();
    let other = thread::spawn(move || {
        let _context = handle.enter();
        client.block_on(async { 3 })
    });
    assert_eq!(other.join().unwrap(), Ok(3));
}

#[test]
fn a_submitted_task_that_is_awaited_in_async_keeps_its_handle() {
    let client = client(
        Scripted::new([json(200, CREATED)]),
        MemoryJournal::default(),
    );
    let generation = client.submit(with_id("order-1")).unwrap();
    let handle = generation.handle().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let error = runtime
        .unwrap()
        .block_on(async { client.finish(generation).unwrap_err() });
    check(&error, Billing::Unknown);
    assert_eq!(error.resume(), Some(&handle));
    assert_eq!(error.task_id(), Some(&handle.task_id));
}

#[tokio::test]
async fn a_client_may_be_made_and_dropped_in_async() {
    let client = never_asked();
    drop(client.clone());
    drop(client);
}

#[test]
fn its_thread_ends_with_the_last_clone() {
    let client = never_asked();
    let (sender, ended) = mpsc::channel::<()>();
    let spawned = client.block_on(async {
        tokio::spawn(async move {
            let _sender = sender;
            pending::<()>().await;
        });
    });
    spawned.unwrap();
    drop(client.clone());
    let waited = ended.recv_timeout(Duration::from_millis(50));
    assert_eq!(waited, Err(RecvTimeoutError::Timeout));
    drop(client);
    let waited = ended.recv_timeout(LIMIT);
    assert_eq!(waited, Err(RecvTimeoutError::Disconnected));
}

// ------------------------------------------------------------ the promise

/// A service that takes a create, says that it has it, and answers when it is let.
fn slow_service(
    has_it: mpsc::Sender<()>,
    answer: Arc<Semaphore>,
) -> impl kirin_transport::Transport {
    from_fn(move |_| {
        let (has_it, answer) = (has_it.clone(), Arc::clone(&answer));
        let answering: std::pin::Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(async move {
            let _ = has_it.send(());
            let _let_go = answer.acquire().await;
            Err::<http::Response<Body>, _>(TransportError::new(
                TransportErrorKind::Closed,
                Sent::Maybe,
            ))
        });
        answering
    })
}

#[test]
fn a_client_that_is_dropped_while_it_creates_leaves_the_intent_in_the_journal() {
    let journal = Arc::new(MemoryJournal::default());
    let (has_it, comes) = mpsc::channel();
    let answer = Arc::new(Semaphore::new(0));
    let client = client(slow_service(has_it, Arc::clone(&answer)), journal.clone());
    let creating = client.clone();
    let thread = thread::spawn(move || {
        let generation = creating.as_async().generate(with_id("order-1"));
        creating.finish(generation.deadline(Duration::ZERO))
    });
    comes.recv_timeout(LIMIT).unwrap();
    drop(client);
    let entries = journal.entries();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].state, JournalState::Sent);
    assert!(entries[0].is_unfinished());
    answer.add_permits(1000);
    let error = thread.join().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unresolved);
}

#[test]
fn a_callback_that_panics_loses_no_create() {
    let journal = Arc::new(MemoryJournal::default());
    let client = client(Scripted::new([json(200, CREATED)]), journal.clone());
    let generation = client.as_async().generate(with_id("order-1"));
    let told =
        AssertUnwindSafe(|| client.finish_with(generation, |_| panic!("a bug of the caller")));
    catch_unwind(told).unwrap_err();
    let entries = journal.entries();
    assert_eq!(entries.len(), 1);
    assert!(entries[0].is_unfinished(), "{entries:?}");
    assert!(!entries[0].state.is_nothing());
    // The thread may block again.
    assert_eq!(client.block_on(async { 1 }), Ok(1));
}
