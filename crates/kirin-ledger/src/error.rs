//! What can be wrong with a ledger.

use std::{
    error, fmt, io,
    path::{Path, PathBuf},
};

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
    /// The file is on a network file system, where locks cannot be relied upon.
    NetworkFileSystem {
        /// The file.
        path: PathBuf,
    },
    /// There is no such entry.
    NoSuchEntry,
    /// SQLite could not read or write.
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What it said.
        description: String,
    },
}

impl LedgerError {
    pub(crate) fn sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        Self::Sqlite {
            path: path.into(),
            description: error.to_string(),
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
                "the ledger {} is on a network file system, where locks cannot be relied upon",
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
