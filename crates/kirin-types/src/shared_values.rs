//! The values of a request: clones share them, and what they show of them is short.

use alloc::{borrow::ToOwned, collections::BTreeMap, string::String, sync::Arc};
use core::fmt;

use serde_json::{Map, Value};

/// Values by name. A picture has millions of characters, and many requests may wait with the same one: each
/// value is there once, however often it is cloned.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct SharedValues(BTreeMap<String, Arc<Value>>);

impl SharedValues {
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).map(|value| &**value)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        let values = self.0.iter();
        values.map(|(name, value)| (name.as_str(), &**value))
    }

    pub(crate) fn insert(&mut self, name: impl Into<String>, value: impl Into<Arc<Value>>) {
        self.0.insert(name.into(), value.into());
    }

    pub(crate) fn insert_absent(&mut self, name: &str, value: Value) {
        if !self.0.contains_key(name) {
            self.insert(name, value);
        }
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<Arc<Value>> {
        self.0.remove(name)
    }

    pub(crate) fn retain(&mut self, mut is_kept: impl FnMut(&str, &Value) -> bool) {
        self.0.retain(|name, value| is_kept(name, value));
    }

    /// Changes the values of which this is needed; the others stay shared.
    pub(crate) fn change(&mut self, is_needed: fn(&Value) -> bool, change: fn(&mut Value)) {
        let needed = self.0.values_mut().filter(|value| is_needed(value));
        needed.for_each(|value| change(Arc::make_mut(value)));
    }
}

impl From<Map<String, Value>> for SharedValues {
    fn from(values: Map<String, Value>) -> Self {
        let values = values.into_iter();
        Self(
            values
                .map(|(name, value)| (name, Arc::new(value)))
                .collect(),
        )
    }
}

impl From<&SharedValues> for Map<String, Value> {
    fn from(values: &SharedValues) -> Self {
        let values = values.iter();
        values
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .collect()
    }
}

impl fmt::Debug for SharedValues {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = self.iter().take(MOST_SHOWN);
        let values = values.map(|(name, value)| (ShownText(name), Shown(value)));
        formatter.debug_map().entries(values).finish()
    }
}

/// Longer texts, and lists and objects of more, are not shown but described. A prompt has at most 2500
/// characters.
const LONGEST_SHOWN: usize = 10_000;

/// More values than any model has.
const MOST_SHOWN: usize = 100;

/// How a value is shown.
struct Shown<'a>(&'a Value);

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::String(text) => ShownText(text).fmt(formatter),
            Value::Array(items) if is_long(self.0) => write!(formatter, "[{} items]", items.len()),
            Value::Object(fields) if is_long(self.0) => {
                write!(formatter, "{{{} fields}}", fields.len())
            }
            Value::Array(items) => formatter
                .debug_list()
                .entries(items.iter().map(Shown))
                .finish(),
            Value::Object(fields) => {
                let fields = fields
                    .iter()
                    .map(|(name, value)| (ShownText(name), Shown(value)));
                formatter.debug_map().entries(fields).finish()
            }
            scalar => write!(formatter, "{scalar}"),
        }
    }
}

/// How a text is shown: a picture by its type and its size.
pub(crate) struct ShownText<'a>(pub(crate) &'a str);

impl fmt::Debug for ShownText<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0;
        let picture = [("iVBORw0KGgo", "image/png"), ("/9j/", "image/jpeg")];
        let picture = picture.iter().find(|(begin, _)| text.starts_with(begin));
        match picture {
            Some((_, media_type)) if is_base64(text) => {
                let padding = text.len() - text.trim_end_matches('=').len();
                let bytes = (text.len() / 4 * 3).saturating_sub(padding);
                write!(formatter, "<{media_type}, {bytes} bytes>")
            }
            _ if text.len() > LONGEST_SHOWN => write!(formatter, "<text, {} bytes>", text.len()),
            _ => fmt::Debug::fmt(text, formatter),
        }
    }
}

fn is_base64(text: &str) -> bool {
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    text.bytes().all(is_legal)
}

/// Whether a list or an object is long with what it holds, each text counted as it is shown.
fn is_long(value: &Value) -> bool {
    shown_length(value, LONGEST_SHOWN) > LONGEST_SHOWN
}

/// Counts to a little more than `most`.
fn shown_length(value: &Value, most: usize) -> usize {
    let add = |sum: usize, length: usize| (sum <= most).then_some(sum + length);
    let text = |text: &str| match text.len() > LONGEST_SHOWN {
        true => 1,
        false => text.len(),
    };
    let sum = match value {
        Value::String(value) => Some(text(value)),
        Value::Array(items) => {
            let mut items = items.iter();
            items.try_fold(1, |sum, item| add(sum, 1 + shown_length(item, most)))
        }
        Value::Object(fields) => fields.iter().try_fold(1, |sum, (name, value)| {
            add(sum, 1 + text(name) + shown_length(value, most))
        }),
        _ => Some(1),
    };
    sum.unwrap_or(most + 1)
}
