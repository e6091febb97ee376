//! The one thread of a process that reads and writes the file. What waits for it is written in one
//! transaction, and so with one wait for the disk.

use std::{
    path::PathBuf,
    sync::mpsc::{self, Receiver, Sender},
    thread::JoinHandle,
};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::LedgerError;

/// What is done to the file.
struct Job {
    writes: bool,
    /// Given why, if the transaction could not begin.
    run: Run,
}

type Run = Box<dyn FnOnce(Result<&Connection, String>) -> Answer + Send>;

/// Answers whoever waits, once the transaction is durable or has failed.
type Answer = Box<dyn FnOnce(Result<(), String>) + Send>;

/// Most jobs of a transaction.
const MOST_JOBS: usize = 256;

/// The thread. It ends when this is dropped, after what waits.
#[derive(Debug)]
pub(crate) struct Writer {
    path: PathBuf,
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(connection: Connection, path: PathBuf) -> std::io::Result<Self> {
        let (jobs, waiting) = mpsc::channel();
        let work = move || work(&connection, &waiting);
        let thread = std::thread::Builder::new()
            .name("kirin-ledger".into())
            .spawn(work)?;
        Ok(Self {
            path,
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    /// Reads; what it sees may be written by this process or another.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, LedgerError> {
        self.run(false, act).await
    }

    /// Writes; durable when it returns. It is done even if nobody waits for it any more.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, LedgerError> {
        self.run(true, act).await
    }

    async fn run<T: Send + 'static>(
        &self,
        writes: bool,
        act: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let (sender, receiver) = oneshot::channel();
        let run = Box::new(move |connection: Result<&Connection, String>| {
            let done = connection.and_then(|connection| {
                in_savepoint(connection, act).map_err(|error| error.to_string())
            });
            let answer: Answer = Box::new(move |committed| {
                // Whoever asked may have lost interest.
                let _ = sender.send(committed.and(done));
            });
            answer
        });
        let description = "its thread has ended";
        let sent = self
            .jobs
            .as_ref()
            .map(|jobs| jobs.send(Job { writes, run }));
        let answered = match sent {
            Some(Ok(())) => receiver.await.unwrap_or_else(|_| Err(description.into())),
            _ => Err(description.into()),
        };
        answered.map_err(|description| LedgerError::Sqlite {
            path: self.path.clone(),
            description,
        })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // It panics at nothing, and what it wrote is durable already.
            let _ = thread.join();
        }
    }
}

fn work(connection: &Connection, waiting: &Receiver<Job>) {
    while let Ok(first) = waiting.recv() {
        let mut jobs = vec![first];
        jobs.extend(waiting.try_iter().take(MOST_JOBS - 1));
        let begin = match jobs.iter().any(|job| job.writes) {
            true => "BEGIN IMMEDIATE",
            false => "BEGIN",
        };
        let begun = connection
            .execute_batch(begin)
            .map_err(|error| error.to_string());
        let run = |job: Job| (job.run)(begun.clone().map(|()| connection));
        let answers: Vec<_> = jobs.into_iter().map(run).collect();
        let committed = begun.clone().and_then(|()| commit(connection));
        for answer in answers {
            answer(committed.clone());
        }
    }
}

fn commit(connection: &Connection) -> Result<(), String> {
    let committed = connection.execute_batch("COMMIT");
    if !connection.is_autocommit() {
        // What could not be committed must not become a part of the next transaction.
        let _ = connection.execute_batch("ROLLBACK");
    }
    committed.map_err(|error| error.to_string())
}

/// What fails in one job is undone without the others.
fn in_savepoint<T>(
    connection: &Connection,
    act: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    connection.execute_batch("SAVEPOINT job")?;
    let done = act(connection);
    match &done {
        Ok(_) => connection.execute_batch("RELEASE job")?,
        Err(_) => connection.execute_batch("ROLLBACK TO job; RELEASE job")?,
    }
    done
}
