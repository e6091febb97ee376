//! The videos that an earlier run has downloaded: a file counts only if it is one of them.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use kirin_client::FileDigest;
use kirin_ledger::{DownloadedFile, Entry, Ledger};

use crate::failure::Failure;

/// Whether all files of an entry are where they were put, and are what was put there.
pub(crate) async fn are_there(ledger: &Ledger, entry: &Entry) -> Result<bool, Failure> {
    if entry.files.is_empty() {
        return Ok(false);
    }
    let noted = noted_digests(ledger, entry).await?;
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
pub(crate) async fn noted_digests(
    ledger: &Ledger,
    entry: &Entry,
) -> Result<Vec<FileDigest>, Failure> {
    let mut noted = ledger.digests(entry.number).await?;
    if !noted.is_empty() {
        return Ok(noted);
    }
    for file in entry.files.iter().filter(|file| has_its_size(file)) {
        if let Ok(digest) = digest_of(&file.path).await {
            ledger.note_digest(entry.number, &digest).await?;
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

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use kirin_client::Client;
    use kirin_emulator::{Emulator, EmulatorConfig};
    use kirin_types::GenerationRequest;

    use super::*;

    /// A ledger with a completed task, as an older version has left it: it noted how long the file was.
    async fn ledger_of_older_version(folder: &Path, file: &Path) -> Ledger {
        let config = EmulatorConfig::default().task_time(Duration::ZERO);
        let emulator = Emulator::start(config).await.unwrap();
        let ledger = Ledger::open(folder.join("ledger")).unwrap();
        let base_url: kirin_client::BaseUrl = emulator.base_url().parse().unwrap();
        let client = Client::builder("emulator-key".parse().unwrap())
            .base_url(base_url.clone())
            .journal(Arc::new(ledger.journal(base_url)))
            .build()
            .unwrap();
        let request = GenerationRequest::builder("a fox").build().unwrap();
        client.generate(request).await.unwrap();
        fs::write(file, "a film").unwrap();
        ledger.downloaded(1, &[file.into()]).await.unwrap();
        ledger
    }

    async fn is_there(ledger: &Ledger) -> bool {
        let entries = ledger.entries().await.unwrap();
        are_there(ledger, &entries[0]).await.unwrap()
    }

    #[tokio::test]
    async fn file_of_an_older_version_counts_by_its_length_until_it_is_hashed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("fox.mp4");
        let ledger = ledger_of_older_version(folder.path(), &file).await;
        assert!(is_there(&ledger).await);
        let digest = FileDigest::of_bytes(b"a film");
        assert_eq!(ledger.digests(1).await.unwrap(), [digest]);
        fs::write(&file, "A FILM").unwrap();
        assert!(!is_there(&ledger).await);
    }

    #[tokio::test]
    async fn file_of_an_older_version_that_has_another_length_is_another_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("fox.mp4");
        let ledger = ledger_of_older_version(folder.path(), &file).await;
        for other in ["another film", ""] {
            fs::write(&file, other).unwrap();
            assert!(!is_there(&ledger).await);
        }
        fs::remove_file(&file).unwrap();
        assert!(!is_there(&ledger).await);
        assert_eq!(ledger.digests(1).await.unwrap(), []);
    }
}
