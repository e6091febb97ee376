//! What the catalogue does not know, and is sent all the same.

use super::*;

#[test]
fn extra_parameters_pass_unchecked_and_survive_a_round_trip() {
    for row in ROWS {
        let request = builder(row.model, &minimal(row))
            .extra("seed", 7)
            .extra("style", json!({"name": "noir", "of": [1, null]}))
            .build()
            .unwrap();
        assert_eq!(request.parameter("seed"), Some(&json!(7)));
        let sent = serde_json::to_value(request.parameters()).unwrap();
        assert_eq!(
            (&sent["seed"], &sent["style"]["name"]),
            (&json!(7), &json!("noir"))
        );
        let flat = serde_json::to_value(&request).unwrap();
        let extra = json!({"seed": 7, "style": {"name": "noir", "of": [1, null]}});
        assert_eq!((&flat["extra"], flat.get("seed")), (&extra, None));
        let read: GenerationRequest = serde_json::from_value(flat).unwrap();
        assert_eq!(read, request);
    }
}

#[test]
fn a_checked_parameter_is_refused_as_extra() {
    fn check(model: &str, parameters: &Parameters, name: &str) {
        let request = builder(model, parameters).extra(name, "x").build();
        let expected = format!(
            "extra.{name} is checked for {model}; only a parameter that the catalogue does not \
            know can be extra"
        );
        assert_eq!(told(&request.unwrap_err()), [expected]);
        let mut flat = parameters.clone();
        flat.insert("model".into(), json!(model));
        flat.insert("extra".into(), json!({name: "x"}));
        assert!(serde_json::from_value::<GenerationRequest>(Value::Object(flat)).is_err());
    }

    for row in ROWS {
        check(row.model, &minimal(row), "model");
        for (name, ..) in row.parameters {
            check(row.model, &minimal(row), name);
        }
    }
    // The same name is free where the catalogue does not know it.
    let request = GenerationRequest::builder("a fox")
        .extra("sound", "on")
        .build();
    assert!(request.is_ok());
}

#[test]
fn extra_is_an_object_or_nothing() {
    fn check(extra: Value, expected: bool) {
        let flat = json!({"model": "kirin_v2_5_turbo_t2v", "prompt": "a fox", "extra": extra});
        let read = serde_json::from_value::<GenerationRequest>(flat.clone());
        assert_eq!(read.is_ok(), expected, "{extra}: {read:?}");
        let read = GenerationRequest::from_parameters(&object(flat));
        assert_eq!(read.is_ok(), expected, "{extra}: {read:?}");
        if let Err(invalid) = read {
            assert_eq!(fields(&invalid), ["extra"]);
        }
    }

    check(json!({}), true);
    check(json!(null), true);
    check(json!({"seed": null}), true);
    check(json!([]), false);
    check(json!("seed"), false);
    check(json!(7), false);
    check(json!(true), false);
}

#[test]
fn a_model_that_the_catalogue_does_not_know_is_sent_as_it_is() {
    let given = object(json!({"prompt": "", "duration": 7, "new": {"of": [null]},
        "external_task_id": "order-42"}));
    let request = GenerationRequest::unchecked("kirin_v9_t2v", &given).unwrap();
    assert_eq!(request.model_id(), "kirin_v9_t2v");
    assert!(request.model().is_none());
    assert_eq!(request.external_task_id().unwrap().as_str(), "order-42");
    let sent = serde_json::to_value(request.parameters()).unwrap();
    assert_eq!(sent, Value::Object(given));

    let flat = serde_json::to_value(&request).unwrap();
    let expected = json!({"model": "kirin_v9_t2v", "external_task_id": "order-42",
        "extra": {"prompt": "", "duration": 7, "new": {"of": [null]}}});
    assert_eq!(flat, expected);
    assert_eq!(
        serde_json::from_value::<GenerationRequest>(flat).unwrap(),
        request
    );

    let renamed = request.with_external_task_id("order-43".parse().unwrap());
    assert_eq!(
        renamed.parameter("external_task_id"),
        Some(&json!("order-43"))
    );
}

#[test]
fn an_unknown_model_without_parameters_survives_a_round_trip() {
    fn check(parameters: Value) {
        let request = GenerationRequest::unchecked("kirin_v9", &object(parameters)).unwrap();
        let flat = serde_json::to_string(&request).unwrap();
        let read = serde_json::from_str::<GenerationRequest>(&flat);
        assert_eq!(
            read.map_err(|error| error.to_string()),
            Ok(request),
            "{flat}"
        );
    }

    check(json!({}));
    check(json!({"external_task_id": "order-42"}));
}

#[test]
fn unchecked_is_only_for_models_outside_the_catalogue() {
    fn check(model: &str, parameters: Value, field: &str) {
        let invalid = GenerationRequest::unchecked(model, &object(parameters)).unwrap_err();
        assert_eq!(fields(&invalid), [field], "{model}");
    }

    for row in ROWS {
        check(row.model, json!({"prompt": "a fox"}), "model");
    }
    check("", json!({"prompt": "a fox"}), "model");
    // The id is not checked by the service's rules but by ours: a route is made of it.
    check(
        "kirin_v9",
        json!({"external_task_id": "a b"}),
        "external_task_id",
    );
    check(
        "kirin_v9",
        json!({"external_task_id": 42}),
        "external_task_id",
    );
}

#[test]
fn an_unknown_model_is_refused_with_those_that_are_known() {
    fn check(model: Value, found: &str) {
        let flat = object(json!({"model": model, "prompt": "a fox"}));
        let invalid = GenerationRequest::from_parameters(&flat).unwrap_err();
        assert_eq!(fields(&invalid), ["model"]);
        let problem = &invalid.problems()[0];
        assert_eq!(problem.found, found);
        for row in ROWS {
            assert!(
                problem.allowed.contains(&format!("\"{}\"", row.model)),
                "{problem}"
            );
        }
    }

    check(json!("kirin_v9_t2v"), "is \"kirin_v9_t2v\"");
    check(json!("KIRIN_V3_T2V"), "is \"KIRIN_V3_T2V\"");
    check(json!(3), "is the number 3");
    check(json!(null), "is missing");
}
