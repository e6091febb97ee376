//! The layout of the file, and how an older one becomes the latest.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, ErrorCode};

use crate::{LedgerError, clock, lineage, mark::Mark, signed_url};

/// Marks the file as a ledger: "KIRN" in ASCII.
const APPLICATION: i64 = 0x4b49_524e;

/// What brings a layout to the next one: SQL, and what SQL cannot say.
struct Migration {
    sql: &'static str,
    then: fn(&Connection) -> rusqlite::Result<()>,
}

impl Migration {
    const fn sql(sql: &'static str) -> Self {
        Self {
            sql,
            then: |_| Ok(()),
        }
    }

    fn apply(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection.execute_batch(self.sql)?;
        (self.then)(connection)
    }
}

/// Each brings the layout of its place to the next one; they are never changed, only added to.
const MIGRATIONS: [Migration; 9] = [
    Migration::sql("
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
"),
    Migration::sql("
    -- Who has sent creates. The rows are few, and what is written before a create is sent is one page.
    CREATE TABLE openings (
        number INTEGER PRIMARY KEY,
        -- A random one for each opening of the ledger.
        token TEXT NOT NULL,
        -- What the counter was when it sent last. The counter is the largest of these.
        counter INTEGER NOT NULL
    ) STRICT;
    INSERT INTO openings (token, counter) SELECT 'layout-1', coalesce(sum(attempts), 0) FROM creates;
    CREATE TABLE knowledge (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        -- When it was made, or accepted as it was: there may be creates before that it does not know.
        began_at INTEGER
    ) STRICT;
    INSERT INTO knowledge VALUES (1, NULL);
"),
    Migration::sql("
    -- Which operation is at it, or was, and its latest attempt.
    ALTER TABLE creates ADD COLUMN operation TEXT;
    ALTER TABLE creates ADD COLUMN latest_attempt INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE creates ADD COLUMN attempt_is_open INTEGER NOT NULL DEFAULT 0;
    -- Whether an attempt was refused that was not looked up yet.
    ALTER TABLE creates ADD COLUMN refusal_is_open INTEGER NOT NULL DEFAULT 0;
    -- How often it was sent again because its absence was proved, and because a person decided it.
    ALTER TABLE creates ADD COLUMN repetitions INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE creates ADD COLUMN sent_by_person INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE creates ADD COLUMN is_minted INTEGER NOT NULL DEFAULT 0;
    -- How far the service's clock was ahead at the intent, in milliseconds.
    ALTER TABLE creates ADD COLUMN clock_difference INTEGER;
    -- What made it unclear.
    ALTER TABLE creates ADD COLUMN doubt TEXT;
    CREATE INDEX creates_sent_by_person ON creates (sent_at) WHERE sent_by_person > 0;
    CREATE INDEX creates_accepted ON creates (base_url, key, number) WHERE task_id IS NOT NULL;
"),
    // The queries of signed URLs were kept with the ends.
    Migration {
        sql: "",
        then: signed_url::remove,
    },
    Migration::sql("
    -- What the files of an entry are, noted before they get their names. SHA-256 in hexadecimal digits.
    CREATE TABLE digests (
        number INTEGER NOT NULL REFERENCES creates (number),
        sha256 TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        PRIMARY KEY (number, sha256)
    ) STRICT, WITHOUT ROWID;
    -- What was written beside the videos, so that nothing else is ever replaced.
    CREATE TABLE side_files (
        path BLOB NOT NULL,
        sha256 TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        PRIMARY KEY (path, sha256)
    ) STRICT, WITHOUT ROWID;
"),
    Migration::sql("
    -- What the creates of a day cost, or may: always the sum of them. A day that is not here is added up.
    CREATE TABLE days (
        -- Since 1970-01-01, UTC.
        day INTEGER PRIMARY KEY,
        -- In USD, exact.
        spent TEXT NOT NULL
    ) STRICT;
    -- Has a row while a create is changed by somebody who changes the total of its day as well. Nobody else
    -- leaves a total behind.
    CREATE TABLE counting (only INTEGER PRIMARY KEY CHECK (only = 1)) STRICT;
    CREATE TRIGGER creates_inserted AFTER INSERT ON creates
        WHEN NOT EXISTS (SELECT 1 FROM counting) BEGIN DELETE FROM days; END;
    CREATE TRIGGER creates_deleted AFTER DELETE ON creates
        WHEN NOT EXISTS (SELECT 1 FROM counting) BEGIN DELETE FROM days; END;
    CREATE TRIGGER creates_updated
        AFTER UPDATE OF intended_at, state, price, cost, sent_at, sent_by_person ON creates
        WHEN NOT EXISTS (SELECT 1 FROM counting) BEGIN DELETE FROM days; END;
"),
    Migration::sql("
    -- Whether what came of the task is where it is wanted; NULL where nobody said that it is to be told.
    ALTER TABLE creates ADD COLUMN is_delivered INTEGER;
"),
    Migration::sql("
    -- Whether the creates that it does not know are some that it knew: it was accepted as it was, or came
    -- here without what stands beside it.
    ALTER TABLE knowledge ADD COLUMN has_forgotten INTEGER NOT NULL DEFAULT 0;
    UPDATE knowledge SET has_forgotten = began_at IS NOT NULL AND EXISTS (SELECT 1 FROM creates);
"),
    Migration::sql("
    -- One for each account, where it has a name. What has to be unique stands in the table, so it is made again.
    CREATE TABLE creates_of_accounts (
        number INTEGER PRIMARY KEY,
        base_url TEXT NOT NULL,
        -- Empty where it has no name.
        account TEXT NOT NULL DEFAULT '',
        external_task_id TEXT NOT NULL,
        key TEXT NOT NULL,
        model TEXT NOT NULL,
        prompt TEXT,
        price TEXT,
        intended_at INTEGER NOT NULL,
        intended_at_is_known INTEGER NOT NULL,
        state TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        sent_at INTEGER,
        task_id TEXT,
        accepted_at INTEGER,
        outcome TEXT,
        ended_at INTEGER,
        cost TEXT,
        claimed_by TEXT,
        output BLOB,
        operation TEXT,
        latest_attempt INTEGER NOT NULL DEFAULT 0,
        attempt_is_open INTEGER NOT NULL DEFAULT 0,
        refusal_is_open INTEGER NOT NULL DEFAULT 0,
        repetitions INTEGER NOT NULL DEFAULT 0,
        sent_by_person INTEGER NOT NULL DEFAULT 0,
        is_minted INTEGER NOT NULL DEFAULT 0,
        clock_difference INTEGER,
        doubt TEXT,
        is_delivered INTEGER,
        request TEXT NOT NULL,
        UNIQUE (base_url, external_task_id, account)
    ) STRICT;
    INSERT INTO creates_of_accounts (number, base_url, external_task_id, key, model, prompt, price, intended_at,
        intended_at_is_known, state, attempts, sent_at, task_id, accepted_at, outcome, ended_at, cost, claimed_by,
        output, operation, latest_attempt, attempt_is_open, refusal_is_open, repetitions, sent_by_person, is_minted,
        clock_difference, doubt, is_delivered, request)
        SELECT number, base_url, external_task_id, key, model, prompt, price, intended_at,
        intended_at_is_known, state, attempts, sent_at, task_id, accepted_at, outcome, ended_at, cost, claimed_by,
        output, operation, latest_attempt, attempt_is_open, refusal_is_open, repetitions, sent_by_person, is_minted,
        clock_difference, doubt, is_delivered, request FROM creates;
    DROP TABLE creates;
    ALTER TABLE creates_of_accounts RENAME TO creates;
    -- They went with the table.
    CREATE INDEX creates_by_task ON creates (task_id) WHERE task_id IS NOT NULL;
    CREATE INDEX creates_by_external_id ON creates (external_task_id);
    CREATE INDEX creates_by_time ON creates (intended_at);
    CREATE INDEX creates_unfinished ON creates (number)
        WHERE state IN ('intended', 'sent', 'accepted', 'open');
    CREATE INDEX creates_sent_by_person ON creates (sent_at) WHERE sent_by_person > 0;
    CREATE INDEX creates_accepted ON creates (base_url, key, number) WHERE task_id IS NOT NULL;
    CREATE TRIGGER creates_inserted AFTER INSERT ON creates
        WHEN NOT EXISTS (SELECT 1 FROM counting) BEGIN DELETE FROM days; END;
    CREATE TRIGGER creates_deleted AFTER DELETE ON creates
        WHEN NOT EXISTS (SELECT 1 FROM counting) BEGIN DELETE FROM days; END;
    CREATE TRIGGER creates_updated
        AFTER UPDATE OF intended_at, state, price, cost, sent_at, sent_by_person ON creates
        WHEN NOT EXISTS (SELECT 1 FROM counting) BEGIN DELETE FROM days; END;
"),
];

/// How long another process's write is waited for.
pub(crate) const BUSY: Duration = Duration::from_secs(30);

/// The latest layout.
pub(crate) const LATEST: i64 = MIGRATIONS.len() as i64;

/// Looks at a file that is to become one of the latest layout, and gives its layout, 0 if there is nothing
/// in it yet, and its latest mark. It is not touched.
///
/// # Errors
///
/// It is of a newer version or no ledger at all.
pub(crate) fn identify(
    connection: &Connection,
    path: &Path,
) -> Result<(i64, Option<Mark>), LedgerError> {
    let found = identity(connection).map_err(|error| LedgerError::sqlite(path, &error))?;
    // A crash may have left a file in which there is nothing yet.
    let is_new = (found.application, found.layout) == (0, 0) && found.is_empty;
    if !is_new && found.application != APPLICATION {
        return Err(LedgerError::NotALedger { path: path.into() });
    }
    match found.layout > LATEST {
        true => Err(LedgerError::Newer {
            path: path.into(),
            found: found.layout,
            known: LATEST,
        }),
        false => Ok((found.layout, found.latest)),
    }
}

/// Sets up a connection to write, and what it writes to be durable.
///
/// # Errors
///
/// The file does not pass its check.
pub(crate) fn prepare(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    let sqlite = |error| LedgerError::sqlite(path, &error);
    enter_wal(connection).map_err(sqlite)?;
    connection
        .execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")
        .map_err(sqlite)?;
    check(connection, path)
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

/// Brings a file to the latest layout. Another process may do the same at the same time: the version is
/// asked under the lock again.
pub(crate) fn migrate(connection: &Connection) -> rusqlite::Result<()> {
    // What refers to a table that is made again refers to the new one. Within a transaction it cannot be said.
    connection.execute_batch("PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE")?;
    let found = pragma_number(connection, "user_version")?;
    let applied = usize::try_from(found).unwrap_or(MIGRATIONS.len());
    for migration in MIGRATIONS.iter().skip(applied) {
        migration.apply(connection)?;
    }
    if found == 0 {
        lineage::begin(connection, false)?;
    }
    connection.execute_batch(&format!(
        "PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {LATEST}; COMMIT; \
         PRAGMA foreign_keys = ON"
    ))
}

/// What is damaged must not be spent by: it may have forgotten a create.
fn check(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    let found: Result<String, _> =
        connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
    match found {
        Ok(found) if found == "ok" => Ok(()),
        Ok(description) => Err(LedgerError::Damaged {
            path: path.into(),
            description,
        }),
        Err(error) => Err(LedgerError::sqlite(path, &error)),
    }
}

/// What a file says of itself.
struct Identity {
    application: i64,
    layout: i64,
    is_empty: bool,
    latest: Option<Mark>,
}

/// Asks for it all at one moment, because another process may be making it.
fn identity(connection: &Connection) -> rusqlite::Result<Identity> {
    connection.execute_batch("BEGIN")?;
    let sql = "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)";
    let read = || {
        let is_empty = connection.query_row(sql, [], |row| row.get(0))?;
        let application = pragma_number(connection, "application_id")?;
        let layout = pragma_number(connection, "user_version")?;
        let knows_itself =
            application == APPLICATION && (lineage::LAYOUT..=LATEST).contains(&layout);
        let latest = match knows_itself {
            // What is damaged knows nothing, and is found out when all of it is checked.
            true => {
                lineage::latest(connection).or_else(|error| match error.sqlite_error_code() {
                    Some(ErrorCode::DatabaseCorrupt) => Ok(None),
                    _ => Err(error),
                })?
            }
            false => None,
        };
        Ok(Identity {
            application,
            layout,
            is_empty,
            latest,
        })
    };
    let found = read();
    // Nothing was written; and what is damaged can be left, but not committed.
    connection.execute_batch("ROLLBACK")?;
    found
}

fn pragma_number(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
}

#[cfg(test)]
mod tests;
