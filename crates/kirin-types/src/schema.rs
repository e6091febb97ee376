//! JSON Schema (2020-12) of requests and tasks, from the catalogue: for forms, for agents, and for
//! the emulator's own description of the API.

use alloc::{string::String, vec::Vec};

use serde_json::{Map, Value, json};

use crate::{Condition, Model, Parameter, ParameterKind, Rule};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

impl Model {
    /// JSON Schema of a request for this model, in the flat form of the reference pages.
    ///
    /// It says all that JSON Schema can say. Two rules stand in its description only: that shots
    /// add up to the duration, and that exactly one movement of the camera is not zero. What an
    /// image contains is not described either.
    ///
    /// ```
    /// use kirin_types::KIRIN_V2_5_TURBO_T2V;
    ///
    /// let schema = KIRIN_V2_5_TURBO_T2V.request_schema();
    /// assert_eq!(schema["properties"]["prompt"]["maxLength"], 2500);
    /// assert_eq!(schema["required"], serde_json::json!(["model", "prompt"]));
    /// ```
    pub fn request_schema(&self) -> Value {
        let mut schema = object(self.parameters);
        schema["$schema"] = DIALECT.into();
        schema["title"] = self.title.into();
        schema["description"] = self.schema_description().into();
        schema["properties"]["model"] = json!({ "const": self.id });
        if let Some(required) = schema["required"].as_array_mut() {
            required.insert(0, "model".into());
        }
        let rules: Vec<Value> = self
            .rules
            .iter()
            .filter_map(|rule| rule_schema(self, rule))
            .collect();
        if !rules.is_empty() {
            schema["allOf"] = rules.into();
        }
        schema
    }

    /// What it does, with the rules that the schema itself cannot say.
    fn schema_description(&self) -> String {
        let unsaid = self
            .rules
            .iter()
            .filter(|rule| rule_schema(self, rule).is_none());
        unsaid.fold(String::from(self.description), |text, rule| {
            alloc::format!("{text} Also: {rule}.")
        })
    }
}

/// JSON Schema of the task object as it is documented. Decoding is more lenient: see
/// [`Task`](crate::Task).
///
/// ```
/// let schema = kirin_types::task_schema();
/// assert_eq!(schema["required"], serde_json::json!(["id", "status"]));
/// ```
pub fn task_schema() -> Value {
    let text = json!({ "type": "string" });
    let content = json!({
        "type": "object",
        "properties": {
            "type": { "type": "string", "description": "Resource type: video, image." },
            "url": { "type": "string", "description": "Signed, and expires." },
            "watermark_url": { "type": "string", "description": "The watermarked copy." },
            "size": text,
            "duration": text,
        },
        "required": ["type", "url"],
    });
    json!({
        "$schema": DIALECT,
        "title": "Task",
        "type": "object",
        "properties": {
            "id": { "type": "string", "minLength": 1 },
            "status": {
                "type": "string",
                "description": "in_progress, completed or failed; any other word is not terminal.",
            },
            "model": text,
            "created_at": { "type": "integer", "description": "Milliseconds since 1970." },
            "progress": { "type": "number", "minimum": 0, "maximum": 1 },
            "error": {
                "type": "object",
                "properties": { "code": text, "error_message": text },
                "required": ["code"],
            },
            "output": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": { "content": { "type": "array", "items": content } },
                    "required": ["content"],
                },
            },
            "usage": {
                "type": "object",
                "properties": {
                    "cost": { "type": "string", "description": "USD, a decimal." },
                    "discount": { "type": "number" },
                },
            },
            "metadata": { "type": "object" },
        },
        "required": ["id", "status"],
        "allOf": [
            only_when("error", "failed"),
            only_when("output", "completed"),
            only_when("usage", "completed"),
        ],
    })
}

/// `field` is only present under that status (documented).
fn only_when(field: &str, status: &str) -> Value {
    json!({
        "if": { "required": [field] },
        "then": { "properties": { "status": { "const": status } } },
    })
}

fn object(fields: &[Parameter]) -> Value {
    let properties: Map<String, Value> = fields
        .iter()
        .map(|field| (field.name.into(), parameter(field)))
        .collect();
    let required: Vec<_> = fields
        .iter()
        .filter(|field| field.required)
        .map(|field| field.name)
        .collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn parameter(parameter: &Parameter) -> Value {
    let mut schema = kind(&parameter.kind);
    schema["description"] = parameter.description.into();
    if let Some(default) = parameter.kind.default() {
        schema["default"] = default;
    }
    schema
}

fn kind(kind: &ParameterKind) -> Value {
    match kind {
        ParameterKind::Boolean { .. } => json!({ "type": "boolean" }),
        ParameterKind::Choice { options, .. } => json!({ "type": "string", "enum": options }),
        // Empty counts as absent, so it is legal.
        ParameterKind::Identifier { max } => {
            json!({ "type": "string", "maxLength": max, "pattern": "^[A-Za-z0-9._-]*$" })
        }
        ParameterKind::Image { .. } => json!({
            "type": "string",
            "minLength": 1,
            "contentEncoding": "base64",
        }),
        ParameterKind::Integer { min, max } => {
            json!({ "type": "integer", "minimum": min, "maximum": max })
        }
        ParameterKind::List { fields, min, max } => {
            json!({ "type": "array", "minItems": min, "maxItems": max, "items": object(fields) })
        }
        ParameterKind::Number { min, max, .. } => {
            json!({ "type": "number", "minimum": min, "maximum": max })
        }
        ParameterKind::NumberChoice { options, .. } => {
            json!({ "type": "integer", "enum": options })
        }
        ParameterKind::Object { fields } => object(fields),
        ParameterKind::Seconds { min, max, .. } => {
            let words: Vec<_> = (*min..=*max)
                .map(|seconds| alloc::format!("{seconds}"))
                .collect();
            json!({ "type": "string", "enum": words })
        }
        ParameterKind::Text { min, max } => {
            json!({ "type": "string", "minLength": min, "maxLength": max })
        }
        ParameterKind::Url => {
            json!({ "type": "string", "pattern": "^$|^[hH][tT][tT][pP][sS]?://[^\\s/?#]+[^\\s]*$" })
        }
    }
}

/// A rule as a condition, where JSON Schema has the means.
fn rule_schema(model: &Model, rule: &Rule) -> Option<Value> {
    let Rule::Implies { when, then } = rule else {
        return None;
    };
    let all = |conditions: &[Condition]| {
        let conditions = conditions
            .iter()
            .map(|condition| condition_schema(model, condition));
        json!({ "allOf": conditions.collect::<Vec<_>>() })
    };
    Some(json!({ "if": all(when), "then": all(then) }))
}

fn condition_schema(model: &Model, condition: &Condition) -> Value {
    let path = condition.parameter();
    let (parents, name) = path.rsplit_once('.').unwrap_or(("", path));
    let (inner, holds_without_parents) = match condition {
        Condition::Absent(_) => (json!({ "not": { "required": [name] } }), true),
        Condition::Is(_, expected) => {
            let default = model
                .parameter(path)
                .and_then(|parameter| parameter.kind.default());
            let by_default = default
                .as_ref()
                .is_some_and(|default| is(default, expected));
            let value = json!({ "properties": { name: { "enum": spellings(expected) } } });
            match by_default {
                true => (value, true),
                false => (json!({ "allOf": [value, { "required": [name] }] }), false),
            }
        }
        Condition::Present(_) => (json!({ "required": [name] }), false),
    };
    within(parents, inner, holds_without_parents)
}

/// The schema of an object that has `inner` at the path `parents`.
fn within(parents: &str, inner: Value, holds_without_parents: bool) -> Value {
    let segments = parents.rsplit('.').filter(|segment| !segment.is_empty());
    segments.fold(inner, |inner, segment| match holds_without_parents {
        true => json!({ "properties": { segment: inner } }),
        false => json!({ "properties": { segment: inner }, "required": [segment] }),
    })
}

fn is(value: &Value, expected: &str) -> bool {
    value.as_str() == Some(expected) || alloc::format!("{value}") == expected
}

/// The values that a rule's word stands for: the string, and the boolean or number it spells.
fn spellings(word: &str) -> Vec<Value> {
    let string = Value::from(word);
    match serde_json::from_str(word) {
        Ok(other @ (Value::Bool(_) | Value::Number(_))) => alloc::vec![string, other],
        _ => alloc::vec![string],
    }
}
