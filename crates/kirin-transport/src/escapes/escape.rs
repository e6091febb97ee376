//! The ways to write a character by others.

use super::Reading;

/// A way to write characters by others.
pub(super) struct Escape {
    /// How each begins: with one of these.
    pub(super) marks: &'static [u8],
    pub(super) read: ReadEscape,
}

/// The character that an escape stands for, and its length behind the mark.
pub(super) type ReadEscape = fn(mark: u8, behind: &[u8]) -> Option<(u8, usize)>;

pub(super) const ESCAPES: [Escape; 4] = [
    Escape {
        marks: b"\\",
        read: in_json,
    },
    Escape {
        marks: b"%",
        read: in_url,
    },
    Escape {
        marks: b"&",
        read: in_html,
    },
    Escape {
        marks: b"\x1b\x90\x98\x9b\x9d\x9e\x9f",
        read: in_terminal,
    },
];

/// Begins what a terminal acts on and does not show.
const ESCAPE: u8 = 0x1b;

/// How long a sequence for a terminal, or a tag of HTML, may be.
pub(super) const LONGEST_SEQUENCE: usize = 256;

/// `\/`, `\n`, `\u002f`, or `\x2f` as scripts write it.
fn in_json(_: u8, text: &[u8]) -> Option<(u8, usize)> {
    match text {
        [b'u', digits @ ..] if hexadecimal(digits, 4).is_some() => {
            Some((hexadecimal(digits, 4)?, 5))
        }
        [b'x', digits @ ..] if hexadecimal(digits, 2).is_some() => {
            Some((hexadecimal(digits, 2)?, 3))
        }
        [b'b' | b'f' | b'n' | b'r' | b't', ..] => Some((b'\n', 1)),
        [other, ..] => Some((*other, 1)),
        [] => None,
    }
}

/// `%2F`, or `%u002F` as scripts wrote it once.
fn in_url(_: u8, text: &[u8]) -> Option<(u8, usize)> {
    match text {
        [b'u' | b'U', digits @ ..] => Some((hexadecimal(digits, 4)?, 5)),
        digits => Some((hexadecimal(digits, 2)?, 2)),
    }
}

/// `&#47;`, `&#x2f;` or `&sol;`; browsers do without the semicolon of a number, and of the oldest names.
fn in_html(_: u8, text: &[u8]) -> Option<(u8, usize)> {
    match text {
        [b'#', b'x' | b'X', digits @ ..] => by_number(digits, 16, 2),
        [b'#', digits @ ..] => by_number(digits, 10, 1),
        name => by_name(name),
    }
}

/// `ESC [ 0 m` or a title: once its first character is taken out, the rest of it would be seen. One character
/// stands for the first two of them, if it has the number of the second plus 0x40.
fn in_terminal(mark: u8, text: &[u8]) -> Option<(u8, usize)> {
    let (kind, before) = match mark {
        ESCAPE => (*text.first()?, 1),
        _ => (mark - 0x40, 0),
    };
    let rest = &text[before..text.len().min(LONGEST_SEQUENCE)];
    let end = |is_of_it: fn(u8) -> bool| Some(rest.iter().position(|it| !is_of_it(*it))? + 1);
    let length = match kind {
        b'[' => end(|it| (0x20..=0x3f).contains(&it))?,
        0x20..=0x2f => end(|it| (0x20..=0x2f).contains(&it))?,
        // A text of any characters, to the bell or to `ESC \\`.
        b'P' | b'X' | b']' | b'^' | b'_' => match end(|it| !matches!(it, 0x07 | ESCAPE | 0x9c))? {
            end if rest[end - 1] == ESCAPE => end + 1,
            end => end,
        },
        _ => return None,
    };
    Some((0, before + length))
}

fn by_number(text: &[u8], radix: u32, before: usize) -> Option<(u8, usize)> {
    let digits = text
        .iter()
        .map_while(|byte| char::from(*byte).to_digit(radix));
    let (mut number, mut length) = (0_u32, 0);
    for digit in digits {
        number = number.saturating_mul(radix).saturating_add(digit);
        length += 1;
    }
    let semicolon = usize::from(text.get(length) == Some(&b';'));
    (length > 0).then_some((in_reading(number), before + length + semicolon))
}

/// Characters that HTML has names for, by which they could be written.
const NAMES: [(&str, u8); 32] = [
    ("amp", b'&'),
    ("apos", b'\''),
    ("ast", b'*'),
    ("bsol", b'\\'),
    ("colon", b':'),
    ("comma", b','),
    ("commat", b'@'),
    ("dollar", b'$'),
    ("equals", b'='),
    ("excl", b'!'),
    ("grave", b'`'),
    ("gt", b'>'),
    ("hat", b'^'),
    ("lbrace", b'{'),
    ("lbrack", b'['),
    ("lcub", b'{'),
    ("lowbar", b'_'),
    ("lpar", b'('),
    ("lsqb", b'['),
    ("lt", b'<'),
    ("num", b'#'),
    ("percnt", b'%'),
    ("period", b'.'),
    ("plus", b'+'),
    ("quest", b'?'),
    ("quot", b'"'),
    ("rpar", b')'),
    ("semi", b';'),
    ("sol", b'/'),
    ("underbar", b'_'),
    ("verbar", b'|'),
    ("vert", b'|'),
];

/// A name that stands for none of these is one of a character that is not ASCII, or is not seen.
fn by_name(text: &[u8]) -> Option<(u8, usize)> {
    const LONGEST: usize = 32;
    let is_of_name = |byte: &&u8| byte.is_ascii_alphanumeric();
    let length = text.iter().take(LONGEST).take_while(is_of_name).count();
    let named = |name: &[u8]| {
        let found = NAMES
            .iter()
            .find(|(it, _)| it.as_bytes().eq_ignore_ascii_case(name));
        found.map(|(_, character)| *character)
    };
    if length > 0 && text.get(length) == Some(&b';') {
        return Some((named(&text[..length]).unwrap_or(Reading::OTHER), length + 1));
    }
    let old = [&b"amp"[..], b"gt", b"lt", b"quot"].into_iter();
    let name = old.into_iter().find(|name| text.starts_with(name))?;
    Some((named(name)?, name.len()))
}

/// The character of this many hexadecimal digits.
fn hexadecimal(text: &[u8], digits: usize) -> Option<u8> {
    let digits = text.get(..digits)?.iter();
    let mut digits = digits.map(|digit| char::from(*digit).to_digit(16));
    digits
        .try_fold(0, |number, digit| Some(number * 16 + digit?))
        .map(in_reading)
}

/// One for ASCII and for the control characters above it.
pub(super) fn in_reading(number: u32) -> u8 {
    match u8::try_from(number) {
        Ok(byte) if byte < 0xa0 => byte,
        _ => Reading::OTHER,
    }
}
