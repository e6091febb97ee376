//! How long calls may take, how often those that cost nothing are made, and that neither shortens the time
//! from which absence is proved.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests keep tokio's paused clock"
)]

use std::{
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response};
use kirin_client::{
    CallPolicy, Client, ClientBuilder, Control, ErrorKind, HostCapabilities, Lookup,
    machine::Settings,
};
use kirin_tests::canary;
use kirin_transport::{Body, Sent, TransportError, TransportErrorKind, from_fn};
use kirin_types::{ExternalTaskId, Task, TaskId};
use tokio::time::Instant;

use crate::scripted::request;

mod prop;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn attempts(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

fn builder(policy: CallPolicy) -> ClientBuilder {
    let control = Control::new("order-1".parse().unwrap(), "task-0".parse().unwrap());
    let proven = HostCapabilities::default().with_lookup(Lookup::Proven);
    Client::builder(canary::key().parse().unwrap())
        .capabilities(proven.with_lookup_lag(seconds(1)))
        .control(control)
        .call_policy(policy)
        .forever()
}

/// When each look-up comes, and each of a row that proves absence, after a create that is never answered.
/// Nothing is ever found.
async fn look_ups(builder: ClientBuilder) -> (Vec<Duration>, Vec<Duration>) {
    let asked = Arc::new(std::sync::Mutex::new((Vec::new(), Vec::new())));
    let began_at = Instant::now();
    let noted = Arc::clone(&asked);
    let transport = from_fn(move |request: Request<Bytes>| {
        let is_create = request.method() == Method::POST;
        let mut noted = noted.lock().unwrap();
        match request.uri().query() {
            None if is_create => {}
            None => noted.0.push(began_at.elapsed()),
            Some(_) => noted.1.push(began_at.elapsed()),
        }
        drop(noted);
        async move {
            match is_create {
                true => std::future::pending().await,
                false => answer(404),
            }
        }
    });
    let client = builder.transport(transport).build().unwrap();
    let ended = client.generate(request()).await;
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::Unresolved);
    let asked = asked.lock().unwrap();
    asked.clone()
}

fn answer(status: u16) -> Result<Response<Body>, TransportError> {
    let body = Body::from(r#"{"message":"said the service"}"#.as_bytes().to_vec());
    Ok(Response::builder().status(status).body(body).unwrap())
}

/// How much later than its time-out a create may be on its way on a system that cannot be told otherwise.
fn late() -> Duration {
    Settings::LONGEST_CALL - seconds(30)
}

#[tokio::test(start_paused = true)]
async fn a_longer_time_out_of_creates_lengthens_the_settle_time_and_a_shorter_one_never_shortens_it()
 {
    for (limit, settled) in [(30, 30), (29, 30), (6, 30), (31, 31), (90, 90), (600, 600)] {
        let policy = CallPolicy::default().with_create_timeout(seconds(limit));
        let (_, rows) = look_ups(builder(policy)).await;
        // From the lost answer on: the larger of the two, and twice the declared lag.
        let expected = seconds(limit + settled + 2) + late();
        assert_eq!(rows.first(), Some(&expected), "a time-out of {limit} s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_that_arrives_after_55_s_of_its_60_s_is_found_and_not_sent_again() {
    let posts = Arc::new(AtomicU32::new(0));
    let (counted, began_at) = (Arc::clone(&posts), Instant::now());
    let transport = from_fn(move |request: Request<Bytes>| {
        let is_create = request.method() == Method::POST;
        counted.fetch_add(u32::from(is_create), Ordering::Relaxed);
        let is_control = request.uri().path().ends_with("order-1");
        let has_arrived = began_at.elapsed() > seconds(55);
        async move {
            match (is_create, is_control) {
                // The connection breaks at once, and what is on its way goes on.
                (true, _) => Err(TransportError::new(TransportErrorKind::Closed, Sent::Maybe)),
                (_, true) => task("task-0", "order-1"),
                _ if has_arrived => task("task-1", "order-42"),
                _ => answer(404),
            }
        }
    });
    let policy = CallPolicy::default().with_create_timeout(seconds(60));
    let client = builder(policy).transport(transport).build().unwrap();
    let found = client.generate(request()).await.unwrap();
    assert_eq!(found.id().as_str(), "task-1");
    assert_eq!(posts.load(Ordering::Relaxed), 1);
}

fn task(id: &str, external_task_id: &str) -> Result<Response<Body>, TransportError> {
    let text = format!(
        r#"{{"id":"{id}","external_task_id":"{external_task_id}","status":"completed","output":[{{"content":[{{"url":"https://example.com/a.mp4"}}]}}]}}"#
    );
    Ok(Response::new(Body::from(text.into_bytes())))
}

#[tokio::test(start_paused = true)]
async fn a_lost_create_is_looked_up_at_the_times_of_the_policy() {
    let within = |policy: CallPolicy| async move {
        let unproven = builder(policy).capabilities(HostCapabilities::default());
        let (look_ups, _) = look_ups(unproven).await;
        let lost_at = seconds(30);
        look_ups
            .into_iter()
            .map(|at| (at - lost_at).as_secs())
            .collect::<Vec<_>>()
    };
    let usual = CallPolicy::default();
    assert_eq!(within(usual.clone()).await, [1, 2, 4, 8, 15, 30]);
    let chosen = usual.clone().with_look_up_times([60, 3, 3].map(seconds));
    assert_eq!(within(chosen).await, [3, 60]);
    // One at 30 s is never left out: the create may be on its way until then.
    assert_eq!(within(usual.clone().with_look_up_times([])).await, [30]);
    assert_eq!(
        within(usual.with_look_up_times([Duration::ZERO])).await,
        [1, 30]
    );
}

#[tokio::test(start_paused = true)]
async fn a_query_and_a_create_end_by_their_own_time_outs() {
    let policy = CallPolicy::default()
        .with_create_timeout(seconds(7))
        .with_query_timeout(seconds(3))
        .with_query_attempts(attempts(1));
    let silent = from_fn(|_: Request<Bytes>| std::future::pending());
    let client = builder(policy).transport(silent).build().unwrap();
    let began_at = Instant::now();
    let id: TaskId = "task-1".parse().unwrap();
    client.query(id).await.unwrap_err();
    assert_eq!(began_at.elapsed(), seconds(3));
    let began_at = Instant::now();
    let ended = client.generate(request()).deadline(seconds(1)).await;
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::Unresolved);
    // 5 s at least, however near the deadline, and then one last look-up.
    assert_eq!(began_at.elapsed(), seconds(5 + 3));
}

/// How many requests there are before an operation is given up; each of them fails.
async fn requests<F: Future<Output = ()>>(
    policy: CallPolicy,
    operation: impl FnOnce(Client) -> F,
    answer_of: fn(&Request<Bytes>) -> Result<Response<Body>, TransportError>,
) -> u32 {
    let asked = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&asked);
    let transport = from_fn(move |request: Request<Bytes>| {
        counted.fetch_add(1, Ordering::Relaxed);
        let answer = answer_of(&request);
        async move { answer }
    });
    operation(builder(policy).transport(transport).build().unwrap()).await;
    asked.load(Ordering::Relaxed)
}

fn unavailable(_: &Request<Bytes>) -> Result<Response<Body>, TransportError> {
    answer(503)
}

/// Refuses creates, and its look-ups fail.
fn refusing(request: &Request<Bytes>) -> Result<Response<Body>, TransportError> {
    answer(if request.method() == Method::POST {
        400
    } else {
        503
    })
}

fn unreachable(_: &Request<Bytes>) -> Result<Response<Body>, TransportError> {
    Err(TransportError::new(TransportErrorKind::Connect, Sent::No))
}

#[tokio::test(start_paused = true)]
async fn calls_that_cost_nothing_are_made_as_often_as_the_policy_says() {
    let wait = |client: Client| async move {
        let id: TaskId = "task-1".parse().unwrap();
        client.wait(id).await.unwrap_err();
    };
    let seek = |client: Client| async move {
        let id: ExternalTaskId = "order-42".parse().unwrap();
        client.wait(id).await.unwrap_err();
    };
    let create = |client: Client| async move {
        client.generate(request()).await.unwrap_err();
    };
    let download = |client: Client| async move {
        let task = r#"{"id":"task-1","status":"completed","output":[{"content":[{"type":"video","url":"https://cdn.example/a.mp4"}]}]}"#;
        let task = Task::from_json(task.as_bytes()).unwrap();
        client
            .download_stream(&task)
            .next()
            .await
            .unwrap()
            .unwrap_err();
    };
    let usual = CallPolicy::default();
    assert_eq!(requests(usual.clone(), wait, unavailable).await, 10);
    assert_eq!(requests(usual.clone(), seek, unavailable).await, 10);
    assert_eq!(requests(usual.clone(), create, refusing).await, 1 + 4);
    assert_eq!(requests(usual.clone(), download, unreachable).await, 5);
    let queries = |number| usual.clone().with_query_attempts(attempts(number));
    for number in [1, 2, 12] {
        assert_eq!(requests(queries(number), wait, unavailable).await, number);
        assert_eq!(requests(queries(number), seek, unavailable).await, number);
        assert_eq!(
            requests(queries(number), create, refusing).await,
            1 + number
        );
        let downloads = usual.clone().with_download_attempts(attempts(number));
        assert_eq!(requests(downloads, download, unreachable).await, number);
    }
}

/// A create that never reaches the service is sent four times, whatever is said of what costs nothing.
#[tokio::test(start_paused = true)]
async fn no_policy_changes_how_often_a_create_is_sent() {
    let create = |client: Client| async move {
        client.generate(request()).await.unwrap_err();
    };
    for number in [1, 100] {
        let policy = CallPolicy::default()
            .with_query_attempts(attempts(number))
            .with_download_attempts(attempts(number));
        assert_eq!(requests(policy, create, unreachable).await, 4);
    }
}
