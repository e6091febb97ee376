//! The four calls, and the one that the service makes.

use serde_json::{Value, json};

use super::{any_of, reference, responses};

/// Every path, with the paths' own parameters as `Route` writes them.
pub(super) fn paths() -> Value {
    json!({
        "/model/v1/generation": { "post": create() },
        "/model/v1/generation/task/{id}": { "get": query() },
        "/api/v1/skill/models": { "get": models() },
        "/api/v1/skill/models/{id}/spec": { "get": model_spec() },
    })
}

fn create() -> Value {
    let mut responses = responses::of(&[
        "BadRequest",
        "Unauthorized",
        "PaymentRequired",
        "Forbidden",
        "TooLarge",
        "TooManyRequests",
    ]);
    let mut created = success(
        "The task as it stands, or a refusal: a body without an id created nothing if it carries \
         an error. Any 2xx counts as 200.",
        &[
            "Task",
            "TaskInEnvelope",
            "ErrorWithoutTask",
            "EnvelopeRefusal",
        ],
        "documented",
    );
    created["content"]["application/json"]["examples"] = json!({ "created": { "value": {
        "id": "d5u5obte8783ap44qtj0",
        "status": "in_progress",
        "model": "kirin_v2_5_turbo_t2v",
        "created_at": 1_769_757_744_021_u64,
    } } });
    created["links"] = json!({ "task": {
        "operationId": "queryTask",
        "parameters": { "id": "$response.body#/id" },
    } });
    responses["200"] = created;
    json!({
        "operationId": "createTask",
        "summary": "Create a task",
        "description": "Starts the generation of a video, and costs money. Sent twice it makes two \
                        tasks, and costs twice, unless both carry the same external_task_id, which \
                        must be unique: how a duplicate is refused is inferred.",
        "parameters": [reference("parameters", "request_id")],
        "requestBody": {
            "required": true,
            "content": { "application/json": {
                "schema": any_of(&["Create"]),
                "examples": { "boat": { "value": {
                    "model": "kirin_v2_5_turbo_t2v",
                    "input": [{ "params": {
                        "prompt": "a paper boat on a rainy street",
                        "duration": "5",
                        "aspect_ratio": "16:9",
                        "mode": "std",
                        "negative_prompt": "text",
                    } }],
                } } },
            } },
        },
        "responses": responses,
        "callbacks": { "taskChanged": {
            "{$request.body#/input/0/params/callback_url}": { "post": task_changed() },
        } },
        "x-source": "documented",
    })
}

/// An answer under HTTP 200, and where it is known from.
fn success(description: &str, schemas: &[&str], source: &str) -> Value {
    json!({
        "description": description,
        "headers": { "X-Request-Id": reference("headers", "X-Request-Id") },
        "content": { "application/json": { "schema": any_of(schemas) } },
        "x-source": source,
    })
}

/// What the service calls when the status of a task changes.
fn task_changed() -> Value {
    json!({
        "summary": "The status of a task changed",
        "description": "That there is such a call is documented; its body, retries and signature \
                        are not. It may be forged: take it as a hint, and query the task.",
        "security": [],
        "requestBody": {
            "required": true,
            "content": { "application/json": { "schema": any_of(&["Task", "KlingCallback"]) } },
        },
        "responses": { "2XX": { "description": "Received." } },
        "x-source": "choice",
    })
}

fn query() -> Value {
    let mut responses = responses::of(&[
        "Unauthorized",
        "Forbidden",
        "NotFound",
        "TooLarge",
        "TooManyRequests",
    ]);
    responses["200"] = success(
        "The task as it stands. completed and failed are the only terminal words: every other \
         one, known or not, means keep polling.",
        &["Task", "TaskInEnvelope", "EnvelopeRefusal"],
        "documented",
    );
    json!({
        "operationId": "queryTask",
        "summary": "Query a task",
        "description": "How far a task is, and in the end what it made. It costs nothing. The \
                        custom id is documented; that it stands in the place of the task id is \
                        inferred.",
        "parameters": [reference("parameters", "task_id"), reference("parameters", "request_id")],
        "responses": responses,
        "x-source": "client",
    })
}

fn models() -> Value {
    let mut responses = responses::of(&[
        "BadRequest",
        "Unauthorized",
        "Forbidden",
        "TooLarge",
        "TooManyRequests",
    ]);
    responses["200"] = success(
        "A page of the models.",
        &["ModelList", "EnvelopeRefusal"],
        "client",
    );
    let parameters = ["page", "page_size", "type", "keywords", "request_id"]
        .map(|name| reference("parameters", name));
    json!({
        "operationId": "listModels",
        "summary": "List the models",
        "parameters": parameters,
        "responses": responses,
        "x-source": "client",
    })
}

fn model_spec() -> Value {
    let mut responses = responses::of(&[
        "Unauthorized",
        "Forbidden",
        "NotFound",
        "TooLarge",
        "TooManyRequests",
    ]);
    responses["200"] = success(
        "The model's parameters, or an envelope whose status code is 404: there is no such model.",
        &["ModelSpec", "EnvelopeRefusal"],
        "client",
    );
    json!({
        "operationId": "describeModel",
        "summary": "Describe a model",
        "description": "One model's parameters, machine-readable.",
        "parameters": [reference("parameters", "model_id"), reference("parameters", "request_id")],
        "responses": responses,
        "x-source": "client",
    })
}
