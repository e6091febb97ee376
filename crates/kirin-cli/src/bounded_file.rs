//! Files that are read into memory, up to a bound: a path may lead to a file that never ends.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

/// The bytes of a file; an error if it has more than `limit`.
pub(crate) fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    read_from(File::open(path)?, limit)
}

/// The bytes of a file, or of stdin if the path is `-`; an error if there are more than `limit`.
pub(crate) fn read_or_stdin(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    match path.as_os_str() == "-" {
        true => read_from(io::stdin().lock(), limit),
        false => read(path, limit),
    }
}

/// The bytes of a file of lines, or of stdin if the path is `-`; an error if there are more than
/// `limit`, or more than
/// `line_limit` in one line. A file that never ends a line is not read for long.
pub(crate) fn read_lines_or_stdin(path: &Path, limit: u64, line_limit: u64) -> io::Result<Vec<u8>> {
    match path.as_os_str() == "-" {
        true => read_lines_from(io::stdin().lock(), limit, line_limit),
        false => read_lines_from(File::open(path)?, limit, line_limit),
    }
}

/// The bytes of a reader; an error if there are more than `limit`.
pub(crate) fn read_from(from: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(limit + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > limit {
        true => Err(io::Error::other(format!("it has more than {limit} bytes"))),
        false => Ok(bytes),
    }
}

fn read_lines_from(mut from: impl Read, limit: u64, line_limit: u64) -> io::Result<Vec<u8>> {
    /// How much is read at once.
    const PIECE: u64 = 64 * 1024;
    let mut bytes = Vec::new();
    let mut line = 0;
    loop {
        let read = from.by_ref().take(PIECE).read_to_end(&mut bytes)?;
        let piece = &bytes[bytes.len() - read..];
        line = match piece.iter().rposition(|byte| matches!(byte, b'\r' | b'\n')) {
            Some(end) => piece.len() - end - 1,
            None => line + piece.len(),
        };
        if bytes.len() as u64 > limit {
            return Err(io::Error::other(format!("it has more than {limit} bytes")));
        }
        if line as u64 > line_limit {
            let what = format!("a line of it has more than {line_limit} bytes");
            return Err(io::Error::other(what));
        }
        if read == 0 {
            return Ok(bytes);
        }
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
        let endless = Path::new("/dev/zero");
        assert!(read(endless, 1000).is_err());
        let error = read_lines_or_stdin(endless, 1 << 40, 1 << 20).unwrap_err();
        let said = "a line of it has more than 1048576 bytes";
        assert_eq!(error.to_string(), said);
    }

    #[test]
    fn lines_are_read_as_they_are_up_to_their_bound() {
        let read = |text: &str| read_lines_from(text.as_bytes(), 300_000, 100_000);
        let line = format!("{}\n", "a".repeat(99_999));
        for text in ["", "\n", "a\nb", &line, &line.repeat(3)] {
            assert_eq!(read(text).unwrap(), text.as_bytes());
        }
        for (text, problem) in [
            (
                "a".repeat(200_000),
                "a line of it has more than 100000 bytes",
            ),
            (line.repeat(4), "it has more than 300000 bytes"),
            (
                format!("\n{}", "a".repeat(200_000)),
                "a line of it has more than 100000 bytes",
            ),
        ] {
            assert_eq!(read(&text).unwrap_err().to_string(), problem);
        }
    }
}
