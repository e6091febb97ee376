//! The file that is written, and the part file beside it until it is whole.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use super::{DownloadError, DownloadErrorKind};

/// A place for a video, found to be free and writable, and locked against others. The bytes go
/// to a part file beside it; the path itself holds a whole file or nothing new.
pub(super) struct DownloadTarget {
    path: PathBuf,
    part_path: PathBuf,
    note_path: PathBuf,
    part: File,
    overwrite: bool,
}

impl DownloadTarget {
    /// Checks that a file can be written at `path`, and locks the place. An existing file is an
    /// error unless `overwrite` is set; a directory always is.
    ///
    /// # Errors
    ///
    /// There is a file or a directory, somebody else writes there, or nothing can be written.
    pub(super) fn prepare(
        path: impl Into<PathBuf>,
        overwrite: bool,
    ) -> Result<Self, DownloadError> {
        let path = path.into();
        let part_path = path.with_added_extension("part");
        let note_path = path.with_added_extension("part.json");
        let part = remove_leftover(&path, &part_path, &note_path)
            .map_err(|source| DownloadError::disk("has a part file that cannot be removed", source))
            .and_then(|()| check(&path, overwrite))
            .and_then(|()| lock(&part_path))
            // It may have been finished while this one waited to open it.
            .and_then(|part| check(&path, overwrite).map(|()| part))
            .map_err(|error| error.at(&path))?;
        Ok(Self {
            path,
            part_path,
            note_path,
            part,
            overwrite,
        })
    }

    pub(super) fn part(&self) -> &File {
        &self.part
    }

    pub(super) fn part_path(&self) -> &Path {
        &self.part_path
    }

    pub(super) fn note_path(&self) -> &Path {
        &self.note_path
    }

    pub(super) fn remove_note(&self) -> io::Result<()> {
        remove(&self.note_path)
    }

    /// Makes the part file the file: synced, renamed, and the directory synced.
    pub(super) fn commit(self) -> Result<PathBuf, DownloadError> {
        self.part
            .sync_all()
            .map_err(|source| DownloadError::disk("cannot be synced", source))?;
        self.rename().map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => DownloadError::new(
                DownloadErrorKind::Exists,
                "appeared during the download, and is not overwritten unasked",
            ),
            _ => DownloadError::disk("the part file cannot be renamed", source),
        })?;
        // What it describes is gone, and the next download finds that out by itself.
        let _ = self.remove_note();
        sync_directory(&self.path);
        Ok(self.path.clone())
    }

    /// A rename replaces what is there; a hard link fails, and so never does.
    fn rename(&self) -> io::Result<()> {
        if self.overwrite {
            return fs::rename(&self.part_path, &self.path);
        }
        match fs::hard_link(&self.part_path, &self.path) {
            // The file is there; a part file that stays is cleared away by the next download.
            Ok(()) => {
                let _ = fs::remove_file(&self.part_path);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
            // A file system without hard links.
            Err(_) if self.path.symlink_metadata().is_ok() => {
                Err(io::ErrorKind::AlreadyExists.into())
            }
            Err(_) => fs::rename(&self.part_path, &self.path),
        }
    }
}

impl Drop for DownloadTarget {
    /// A part file without content is of no use to anybody.
    fn drop(&mut self) {
        if self
            .part
            .metadata()
            .is_ok_and(|metadata| metadata.len() == 0)
        {
            // Failing to tidy up is no reason to fail.
            let _ = fs::remove_file(&self.part_path);
            let _ = self.remove_note();
        }
    }
}

/// Whether something may be written at `path`.
fn check(path: &Path, overwrite: bool) -> Result<(), DownloadError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => Err(exists("is a directory")),
        // A device, a pipe or a socket: replacing one is never what was meant.
        Ok(metadata) if !metadata.is_file() && !metadata.is_symlink() => {
            Err(exists("is not a plain file"))
        }
        Ok(_) if !overwrite => Err(exists("exists already, and is not overwritten unasked")),
        _ => Ok(()),
    }
}

/// Opens the part file, and locks it.
fn lock(part_path: &Path) -> Result<File, DownloadError> {
    let part = open_locked(part_path)?;
    if !has_other_names(&part) {
        return Ok(part);
    }
    // A crash between the two steps of a commit left it, and the finished file was renamed since:
    // writing to it would damage that file. The lock shows that nobody is in between the two steps.
    remove(part_path)
        .map_err(|source| DownloadError::disk("has a part file that cannot be removed", source))?;
    open_locked(part_path)
}

fn open_locked(part_path: &Path) -> Result<File, DownloadError> {
    if fs::symlink_metadata(part_path).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(exists("the part file beside it is not a plain file"));
    }
    let part = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(part_path)
        .map_err(|source| DownloadError::disk("cannot be written", source))?;
    let elsewhere = || exists("is being downloaded by another process");
    match part.try_lock() {
        Err(TryLockError::WouldBlock) => return Err(elsewhere()),
        // A file system without locks: the name alone has to do.
        Err(TryLockError::Error(_)) | Ok(()) => {}
    }
    // Between the opening and the lock, another process may have made it the finished file.
    match is_at(&part, part_path) {
        true => Ok(part),
        false => Err(elsewhere()),
    }
}

/// Whether the file would stay if the name of the part were removed.
#[cfg(unix)]
fn has_other_names(file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;

    file.metadata().is_ok_and(|metadata| metadata.nlink() > 1)
}

/// Nothing that is stable tells it here.
#[cfg(not(unix))]
fn has_other_names(_file: &File) -> bool {
    false
}

/// Whether the name still leads to the open file.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(open), Ok(named)) => may_be_one(&open, &named),
        _ => false,
    }
}

/// Whether the name still leads to a file; an open one cannot be renamed here.
#[cfg(not(unix))]
fn is_at(_file: &File, path: &Path) -> bool {
    path.exists()
}

/// Removes what a crash between the two steps of a commit has left beside a file that is kept. Failing to
/// tidy up is no reason to fail.
pub(super) fn clear_leftover(path: &Path) {
    let part_path = path.with_added_extension("part");
    let _ = remove_leftover(path, &part_path, &path.with_added_extension("part.json"));
}

/// A crash between the two steps of a commit leaves the finished file with two names. Writing to
/// the part file would then damage it, so a part file that is one of them loses its name,
/// unless somebody is at work on it.
fn remove_leftover(path: &Path, part_path: &Path, note_path: &Path) -> io::Result<()> {
    // What is no plain file is not opened: a pipe would be waited for.
    if may_be_one_file(path, part_path)
        && let Ok(part) = File::open(part_path)
        && !matches!(part.try_lock(), Err(TryLockError::WouldBlock))
    {
        remove(part_path)?;
        remove(note_path)?;
    }
    Ok(())
}

/// Whether two names lead to one plain file.
fn may_be_one_file(one: &Path, other: &Path) -> bool {
    let of = |path: &Path| {
        let metadata = fs::symlink_metadata(path).ok();
        metadata.filter(fs::Metadata::is_file)
    };
    of(one)
        .zip(of(other))
        .is_some_and(|(one, other)| may_be_one(&one, &other))
}

#[cfg(unix)]
fn may_be_one(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;

    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Nothing that is stable tells it here.
#[cfg(not(unix))]
fn may_be_one(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    one.len() == other.len()
}

fn exists(detail: &str) -> DownloadError {
    DownloadError::new(DownloadErrorKind::Exists, detail)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The name is only as durable as its directory. Some systems cannot sync one; the file itself is
/// synced in any case.
fn sync_directory(path: &Path) {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if let Ok(directory) = File::open(directory) {
        let _ = directory.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d17_place_in_use_is_refused_to_another_until_it_is_given_up() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.mp4");
        let first = DownloadTarget::prepare(&path, false).unwrap();
        let second = DownloadTarget::prepare(&path, false).map(drop).unwrap_err();
        assert_eq!(second.kind(), DownloadErrorKind::Exists);
        drop(first);
        assert!(DownloadTarget::prepare(&path, false).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn only_a_part_that_is_the_file_itself_is_cleared_away() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        for name in ["a.mp4", "a.mp4.part.json", "b.mp4", "b.mp4.part"] {
            fs::write(at(name), "12345").unwrap();
        }
        fs::hard_link(at("a.mp4"), at("a.mp4.part")).unwrap();
        let part = File::open(at("a.mp4.part")).unwrap();
        part.lock().unwrap();
        clear_leftover(&at("a.mp4"));
        assert!(at("a.mp4.part").exists(), "somebody is at work on it");
        drop(part);
        for name in ["a.mp4", "b.mp4", "c.mp4"] {
            clear_leftover(&at(name));
        }
        let exist = |name: &str| at(name).exists();
        assert!(exist("a.mp4") && exist("b.mp4") && exist("b.mp4.part"));
        assert!(!exist("a.mp4.part") && !exist("a.mp4.part.json"));
    }

    #[cfg(unix)]
    #[test]
    fn d17_part_that_became_the_file_before_it_was_locked_is_not_written_to() {
        let directory = tempfile::tempdir().unwrap();
        let (path, part_path) = (
            directory.path().join("a.mp4"),
            directory.path().join("a.mp4.part"),
        );
        fs::write(&part_path, "whole").unwrap();
        let opened = File::open(&part_path).unwrap();
        assert!(is_at(&opened, &part_path));
        // Another process finishes, and a third one begins.
        fs::rename(&part_path, &path).unwrap();
        assert!(!is_at(&opened, &part_path));
        fs::write(&part_path, "").unwrap();
        assert!(!is_at(&opened, &part_path));
    }
}
