//! The one place where what differs from run to run is taken out of a text.

use std::path::Path;

/// The text without folders, ports, ids, tokens and times.
pub(crate) fn redacted(text: &str, folder: &Path) -> String {
    let text = text.replace(&*folder.to_string_lossy(), "[folder]");
    let mut shown = String::new();
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let length = rest
            .find(|character: char| !is_word(character))
            .unwrap_or(rest.len());
        let (word, after) = rest.split_at(length.max(first.len_utf8()));
        shown.push_str(&redacted_word(word, &shown, after));
        rest = after;
    }
    shown
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric()
}

/// Whether an unpredictable number of seconds follows.
fn is_time(before: &str) -> bool {
    before.ends_with("again in ") || before.ends_with(" USD settled; ")
}

fn redacted_word(word: &str, before: &str, after: &str) -> String {
    let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let xid = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'v').contains(&byte);
    let is_count =
        is_number && (after.starts_with(" %") || is_time(before) && after.starts_with(" s"));
    let replaced = if is_number && before.ends_with("127.0.0.1:") {
        "[port]"
    } else if is_count {
        "[n]"
    } else if word.len() == 32 && word.bytes().all(hex) {
        "[32 hexadecimal digits]"
    } else if word != crate::service::TASK && word.len() == 20 && word.bytes().all(xid) {
        "[task id]"
    } else if before.ends_with("sig=") || before.ends_with("signature=") {
        "[signature]"
    } else {
        word
    };
    replaced.into()
}
