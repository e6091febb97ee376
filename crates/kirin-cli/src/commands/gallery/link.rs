//! Relative URLs of files, as the page of one folder names the files of another.

use std::{ffi::OsStr, io, path::Path};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

/// What RFC 3986 calls unreserved stays; so no name is read as a scheme, a query or a fragment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What leads from one folder to another, both of which exist: empty, or with `/` at the end.
pub(super) fn between(from: &Path, to: &Path) -> io::Result<String> {
    let (from, to) = (from.canonicalize()?, to.canonicalize()?);
    let (from, to): (Vec<_>, Vec<_>) = (from.components().collect(), to.components().collect());
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    if shared == 0 {
        return Err(io::Error::other("it is on another drive than the videos"));
    }
    let down = to[shared..]
        .iter()
        .map(|part| segment(part.as_os_str()) + "/");
    Ok("../".repeat(from.len() - shared) + &down.collect::<String>())
}

/// A file name as one segment of a URL, byte by byte.
pub(super) fn segment(name: &OsStr) -> String {
    percent_encode(name.as_encoded_bytes(), SEGMENT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_segment() {
        for (name, link) in [
            ("d5u5obte8783ap44qtj0.mp4", "d5u5obte8783ap44qtj0.mp4"),
            ("a#b?c%d\"e <f>.mp4", "a%23b%3Fc%25d%22e%20%3Cf%3E.mp4"),
            ("javascript:alert(1)", "javascript%3Aalert%281%29"),
            ("..\\x", "..%5Cx"),
            ("\u{7eb8}\u{8239}.mp4", "%E7%BA%B8%E8%88%B9.mp4"),
        ] {
            assert_eq!(segment(OsStr::new(name)), link, "{name}");
        }
    }

    #[test]
    fn folders_lead_to_each_other() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        std::fs::create_dir_all(at("pages/new")).unwrap();
        std::fs::create_dir_all(at("my videos")).unwrap();
        for (from, to, link) in [
            ("my videos", "my videos", ""),
            (".", "my videos", "my%20videos/"),
            ("pages/new", "my videos", "../../my%20videos/"),
            ("pages/new", ".", "../../"),
        ] {
            assert_eq!(between(&at(from), &at(to)).unwrap(), link, "{from} to {to}");
        }
    }
}
