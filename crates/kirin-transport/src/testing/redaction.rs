//! What must not be kept: keys, cookies, and the queries of URLs, which sign them.
//!
//! Everything is searched as characters of one byte each, so that no byte of a body is changed that
//! is not removed, whether the body is text or not.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};

use crate::escapes;

/// What stands where a secret stood.
const REMOVED: &str = "removed";

/// Headers whose whole value is a secret.
const SECRET_HEADERS: [HeaderName; 4] = [
    header::AUTHORIZATION,
    header::COOKIE,
    header::PROXY_AUTHORIZATION,
    header::SET_COOKIE,
];

/// A part of a header that is shorter is no secret, but may be a part of anything.
const SHORTEST_SECRET: usize = 6;

/// Removes the secrets of one exchange, which its secret headers tell.
#[derive(Clone, Default)]
pub(super) struct Redaction {
    /// The longest first, so that none hides a part of another.
    words: Vec<String>,
}

impl fmt::Debug for Redaction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Redaction")
    }
}

impl Redaction {
    /// Learns the secrets of a request.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut redaction = Self::default();
        redaction.learn(headers);
        redaction
    }

    /// Learns the secrets of an answer too.
    pub(super) fn learn(&mut self, headers: &HeaderMap) {
        for (_, value) in headers
            .iter()
            .filter(|(name, value)| is_secret(name, value))
        {
            let value = characters(value.as_bytes());
            // `Bearer KEY`, `name=value; name=value`: the parts may come back alone.
            let parts = value.split([' ', ';', ',']);
            let parts = parts.flat_map(|part| [Some(part), part.split_once('=').map(|it| it.1)]);
            for part in parts.flatten().filter(|part| part.len() >= SHORTEST_SECRET) {
                self.words.push(part.to_owned());
            }
        }
        let schemes = ["bearer", "digest", "negotiate"];
        let is_scheme = |word: &String| schemes.contains(&word.to_ascii_lowercase().as_str());
        self.words.retain(|word| !is_scheme(word));
        self.words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        self.words.dedup();
    }

    /// A header's value as it may be kept.
    pub(super) fn header(&self, name: &HeaderName, value: &HeaderValue) -> String {
        if is_secret(name, value) {
            return REMOVED.to_owned();
        }
        let kept = self.characters(&characters(value.as_bytes()));
        String::from_utf8_lossy(&bytes(&kept)).into_owned()
    }

    /// A URL as it may be kept.
    pub(super) fn url(&self, uri: &Uri) -> String {
        self.text(&uri.to_string())
    }

    /// A body as it may be kept.
    pub(super) fn body(&self, body: &Bytes) -> Bytes {
        bytes(&self.characters(&characters(body))).into()
    }

    /// A text as it may be kept.
    pub(super) fn text(&self, text: &str) -> String {
        let kept = self.characters(&characters(text.as_bytes()));
        String::from_utf8_lossy(&bytes(&kept)).into_owned()
    }

    fn characters(&self, text: &str) -> String {
        let text = without_queries(text);
        let words = self.words.iter();
        words.fold(text, |text, word| {
            let text = text.replace(word, REMOVED);
            let hidden = escapes::hide(&bytes(&text), word.as_bytes(), REMOVED.as_bytes());
            hidden.map_or(text, |hidden| characters(&hidden))
        })
    }
}

fn is_secret(name: &HeaderName, value: &HeaderValue) -> bool {
    SECRET_HEADERS.contains(name) || value.is_sensitive()
}

/// Each byte as the character of its number.
fn characters(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// The way back; characters above 255 do not come up.
fn bytes(characters: &str) -> Vec<u8> {
    let numbers = characters.chars().map(u32::from);
    numbers
        .filter_map(|number| u8::try_from(number).ok())
        .collect()
}

/// Replaces the query and the fragment of everything that looks like a URL or a path, and the name
/// and password before a host. The text may be JSON, so that slashes and marks may be escaped.
fn without_queries(text: &str) -> String {
    let ends = |character: char| {
        character.is_ascii_whitespace() || matches!(character, '"' | '<' | '>' | '`')
    };
    let mut kept = String::with_capacity(text.len());
    for piece in text.split_inclusive(ends) {
        let place = piece.trim_end_matches(ends);
        // A backslash before a quotation mark belongs to the mark.
        let place = place.trim_end_matches('\\');
        kept.push_str(&without_query(place));
        kept.push_str(&piece[place.len()..]);
    }
    kept
}

/// How a slash may be written, and what begins a query or a fragment.
const SLASHES: [&str; 5] = ["/", r"\u002f", r"\u002F", "%2f", "%2F"];
const MARKS: [&str; 8] = [
    "?", r"\u003f", r"\u003F", "%3f", "%3F", "#", "%23", r"\u0023",
];

fn without_query(place: &str) -> String {
    let Some(slash) = first_of(&SLASHES, place) else {
        return place.to_owned();
    };
    let end = first_of(&MARKS, &place[slash..]).map_or(place.len(), |mark| slash + mark);
    let kept = without_credentials(&place[..end]);
    // A mark at the very end asks nothing.
    if place[end..].len() <= 1 {
        return format!("{kept}{}", &place[end..]);
    }
    format!("{kept}?{REMOVED}")
}

fn first_of(marks: &[&str], text: &str) -> Option<usize> {
    marks.iter().filter_map(|mark| text.find(mark)).min()
}

fn without_credentials(place: &str) -> String {
    let Some(scheme) = place.find("://").or_else(|| place.find(r":\/\/")) else {
        return place.to_owned();
    };
    let host =
        scheme + place[scheme..].len() - place[scheme..].trim_start_matches([':', '/', '\\']).len();
    let host_ends = place[host..]
        .find(['/', '\\'])
        .map_or(place.len(), |at| host + at);
    match place[host..host_ends].rfind('@') {
        Some(at) => format!("{}{REMOVED}{}", &place[..host], &place[host + at..]),
        None => place.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(Redaction::default().text(text), expected);
    }

    #[test]
    fn queries_and_credentials_of_urls_are_removed_wherever_they_stand() {
        check("no URL? none at all", "no URL? none at all");
        check("https://a.test/b.mp4", "https://a.test/b.mp4");
        check("https://a.test/b?c=d", "https://a.test/b?removed");
        check(
            "see https://a.test/?s=1, then",
            "see https://a.test/?removed then",
        );
        check(
            r#"{"url":"https://a.test/b?s=1","size":"2"}"#,
            r#"{"url":"https://a.test/b?removed","size":"2"}"#,
        );
        check(
            r#"{"a":"http://a.test/?s","b":"https://b.test?t"}"#,
            r#"{"a":"http://a.test/?removed","b":"https://b.test?removed"}"#,
        );
        check("https://me:word@a.test/b", "https://removed@a.test/b");
    }

    #[test]
    fn no_spelling_of_a_url_hides_its_query() {
        for (text, expected) in [
            // An apostrophe stands in queries that sign the name of a file.
            (
                "https://a.test/b?n=UTF-8''v.mp4&s=1",
                "https://a.test/b?removed",
            ),
            ("/b?s=1", "/b?removed"),
            ("//a.test/b?s=1", "//a.test/b?removed"),
            ("https://a.test/b#token=1", "https://a.test/b?removed"),
            (
                "to=https%3A%2F%2Fa.test%3Fs%3D1",
                "to=https%3A%2F%2Fa.test?removed",
            ),
            (
                r#"{"url":"https:\u002f\u002fa.test\u002fb?s=1"}"#,
                r#"{"url":"https:\u002f\u002fa.test\u002fb?removed"}"#,
            ),
            (
                "ein Drachen \u{9f99} https://a.test/\u{9f99}?s=1 ende",
                "ein Drachen \u{9f99} https://a.test/\u{9f99}?removed ende",
            ),
        ] {
            check(text, expected);
        }
        // What is cut within a character is no text, and is searched all the same.
        let cut = Bytes::from_static(b"{\"a\":\"https://a.test/?s=1\",\"b\":\"\xe9\xbe");
        let kept = Redaction::default().body(&cut);
        assert_eq!(
            kept,
            &b"{\"a\":\"https://a.test/?removed\",\"b\":\"\xe9\xbe"[..]
        );
    }

    #[test]
    fn escapes_of_json_hide_no_query() {
        check(
            r#"{"url":"https:\/\/a.test\/b?s=1\u0026t=2"}"#,
            r#"{"url":"https:\/\/a.test\/b?removed"}"#,
        );
        check(
            r#"{"url":"https://a.test/b\u003fs=1"}"#,
            r#"{"url":"https://a.test/b?removed"}"#,
        );
        check(
            r#"{"text":"{\"url\":\"https://a.test/b?s=1\"}"}"#,
            r#"{"text":"{\"url\":\"https://a.test/b?removed\"}"}"#,
        );
    }

    #[test]
    fn what_a_request_keeps_secret_is_removed_from_everything() {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::AUTHORIZATION,
            HeaderValue::from_static("Bearer k3y/k3y"),
        );
        let mut marked = HeaderValue::from_static("t0kent0ken");
        marked.set_sensitive(true);
        headers.insert("x-marked", marked);
        headers.insert(
            header::COOKIE,
            HeaderValue::from_static("session=abcdef; t=1"),
        );
        let redaction = Redaction::of(&headers);
        assert_eq!(
            redaction.text("Bearer k3y/k3y, t0kent0ken, abcdef, 1"),
            "Bearer removed, removed, removed, 1"
        );
        assert_eq!(redaction.text(r"k3y\/k3y k3y%2Fk3y"), "removed removed");
        for name in ["authorization", "x-marked"] {
            let name = HeaderName::from_static(name);
            assert_eq!(redaction.header(&name, &headers[&name]), "removed");
        }
        let name = HeaderName::from_static("x-echo");
        let echo = HeaderValue::from_static("k3y/k3y!");
        assert_eq!(redaction.header(&name, &echo), "removed!");
        let binary = Bytes::from_static(b"\xffk3y/k3y\xff");
        assert_eq!(redaction.body(&binary), &b"\xffremoved\xff"[..]);
        assert!(!format!("{redaction:?}").contains("k3y"));
    }

    /// A terminal, or whoever decodes what was kept, puts it together again.
    #[test]
    fn what_a_request_keeps_secret_is_removed_however_it_is_escaped() {
        let mut headers = HeaderMap::new();
        let key = HeaderValue::from_static("Bearer k3y/k3y");
        headers.insert(header::AUTHORIZATION, key);
        let redaction = Redaction::of(&headers);
        for text in [
            "k3y\u{202e}/k3y",
            "k3y\u{1}/\u{200b}k3y",
            "k3y&#x2F;k3y",
            "k3y&amp;sol;k3y",
            r"\\u006b3y\\\/k3y",
            "k3y%252Fk3y",
            r"k3y\u0025\u0032Fk3y",
        ] {
            assert_eq!(redaction.text(&format!("a {text} b")), "a removed b");
        }
    }
}
