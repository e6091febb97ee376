use super::*;

/// The secret, written by one escape after the other.
fn written(secret: &str, ways: &[fn(&str) -> String]) -> String {
    ways.iter().fold(secret.into(), |text, way| way(&text))
}

fn each(text: &str, write: impl Fn(char) -> String) -> String {
    text.chars().map(write).collect()
}

fn json(text: &str) -> String {
    let escaped = text
        .replace('\\', r"\\")
        .replace('"', "\\\"")
        .replace('/', r"\/");
    escaped.replace(['&', '<'], r"\u0026")
}

fn json_numbers(text: &str) -> String {
    each(text, |it| format!("\\u{:04x}", u32::from(it)))
}

fn url(text: &str) -> String {
    each(text, |it| match it.is_ascii_alphanumeric() {
        true => it.into(),
        false => format!("%{:02X}", u32::from(it)),
    })
}

fn url_small(text: &str) -> String {
    each(text, |it| format!("%{:02x}", u32::from(it)))
}

fn html(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
    escaped.replace('"', "&quot;").replace('/', "&sol;")
}

fn html_numbers(text: &str) -> String {
    each(text, |it| format!("&#{};", u32::from(it)))
}

fn html_hexadecimal(text: &str) -> String {
    each(text, |it| format!("&#x{:X};", u32::from(it)))
}

#[test]
fn a_secret_is_hidden_in_every_three_escapes_within_each_other() {
    let ways: [fn(&str) -> String; 7] = [
        json,
        json_numbers,
        url,
        url_small,
        html,
        html_numbers,
        html_hexadecimal,
    ];
    for secret in ["sk-0123/45_6", "a\"b&c\\d%41e"] {
        for first in ways {
            for second in ways {
                for third in ways {
                    let text = format!("a {} b", written(secret, &[first, second, third]));
                    let hidden = hide(text.as_bytes(), secret.as_bytes(), b"(hidden)");
                    let hidden = hidden.map(|hidden| String::from_utf8(hidden).unwrap());
                    assert_eq!(hidden.as_deref(), Some("a (hidden) b"), "{text}");
                }
            }
        }
    }
}

/// Whatever is taken out before a text is shown, or is not seen there.
#[test]
fn a_secret_is_hidden_whatever_unseen_character_stands_in_it() {
    let secret = "sk-0123/45_6";
    let unseen = (0..0x11_0000).filter_map(char::from_u32);
    let unseen = unseen.filter(|it| it.is_control() || !it.is_ascii() && u32::from(*it) % 7 == 0);
    let known = [
        '\u{34f}', '\u{115f}', '\u{180e}', '\u{200b}', '\u{2066}', '\u{3164}', '\u{fe0f}',
        '\u{fff9}',
    ];
    for unseen in unseen
        .take(2000)
        .chain(known)
        .chain(['\u{e0001}', '\u{1d173}'])
    {
        let text = format!("sk-01{unseen}23{unseen}{unseen}/45_6");
        assert_eq!(
            hide(text.as_bytes(), secret.as_bytes(), b"").unwrap(),
            b"",
            "{unseen:?}"
        );
    }
    for unseen in [
        r"\u202e",
        r"\\u0000",
        "&#8238;",
        "&zwj;",
        "%E2%80%AE",
        "%00",
        r"\n",
        "\u{1b}",
        "&#1;",
    ] {
        let text = format!("sk-01{unseen}23/45_6");
        assert_eq!(
            hide(text.as_bytes(), secret.as_bytes(), b"").unwrap(),
            b"",
            "{unseen:?}"
        );
    }
    // Bytes that are no text are shown as U+FFFD, or not at all.
    assert_eq!(
        hide(b"sk-01\xff\xfe23/45_6\xff", secret.as_bytes(), b"").unwrap(),
        b"\xff"
    );
}

#[test]
fn what_is_no_secret_stays() {
    for text in [
        "",
        "sk-0123/45",
        "sk-0123 /45_6",
        "sk&#45;0123",
        "%",
        "&",
        "\\",
        "&#",
        "%u00",
        "\\u00",
    ] {
        assert_eq!(hide(text.as_bytes(), b"sk-0123/45_6", b""), None, "{text}");
    }
    assert_eq!(hide(b"text", b"", b"a"), None);
}

/// A server may send whatever begins an escape, and goes on for ever.
#[test]
fn no_text_takes_longer_than_in_proportion_to_its_length() {
    for piece in [
        "\\",
        "\\\\u0026amp;%25",
        "%25",
        "&amp;",
        "&#",
        "&#0",
        "&a",
        "s\u{1}",
        "\\u0073",
        "&#37;5C",
        "%26amp;\\u0025",
        "<",
        "sk-012345678 ",
        "\u{9b}",
        "\u{9d}s",
    ] {
        let text = piece.repeat((1 << 18) / piece.len());
        assert_eq!(hide(text.as_bytes(), b"sk-0123456789", b""), None);
    }
}

/// Its first character is taken out before it is shown, and the rest of it would part the secret.
#[test]
fn a_secret_is_hidden_with_a_sequence_for_a_terminal_inside() {
    for sequence in [
        "\u{1b}[0m",
        "\u{1b}[38;5;196m",
        "\u{1b}]0;title\u{7}",
        "\\u001b[2K",
        "\u{1b}]0;title\u{1b}\\",
        "\\u001b]0;title\\u001b\\\\",
        "\u{1b}(B\u{1b}[m",
        "\u{1b}P1$r0m\u{1b}\\",
        "\u{9b}0m",
        "\u{9b}38;5;196m",
        "\\u009b0m",
        "&#x9b;0m",
        "%C2%9B0m",
        "\u{9d}0;title\u{9c}",
        "\\u009d0;title\\u0007",
        "\u{90}1$r0m\u{9c}",
        "\u{9e}note\u{9c}",
        "\u{98}note\u{9c}",
        "\u{9f}note\u{9c}",
        "\u{1b}Xnote\u{1b}\\",
        "\u{1b}_note\u{1b}\\",
    ] {
        let text = format!("key sk-01{sequence}234.");
        let hidden = hide(text.as_bytes(), b"sk-01234", b"(hidden)").unwrap();
        assert_eq!(hidden, b"key (hidden).", "{sequence:?}");
    }
    // The backslash that ends a title begins no escape of JSON with what follows it.
    let text = b"key sk-01\x1b]0;title\x1b\\note.";
    let hidden = hide(text, b"sk-01note", b"(hidden)").unwrap();
    assert_eq!(hidden, b"key (hidden).");
}

const LONG: &str = "sk-0Hq7tV2mXw9LrB4cZk8Pd1uYs6";

#[track_caller]
fn check_long(written: &str) {
    let text = format!("a key: {written}, id 17");
    let hidden = hide(text.as_bytes(), LONG.as_bytes(), b"(hidden)");
    let hidden = hidden.map(|hidden| String::from_utf8(hidden).unwrap());
    assert_eq!(hidden.as_deref(), Some("a key: (hidden), id 17"), "{text}");
}

/// It is read across all of them, and put together again by whoever copies it.
#[test]
fn a_long_secret_is_hidden_whatever_else_stands_in_it() {
    for between in [
        " ",
        "\r\n    ",
        "\u{ad}",
        "&shy;",
        "<b>",
        "</b>",
        "<wbr>",
        "<br />",
        "<span class=\"key part\">",
        "&lt;wbr&gt;",
        "\\u003cwbr\\u003e",
        "...",
        "\", \"",
        "' + '",
        " [...] ",
        "\u{9b}1m",
        "\u{1b}c",
        "_",
        "0",
        "%20",
        "+",
        "\\",
        "\u{2026}",
        "<!-- -->",
    ] {
        for at in 1..LONG.len() {
            let (before, behind) = LONG.split_at(at);
            check_long(&format!("{before}{between}{behind}"));
        }
        let (first, rest) = LONG.split_at(9);
        let (second, third) = rest.split_at(8);
        check_long(&[first, second, third].join(between));
    }
    // Spaced out, as some write a number of a card.
    for between in [" ", "<b></b>", "\n", "-"] {
        check_long(
            &LONG.split("").collect::<Vec<_>>().join(between)
                [between.len()..LONG.len() * (between.len() + 1)],
        );
    }
}

#[test]
fn a_short_secret_is_hidden_with_tags_inside() {
    let text = "key sk-<b>01</b>2<wbr>34.";
    let hidden = hide(text.as_bytes(), b"sk-01234", b"(hidden)").unwrap();
    assert_eq!(hidden, b"key (hidden).");
    // What only looks like the beginning of a tag hides nothing of what is behind it.
    let text = "key < sk-<b>01</b>2<wbr>34.";
    let hidden = hide(text.as_bytes(), b"sk-01234", b"(hidden)").unwrap();
    assert_eq!(hidden, b"key < (hidden).");
}

/// What is like a secret, and what has its characters in another order or far apart, is none.
#[test]
fn no_text_is_hidden_where_no_secret_is() {
    let apart = LONG.replace('-', &format!("-{}", "x".repeat(100)));
    let reversed: String = LONG.chars().rev().collect();
    let other = LONG.replace("Hq7", "Gq7");
    let short = LONG.replacen("6", "", 1);
    let page = include_str!("../escapes.rs").repeat(8);
    for text in [apart, reversed, other, short, page] {
        assert_eq!(hide(text.as_bytes(), LONG.as_bytes(), b""), None);
    }
    // One character does not stand for two of the same.
    assert_eq!(hide(b"sk-012345", b"sk-0112345", b""), None);
    // What stands behind it, or between two of it, stays.
    let text = format!("{LONG}6 and 6, {LONG}");
    let hidden = hide(text.as_bytes(), LONG.as_bytes(), b"*").unwrap();
    assert_eq!(hidden, b"*6 and 6, *");
    // Up to twelve characters a secret stands as it is, or not at all.
    assert_eq!(hide(b"sk-01 23456789", b"sk-012345678", b""), None);
}

#[test]
fn what_stands_between_two_secrets_is_shown() {
    let secret = "sk-8fG2kLm9Qw4Zr7Tx1Yb6Nc3V";
    let text = format!(r#"{{"sent":"{secret}","id":"d5u5obte8783","by":"{secret}"}}"#);
    let hidden = hide(text.as_bytes(), secret.as_bytes(), b"(hidden)").unwrap();
    let hidden = String::from_utf8(hidden).unwrap();
    assert_eq!(
        hidden,
        r#"{"sent":"(hidden)","id":"d5u5obte8783","by":"(hidden)"}"#
    );
}

/// As a gateway does that passes on how it was asked: in base64 with whatever before and behind, or in digits.
#[test]
fn a_secret_is_hidden_in_other_digits() {
    use base64::{
        Engine as _,
        engine::general_purpose::{STANDARD, URL_SAFE},
    };

    for secret in [
        "sk-01234",
        "sk-~~~???>>>",
        "sk-0123456789abcdefghijklmnopqrstuvwxyz",
    ] {
        let shown = |text: &str| {
            let hidden = hide(text.as_bytes(), secret.as_bytes(), b"#").unwrap_or_default();
            String::from_utf8(hidden).unwrap()
        };
        for before in ["", "m", "me", "me:", "name:", "a name:"] {
            for behind in ["", "x", "xy", "xyz"] {
                let text = format!("{before}{secret}{behind}");
                for written in [STANDARD.encode(&text), URL_SAFE.encode(&text)] {
                    for way in [json, url, html, json_numbers] {
                        let said = format!("Basic {}!", way(&written));
                        let shown = shown(&said);
                        // A digit at each end is of its neighbours too.
                        let around =
                            before.len().div_ceil(3) * 4 + behind.len().div_ceil(3) * 4 + 8;
                        let is_hidden = shown.contains('#') && shown.len() < 7 + around * 6;
                        assert!(is_hidden, "{said}: {shown}");
                    }
                }
            }
        }
        let hexadecimal: String = secret.bytes().map(|it| format!("{it:02x}")).collect();
        assert_eq!(shown(&format!("0x{hexadecimal}.")), "0x#.");
        assert_eq!(shown(&hexadecimal.to_uppercase()), "#");
    }
    // By chance.
    assert_eq!(hide(b"736b2d303132 c2stMDEy", b"sk-012", b"#"), None);
}
