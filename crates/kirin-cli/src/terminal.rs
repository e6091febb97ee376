//! Text on its way to a terminal.

use std::{
    io::{self, Write},
    path::Path,
};

use kirin_client::without_url_queries;

use crate::url_path;

/// Lines on stderr, without what must not reach a terminal, and without the signatures of URLs. A
/// closed stderr is not a failure, and no reason to panic.
pub(crate) fn print_stderr(lines: &str) {
    print_styled_stderr("", lines);
}

/// The same, after words of our own that may have colors.
pub(crate) fn print_styled_stderr(start: &str, lines: &str) {
    let lines = without_url_queries(&printable_lines(lines));
    let _ = writeln!(io::stderr().lock(), "{start}{lines}");
}

/// The text without control characters but line ends.
pub(crate) fn printable_lines(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(printable).collect();
    lines.join("\n")
}

/// The text without control characters: an answer must not move the cursor, set the clipboard,
/// or turn the direction in which the rest of the line is read.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .filter(|character| !is_unseen(*character))
        .collect()
}

/// Control characters, line separators and what Unicode calls bidirectional controls.
pub(crate) fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text as one word of a command line: an id came from a server, and must not be more than
/// an id when the command is copied.
pub(crate) fn shell_word(text: &str) -> String {
    let text = printable(text);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.,:/@%+=".contains(&byte);
    match !text.is_empty() && text.bytes().all(plain) {
        true => text,
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

/// A status word, with the reason where one came with it.
pub(crate) fn status_text(status: Option<&str>, reason: Option<&str>) -> String {
    let status = status.unwrap_or("nothing");
    match reason {
        Some(reason) => format!("{status}: {}", without_url_queries(reason)),
        None => status.into(),
    }
}

/// The text as a link to a file (OSC 8). Its URL is plain ASCII, whatever the path is.
pub(crate) fn file_link(absolute: &Path, text: &str) -> String {
    let path = url_path::encode_path(absolute);
    format!(
        "\u{1b}]8;;file://{path}\u{1b}\\{}\u{1b}]8;;\u{1b}\\",
        printable(text)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_left_out() {
        for (text, shown) in [
            ("a\u{1b}[31mb\u{7}\r\n", "a[31mb"),
            ("a\u{9b}b", "ab"),
            ("a\u{202e}b\u{2069}c", "abc"),
            ("\u{7eb8}\u{8239} \u{1f600}", "\u{7eb8}\u{8239} \u{1f600}"),
        ] {
            assert_eq!(printable(text), shown, "{text:?}");
        }
    }

    #[test]
    fn a_link_says_no_more_than_its_path() {
        let shown = file_link(
            Path::new("/a b/\u{1b}\\fo\u{e9}.mp4"),
            "fo\u{e9}\u{1b}[31m.mp4",
        );
        let url = "file:///a%20b/%1B%5Cfo%C3%A9.mp4";
        let expected = format!("\u{1b}]8;;{url}\u{1b}\\fo\u{e9}[31m.mp4\u{1b}]8;;\u{1b}\\");
        assert_eq!(shown, expected);
    }

    #[test]
    fn shell_words_are_one_word() {
        for (text, word) in [
            ("d5u5obte8783ap44qtj0", "d5u5obte8783ap44qtj0"),
            ("out/fox.mp4", "out/fox.mp4"),
            ("x; rm -rf ~", "'x; rm -rf ~'"),
            ("it's", "'it'\\''s'"),
            ("", "''"),
        ] {
            assert_eq!(shell_word(text), word, "{text:?}");
        }
    }
}
