//! Callbacks that are handed to a client, on tokio's paused clock.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests keep tokio's paused clock"
)]

use std::time::Duration;

use kirin_client::{Client, ClientBuilder, PollSchedule};
use kirin_types::{Callback, GenerationRequest, Task};
use tokio::{task::JoinHandle, time::sleep};

use super::service::{EXTERNAL_ID, ID, Service, assert_real, callback, request};

const HOOK: &str = "https://example.com/hook";

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// A task object of any status that no service sent.
fn forged(status: &str) -> Callback {
    callback(&format!(
        r#"{{"id":"{ID}","status":"{status}","output":[{{"content":[{{"url":"https://example.com/forged.mp4"}}]}}]}}"#
    ))
}

/// Kling's own body names the task by its external id only.
fn kling(status: &str) -> Callback {
    callback(&format!(
        r#"{{"task_id":"8293","task_status":"{status}","task_info":{{"external_task_id":"{EXTERNAL_ID}"}}}}"#
    ))
}

fn client(service: &Service) -> Client {
    service.builder().expects_callbacks().build().unwrap()
}

/// A generation that goes on beside the test.
async fn begin(client: &Client) -> JoinHandle<Task> {
    let generation = client.submit(request(HOOK)).await.unwrap();
    tokio::spawn(async { generation.await.unwrap() })
}

#[tokio::test(start_paused = true)]
async fn a_forged_callback_is_one_authenticated_query_and_no_news() {
    for forged in [forged("completed"), forged("failed"), kling("succeed")] {
        let service = Service::new(seconds(30.0));
        let client = client(&service);
        let generation = begin(&client).await;
        sleep(seconds(20.0)).await;
        assert_eq!(service.queries(), [0.0; 0]);
        assert!(client.wake(&forged));
        sleep(seconds(20.0)).await;
        // Each query of the service in these tests is checked to carry the key.
        assert_eq!(service.queries(), [20.0]);
        assert!(!generation.is_finished());
        assert_real(&generation.await.unwrap());
        assert_eq!(service.queries(), [20.0, 45.0]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_callbacks_are_at_most_one_query_a_second() {
    let service = Service::new(seconds(30.0));
    let client = client(&service);
    let generation = begin(&client).await;
    sleep(seconds(5.0)).await;
    for _ in 0..1000 {
        client.wake(&forged("completed"));
        client.wake(&kling("succeed"));
        sleep(seconds(0.01)).await;
    }
    let queries = service.queries();
    assert_eq!(queries.len(), 10, "{queries:?}");
    for pair in queries.windows(2) {
        assert!(pair[1] - pair[0] >= 1.0, "{queries:?}");
    }
    assert_real(&generation.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn callbacks_without_a_pause_are_one_query() {
    let service = Service::new(seconds(30.0));
    let client = client(&service);
    let generation = begin(&client).await;
    sleep(seconds(5.0)).await;
    for _ in 0..1000 {
        client.wake(&forged("completed"));
    }
    assert_real(&generation.await.unwrap());
    assert_eq!(service.queries(), [5.0, 45.0]);
}

/// Every order of every choice of these, duplicates and stale ones among them.
#[tokio::test(start_paused = true)]
async fn callbacks_in_any_order_end_in_what_the_service_says() {
    let events = [
        forged("in_progress"),
        forged("completed"),
        forged("completed"),
        forged("failed"),
        kling("processing"),
        kling("succeed"),
    ];
    let mut orders = 0;
    let mut pending = vec![Vec::new()];
    while let Some(order) = pending.pop() {
        orders += 1;
        let service = Service::new(seconds(2.0));
        let client = client(&service);
        let generation = begin(&client).await;
        for event in &order {
            client.wake(&events[*event]);
            sleep(seconds(0.7)).await;
        }
        assert_real(&generation.await.unwrap());
        let queries = service.queries();
        assert!(
            queries.windows(2).all(|it| it[1] - it[0] >= 1.0),
            "{queries:?}"
        );
        assert!(queries.len() <= order.len() + 1, "{queries:?}");
        let rest = (0..events.len()).filter(|event| !order.contains(event));
        pending.extend(rest.map(|event| [&order[..], &[event]].concat()));
    }
    assert_eq!(orders, 1957);
}

#[tokio::test(start_paused = true)]
async fn a_task_whose_callback_never_comes_is_found_at_a_slow_rate() {
    async fn queries(builder: ClientBuilder, service: &Service) -> usize {
        let client = builder.build().unwrap();
        assert_real(&client.generate(request(HOOK)).await.unwrap());
        service.queries().len()
    }

    let service = Service::new(seconds(60.0));
    assert_eq!(
        queries(service.builder().expects_callbacks(), &service).await,
        3
    );
    assert_eq!(service.queries(), [45.0, 56.25, 78.75]);
    let usual = Service::new(seconds(60.0));
    let usual = queries(usual.builder(), &usual).await;
    assert!(usual > 9, "{usual}");
}

#[tokio::test(start_paused = true)]
async fn only_tasks_with_a_callback_and_no_schedule_are_queried_seldom() {
    let first_query = async |builder: ClientBuilder, service: Service, request| {
        let client = builder.build().unwrap();
        client.generate(request).await.unwrap();
        service.queries()[0]
    };
    let service = || Service::new(seconds(60.0));
    let without = GenerationRequest::builder("a fox").build().unwrap();

    let usual = service();
    let at = first_query(usual.builder().expects_callbacks(), usual, without).await;
    assert_eq!(at, 10.0);
    let fixed = service();
    let builder = fixed.builder().expects_callbacks();
    let builder = builder.schedule(PollSchedule::Fixed(seconds(7.0)));
    assert_eq!(first_query(builder, fixed, request(HOOK)).await, 7.0);
    let unsaid = service();
    assert_eq!(
        first_query(unsaid.builder(), unsaid, request(HOOK)).await,
        10.0
    );
}

#[tokio::test(start_paused = true)]
async fn a_callback_for_an_unknown_task_wakes_nobody() {
    let service = Service::new(seconds(30.0));
    let client = client(&service);
    let generation = begin(&client).await;
    sleep(seconds(5.0)).await;
    assert!(!client.wake(&callback(r#"{"id":"task-2","status":"completed"}"#)));
    // The id of Kling's own system is not this API's.
    let other = r#"{"task_id":"task-1","task_status":"succeed","task_info":{"external_task_id":"order-43"}}"#;
    assert!(!client.wake(&callback(other)));
    assert_real(&generation.await.unwrap());
    assert_eq!(service.queries(), [45.0]);
    assert!(!client.wake(&forged("completed")), "nobody waits any more");
}

#[tokio::test(start_paused = true)]
async fn a_callback_by_task_id_before_the_answer_is_remembered() {
    let service = Service::new(seconds(2.0)).answer_time(seconds(5.0));
    let client = client(&service);
    let generation = tokio::spawn({
        let client = client.clone();
        async move { client.generate(request(HOOK)).await.unwrap() }
    });
    sleep(seconds(3.0)).await;
    assert!(
        !client.wake(&forged("completed")),
        "nobody knows this id yet"
    );
    assert_real(&generation.await.unwrap());
    assert_eq!(service.queries(), [6.0]);
}

/// So many ids that are not known push the oldest out: a hint is lost, and the fall-back remains.
#[tokio::test(start_paused = true)]
async fn a_flood_of_unknown_ids_costs_a_hint_and_nothing_else() {
    let service = Service::new(seconds(2.0)).answer_time(seconds(5.0));
    let client = client(&service);
    let generation = tokio::spawn({
        let client = client.clone();
        async move { client.generate(request(HOOK)).await.unwrap() }
    });
    sleep(seconds(3.0)).await;
    client.wake(&forged("completed"));
    for number in 0..256 {
        client.wake(&callback(&format!(
            r#"{{"id":"other-{number}","status":"completed"}}"#
        )));
    }
    assert_real(&generation.await.unwrap());
    // The typical 45 s after the answer.
    assert_eq!(service.queries(), [50.0]);
}

/// A process that ended with callbacks in its hands has lost nothing.
#[tokio::test(start_paused = true)]
async fn a_crash_after_a_callback_loses_nothing() {
    let service = Service::new(seconds(10.0));
    let first = client(&service);
    let generation = first.submit(request(HOOK)).await.unwrap();
    let handle = generation.handle().unwrap();
    sleep(seconds(12.0)).await;
    assert!(first.wake(&forged("completed")));
    drop(generation);
    drop(first);

    let second = service.builder().build().unwrap();
    assert_real(&second.resume(handle).await.unwrap());
    assert_eq!(service.queries(), [12.0]);
}
