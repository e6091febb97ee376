//! Why what was written may not be kept.

use std::{io, path::Path};

use kirin_client::without_url_queries;
use rusqlite::ErrorCode;

use crate::LedgerError;

/// Why a write does not count. It can be said to each of those who wait for it.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// What is in the file does not pass its check.
    Damaged(String),
    /// It knows less than it should.
    Outdated,
    /// Another file is at its path, or none.
    Replaced(String),
    /// It could not be read or written.
    Sqlite(String),
}

impl Trouble {
    pub(crate) fn sqlite(error: &rusqlite::Error) -> Self {
        // What cannot be read in a row may be repeated.
        let description = without_url_queries(&error.to_string());
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged(description),
            _ => Self::Sqlite(description),
        }
    }

    /// As whoever asked for the write is told.
    pub(crate) fn into_error(self, path: &Path) -> LedgerError {
        let path = path.into();
        match self {
            Self::Damaged(description) => LedgerError::Damaged { path, description },
            Self::Outdated => LedgerError::Outdated { path },
            Self::Replaced(description) => LedgerError::Replaced { path, description },
            Self::Sqlite(description) => LedgerError::Sqlite { path, description },
        }
    }
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::sqlite(&error)
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Sqlite(format!("its lock folder: {error}"))
    }
}
