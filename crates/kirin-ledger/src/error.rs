//! What can be wrong with a ledger.

use std::{
    error, fmt, io,
    path::{Path, PathBuf},
};

use kirin_client::without_url_queries;
use rusqlite::ErrorCode;

/// Why the ledger cannot be used, or does not allow something. Nothing was sent because of it.
#[derive(Debug)]
#[non_exhaustive]
pub enum LedgerError {
    /// What is in the file does not pass its check.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        description: String,
    },
    /// The file could not be read or written.
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The file has several names. SQLite would keep a log beside each of them.
    HardLinked {
        /// The file.
        path: PathBuf,
        /// How many names it has.
        names: u64,
    },
    /// There is no such file, and what is beside its path says that there was one.
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file is mounted by itself. Where it is from it has another log.
    Mounted {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a newer version of this crate; it was not touched.
    Newer {
        /// The file.
        path: PathBuf,
        /// Version of its layout.
        found: i64,
        /// The latest version that is known here.
        known: i64,
    },
    /// The file is a database of something else; it was not touched.
    NotALedger {
        /// The file.
        path: PathBuf,
    },
    /// The file is on a network file system, or on one that other machines may share, where locks cannot
    /// be relied on: NFS, SMB, whatever FUSE serves, virtiofs and the like.
    NetworkFileSystem {
        /// The file.
        path: PathBuf,
    },
    /// There is no such entry.
    NoSuchEntry,
    /// The file knows less than what is written beside it: it was restored from a backup, or replaced.
    /// Creates that were made since may be paid and unknown.
    Outdated {
        /// The file.
        path: PathBuf,
    },
    /// The file, or one that belongs to it, was deleted, moved or replaced while it was open.
    Replaced {
        /// The file.
        path: PathBuf,
        /// What was found.
        description: String,
    },
    /// SQLite could not read or write.
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What it said.
        description: String,
    },
}

impl LedgerError {
    pub(crate) fn file(path: &Path, error: io::Error) -> Self {
        let path = path.into();
        Self::File { path, error }
    }

    pub(crate) fn sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        // What cannot be read in a row may be repeated.
        let (path, description) = (path.into(), without_url_queries(&error.to_string()));
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { path, description },
            _ => Self::Sqlite { path, description },
        }
    }
}

impl fmt::Display for LedgerError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged { path, description } => write!(
                formatter,
                "the ledger {} is damaged: {description}",
                path.display()
            ),
            Self::File { path, error } => {
                write!(formatter, "the ledger {}: {error}", path.display())
            }
            Self::HardLinked { path, names } => write!(
                formatter,
                "the ledger {} has {names} names (hard links), and SQLite would keep a log beside each of \
                 them: leave it one name; for a container, mount its folder, not the file",
                path.display()
            ),
            Self::Missing { path } => write!(
                formatter,
                "the ledger {} is gone, and what stands beside it says that there was one: creates that \
                 it knew may be paid and unknown",
                path.display()
            ),
            Self::Mounted { path } => write!(
                formatter,
                "the ledger {} is mounted by itself, and SQLite would keep a second log for it: mount its \
                 folder, not the file",
                path.display()
            ),
            Self::Newer { path, found, known } => write!(
                formatter,
                "the ledger {} has layout {found}, and this version knows {known}: it was written by \
                 a newer one",
                path.display()
            ),
            Self::NotALedger { path } => {
                write!(formatter, "{} is no ledger", path.display())
            }
            Self::NetworkFileSystem { path } => write!(
                formatter,
                "the ledger {} is on a network file system, or on one that other machines may share (FUSE, \
                 virtiofs), where locks cannot be relied upon",
                path.display()
            ),
            Self::Outdated { path } => write!(
                formatter,
                "the ledger {} knows less than what is written beside it: it was restored from a backup, \
                 or replaced, and creates that were made since may be paid and unknown",
                path.display()
            ),
            Self::Replaced { path, description } => write!(
                formatter,
                "the ledger {} is not the file any more that this process has opened: {description}",
                path.display()
            ),
            Self::NoSuchEntry => formatter.write_str("the ledger has no such entry"),
            Self::Sqlite { path, description } => {
                write!(formatter, "the ledger {}: {description}", path.display())
            }
        }
    }
}

impl error::Error for LedgerError {}
