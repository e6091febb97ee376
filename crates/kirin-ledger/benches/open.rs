//! How long it takes to open a ledger of 100,000 creates, and to write one down.
//!
//! `cargo bench -p kirin-ledger`. Each figure stands beside the one that is wanted, if one is.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark is a program that measures and prints"
)]

use std::{
    error::Error,
    fs,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use kirin_client::{
    BaseUrl, Intent, Journal as _, JournalChange, JournalWrite, OperationId, machine::SendReason,
};
use kirin_ledger::{Ledger, LedgerJournal};
use kirin_types::{GenerationRequest, Timestamp};

const ENTRIES: usize = 100_000;
const OPENINGS: usize = 20;
/// How many are written at once, as a batch does it.
const AT_ONCE: usize = 250;
const ONE_BY_ONE: usize = 200;

static NUMBER: AtomicU64 = AtomicU64::new(1);

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("kirin.sqlite3");
    let base_url: BaseUrl = "http://127.0.0.1:4010".parse()?;

    let ledger = Ledger::open(&path)?;
    let journal = ledger.journal(base_url);
    let started = Instant::now();
    for first in (0..ENTRIES).step_by(AT_ONCE) {
        let writes = (first..first + AT_ONCE).map(|number| {
            let journal = journal.clone();
            tokio::spawn(async move { accept(&journal, &format!("order-{number}")).await })
        });
        for write in writes.collect::<Vec<_>>() {
            write.await?.map_err(|error| error.to_string())?;
        }
    }
    let together = started.elapsed() / u32::try_from(ENTRIES)?;

    let started = Instant::now();
    for number in 0..ONE_BY_ONE {
        let accepted = accept(&journal, &format!("single-{number}")).await;
        accepted.map_err(|error| error.to_string())?;
    }
    let alone = started.elapsed() / u32::try_from(ONE_BY_ONE)?;
    drop((journal, ledger));

    let mut openings = Vec::new();
    for _ in 0..OPENINGS {
        let started = Instant::now();
        let ledger = Ledger::open(&path)?;
        openings.push(started.elapsed());
        drop(ledger);
    }
    openings.sort();
    let bytes = fs::metadata(&path)?.len();
    println!("a create, its attempt and its task, {AT_ONCE} at once: {together:?} each");
    println!("the same one by one: {alone:?} each");
    println!("file: {} KiB", bytes / 1024);
    let (median, slowest) = (openings[OPENINGS / 2], openings[OPENINGS - 1]);
    let wanted = Duration::from_millis(200);
    println!("opening {ENTRIES} entries: {median:?}, at most {slowest:?}; wanted: {wanted:?}");
    Ok(())
}

type Accepted = Result<(), Box<dyn Error + Send + Sync>>;

async fn accept(journal: &LedgerJournal, external_task_id: &str) -> Accepted {
    let request = GenerationRequest::builder("a paper boat on a rainy street, at dusk")
        .external_task_id(external_task_id)
        .build()?;
    let key = "0123456789abcdef".parse()?;
    let at = Timestamp::from_milliseconds(1_795_608_000_000);
    let base_url = "http://127.0.0.1:4010".parse()?;
    let intent = Intent::new(request, base_url, key, Some(at))?;
    let create = intent.create_id().ok_or("it has an external task id")?;
    // One for each create, as in a client.
    let operation = OperationId::new(1, NUMBER.fetch_add(1, Ordering::Relaxed));
    let reason = SendReason::Unsent;
    for change in [
        JournalChange::Intend(Box::new(intent)),
        JournalChange::Send { attempt: 1, reason },
        JournalChange::Accept(format!("task-{external_task_id}").parse()?),
    ] {
        let write = JournalWrite::new(create.clone(), operation, change);
        journal.write(&write).await?;
    }
    journal.operation_ended(&operation);
    Ok(())
}
