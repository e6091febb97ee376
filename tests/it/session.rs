//! Client and emulator together, over loopback and by the golden bodies.

use std::time::Duration;

use kirin_client::{Client, ErrorKind, PollSchedule};
use kirin_emulator::{Emulator, EmulatorConfig, VideoSize};
use kirin_types::GenerationRequest;

async fn emulator() -> Emulator {
    let config = EmulatorConfig::new()
        .task_time(Duration::from_millis(50))
        .video_size(VideoSize::Small);
    Emulator::start(config).await.unwrap()
}

fn client(emulator: &Emulator) -> Client {
    Client::builder("emulator-key".parse().unwrap())
        .base_url(emulator.base_url().parse().unwrap())
        .schedule(PollSchedule::Fixed(Duration::from_millis(20)))
        .build()
        .unwrap()
}

#[tokio::test]
async fn submit_query_and_resume_work_alone() {
    let emulator = emulator().await;
    let client = client(&emulator);
    let request = GenerationRequest::builder("a fox")
        .external_task_id("order-42")
        .build()
        .unwrap();

    let created = client.submit(request).await.unwrap().handle().unwrap();
    let by_external_id = client.query(&"order-42".parse().unwrap()).await.unwrap();
    let finished = client.resume(created.clone()).await.unwrap();

    assert_eq!(by_external_id.id(), &created.task_id);
    assert_eq!(finished.status(), Some("completed"));
    assert_eq!(emulator.statistics().tasks_created, 1);
}

#[tokio::test]
async fn duplicate_id_of_an_earlier_task_is_the_callers_error() {
    let emulator = emulator().await;
    let client = client(&emulator);
    let request = GenerationRequest::builder("a fox")
        .external_task_id("order-42")
        .build()
        .unwrap();

    drop(client.submit(request.clone()).await.unwrap());
    let error = client.submit(request).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::DuplicateExternalTaskId);
    assert_eq!(emulator.statistics().tasks_created, 1);
}

#[tokio::test]
async fn unknown_task_is_not_found() {
    let emulator = emulator().await;
    let error = client(&emulator)
        .query(&"no-such-task".parse().unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn first_query_proves_the_look_up_by_external_id() {
    let emulator = emulator().await;
    let client = client(&emulator);
    assert_eq!(client.capabilities().lookup, kirin_client::Lookup::Unproven);
    let request = GenerationRequest::builder("a fox").build().unwrap();
    client.generate(request).await.unwrap();
    assert_eq!(client.capabilities().lookup, kirin_client::Lookup::Proven);
}
