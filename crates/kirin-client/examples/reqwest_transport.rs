//! reqwest under the client, with whatever its builder was told.
//!
//! It is held against the contract, and then generates a video with the emulator, which costs
//! nothing.
//!
//! ```text
//! cargo run --package kirin-client --example reqwest_transport
//! ```
#![expect(
    clippy::print_stdout,
    reason = "an example talks to the person who runs it"
)]

use std::{error::Error, time::Duration};

use kirin_client::Client;
use kirin_emulator::{Emulator, EmulatorConfig, VideoSize};
use kirin_transport::{
    conformance::{self, Peer},
    reqwest::ReqwestTransport,
};
use kirin_types::GenerationRequest;

#[tokio::main]
pub(crate) async fn main() -> Result<(), Box<dyn Error>> {
    let transport = ReqwestTransport::new(|| {
        reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(3))
            .read_timeout(Duration::from_secs(30))
    })?;
    let report = conformance::check(&transport, &Peer::http1()).await;
    println!("{report}");
    if !report.is_conforming() {
        return Err("the transport breaks the contract".into());
    }

    let config = EmulatorConfig::new()
        .task_time(Duration::from_millis(100))
        .video_size(VideoSize::Small);
    let emulator = Emulator::start(config).await?;
    let client = Client::builder("any-key".parse()?)
        .base_url(emulator.base_url().parse()?)
        .transport(transport)
        .build()?;
    let request = GenerationRequest::builder("a paper boat on a rainy street").build()?;
    let task = client.generate(request).await?;
    println!(
        "task {} is {}",
        task.id(),
        task.status().unwrap_or("unknown")
    );
    Ok(())
}
