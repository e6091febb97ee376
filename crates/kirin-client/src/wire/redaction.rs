//! The key, taken out of what the server repeats.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};

/// Shorter keys are no secrets, only words that an answer may hold by chance.
const SHORTEST_SECRET: usize = 8;

/// What stands in the place of the key.
const HIDDEN: &[u8] = b"(hidden)";

/// A body, without the key.
pub(super) fn body(body: Bytes, key: &[u8]) -> Bytes {
    without(&body, key).map_or(body, Bytes::from)
}

/// Headers, without the key.
pub(super) fn headers(headers: &mut HeaderMap, key: &[u8]) {
    for value in headers.values_mut() {
        if let Some(redacted) = without(value.as_bytes(), key) {
            // Parts of a legal value and visible ASCII are a legal value.
            *value = HeaderValue::from_maybe_shared(Bytes::from(redacted)).expect("a legal value");
        }
    }
}

/// The text with the key replaced, or `None` where it does not stand.
fn without(text: &[u8], key: &[u8]) -> Option<Vec<u8>> {
    if key.len() < SHORTEST_SECRET {
        return None;
    }
    let mut redacted = None;
    let mut kept_from = 0;
    let mut at = 0;
    while at < text.len() {
        let Some(length) = key_length(&text[at..], key) else {
            at += 1;
            continue;
        };
        let redacted = redacted.get_or_insert_with(Vec::new);
        redacted.extend_from_slice(&text[kept_from..at]);
        redacted.extend_from_slice(HIDDEN);
        at += length;
        kept_from = at;
    }
    let mut redacted = redacted?;
    redacted.extend_from_slice(&text[kept_from..]);
    Some(redacted)
}

/// How long the key is at the beginning of the text, if it stands there.
fn key_length(text: &[u8], key: &[u8]) -> Option<usize> {
    key.iter().try_fold(0, |length, byte| {
        Some(length + byte_length(&text[length..], *byte)?)
    })
}

/// How long a byte is as it stands in JSON or in a URL: itself, behind a backslash, `\u002f` or `%2F`.
fn byte_length(text: &[u8], byte: u8) -> Option<usize> {
    let is = |digits: &[u8]| {
        let digits = str::from_utf8(digits).ok();
        digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()) == Some(byte.into())
    };
    match text {
        [b'\\', b'u', digits @ ..] if digits.get(..4).is_some_and(is) => Some(6),
        [b'\\', escaped, ..] if *escaped == byte => Some(2),
        [b'%', digits @ ..] if digits.get(..2).is_some_and(is) => Some(3),
        [plain, ..] if *plain == byte => Some(1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(key: &str, text: &str, expected: &str) {
        let redacted = body(Bytes::copy_from_slice(text.as_bytes()), key.as_bytes());
        assert_eq!(String::from_utf8_lossy(&redacted), expected);
    }

    #[test]
    fn the_key_is_hidden_wherever_it_stands() {
        let key = "sk-12/34";
        check(key, "", "");
        check(key, "sk-12", "sk-12");
        check(key, "no key sk-12/35", "no key sk-12/35");
        check(key, "sk-12/34", "(hidden)");
        check(key, "a sk-12/34, sk-12/34b", "a (hidden), (hidden)b");
        check(key, "sk-sk-12/34", "sk-(hidden)");
    }

    #[test]
    fn the_key_is_hidden_however_it_is_escaped() {
        let key = "sk-12/\"4";
        check(key, r#""sk-12/\"4""#, r#""(hidden)""#);
        check(key, r#""sk-12\/\"4""#, r#""(hidden)""#);
        check(key, r#""\u0073k-12\u002F\u00224""#, r#""(hidden)""#);
        check(key, "/login/sk%2d12%2F%224?a", "/login/(hidden)?a");
        check("100%2Fabc", "100%2Fabc", "(hidden)");
        check("a\\u0041bcd", "a\\u0041bcd", "(hidden)");
    }

    #[test]
    fn a_word_is_no_secret() {
        check("any-key", "any-key", "any-key");
        check("any-key1", "any-key1", "(hidden)");
    }
}
