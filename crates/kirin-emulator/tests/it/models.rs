//! The model list and the model spec.

use http::StatusCode;
use kirin_emulator::EmulatorConfig;
use kirin_types::{KIRIN_V2_5_TURBO_T2V, MODELS};
use serde_json::{Value, json};

use crate::support::{MODEL, Session};

fn get(path: &str) -> (StatusCode, Value) {
    Session::new(EmulatorConfig::new()).get(path)
}

#[test]
fn the_list_is_filtered_and_paged() {
    let check = |query: &str, found: usize, paging: [u64; 4]| {
        let (status, answer) = get(&format!("/api/v1/skill/models?{query}"));
        assert_eq!(status, StatusCode::OK, "{query}");
        let data = &answer["data"];
        assert_eq!(data["models"].as_array().unwrap().len(), found, "{query}");
        let fields = ["total", "page", "page_size", "total_pages"];
        assert_eq!(
            fields.map(|field| data[field].as_u64().unwrap()),
            paging,
            "{query}"
        );
    };
    check("", 14, [14, 1, 20, 1]);
    check("page=&page_size=&type=&keywords=", 14, [14, 1, 20, 1]);
    check("page=2", 0, [14, 2, 20, 1]);
    check(
        "page=18446744073709551615&page_size=100",
        0,
        [14, usize::MAX as u64, 100, 1],
    );
    check("page_size=5", 5, [14, 1, 5, 3]);
    check("page_size=5&page=2", 5, [14, 2, 5, 3]);
    check("page_size=5&page=3", 4, [14, 3, 5, 3]);
    check("page_size=5&page=4", 0, [14, 4, 5, 3]);
    check("page_size=7&page=2", 7, [14, 2, 7, 2]);
    check("type=Video", 14, [14, 1, 20, 1]);
    check("type=image", 0, [0, 1, 20, 0]);
    check("keywords=TURBO", 2, [2, 1, 20, 1]);
    check("keywords=turbo&page_size=1&page=2", 1, [2, 2, 1, 2]);
    check("keywords=text+to%20video", 7, [7, 1, 20, 1]);
    check("keywords=image", 6, [6, 1, 20, 1]);
    check("keywords=extension", 1, [1, 1, 20, 1]);
    check("keywords=turbo+dog", 0, [0, 1, 20, 0]);
    check("unknown=1&keywords=kirin", 14, [14, 1, 20, 1]);
}

#[test]
fn every_model_is_on_one_page() {
    for page_size in 1..=15 {
        let mut ids = Vec::new();
        for page in 1..=14_usize.div_ceil(page_size) {
            let query = format!("page={page}&page_size={page_size}");
            let (_, answer) = get(&format!("/api/v1/skill/models?{query}"));
            let models = answer["data"]["models"].as_array().unwrap();
            ids.extend(models.iter().map(|model| model["id"].clone()));
        }
        let catalogue: Vec<_> = MODELS.iter().map(|model| model.id).collect();
        assert_eq!(ids, catalogue, "{page_size}");
    }
}

#[test]
fn modalities_follow_the_kind_of_model() {
    let check = |id: &str, expected: Value| {
        let (_, answer) = get(&format!("/api/v1/skill/models?keywords={id}"));
        let model = &answer["data"]["models"][0];
        assert_eq!(model["input_modalities"], expected, "{id}");
        assert_eq!(model["output_modalities"], json!(["Video"]), "{id}");
    };
    check("kirin_v3_t2v", json!(["Text"]));
    check("kirin_v2_6_i2v", json!(["Image", "Text"]));
    check("kirin_duration_extension", json!(["Video", "Text"]));
}

#[test]
fn a_wrong_page_is_refused() {
    let check = |query: &str, expected: &str| {
        let (status, answer) = get(&format!("/api/v1/skill/models?{query}"));
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(answer["message"], format!("invalid request: {expected}"));
    };
    check("page=0", "page must be a number from 1 on");
    check("page=-1", "page must be a number from 1 on");
    check("page_size=101", "page_size must be a number from 1 to 100");
    check(
        "page=x&page_size=0",
        "page must be a number from 1 on. page_size must be a number from 1 to 100",
    );
}

#[test]
fn the_spec_has_every_parameter_of_the_catalogue() {
    let (_, spec) = get(&format!("/api/v1/skill/models/{MODEL}/spec"));
    let parameters = spec["data"]["parameters"].as_array().unwrap();
    let names: Vec<_> = parameters
        .iter()
        .map(|parameter| &parameter["name"])
        .collect();
    let catalogue = KIRIN_V2_5_TURBO_T2V.parameters.iter();
    assert_eq!(
        names,
        catalogue
            .map(|parameter| parameter.name)
            .collect::<Vec<_>>()
    );
    let find = |name| {
        parameters
            .iter()
            .find(|parameter| parameter["name"] == name)
            .unwrap()
    };
    let check = |name, r#type, constraints| {
        let parameter = find(name);
        assert_eq!(parameter["type"], r#type);
        assert_eq!(parameter["required"], name == "prompt");
        assert_eq!(parameter["constraints"], constraints, "{name}");
    };
    let text =
        |min, max| json!({ "enum": [], "default": null, "min_length": min, "max_length": max });
    check("prompt", "string", text(Some(1), Some(2500)));
    check("negative_prompt", "string", text(Some(0), Some(2500)));
    check("external_task_id", "string", text(None, Some(64)));
    check("callback_url", "string", text(None, None));
    check("watermark_info", "object", text(None, None));
    let mode = json!({
        "enum": ["std", "pro"], "default": "std", "min_length": null, "max_length": null,
    });
    check("mode", "string", mode);
    let children = find("watermark_info")["children"].as_array().unwrap();
    assert_eq!(children[0]["name"], "enabled");
    assert_eq!(children[0]["type"], "boolean");
}

/// A model's spec, its parameters by name.
fn spec(model: &str) -> impl Fn(&str) -> Value {
    let (_, mut spec) = get(&format!("/api/v1/skill/models/{model}/spec"));
    let parameters = spec["data"]["parameters"].take();
    move |name| {
        let parameters = parameters.as_array().unwrap().iter();
        let mut found = parameters.filter(|parameter| parameter["name"] == name);
        found.next().unwrap_or_else(|| panic!("{name}")).clone()
    }
}

#[test]
fn every_type_has_its_own_constraints() {
    let check = |parameter: &Value, r#type: &str, expected: Value| {
        assert_eq!(parameter["type"], r#type, "{parameter}");
        let mut constraints = json!({
            "enum": [], "default": null, "min_length": null, "max_length": null,
        });
        for (name, value) in expected.as_object().unwrap() {
            constraints[name] = value.clone();
        }
        assert_eq!(parameter["constraints"], constraints, "{parameter}");
    };
    let v1 = spec("kirin_v1_t2v");
    check(
        &v1("cfg_scale"),
        "number",
        json!({ "min": 0.0, "max": 1.0, "default": 0.5 }),
    );
    let camera = v1("camera_control");
    check(&camera, "object", json!({}));
    let types = [
        "simple",
        "down_back",
        "forward_up",
        "right_turn_forward",
        "left_turn_forward",
    ];
    check(&camera["children"][0], "string", json!({ "enum": types }));
    assert_eq!(camera["children"][0]["required"], true);
    let config = &camera["children"][1];
    check(config, "object", json!({}));
    assert_eq!(config["required"], false);
    let axes = config["children"].as_array().unwrap();
    let names: Vec<_> = axes.iter().map(|axis| &axis["name"]).collect();
    assert_eq!(
        names,
        ["horizontal", "vertical", "pan", "tilt", "roll", "zoom"]
    );
    for axis in axes {
        check(axis, "number", json!({ "min": -10.0, "max": 10.0 }));
    }

    // The one duration that is a number; its options are strings all the same.
    let duration = spec("kirin_v1_6_t2v")("duration");
    check(
        &duration,
        "int",
        json!({ "enum": ["5", "10"], "default": 5 }),
    );
    check(
        &spec("kirin_v1_t2v")("duration"),
        "string",
        json!({ "enum": ["5", "10"], "default": "5" }),
    );

    let v3 = spec("kirin_v3_t2v");
    check(&v3("multi_shot"), "boolean", json!({ "default": false }));
    let seconds = |from: u32| (from..=15).map(|seconds| seconds.to_string());
    let options: Vec<_> = seconds(3).collect();
    check(
        &v3("duration"),
        "string",
        json!({ "enum": options, "default": "5" }),
    );
    let shots = v3("multi_prompt");
    check(&shots, "array", json!({ "max_items": 6 }));
    let [index, prompt, duration] = shots["children"].as_array().unwrap().as_slice() else {
        panic!("{shots}");
    };
    check(index, "int", json!({ "min": 0, "max": i32::MAX }));
    check(
        prompt,
        "string",
        json!({ "min_length": 1, "max_length": 512 }),
    );
    check(
        duration,
        "string",
        json!({ "enum": seconds(1).collect::<Vec<_>>() }),
    );

    let image = spec("kirin_v2_6_i2v")("image");
    check(&image, "string", json!({}));
    assert_eq!(image["required"], true);
}
