//! Text as HTML: nothing of it is markup, and nothing of it turns the rest of the line around.

use crate::terminal::is_unseen;

/// The text between two tags. Invisible characters are written out, so that a reader sees them.
pub(super) fn escape_text(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\t' => html.push(character),
            character if is_unseen(character) => {
                let code = u32::from(character);
                html.push_str(&format!("<span class=\"unseen\">U+{code:04X}</span>"));
            }
            character => push_escaped(&mut html, character),
        }
    }
    html
}

/// The value of an attribute, in double quotes; invisible characters are left out.
pub(super) fn escape_attribute(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    let seen = text.chars().filter(|character| !is_unseen(*character));
    seen.for_each(|character| push_escaped(&mut html, character));
    html
}

fn push_escaped(html: &mut String, character: char) {
    match character {
        '&' => html.push_str("&amp;"),
        '<' => html.push_str("&lt;"),
        '>' => html.push_str("&gt;"),
        '"' => html.push_str("&quot;"),
        '\'' => html.push_str("&#39;"),
        character => html.push(character),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_text() {
        let markup = "</title><script>alert('1' & \"2\")</script>";
        let escaped =
            "&lt;/title&gt;&lt;script&gt;alert(&#39;1&#39; &amp; &quot;2&quot;)&lt;/script&gt;";
        assert_eq!(escape_text(markup), escaped);
        assert_eq!(escape_attribute(markup), escaped);
    }

    #[test]
    fn what_is_not_seen_is_written_out() {
        let unseen = "a\u{202e}b\u{7}\n\u{7eb8} \u{1f469}\u{200d}\u{1f680}";
        let html = "a<span class=\"unseen\">U+202E</span>b<span class=\"unseen\">U+0007</span>\n\
                    \u{7eb8} \u{1f469}\u{200d}\u{1f680}";
        assert_eq!(escape_text(unseen), html);
        assert_eq!(
            escape_attribute(unseen),
            "ab\u{7eb8} \u{1f469}\u{200d}\u{1f680}"
        );
    }
}
