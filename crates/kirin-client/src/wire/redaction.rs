//! The key, taken out of what the server repeats.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};

/// Shorter keys are no secrets, only words that an answer may hold by chance.
const SHORTEST_SECRET: usize = 8;

/// Most levels of an escape within an escape. What goes on for ever would be followed to its end from each of
/// its bytes.
const DEEPEST: usize = 4;

/// Most backslashes in front of what they escape: each level doubles them and adds one.
const MOST_BACKSLASHES: usize = (1 << DEEPEST) - 1;

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
        // Nearly every byte is neither the first of the key nor the beginning of an escape.
        let may_begin = text[at] == key[0] || b"\\%&".contains(&text[at]);
        let length = may_begin.then(|| key_length(&text[at..], key)).flatten();
        let Some(length) = length else {
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

/// How long the key is at the beginning of the text, if it stands there: in whatever escapes, and also with
/// characters inside that are left out where a text is shown.
fn key_length(text: &[u8], key: &[u8]) -> Option<usize> {
    // A byte may be read in several ways, so there may be several places where the next one begins.
    let mut ends = vec![0];
    for byte in key {
        let mut next = Vec::new();
        for end in ends {
            // What stands in front of the key belongs to the text.
            let skipped = if end == 0 { 0 } else { unseen(&text[end..]) };
            for start in [end, end + skipped] {
                let read = readings(&text[start..]);
                let fits = read.filter(|(character, _)| *character == char::from(*byte));
                next.extend(fits.map(|(_, length)| start + length));
            }
        }
        next.sort_unstable();
        next.dedup();
        if next.is_empty() {
            return None;
        }
        ends = next;
    }
    ends.last().copied()
}

/// How long the characters at the beginning of the text are that nobody sees.
fn unseen(text: &[u8]) -> usize {
    let mut length = 0;
    while let Some((_, found)) = readings(&text[length..]).find(|(found, _)| is_unseen(*found)) {
        length += found;
    }
    length
}

/// Control characters, and what Unicode has to join, part or turn the others around.
fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}

/// The first character of a text, with its length, as it stands there, and as it stands in JSON, in a URL
/// or in HTML, also where one of these is within another one of its kind.
fn readings(text: &[u8]) -> impl Iterator<Item = (char, usize)> {
    [plain(text), in_json(text), in_url(text), in_html(text)]
        .into_iter()
        .flatten()
}

fn plain(text: &[u8]) -> Option<(char, usize)> {
    let start = &text[..text.len().min(4)];
    let valid = match str::from_utf8(start) {
        Ok(valid) => valid,
        Err(error) => str::from_utf8(&start[..error.valid_up_to()]).ok()?,
    };
    let character = valid.chars().next()?;
    Some((character, character.len_utf8()))
}

/// `\/`, `\n` or `\u002f`, behind one backslash or several.
fn in_json(text: &[u8]) -> Option<(char, usize)> {
    let start = text.iter().take(MOST_BACKSLASHES + 1);
    let slashes = start.take_while(|byte| **byte == b'\\').count();
    let escaped = &text[slashes..];
    match (slashes, escaped) {
        (0, _) => None,
        (slashes, _) if slashes > MOST_BACKSLASHES => None,
        (_, [b'u', digits @ ..]) if hexadecimal(digits, 4).is_some() => {
            Some((hexadecimal(digits, 4)?, slashes + 5))
        }
        (_, [b'b' | b'f' | b'n' | b'r' | b't', ..]) => Some(('\n', slashes + 1)),
        (_, [byte, ..]) => Some((char::from(*byte), slashes + 1)),
        (_, []) => None,
    }
}

/// `%2F`, or `%252F`.
fn in_url(text: &[u8]) -> Option<(char, usize)> {
    let mut rest = text.strip_prefix(b"%")?;
    for _ in 1..DEEPEST {
        match rest.strip_prefix(b"25") {
            Some(again) if hexadecimal(again, 2).is_some() => rest = again,
            _ => break,
        }
    }
    let length = text.len() - rest.len() + 2;
    Some((hexadecimal(rest, 2)?, length))
}

/// `&#47;`, `&#x2f;` or `&amp;`, or `&amp;#47;`.
fn in_html(text: &[u8]) -> Option<(char, usize)> {
    let mut rest = text.strip_prefix(b"&")?;
    for _ in 1..DEEPEST {
        match rest.strip_prefix(b"amp;") {
            Some(again) if again.starts_with(b"#") || by_name(again).is_some() => rest = again,
            _ => break,
        }
    }
    let length = text.len() - rest.len();
    let (character, name) = by_name(rest).or_else(|| by_number(rest))?;
    Some((character, length + name))
}

/// A character that HTML has a name for, and how long the name is.
fn by_name(text: &[u8]) -> Option<(char, usize)> {
    const NAMES: [(&[u8], char); 5] = [
        (b"amp;", '&'),
        (b"apos;", '\''),
        (b"gt;", '>'),
        (b"lt;", '<'),
        (b"quot;", '"'),
    ];
    let (name, character) = NAMES.iter().find(|(name, _)| text.starts_with(name))?;
    Some((*character, name.len()))
}

/// The same by its number: `#47;` or `#x2f;`.
fn by_number(text: &[u8]) -> Option<(char, usize)> {
    let end = text.iter().take(10).position(|byte| *byte == b';')?;
    let number = str::from_utf8(text[..end].strip_prefix(b"#")?).ok()?;
    let number = match number.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None => number.parse().ok()?,
    };
    Some((char::from_u32(number)?, end + 1))
}

/// The character of this many hexadecimal digits.
fn hexadecimal(text: &[u8], digits: usize) -> Option<char> {
    let digits = text.get(..digits)?;
    let digits = str::from_utf8(digits)
        .ok()
        .filter(|_| digits.iter().all(u8::is_ascii_hexdigit))?;
    char::from_u32(u32::from_str_radix(digits, 16).ok()?)
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
