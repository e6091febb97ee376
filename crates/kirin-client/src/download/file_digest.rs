//! What tells a file from every other.

use std::{fs::File, io, path::Path};

use super::{content::Content, temporary};

/// How long a file is and what it hashes to: a file with the same digest is the same video.
///
/// ```
/// use kirin_client::FileDigest;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("fox.mp4");
/// std::fs::write(&path, "not really a video")?;
/// let digest = FileDigest::of(&path)?;
/// assert_eq!(digest.bytes(), 18);
/// assert_eq!(digest, FileDigest::new(18, digest.sha256()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileDigest {
    bytes: u64,
    sha256: String,
}

impl FileDigest {
    /// One that was written down. SHA-256 is in base64, as [`sha256`](Self::sha256) gives it.
    pub fn new(bytes: u64, sha256: impl Into<String>) -> Self {
        Self {
            bytes,
            sha256: sha256.into(),
        }
    }

    /// Reads a plain file to its end. It blocks, about a second for a gigabyte.
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
            Some(_) => Ok(Self::of_content(&temporary::content(
                &File::open(path)?,
                u64::MAX,
            )?)),
        }
    }

    pub(super) fn of_content(content: &Content) -> Self {
        Self::new(content.bytes(), content.digest().into_base64())
    }

    /// The length of the file.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The SHA-256 of the file, in base64.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}
