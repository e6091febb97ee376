//! What the generations of one client share: requests a second, parallel tasks, retries.

#![expect(
    clippy::disallowed_methods,
    reason = "what a client does in time is told by a clock, which is paused"
)]

use std::{
    future::IntoFuture,
    num::NonZeroU32,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response};
use kirin_client::{
    Billing, Client, ClientBuilder, Error, ErrorKind, Generation, Intent, PollSchedule,
    machine::{Cause, Outcome, Withheld},
};
use kirin_tests::canary;
use kirin_transport::{Body, Sent, Transport, TransportError, TransportErrorKind};
use kirin_types::{GenerationRequest, Task};
use tokio::{task::JoinHandle, time::Instant};

use crate::scripted::shown;

mod passed_over;

/// A service of tasks that take a minute, with a limit of how many run at once.
#[derive(Clone)]
struct Service(Arc<Mutex<State>>);

struct State {
    began_at: Instant,
    limit: usize,
    /// Whether it cannot be reached at all, and whether a request may have left all the same.
    down: Option<Sent>,
    /// When each request came, and whether it was a create.
    requests: Vec<(Duration, bool)>,
    /// When each task was created, and under which external id.
    tasks: Vec<(Duration, String)>,
    most_at_once: usize,
}

const TASK_TIME: Duration = Duration::from_secs(60);

impl Service {
    fn new(limit: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            began_at: Instant::now(),
            limit,
            down: None,
            requests: Vec::new(),
            tasks: Vec::new(),
            most_at_once: 0,
        })))
    }

    fn builder(&self) -> ClientBuilder {
        Client::builder(canary::key().parse().unwrap())
            .transport(self.clone())
            .jitter_seed(7)
            .deadline(Duration::from_secs(3600))
    }

    /// A client that makes at most so many requests a second.
    fn client_at(&self, requests_per_second: u32) -> Client {
        self.builder()
            .requests_per_second(NonZeroU32::new(requests_per_second))
            .build()
            .unwrap()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// The external ids of the tasks, in the order of their creation.
    fn order(&self) -> Vec<String> {
        let tasks = &self.state().tasks;
        tasks.iter().map(|(_, id)| id.clone()).collect()
    }

    fn creates(&self) -> usize {
        let requests = &self.state().requests;
        requests.iter().filter(|(_, is_create)| *is_create).count()
    }
}

impl State {
    fn running(&self, now: Duration) -> usize {
        let is_running = |(created_at, _): &&(Duration, String)| now < *created_at + TASK_TIME;
        self.tasks.iter().filter(is_running).count()
    }

    fn answer(&mut self, request: &Request<Bytes>) -> (u16, String) {
        let now = self.began_at.elapsed();
        let is_create = request.method() == Method::POST;
        self.requests.push((now, is_create));
        if is_create {
            if self.running(now) >= self.limit {
                let body = r#"{"code":1303,"message":"parallel task over resource pack limit"}"#;
                return (429, body.into());
            }
            let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
            let id = &body["input"][0]["params"]["external_task_id"];
            self.tasks.push((now, id.as_str().unwrap().to_owned()));
            self.most_at_once = self.most_at_once.max(self.running(now));
            let number = self.tasks.len() - 1;
            return (
                200,
                format!(r#"{{"id":"task-{number}","status":"in_progress"}}"#),
            );
        }
        let id = request.uri().path().rsplit('/').next().unwrap();
        let find = |number: &str| self.tasks.get(number.parse::<usize>().ok()?);
        let own = id.strip_prefix("task-").and_then(find);
        match own.or_else(|| self.tasks.iter().find(|(_, external)| external == id)) {
            None => (404, r#"{"message":"task not found"}"#.into()),
            Some((created_at, external)) => {
                let number = self
                    .tasks
                    .iter()
                    .position(|(_, it)| it == external)
                    .unwrap();
                let output = match now < *created_at + TASK_TIME {
                    true => r#""status":"in_progress""#,
                    false => {
                        r#""status":"completed","output":[{"content":[{"url":"https://example.com/a.mp4"}]}]"#
                    }
                };
                (200, format!(r#"{{"id":"task-{number}",{output}}}"#))
            }
        }
    }
}

#[async_trait]
impl Transport for Service {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let mut state = self.state();
        if let Some(sent) = state.down {
            let now = state.began_at.elapsed();
            state.requests.push((now, request.method() == Method::POST));
            return Err(TransportError::new(TransportErrorKind::Closed, sent));
        }
        let (status, body) = state.answer(&request);
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
        Ok(response)
    }
}

fn request(number: usize) -> GenerationRequest {
    GenerationRequest::builder("a fox")
        .external_task_id(format!("order-{number}"))
        .build()
        .unwrap()
}

type Ended = Result<Task, Error>;

/// Starts so many generations, one after the other.
async fn start(client: &Client, numbers: std::ops::Range<usize>) -> Vec<JoinHandle<Ended>> {
    let mut generations = Vec::new();
    for number in numbers {
        generations.push(tokio::spawn(client.generate(request(number)).into_future()));
        tokio::task::yield_now().await;
    }
    generations
}

async fn ended(generations: Vec<JoinHandle<Ended>>) {
    for generation in generations {
        generation.await.unwrap().unwrap();
    }
}

// ----------------------------------------------------------------- requests a second

/// The most requests that came within any one second.
fn most_in_a_second(service: &Service) -> usize {
    let requests = &service.state().requests;
    let from = |index: usize| {
        let (began_at, _) = requests[index];
        let second = began_at + Duration::from_secs(1);
        requests[index..]
            .iter()
            .filter(|(at, _)| *at < second)
            .count()
    };
    (0..requests.len()).map(from).max().unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn a_thousand_tasks_share_one_limit() {
    let service = Service::new(usize::MAX);
    let client = service.client_at(40);
    ended(start(&client, 0..1000).await).await;
    assert_eq!(most_in_a_second(&service), 40);
    assert_eq!(service.creates(), 1000);
}

#[tokio::test(start_paused = true)]
async fn no_burst_follows_a_pause() {
    let service = Service::new(usize::MAX);
    let client = service.client_at(2);
    tokio::time::advance(Duration::from_secs(600)).await;
    let generations = start(&client, 0..10).await;
    tokio::time::advance(Duration::from_millis(2100)).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(service.creates() <= 5, "{}", service.creates());
    ended(generations).await;
    assert_eq!(most_in_a_second(&service), 2);
}

#[tokio::test(start_paused = true)]
async fn a_client_makes_fifty_requests_a_second_unless_told_otherwise() {
    assert_eq!(ClientBuilder::REQUESTS_PER_SECOND, 50);
    let service = Service::new(usize::MAX);
    let client = service.builder().build().unwrap();
    ended(start(&client, 0..200).await).await;
    assert_eq!(most_in_a_second(&service), 50);

    let service = Service::new(usize::MAX);
    let client = service.builder().requests_per_second(None).build().unwrap();
    ended(start(&client, 0..200).await).await;
    assert!(most_in_a_second(&service) >= 200);
}

/// Whoever waits for a turn and goes away takes none with it.
#[tokio::test(start_paused = true)]
async fn a_turn_is_not_lost_with_who_waited_for_it() {
    let service = Service::new(usize::MAX);
    let client = service.client_at(1);
    let mut generations = start(&client, 0..5).await;
    for given_up in generations.drain(1..4) {
        given_up.abort();
        assert!(given_up.await.unwrap_err().is_cancelled());
    }
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(service.order(), ["order-0", "order-4"]);
    ended(generations).await;
}

/// Generations that wait for their turn in the hands of a caller who does something else meanwhile.
#[tokio::test(start_paused = true)]
async fn generations_that_are_not_polled_stop_no_other_call() {
    let service = Service::new(usize::MAX);
    let client = service.client_at(1);
    let running = client.submit(request(0)).await.unwrap();
    let mut held: Vec<_> = (1..4)
        .map(|number| client.generate(request(number)).start())
        .collect();
    for generation in &mut held {
        let asked_once = tokio::time::timeout(Duration::ZERO, generation.notices().next()).await;
        assert!(asked_once.is_err(), "its turn has not come");
    }
    let began_at = Instant::now();
    let id = running.handle().unwrap().task_id;
    let query = tokio::time::timeout(Duration::from_secs(60), client.query(&id));
    query.await.expect("a turn").unwrap();
    // Four turns, and two for each of the others that let its own pass.
    let took = began_at.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
    for generation in held {
        generation.await.unwrap();
    }
    assert_eq!(
        service.order(),
        ["order-0", "order-1", "order-2", "order-3"]
    );
    assert_eq!(most_in_a_second(&service), 1);
}

// ----------------------------------------------------------------- parallel tasks

#[tokio::test(start_paused = true)]
async fn the_limit_of_the_caller_holds() {
    let service = Service::new(usize::MAX);
    let limit = NonZeroU32::new(3).unwrap();
    let client = service.builder().parallel_tasks(limit).build().unwrap();
    ended(start(&client, 0..20).await).await;
    assert_eq!(service.state().most_at_once, 3);
    assert_eq!(service.creates(), 20);
}

/// Ten at once where four are allowed: they are refused only until the limit is found, nobody is
/// overtaken, and it is used to the full.
#[tokio::test(start_paused = true)]
async fn the_limit_of_the_service_is_found_and_kept() {
    let service = Service::new(4);
    let client = service.builder().build().unwrap();
    let began_at = Instant::now();
    ended(start(&client, 0..40).await).await;

    let order: Vec<_> = (0..40).map(|number| format!("order-{number}")).collect();
    assert_eq!(service.order(), order, "fair in order of arrival");
    assert_eq!(service.state().most_at_once, 4);
    // Ten rounds of a minute, and a query's lateness each.
    let took = began_at.elapsed();
    assert!(took < TASK_TIME * 14, "{took:?}");
    // 36 refusals until it stands at 4; then one for each time that it tried a fifth.
    let refused = service.creates() - 40;
    assert!((36..60).contains(&refused), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn the_limit_rises_again() {
    let service = Service::new(2);
    let client = service.builder().build().unwrap();
    ended(start(&client, 0..6).await).await;
    assert_eq!(service.state().most_at_once, 2);
    service.state().limit = usize::MAX;
    ended(start(&client, 6..60).await).await;
    let most = service.state().most_at_once;
    assert!((6..20).contains(&most), "slowly: {most}");
}

/// A task that nobody polls any more may have ended: it does not block the others for ever.
#[tokio::test(start_paused = true)]
async fn a_handle_that_is_not_polled_blocks_nobody_for_good() {
    let service = Service::new(1);
    let client = service.builder().build().unwrap();
    let held: Generation = client.submit(request(0)).await.unwrap();
    let began_at = Instant::now();
    let generations = start(&client, 1..3).await;
    while service.order().len() < 3 {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let took = began_at.elapsed().as_secs();
    // Five minutes for the first, and a task's time until its end has shown that more may run.
    assert!((360..370).contains(&took), "{took}");
    ended(generations).await;
    held.await.unwrap();
}

/// What the caller has limited stays limited, whoever is not polled.
#[tokio::test(start_paused = true)]
async fn the_limit_of_the_caller_is_never_exceeded() {
    let service = Service::new(usize::MAX);
    let limit = NonZeroU32::new(1).unwrap();
    let client = service.builder().parallel_tasks(limit).build().unwrap();
    let held = client.submit(request(0)).await.unwrap();
    let error = client.generate(request(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimit);
    assert_eq!(service.order(), ["order-0"]);
    drop(held);
    client.generate(request(2)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_place_is_not_lost_with_who_had_it_or_waited_for_it() {
    let service = Service::new(usize::MAX);
    let limit = NonZeroU32::new(1).unwrap();
    let client = service.builder().parallel_tasks(limit).build().unwrap();
    let mut generations = start(&client, 0..4).await;
    let last = generations.pop().unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(service.order(), ["order-0"]);
    // Those who wait first, so that none of them gets in meanwhile.
    for given_up in generations.into_iter().rev() {
        given_up.abort();
        assert!(given_up.await.unwrap_err().is_cancelled());
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(service.order(), ["order-0", "order-3"]);
    ended(vec![last]).await;
}

/// A create whose turn does not come is not sent when it is too late.
#[tokio::test(start_paused = true)]
async fn a_create_whose_turn_does_not_come_is_not_sent() {
    let service = Service::new(usize::MAX);
    let limit = NonZeroU32::new(1).unwrap();
    let client = service.builder().parallel_tasks(limit).build().unwrap();
    let _running = start(&client, 0..1).await;
    let began_at = Instant::now();
    let late = client.generate(request(1)).deadline(Duration::from_secs(5));
    let error = late.await.unwrap_err();
    shown(&error);
    let expected = Outcome::NotCreated {
        cause: Cause::Withheld(Withheld::Deadline),
    };
    assert_eq!(*error.outcome(), expected);
    assert_eq!(error.kind(), ErrorKind::RateLimit);
    assert_eq!(error.billing(), Billing::None);
    assert_eq!(began_at.elapsed(), Duration::from_secs(5));
    assert_eq!(service.order(), ["order-0"]);
}

/// A task that runs already, however this client came to it, is one of those that may run.
#[tokio::test(start_paused = true)]
async fn a_task_that_is_waited_for_or_adopted_takes_a_place() {
    let one = NonZeroU32::new(1).unwrap();
    for is_adopted in [false, true] {
        let service = Service::new(usize::MAX);
        let other = service.builder().build().unwrap();
        let running = other.submit(request(0)).await.unwrap();
        let began_at = Instant::now();

        let client = service.builder().parallel_tasks(one).build().unwrap();
        let followed = match is_adopted {
            false => client.wait(running.handle().unwrap().task_id),
            true => {
                let key: kirin_client::ApiKey = canary::key().parse().unwrap();
                let base_url = client.base_url().clone();
                let intent = Intent::new(request(0), base_url, key.fingerprint(), None);
                client.reconcile(intent.unwrap())
            }
        };
        let followed = tokio::spawn(followed.into_future());
        // It is looked up a second after it was intended, at the latest.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let next = start(&client, 1..2).await;
        tokio::time::sleep(TASK_TIME / 2).await;
        assert_eq!(service.order(), ["order-0"], "adopted: {is_adopted}");
        followed.await.unwrap().unwrap();
        assert!(began_at.elapsed() >= TASK_TIME);
        ended(next).await;
        assert_eq!(service.order(), ["order-0", "order-1"]);
    }
}

// ----------------------------------------------------------------- retries

/// A create that did not leave is sent again: by all together, a hundred at once and one a second
/// from then on. When the service is back, each answer makes room for the next.
#[tokio::test(start_paused = true)]
async fn repeated_creates_of_all_generations_come_from_one_bucket() {
    let service = Service::new(usize::MAX);
    let client = service.builder().requests_per_second(None).build().unwrap();
    service.state().down = Some(Sent::No);
    let generations = start(&client, 0..500).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let while_down = service.creates();
    assert!((655..=661).contains(&while_down), "{while_down}");

    service.state().down = None;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(service.order().len(), 500);
    ended(generations).await;
}

/// While the service is down, all generations together ask a hundred times at once and once a
/// second from then on; when it is back, all of them end.
#[tokio::test(start_paused = true)]
async fn retries_of_all_generations_come_from_one_bucket() {
    let service = Service::new(usize::MAX);
    let client = service
        .builder()
        .requests_per_second(None)
        .schedule(PollSchedule::Fixed(Duration::from_secs(20)))
        .build()
        .unwrap();
    let generations = start(&client, 0..500).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    let before = service.state().requests.len();
    service.state().down = Some(Sent::Maybe);
    tokio::time::sleep(Duration::from_secs(60)).await;
    let while_down = service.state().requests.len() - before;
    // Each asks once in its own time, and then as the bucket allows.
    assert!((560..=665).contains(&while_down), "{while_down}");
    service.state().down = None;
    ended(generations).await;
}

/// The same queue for a generation that nobody polls any more: the others are asked for again.
#[tokio::test(start_paused = true)]
async fn a_generation_that_is_not_polled_takes_no_retry_from_the_others() {
    let service = Service::new(usize::MAX);
    let client = service
        .builder()
        .schedule(PollSchedule::Fixed(Duration::from_secs(20)))
        .build()
        .unwrap();
    let generations = start(&client, 0..200).await;
    let mut held = client.submit(request(200)).await.unwrap();
    service.state().down = Some(Sent::Maybe);
    let telling = async {
        let mut notices = held.notices();
        while notices.next().await.is_some() {}
    };
    let asked_for_a_while = tokio::time::timeout(Duration::from_secs(60), telling).await;
    assert!(asked_for_a_while.is_err(), "it waits for a retry");

    tokio::time::sleep(Duration::from_secs(240)).await;
    let before = service.state().requests.len();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let while_down = service.state().requests.len() - before;
    assert!((58..=60).contains(&while_down), "{while_down}");
    service.state().down = None;
    ended(generations).await;
    held.await.unwrap();
}
