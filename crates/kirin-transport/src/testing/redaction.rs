//! What must not be kept: keys, cookies, and the queries of URLs, which sign them.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};

/// What stands where a secret stood.
const REMOVED: &str = "removed";

/// Headers whose whole value is a secret.
const SECRET_HEADERS: [HeaderName; 4] = [
    header::AUTHORIZATION,
    header::COOKIE,
    header::PROXY_AUTHORIZATION,
    header::SET_COOKIE,
];

/// Removes the secrets of one exchange, which its request tells.
#[derive(Clone, Debug, Default)]
pub(super) struct Redaction {
    /// The words that the request's secret headers hold; empty ones are left out.
    words: Vec<Secret>,
}

/// A word that Debug does not show.
#[derive(Clone)]
struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Secret(hidden)")
    }
}

impl Redaction {
    /// Learns the secrets of a request.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let secret = |(name, value): (&HeaderName, &HeaderValue)| {
            let known = SECRET_HEADERS.contains(name) || value.is_sensitive();
            known.then(|| String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let values = headers.iter().filter_map(secret);
        // `Bearer KEY`: the key is the word, and it may come back alone.
        let words = values.flat_map(|value| {
            let words = value.split_ascii_whitespace().map(str::to_owned);
            words.collect::<Vec<_>>()
        });
        let is_scheme =
            |word: &str| word.eq_ignore_ascii_case("bearer") || word.eq_ignore_ascii_case("basic");
        let words = words.filter(|word| !is_scheme(word));
        Self {
            words: words.map(Secret).collect(),
        }
    }

    /// A header's value as it may be kept.
    pub(super) fn header(&self, name: &HeaderName, value: &HeaderValue) -> String {
        if SECRET_HEADERS.contains(name) || value.is_sensitive() {
            return REMOVED.to_owned();
        }
        self.text(&String::from_utf8_lossy(value.as_bytes()))
    }

    /// A URL as it may be kept.
    pub(super) fn url(&self, uri: &Uri) -> String {
        self.text(&uri.to_string())
    }

    /// A body as it may be kept: what is text is searched as text, and all of it for the words.
    pub(super) fn body(&self, bytes: &Bytes) -> Bytes {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.text(text).into(),
            Err(_) => self.words.iter().fold(bytes.clone(), |bytes, word| {
                replaced(&bytes, word.0.as_bytes()).into()
            }),
        }
    }

    /// A text as it may be kept.
    pub(super) fn text(&self, text: &str) -> String {
        let text = without_queries(text);
        let words = self.words.iter();
        words.fold(text, |text, word| text.replace(&word.0, REMOVED))
    }
}

fn replaced(bytes: &[u8], word: &[u8]) -> Vec<u8> {
    let (mut kept, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        if bytes[at..].starts_with(word) {
            kept.extend_from_slice(REMOVED.as_bytes());
            at += word.len();
        } else {
            kept.push(bytes[at]);
            at += 1;
        }
    }
    kept
}

/// Replaces the query of every URL in the text, and the name and password before its host. The
/// text may be JSON, so that a slash, a question mark and an ampersand may be escaped.
fn without_queries(text: &str) -> String {
    let (mut kept, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(start) = ["://", r":\/\/"]
        .iter()
        .filter_map(|mark| rest.find(mark).map(|at| at + mark.len()))
        .min()
    {
        let (before, after) = rest.split_at(start);
        kept.push_str(before);
        let ends = |character: char| {
            character.is_whitespace() || matches!(character, '"' | '\'' | '<' | '>' | '`')
        };
        let end = after.find(ends).unwrap_or(after.len());
        // A backslash before the end belongs to a quotation mark.
        let end = after[..end].trim_end_matches('\\').len();
        kept.push_str(&without_query(&after[..end]));
        rest = &after[end..];
    }
    kept + rest
}

/// The same for what stands behind a URL's scheme.
fn without_query(url: &str) -> String {
    let query = ["?", r"\u003f", r"\u003F"]
        .iter()
        .filter_map(|mark| url.find(mark))
        .min();
    let (place, query) = url.split_at(query.unwrap_or(url.len()));
    let host_ends = place.find(['/', '\\']).unwrap_or(place.len());
    let place = match place[..host_ends].rfind('@') {
        Some(at) => format!("{REMOVED}{}", &place[at..]),
        None => place.to_owned(),
    };
    match query {
        "" => place,
        _ => format!("{place}?{REMOVED}"),
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
            HeaderValue::from_static("Bearer k3y"),
        );
        let mut marked = HeaderValue::from_static("t0ken");
        marked.set_sensitive(true);
        headers.insert("x-marked", marked);
        let redaction = Redaction::of(&headers);
        assert_eq!(
            redaction.text("Bearer k3y, t0ken"),
            "Bearer removed, removed"
        );
        for name in ["authorization", "x-marked"] {
            let name = HeaderName::from_static(name);
            assert_eq!(redaction.header(&name, &headers[&name]), "removed");
        }
        let name = HeaderName::from_static("x-echo");
        let echo = HeaderValue::from_static("k3y?");
        assert_eq!(redaction.header(&name, &echo), "removed?");
        let binary = Bytes::from_static(b"\xffk3y\xff");
        assert_eq!(redaction.body(&binary), &b"\xffremoved\xff"[..]);
        assert!(!format!("{redaction:?}").contains("k3y"));
    }
}
