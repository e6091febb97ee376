//! Whether what this process has open is the ledger, still. A create that is written down where no one
//! will look is a create without a journal.
//!
//! Before each write, and after it, the files are looked at with `stat`: they have to be the ones that
//! were opened. Before a create is sent, it is counted in the ledger; then the count is written beside
//! the ledger and read back through a second connection that was opened by the path. The order keeps the
//! two in step without a second wait for the disk: what is beside the ledger is written after the ledger
//! is durable, and read before the ledger is. So it never knows of more, unless something was lost.
//!
//! The second connection stays open. That is as good as opening it for each create: as long as it is
//! open, the system gives the number of its file to no other one, so the path leads to the same file as
//! long as `stat` says the same.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rusqlite::Connection;

use crate::{
    connection,
    identity::Watch,
    lineage,
    location::side_file,
    main_file::MainFile,
    mark::{Mark, MarkFile},
    process::Process,
    trouble::Trouble,
};

/// Looks after one opening of a ledger.
#[derive(Debug)]
pub(crate) struct Guard {
    /// Closed first: it may only read, and the last one to close writes the log into the file.
    reader: Option<Connection>,
    path: PathBuf,
    process: Arc<Process>,
    watch: Watch,
    main_file: MainFile,
    mark_file: MarkFile,
    /// What the counter was when this opening sent last.
    sent: Option<i64>,
}

/// The files of a ledger that is open, the ledger first.
pub(crate) fn watch(path: &Path) -> io::Result<Watch> {
    Watch::start([
        path.to_owned(),
        side_file(path, "-wal"),
        side_file(path, "-shm"),
    ])
}

impl Guard {
    /// Looks after a ledger which is what the mark beside it says.
    pub(crate) fn new(
        path: &Path,
        mut watch: Watch,
        process: Arc<Process>,
        main_file: MainFile,
        mark_file: MarkFile,
    ) -> io::Result<Self> {
        watch.add(process.lock_file())?;
        watch.add(mark_file.path().to_owned())?;
        Ok(Self {
            reader: None,
            path: path.into(),
            process,
            watch,
            main_file,
            mark_file,
            sent: None,
        })
    }

    /// Looks at everything before something is written.
    pub(crate) fn before_write(&mut self) -> Result<(), Trouble> {
        self.watch.check().map_err(Trouble::Replaced)?;
        self.after_write()
    }

    /// Counts what is about to be sent, in the transaction that writes it down. The ledger has to know what
    /// was written beside it by then, by any process: what is counted from here on would hide it.
    pub(crate) fn count(&mut self, connection: &Connection) -> Result<i64, Trouble> {
        let mark = self.mark_file.latest()?;
        let found = lineage::count(connection, mark.as_ref())?;
        if !found.knows {
            return Err(Trouble::Outdated);
        }
        let has_sent = self.sent.is_some();
        if found.has_many && !has_sent {
            // What is on the disk is the earliest that can be beside the ledger from now on.
            let mark = self.mark_file.synchronized()?;
            if let Some(mark) = mark {
                lineage::forget_before(connection, &mark, |token| self.process.is_alive(token))?;
            }
        }
        let counter = found.counter.saturating_add(1);
        match lineage::note(connection, self.process.name(), counter, has_sent)? {
            true => Ok(counter),
            false => Err(Trouble::Outdated),
        }
    }

    /// Looks at everything again after what was counted was written, and whether it is in the ledger that
    /// is at the path.
    pub(crate) fn after_send(&mut self, counter: i64) -> Result<(), Trouble> {
        self.sent = Some(counter);
        let mark = Mark {
            token: self.process.name().into(),
            counter,
            in_file: self.main_file.counter(),
        };
        let latest = self.mark_file.note(&mark)?;
        self.before_write()?;
        let is_known = lineage::knows(self.reader()?, &mark)?
            && (latest.token == mark.token || lineage::knows(self.reader()?, &latest)?);
        is_known.then_some(()).ok_or(Trouble::Outdated)
    }

    /// Looks at what a write may have brought into the file, before someone else writes there.
    pub(crate) fn after_write(&mut self) -> Result<(), Trouble> {
        self.main_file.check()
    }

    /// Opens the second connection before it is needed; whoever needs it finds out what is wrong with it.
    pub(crate) fn get_ready(&mut self) {
        let _ = self.reader().and_then(lineage::latest);
    }

    fn reader(&mut self) -> rusqlite::Result<&Connection> {
        let reader = match self.reader.take() {
            Some(reader) => reader,
            None => {
                let reader = connection::open(&self.path)?;
                // It reads two pages, and a larger cache is made at once.
                reader.execute_batch("PRAGMA cache_size = 2")?;
                reader
            }
        };
        Ok(self.reader.insert(reader))
    }
}

#[cfg(test)]
mod tests {
    use crate::opening;

    use super::*;

    /// It was written where the second connection does not see it.
    #[test]
    fn what_cannot_be_read_back_is_not_sent() {
        let folder = tempfile::tempdir().unwrap();
        let opened = opening::open(&folder.path().join("ledger"), false).unwrap();
        let (mut guard, connection) = (opened.guard, opened.connection);
        let counter = guard.count(&connection).unwrap();
        guard.after_send(counter).unwrap();
        let unread = guard.after_send(counter + 1);
        assert!(matches!(unread, Err(Trouble::Outdated)), "{unread:?}");
    }
}
