//! The schemas, read by somebody else's validator.

use jsonschema::Validator;
use kirin_types::{MODELS, Model, task_schema};
use serde_json::Value;

use crate::fixtures;

mod prop;

/// The validator of a model's requests.
pub(crate) fn validator(model: &Model) -> Validator {
    jsonschema::draft202012::new(&model.request_schema()).unwrap()
}

#[test]
fn every_schema_is_one() {
    for model in MODELS {
        let schema = model.request_schema();
        assert!(
            jsonschema::draft202012::meta::is_valid(&schema),
            "{}",
            model.id
        );
    }
    assert!(jsonschema::draft202012::meta::is_valid(&task_schema()));
}

/// The bodies that the service documents have documented statuses, and content of its own level.
#[test]
fn documented_tasks_fit_the_schema() {
    let validator = jsonschema::draft202012::new(&task_schema()).unwrap();
    for name in [
        "created.json",
        "completed.json",
        "failed.json",
        "progress-half.json",
    ] {
        let task: Value = serde_json::from_slice(&fixtures::read("tasks", name)).unwrap();
        assert!(validator.is_valid(&task), "{name}");
    }
    for wrong in [
        r#"{"id":"a"}"#,
        r#"{"id":"","status":"completed"}"#,
        r#"{"id":"a","status":"in_progress","progress":1.5}"#,
        r#"{"id":"a","status":"in_progress","usage":{"cost":"0.21"}}"#,
        r#"{"id":"a","status":"completed","error":{"code":"002011095"}}"#,
    ] {
        let task: Value = serde_json::from_str(wrong).unwrap();
        assert!(!validator.is_valid(&task), "{wrong}");
    }
}

/// What JSON Schema can say of the rules, both ways.
#[test]
fn rules_between_parameters_are_in_the_schema() {
    for (model, parameters, legal) in [
        (
            "kirin_v2_6_t2v",
            r#"{"prompt":"a","sound":"on","mode":"pro"}"#,
            true,
        ),
        ("kirin_v2_6_t2v", r#"{"prompt":"a","sound":"on"}"#, false),
        ("kirin_v2_6_t2v", r#"{"prompt":"a"}"#, true),
        (
            "kirin_v1_t2v",
            r#"{"prompt":"a","camera_control":{"type":"down_back"}}"#,
            true,
        ),
        (
            "kirin_v1_t2v",
            r#"{"prompt":"a","mode":"pro","camera_control":{"type":"down_back"}}"#,
            false,
        ),
        (
            "kirin_v1_t2v",
            r#"{"prompt":"a","camera_control":{"type":"down_back","config":{"pan":1}}}"#,
            false,
        ),
        (
            "kirin_v1_t2v",
            r#"{"prompt":"a","camera_control":{"type":"simple","config":{"pan":1}}}"#,
            true,
        ),
        ("kirin_v3_t2v", r#"{"prompt":"a"}"#, true),
        ("kirin_v3_t2v", r#"{}"#, false),
        (
            "kirin_v3_t2v",
            r#"{"multi_shot":true,"shot_type":"customize"}"#,
            false,
        ),
        (
            "kirin_v3_t2v",
            r#"{"prompt":"a","shot_type":"customize"}"#,
            false,
        ),
    ] {
        let mut request: Value = serde_json::from_str(parameters).unwrap();
        request["model"] = model.into();
        let validator = validator(Model::find(model).unwrap());
        assert_eq!(validator.is_valid(&request), legal, "{model} {parameters}");
    }
}
