//! Secrets in a text, however they are escaped in it.

use std::ops::Range;

mod escape;
mod spelling;

use escape::{ESCAPES, Escape, LONGEST_SEQUENCE, in_reading};
use spelling::spellings;

/// Most levels of an escape within an escape. No reader undoes more than that.
const DEEPEST: usize = 4;

/// A text as it is read after some of its escapes were undone. Each character is one byte, and knows its
/// place in the text.
#[derive(Debug)]
pub struct Reading {
    characters: Vec<u8>,
    /// Where each of them begins in the text, and where the last one ends.
    starts: Vec<usize>,
}

impl Reading {
    /// What stands for a character that is neither ASCII nor a control character; those above ASCII, 0x80 to
    /// 0x9F, are themselves.
    pub const OTHER: u8 = 0x80;

    /// The characters.
    pub fn characters(&self) -> &[u8] {
        &self.characters
    }

    /// Where characters are in the text, those that begin before `characters.end`.
    pub fn place(&self, characters: Range<usize>) -> Range<usize> {
        self.starts[characters.start]..self.starts[characters.end]
    }

    fn plain(text: &[u8]) -> Self {
        let before = std::iter::once(&0).chain(text);
        let character = |(before, byte): (&u8, &u8)| match before {
            // The second byte of a control character has its number.
            0xc2 => in_reading((*byte).into()),
            _ if byte.is_ascii() => *byte,
            _ => Self::OTHER,
        };
        Self {
            characters: before.zip(text).map(character).collect(),
            starts: (0..=text.len()).collect(),
        }
    }

    /// The text with one level of such escapes undone, if there are any.
    fn undone(&self, escape: &Escape) -> Option<Self> {
        let is_mark = |it: &u8| escape.marks.contains(it);
        let first = self.characters.iter().position(is_mark)?;
        let mut characters = self.characters[..first].to_vec();
        let mut starts = self.starts[..first].to_vec();
        let mut has_any = false;
        let mut at = first;
        while at < self.characters.len() {
            let rest = &self.characters[at..];
            let read = match is_mark(&rest[0]) {
                true => (escape.read)(rest[0], &rest[1..]),
                false => None,
            };
            has_any |= read.is_some();
            let (character, length) = read.map_or((rest[0], 0), |(it, length)| (it, length));
            characters.push(character);
            starts.push(self.starts[at]);
            at += 1 + length;
        }
        starts.push(self.starts[at]);
        has_any.then_some(Self { characters, starts })
    }
}

/// Further than these, each character of a secret allows for others between its characters. With fewer, a
/// text could have them in this order by chance.
const TOO_FEW: usize = 12;

/// How many others each of them allows for.
const OTHERS: usize = 2;

/// Shows a text in every way in which it may be read: as it is, and with the escapes of JSON, of URLs, of HTML and
/// of terminals undone, also where they stand within each other, up to four levels. It takes time in proportion
/// to the length of the text, whatever is in it.
///
/// ```
/// use kirin_transport::escapes;
///
/// let mut readings = Vec::new();
/// escapes::read(br"a\u0026amp;b", &mut |reading| readings.push(reading.characters().to_vec()));
/// assert!(readings.contains(&b"a&amp;b".to_vec()));
/// assert!(readings.contains(&b"a&b".to_vec()));
/// ```
pub fn read(text: &[u8], see: &mut dyn FnMut(&Reading)) {
    read_deeper(&Reading::plain(text), DEEPEST, see);
}

fn read_deeper(reading: &Reading, levels: usize, see: &mut dyn FnMut(&Reading)) {
    see(reading);
    if levels == 0 {
        return;
    }
    for escape in &ESCAPES {
        if let Some(undone) = reading.undone(escape) {
            read_deeper(&undone, levels - 1, see);
        }
    }
}

/// A text with something else in the place of a secret, or `None` where it does not stand: in whatever
/// [escapes](read), and also with characters between that are not printable ASCII, or with tags of HTML, since
/// those may be left out, or not be seen, where the text is shown. A secret of more than 12 characters is found
/// also with any others between: two for each character above 12. One of 8 characters and more is found in
/// hexadecimal and in base64 too, but for the digits at its ends which stand for its neighbours as well. A secret of
/// other characters than printable ASCII is not found.
///
/// ```
/// use kirin_transport::escapes;
///
/// let hidden = |text: &str| escapes::hide(text.as_bytes(), b"sk-01234", b"(hidden)");
/// assert_eq!(hidden("key sk-01\u{202e}234").unwrap(), b"key (hidden)");
/// assert_eq!(hidden("key sk-01&#x32;34").unwrap(), b"key (hidden)");
/// assert_eq!(hidden("key sk-0124"), None);
///
/// let longer = escapes::hide(b"key sk-01 23456789abcdef", b"sk-0123456789abcdef", b"(hidden)");
/// assert_eq!(longer.unwrap(), b"key (hidden)");
///
/// // "me:sk-01234" in base64.
/// assert_eq!(hidden("Basic bWU6c2stMDEyMzQ=").unwrap(), b"Basic bWU6(hidden)Q=");
/// ```
pub fn hide(text: &[u8], secret: &[u8], instead: &[u8]) -> Option<Vec<u8>> {
    if secret.is_empty() {
        return None;
    }
    let secrets: Vec<_> = spellings(secret).iter().map(|it| Secret::new(it)).collect();
    let mut places = Vec::new();
    read(text, &mut |reading| {
        let mut find = |seen: &[usize]| {
            let characters = seen.iter().map(|at| reading.characters()[*at]);
            for place in secrets.iter().flat_map(|it| it.places(characters.clone())) {
                let last = seen[place.end - 1];
                places.push(reading.place(seen[place.start]..last + 1));
            }
        };
        let seen = seen(reading.characters());
        find(&seen);
        if let Some(seen) = without_tags(reading.characters(), &seen) {
            find(&seen);
        }
    });
    match places.is_empty() {
        true => None,
        false => Some(replaced(text, places, instead)),
    }
}

/// Where characters stand that are seen by whoever reads a text on a terminal or a page, and of which keys are
/// made.
fn seen(characters: &[u8]) -> Vec<usize> {
    let numbered = characters.iter().enumerate();
    let seen = numbered.filter(|(_, it)| matches!(it, b' '..=b'~'));
    seen.map(|(at, _)| at).collect()
}

/// Those which are seen where the text is a page, if there is a tag in it.
fn without_tags(characters: &[u8], seen: &[usize]) -> Option<Vec<usize>> {
    let mut kept = Vec::new();
    let mut from = 0;
    let mut seen = seen.iter().copied().peekable();
    while let Some(at) = seen.next() {
        let mut behind = characters[at + 1..].iter().take(LONGEST_SEQUENCE);
        let end = match characters[at] {
            // A later one begins again.
            b'<' => behind.position(|it| matches!(it, b'<' | b'>')),
            _ => None,
        };
        match end.filter(|end| characters[at + 1 + end] == b'>') {
            Some(end) => {
                from = at + 1 + end;
                while seen.next_if(|it| *it <= from).is_some() {}
            }
            None => kept.push(at),
        }
    }
    (from > 0).then_some(kept)
}

/// A secret to be looked for.
struct Secret {
    length: usize,
    /// Where each character stands in it, from the last place to the first.
    places: Vec<Vec<usize>>,
}

impl Secret {
    fn new(secret: &[u8]) -> Self {
        let mut places = vec![Vec::new(); usize::from(u8::MAX) + 1];
        for (at, character) in secret.iter().enumerate().rev() {
            places[usize::from(*character)].push(at);
        }
        Self {
            length: secret.len(),
            places,
        }
    }

    /// Where its characters stand in a text one behind the other, with few enough others between.
    fn places(&self, text: impl Iterator<Item = u8>) -> Vec<Range<usize>> {
        let longest = self.length + self.length.saturating_sub(TOO_FEW) * OTHERS;
        let mut places = Vec::new();
        // Of each beginning of the secret, where the one begins that stands latest in the text.
        let mut begun: Vec<Option<usize>> = vec![None; self.length];
        for (at, character) in text.enumerate() {
            for place in &self.places[usize::from(character)] {
                begun[*place] = match place {
                    0 => Some(at),
                    _ => begun[place - 1],
                };
            }
            if let Some(start) = begun[self.length - 1].take()
                && at - start < longest
            {
                places.push(start..at + 1);
                begun.fill(None);
            }
        }
        places
    }
}

fn replaced(text: &[u8], mut places: Vec<Range<usize>>, instead: &[u8]) -> Vec<u8> {
    places.sort_unstable_by_key(|place| (place.start, place.end));
    let mut replaced = Vec::with_capacity(text.len());
    let mut done = 0;
    for place in places {
        // The same place is found by several readings.
        if place.start >= done {
            replaced.extend_from_slice(&text[done..place.start]);
            replaced.extend_from_slice(instead);
        }
        done = done.max(place.end);
    }
    replaced.extend_from_slice(&text[done..]);
    replaced
}

#[cfg(test)]
mod tests;
