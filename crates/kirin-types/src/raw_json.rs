//! JSON text, kept as it was received.

use alloc::{borrow::ToOwned, boxed::Box, format, string::String};
use core::fmt;

use serde_json::value::RawValue;

use crate::{DecodeError, decode::Token, repair::repair};

/// What some servers put in front of a text, and what is made of it by those who read its bytes one
/// by one.
const BYTE_ORDER_MARKS: [&str; 2] = ["\u{feff}", "\u{ef}\u{bb}\u{bf}"];

/// How deep white space is skipped where two values are compared.
const DEEPEST_COMPARED: u8 = 64;

/// One JSON value, kept as the text that was received: no field is lost, no number is rounded. Its
/// Debug form tells only how long it is, for it may hold signed URLs.
///
/// In JSON its serde form is that text. In any other format, and behind serde's `tag`, `flatten` and
/// `untagged`, it is the same value in the parts of that format. What the format cannot hold, as a number of
/// twenty digits, stays JSON text in it: `{"$json": "19.999999999999999999"}`. Plain JSON
/// that is read through `tag`, `flatten` or `untagged` has lost such digits: serde looks ahead by floats.
///
/// ```
/// use kirin_types::Task;
///
/// let task = Task::from_json(br#"{"id":"a","status":"completed","new_field":19.999999999999999999}"#)?;
/// assert!(task.raw().as_str().contains("19.999999999999999999"));
/// # Ok::<(), kirin_types::DecodeError>(())
/// ```
#[derive(Clone)]
pub struct RawJson {
    value: Box<RawValue>,
    is_damaged: bool,
}

impl RawJson {
    pub(crate) fn new(raw: &RawValue) -> Self {
        Self::whole(raw.to_owned())
    }

    /// Reads an answer, and what can be read of a damaged one: with bytes that are no UTF-8, line ends
    /// within a text, numbers that are none, text behind it, or cut. A byte order mark is no damage.
    ///
    /// A text has U+FFFD where something of it is lost; any other value that is not whole is null.
    ///
    /// ```
    /// use kirin_types::RawJson;
    ///
    /// let json = RawJson::read(b"{\"id\":\"a\",\"progress\":NaN,\"prompt\":\"a fo")?;
    /// assert_eq!(json.as_str(), "{\"id\":\"a\",\"progress\":null,\"prompt\":\"a fo\u{fffd}\"}");
    /// assert!(json.is_damaged());
    /// # Ok::<(), kirin_types::DecodeError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// It does not begin as JSON does, or it is two objects, each with an id of its own.
    pub fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        let received = String::from_utf8_lossy(bytes);
        let mut text = received.trim_start();
        for mark in BYTE_ORDER_MARKS {
            text = text.strip_prefix(mark).unwrap_or(text);
        }
        let strict = match core::str::from_utf8(bytes) {
            Ok(_) => serde_json::from_str(text)
                .map_err(|error| DecodeError::new(format!("not JSON: {error}"))),
            Err(error) => Err(DecodeError::new(format!("not UTF-8: {error}"))),
        };
        match strict {
            Ok(value) => Ok(Self::whole(value)),
            Err(error) => Self::repaired(text).unwrap_or(Err(error)),
        }
    }

    /// What can be read of a text that is no JSON, if it begins as JSON does.
    fn repaired(text: &str) -> Option<Result<Self, DecodeError>> {
        let repaired = repair(text)?;
        let json = Self {
            value: serde_json::from_str(&repaired.json).ok()?,
            is_damaged: true,
        };
        Some(json.agrees_with(repaired.behind).map(|()| json))
    }

    pub(crate) fn whole(value: Box<RawValue>) -> Self {
        Self {
            value,
            is_damaged: false,
        }
    }

    /// Of two answers, one behind the other, no one knows which one is meant.
    fn agrees_with(&self, behind: &str) -> Result<(), DecodeError> {
        let Some(other) = repair(behind).and_then(|it| serde_json::from_str(&it.json).ok()) else {
            return Ok(());
        };
        let id = |json: &Self| {
            let id = json.token().object()?.field("id")?;
            Some(id.raw().get().to_owned())
        };
        match (id(self), id(&Self::whole(other))) {
            (Some(one), Some(other)) if one != other => Err(DecodeError::at(
                "id",
                "stands there twice, with different values",
            )),
            _ => Ok(()),
        }
    }

    pub(crate) fn token(&self) -> Token<'_> {
        Token::new(&self.value, self.is_damaged)
    }

    /// The JSON text.
    pub fn as_str(&self) -> &str {
        self.value.get()
    }

    /// Whether it was no JSON when it came, and is what could be read of it. This is told of what has
    /// just been read, and is no part of the serde form.
    pub fn is_damaged(&self) -> bool {
        self.is_damaged
    }

    pub(crate) fn marked(self, is_damaged: bool) -> Self {
        Self { is_damaged, ..self }
    }
}

impl AsRef<str> for RawJson {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for RawJson {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RawJson({} bytes)", self.as_str().len())
    }
}

/// Equal is what is the same value, digit for digit, in the same order: white space and escapes do not count.
impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        self.token().is_same(other.token(), DEEPEST_COMPARED)
    }
}

impl Eq for RawJson {}
