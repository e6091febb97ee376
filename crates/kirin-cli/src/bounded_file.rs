//! Files that are read into memory, up to a bound: a path may lead to what never ends.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

/// The bytes of a file.
///
/// # Errors
///
/// It cannot be read, or has more bytes than this.
pub(crate) fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    read_from(File::open(path)?, limit)
}

/// The bytes of a file, or of stdin if the path is `-`.
///
/// # Errors
///
/// It cannot be read, or has more bytes than this.
pub(crate) fn read_or_stdin(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    match path.as_os_str() == "-" {
        true => read_from(io::stdin().lock(), limit),
        false => read(path, limit),
    }
}

fn read_from(from: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(limit + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > limit {
        true => Err(io::Error::other(format!("it has more than {limit} bytes"))),
        false => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_more_than_its_bound_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "12345").unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"12345");
        let error = read(&path, 4).unwrap_err();
        assert_eq!(error.to_string(), "it has more than 4 bytes");
    }

    #[cfg(unix)]
    #[test]
    fn what_never_ends_is_refused() {
        assert!(read(Path::new("/dev/zero"), 1000).is_err());
    }
}
