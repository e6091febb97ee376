//! What people and wires see, as text to read: run with `INSTA_UPDATE=always` after a change and
//! read every difference against the protocol.

use std::fmt::Write as _;

use kirin_types::{ErrorBody, GenerationRequest, Task};
use serde_json::Value;

use crate::{errors, fixtures, render, validate};

#[test]
fn minimal_request() {
    let request = GenerationRequest::builder("a paper boat").build().unwrap();
    insta::assert_snapshot!("minimal_request", pretty(&request));
}

#[test]
fn full_request() {
    let bytes = fixtures::read("requests", "flat-every-parameter.json");
    let request: GenerationRequest = serde_json::from_slice(&bytes).unwrap();
    insta::assert_snapshot!("full_request", pretty(&request));
}

#[test]
fn validation_errors() {
    let mut text = String::new();
    for (name, value, _) in validate::illegal() {
        let invalid = validate::with(name, value.clone()).unwrap_err();
        writeln!(text, "{name:?}: {}\n    {invalid}", shortened(&value)).unwrap();
    }
    insta::assert_snapshot!("validation_errors", text);
}

#[test]
fn all_validation_errors_at_once() {
    let parameters = serde_json::json!({
        "model": "kirin_v2_5_turbo_t2v", "prompt": "", "duration": 7, "aspect_ratio": "4:3", "mode": "best",
        "negative_prompt": [], "watermark_info": true, "callback_url": "hook",
        "external_task_id": "order 42", "promt": "a fox",
    });
    let invalid = GenerationRequest::from_parameters(parameters.as_object().unwrap()).unwrap_err();
    insta::assert_snapshot!("all_validation_errors_at_once", invalid);
}

#[test]
fn error_bodies() {
    let mut text = String::new();
    for name in fixtures::names("errors") {
        let body = ErrorBody::decode(&fixtures::read("errors", &name));
        let reason = body.reason(errors::http_status(&name));
        writeln!(text, "{name}\n    {reason:?}: {body}").unwrap();
    }
    insta::assert_snapshot!("error_bodies", text);
}

#[test]
fn tasks() {
    let mut text = String::new();
    for name in fixtures::names("tasks") {
        let task = Task::from_json(&fixtures::read("tasks", &name)).unwrap();
        writeln!(text, "{name}\n{}", render::screen(&render::task(&task))).unwrap();
    }
    insta::assert_snapshot!("tasks", text);
}

/// `crates/kirin-types/models.md` is printed from the catalogue, and a person reads its differences.
#[test]
fn documentation_of_the_models() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/models.md");
    let written = std::fs::read_to_string(path).unwrap();
    assert!(
        written == kirin_types::models_reference(),
        "crates/kirin-types/models.md is out of date: cargo run --package kirin-types --example models"
    );
}

fn pretty(request: &GenerationRequest) -> String {
    serde_json::to_string_pretty(request).unwrap()
}

/// A value as JSON, cut where nobody would read on.
fn shortened(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(70) {
        Some((end, _)) => format!("{}... ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}
