//! Serves an emulator whose tasks end after a tenth of a second and that takes the one key it is
//! given, prints its base URL, and stops when its standard input ends: for programs that start one
//! and must not leave it behind.

#![expect(clippy::print_stdout, reason = "whoever starts it reads the URL")]

use std::{env, io, time::Duration};

use kirin_emulator::{Emulator, EmulatorConfig, VideoSize};

#[tokio::main]
async fn main() -> io::Result<()> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a program reads its own arguments"
    )]
    let key = env::args().nth(1).unwrap_or_else(|| "any".into());
    let config = EmulatorConfig::new()
        .keys([key])
        .task_time(Duration::from_millis(100))
        .video_size(VideoSize::Small);
    let emulator = Emulator::start(config).await?;
    println!("{}", emulator.base_url());
    let ended = tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink()));
    ended.await.map_err(io::Error::other)??;
    emulator.shutdown().await;
    Ok(())
}
