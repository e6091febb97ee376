//! Client and emulator together, over loopback and by the golden bodies.

use std::time::Duration;

use kirin_client::{Client, ErrorKind, PollSchedule};
use kirin_emulator::{Emulator, EmulatorConfig, VideoSize};
use kirin_types::{ExternalTaskId, GenerationRequest, Image, TaskId};

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
    let by_external_id = client.query("order-42".parse::<ExternalTaskId>().unwrap());
    let by_external_id = by_external_id.await.unwrap();
    let finished = client.resume(created.clone()).await.unwrap();

    assert_eq!(by_external_id.id(), &created.task_id);
    assert_eq!(finished.status(), Some("completed"));
    assert_eq!(emulator.statistics().tasks_created, 1);
}

fn request(prompt: &str) -> GenerationRequest {
    let request = GenerationRequest::builder(prompt).external_task_id("order-42");
    request.build().unwrap()
}

/// The client that created it resumes it, and one that does not know it is refused, looks it up
/// and adopts it: something on the way may have sent its create twice.
#[tokio::test]
async fn duplicate_id_of_the_same_request_is_the_same_task() {
    let emulator = emulator().await;
    let creator = client(&emulator);
    let waiting = creator.submit(request("a fox")).await.unwrap();
    let created = waiting.handle().unwrap();
    let twice = creator.submit(request("a fox")).await.unwrap_err();
    assert_eq!(twice.kind(), ErrorKind::UnderWay);
    drop(waiting);

    let again = creator.submit(request("a fox")).await.unwrap();
    assert_eq!(again.handle().unwrap().task_id, created.task_id);
    assert_eq!(emulator.statistics().creates_received, 1);

    let stranger = client(&emulator);
    let adopted = stranger.submit(request("a fox")).await.unwrap();
    assert_eq!(adopted.handle().unwrap().task_id, created.task_id);
    assert_eq!(emulator.statistics().creates_received, 2);
    assert_eq!(emulator.statistics().tasks_created, 1);
}

#[tokio::test]
async fn duplicate_id_of_another_model_is_the_callers_error() {
    let emulator = emulator().await;
    let picture = Image::from_url("https://example.com/fox.png").unwrap();
    let image = GenerationRequest::for_model("kirin_v2_5_turbo_i2v")
        .image(picture)
        .parameter("prompt", "a fox")
        .external_task_id("order-42")
        .build()
        .unwrap();
    drop(client(&emulator).submit(image).await.unwrap());

    let error = client(&emulator)
        .submit(request("a fox"))
        .await
        .unwrap_err();

    assert_eq!(error.kind(), ErrorKind::DuplicateExternalTaskId);
    assert_eq!(emulator.statistics().tasks_created, 1);
}

#[tokio::test]
async fn an_id_of_another_request_is_not_sent() {
    let emulator = emulator().await;
    let client = client(&emulator);
    drop(client.submit(request("a fox")).await.unwrap());
    let error = client.submit(request("a hare")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OtherRequest);
    assert_eq!(emulator.statistics().creates_received, 1);
}

#[tokio::test]
async fn unknown_task_is_not_found() {
    let emulator = emulator().await;
    let error = client(&emulator)
        .query("no-such-task".parse::<TaskId>().unwrap())
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
