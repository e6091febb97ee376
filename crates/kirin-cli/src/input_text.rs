//! The text of a file that a person wrote, however their editor writes files.

use std::str;

/// Some editors put it before a text to mark it as UTF-8. It is not a part of the text.
const MARK: char = '\u{feff}';

/// The text of a file, without a byte order mark. If it is not UTF-8, the error says what it is
/// instead, as the rest of
/// a sentence about the file.
pub(crate) fn input_text(bytes: &[u8]) -> Result<&str, &'static str> {
    no_other_encoding(bytes)?;
    let text = str::from_utf8(bytes).map_err(|_| "is not UTF-8: save it as UTF-8")?;
    Ok(without_mark(text))
}

/// Refuses the encodings in which every second byte is zero, and what is not text at all. The error is the rest of a
/// sentence about the file.
pub(crate) fn no_other_encoding(bytes: &[u8]) -> Result<(), &'static str> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err("is UTF-16, and not UTF-8: save it as UTF-8");
    }
    match bytes.contains(&0) {
        true => Err("has zero bytes: it is no text, or UTF-16; save it as UTF-8"),
        false => Ok(()),
    }
}

/// The text without a byte order mark before it.
pub(crate) fn without_mark(text: &str) -> &str {
    text.trim_start_matches(MARK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_text() {
        for (bytes, text) in [
            (&b"a fox"[..], Ok("a fox")),
            (b"\xef\xbb\xbfa fox", Ok("a fox")),
            (b"\xef\xbb\xbf\xef\xbb\xbfa fox", Ok("a fox")),
            (b"", Ok("")),
            (b"\xff\xfea\0", Err("UTF-16")),
            (b"\xfe\xff\0a", Err("UTF-16")),
            (b"a\0 \0f\0", Err("zero bytes")),
            (b"a fo\xff", Err("not UTF-8")),
        ] {
            match (input_text(bytes), text) {
                (Ok(found), Ok(text)) => assert_eq!(found, text),
                (Err(found), Err(part)) => assert!(found.contains(part), "{found}"),
                (found, _) => panic!("{bytes:?}: {found:?}"),
            }
        }
    }
}
