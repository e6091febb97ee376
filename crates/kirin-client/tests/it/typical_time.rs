//! How long tasks take at an emulator, as it says, and that nobody else decides how fast it is asked.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests keep time, tokio's paused clock among it"
)]

use std::time::Duration;

use kirin_client::{Client, ClientBuilder, PollSchedule};
use tokio::time::Instant;

use crate::scripted::{Scripted, json, request, with_headers};

const RUNNING: &str = r#"{"id":"task-1","status":"in_progress"}"#;
const COMPLETED: &str = r#"{"id":"task-1","status":"completed","output":[{"content":[{"type":"video","url":"https://example.com/a.mp4"}]}]}"#;

/// How long a task is waited for that is completed at the first query, where its create says this.
async fn first_gap(builder: ClientBuilder, said: &str) -> Duration {
    let said = [("x-kirin-typical-milliseconds", said)];
    let answers = [with_headers(200, &said, RUNNING), json(200, COMPLETED)];
    let client = builder.transport(Scripted::new(answers)).build().unwrap();
    let began_at = Instant::now();
    client.generate(request()).await.unwrap();
    began_at.elapsed()
}

fn builder() -> ClientBuilder {
    Client::builder("any-key".parse().unwrap())
}

fn here() -> ClientBuilder {
    builder().base_url("http://127.0.0.1:4010".parse().unwrap())
}

#[cfg(feature = "hyper")]
#[tokio::test]
async fn a_client_with_defaults_is_done_soon_with_the_fast_tasks_of_an_emulator() {
    use kirin_emulator::{Emulator, EmulatorConfig};

    let config = EmulatorConfig::new().task_time(Duration::from_millis(200));
    let emulator = Emulator::start(config).await.unwrap();
    let client = builder()
        .base_url(emulator.base_url().parse().unwrap())
        .build()
        .unwrap();
    let began_at = Instant::now();
    let task = client.generate(request()).await.unwrap();
    assert_eq!(task.status(), Some("completed"));
    // So is one that another process has created.
    let external = request().with_external_task_id("order-43".parse().unwrap());
    let created = client.submit(external).await.unwrap();
    let id = created.handle().unwrap().task_id;
    drop(created);
    let another = builder()
        .base_url(emulator.base_url().parse().unwrap())
        .build()
        .unwrap();
    another.wait(id).await.unwrap();
    let elapsed = began_at.elapsed();
    assert!(elapsed < Duration::from_secs(2), "{elapsed:?}");
}

#[tokio::test(start_paused = true)]
async fn only_this_machine_and_the_named_host_decide_how_fast_they_are_asked() {
    let usual = PollSchedule::CAP;
    for said in ["1", "200", "0"] {
        assert_eq!(first_gap(builder(), said).await, usual, "{said}");
        let https = builder().base_url("https://gateway.example.com".parse().unwrap());
        assert_eq!(first_gap(https, said).await, usual, "{said}");
        let named = builder().base_url("https://gateway.example.com".parse().unwrap());
        assert_eq!(
            first_gap(named.plain_http_to("emulator:4010"), said).await,
            usual,
            "{said}"
        );
        let gap = first_gap(here(), said).await;
        assert!(gap < Duration::from_secs(1), "{said}: {gap:?}");
        let gap = first_gap(builder().plain_http_to("emulator:4010"), said).await;
        assert!(gap < Duration::from_secs(1), "{said}: {gap:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_an_emulator_says_has_bounds_and_a_schedule_of_the_caller_stays() {
    // 50 ms are the shortest, and the first look comes at 0.572 of that.
    let shortest = first_gap(here(), "50").await;
    assert!(shortest >= Duration::from_millis(10), "{shortest:?}");
    for said in ["0", "1"] {
        assert_eq!(first_gap(here(), said).await, shortest, "{said}");
    }
    for said in ["", "-1", "0.5", "fast", "99999999999999999999999"] {
        assert_eq!(first_gap(here(), said).await, PollSchedule::CAP, "{said}");
    }
    assert_eq!(
        first_gap(here(), "18446744073709551615").await,
        PollSchedule::CAP
    );
    let fixed = here().schedule(PollSchedule::Fixed(Duration::from_secs(7)));
    assert_eq!(first_gap(fixed, "200").await, Duration::from_secs(7));
    let optimum = here().schedule(PollSchedule::optimum(Duration::from_secs(45)));
    assert_eq!(first_gap(optimum, "200").await, PollSchedule::CAP);
}
