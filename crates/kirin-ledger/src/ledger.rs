//! The ledger: opening it, and asking it.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use kirin_client::{Intent, JournalEntry};
use rusqlite::{Connection, OptionalExtension as _, Params, params_from_iter};
use tokio::sync::oneshot;

use crate::{
    DownloadedFile, Entry, LedgerError, backup, clock, closing, lineage::Incomplete, opening, path,
    process::Process, read_only, rows, writer::Writer,
};

/// An open ledger. A clone is the same one.
///
/// Where the last one is dropped, and with it every journal, a thread writes what is left, which no one was told
/// of, and closes the file; what was answered is on the disk already. Inside a tokio runtime no one waits for that,
/// elsewhere the one who drops it does. The next one at the same path waits for it, and so does
/// [`wait_until_closed`](Self::wait_until_closed), for the end of a program.
#[derive(Clone, Debug)]
pub struct Ledger(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    writer: Writer,
    /// Jobs of the writer hold this and not the ledger, which would never be closed.
    process: Arc<Process>,
    incomplete: Option<Incomplete>,
}

impl Ledger {
    /// Opens a ledger, or makes one that only its owner may read; its folder must exist.
    ///
    /// Whatever it is called by, a symbolic link or another spelling, it is the same ledger, and
    /// [`path`](Self::path) says where it is. No name is taken for an SQLite URI.
    ///
    /// ```
    /// use kirin_ledger::Ledger;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let ledger = Ledger::open(folder.path().join("kirin.sqlite3"))?;
    /// assert!(ledger.path().exists());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The file cannot be read or written, is on a network file system, has a second name or is mounted
    /// by itself, is damaged, is of a newer version, or is no ledger; or it is gone, or knows less than
    /// what is written beside it. In each case it is as it was.
    ///
    /// It blocks, because it reads the whole file: in async code use
    /// [`open_on_thread`](Self::open_on_thread).
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, LedgerError> {
        Self::start(&path.into(), false)
    }

    /// As [`open`](Self::open), on a thread of its own, for async code: to open a ledger of 100,000 entries
    /// takes about a tenth of a second, and longer where another process writes.
    ///
    /// ```
    /// use kirin_ledger::Ledger;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let folder = tempfile::tempdir()?;
    /// let ledger = Ledger::open_on_thread(folder.path().join("kirin.sqlite3")).await?;
    /// assert!(ledger.path().exists());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As of [`open`](Self::open).
    pub async fn open_on_thread(path: impl Into<PathBuf>) -> Result<Self, LedgerError> {
        let path = path.into();
        let (answer, answered) = oneshot::channel();
        let at = path.clone();
        let open = move || {
            // Whoever asked may have lost interest.
            let _ = answer.send(Self::open(at));
        };
        std::thread::Builder::new()
            .name("kirin-ledger-open".into())
            .spawn(open)
            .map_err(|error| LedgerError::file(&path, error))?;
        let ended = |_| {
            Err(LedgerError::file(
                &path,
                io::Error::other("its thread has ended"),
            ))
        };
        answered.await.unwrap_or_else(ended)
    }

    /// Waits until every ledger that this process has dropped is closed: for the end of a program, and before
    /// a file is copied or moved. It blocks, for 30 s at most; `false` if that was not enough. A program that
    /// ends without it loses nothing that was answered, and leaves the log beside the ledger to the next one.
    ///
    /// ```
    /// use kirin_ledger::Ledger;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let ledger = Ledger::open(folder.path().join("kirin.sqlite3"))?;
    /// drop(ledger);
    /// assert!(Ledger::wait_until_closed());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait_until_closed() -> bool {
        closing::wait(None)
    }

    /// Opens a ledger that was refused because it is gone, or knows less than what is written beside
    /// it ([`Missing`](LedgerError::Missing), [`Outdated`](LedgerError::Outdated)): a person has decided
    /// to continue what there is. Creates that only the lost one knew may be paid and unknown, so for
    /// 7 days the ledger [looks up first](Self::looks_up_first). Every process that has the lost one
    /// open sends nothing any more.
    ///
    /// ```
    /// use kirin_ledger::{Ledger, LedgerError};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("kirin.sqlite3");
    /// drop(Ledger::open(&path)?);
    /// std::fs::remove_file(&path)?;
    /// assert!(matches!(Ledger::open(&path), Err(LedgerError::Missing { .. })));
    /// let ledger = Ledger::accept(&path)?;
    /// assert!(ledger.looks_up_first());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As of [`open`](Self::open), but for these two.
    pub fn accept(path: impl Into<PathBuf>) -> Result<Self, LedgerError> {
        Self::start(&path.into(), true)
    }

    /// Whether [`open`](Self::open) would make a new ledger at this path: there is none, and there was
    /// none.
    ///
    /// ```
    /// use kirin_ledger::Ledger;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("kirin.sqlite3");
    /// assert!(Ledger::would_be_new(&path));
    /// drop(Ledger::open(&path)?);
    /// assert!(!Ledger::would_be_new(&path));
    /// std::fs::remove_file(&path)?;
    /// assert!(!Ledger::would_be_new(&path));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn would_be_new(path: impl AsRef<Path>) -> bool {
        opening::would_be_new(path.as_ref())
    }

    /// Opens a copy of a ledger that can be read and not written to, as on a disk that is mounted to be read.
    /// The copy is made in `folder`, with the log that is beside the ledger; make a new folder for it that
    /// only you may read, and remove it when you are done. Nothing that is written to the copy reaches the ledger.
    ///
    /// ```
    /// use kirin_ledger::Ledger;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let ledger = Ledger::open(folder.path().join("kirin.sqlite3"))?;
    /// let private = tempfile::tempdir()?;
    /// let copy = Ledger::open_copy(ledger.path(), private.path())?;
    /// assert_ne!(copy.path(), ledger.path());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The ledger cannot be read, the copy cannot be written, or it is refused as by [`open`](Self::open).
    pub fn open_copy(
        path: impl AsRef<Path>,
        folder: impl AsRef<Path>,
    ) -> Result<Self, LedgerError> {
        Self::open(read_only::copy(path.as_ref(), folder.as_ref())?)
    }

    /// Writes a whole copy of the ledger to a file that is not there yet, for its owner only, and waits until
    /// it is on the disk. It has what is in the log too, which a copy of the file alone has not; others may
    /// write meanwhile. A ledger that was restored from it is one that
    /// [may not know all](Self::looks_up_first).
    ///
    /// ```
    /// use kirin_ledger::Ledger;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let ledger = Ledger::open(folder.path().join("kirin.sqlite3"))?;
    /// let backup = folder.path().join("backup");
    /// ledger.backup(&backup)?;
    /// assert!(Ledger::open(&backup)?.looks_up_first());
    /// assert!(ledger.backup(&backup).is_err(), "no file is replaced");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// There is a file already, or it cannot be written, or the ledger cannot be read. Then there is no copy.
    pub fn backup(&self, to: impl AsRef<Path>) -> Result<(), LedgerError> {
        backup::copy(self.path(), to.as_ref())
    }

    fn start(path: &Path, is_accepted: bool) -> Result<Self, LedgerError> {
        let opened = opening::open(path, is_accepted)?;
        let (path, process) = (opened.path, Arc::clone(&opened.process));
        let writer = Writer::start(opened.connection, opened.guard, path.clone(), process);
        let writer = writer.map_err(|error| LedgerError::file(&path, error))?;
        Ok(Self(Arc::new(Shared {
            path,
            writer,
            process: opened.process,
            incomplete: opened.incomplete,
        })))
    }

    /// Whether there may be creates that it does not know: it was made new or accepted within 7 days,
    /// or came here without its lock folder. The first attempt for an id that someone chose, or that
    /// follows from a line of a batch, then has to follow a lookup of that id.
    pub fn looks_up_first(&self) -> bool {
        self.incomplete().is_some()
    }

    /// Whether those that it does not know may be some that it knew: then no one knows how often they were
    /// repeated.
    pub(crate) fn has_forgotten(&self) -> bool {
        self.incomplete().is_some_and(|it| it.has_forgotten)
    }

    fn incomplete(&self) -> Option<Incomplete> {
        self.0.incomplete.filter(|it| it.is_recent(clock::now()))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// What is needed to continue an entry whose task is not known yet.
    ///
    /// # Errors
    ///
    /// There is no such entry, or its request is none that this version would send.
    pub async fn intent(&self, number: i64) -> Result<Intent, LedgerError> {
        Ok(self.journal_entry(number).await?.intent)
    }

    /// An entry as its journal knows it: what `Client::resume_entry` continues, whatever its state.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client, ledger: kirin_ledger::Ledger) -> Result<(), Box<dyn std::error::Error>> {
    /// for entry in ledger.unfinished().await? {
    ///     let task = client.resume_entry(ledger.journal_entry(entry.number).await?).await?;
    ///     client.download(&task, format!("{}.mp4", entry.external_task_id)).await?;
    ///     client.delivered(&entry.external_task_id).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As of [`intent`](Self::intent).
    pub async fn journal_entry(&self, number: i64) -> Result<JournalEntry, LedgerError> {
        let read = move |connection: &Connection| rows::journal_entry(connection, number);
        let entry = self
            .0
            .writer
            .read(move |connection| read(connection).optional())
            .await?;
        entry.ok_or(LedgerError::NoSuchEntry)
    }

    /// Every entry, the oldest first.
    ///
    /// # Errors
    ///
    /// The file could not be read.
    pub async fn entries(&self) -> Result<Vec<Entry>, LedgerError> {
        self.select("TRUE", None).await
    }

    /// What there is to continue, the oldest first: sent and not known how it ended, accepted and
    /// not ended, refused and still to be looked up, or completed without the files that are wanted, or
    /// without what [`until_delivered`](crate::LedgerJournal::until_delivered) waits for. Of these, and of no others, the
    /// [`journal_entry`](Self::journal_entry) is unfinished.
    ///
    /// # Errors
    ///
    /// The file could not be read.
    pub async fn unfinished(&self) -> Result<Vec<Entry>, LedgerError> {
        let which = format!(
            "state IN ('sent', 'accepted', 'open') \
             OR state IN ('intended', 'not_created') AND refusal_is_open \
             OR state = 'completed' AND {}",
            rows::IS_WANTED
        );
        self.select(which, None).await
    }

    /// The entries with this id, which is the service's or the caller's; there may be one for each
    /// base URL and account.
    ///
    /// # Errors
    ///
    /// The file could not be read.
    pub async fn find(&self, id: &str) -> Result<Vec<Entry>, LedgerError> {
        self.select("task_id = ?1 OR external_task_id = ?1", Some(id.into()))
            .await
    }

    async fn select(
        &self,
        which: impl Into<String>,
        id: Option<String>,
    ) -> Result<Vec<Entry>, LedgerError> {
        let which = which.into();
        let select =
            move |connection: &Connection| entries(connection, &which, params_from_iter(id));
        self.0.writer.read(select).await
    }

    pub(crate) fn writer(&self) -> &Writer {
        &self.0.writer
    }

    pub(crate) fn process(&self) -> Arc<Process> {
        Arc::clone(&self.0.process)
    }
}

/// The number of the entry that a create without an account has: its own, or one of an account.
pub(crate) fn number(
    connection: &Connection,
    base_url: &str,
    id: &str,
) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT number FROM creates WHERE base_url = ?1 AND external_task_id = ?2 \
               ORDER BY state = 'not_created' OR state = 'intended' AND NOT refusal_is_open, \
               number DESC LIMIT 1";
    let mut statement = connection.prepare(sql)?;
    statement
        .query_row([base_url, id], |row| row.get(0))
        .optional()
}

pub(crate) fn one(connection: &Connection, number: i64) -> rusqlite::Result<Entry> {
    let mut found = entries(connection, "number = ?1", [number])?;
    found.pop().ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// The entries of which this holds, with their files, the oldest first.
fn entries(
    connection: &Connection,
    which: &str,
    parameters: impl Params + Clone,
) -> rusqlite::Result<Vec<Entry>> {
    let columns = rows::ENTRY;
    let sql = format!("SELECT {columns} FROM creates WHERE {which} ORDER BY number");
    let mut statement = connection.prepare(&sql)?;
    let entries = statement.query_map(parameters.clone(), rows::entry)?;
    let mut entries: Vec<_> = entries.collect::<rusqlite::Result<_>>()?;
    let sql = format!(
        "SELECT number, path, bytes FROM files \
         WHERE number IN (SELECT number FROM creates WHERE {which}) ORDER BY number, place"
    );
    let mut statement = connection.prepare(&sql)?;
    let mut files = statement.query(parameters)?;
    // Both come in the order of the numbers.
    let mut rest = entries.iter_mut();
    let mut entry = rest.next();
    while let Some(row) = files.next()? {
        let number: i64 = row.get(0)?;
        while let Some(earlier) = &entry
            && earlier.number < number
        {
            entry = rest.next();
        }
        if let Some(entry) = &mut entry {
            entry.files.push(DownloadedFile {
                path: path::from_bytes(row.get(1)?),
                bytes: rows::length(row, 2)?,
            });
        }
    }
    Ok(entries)
}
