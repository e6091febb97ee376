//! The serde form of raw JSON. In JSON it is the text itself. Any other format, and JSON behind serde's own
//! attributes (`tag`, `flatten`, `untagged`), gets what it can hold of it, part by part. What it cannot
//! hold stays JSON text: `{"$json": "19.999999999999999999"}`.

use alloc::{
    format,
    string::{String, ToString},
};
use core::{any, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Error as _},
    ser::{SerializeMap, SerializeSeq},
};
use serde_json::{Number, Value, value::RawValue};

use crate::{RawJson, decode::Token};

/// The name of JSON text within another format.
const JSON: &str = "$json";

/// The names under which `serde_json` hands over a text, and a number where a crate has turned on its
/// feature `arbitrary_precision`.
const TEXT: &str = "$serde_json::private::RawValue";
const NUMBER: &str = "$serde_json::private::Number";

/// How deep an answer is taken apart. What lies deeper stays text: the readers of other formats have limits
/// of their own.
const DEEPEST: u8 = 32;

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (token, levels) = (self.token(), DEEPEST);
        match takes_text::<S>() {
            true => token.raw().serialize(serializer),
            false => Part { token, levels }.serialize(serializer),
        }
    }
}

/// Whether a serializer writes JSON itself, and so takes a text that is JSON as it stands. One that is
/// not recognized gets the same value in parts: it is read again all the same.
fn takes_text<S>() -> bool {
    any::type_name::<S>().starts_with("&mut serde_json::ser::Serializer<")
}

/// One value, and how many levels below it are still taken apart.
struct Part<'a> {
    token: Token<'a>,
    levels: u8,
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let json = self.token.raw().get();
        match json.as_bytes() {
            [b'n', ..] => serializer.serialize_unit(),
            [b't', ..] => serializer.serialize_bool(true),
            [b'f', ..] => serializer.serialize_bool(false),
            [b'"', ..] => match self.token.text() {
                Some(text) => serializer.serialize_str(&text),
                // Half of a character that takes two escapes.
                None => self.text(serializer),
            },
            [b'[' | b'{', ..] if self.levels == 0 => self.text(serializer),
            [b'[', ..] => self.items(serializer),
            [b'{', ..] => self.fields(serializer),
            _ => match exact_number(json) {
                Some(number) => number.serialize(serializer),
                None => self.text(serializer),
            },
        }
    }
}

impl<'a> Part<'a> {
    fn below(&self, token: Token<'a>) -> Self {
        Self {
            token,
            levels: self.levels - 1,
        }
    }

    fn text<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut form = serializer.serialize_map(Some(1))?;
        form.serialize_entry(JSON, self.token.raw().get())?;
        form.end()
    }

    fn items<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let items = self.token.array().unwrap_or_default();
        let mut form = serializer.serialize_seq(Some(items.len()))?;
        for item in items {
            form.serialize_element(&self.below(item))?;
        }
        form.end()
    }

    /// The fields in their order, also those that stand there twice.
    fn fields<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let object = self.token.object();
        // A name that is no text, or that would be taken for ours.
        let Some(object) = object.filter(|it| !it.fields().any(|(name, _)| names_text(name)))
        else {
            return self.text(serializer);
        };
        let mut form = serializer.serialize_map(Some(object.fields().count()))?;
        for (name, value) in object.fields() {
            form.serialize_entry(name, &self.below(value))?;
        }
        form.end()
    }
}

/// Whether what stands under this name is JSON text.
fn names_text(name: &str) -> bool {
    [JSON, NUMBER, TEXT].contains(&name)
}

/// The number, if an integer or a float of the machine gives back its very text.
fn exact_number(json: &str) -> Option<Number> {
    let number: Number = serde_json::from_str(json).ok()?;
    Some(number).filter(|number| number.to_string() == json)
}

impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(deserializer)?;
        let value = RawValue::from_string(text.json).map_err(D::Error::custom)?;
        Ok(Self::whole(value))
    }
}

/// A value of any format as JSON.
pub(crate) struct Text {
    pub(crate) json: String,
    /// Whether it came as a float, and so without the digits that a float does not have.
    pub(crate) is_float: bool,
}

impl Text {
    fn new(json: String) -> Self {
        Self {
            json,
            is_float: false,
        }
    }

    fn of(value: impl Into<Value>) -> Self {
        Self::new(value.into().to_string())
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // By this name `serde_json` knows that its text is wanted; others pass over it.
        deserializer.deserialize_newtype_struct(TEXT, TextVisitor)
    }
}

struct TextVisitor;

impl<'de> de::Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("what JSON can hold")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, value: D) -> Result<Text, D::Error> {
        value.deserialize_any(self)
    }

    fn visit_some<D: Deserializer<'de>>(self, value: D) -> Result<Text, D::Error> {
        value.deserialize_any(self)
    }

    fn visit_none<E: de::Error>(self) -> Result<Text, E> {
        self.visit_unit()
    }

    fn visit_unit<E: de::Error>(self) -> Result<Text, E> {
        Ok(Text::of(Value::Null))
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Text, E> {
        Ok(Text::of(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Text, E> {
        Ok(Text::of(value))
    }

    fn visit_i128<E: de::Error>(self, value: i128) -> Result<Text, E> {
        Ok(Text::new(value.to_string()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Text, E> {
        Ok(Text::of(value))
    }

    fn visit_u128<E: de::Error>(self, value: u128) -> Result<Text, E> {
        Ok(Text::new(value.to_string()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Text, E> {
        Ok(Text {
            is_float: true,
            ..Text::of(value)
        })
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Text, E> {
        Ok(Text::of(value))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<Text, A::Error> {
        let mut json = String::from("[");
        let mut comma = "";
        while let Some(item) = items.next_element::<Text>()? {
            json += &format!("{comma}{}", item.json);
            comma = ",";
        }
        Ok(Text::new(json + "]"))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut fields: A) -> Result<Text, A::Error> {
        let mut json = String::from("{");
        let mut comma = "";
        while let Some(name) = fields.next_key::<String>()? {
            if names_text(&name) {
                let text: String = fields.next_value()?;
                serde_json::from_str::<&RawValue>(&text).map_err(A::Error::custom)?;
                return Ok(Text::new(text));
            }
            let value: Text = fields.next_value()?;
            json += &format!("{comma}{}:{}", Value::from(name), value.json);
            comma = ",";
        }
        Ok(Text::new(json + "}"))
    }
}
