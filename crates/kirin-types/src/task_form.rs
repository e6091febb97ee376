//! The serde forms of what a task is read into, written by hand: see [`crate::error_body_form`]. A
//! [`Task`](crate::Task) itself is written as it was received.

use core::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::Error as _,
    ser::{SerializeMap, SerializeStruct},
};

use crate::{
    Callback, Content, ContentType, RawJson, Retry, Task, TaskError, TaskErrorCode, TaskState,
    Usage,
};

/// The fields of the variant beside `state`, which is its word.
impl Serialize for TaskState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut form = serializer.serialize_map(None)?;
        form.serialize_entry("state", self.as_str())?;
        match self {
            Self::Completed { output, usage } => {
                form.serialize_entry("output", output)?;
                form.serialize_entry("usage", usage)?;
            }
            Self::Failed { error, usage } => {
                form.serialize_entry("error", error)?;
                form.serialize_entry("usage", usage)?;
            }
            Self::InProgress { progress } | Self::Other { progress } => {
                form.serialize_entry("progress", progress)?;
            }
            Self::OtherEnd {
                word,
                is_plain,
                output,
                progress,
            } => {
                form.serialize_entry("word", word)?;
                form.serialize_entry("is_plain", is_plain)?;
                form.serialize_entry("output", output)?;
                form.serialize_entry("progress", progress)?;
            }
        }
        form.end()
    }
}

impl fmt::Display for TaskState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut form = serializer.serialize_struct("Content", 7)?;
        form.serialize_field("type", &self.content_type)?;
        form.serialize_field("url", &self.url)?;
        form.serialize_field("watermark_url", &self.watermark_url)?;
        form.serialize_field("size", &self.size)?;
        form.serialize_field("duration", &self.duration)?;
        form.serialize_field("id", &self.id)?;
        form.serialize_field("text", &self.text)?;
        form.end()
    }
}

impl Serialize for ContentType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for Usage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut form = serializer.serialize_struct("Usage", 5)?;
        form.serialize_field("cost", &self.cost)?;
        form.serialize_field("discount", &self.discount)?;
        form.serialize_field("quantity", &self.quantity)?;
        form.serialize_field("unit_price", &self.unit_price)?;
        form.serialize_field("extra_info", &self.extra_info)?;
        form.end()
    }
}

impl Serialize for TaskError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut form = serializer.serialize_struct("TaskError", 2)?;
        form.serialize_field("code", &self.code)?;
        form.serialize_field("message", &self.message)?;
        form.end()
    }
}

impl Serialize for TaskErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for Retry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for Task {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.raw().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Task {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = RawJson::deserialize(deserializer)?;
        Self::from_json(raw.as_str().as_bytes()).map_err(D::Error::custom)
    }
}

impl Serialize for Callback {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.raw().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Callback {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = RawJson::deserialize(deserializer)?;
        Self::from_json(raw.as_str().as_bytes()).map_err(D::Error::custom)
    }
}
