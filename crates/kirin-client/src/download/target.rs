//! The file that is written, and the part file beside it until it is whole.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use super::{DownloadError, DownloadErrorKind};

/// A place for a video, found to be free and writable, and locked against others. The bytes go
/// to a part file beside it; the path itself holds a whole file or nothing new.
///
/// Prepare it before anything is paid for:
///
/// ```
/// use kirin_client::DownloadTarget;
///
/// # let directory = tempfile::tempdir()?;
/// let path = directory.path().join("fox.mp4");
/// let target = DownloadTarget::prepare(&path, false)?;
/// drop(target);
/// assert!(!path.exists());
/// assert!(DownloadTarget::prepare("no/such/folder/fox.mp4", false).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct DownloadTarget {
    path: PathBuf,
    part_path: PathBuf,
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
    pub fn prepare(path: impl Into<PathBuf>, overwrite: bool) -> Result<Self, DownloadError> {
        let path = path.into();
        let exists = |detail| Err(DownloadError::new(DownloadErrorKind::Exists, &path, detail));
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_dir() => return exists("is a directory"),
            // A device, a pipe or a socket: replacing one is never what was meant.
            Ok(metadata) if !metadata.is_file() && !metadata.is_symlink() => {
                return exists("is not a plain file");
            }
            Ok(_) if !overwrite => {
                return exists("exists already, and is not overwritten unasked");
            }
            _ => {}
        }
        let part_path = part_path(&path);
        if fs::symlink_metadata(&part_path).is_ok_and(|metadata| !metadata.is_file()) {
            return exists("the part file beside it is not a plain file");
        }
        let part = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&part_path)
            .map_err(|source| DownloadError::disk(&path, "cannot be written", source))?;
        match part.try_lock() {
            Err(TryLockError::WouldBlock) => {
                return exists("is being downloaded by another process");
            }
            // A file system without locks: the name alone has to do.
            Err(TryLockError::Error(_)) | Ok(()) => {}
        }
        Ok(Self {
            path,
            part_path,
            part,
            overwrite,
        })
    }

    /// The file that will be written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn part(&self) -> &File {
        &self.part
    }

    pub(super) fn disk_error(&self, detail: &str, source: io::Error) -> DownloadError {
        DownloadError::disk(&self.path, detail, source)
    }

    /// Makes the part file the file: synced, renamed, and the directory synced.
    pub(super) fn commit(self) -> Result<PathBuf, DownloadError> {
        self.part
            .sync_all()
            .map_err(|source| self.disk_error("cannot be synced", source))?;
        self.rename().map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => DownloadError::new(
                DownloadErrorKind::Exists,
                &self.path,
                "appeared during the download, and is not overwritten unasked",
            ),
            _ => self.disk_error("the part file cannot be renamed", source),
        })?;
        sync_directory(&self.path);
        Ok(self.path.clone())
    }

    /// A rename replaces what is there; a hard link fails, and so never does.
    fn rename(&self) -> io::Result<()> {
        if self.overwrite {
            return fs::rename(&self.part_path, &self.path);
        }
        match fs::hard_link(&self.part_path, &self.path) {
            Ok(()) => fs::remove_file(&self.part_path),
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
        }
    }
}

fn part_path(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".part");
    name.into()
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
