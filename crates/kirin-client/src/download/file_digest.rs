//! The digest of a file on the disk.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use super::temporary;
use crate::FileDigest;

impl FileDigest {
    /// Reads a plain file to its end. It blocks, about a second for a gigabyte.
    ///
    /// ```
    /// use kirin_client::FileDigest;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("fox.mp4");
    /// std::fs::write(&path, "not really a video")?;
    /// assert_eq!(FileDigest::of(&path)?, FileDigest::of_bytes(b"not really a video"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// There is no such file, it is no plain file, or it cannot be read.
    pub fn of(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        match temporary::metadata(path)? {
            None => Err(io::ErrorKind::NotFound.into()),
            // What is no plain file is not opened: a pipe would be waited for.
            Some(metadata) if !metadata.is_file() => Err(io::ErrorKind::InvalidInput.into()),
            Some(_) => Ok(temporary::content(&File::open(path)?, u64::MAX)?.file_digest()),
        }
    }

    /// The same of a file that was moved away and linked to.
    pub(super) fn of_linked(path: &Path) -> io::Result<Self> {
        Self::of(fs::canonicalize(path)?)
    }
}
