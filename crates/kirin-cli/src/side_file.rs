//! Files that are written beside the videos. Only a file that kirin wrote, and that has not changed
//! since, is replaced or removed.

use std::{
    ffi::{OsStr, OsString},
    fs, io,
    path::{Path, PathBuf},
};

use kirin_client::FileDigest;
use kirin_ledger::Ledger;

use crate::{
    output_path::absolute_path,
    whole_file::{self, IfExists},
};

/// How many names are tried if other files have the first ones.
const NAMES: u32 = 99;

/// Writes `NAME.EXTENSION` into the folder, or `NAME-2.EXTENSION` if another file has that name; gives the path.
pub(crate) async fn write(
    ledger: &Ledger,
    folder: &Path,
    name: &OsStr,
    extension: &str,
    content: &[u8],
) -> io::Result<PathBuf> {
    let digest = FileDigest::of_bytes(content);
    for path in numbered_paths(folder, name, extension) {
        let if_exists = match is_free(&path) {
            true => IfExists::Refuse,
            false if is_ours(ledger, &path).await? => IfExists::Replace,
            false => continue,
        };
        ledger
            .note_side_file(&absolute_path(&path), &digest)
            .await
            .map_err(io::Error::other)?;
        match whole_file::write_whole(&path, content, if_exists) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            written => return written.map(|()| path),
        }
    }
    let what = format!("files of others stand under all {NAMES} names");
    Err(io::Error::new(io::ErrorKind::AlreadyExists, what))
}

/// Removes what [`write()`] has written under these names.
pub(crate) async fn remove(
    ledger: &Ledger,
    folder: &Path,
    name: &OsStr,
    extension: &str,
) -> io::Result<()> {
    for path in numbered_paths(folder, name, extension) {
        if !is_free(&path) && is_ours(ledger, &path).await? {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn numbered_paths(folder: &Path, name: &OsStr, extension: &str) -> impl Iterator<Item = PathBuf> {
    (1..=NAMES).map(move |number| {
        let mut file = OsString::from(name);
        file.push(match number {
            1 => format!(".{extension}"),
            _ => format!("-{number}.{extension}"),
        });
        folder.join(file)
    })
}

fn is_free(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

async fn is_ours(ledger: &Ledger, path: &Path) -> io::Result<bool> {
    let noted = ledger
        .side_file(&absolute_path(path))
        .await
        .map_err(io::Error::other)?;
    Ok(FileDigest::of(path).is_ok_and(|digest| noted.contains(&digest)))
}
