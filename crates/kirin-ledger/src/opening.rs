//! Opening a ledger: finding out whether what is at the path may be believed.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rusqlite::Connection;

use crate::{
    LedgerError, closing, connection,
    guard::{self, Guard},
    identity::{Shape, Watch},
    lineage::{self, Incomplete, Known},
    location::{self, side_file},
    lock_folder::LockFolder,
    main_file::MainFile,
    mark::{Mark, MarkFile},
    process::Process,
    schema, signed_url,
    trouble::Trouble,
};

/// A ledger that may be written to.
pub(crate) struct Opened {
    pub(crate) path: PathBuf,
    pub(crate) connection: Connection,
    pub(crate) guard: Guard,
    pub(crate) process: Arc<Process>,
    pub(crate) incomplete: Option<Incomplete>,
}

/// What is beside the path of a ledger. It is looked at before the ledger is: whoever makes a ledger
/// makes this later, so where this is, the ledger has to be.
struct Beside {
    lock_folder: LockFolder,
    has_folder: bool,
    mark: Option<Mark>,
    /// What the ledger was when there was no log; `None` if there was one, or no ledger.
    without_log: Option<Shape>,
    has_log: bool,
}

/// Opens a ledger or makes it; a person may have decided to accept it as it is.
pub(crate) fn open(path: &Path, is_accepted: bool) -> Result<Opened, LedgerError> {
    let path = location::resolve(path).map_err(|error| LedgerError::file(path, error))?;
    let file = |error| LedgerError::file(&path, error);
    let sqlite = |error| LedgerError::sqlite(&path, &error);
    // The former one of this process may still hold its creates. If it takes too long, it is another one.
    closing::wait(Some(&path));
    let beside = Beside::look(&path).map_err(file)?;
    make(&path, &beside, is_accepted)?;
    location::check(&path)?;
    let watch = Watch::start([path.clone()]).map_err(file)?;
    let connection = connection::open(&path).map_err(sqlite)?;
    // Until it is known that the two belong together.
    connection::keep_log(&connection, true).map_err(sqlite)?;
    if connection.is_readonly("main").map_err(sqlite)? {
        return Err(file(io::ErrorKind::PermissionDenied.into()));
    }
    let (layout, latest) = schema::identify(&connection, &path)?;
    let main_file = believe(&path, &connection, &beside, layout, latest, is_accepted)?;
    schema::prepare(&connection, &path)?;
    watch.check().map_err(|description| LedgerError::Replaced {
        path: path.clone(),
        description,
    })?;
    let watch = guard::watch(&path).map_err(file)?;
    settle(&connection, &beside, layout).map_err(sqlite)?;
    let known = lineage::known(&connection).map_err(sqlite)?;
    connection::keep_log(&connection, false).map_err(sqlite)?;
    let process = Process::start(&beside.lock_folder, token(&connection).map_err(sqlite)?);
    let process = Arc::new(process.map_err(file)?);
    let marked = match is_accepted {
        true => accept(&connection, &beside, &main_file, known),
        false => mark(&beside, &main_file, known),
    };
    let (mark_file, incomplete) = marked.map_err(|trouble| trouble.into_error(&path))?;
    let guard = Guard::new(&path, watch, Arc::clone(&process), main_file, mark_file);
    Ok(Opened {
        guard: guard.map_err(file)?,
        path,
        connection,
        process,
        incomplete,
    })
}

/// Whether there is no ledger at a path, and nothing that one has left.
pub(crate) fn would_be_new(path: &Path) -> bool {
    // What cannot be looked at may be a ledger.
    let is_nothing = |error: io::Error| error.kind() == io::ErrorKind::NotFound;
    let path = match location::resolve(path) {
        Ok(path) => path,
        Err(error) => return is_nothing(error),
    };
    let beside = Beside::look(&path);
    beside.is_ok_and(|beside| !beside.has_folder && !beside.has_log)
        && fs::symlink_metadata(&path).is_err_and(is_nothing)
}

impl Beside {
    fn look(path: &Path) -> io::Result<Self> {
        let lock_folder = LockFolder::of(path);
        let has_folder = lock_folder.exists();
        let mark = Mark::read(&lock_folder)?;
        let shape = Shape::of(path).ok();
        let log = fs::symlink_metadata(side_file(path, "-wal"));
        let has_log = log.is_ok_and(|metadata| metadata.len() > 0);
        Ok(Self {
            lock_folder,
            has_folder,
            mark,
            without_log: shape.filter(|_| !has_log),
            has_log,
        })
    }

    /// Whether there should be something that a ledger of this layout can be compared with, and is not:
    /// it was brought here without its lock folder.
    fn knows_nothing(&self, layout: i64) -> bool {
        match layout {
            1 => !self.has_folder,
            _ => self.mark.is_none(),
        }
    }
}

/// Makes the ledger, unless there was one that is gone.
fn make(path: &Path, beside: &Beside, is_accepted: bool) -> Result<(), LedgerError> {
    let file = |error| LedgerError::file(path, error);
    let is_there = fs::symlink_metadata(path).is_ok();
    if !is_there && (beside.has_folder || beside.has_log) {
        if !is_accepted {
            return Err(LedgerError::Missing { path: path.into() });
        }
        // They belong to the one that is gone; SQLite would take them for those of the new one.
        for suffix in ["-wal", "-shm"] {
            match fs::remove_file(side_file(path, suffix)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(file(error)),
                _ => {}
            }
        }
    }
    location::create(path).map_err(file)
}

/// Compares a ledger with what is known of it beside it.
fn believe(
    path: &Path,
    connection: &Connection,
    beside: &Beside,
    layout: i64,
    latest: Option<Mark>,
    is_accepted: bool,
) -> Result<MainFile, LedgerError> {
    let mark = beside.mark.as_ref().filter(|_| !is_accepted);
    let mut main_file = match (mark, beside.without_log) {
        // Below, it is seen to know the mark; and there was no other place where it could.
        (Some(mark), Some(shape)) => MainFile::without_log(path.into(), shape, mark.counter),
        (mark, _) => MainFile::new(path.into(), mark.map_or(0, |mark| mark.in_file)),
    };
    main_file
        .check()
        .map_err(|trouble| trouble.into_error(path))?;
    let knows = match (mark, latest) {
        (Some(mark), Some(latest)) if latest.token == mark.token => latest.counter >= mark.counter,
        (Some(mark), Some(_)) => {
            lineage::knows(connection, mark).map_err(|error| LedgerError::sqlite(path, &error))?
        }
        (Some(_), None) => false,
        // A file in which there is nothing is not the one that the folder was made for.
        (None, _) => layout != 0 || !beside.has_folder,
    };
    match is_accepted || knows {
        true => Ok(main_file),
        false => Err(LedgerError::Outdated { path: path.into() }),
    }
}

/// Brings a ledger to the latest layout, and notes if it may not know all.
fn settle(connection: &Connection, beside: &Beside, layout: i64) -> rusqlite::Result<()> {
    if layout < schema::LATEST {
        schema::migrate(connection)?;
    }
    // A full disk keeps nobody from using the ledger.
    let _ = signed_url::wipe(connection);
    if layout != 0 && beside.knows_nothing(layout) {
        lineage::begin(connection, true)?;
    }
    Ok(())
}

/// Writes beside the ledger what it knows.
fn mark(
    beside: &Beside,
    main_file: &MainFile,
    known: Known,
) -> Result<(MarkFile, Option<Incomplete>), Trouble> {
    let in_file = main_file.counter();
    let mark = Mark {
        in_file,
        ..latest(known.latest)?
    };
    let mark_file = MarkFile::open(&beside.lock_folder, &mark)?;
    Ok((mark_file, known.incomplete))
}

/// Continues the ledger as it is, and writes that down in it and beside it.
fn accept(
    connection: &Connection,
    beside: &Beside,
    main_file: &MainFile,
    known: Known,
) -> Result<(MarkFile, Option<Incomplete>), Trouble> {
    // It comes after all that was known before, so that nothing takes it for one of those.
    let before = beside.mark.as_ref().map_or(0, |mark| mark.counter);
    let accepted = Mark {
        token: token(connection)?,
        counter: latest(known.latest)?.counter.max(before).saturating_add(1),
        in_file: main_file.counter(),
    };
    lineage::accept(connection, &accepted)?;
    let mut mark_file = MarkFile::open(&beside.lock_folder, &accepted)?;
    mark_file.replace(&accepted)?;
    Ok((mark_file, lineage::known(connection)?.incomplete))
}

/// The latest mark of a ledger of the latest layout, which has one from the beginning.
fn latest(mark: Option<Mark>) -> rusqlite::Result<Mark> {
    mark.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// A random word that no one else has.
fn token(connection: &Connection) -> rusqlite::Result<String> {
    let sql = "SELECT lower(hex(randomblob(16)))";
    connection.query_row(sql, [], |row| row.get(0))
}
