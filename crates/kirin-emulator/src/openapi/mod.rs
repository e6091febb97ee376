//! The API's own description as an OpenAPI 3.1 document, made from the catalogue of models and
//! from the protocol as this crate speaks it.
//!
//! The vendor publishes no such document. This one says of each part where it is known from, in
//! `x-source`: `documented` by the vendor, `client` for what the vendor's own command-line clients
//! do, `kling` for what is documented for Kling, the service behind Kirin, `inferred` from those,
//! and `choice` for what is documented nowhere and decided here.

use serde_json::{Value, json};

mod operations;

mod parameters;

mod responses;

mod schemas;

/// The document, for an API at `base_url`.
///
/// ```
/// let document = kirin_emulator::openapi::document("https://cloud.vtrix.ai");
/// assert_eq!(document["openapi"], "3.1.0");
/// assert_eq!(document["servers"][0]["url"], "https://cloud.vtrix.ai");
/// assert!(document["paths"]["/model/v1/generation"]["post"].is_object());
/// ```
pub fn document(base_url: &str) -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Kirin video generation",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": base_url }],
        "security": [{ "key": [] }],
        "paths": operations::paths(),
        "components": {
            "headers": responses::headers(),
            "parameters": parameters::all(),
            "responses": responses::refusals(),
            "schemas": schemas::all(),
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An opaque key that is not empty; it has no documented form.",
                    "x-source": "documented",
                },
            },
        },
    })
}

const DESCRIPTION: &str = "\
Videos out of texts and pictures, as tasks: create one, which costs money, query it until its \
status is completed or failed, and download what it made.

This is a description by the project Kirin for Rust, not by the vendor, made from its catalogue of \
models. `x-source` says where a part is known from: `documented` by the vendor; `client`, what the \
vendor's own command-line clients do; `kling`, documented for Kling, the service behind; \
`inferred` from those; `choice`, documented nowhere and decided by this project.

A create is not idempotent. Give it an `external_task_id`: if its answer is lost, query the task \
by that id before anything is sent again.

Where several forms of an answer are listed, all of them have been seen, and a client should read \
each.";

/// A reference to a component.
fn reference(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

/// A value that has one of these schemas.
fn any_of(names: &[&str]) -> Value {
    let schemas = names.iter().map(|name| reference("schemas", name));
    match names {
        [name] => reference("schemas", name),
        _ => json!({ "anyOf": schemas.collect::<Vec<_>>() }),
    }
}
