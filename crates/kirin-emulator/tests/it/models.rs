//! The model list and the model spec.

use http::StatusCode;
use kirin_emulator::EmulatorConfig;
use kirin_types::KIRIN_V2_5_TURBO_T2V;
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
    check("", 1, [1, 1, 20, 1]);
    check("page=&page_size=&type=&keywords=", 1, [1, 1, 20, 1]);
    check("page=2", 0, [1, 2, 20, 1]);
    check(
        "page=18446744073709551615&page_size=100",
        0,
        [1, usize::MAX as u64, 100, 1],
    );
    check("page_size=5", 1, [1, 1, 5, 1]);
    check("type=Video", 1, [1, 1, 20, 1]);
    check("type=image", 0, [0, 1, 20, 0]);
    check("keywords=TURBO", 1, [1, 1, 20, 1]);
    check("keywords=text+to%20video", 1, [1, 1, 20, 1]);
    check("keywords=turbo+dog", 0, [0, 1, 20, 0]);
    check("unknown=1&keywords=kirin", 1, [1, 1, 20, 1]);
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
