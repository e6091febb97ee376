//! What the lock folder knows of its ledger: which opening wrote last, and how far the counter was. It
//! is kept outside of the ledger, so that a ledger which was restored from a backup is seen to know
//! less.
//!
//! It is written after the ledger is durable, in place and without waiting for the disk. So it never
//! knows of more than the ledger: a crash or a power cut can only leave an older one, and an older one
//! refuses nothing that is right.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
};

use crate::{interrupted::again, lock_folder::LockFolder};

/// The name of the file. [`remove_dead`](crate::process::Process) leaves it.
pub(crate) const NAME: &str = "knowledge";

/// More bytes than a mark has.
const LONGEST: u64 = 1024;

/// One point in the life of a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Of the opening that wrote.
    pub(crate) token: String,
    /// What the counter was after it.
    pub(crate) counter: i64,
    /// What the counter was, at the least, in the file itself, without its write-ahead log.
    pub(crate) in_file: i64,
}

impl Mark {
    /// The one that is written beside a ledger, if it can be read. A file in which there is nothing
    /// that makes sense is what a power cut may leave.
    pub(crate) fn read(folder: &LockFolder) -> io::Result<Option<Self>> {
        let mut file = match File::open(folder.path().join(NAME)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        again(|| file.lock_shared())?;
        read(&mut file)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.lines().next()?.split_whitespace();
        let (token, counter, in_file) = (words.next()?, words.next()?, words.next()?);
        Some(Self {
            token: token.into(),
            counter: counter.parse().ok()?,
            in_file: in_file.parse().ok()?,
        })
    }

    /// Always of the same length, so that what is written in place replaces all of what was there.
    fn text(&self) -> String {
        format!(
            "{:>32} {:020} {:020}\n",
            self.token, self.counter, self.in_file
        )
    }
}

/// The file of a mark, open.
#[derive(Debug)]
pub(crate) struct MarkFile {
    path: PathBuf,
    file: File,
}

impl MarkFile {
    /// Opens it, or makes it with this in it.
    pub(crate) fn open(folder: &LockFolder, first: &Mark) -> io::Result<Self> {
        let path = folder.path().join(NAME);
        let open = || OpenOptions::new().read(true).write(true).open(&path);
        let file = match open() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                match folder.create_new(NAME) {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => open()?,
                    made => made?,
                }
            }
            opened => opened?,
        };
        let mut mark = Self { path, file };
        mark.note(first)?;
        Ok(mark)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What is written there now.
    pub(crate) fn latest(&mut self) -> io::Result<Option<Mark>> {
        self.locked(read)
    }

    /// Writes down a mark, unless a later one is there, and gives the one that is there then.
    pub(crate) fn note(&mut self, mark: &Mark) -> io::Result<Mark> {
        self.locked(|file| {
            let found = read(file)?;
            let latest = match found.clone() {
                Some(found) if found.counter >= mark.counter => found,
                _ => mark.clone(),
            };
            let in_file = found.as_ref().map_or(0, |found| found.in_file);
            let latest = Mark {
                in_file: in_file.max(mark.in_file),
                ..latest
            };
            if found.as_ref() != Some(&latest) {
                write(file, &latest)?;
            }
            Ok(latest)
        })
    }

    /// Writes down a mark, whatever is there.
    pub(crate) fn replace(&mut self, mark: &Mark) -> io::Result<()> {
        self.locked(|file| write(file, mark))
    }

    /// Waits until what was written is on the disk, and gives it.
    pub(crate) fn synchronized(&mut self) -> io::Result<Option<Mark>> {
        self.locked(|file| {
            file.sync_data()?;
            read(file)
        })
    }

    /// Others write it, too.
    fn locked<T>(&mut self, act: impl FnOnce(&mut File) -> io::Result<T>) -> io::Result<T> {
        again(|| self.file.lock())?;
        let done = act(&mut self.file);
        self.file.unlock()?;
        done
    }
}

fn read(file: &mut File) -> io::Result<Option<Mark>> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(Mark::parse(&String::from_utf8_lossy(&bytes)))
}

fn write(file: &mut File, mark: &Mark) -> io::Result<()> {
    file.rewind()?;
    file.write_all(mark.text().as_bytes())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn mark(token: &str, counter: i64, in_file: i64) -> Mark {
        Mark {
            token: token.into(),
            counter,
            in_file,
        }
    }

    #[test]
    fn the_latest_of_all_processes_stays() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("ledger");
        fs::write(&ledger, "").unwrap();
        let folder = LockFolder::of(&ledger);
        folder.make().unwrap();
        assert_eq!(Mark::read(&folder).unwrap(), None);
        let mut one = MarkFile::open(&folder, &mark("one", 3, 0)).unwrap();
        let mut other = MarkFile::open(&folder, &mark("other", 2, 0)).unwrap();
        assert_eq!(Mark::read(&folder).unwrap(), Some(mark("one", 3, 0)));
        assert_eq!(
            other.note(&mark("other", 5, 2)).unwrap(),
            mark("other", 5, 2)
        );
        // It was slower than the other.
        assert_eq!(one.note(&mark("one", 4, 4)).unwrap(), mark("other", 5, 4));
        // Nor does it count the same twice, unless something was lost.
        assert_eq!(one.note(&mark("one", 5, 4)).unwrap(), mark("other", 5, 4));
        assert_eq!(one.note(&mark("one", 6, 0)).unwrap(), mark("one", 6, 4));
        assert_eq!(other.latest().unwrap(), Some(mark("one", 6, 4)));
        one.replace(&mark("one", 1, 0)).unwrap();
        assert_eq!(other.synchronized().unwrap(), Some(mark("one", 1, 0)));
    }

    #[test]
    fn what_a_power_cut_may_leave_is_no_mark() {
        for text in ["", "\0\0\0\0", "token", "token 1", "token one 2\n"] {
            assert_eq!(Mark::parse(text), None, "{text:?}");
        }
    }
}
