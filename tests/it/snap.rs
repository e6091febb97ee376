//! Transcripts of whole sessions of client and emulator.

use kirin_client::Client;
use kirin_emulator::{EmulatorConfig, VideoSize};
use kirin_types::{GenerationRequest, Mode, Timestamp};

use crate::transports::{Losing, Loss, WorldTransport};

/// When the worlds of these transcripts began: the emulator's answers name their times.
const BEGAN_AT: Timestamp = Timestamp::from_milliseconds(1_800_000_000_000);

fn config() -> EmulatorConfig {
    EmulatorConfig::new()
        .port(4010)
        .video_size(VideoSize::Small)
}

fn client(transport: impl kirin_transport::Transport + 'static) -> Client {
    Client::builder("any-key".parse().unwrap())
        .base_url("http://127.0.0.1:4010".parse().unwrap())
        .transport(transport)
        .build()
        .unwrap()
}

fn request() -> GenerationRequest {
    GenerationRequest::builder("a paper boat on a rainy street")
        .mode(Mode::Pro)
        .watermark(true)
        .external_task_id("order-42")
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn session_from_create_to_file() {
    let world = WorldTransport::new(config(), BEGAN_AT);
    let client = client(world.clone());
    let task = client.generate(request()).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let paths = client
        .download(&task, directory.path().join("boat.mp4"))
        .await
        .unwrap();
    let names: Vec<_> = paths.iter().map(|path| path.file_name().unwrap()).collect();
    assert_eq!(names, ["boat.mp4", "boat-watermarked.mp4"]);
    insta::assert_snapshot!("session_from_create_to_file", world.transcript());
}

#[tokio::test(start_paused = true)]
async fn session_with_a_failed_task() {
    let world = WorldTransport::new(config().fail_with("002011095"), BEGAN_AT);
    let error = client(world.clone()).generate(request()).await.unwrap_err();
    let session = format!("{}\n\n{error}", world.transcript());
    insta::assert_snapshot!("session_with_a_failed_task", session);
}

#[tokio::test(start_paused = true)]
async fn session_with_a_lost_request() {
    let world = WorldTransport::new(config(), BEGAN_AT);
    let (transport, _) = Losing::new(world.clone(), Loss::Request);
    let error = client(transport).generate(request()).await.unwrap_err();
    let session = format!("{}\n\n{error}", world.transcript());
    insta::assert_snapshot!("session_with_a_lost_request", session);
}
