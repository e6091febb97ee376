//! Every model of the family, from its smallest request to its video.

use http::{Request, StatusCode};
use kirin_emulator::EmulatorConfig;
use kirin_types::{Image, MODELS, Model};
use serde_json::{Map, Value, json};

use crate::support::{Session, envelope_of, file_path};

const IMAGE: &str = "https://example.com/fox.png";

/// What a legal request has at least, typed from the documents.
fn minimal(model: &str) -> Value {
    match model {
        "kirin_duration_extension" => json!({ "video_id": "d5u5obte8783ap44qtj0" }),
        "kirin_v1_6_t2v" => json!({}),
        image if image.ends_with("_i2v") => json!({ "image": IMAGE }),
        _ => json!({ "prompt": "a fox" }),
    }
}

/// The smallest request, and these parameters.
fn with(model: &str, others: &Value) -> Value {
    let mut params = minimal(model);
    for (name, value) in others.as_object().unwrap() {
        params[name] = value.clone();
    }
    params
}

fn session() -> Session {
    Session::new(EmulatorConfig::new())
}

/// What a refusal of these parameters says.
fn refusal(model: &str, params: Value) -> String {
    let mut session = session();
    let (status, answer) = session.post(envelope_of(model, params.clone()));
    assert_eq!(status, StatusCode::BAD_REQUEST, "{model} {params}");
    assert_eq!(session.world.statistics().tasks_created, 0);
    answer["message"].as_str().unwrap().into()
}

/// A picture in base64 of this size, as much of it as anybody looks at, and this many bytes.
fn picture(width: u32, height: u32, bytes: usize) -> Value {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    png.extend(width.to_be_bytes());
    png.extend(height.to_be_bytes());
    png.resize(bytes, 0);
    Image::from_bytes_of_any_ratio(&png).unwrap().into()
}

#[test]
fn every_model_makes_a_video_of_its_size() {
    let check = |model: &str, others: Value, size: (u32, u32), seconds: u32| {
        let mut session = session();
        let id = session.create_with(model, with(model, &others));
        assert_eq!(session.query(&id).1["status"], "in_progress");
        session.advance(3000);
        let (_, task) = session.query(&id);
        assert_eq!(task["status"], "completed", "{model}");
        assert_eq!(task["model"], model);
        let content = &task["output"][0]["content"][0];
        let (width, height) = size;
        assert_eq!(
            content["size"],
            format!("{width}x{height}"),
            "{model} {others}"
        );
        assert_eq!(content["duration"], seconds.to_string(), "{model} {others}");
        assert!(task["usage"]["cost"].is_string());
        let download = Request::get(file_path(&task, "url"))
            .body("".into())
            .unwrap();
        let artifact = session.artifact(&download);
        let spec = artifact.spec();
        assert_eq!(
            (spec.width, spec.height, spec.seconds),
            (width, height, seconds)
        );
    };
    let (hd, full_hd) = ((1280, 720), (1920, 1080));
    let smallest = [
        ("kirin_v1_t2v", hd),
        ("kirin_v1_i2v", hd),
        ("kirin_v1_6_t2v", hd),
        ("kirin_v1_6_i2v", hd),
        ("kirin_v2_master_t2v", hd),
        ("kirin_v2_master_i2v", hd),
        ("kirin_v2_1_master_t2v", full_hd),
        ("kirin_v2_1_master_i2v", full_hd),
        ("kirin_v2_5_turbo_t2v", hd),
        ("kirin_v2_5_turbo_i2v", hd),
        ("kirin_v2_6_t2v", hd),
        ("kirin_v2_6_i2v", hd),
        ("kirin_v3_t2v", hd),
        ("kirin_duration_extension", hd),
    ];
    assert_eq!(
        smallest.map(|(model, _)| model).as_slice(),
        MODELS.iter().map(|model| model.id).collect::<Vec<_>>()
    );
    for (model, size) in smallest {
        check(model, json!({}), size, 5);
    }
    let pro = json!({ "mode": "pro" });
    check("kirin_v1_t2v", pro.clone(), hd, 5);
    check("kirin_v1_i2v", pro.clone(), hd, 5);
    for model in [
        "kirin_v1_6_t2v",
        "kirin_v1_6_i2v",
        "kirin_v2_5_turbo_t2v",
        "kirin_v2_5_turbo_i2v",
        "kirin_v2_6_t2v",
        "kirin_v2_6_i2v",
        "kirin_v3_t2v",
    ] {
        check(model, pro.clone(), full_hd, 5);
    }
    let upright = json!({ "aspect_ratio": "9:16", "duration": "10" });
    check("kirin_v1_t2v", upright.clone(), (720, 1280), 10);
    check("kirin_v2_1_master_t2v", upright, (1080, 1920), 10);
    let square = json!({ "aspect_ratio": "1:1", "duration": 10 });
    check("kirin_v1_6_t2v", square, (960, 960), 10);
    check("kirin_v3_t2v", json!({ "duration": "15" }), hd, 15);
    check("kirin_v3_t2v", json!({ "duration": "3" }), hd, 3);
}

#[test]
fn every_model_takes_what_all_have() {
    for model in MODELS {
        let mut session = session();
        let common = json!({
            "watermark_info": { "enabled": true }, "external_task_id": "order-42",
            "callback_url": "https://example.com/hook",
        });
        let id = session.create_with(model.id, with(model.id, &common));
        session.advance(3000);
        let (_, task) = session.query("order-42");
        assert_eq!(task["id"], *id);
        let download = Request::get(file_path(&task, "watermark_url"));
        let artifact = session.artifact(&download.body("".into()).unwrap());
        assert!(artifact.spec().watermark);
    }
}

#[test]
fn every_wrong_parameter_of_every_model_is_named() {
    for model in MODELS {
        let mut params: Map<_, _> = model
            .parameters
            .iter()
            .map(|parameter| (parameter.name.to_owned(), json!([7])))
            .collect();
        params.insert("quality".into(), "best".into());
        let message = refusal(model.id, params.clone().into());
        for name in params.keys() {
            // What is wrong inside a list is named with its place.
            let name = match name.as_str() {
                "multi_prompt" => "multi_prompt[0]",
                name => name,
            };
            assert!(
                message.contains(&format!("{name} is ")),
                "{name}: {message}"
            );
        }
        let required = required(model);
        let message = refusal(model.id, json!({ "mode": 7 }));
        for name in required {
            let missing = format!("{name} is missing; it is required");
            assert!(message.contains(&missing), "{message}");
        }
    }
}

fn required(model: &Model) -> impl Iterator<Item = &'static str> {
    let required = model
        .parameters
        .iter()
        .filter(|parameter| parameter.required);
    required.map(|parameter| parameter.name)
}

#[test]
fn rules_between_parameters_hold() {
    let taken = |model: &str, others: Value| {
        session().create_with(model, with(model, &others));
    };
    let refused = |model: &str, others: Value, named: &str| {
        let message = refusal(model, with(model, &others));
        assert!(
            message.starts_with(&format!("invalid request: {named} ")),
            "{message}"
        );
    };
    let simple =
        |config: Value| json!({ "camera_control": { "type": "simple", "config": config } });
    taken("kirin_v1_t2v", simple(json!({ "zoom": 10, "pan": 0 })));
    refused(
        "kirin_v1_t2v",
        simple(json!({ "zoom": 10, "pan": 1 })),
        "camera_control.config",
    );
    refused(
        "kirin_v1_t2v",
        simple(json!({ "zoom": 11 })),
        "camera_control.config.zoom",
    );
    let back = json!({ "type": "down_back" });
    taken(
        "kirin_v1_t2v",
        json!({ "camera_control": back, "mode": "std" }),
    );
    refused(
        "kirin_v1_t2v",
        json!({ "camera_control": back, "mode": "pro" }),
        "camera_control",
    );
    refused(
        "kirin_v1_t2v",
        json!({ "camera_control": back, "duration": "10" }),
        "camera_control",
    );

    for model in ["kirin_v1_6_i2v", "kirin_v2_5_turbo_i2v", "kirin_v2_6_i2v"] {
        taken(model, json!({ "image_tail": IMAGE, "mode": "pro" }));
        refused(
            model,
            json!({ "image_tail": IMAGE, "mode": "std" }),
            "image_tail",
        );
    }
    taken("kirin_v1_i2v", json!({ "image_tail": IMAGE }));

    for model in ["kirin_v2_6_t2v", "kirin_v2_6_i2v"] {
        taken(model, json!({ "sound": "on", "mode": "pro" }));
        refused(model, json!({ "sound": "on", "mode": "std" }), "sound");
    }
    let both = json!({ "image_tail": IMAGE, "mode": "pro", "sound": "on" });
    refused("kirin_v2_6_i2v", both, "sound");

    let shots = |total: &str| {
        let shot =
            |index, duration| json!({ "index": index, "prompt": "a fox", "duration": duration });
        json!({
            "prompt": null, "multi_shot": true, "shot_type": "customize", "duration": total,
            "multi_prompt": [shot(1, "3"), shot(2, "4")],
        })
    };
    taken("kirin_v3_t2v", shots("7"));
    refused("kirin_v3_t2v", shots("8"), "multi_prompt");
    refused(
        "kirin_v3_t2v",
        json!({ "shot_type": "customize" }),
        "shot_type",
    );
    refused("kirin_v3_t2v", json!({ "prompt": null }), "prompt");
    refused("kirin_v3_t2v", json!({ "duration": 5 }), "duration");
    refused("kirin_v1_6_t2v", json!({ "duration": "5" }), "duration");
}

#[test]
fn pictures_come_as_a_url_or_in_base64() {
    for model in MODELS
        .iter()
        .filter(|model| model.parameter("image").is_some())
    {
        for image in [json!(IMAGE), picture(300, 300, 100), picture(750, 300, 100)] {
            session().create_with(model.id, json!({ "image": image }));
        }
        for (image, found) in [
            (json!("data:image/png;base64,iVBO"), "begins with data:"),
            (json!("fox.png"), "is neither a URL nor base64"),
            (json!("R0lGODlh"), "is neither a JPEG nor a PNG"),
            (picture(751, 300, 100), "is 751x300 pixels"),
        ] {
            let message = refusal(model.id, json!({ "image": image }));
            let expected = format!("invalid request: image {found}");
            assert!(message.starts_with(&expected), "{message}");
        }
    }
}

#[test]
fn two_of_the_largest_pictures_are_taken() {
    let largest = picture(300, 300, Image::MAX_BYTES);
    let params = json!({
        "image": largest, "image_tail": largest, "mode": "pro", "prompt": "雨".repeat(2500),
    });
    session().create_with("kirin_v2_5_turbo_i2v", params);
}

#[test]
fn a_failed_extension_has_its_own_form() {
    let mut session = Session::new(EmulatorConfig::new().fail_with("014002095"));
    let model = "kirin_duration_extension";
    let id = session.create_with(model, minimal(model));
    session.advance(3000);
    let expected = json!({ "code": "014002095", "message": "Internal generation error" });
    assert_eq!(session.query(&id).1["error"], expected);
}
