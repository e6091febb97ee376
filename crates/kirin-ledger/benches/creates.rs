//! How long a create takes that is written to a ledger: 200, one after the other, against an emulator in
//! this process.
//!
//! `cargo bench -p kirin-ledger --bench creates`. It prints the median, and the tenth and ninetieth
//! percentile. To compare two versions, build both and run them in turns.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark is a program that measures and prints"
)]

use std::{error::Error, sync::Arc, time::Instant};

use kirin_client::{BaseUrl, Client};
use kirin_emulator::{Emulator, EmulatorConfig};
use kirin_ledger::Ledger;
use kirin_types::GenerationRequest;

const CREATES: usize = 200;

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let emulator = Emulator::start(EmulatorConfig::default()).await?;
    let base_url: BaseUrl = emulator.base_url().parse()?;
    let ledger = Ledger::open(folder.path().join("kirin.sqlite3"))?;
    let client = Client::builder("any-key".parse()?)
        .base_url(base_url.clone())
        .journal(Arc::new(ledger.journal(base_url)))
        .requests_per_second(None)
        .build()?;
    let mut times = Vec::new();
    for _ in 0..CREATES {
        let request = GenerationRequest::builder("a fox").build()?;
        let began_at = Instant::now();
        drop(client.submit(request).await?);
        times.push(began_at.elapsed());
    }
    times.sort();
    let percentile = |part: usize| times[CREATES * part / 100].as_secs_f64() * 1000.0;
    println!(
        "a create with a ledger: median {:.3} ms, from {:.3} to {:.3} ms",
        percentile(50),
        percentile(10),
        percentile(90)
    );
    emulator.shutdown().await;
    Ok(())
}
