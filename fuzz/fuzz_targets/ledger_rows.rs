//! A ledger whose rows were changed behind its back: it opens and answers, or says what is wrong.
#![no_main]

use std::{
    fs,
    path::Path,
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use kirin_client::{
    BaseUrl, Intent, Journal as _, JournalChange, JournalWrite, OperationId,
    machine::{Cause, Outcome, SendReason, Withheld},
};
use kirin_ledger::Ledger;
use kirin_types::{GenerationRequest, Task, Timestamp};
use libfuzzer_sys::fuzz_target;
use rusqlite::{Connection, types::Value};
use tempfile::TempDir;

/// Nothing of it has to survive, and nothing of it waits for a disk.
const FOLDER: &str = "/dev/shm";

/// A time at which everything happened, in milliseconds.
const NOW: i64 = 1_795_608_000_000;

/// What is overwritten, and in which rows.
const CELLS: [&str; 37] = [
    "creates.base_url",
    "creates.account",
    "creates.external_task_id",
    "creates.key",
    "creates.model",
    "creates.prompt",
    "creates.price",
    "creates.intended_at",
    "creates.intended_at_is_known",
    "creates.state",
    "creates.attempts",
    "creates.sent_at",
    "creates.task_id",
    "creates.accepted_at",
    "creates.outcome",
    "creates.ended_at",
    "creates.cost",
    "creates.claimed_by",
    "creates.output",
    "creates.request",
    "creates.operation",
    "creates.latest_attempt",
    "creates.attempt_is_open",
    "creates.refusal_is_open",
    "creates.repetitions",
    "creates.sent_by_person",
    "creates.is_minted",
    "creates.clock_difference",
    "creates.doubt",
    "creates.is_delivered",
    "files.bytes",
    "files.downloaded_at",
    "files.path",
    "openings.counter",
    "knowledge.began_at",
    "knowledge.has_forgotten",
    "days.spent",
];

/// Columns of whole numbers.
const NUMBERS: [&str; 20] = [
    "is_delivered",
    "has_forgotten",
    "intended_at",
    "intended_at_is_known",
    "attempts",
    "sent_at",
    "accepted_at",
    "ended_at",
    "latest_attempt",
    "attempt_is_open",
    "refusal_is_open",
    "repetitions",
    "sent_by_person",
    "is_minted",
    "clock_difference",
    "bytes",
    "downloaded_at",
    "counter",
    "began_at",
    "number",
];

fn intent(id: &str) -> Intent {
    let request = GenerationRequest::builder("a fox").external_task_id(id);
    let request = request.build().expect("a legal request");
    let key = "0123456789abcdef".parse().expect("a fingerprint");
    let at = Timestamp::from_milliseconds(NOW);
    Intent::new(request, BaseUrl::default(), key, Some(at)).expect("it has an id")
}

async fn write(ledger: &Ledger, intent: &Intent, number: u64, change: JournalChange) {
    let create = intent.create_id().expect("it has an id");
    let write = JournalWrite::new(create, OperationId::new(1, number), change);
    let limit = "1000000".parse().expect("an amount");
    let journal = ledger.journal(BaseUrl::default()).budget_per_day(limit);
    if let Err(error) = journal.write(&write).await {
        assert!(!error.to_string().is_empty());
    }
}

/// The bytes of a small ledger: completed, not created, accepted, sent, intended.
fn template() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let folder = TempDir::new_in(FOLDER).expect("a folder");
        let path = folder.path().join("kirin.sqlite3");
        let ledger = Ledger::open(&path).expect("a ledger");
        block_on(async {
            for number in 1..=5 {
                let intent = intent(&format!("order-{number}"));
                write(&ledger, &intent, number, JournalChange::Intend(Box::new(intent.clone()))).await;
                if number < 5 {
                    let reason = SendReason::Unsent;
                    write(&ledger, &intent, number, JournalChange::Send { attempt: 1, reason }).await;
                }
                if number == 1 || number == 3 {
                    let id = format!("task-{number}").parse().expect("an id");
                    write(&ledger, &intent, number, JournalChange::Accept(id)).await;
                }
                let outcome = match number {
                    1 => Outcome::Completed(completed()),
                    2 => Outcome::NotCreated { cause: Cause::Withheld(Withheld::Deadline) },
                    _ => continue,
                };
                write(&ledger, &intent, number, JournalChange::End(Box::new(outcome))).await;
            }
        });
        drop(ledger);
        let connection = Connection::open(&path).expect("the file");
        let sql = "INSERT INTO files (number, place, path, bytes, downloaded_at) VALUES (1, 0, x'612e6d7034', 5, 5);
                   PRAGMA wal_checkpoint(TRUNCATE)";
        connection.execute_batch(sql).expect("a file of the first entry");
        drop(connection);
        fs::read(&path).expect("the file")
    })
}

fn completed() -> Task {
    let json = r#"{"id":"task-1","status":"completed","usage":{"cost":"0.42"},"output":[{"content":[{"url":"https://cdn.example.com/a.mp4"}]}]}"#;
    Task::from_json(json.as_bytes()).expect("a task")
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(future)
}

/// One cell a line: which one, in which row, and what is written to it.
fn overwrite(path: &Path, data: &[u8]) {
    let connection = Connection::open(path).expect("the file");
    connection
        .execute_batch(
            "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF",
        )
        .expect("a setting");
    for line in data.split(|byte| *byte == b'\n').take(16) {
        let [cell, row, value @ ..] = line else {
            continue;
        };
        let cell = CELLS[usize::from(*cell) % CELLS.len()];
        let (table, column) = cell.split_once('.').expect("a table and a column");
        let key = match table {
            "knowledge" => "only",
            // All of them are one row.
            "days" => "1",
            _ => "number",
        };
        let text = str::from_utf8(value).ok();
        let (value, place) = match column {
            _ if value.is_empty() => (Value::Null, "?1"),
            "output" | "path" => (Value::Blob(value.to_vec()), "?1"),
            _ if NUMBERS.contains(&column) => {
                let raw = |value: &[u8]| {
                    value
                        .iter()
                        .take(8)
                        .fold(0_i64, |sum, byte| sum << 8 | i64::from(*byte))
                };
                let number = text.and_then(|text| text.parse().ok());
                (Value::Integer(number.unwrap_or_else(|| raw(value))), "?1")
            }
            // A text in a file need not be UTF-8.
            _ => (Value::Blob(value.to_vec()), "CAST(?1 AS TEXT)"),
        };
        let sql = format!("UPDATE {table} SET {column} = {place} WHERE {key} = ?2");
        // What the table does not allow is not in any file.
        let _ = connection.execute(&sql, (value, 1 + i64::from(*row) % 5));
    }
}

async fn ask(ledger: &Ledger, number: i64) {
    assert!(ledger.path().exists());
    let _ = ledger.looks_up_first();
    let found = [
        ledger.entries().await,
        ledger.unfinished().await,
        ledger.find("task-1").await,
        ledger.find("order-3").await,
    ];
    for found in found {
        match found {
            Ok(entries) => {
                for entry in entries {
                    let _ = (entry.money(), entry.amount(), entry.handle());
                    let _ = (
                        entry.completed(),
                        entry.task_with_output(),
                        format!("{entry:?}"),
                    );
                }
            }
            Err(error) => assert!(!format!("{error} {error:?}").is_empty()),
        }
    }
    let journal = ledger.journal(BaseUrl::default());
    let known = ledger.intent(number).await;
    let intent = known.unwrap_or_else(|_| intent(&format!("order-{number}")));
    if let Some(create) = intent.create_id() {
        let _ = format!("{:?}", journal.recall(&create).await);
    }
    for change in [
        JournalChange::TakeOver(Box::new(intent.clone())),
        JournalChange::Intend(Box::new(intent.clone())),
        JournalChange::Send {
            attempt: 1,
            reason: SendReason::Unsent,
        },
        JournalChange::Send {
            attempt: 1,
            reason: SendReason::Person,
        },
    ] {
        write(ledger, &intent, 10, change).await;
    }
}

// The first byte chooses the entry to resume, the rest overwrites cells.
fuzz_target!(|data: &[u8]| {
    let Some((entry, data)) = data.split_first() else {
        return;
    };
    let folder = TempDir::new_in(FOLDER).expect("a folder");
    let path = folder.path().join("kirin.sqlite3");
    fs::write(&path, template()).expect("a copy");
    overwrite(&path, data);
    let before = threads();
    match Ledger::open(&path) {
        Ok(ledger) => block_on(ask(&ledger, 1 + i64::from(*entry) % 6)),
        Err(error) => assert!(!format!("{error} {error:?}").is_empty()),
    }
    // What a thread holds while it ends would be taken for a leak.
    let began_at = Instant::now();
    while threads() > before {
        assert!(
            began_at.elapsed() < Duration::from_secs(30),
            "a thread is left"
        );
        thread::sleep(Duration::from_millis(1));
    }
});

fn threads() -> usize {
    fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}
