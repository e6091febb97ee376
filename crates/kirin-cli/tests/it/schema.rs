//! What is printed for programs has the form that is documented. Every run of every test is held
//! against it.

use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::{Value, json};

const SCHEMA: &str = include_str!("../../../../docs/output.schema.json");

/// The forms of the lines that each command prints; an error can be printed by all.
const COMMANDS: &[(&str, &[&str])] = &[
    ("auth", &["key"]),
    ("batch", &["batch", "batch_dry_run", "result", "event"]),
    ("create", &["result", "event", "dry_run"]),
    ("doctor", &["doctor"]),
    ("download", &["result", "event"]),
    ("gallery", &["gallery"]),
    ("generate", &["result", "event", "dry_run"]),
    ("ledger", &["money"]),
    ("list", &["entry"]),
    ("models", &["model"]),
    ("resolve", &["result", "event"]),
    ("resume", &["result", "event"]),
    ("show", &["entry"]),
    ("status", &["result", "event"]),
    ("validate", &["validation"]),
    ("wait", &["result", "event"]),
];

/// Checks what a command with these arguments printed.
#[track_caller]
pub(crate) fn check(arguments: &[String], stdout: &str) {
    let is_json = |argument: &String| argument == "--dry-run" || argument.starts_with("--json");
    if !arguments.iter().any(is_json) {
        return;
    }
    let command = arguments.first().map_or("", String::as_str);
    if command == "emulator" {
        // What is printed is what its command prints.
        return;
    }
    for line in stdout.lines() {
        let value: Value = serde_json::from_str(line).expect("JSON");
        let form = form(command, &value);
        let errors: Vec<_> = validator(form)
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{form}: {errors:#?}\n{value:#}");
    }
}

/// The form that a line has.
#[track_caller]
fn form(command: &str, line: &Value) -> &'static str {
    if line["error"].is_object() {
        return "result";
    }
    let known = COMMANDS.iter().find(|(name, _)| *name == command);
    let Some((_, forms)) = known else {
        panic!("docs/output.schema.json does not say what kirin {command} prints");
    };
    let has = |name: &str| forms.contains(&name);
    match forms {
        [only] => only,
        _ if has("batch") && line["to_create"].is_number() => "batch_dry_run",
        _ if has("batch") && line["requests"].is_number() => "batch",
        _ if line["event"].is_string() && line["event"] != "result" => "event",
        _ if line["request"].is_object() && has("dry_run") => "dry_run",
        _ => "result",
    }
}

fn validator(form: &str) -> Validator {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    let document = DOCUMENT.get_or_init(|| serde_json::from_str(SCHEMA).expect("JSON"));
    let schema = json!({
        "$defs": document["$defs"],
        "$ref": format!("#/$defs/{form}"),
    });
    jsonschema::draft202012::new(&schema).expect("a schema")
}

#[test]
fn the_document_is_a_schema_and_lists_every_form() {
    let document: Value = serde_json::from_str(SCHEMA).unwrap();
    assert!(jsonschema::draft202012::meta::is_valid(&document));
    let listed = document["anyOf"].as_array().unwrap();
    for form in COMMANDS.iter().flat_map(|(_, forms)| *forms) {
        let reference = json!({"$ref": format!("#/$defs/{form}")});
        assert!(listed.contains(&reference), "{form}");
        assert!(document["$defs"][form].is_object(), "{form}");
    }
}

#[test]
fn what_has_another_form_is_found() {
    let without = json!({"day": "2026-11-26", "model": "x", "settled": "1", "reserved": "0"});
    let event = json!({"event": "exploded"});
    assert!(!validator("money").is_valid(&without));
    assert!(!validator("event").is_valid(&event));
}
