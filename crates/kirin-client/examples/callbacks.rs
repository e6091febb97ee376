//! Waits for a callback instead of asking again and again.
//!
//! The service is the emulator, which costs nothing. Without callbacks the task would be queried
//! after 45 s, the model's typical time, for the first time.
//!
//! ```text
//! cargo run --package kirin-client --example callbacks --features callbacks
//! ```
#![expect(
    clippy::print_stdout,
    reason = "an example talks to the person who runs it"
)]

use std::{error::Error, time::Duration};

use kirin_client::{CallbackReceiver, Client};
use kirin_emulator::{Emulator, EmulatorConfig, VideoSize};
use kirin_types::GenerationRequest;

#[tokio::main]
pub(crate) async fn main() -> Result<(), Box<dyn Error>> {
    let config = EmulatorConfig::new()
        .task_time(Duration::from_millis(500))
        .video_size(VideoSize::Small);
    let emulator = Emulator::start(config).await?;
    let client = Client::builder("any-key".parse()?)
        .base_url(emulator.base_url().parse()?)
        .expects_callbacks()
        .build()?;

    let receiver = CallbackReceiver::builder(&client)
        .bind("127.0.0.1:0".parse()?)
        .await?;
    // In earnest, where the service reaches it: "https://hooks.example.com".
    let callback_url = receiver.url(&format!("http://{}", receiver.address()));
    let request = GenerationRequest::builder("a paper boat on a rainy street").build()?;
    let mut generation = client.generate(request).callback_url(callback_url)?.start();
    let handle = generation.accepted().await?;
    println!("accepted as {}", handle.task_id);

    // A callback is not believed: it lets the client ask the service.
    let task = generation.await?;
    println!("task {} is {:?}", task.id(), task.status());
    println!("{:?}", receiver.counts());
    Ok(())
}
