//! Lenient reading: a JSON object whose fields are read one by one, so that a field of a wrong
//! type costs that field and not the answer.

use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

use crate::repair::{self, DAMAGE};

/// An answer that cannot be read.
///
/// ```
/// use kirin_types::Task;
///
/// let error = Task::from_json(b"<html>").unwrap_err();
/// assert_eq!(error.to_string(), "not JSON: expected value at line 1 column 1");
/// assert_eq!(error.path(), "");
///
/// let error = Task::from_json(br#"{"data":{"id":[]}}"#).unwrap_err();
/// assert_eq!(error.to_string(), "the field data.id is neither a string nor a positive integer");
/// assert_eq!(error.path(), "data.id");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DecodeError {
    message: String,
    path: String,
}

impl DecodeError {
    /// The answer as a whole cannot be read.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            path: String::new(),
        }
    }

    /// The field at this path cannot be used; `problem` continues after its name.
    pub(crate) fn at(path: impl Into<String>, problem: impl fmt::Display) -> Self {
        let path = path.into();
        Self {
            message: format!("the field {path} {problem}"),
            path,
        }
    }

    /// Where in the JSON, as names with dots between; empty where it is the whole.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl core::error::Error for DecodeError {}

/// A JSON value that was recognized as such and not yet read.
#[derive(Clone, Copy)]
pub(crate) struct Token<'a> {
    raw: &'a RawValue,
    /// Whether it is of a damaged answer.
    is_damaged: bool,
}

/// A JSON object's fields as received, duplicates included.
pub(crate) struct Object<'a> {
    fields: Vec<(Cow<'a, str>, &'a RawValue)>,
    is_damaged: bool,
}

impl<'a> Token<'a> {
    pub(crate) fn new(raw: &'a RawValue, is_damaged: bool) -> Self {
        Self { raw, is_damaged }
    }

    pub(crate) fn raw(self) -> &'a RawValue {
        self.raw
    }

    pub(crate) fn is_null(self) -> bool {
        self.raw.get() == "null"
    }

    pub(crate) fn object(self) -> Option<Object<'a>> {
        let object: Object<'a> = serde_json::from_str(self.raw.get()).ok()?;
        Some(Object {
            is_damaged: self.is_damaged,
            ..object
        })
    }

    pub(crate) fn array(self) -> Option<Vec<Self>> {
        let items: Vec<&'a RawValue> = serde_json::from_str(self.raw.get()).ok()?;
        let token = |raw| Self { raw, ..self };
        Some(items.into_iter().map(token).collect())
    }

    /// The text of a JSON string.
    pub(crate) fn text(self) -> Option<String> {
        serde_json::from_str(self.raw.get()).ok()
    }

    /// The text of a JSON string for a person, with U+FFFD for half of a character.
    pub(crate) fn lossy_text(self) -> Option<String> {
        let is_string = self.raw.get().starts_with('"');
        let lossy = || is_string.then(|| repair::lossy_text(self.raw.get()))?;
        self.text().or_else(lossy)
    }

    /// Whether something of a text may be lost.
    pub(crate) fn may_be_cut(self) -> bool {
        self.is_damaged && self.raw.get().contains(DAMAGE)
    }

    /// The token of a JSON number, digit for digit.
    pub(crate) fn number(self) -> Option<&'a str> {
        let token = self.raw.get();
        token
            .starts_with(|first: char| first == '-' || first.is_ascii_digit())
            .then_some(token)
    }

    /// The text of a JSON string or number.
    pub(crate) fn text_or_number(self) -> Option<String> {
        self.number()
            .map(ToString::to_string)
            .or_else(|| self.text())
    }

    pub(crate) fn integer(self) -> Option<i64> {
        self.number()?.parse().ok()
    }

    /// Whether it is the same value, apart from white space and escapes in the first `levels` of it.
    pub(crate) fn is_same(self, other: Self, levels: u8) -> bool {
        if self.raw.get() == other.raw.get() {
            return true;
        }
        let Some(below) = levels.checked_sub(1) else {
            return false;
        };
        if let (Some(one), Some(other)) = (self.array(), other.array()) {
            let mut pairs = one.iter().zip(&other);
            return one.len() == other.len()
                && pairs.all(|(one, other)| one.is_same(*other, below));
        }
        if let (Some(one), Some(other)) = (self.object(), other.object()) {
            let mut pairs = one.fields().zip(other.fields());
            return one.fields.len() == other.fields.len()
                && pairs.all(|(one, other)| one.0 == other.0 && one.1.is_same(other.1, below));
        }
        self.text().is_some() && self.text() == other.text()
    }
}

impl<'a> Object<'a> {
    /// The field as received; the last one if it stands there more than once, `None` for null.
    pub(crate) fn field(&self, name: &str) -> Option<Token<'a>> {
        let (_, raw) = self.fields.iter().rev().find(|(field, _)| field == name)?;
        Some(self.token(raw)).filter(|token| !token.is_null())
    }

    /// Every value of a field that stands there more than once.
    pub(crate) fn every(&self, name: &str) -> impl Iterator<Item = Token<'a>> {
        let same = self.fields.iter().filter(move |(field, _)| field == name);
        same.map(|(_, raw)| self.token(raw))
    }

    /// Every field, in the order in which it came.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, Token<'a>)> {
        let fields = self.fields.iter();
        fields.map(|(name, raw)| (name.as_ref(), self.token(raw)))
    }

    fn token(&self, raw: &'a RawValue) -> Token<'a> {
        Token::new(raw, self.is_damaged)
    }

    pub(crate) fn object(&self, name: &str) -> Option<Self> {
        self.field(name)?.object()
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.field(name)?.text()
    }

    /// The text of a field of which nothing is lost.
    pub(crate) fn whole_text(&self, name: &str) -> Option<String> {
        let token = self.field(name).filter(|token| !token.may_be_cut())?;
        token.text()
    }

    /// The text of a field that is there and not empty, for a person.
    pub(crate) fn non_empty_text(&self, name: &str) -> Option<String> {
        let text = self.field(name)?.lossy_text();
        text.filter(|text| !text.is_empty())
    }

    pub(crate) fn text_or_number(&self, name: &str) -> Option<String> {
        self.field(name)?.text_or_number()
    }

    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        self.field(name)?.integer()
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.field(name).is_some()
    }

    /// Whether the field stands there twice with different values: then no one knows which one
    /// is meant, and an id must not be guessed.
    pub(crate) fn contradicts_itself(&self, name: &str) -> bool {
        let mut values = self.fields.iter().filter(|(field, _)| field == name);
        let first = values.next().map(|(_, raw)| raw.get());
        values.any(|(_, raw)| Some(raw.get()) != first)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'de> de::Visitor<'de> for ObjectVisitor {
    type Value = Object<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
        let mut fields = Vec::new();
        while let Some((Key(name), raw)) = map.next_entry()? {
            fields.push((name, raw));
        }
        Ok(Object {
            fields,
            is_damaged: false,
        })
    }
}

/// A key borrowed from the input where it has no escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

struct KeyVisitor;

impl<'de> de::Visitor<'de> for KeyVisitor {
    type Value = Key<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a field name")
    }

    fn visit_borrowed_str<E: de::Error>(self, name: &'de str) -> Result<Key<'de>, E> {
        Ok(Key(Cow::Borrowed(name)))
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Key<'de>, E> {
        Ok(Key(Cow::Owned(name.into())))
    }
}
