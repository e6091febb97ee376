//! The ledger: opening it, and asking it.

use std::{
    fs::{self, OpenOptions},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use kirin_client::{BaseUrl, Intent};
use kirin_types::ExternalTaskId;
use rusqlite::{Connection, OptionalExtension as _, Params, params, params_from_iter};

use crate::{
    Entry, LedgerError, LedgerJournal, clock, file_system, path, process::Process, rows, schema,
    writer::Writer,
};

/// An open ledger. A clone is the same one.
#[derive(Clone, Debug)]
pub struct Ledger(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    /// First, so that what waits is written before the lock is given up.
    writer: Writer,
    /// Jobs of the writer hold this and not the ledger: the thread must not be the last to drop it.
    process: Arc<Process>,
}

/// What became of an attempt to take an entry.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Claim {
    /// No create is known under the id.
    New,
    /// Nobody else is at the entry, and until it is released or this process ends, nobody else will be.
    Taken(Box<Entry>),
    /// Another process is at it.
    UnderWay(Box<Entry>),
}

impl Ledger {
    /// Opens a ledger, or makes one that only its owner may read; its folder must exist.
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
    /// The file cannot be read or written, is on a network file system, is damaged, is of a newer
    /// version, or is no ledger. In each case it is as it was.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, LedgerError> {
        let path = path.into();
        let file = |error| LedgerError::File {
            path: path.clone(),
            error,
        };
        create(&path).map_err(file)?;
        if file_system::is_network(&path) {
            return Err(LedgerError::NetworkFileSystem { path });
        }
        let sqlite = |error| LedgerError::sqlite(&path, &error);
        let connection = Connection::open(&path).map_err(sqlite)?;
        connection.busy_timeout(schema::BUSY).map_err(sqlite)?;
        schema::prepare(&connection, &path)?;
        let name = "SELECT lower(hex(randomblob(16)))";
        let name = connection
            .query_row(name, [], |row| row.get(0))
            .map_err(sqlite)?;
        let process = Process::start(&path, name).map_err(file)?;
        let writer = Writer::start(connection, path.clone()).map_err(file)?;
        Ok(Self(Arc::new(Shared {
            path,
            writer,
            process: Arc::new(process),
        })))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// What a client for this base URL writes to.
    pub fn journal(&self, base_url: BaseUrl) -> LedgerJournal {
        LedgerJournal::new(self.clone(), base_url)
    }

    /// Takes an entry, so that no other process goes on with it at the same time. It is free again
    /// when it is [released](Self::release), or when this process ends, however it does.
    ///
    /// # Errors
    ///
    /// The file could not be read or written.
    pub async fn claim(
        &self,
        base_url: &BaseUrl,
        id: &ExternalTaskId,
    ) -> Result<Claim, LedgerError> {
        let (base_url, id) = (base_url.to_string(), id.to_string());
        let process = Arc::clone(&self.0.process);
        let claim = move |connection: &Connection| {
            let number = number(connection, &base_url, &id)?;
            let Some(number) = number else {
                return Ok(Claim::New);
            };
            let entry = Box::new(one(connection, number)?);
            match take(connection, number, &process)? {
                false => Ok(Claim::UnderWay(entry)),
                true => Ok(Claim::Taken(entry)),
            }
        };
        self.0.writer.write(claim).await
    }

    /// Gives an entry back that was [claimed](Self::claim).
    ///
    /// # Errors
    ///
    /// The file could not be written.
    pub async fn release(&self, number: i64) -> Result<(), LedgerError> {
        let name = self.0.process.name().to_owned();
        let sql = "UPDATE creates SET claimed_by = NULL WHERE number = ?1 AND claimed_by = ?2";
        let release = move |connection: &Connection| connection.execute(sql, params![number, name]);
        self.0.writer.write(release).await?;
        Ok(())
    }

    /// What is needed to go on with an entry whose task is not known yet.
    ///
    /// # Errors
    ///
    /// There is no such entry, or its request is none that this version would send.
    pub async fn intent(&self, number: i64) -> Result<Intent, LedgerError> {
        let read = move |connection: &Connection| rows::intent(connection, number).optional();
        let intent = self.0.writer.read(read).await?;
        intent.ok_or(LedgerError::NoSuchEntry)
    }

    /// Every entry, the oldest first.
    ///
    /// # Errors
    ///
    /// The file could not be read.
    pub async fn entries(&self) -> Result<Vec<Entry>, LedgerError> {
        self.select("TRUE", None).await
    }

    /// What there is to go on with, the oldest first: sent and not known how it ended, accepted and
    /// not ended, or completed without the files that are wanted.
    ///
    /// # Errors
    ///
    /// The file could not be read.
    pub async fn unfinished(&self) -> Result<Vec<Entry>, LedgerError> {
        let which = "state IN ('sent', 'accepted', 'open') OR state = 'completed' AND output IS NOT NULL \
                     AND NOT EXISTS (SELECT 1 FROM files WHERE files.number = creates.number)";
        self.select(which, None).await
    }

    /// The entries with this id, which is the service's or the caller's; there may be one for each
    /// base URL.
    ///
    /// # Errors
    ///
    /// The file could not be read.
    pub async fn find(&self, id: &str) -> Result<Vec<Entry>, LedgerError> {
        self.select("task_id = ?1 OR external_task_id = ?1", Some(id.into()))
            .await
    }

    /// Notes where the files of a task are.
    ///
    /// # Errors
    ///
    /// The file could not be written.
    pub async fn downloaded(&self, number: i64, files: &[PathBuf]) -> Result<(), LedgerError> {
        let files: Vec<_> = files
            .iter()
            .map(|path| (path.clone(), size(path)))
            .collect();
        let note = move |connection: &Connection| {
            connection.execute("DELETE FROM files WHERE number = ?1", [number])?;
            for (place, (path, bytes)) in files.iter().enumerate() {
                let place = i64::try_from(place).unwrap_or(i64::MAX);
                let path = path::to_bytes(path);
                let sql = "INSERT INTO files VALUES (?1, ?2, ?3, ?4, ?5)";
                connection.execute(sql, params![number, place, path, bytes, clock::now()])?;
            }
            Ok(())
        };
        self.0.writer.write(note).await
    }

    async fn select(
        &self,
        which: &'static str,
        id: Option<String>,
    ) -> Result<Vec<Entry>, LedgerError> {
        let select =
            move |connection: &Connection| entries(connection, which, params_from_iter(id));
        self.0.writer.read(select).await
    }

    pub(crate) fn writer(&self) -> &Writer {
        &self.0.writer
    }

    pub(crate) fn process(&self) -> Arc<Process> {
        Arc::clone(&self.0.process)
    }
}

/// Makes the file, if it is not there, for its owner only: requests may hold what others must not see.
fn create(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn size(path: &Path) -> i64 {
    let bytes = fs::metadata(path).map_or(0, |metadata| metadata.len());
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// The number of the entry of an id.
pub(crate) fn number(
    connection: &Connection,
    base_url: &str,
    id: &str,
) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT number FROM creates WHERE base_url = ?1 AND external_task_id = ?2";
    let mut statement = connection.prepare(sql)?;
    statement
        .query_row([base_url, id], |row| row.get(0))
        .optional()
}

fn one(connection: &Connection, number: i64) -> rusqlite::Result<Entry> {
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
        "SELECT number, path FROM files \
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
            entry.files.push(path::from_bytes(row.get(1)?));
        }
    }
    Ok(entries)
}

/// Takes an entry for this process; false if another one that is alive has it.
pub(crate) fn take(
    connection: &Connection,
    number: i64,
    process: &Process,
) -> rusqlite::Result<bool> {
    let sql = "SELECT claimed_by FROM creates WHERE number = ?1";
    let holder: Option<String> = connection.query_row(sql, [number], |row| row.get(0))?;
    if holder.is_some_and(|holder| holder != process.name() && process.is_alive(&holder)) {
        return Ok(false);
    }
    let sql = "UPDATE creates SET claimed_by = ?2 WHERE number = ?1";
    connection.execute(sql, params![number, process.name()])?;
    Ok(true)
}
