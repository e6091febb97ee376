//! What is beside a body: ids in the path, the query of a list, a header.

use serde_json::{Value, json};

/// Every parameter, by its name as a component.
pub(super) fn all() -> Value {
    json!({
        "keywords": query(
            "keywords",
            json!({ "type": "string" }),
            "Words that the id, the name or the description must contain.",
        ),
        "model_id": {
            "name": "id",
            "in": "path",
            "required": true,
            "description": "Id of the model.",
            "schema": { "type": "string", "minLength": 1 },
            "x-source": "client",
        },
        "page": query(
            "page",
            json!({ "type": "integer", "minimum": 1, "default": 1 }),
            "Which page of the list, from 1 on.",
        ),
        // The bounds are a choice: none are documented.
        "page_size": query(
            "page_size",
            json!({ "type": "integer", "minimum": 1, "maximum": 100, "default": 20 }),
            "How many models a page has. The bounds are inferred.",
        ),
        "request_id": {
            "name": "X-Request-Id",
            "in": "header",
            "description": "An id of the caller's for this one request. Answers carry one too, and \
                            the service's support asks for it.",
            "schema": { "type": "string" },
            "x-source": "documented",
        },
        "task_id": {
            "name": "id",
            "in": "path",
            "required": true,
            "description": "The id that the create answered, or the external_task_id that it was \
                            sent with. Percent-encode it: it is opaque, and one path segment.",
            "schema": { "type": "string", "minLength": 1 },
            "x-source": "client",
        },
        "type": query(
            "type",
            json!({ "type": "string" }),
            "What the models make, such as video.",
        ),
    })
}

fn query(name: &str, schema: Value, description: &str) -> Value {
    json!({
        "name": name,
        "in": "query",
        "description": description,
        "schema": schema,
        "x-source": "client",
    })
}
