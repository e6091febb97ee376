//! The layout of the file, and how an older one becomes the latest.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, ErrorCode};

use crate::{LedgerError, clock};

/// Marks the file as a ledger: "KIRN" in ASCII.
const APPLICATION: i64 = 0x4b49_524e;

/// Each brings the layout of its place to the next one; they are never changed, only added to.
const MIGRATIONS: [&str; 1] = ["
    CREATE TABLE creates (
        number INTEGER PRIMARY KEY,
        base_url TEXT NOT NULL,
        external_task_id TEXT NOT NULL,
        key TEXT NOT NULL,
        model TEXT NOT NULL,
        prompt TEXT,
        price TEXT,
        intended_at INTEGER NOT NULL,
        intended_at_is_known INTEGER NOT NULL,
        -- intended, sent, accepted, open (ended, and to be gone on with), completed, ended
        -- (in another way, for good), not_created
        state TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        sent_at INTEGER,
        task_id TEXT,
        accepted_at INTEGER,
        outcome TEXT,
        ended_at INTEGER,
        cost TEXT,
        claimed_by TEXT,
        -- Where its files are wanted, if they are.
        output BLOB,
        -- Last, because it may be long and is seldom read.
        request TEXT NOT NULL,
        UNIQUE (base_url, external_task_id)
    ) STRICT;
    CREATE INDEX creates_by_task ON creates (task_id) WHERE task_id IS NOT NULL;
    CREATE INDEX creates_by_external_id ON creates (external_task_id);
    CREATE INDEX creates_by_time ON creates (intended_at);
    CREATE INDEX creates_unfinished ON creates (number)
        WHERE state IN ('intended', 'sent', 'accepted', 'open');
    CREATE TABLE files (
        number INTEGER NOT NULL REFERENCES creates (number),
        place INTEGER NOT NULL,
        path BLOB NOT NULL,
        bytes INTEGER NOT NULL,
        downloaded_at INTEGER NOT NULL,
        PRIMARY KEY (number, place)
    ) STRICT, WITHOUT ROWID;
"];

/// How long another process's write is waited for.
pub(crate) const BUSY: Duration = Duration::from_secs(30);

/// The latest layout.
pub(crate) const LATEST: i64 = MIGRATIONS.len() as i64;

/// Brings a file to the latest layout.
///
/// # Errors
///
/// It is of a newer version or no ledger at all, and then untouched; or it does not pass its check.
pub(crate) fn prepare(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    let sqlite = |error| LedgerError::sqlite(path, &error);
    let (application, found, is_empty) = identity(connection).map_err(sqlite)?;
    // A crash may have left a file in which there is nothing yet.
    let is_new = (application, found) == (0, 0) && is_empty;
    if !is_new && application != APPLICATION {
        return Err(LedgerError::NotALedger { path: path.into() });
    }
    if found > LATEST {
        return Err(LedgerError::Newer {
            path: path.into(),
            found,
            known: LATEST,
        });
    }
    enter_wal(connection).map_err(sqlite)?;
    connection
        .execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")
        .map_err(sqlite)?;
    check(connection, path)?;
    if found < LATEST {
        migrate(connection).map_err(sqlite)?;
    }
    Ok(())
}

/// Processes that make the file at the same time are in each other's way here, and SQLite gives up at
/// once where it might wait for ever: it does not know that they all want the same.
fn enter_wal(connection: &Connection) -> rusqlite::Result<()> {
    const PAUSE: Duration = Duration::from_millis(5);
    let mut waited = Duration::ZERO;
    loop {
        match connection.execute_batch("PRAGMA journal_mode = WAL") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && waited < BUSY =>
            {
                clock::pause(PAUSE);
                waited += PAUSE;
            }
            done => return done,
        }
    }
}

/// Another process may do the same at the same time: the version is asked under the lock again.
fn migrate(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let found = pragma_number(connection, "user_version")?;
    let applied = usize::try_from(found).unwrap_or(MIGRATIONS.len());
    for migration in MIGRATIONS.iter().skip(applied) {
        connection.execute_batch(migration)?;
    }
    connection.execute_batch(&format!(
        "PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {LATEST}; COMMIT"
    ))
}

/// What is damaged must not be spent by: it may have forgotten a create.
fn check(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    let found: Result<String, _> =
        connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
    let description = match found {
        Ok(found) if found == "ok" => return Ok(()),
        Ok(found) => found,
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => {
            error.to_string()
        }
        Err(error) => return Err(LedgerError::sqlite(path, &error)),
    };
    Err(LedgerError::Damaged {
        path: path.into(),
        description,
    })
}

/// What the file says it is, its layout, and whether there is nothing in it: all at one moment, because
/// another process may be making it.
fn identity(connection: &Connection) -> rusqlite::Result<(i64, i64, bool)> {
    connection.execute_batch("BEGIN")?;
    let sql = "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)";
    let read = || {
        let is_empty = connection.query_row(sql, [], |row| row.get(0))?;
        let number = |pragma| pragma_number(connection, pragma);
        Ok((number("application_id")?, number("user_version")?, is_empty))
    };
    let found = read();
    connection.execute_batch("COMMIT")?;
    found
}

fn pragma_number(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
}
