//! Whether a budget costs the same however much it has counted: 100,000 creates against one budget, beside
//! 1,000 against each of a hundred, in turns. Of a `Budget`, and of a ledger's budget of a day.
//!
//! `cargo bench -p kirin-ledger --bench budget`. It prints both times and their ratio, which is to be 1.1 at most.
//! `-- 10000` makes fewer creates. A budget is measured by the processor's time, so that other programs count less;
//! the ledger waits for the disk at each create. Linux only.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark is a program that measures and prints"
)]

use std::{
    error::Error,
    time::{Duration, Instant},
};

use kirin_client::{
    BaseUrl, Budget, Intent, Journal as _, JournalChange, JournalWrite, OperationId,
};
use kirin_ledger::{Ledger, LedgerJournal};
use kirin_types::{GenerationRequest, Timestamp};
use rustix::time::{ClockId, clock_gettime};

const PARTS: usize = 100;

/// 2026-11-25, noon: all creates are of one day.
const NOON: i64 = 1_795_608_000_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let given = std::env::args().find_map(|argument| argument.parse().ok());
    let creates: usize = given.unwrap_or(100_000);
    let requests = (0..creates).map(|number| {
        let request = GenerationRequest::builder("a fox");
        request.external_task_id(format!("order-{number}")).build()
    });
    let requests = requests.collect::<Result<Vec<_>, _>>()?;
    in_memory(&requests)?;
    in_a_ledger(&requests).await
}

fn in_memory(requests: &[GenerationRequest]) -> Result<(), Box<dyn Error>> {
    // The first round warms up.
    for round in 0..6 {
        let one = Budget::new("1000000".parse()?);
        let (mut whole, mut parts) = (Duration::ZERO, Duration::ZERO);
        for (number, part) in requests.chunks(requests.len() / PARTS).enumerate() {
            let other = Budget::new("1000000".parse()?);
            // Who comes second finds the requests in the processor's cache.
            if number % 2 == 0 {
                whole += reserve(&one, part)?;
                parts += reserve(&other, part)?;
            } else {
                parts += reserve(&other, part)?;
                whole += reserve(&one, part)?;
            }
        }
        if round > 0 {
            print("a budget", requests.len(), whole, parts);
        }
    }
    Ok(())
}

fn reserve(budget: &Budget, requests: &[GenerationRequest]) -> Result<Duration, Box<dyn Error>> {
    let began_at = processor_time();
    for request in requests {
        budget.reserve(request)?.sent();
    }
    Ok(processor_time().saturating_sub(began_at))
}

async fn in_a_ledger(requests: &[GenerationRequest]) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let journal = |name: &str| -> Result<LedgerJournal, Box<dyn Error>> {
        let ledger = Ledger::open(folder.path().join(name))?;
        let journal = ledger.journal(BaseUrl::default());
        Ok(journal.budget_per_day("1000000".parse()?))
    };
    let one = journal("one.sqlite3")?;
    let (mut whole, mut parts) = (Duration::ZERO, Duration::ZERO);
    for (number, part) in requests.chunks(requests.len() / PARTS).enumerate() {
        whole += intend(&one, part).await?;
        let other = journal(&format!("part-{number}.sqlite3"))?;
        parts += intend(&other, part).await?;
    }
    print("a ledger's budget of a day", requests.len(), whole, parts);
    Ok(())
}

async fn intend(
    journal: &LedgerJournal,
    requests: &[GenerationRequest],
) -> Result<Duration, Box<dyn Error>> {
    let at = Some(Timestamp::from_milliseconds(NOON));
    let key = "0123456789abcdef".parse()?;
    let mut writes = Vec::new();
    for (number, request) in (1..).zip(requests) {
        let intent = Intent::new(request.clone(), BaseUrl::default(), Clone::clone(&key), at)?;
        let create = intent.create_id().ok_or("it has an id")?;
        let intend = JournalChange::Intend(Box::new(intent));
        writes.push(JournalWrite::new(
            create,
            OperationId::new(1, number),
            intend,
        ));
    }
    let began_at = Instant::now();
    for write in &writes {
        journal.write(write).await?;
        journal.operation_ended(&write.operation);
    }
    Ok(began_at.elapsed())
}

/// What this thread has used of its processor.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn print(what: &str, creates: usize, whole: Duration, parts: Duration) {
    println!(
        "{what}: {creates} against one in {:.3} s, against {PARTS} in {:.3} s, ratio {:.2}",
        whole.as_secs_f64(),
        parts.as_secs_f64(),
        whole.as_secs_f64() / parts.as_secs_f64()
    );
}
