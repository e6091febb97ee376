//! What tells a file from every other.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// How long a file is and what it hashes to: a file with the same digest is the same video.
///
/// ```
/// use kirin_client::FileDigest;
///
/// let digest = FileDigest::of_bytes(b"not really a video");
/// assert_eq!(digest.bytes(), 18);
/// assert_eq!(digest, FileDigest::new(18, digest.sha256()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileDigest {
    bytes: u64,
    sha256: String,
}

impl FileDigest {
    /// One that was written down: how many bytes, and their SHA-256 as [`sha256`](Self::sha256) gives it.
    pub fn new(bytes: u64, sha256: impl Into<String>) -> Self {
        Self {
            bytes,
            sha256: sha256.into(),
        }
    }

    /// The digest of a file with this content.
    pub fn of_bytes(content: &[u8]) -> Self {
        Self::of_hash(content.len() as u64, Sha256::digest(content).as_slice())
    }

    pub(crate) fn of_hash(bytes: u64, hash: &[u8]) -> Self {
        let sha256 = hash.iter().fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
        Self { bytes, sha256 }
    }

    /// How many bytes the file has.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The SHA-256 of the file, in lowercase hexadecimal digits, as `sha256sum` prints it.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_is_what_other_programs_print() {
        // printf abc | sha256sum
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(FileDigest::of_bytes(b"abc"), FileDigest::new(3, sha256));
    }
}
