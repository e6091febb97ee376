//! The one thread of a process that reads and writes the file. What waits for it is written in one
//! transaction, and so with one wait for the disk.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{self, Receiver, Sender},
    },
};

use rusqlite::Connection;
use tokio::{runtime::Handle, sync::oneshot};

use crate::{
    LedgerError,
    closing::{self, Closing},
    guard::Guard,
    process::Process,
    trouble::Trouble,
};

/// What is done to the file.
struct Job {
    kind: Kind,
    /// Given why, if it may not be done.
    run: Run,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Read,
    /// Writes down what is about to be sent: only where it will be found.
    Send,
    Write,
}

type Run = Box<dyn FnOnce(Result<&Connection, Trouble>) -> Answer + Send>;

/// Answers whoever waits, once the transaction is durable or has failed.
type Answer = Box<dyn FnOnce(Result<(), Trouble>) + Send>;

/// Most jobs of a transaction.
const MOST_JOBS: usize = 256;

/// The thread. It ends after this is dropped, when it has done what waits.
#[derive(Debug)]
pub(crate) struct Writer {
    path: PathBuf,
    jobs: Option<Sender<Job>>,
    closing: Closing,
}

impl Writer {
    pub(crate) fn start(
        connection: Connection,
        guard: Guard,
        path: PathBuf,
        process: Arc<Process>,
    ) -> std::io::Result<Self> {
        let (jobs, waiting) = mpsc::channel();
        let closing = Closing::default();
        let open = closing.open();
        let work = move || {
            Work { guard, connection }.work(&waiting);
            // What waited is written before the lock is given up, and nobody waits for it after that.
            drop(process);
            drop(open);
        };
        std::thread::Builder::new()
            .name("kirin-ledger".into())
            .spawn(work)?;
        Ok(Self {
            path,
            jobs: Some(jobs),
            closing,
        })
    }

    /// Reads; what it sees may be written by this process or another.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, LedgerError> {
        self.run(Kind::Read, act).await
    }

    /// Writes; durable when it returns. It is done even if no one waits for it any more. Where it was
    /// written to a file that is not the ledger any more, it is an error.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, LedgerError> {
        self.run(Kind::Write, act).await
    }

    /// Writes down what is about to be sent. It is counted, and it is read back from the ledger before
    /// this returns; where the ledger is not what it was, nothing is written, or it is an error.
    pub(crate) async fn send<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, LedgerError> {
        self.run(Kind::Send, act).await
    }

    /// Writes without anyone waiting for it. Where it fails, it was not needed.
    pub(crate) fn enqueue(
        &self,
        act: impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static,
    ) {
        let run = Box::new(move |connection: Result<&Connection, Trouble>| {
            let _ = connection.and_then(|connection| Ok(in_savepoint(connection, act)?));
            let answer: Answer = Box::new(|_| {});
            answer
        });
        if let Some(jobs) = &self.jobs {
            let _ = jobs.send(Job {
                kind: Kind::Write,
                run,
            });
        }
    }

    async fn run<T: Send + 'static>(
        &self,
        kind: Kind,
        act: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let (sender, receiver) = oneshot::channel();
        let run = Box::new(move |connection: Result<&Connection, Trouble>| {
            let done = connection.and_then(|connection| Ok(in_savepoint(connection, act)?));
            let answer: Answer = Box::new(move |committed| {
                // Whoever asked may have lost interest.
                let _ = sender.send(committed.and(done));
            });
            answer
        });
        let ended = || Trouble::Sqlite("its thread has ended".into());
        let sent = self.jobs.as_ref().map(|jobs| jobs.send(Job { kind, run }));
        let answered = match sent {
            Some(Ok(())) => receiver.await.unwrap_or_else(|_| Err(ended())),
            _ => Err(ended()),
        };
        answered.map_err(|trouble| trouble.into_error(&self.path))
    }
}

impl Drop for Writer {
    /// What was answered is durable already. A future must not wait here for the rest; a thread of its own may,
    /// and it may be about to end the program.
    fn drop(&mut self) {
        self.closing.begin(&self.path);
        self.jobs = None;
        if Handle::try_current().is_err() {
            closing::wait(Some(&self.path));
        }
    }
}

/// What the thread has.
struct Work {
    /// Its connection is closed before the one that writes.
    guard: Guard,
    connection: Connection,
}

impl Work {
    fn work(mut self, waiting: &Receiver<Job>) {
        // The program has not come to its first write yet.
        self.guard.get_ready();
        while let Ok(first) = waiting.recv() {
            let mut jobs = vec![first];
            jobs.extend(waiting.try_iter().take(MOST_JOBS - 1));
            self.transact(jobs);
        }
    }

    /// One transaction. Where the ledger is not what it was, what is about to be sent is not written; what
    /// has happened is, wherever it may be, and it is said.
    fn transact(&mut self, jobs: Vec<Job>) {
        let sends = jobs.iter().any(|job| job.kind == Kind::Send);
        let writes = jobs.iter().any(|job| job.kind != Kind::Read);
        let begin = match writes {
            true => "BEGIN IMMEDIATE",
            false => "BEGIN",
        };
        let begun = execute(&self.connection, begin);
        let begun = begun.map_err(|error| Trouble::sqlite(&error));
        let seen = match writes {
            true => begun.clone().and_then(|()| self.guard.before_write()),
            false => begun.clone(),
        };
        let counted = match sends {
            true => seen
                .clone()
                .and_then(|()| self.guard.count(&self.connection))
                .map(Some),
            false => Ok(None),
        };
        let run = |job: Job| {
            let connection = match (job.kind, &begun, &counted) {
                (_, Err(trouble), _) | (Kind::Send, _, Err(trouble)) => Err(trouble.clone()),
                _ => Ok(&self.connection),
            };
            (job.kind, (job.run)(connection))
        };
        let answers: Vec<_> = jobs.into_iter().map(run).collect();
        let committed = begun.and_then(|()| commit(&self.connection));
        let kept = match (writes, committed.clone().and(seen), counted) {
            (true, Ok(()), Ok(Some(counter))) => self.guard.after_send(counter),
            (true, Ok(()), _) => self.guard.after_write(),
            (_, kept, _) => kept,
        };
        for (kind, answer) in answers {
            answer(match kind {
                Kind::Read => committed.clone(),
                Kind::Send | Kind::Write => kept.clone(),
            });
        }
    }
}

fn commit(connection: &Connection) -> Result<(), Trouble> {
    let committed = execute(connection, "COMMIT");
    if !connection.is_autocommit() {
        // What could not be committed must not become a part of the next transaction.
        let _ = connection.execute_batch("ROLLBACK");
    }
    Ok(committed?)
}

/// A statement that is used again and again.
fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

/// What fails in one job is undone without the others.
fn in_savepoint<T>(
    connection: &Connection,
    act: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    execute(connection, "SAVEPOINT job")?;
    let done = act(connection);
    match &done {
        Ok(_) => execute(connection, "RELEASE job")?,
        Err(_) => connection.execute_batch("ROLLBACK TO job; RELEASE job")?,
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    /// It cannot be committed, because what it refers to is not there.
    #[test]
    fn what_could_not_be_committed_is_no_part_of_the_next_transaction() {
        let connection = Connection::open_in_memory().unwrap();
        let sql = "PRAGMA foreign_keys = ON; CREATE TABLE a (b PRIMARY KEY); \
                   CREATE TABLE c (d REFERENCES a (b) DEFERRABLE INITIALLY DEFERRED); \
                   BEGIN; INSERT INTO c VALUES (1)";
        connection.execute_batch(sql).unwrap();
        let error = commit(&connection).unwrap_err();
        assert!(matches!(error, Trouble::Sqlite(_)), "{error:?}");
        assert!(connection.is_autocommit());
        let rows = "SELECT count(*) FROM c";
        let rows: i64 = connection.query_row(rows, [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 0);
    }

    #[test]
    fn what_fails_in_one_job_is_undone_without_the_others() {
        let connection = Connection::open_in_memory().unwrap();
        let sql = "CREATE TABLE a (b UNIQUE); BEGIN";
        connection.execute_batch(sql).unwrap();
        let insert = |sql: &'static str| in_savepoint(&connection, |it| it.execute_batch(sql));
        insert("INSERT INTO a VALUES (1)").unwrap();
        insert("INSERT INTO a VALUES (2); INSERT INTO a VALUES (1)").unwrap_err();
        insert("INSERT INTO a VALUES (3)").unwrap();
        commit(&connection).unwrap();
        let rows = "SELECT group_concat(b) FROM a";
        let rows: String = connection.query_row(rows, [], |row| row.get(0)).unwrap();
        assert_eq!(rows, "1,3");
    }
}
