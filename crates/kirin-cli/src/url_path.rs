//! Paths of files in URLs, byte by byte.

use std::{ffi::OsStr, path::Path};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

/// The characters that RFC 3986 calls unreserved stay, so that no name is read as a scheme, a query or a fragment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

const PATH: &AsciiSet = &SEGMENT.remove(b'/');

/// A file name as one segment.
pub(crate) fn encode_segment(name: &OsStr) -> String {
    percent_encode(name.as_encoded_bytes(), SEGMENT).to_string()
}

/// A whole path.
pub(crate) fn encode_path(path: &Path) -> String {
    percent_encode(path.as_os_str().as_encoded_bytes(), PATH).to_string()
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
            assert_eq!(encode_segment(OsStr::new(name)), link, "{name}");
        }
    }
}
