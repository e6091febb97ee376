//! The videos that an earlier run has downloaded: what stands at a path counts only if it is one of them.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use kirin_client::FileDigest;
use kirin_ledger::{DownloadedFile, Entry, Ledger, LedgerError};

use crate::failure::Failure;

/// Whether all files of an entry are where they were put, and are what was put there.
pub(crate) async fn are_there(ledger: &Ledger, entry: &Entry) -> Result<bool, Failure> {
    if entry.files.is_empty() {
        return Ok(false);
    }
    let noted = digests(ledger, entry).await?;
    for file in &entry.files {
        match digest_of(&file.path).await {
            Ok(digest) if noted.contains(&digest) => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// What the files of an entry are. An older version has noted only how long they were: where they still are,
/// their digests are noted now.
pub(crate) async fn digests(ledger: &Ledger, entry: &Entry) -> Result<Vec<FileDigest>, Failure> {
    let failed = |error: LedgerError| Failure::in_ledger(&error);
    let mut noted = ledger.digests(entry.number).await.map_err(failed)?;
    if !noted.is_empty() {
        return Ok(noted);
    }
    for file in entry.files.iter().filter(|file| has_its_size(file)) {
        if let Ok(digest) = digest_of(&file.path).await {
            let note = ledger.note_digest(entry.number, &digest).await;
            note.map_err(failed)?;
            noted.push(digest);
        }
    }
    Ok(noted)
}

fn has_its_size(file: &DownloadedFile) -> bool {
    let found = fs::metadata(&file.path);
    found.is_ok_and(|found| found.is_file() && found.len() == file.bytes && file.bytes > 0)
}

/// A file that was moved away and linked to is still the file.
async fn digest_of(path: &Path) -> io::Result<FileDigest> {
    let path: PathBuf = path.into();
    let digest = move || FileDigest::of(fs::canonicalize(path)?);
    tokio::task::spawn_blocking(digest).await?
}
