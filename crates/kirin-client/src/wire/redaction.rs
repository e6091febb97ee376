//! The key, taken out of what the server repeats.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use kirin_transport::escapes;

/// Shorter keys are no secrets, only words that an answer may hold by chance.
const SHORTEST_SECRET: usize = 8;

/// What replaces the key.
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
    match key.len() < SHORTEST_SECRET {
        true => None,
        false => escapes::hide(text, key, HIDDEN),
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

    /// A terminal, or a page, puts it together again.
    #[test]
    fn the_key_is_hidden_however_it_is_shown() {
        let key = "sk-12&\"34";
        for text in [
            "sk-\u{1}12&\"34",
            "sk-1\u{202e}2&\"3\u{200b}4",
            "sk-12\u{7f}\u{feff}&\"34",
            r#"sk-1\n2&\"34"#,
            r#"sk-1\u00002&\u2066\"34"#,
            "sk-12&amp;&quot;34",
            "sk-12&#38;&#x22;34",
            "sk-12&amp;amp;&amp;#34;34",
            r#"sk-12&\\\"34"#,
            r#"\\u0073k-12\\u0026\\\"34"#,
            "sk%2d12%26%2234",
            "sk%252d12%2526%25252234",
            "sk-1%002%26%2234",
            "sk-&#8238;12&amp;&quot;34",
        ] {
            check(key, &format!("a {text} b"), "a (hidden) b");
        }
        check("sk-%2512", "sk-%2512", "(hidden)");
        // What is in front of it stays.
        check(key, "a\u{1}sk-12&\"34", "a\u{1}(hidden)");
    }

    /// Each of these was shown whole once, since what is left out of a text that is shown was taken out after
    /// the key was looked for, or since one escape stood within another one.
    #[test]
    fn the_key_is_hidden_as_it_will_be_shown() {
        let key = "sk-12/34&56";
        for text in [
            "sk-12\u{180e}/34&56",
            "sk-12/\u{34f}34&56",
            "sk-12/34\u{e0020}&56",
            r"sk\u002d12%2f34\u002656",
            r"sk-12\u00252f34\u0026amp;56",
            r"sk-12\\\u002f34&56",
            "sk&#37;2d12/34&56",
            "sk%26%2345%3b12/34&56",
            "sk&#92;u002d12/34&56",
        ] {
            check(key, &format!("a {text} b"), "a (hidden) b");
        }
        check("sk_01234", "sk&lowbar;01234", "(hidden)");
        check("sk-01234", "sk&#00000000000000045;01234", "(hidden)");
    }

    /// A server may send nothing but what begins an escape; each byte of it is looked at a few times.
    #[test]
    fn what_only_begins_an_escape_takes_no_longer_than_any_text() {
        let key = "sk-0123456789";
        for piece in ["\\", "%25", "&amp;", "s\u{1}", "\\u0073"] {
            let text = piece.repeat((1 << 18) / piece.len());
            check(key, &text, &text);
        }
    }

    #[test]
    fn a_word_is_no_secret() {
        check("any-key", "any-key", "any-key");
        check("any-key1", "any-key1", "(hidden)");
    }
}
