//! What is known of files on the disk: videos, and what was written beside them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use kirin_client::FileDigest;
use rusqlite::{Connection, Params, params};

use crate::{Ledger, LedgerError, clock, path, rows};

impl Ledger {
    /// Notes what a file of an entry is, before it gets its name: then a later process knows it, whatever
    /// happens in between. What was noted before stays noted.
    ///
    /// # Errors
    ///
    /// The file could not be written.
    pub async fn note_digest(&self, number: i64, digest: &FileDigest) -> Result<(), LedgerError> {
        let (sha256, bytes) = to_columns(digest);
        let note = move |connection: &Connection| {
            let sql = "INSERT OR REPLACE INTO digests (number, sha256, bytes) VALUES (?1, ?2, ?3)";
            connection
                .execute(sql, params![number, sha256, bytes])
                .map(drop)
        };
        self.writer().write(note).await
    }

    /// What the files of an entry are, as it was noted. There is nothing of an entry whose files an older
    /// version has downloaded.
    ///
    /// # Errors
    ///
    /// The file could not be read.
    pub async fn digests(&self, number: i64) -> Result<Vec<FileDigest>, LedgerError> {
        let sql = "SELECT sha256, bytes FROM digests WHERE number = ?1";
        let read = move |connection: &Connection| digests(connection, sql, [number]);
        self.writer().read(read).await
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
        self.writer().write(note).await
    }

    /// Notes what is about to be written to a file beside the videos. What was noted before stays noted, for
    /// the old content is there until the new one is.
    ///
    /// # Errors
    ///
    /// The file could not be written.
    pub async fn note_side_file(
        &self,
        file: &Path,
        digest: &FileDigest,
    ) -> Result<(), LedgerError> {
        let (sha256, bytes) = to_columns(digest);
        let file = path::to_bytes(file);
        let note = move |connection: &Connection| {
            let sql = "INSERT OR REPLACE INTO side_files (path, sha256, bytes) VALUES (?1, ?2, ?3)";
            connection
                .execute(sql, params![file, sha256, bytes])
                .map(drop)
        };
        self.writer().write(note).await
    }

    /// What was noted of a file beside the videos: only a file with one of these digests was written by
    /// whoever uses this ledger.
    ///
    /// # Errors
    ///
    /// The file could not be read.
    pub async fn side_file(&self, file: &Path) -> Result<Vec<FileDigest>, LedgerError> {
        let file = path::to_bytes(file);
        let sql = "SELECT sha256, bytes FROM side_files WHERE path = ?1";
        let read = move |connection: &Connection| digests(connection, sql, [file]);
        self.writer().read(read).await
    }
}

fn digests(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
) -> rusqlite::Result<Vec<FileDigest>> {
    let mut statement = connection.prepare_cached(sql)?;
    let digests = statement.query_map(parameters, |row| {
        let sha256: String = row.get(0)?;
        Ok(FileDigest::new(rows::length(row, 1)?, sha256))
    })?;
    digests.collect()
}

fn to_columns(digest: &FileDigest) -> (String, i64) {
    let bytes = i64::try_from(digest.bytes()).unwrap_or(i64::MAX);
    (digest.sha256().to_owned(), bytes)
}

fn size(path: &Path) -> i64 {
    let bytes = fs::metadata(path).map_or(0, |metadata| metadata.len());
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
