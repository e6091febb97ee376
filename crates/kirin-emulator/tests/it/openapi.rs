//! The OpenAPI document: that it is kept, that it is served, and that it describes bodies which
//! were typed from the protocol's description.

use std::{fs, path::Path};

use jsonschema::Validator;
use kirin_emulator::{Emulator, EmulatorConfig, openapi::document};
use kirin_types::{MODELS, Route};
use serde_json::{Value, json};

use crate::wire::Wire;

fn repository() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    // The workspace is two folders up.
    here.ancestors().nth(2).unwrap()
}

fn service() -> Value {
    document("https://cloud.vtrix.ai")
}

/// The validator of a schema in the document, which may refer to its components.
fn validator(schema: &Value) -> Validator {
    let schema = json!({ "allOf": [schema], "components": service()["components"] });
    jsonschema::draft202012::new(&schema).unwrap()
}

/// The schema of the JSON under a status of a create, or of a query where a create has none.
fn answer(document: &Value, status: &str) -> Option<Value> {
    let status = if status.starts_with('5') {
        "5XX"
    } else {
        status
    };
    let create = &document["paths"]["/model/v1/generation"]["post"];
    let query = &document["paths"]["/model/v1/generation/task/{id}"]["get"];
    let mut responses = [create, query]
        .into_iter()
        .filter_map(|operation| operation["responses"].get(status));
    let response = responses.next()?;
    let response = match response["$ref"].as_str() {
        Some(reference) => document.pointer(reference.strip_prefix('#')?)?,
        None => response,
    };
    Some(response["content"]["application/json"]["schema"].clone())
}

/// Name and body of each JSON file in a folder of golden bodies.
fn golden(folder: &str) -> Vec<(String, Value)> {
    let folder = repository().join("tests/fixtures/wire").join(folder);
    let paths = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|found| found == "json"))
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().into();
            (
                name,
                serde_json::from_slice(&fs::read(path).unwrap()).unwrap(),
            )
        })
        .collect()
}

#[test]
fn the_kept_document_is_what_the_code_makes() {
    let path = repository().join("docs/openapi.json");
    let kept: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    assert!(
        kept == service(),
        "docs/openapi.json is an older one; write it again and read the difference:\n  \
         cargo run -p kirin-emulator --example openapi > docs/openapi.json"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_served_with_the_emulators_own_url() {
    let emulator = Emulator::start(EmulatorConfig::new()).await.unwrap();
    let mut wire = Wire::connect(&emulator);
    let address = emulator.address();
    wire.send(format!(
        "GET /_emulator/openapi.json HTTP/1.1\r\nhost: {address}\r\n\r\n"
    ));
    let served = wire.answer();
    assert_eq!(
        (served.status, served.header("content-type")),
        (200, Some("application/json"))
    );
    assert_eq!(served.json(), document(emulator.base_url()));
}

#[test]
fn every_schema_is_one() {
    let document = service();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for (name, schema) in schemas {
        assert!(jsonschema::draft202012::meta::is_valid(schema), "{name}");
        // A reference that leads nowhere fails here.
        validator(schema);
    }
    assert!(schemas.len() > 2 * MODELS.len());
}

#[test]
fn every_call_is_described() {
    let document = service();
    let id = || "{id}".to_owned();
    let routes = [
        Route::CreateGeneration,
        Route::ModelSpec { id: id() },
        Route::Models,
        Route::Task { id: id() },
    ];
    for route in &routes {
        let path = route.path().replace("%7Bid%7D", "{id}");
        let operation = &document["paths"][path][route.method().to_lowercase()];
        assert!(operation["responses"]["200"].is_object(), "{route}");
    }
    assert_eq!(document["paths"].as_object().unwrap().len(), routes.len());
}

#[test]
fn golden_creates_are_described() {
    let create = validator(&json!({ "$ref": "#/components/schemas/Create" }));
    let mut described = 0;
    for (name, body) in golden("requests").into_iter().chain(golden("family")) {
        let enveloped = body.get("input").is_some();
        assert_eq!(create.is_valid(&body), enveloped, "{name}");
        described += usize::from(enveloped);
    }
    assert!(described >= MODELS.len() + 5, "{described}");
    for wrong in [
        json!({ "model": "kirin_v2_5_turbo_t2v", "input": [] }),
        json!({ "model": "kirin_v9", "input": [{ "params": { "prompt": "a fox" } }] }),
        json!({ "model": "kirin_v2_5_turbo_t2v", "input": [{ "params": { "prompt": "" } }] }),
        json!({ "model": "kirin_v2_5_turbo_t2v", "input": [{ "params": { "prompt": "a", "mood": "b" } }] }),
    ] {
        assert!(!create.is_valid(&wrong), "{wrong}");
    }
}

#[test]
fn golden_refusals_are_described() {
    let document = service();
    let mut described = 0;
    for (name, body) in golden("errors") {
        let (status, _) = name.split_once('-').unwrap();
        let Some(schema) = answer(&document, status) else {
            // The refusal of a duplicate is read under any 4xx, and expected under 400.
            assert_eq!(status, "409", "{name}");
            continue;
        };
        // What no document knows, and words of gateways in forms that the service does not have.
        let unknown = [
            "200-neither-id-nor-error.json",
            "200-nested-code-without-money.json",
            "400-code-1113.json",
            "403-insufficient-user-quota.json",
        ];
        let expected = !unknown.contains(&name.as_str());
        assert_eq!(validator(&schema).is_valid(&body), expected, "{name}");
        described += 1;
    }
    assert!(described >= 30, "{described}");
}

#[test]
fn golden_tasks_are_described() {
    let document = service();
    let query = &document["paths"]["/model/v1/generation/task/{id}"]["get"];
    let task = validator(&query["responses"]["200"]["content"]["application/json"]["schema"]);
    for name in [
        "created.json",
        "completed.json",
        "failed.json",
        "progress-half.json",
        "status-unknown-word.json",
        "output-watermark-url.json",
        "updated-at.json",
    ] {
        let (_, body) = golden("tasks")
            .into_iter()
            .find(|(found, _)| found == name)
            .unwrap();
        assert!(task.is_valid(&body), "{name}");
    }
    assert!(!task.is_valid(&json!({ "status": "completed" })));
}

#[test]
fn golden_models_are_described() {
    let document = service();
    let schema = |path: &str| {
        let operation = &document["paths"][path]["get"];
        validator(&operation["responses"]["200"]["content"]["application/json"]["schema"])
    };
    let list = schema("/api/v1/skill/models");
    let spec = schema("/api/v1/skill/models/{id}/spec");
    for (name, body) in golden("models") {
        let is_list = name.starts_with("list");
        assert_eq!(
            list.is_valid(&body),
            is_list || name == "unknown-model.json",
            "{name}"
        );
        assert_eq!(spec.is_valid(&body), !is_list, "{name}");
    }
    assert!(!list.is_valid(&json!({ "status": { "code": 200, "message": "ok" }, "data": null })));
}

#[test]
fn golden_callbacks_are_described() {
    let document = service();
    let create = &document["paths"]["/model/v1/generation"]["post"];
    let url = "{$request.body#/input/0/params/callback_url}";
    let callback = &create["callbacks"]["taskChanged"][url]["post"];
    let body = validator(&callback["requestBody"]["content"]["application/json"]["schema"]);
    let mut described = 0;
    for (name, golden) in golden("callbacks") {
        // The vector of a signature has a body of its own.
        if !name.starts_with("signed") {
            assert!(body.is_valid(&golden), "{name}");
            described += 1;
        }
    }
    assert!(described >= 8, "{described}");
}
