//! The bodies: a create for each model, a task, the answers about models, and refusals.

use kirin_types::{MODELS, Model, task_schema};
use serde_json::{Map, Value, json};

use super::{any_of, reference};

/// Every schema, by its name as a component.
pub(super) fn all() -> Value {
    let mut schemas = errors();
    schemas.extend(answers());
    schemas.insert("Create".into(), create());
    for model in MODELS {
        schemas.insert(create_name(model), create_of(model));
        schemas.insert(parameters_name(model), parameters_of(model));
    }
    schemas.into()
}

fn create_name(model: &Model) -> String {
    format!("Create.{}", model.id)
}

fn parameters_name(model: &Model) -> String {
    format!("Parameters.{}", model.id)
}

/// The body of a create, distinguished by its model.
fn create() -> Value {
    let names = MODELS.iter().map(|model| create_name(model));
    let schemas = names.map(|name| reference("schemas", &name));
    let mapping: Map<_, _> = MODELS
        .iter()
        .map(|model| {
            let schema = format!("#/components/schemas/{}", create_name(model));
            (model.id.into(), schema.into())
        })
        .collect();
    json!({
        "description": "The parameters of a model stand inside input[0].params. The vendor's \
                        reference page lists them beside model, and whether the service takes them \
                        there too is not known.",
        "oneOf": schemas.collect::<Vec<_>>(),
        "discriminator": { "propertyName": "model", "mapping": mapping },
        "x-source": "documented",
    })
}

fn create_of(model: &Model) -> Value {
    json!({
        "title": model.title,
        "type": "object",
        "properties": {
            "model": { "const": model.id },
            "input": {
                "description": "Exactly one block.",
                "type": "array",
                "minItems": 1,
                "maxItems": 1,
                "items": {
                    "type": "object",
                    "properties": { "params": any_of(&[&parameters_name(model)]) },
                    "required": ["params"],
                    "additionalProperties": false,
                },
            },
        },
        "required": ["model", "input"],
        "additionalProperties": false,
    })
}

/// The schema of the flat form without what stands outside of `params`.
fn parameters_of(model: &Model) -> Value {
    let mut schema = as_component(model.request_schema());
    if let Some(properties) = schema["properties"].as_object_mut() {
        properties.remove("model");
    }
    if let Some(required) = schema["required"].as_array_mut() {
        required.retain(|name| name != "model");
    }
    schema
}

/// A component has the dialect of its document.
fn as_component(mut schema: Value) -> Value {
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("$schema");
    }
    schema
}

fn answers() -> Map<String, Value> {
    let mut task = as_component(task_schema());
    task["x-source"] = "documented".into();
    let envelope = |data: Value, source| {
        json!({
            "type": "object",
            "properties": { "status": any_of(&["EnvelopeSuccess"]), "data": data },
            "required": ["status", "data"],
            "x-source": source,
        })
    };
    let mut enveloped_task = envelope(any_of(&["Task"]), "documented");
    enveloped_task["description"] = "The form of an older page of the vendor.".into();
    [
        ("KlingCallback", kling_callback()),
        ("ModelList", envelope(model_list(), "client")),
        ("ModelParameter", model_parameter()),
        ("ModelSpec", envelope(model_spec(), "client")),
        ("Task", task),
        ("TaskInEnvelope", enveloped_task),
    ]
    .map(|(name, schema)| (name.into(), schema))
    .into_iter()
    .collect()
}

fn model_list() -> Value {
    let text = json!({ "type": "string" });
    let texts = json!({ "type": "array", "items": text });
    let count = json!({ "type": "integer", "minimum": 0 });
    let model = strict(json!({
        "id": text,
        "model_id": text,
        "name": text,
        "type": text,
        "provider": text,
        "description": text,
        "input_modalities": texts,
        "output_modalities": texts,
    }));
    strict(json!({
        "models": { "type": "array", "items": model },
        "total": count,
        "page": { "type": "integer", "minimum": 1 },
        "page_size": { "type": "integer", "minimum": 1 },
        "total_pages": count,
    }))
}

fn model_spec() -> Value {
    let text = json!({ "type": "string" });
    strict(json!({
        "model_id": text,
        "name": text,
        "vendor": text,
        "type": text,
        "api": strict(json!({
            "endpoint": {
                "type": "string",
                "format": "uri",
                "description": "Where creates go. The path of a task is this one's, and /task/{id}.",
            },
            "method": text,
            "headers": { "type": "object", "additionalProperties": text },
        })),
        "parameters": { "type": "array", "items": any_of(&["ModelParameter"]) },
        "agent_prompt": text,
    }))
}

fn model_parameter() -> Value {
    let text = json!({ "type": "string" });
    let length = json!({
        "type": ["integer", "null"],
        "minimum": 0,
        "description": "In characters; the vendor's clients count bytes.",
    });
    strict(json!({
        "name": text,
        "path": text,
        "type": {
            "type": "string",
            "enum": ["string", "int", "number", "boolean", "array", "object"],
        },
        "required": { "type": "boolean" },
        "description": text,
        "constraints": {
            "type": "object",
            "properties": {
                "enum": {
                    "type": "array",
                    "items": text,
                    "description": "Strings, whatever the type is.",
                },
                "default": {},
                "min": { "type": "number" },
                "max": { "type": "number" },
                "min_length": length,
                "max_length": length,
                "max_items": { "type": "integer", "minimum": 1 },
            },
            "required": ["enum", "default"],
            "additionalProperties": false,
        },
        "example": {},
        "children": { "type": "array", "items": any_of(&["ModelParameter"]) },
    }))
}

/// Kling's own body of a callback, whose `task_id` is not this API's.
fn kling_callback() -> Value {
    let text = json!({ "type": "string" });
    json!({
        "description": "The body of Kling, the service behind. Its task_id is not this API's id: \
                        match it by task_info.external_task_id.",
        "type": "object",
        "properties": {
            "task_id": text,
            "task_status": { "type": "string", "enum": ["submitted", "processing", "succeed", "failed"] },
            "task_status_msg": text,
            "created_at": { "type": "integer", "description": "Milliseconds since 1970." },
            "updated_at": { "type": "integer", "description": "Milliseconds since 1970." },
            "task_info": { "type": "object", "properties": { "external_task_id": text } },
            "task_result": {
                "type": "object",
                "properties": { "videos": { "type": "array", "items": {
                    "type": "object",
                    "properties": { "id": text, "url": text, "duration": text },
                    "required": ["url"],
                } } },
            },
        },
        "required": ["task_id", "task_status"],
        "x-source": "kling",
    })
}

/// Every form of a refusal. They are distinguished by their fields, not by their status.
fn errors() -> Map<String, Value> {
    let text = json!({ "type": "string" });
    let number = json!({ "type": "integer" });
    let object = |properties: Value, required: &[&str], source: &str| {
        json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "x-source": source,
        })
    };
    let coded = object(
        json!({ "code": { "type": ["string", "integer"] }, "message": text }),
        &["message"],
        "client",
    );
    let mut without_task = object(
        json!({ "error": { "type": ["object", "string"] } }),
        &["error"],
        "client",
    );
    without_task["not"] = json!({ "required": ["id"] });
    without_task["description"] = "A refusal under HTTP 200: there is no id, and an error.".into();
    [
        (
            "EnvelopeRefusal",
            object(
                json!({
                    "status": {
                        "type": "object",
                        "properties": {
                            "code": { "type": "integer", "not": { "enum": [0, 200] } },
                            "message": text,
                            "error_code": { "type": "integer", "description": "40201 to 40208: no balance." },
                        },
                        "required": ["code", "message"],
                    },
                    "data": { "description": "Null, or whatever it is: the code decides." },
                }),
                &["status"],
                "client",
            ),
        ),
        (
            "EnvelopeSuccess",
            object(
                json!({ "code": { "type": "integer", "enum": [0, 200] }, "message": text }),
                &["code"],
                "client",
            ),
        ),
        ("ErrorDetail", object(json!({ "detail": text }), &["detail"], "client")),
        (
            "ErrorMessage",
            object(json!({ "message": text, "error_code": number }), &["message"], "client"),
        ),
        (
            "ErrorNumber",
            object(
                json!({ "code": number, "message": text, "request_id": text }),
                &["code", "message"],
                "kling",
            ),
        ),
        (
            "ErrorObject",
            object(json!({ "error": coded, "request_id": text }), &["error"], "client"),
        ),
        ("ErrorText", object(json!({ "error": text }), &["error"], "client")),
        ("ErrorWithoutTask", without_task),
    ]
    .map(|(name, schema)| (name.into(), schema))
    .into_iter()
    .collect()
}

/// An object that has all of these fields and no others.
fn strict(properties: Value) -> Value {
    let names: Vec<_> = properties
        .as_object()
        .map(|properties| properties.keys().cloned().collect())
        .unwrap_or_default();
    json!({
        "type": "object",
        "properties": properties,
        "required": names,
        "additionalProperties": false,
    })
}
