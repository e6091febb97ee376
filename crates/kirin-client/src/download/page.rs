//! What is certainly no video, by its first bytes.

use super::{container::is_box, matroska};

/// So many of the first bytes are looked at.
const LOOKED_AT: usize = 512;

/// So many are enough to know it: a box has its name by then.
const ENOUGH: usize = 8;

/// The first bytes of an output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Beginning(Vec<u8>);

/// What was sent in the place of a video, by whom a proxy or a store was asked: in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    Html,
    Json,
    Svg,
    Xml,
}

impl Beginning {
    pub(super) fn feed(&mut self, data: &[u8]) {
        let room = LOOKED_AT - self.0.len();
        self.0.extend_from_slice(&data[..data.len().min(room)]);
    }

    /// What it is, if that is certain: text that begins as a page or a JSON does. A video has bytes
    /// that no text has, among its first ones.
    pub(super) fn page(&self) -> Option<Page> {
        let is_enough = self.0.len() >= ENOUGH;
        is_enough.then(|| self.page_if_all())?
    }

    /// The same, where nothing follows.
    pub(super) fn page_if_all(&self) -> Option<Page> {
        if is_box(&self.0) {
            return None;
        }
        let text = text(&self.0)?.to_ascii_lowercase();
        let mut characters = text.trim_start().chars();
        let (first, rest) = (characters.next()?, characters.as_str());
        let next = rest.trim_start().chars().next();
        match (first, next) {
            ('<', Some('!' | '?' | '/' | 'a'..='z')) => Some(markup(&text)),
            ('{', None | Some('"' | '}')) => Some(Page::Json),
            ('[', None | Some('"' | ']' | '{' | '[' | '-' | '0'..='9')) => Some(Page::Json),
            _ => None,
        }
    }

    /// Whether it begins as Matroska and WebM do.
    pub(super) fn is_matroska(&self) -> bool {
        self.0.starts_with(&matroska::MAGIC)
    }
}

impl Page {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Html => "a page of HTML",
            Self::Json => "JSON",
            Self::Svg => "a drawing in SVG",
            Self::Xml => "XML",
        }
    }
}

fn markup(text: &str) -> Page {
    match text {
        _ if text.contains("<svg") => Page::Svg,
        _ if text.contains("<html") || text.contains("<!doctype html") => Page::Html,
        _ if text.contains("<?xml") || text.contains("xmlns") => Page::Xml,
        _ => Page::Html,
    }
}

/// The bytes as text: without a mark of their order before them, and nothing but text. A character may
/// be cut at the end.
fn text(bytes: &[u8]) -> Option<String> {
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into(),
        // Text in other alphabets has bytes that are no UTF-8, and no control characters either.
        _ => String::from_utf8_lossy(bytes).into_owned(),
    };
    let is_text = |character: char| !character.is_control() || "\t\n\r\u{c}".contains(character);
    text.chars().all(is_text).then_some(text)
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units: Vec<u16> = bytes.as_chunks().0.iter().copied().map(unit).collect();
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: Option<Page>) {
        for piece in [1, 7, 1000] {
            let mut beginning = Beginning::default();
            bytes.chunks(piece).for_each(|piece| beginning.feed(piece));
            assert_eq!(beginning.page_if_all(), expected, "{bytes:?}");
            let is_enough = bytes.len() >= ENOUGH;
            assert_eq!(
                beginning.page(),
                expected.filter(|_| is_enough),
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn pages_are_known_by_their_first_bytes() {
        check(b"<!DOCTYPE html><html>", Some(Page::Html));
        check(b"\r\n\t <HTML lang=en>", Some(Page::Html));
        check(b"\xef\xbb\xbf<html></html>", Some(Page::Html));
        check(
            b"<center>503 Service Unavailable</center>",
            Some(Page::Html),
        );
        check(b"<html>\xe9t\xe9</html>", Some(Page::Html));
        check(
            b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code>",
            Some(Page::Xml),
        );
        check(
            b"<Error xmlns=\"urn:s3\"><Code>NoSuchKey</Code></Error>",
            Some(Page::Xml),
        );
        check(
            b"<?xml version=\"1.0\"?><svg width=\"1\"/>",
            Some(Page::Svg),
        );
        check(b"{}", Some(Page::Json));
        check(b"{\n  \"message\": \"not found\"}", Some(Page::Json));
        check(b"[{\"error\": 1}]", Some(Page::Json));
        check(b"\xff\xfe<\0h\0t\0m\0l\0>\0", Some(Page::Html));
        check(b"\xfe\xff\0<\0h\0t\0m\0l\0>", Some(Page::Html));
        let long = [&b"<p>"[..], &[b'x'; 1000], &[0; 10]].concat();
        check(&long, Some(Page::Html));
    }

    #[test]
    fn nothing_that_a_player_plays_is_taken_for_a_page() {
        check(b"\0\0\0\x18ftypmp42\0\0\0\0", None);
        // A QuickTime film whose first box has a length that reads as text.
        check(b"<abcmdat\0\0\0\x01", None);
        check(b"{\"ammdat123456", None);
        check(b"[123mdat\xff\xfb", None);
        check(b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01", None);
        check(b"<!ab\x47@\0\x10\0\0\xb0\r", None);
        check(b"RIFF\x10\0\0\0AVI LIST", None);
        check(b"ID3\x04\0\0\0\0\0\0", None);
        check(b"YUV4MPEG2 W320 H240", None);
        check(b"[Script Info]", None);
        check(b"< 1 and 2 >", None);
        check(b"#EXTM3U\n#EXT-X-VERSION:3\n", None);
        check(b"Access denied", None);
        check(b"", None);
    }
}
