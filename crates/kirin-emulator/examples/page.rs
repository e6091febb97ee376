//! Serves an emulator whose page is worth a look, prints its base URL, and stops when its standard
//! input ends: tasks take three seconds, any key will do, there is some play money, a second create
//! with the same external task id is charged, and the task with the external id `fails` fails.

#![expect(clippy::print_stdout, reason = "whoever starts it reads the URL")]

use std::io;

use kirin_emulator::{Duplicates, Emulator, EmulatorConfig, Lifecycle, VideoSize, Which};

#[tokio::main]
async fn main() -> io::Result<()> {
    let config = EmulatorConfig::new()
        .balance("20".parse().map_err(io::Error::other)?)
        .lifecycle_of(
            Which::ExternalTaskId("fails".into()),
            Lifecycle::default().fail_at(50, "002011095"),
        )
        .duplicates(Duplicates::Accept)
        .video_size(VideoSize::Small);
    let emulator = Emulator::start(config).await?;
    println!("{}", emulator.base_url());
    let ended = tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink()));
    ended.await.map_err(io::Error::other)??;
    emulator.shutdown().await;
    Ok(())
}
