//! What is in the file itself, without its write-ahead log.
//!
//! Someone may copy a backup over the file and leave the log in its place, while it is open or after a
//! crash. What the ledger then says is a mixture: pages of the log, and of the backup where the log has
//! none. The counter is in the log, so it looks right. But the file alone never goes back: each
//! checkpoint brings it further.
//!
//! A checkpoint that was killed leaves a file that alone is nothing, and so does a backup that was copied
//! half. What SQLite finds in the file and its log together decides then.

use std::{path::PathBuf, time::Duration};

use crate::{clock, connection, identity::Shape, lineage, trouble::Trouble};

/// The file, as it was seen.
#[derive(Debug)]
pub(crate) struct MainFile {
    path: PathBuf,
    /// When it was looked into last, if it was.
    seen: Option<Shape>,
    /// The largest counter that was ever in it, as far as is known.
    counter: i64,
}

/// Looks that are taken before what is found is believed: a checkpoint may be writing.
const LOOKS: u32 = 50;

/// Looks after which what cannot be read may be what a checkpoint has left that was killed.
const FEW_LOOKS: u32 = 5;

impl MainFile {
    /// A file that has had this counter in it.
    pub(crate) fn new(path: PathBuf, counter: i64) -> Self {
        Self {
            path,
            seen: None,
            counter,
        }
    }

    /// A file that had no log beside it when its shape was this, and so all of what was known then.
    pub(crate) fn without_log(path: PathBuf, shape: Shape, counter: i64) -> Self {
        Self {
            path,
            seen: Some(shape),
            counter,
        }
    }

    /// The largest counter that was ever in it, as far as is known.
    pub(crate) fn counter(&self) -> i64 {
        self.counter
    }

    /// Looks into it if someone has written to it since the last look. It must not have gone back.
    pub(crate) fn check(&mut self) -> Result<(), Trouble> {
        const PAUSE: Duration = Duration::from_millis(20);
        let mut looks = 1;
        loop {
            let shape = Shape::of(&self.path);
            let shape = shape.map_err(|error| Trouble::Replaced(error.to_string()))?;
            if self.seen == Some(shape) {
                return Ok(());
            }
            match self.look() {
                Ok(found) if found >= self.counter => {
                    (self.seen, self.counter) = (Some(shape), found);
                    return Ok(());
                }
                Ok(_) if looks == LOOKS => return Err(Trouble::Outdated),
                Err(_) if looks == FEW_LOOKS && self.is_whole_with_its_log() => {
                    self.seen = Some(shape);
                    return Ok(());
                }
                Err(error) if looks == LOOKS => return Err(Trouble::sqlite(&error)),
                _ => clock::pause(PAUSE),
            }
            looks += 1;
        }
    }

    /// Whether SQLite finds nothing wrong with the file and its log together. To close it again must not
    /// bring the log into the file.
    fn is_whole_with_its_log(&self) -> bool {
        let check = || {
            let connection = connection::open(&self.path)?;
            connection::keep_log(&connection, true)?;
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
        };
        check().is_ok_and(|found| found == "ok")
    }

    /// The counter in it. A file into which nothing was written yet has none.
    fn look(&self) -> rusqlite::Result<i64> {
        let file = connection::open_file_alone(&self.path)?;
        // Of an older layout, or empty, it has no such table.
        let latest = match lineage::is_known(&file)? {
            true => lineage::latest(&file)?,
            false => None,
        };
        Ok(latest.map_or(0, |mark| mark.counter))
    }
}
