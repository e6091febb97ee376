//! What people and wires see, as text to read: run with `INSTA_UPDATE=always` after a change and
//! read every difference against the protocol.

use std::fmt::Write as _;

use kirin_types::{ErrorBody, GenerationRequest, MODELS, Parameter, ParameterKind, Task};
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
        "model": "kirin", "prompt": "", "duration": 7, "aspect_ratio": "4:3", "mode": "best",
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

/// The tables of the reference page and of section 7 of the protocol.
#[test]
fn catalogue() {
    let mut text = String::new();
    for model in MODELS {
        writeln!(text, "{}: {}", model.id, model.name).unwrap();
        for parameter in model.parameters {
            writeln!(text, "    {}", described(parameter)).unwrap();
        }
        for size in model.output_sizes {
            let (mode, ratio, source) = (size.mode, size.aspect_ratio, size.source);
            let (width, height) = (size.width, size.height);
            writeln!(text, "    {mode} {ratio}: {width}x{height} ({source:?})").unwrap();
        }
        for price in model.prices {
            let (mode, duration, source) = (price.mode, price.duration, price.source);
            writeln!(text, "    {mode} {duration} s: ${} ({source:?})", price.usd).unwrap();
        }
        let (rate, time) = (model.frames_per_second, model.typical_time);
        writeln!(text, "    {rate} frames per second, typical time {time:?}").unwrap();
    }
    insta::assert_snapshot!("catalogue", text);
}

fn described(parameter: &Parameter) -> String {
    let required = if parameter.required { "required " } else { "" };
    let kind = match &parameter.kind {
        ParameterKind::Choice { options, default } => {
            format!("one of {}; default {default}", options.join(", "))
        }
        ParameterKind::Identifier { max } => format!("identifier of 1 to {max} characters"),
        ParameterKind::Text { min, max } => format!("text of {min} to {max} characters"),
        ParameterKind::Url => "URL".into(),
        ParameterKind::Watermark => "{\"enabled\": boolean}".into(),
        _ => unreachable!("a kind that this test does not know"),
    };
    format!(
        "{}: {required}{kind} ({:?})",
        parameter.name, parameter.source
    )
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
