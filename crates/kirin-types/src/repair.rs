//! Turns text that is not JSON into JSON: one bad byte costs the value that it is in, not the whole answer.
//!
//! The text is read once, from left to right, by a stack of its own and no recursion. What cannot
//! be whole is marked: a text has [`DAMAGE`] where something of it is lost, any other value becomes
//! null. Where the structure itself is broken, no one can tell which field the rest belongs to, so
//! that the reading ends there, as at the end of an answer that was cut.

use alloc::{format, string::String, vec::Vec};

/// Replaces what was lost in a text. A text that contains it is not whole.
pub(crate) const DAMAGE: char = char::REPLACEMENT_CHARACTER;

/// JSON that was made of something else.
pub(crate) struct Repaired<'a> {
    pub(crate) json: String,
    /// What stood behind the value.
    pub(crate) behind: &'a str,
}

/// Reads the object or array that the text begins with; `None` where it begins with words. A page
/// or a sentence may quote an answer, and is none.
pub(crate) fn repair(text: &str) -> Option<Repaired<'_>> {
    let start = text.find(['{', '['])?;
    let is_word = |it: char| it.is_alphanumeric() || "<\"=".contains(it);
    if text[..start].contains(is_word) {
        return None;
    }
    let mut repair = Repair {
        rest: &text[start..],
        json: String::with_capacity(text.len()),
        open: Vec::new(),
        value_from: 0,
    };
    repair.read();
    Some(Repaired {
        json: repair.json,
        behind: repair.rest,
    })
}

struct Repair<'a> {
    rest: &'a str,
    json: String,
    /// What closes each object and array that is open.
    open: Vec<char>,
    /// Where the value that was read last begins.
    value_from: usize,
}

/// What is to come next.
#[derive(Clone, Copy, PartialEq)]
enum Next {
    AfterValue,
    Item,
    Member,
    Value,
}

impl Repair<'_> {
    /// Reads one value, and closes what its end does not.
    fn read(&mut self) {
        let mut next = Next::Value;
        while let Some(after) = self.step(next) {
            next = after;
        }
        if self.json.ends_with(':') {
            self.json.push_str("null");
        }
        self.json.extend(self.open.drain(..).rev());
    }

    /// Reads one token; `None` at the end, or where the structure is broken.
    fn step(&mut self, next: Next) -> Option<Next> {
        self.rest = self.rest.trim_start();
        let first = self.rest.chars().next();
        match next {
            Next::AfterValue => self.after_value(first),
            Next::Item | Next::Member if first == Some(',') => {
                self.skip(first);
                Some(next)
            }
            Next::Item | Next::Member if first == self.open.last().copied() => self.close(first?),
            Next::Item => {
                let first = first?;
                self.separate();
                self.value(first)
            }
            Next::Member => self.key(),
            Next::Value => self.value(first?),
        }
    }

    fn after_value(&mut self, first: Option<char>) -> Option<Next> {
        let closer = self.open.last().copied()?;
        match first {
            Some(',') => {
                self.skip(first);
                Some(match closer {
                    '}' => Next::Member,
                    _ => Next::Item,
                })
            }
            Some(found) if found == closer => self.close(found),
            Some(_) => {
                self.doubt_value();
                None
            }
            None => None,
        }
    }

    fn value(&mut self, first: char) -> Option<Next> {
        self.value_from = self.json.len();
        match first {
            '{' | '[' => {
                self.skip(Some(first));
                self.json.push(first);
                let (closer, next) = match first {
                    '{' => ('}', Next::Member),
                    _ => (']', Next::Item),
                };
                self.open.push(closer);
                Some(next)
            }
            '"' => self.text().then_some(Next::AfterValue),
            _ => self.bare(),
        }
    }

    fn key(&mut self) -> Option<Next> {
        let before = self.json.len();
        self.separate();
        let is_key = self.rest.starts_with('"') && self.text();
        self.rest = self.rest.trim_start();
        match is_key && self.rest.starts_with(':') {
            true => {
                self.skip(Some(':'));
                self.json.push(':');
                Some(Next::Value)
            }
            false => {
                self.json.truncate(before);
                None
            }
        }
    }

    fn close(&mut self, closer: char) -> Option<Next> {
        self.skip(Some(closer));
        self.open.pop();
        self.json.push(closer);
        self.value_from = self.json.len();
        Some(Next::AfterValue)
    }

    /// A number or a word. One at the very end may have been longer.
    fn bare(&mut self) -> Option<Next> {
        let is_end = |it: char| it.is_ascii_whitespace() || ",:]}[{\"".contains(it);
        let length = self.rest.find(is_end).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(length);
        self.rest = rest;
        let is_value = matches!(word, "true" | "false" | "null") || is_number(word);
        let is_whole = is_value && !rest.is_empty();
        self.json.push_str(if is_whole { word } else { "null" });
        Some(Next::AfterValue)
    }

    /// A text from its quote on; whether it was closed.
    fn text(&mut self) -> bool {
        self.skip(Some('"'));
        self.json.push('"');
        loop {
            let first = self.rest.chars().next();
            self.skip(first);
            match first {
                None => {
                    self.json.push(DAMAGE);
                    self.json.push('"');
                    return false;
                }
                Some('"') => {
                    self.json.push('"');
                    return true;
                }
                Some('\\') => self.escape(),
                Some(control) if control < ' ' => {
                    self.json
                        .push_str(&format!("\\u{:04x}", u32::from(control)));
                }
                Some(other) => self.json.push(other),
            }
        }
    }

    /// What follows a backslash; half of a character that is written as two escapes is none.
    fn escape(&mut self) {
        let unit = |text: &str| {
            let digits = text.strip_prefix('u')?.get(..4)?;
            let is_hex = digits.bytes().all(|it| it.is_ascii_hexdigit());
            u16::from_str_radix(digits, 16).ok().filter(|_| is_hex)
        };
        let length = match unit(self.rest) {
            Some(0xD800..=0xDBFF) => {
                let second = self.rest[5..].strip_prefix('\\').and_then(unit);
                second
                    .filter(|it| (0xDC00..=0xDFFF).contains(it))
                    .map(|_| 11)
            }
            Some(0xDC00..=0xDFFF) => None,
            Some(_) => Some(5),
            None => self
                .rest
                .starts_with(['"', '\\', '/', 'b', 'f', 'n', 'r', 't'])
                .then_some(1),
        };
        match length {
            Some(length) => {
                let (escape, rest) = self.rest.split_at(length);
                self.json.push('\\');
                self.json.push_str(escape);
                self.rest = rest;
            }
            None => {
                self.json.push(DAMAGE);
                let lost = if unit(self.rest).is_some() { 5 } else { 0 };
                self.rest = &self.rest[lost..];
            }
        }
    }

    /// The value that was read last is followed by what cannot follow it: where it ends is unknown.
    fn doubt_value(&mut self) {
        match self.json[self.value_from..].chars().next() {
            Some('"') => {
                self.json.pop();
                self.json.push(DAMAGE);
                self.json.push('"');
            }
            Some(_) => {
                self.json.truncate(self.value_from);
                self.json.push_str("null");
            }
            // An object or an array, which has an end of its own.
            None => {}
        }
    }

    /// A comma, unless this is the first of its object or array.
    fn separate(&mut self) {
        if !self.json.ends_with(['{', '[']) {
            self.json.push(',');
        }
    }

    fn skip(&mut self, first: Option<char>) {
        self.rest = &self.rest[first.map_or(0, char::len_utf8)..];
    }
}

/// Whether a word is a number as JSON writes it.
fn is_number(word: &str) -> bool {
    word.starts_with(|it: char| it == '-' || it.is_ascii_digit())
        && serde_json::from_str::<&serde_json::value::RawValue>(word).is_ok()
}

/// The text of a JSON string that holds half of a character.
pub(crate) fn lossy_text(string: &str) -> Option<String> {
    let array = format!("[{string}]");
    let repaired = repair(&array)?;
    let [text] = serde_json::from_str(&repaired.json).ok()?;
    Some(text)
}
