//! Every model of the family: its golden bodies, each limit of each parameter, and every rule
//! between parameters both ways. What is expected is typed from section 8 of the protocol.

use kirin_types::{
    AspectRatio, GenerationRequest, GenerationRequestBuilder, InvalidRequest, MODELS, Mode, Model,
    ModelKind,
};
use serde_json::{Value, json};

use crate::{
    fixtures,
    image::{base64, png},
    section_8::{self, Kind, Need, Parameters, ROWS, Row, illegal_values, legal_values, shots},
    validate::fields,
};

mod rules;
mod unchecked;

/// Each file of `family/`, and the same request as a caller would build it.
#[rustfmt::skip] // One line per group of parameters, as in the files.
fn golden() -> Vec<(&'static str, GenerationRequestBuilder)> {
    let model = |model| GenerationRequest::for_model(model)
        .watermark(true)
        .callback_url("https://example.com/hook?order=42")
        .external_task_id("order-42");
    let text = |id| model(id).parameter("prompt", "a paper boat on a rainy street");
    let negative = |id| text(id).negative_prompt("text, people");
    let image = |builder: GenerationRequestBuilder|
        builder.parameter("image", "https://example.com/fox.png");
    let tail = |builder: GenerationRequestBuilder|
        image(builder).parameter("image_tail", "iVBORw0KGgoAAAANSUhEUgAAASwAAAEs");
    let camera = json!({"type": "simple", "config": {
        "horizontal": 0, "vertical": 0, "pan": -2.5, "tilt": 0, "roll": 0, "zoom": 0,
    }});
    let two_shots = json!([
        {"index": 1, "prompt": "a paper boat floats", "duration": "5"},
        {"index": 2, "prompt": "it sinks", "duration": "10"},
    ]);
    vec![
        ("kirin_v1_t2v.json", negative("kirin_v1_t2v")
            .parameter("duration", "5").aspect_ratio(AspectRatio::Portrait)
            .parameter("cfg_scale", 0.7).mode(Mode::Std).parameter("camera_control", camera)),
        ("kirin_v1_t2v-pro.json", negative("kirin_v1_t2v")
            .parameter("duration", "10").aspect_ratio(AspectRatio::Square)
            .parameter("cfg_scale", 1).mode(Mode::Pro)),
        ("kirin_v1_i2v.json", tail(text("kirin_v1_i2v")).mode(Mode::Pro)),
        ("kirin_v1_6_t2v.json", negative("kirin_v1_6_t2v")
            .parameter("duration", 10).aspect_ratio(AspectRatio::Square)
            .parameter("cfg_scale", 0).mode(Mode::Pro)),
        ("kirin_v1_6_i2v.json", tail(text("kirin_v1_6_i2v")).mode(Mode::Pro)),
        ("kirin_v2_master_t2v.json", negative("kirin_v2_master_t2v")
            .parameter("duration", "10").aspect_ratio(AspectRatio::Portrait)),
        ("kirin_v2_master_i2v.json", image(negative("kirin_v2_master_i2v"))
            .parameter("duration", "10")),
        ("kirin_v2_1_master_t2v.json", text("kirin_v2_1_master_t2v")
            .parameter("duration", "10").aspect_ratio(AspectRatio::Portrait)),
        ("kirin_v2_1_master_i2v.json", image(text("kirin_v2_1_master_i2v"))
            .parameter("duration", "10")),
        ("kirin_v2_5_turbo_t2v.json", negative("kirin_v2_5_turbo_t2v")
            .parameter("duration", "10").aspect_ratio(AspectRatio::Portrait).mode(Mode::Pro)),
        ("kirin_v2_5_turbo_i2v.json", tail(negative("kirin_v2_5_turbo_i2v"))
            .parameter("duration", "10").mode(Mode::Pro)),
        ("kirin_v2_6_t2v.json", negative("kirin_v2_6_t2v")
            .parameter("duration", "10").aspect_ratio(AspectRatio::Portrait).mode(Mode::Pro)
            .parameter("sound", "on")),
        ("kirin_v2_6_i2v.json", tail(negative("kirin_v2_6_i2v"))
            .parameter("duration", "10").mode(Mode::Pro).parameter("sound", "off")),
        ("kirin_v2_6_i2v-sound.json", image(negative("kirin_v2_6_i2v"))
            .parameter("duration", "5").mode(Mode::Pro).parameter("sound", "on")),
        ("kirin_v3_t2v.json", negative("kirin_v3_t2v")
            .parameter("multi_shot", false).parameter("duration", "3").mode(Mode::Std)
            .parameter("sound", "on")),
        ("kirin_v3_t2v-multi-shot.json", model("kirin_v3_t2v").negative_prompt("text, people")
            .parameter("multi_shot", true).parameter("shot_type", "customize")
            .parameter("multi_prompt", two_shots).parameter("duration", "15").mode(Mode::Pro)
            .parameter("sound", "off")),
        ("kirin_duration_extension.json", negative("kirin_duration_extension")
            .parameter("video_id", "asset-815").parameter("cfg_scale", 0.7)),
    ]
}

#[test]
fn every_model_is_sent_as_its_golden_body() {
    fn check(name: &str, builder: GenerationRequestBuilder) {
        let request = builder.build();
        let request = request.unwrap_or_else(|invalid| panic!("{name}: {invalid}"));
        let sent = json!({
            "model": request.model_id(),
            "input": [{"params": serde_json::to_value(request.parameters()).unwrap()}],
        });
        assert_eq!(sent, body(name), "{name}");
    }

    for (name, builder) in golden() {
        check(name, builder);
    }
}

#[test]
fn no_golden_body_of_the_family_is_forgotten() {
    let golden = golden();
    fixtures::assert_all_are_named("family", golden.iter().map(|(name, _)| *name));
}

#[test]
fn the_golden_bodies_of_a_model_hold_every_parameter_of_it() {
    fn check(row: &Row, bodies: &[Value]) {
        let bodies = bodies.iter().filter(|body| body["model"] == row.model);
        let params: Vec<_> = bodies.map(|body| &body["input"][0]["params"]).collect();
        for (name, ..) in row.parameters {
            let held = params.iter().any(|params| params.get(name).is_some());
            assert!(held, "{} {name}", row.model);
        }
    }

    let bodies: Vec<_> = golden().iter().map(|(name, _)| body(name)).collect();
    for row in ROWS {
        check(row, &bodies);
    }
}

fn body(name: &str) -> Value {
    serde_json::from_slice(&fixtures::read("family", name)).unwrap()
}

#[test]
fn the_catalogue_has_the_models_of_section_8_and_no_other() {
    let catalogue: Vec<_> = MODELS.iter().map(|model| model.id).collect();
    let section_8: Vec<_> = ROWS.iter().map(|row| row.model).collect();
    assert_eq!(catalogue, section_8);
}

#[test]
fn every_model_has_the_parameters_of_section_8_in_their_order() {
    for row in ROWS {
        let expected = row.parameters.iter();
        let expected = expected.map(|(name, _, need)| (*name, *need == Need::Required));
        let found = Model::find(row.model).unwrap().parameters.iter();
        let found = found.map(|parameter| (parameter.name, parameter.required));
        assert_eq!(
            found.collect::<Vec<_>>(),
            expected.collect::<Vec<_>>(),
            "{}",
            row.model
        );
    }
}

#[test]
fn what_is_not_set_is_sent_with_its_documented_default_and_nothing_else_is() {
    fn check(row: &Row) {
        let given = minimal(row);
        let mut expected = given.clone();
        for (name, _, need) in row.parameters {
            if let Need::Default(default) = need {
                let default = serde_json::from_str(default).unwrap();
                expected.entry(*name).or_insert(default);
            }
        }
        let request = build(row.model, &given).unwrap();
        let sent = serde_json::to_value(request.parameters()).unwrap();
        assert_eq!(sent, Value::Object(expected), "{}", row.model);
    }

    for row in ROWS {
        check(row);
    }
}

#[test]
fn every_model_gives_the_output_of_section_8() {
    // Sides by std and by pro, and frames per second; None where no source says it.
    fn check(id: &str, kind: ModelKind, std: u32, pro: u32, frames: Option<u32>) {
        let model = Model::find(id).unwrap();
        let side = |mode| model.output_size(mode, None).map(|size| size.height);
        assert_eq!(model.kind, kind, "{id}");
        assert_eq!(side(Some(Mode::Std)), Some(std), "{id}");
        assert_eq!(side(Some(Mode::Pro)), Some(pro), "{id}");
        if let Some(frames) = frames {
            assert_eq!(model.frame_rate.frames_per_second, frames, "{id}");
        }
    }

    use ModelKind::{Extension, ImageToVideo, TextToVideo};
    check("kirin_v1_t2v", TextToVideo, 720, 720, Some(30));
    check("kirin_v1_i2v", ImageToVideo, 720, 720, Some(30));
    check("kirin_v1_6_t2v", TextToVideo, 720, 1080, Some(24));
    check("kirin_v1_6_i2v", ImageToVideo, 720, 1080, Some(30));
    check("kirin_v2_master_t2v", TextToVideo, 720, 720, Some(24));
    check("kirin_v2_master_i2v", ImageToVideo, 720, 720, Some(24));
    check("kirin_v2_1_master_t2v", TextToVideo, 1080, 1080, Some(24));
    check("kirin_v2_1_master_i2v", ImageToVideo, 1080, 1080, Some(24));
    check("kirin_v2_5_turbo_t2v", TextToVideo, 720, 1080, Some(24));
    // By section 7, which speaks of both v2.5 turbo models.
    check("kirin_v2_5_turbo_i2v", ImageToVideo, 720, 1080, Some(24));
    check("kirin_v2_6_t2v", TextToVideo, 720, 1080, None);
    check("kirin_v2_6_i2v", ImageToVideo, 720, 1080, None);
    check("kirin_v3_t2v", TextToVideo, 720, 1080, None);
    check("kirin_duration_extension", Extension, 720, 720, None);
}

#[test]
fn every_legal_value_of_every_parameter_is_accepted() {
    fn check(row: &Row, name: &str, value: &Value) {
        let mut parameters = around(row, name, value);
        parameters.insert(name.into(), value.clone());
        let result = build(row.model, &parameters).map(drop);
        assert_eq!(result, Ok(()), "{} {name} {value}", row.model);
    }

    for row in ROWS {
        for (name, kind, _) in row.parameters {
            for value in legal_values(*kind) {
                check(row, name, &value);
            }
        }
    }
}

#[test]
fn every_illegal_value_of_every_parameter_is_refused_by_name() {
    fn check(row: &Row, name: &str, value: &Value) {
        let mut parameters = around(row, name, value);
        parameters.insert(name.into(), value.clone());
        let invalid = build(row.model, &parameters).expect_err(&format!("{name} {value}"));
        let named = fields(&invalid).into_iter().map(root).collect::<Vec<_>>();
        assert!(
            named.iter().all(|root| *root == name),
            "{} {name} {value}: {invalid}",
            row.model
        );
    }

    for row in ROWS {
        for (name, kind, _) in row.parameters {
            for value in illegal_values(*kind) {
                check(row, name, &value);
            }
        }
    }
}

#[test]
fn what_is_required_is_missed() {
    fn check(row: &Row, name: &str, value: Option<Value>) {
        let mut parameters = minimal(row);
        parameters.remove(name);
        parameters.extend(value.map(|value| (name.to_owned(), value)));
        let invalid = build(row.model, &parameters).unwrap_err();
        assert_eq!(
            told(&invalid),
            [format!("{name} is missing; it is required")]
        );
    }

    for row in ROWS {
        for (name, _, need) in row.parameters {
            if *need == Need::Required {
                check(row, name, None);
                check(row, name, Some(json!(null)));
            }
        }
    }
}

#[test]
fn null_is_no_value_of_what_may_be_absent() {
    for row in ROWS {
        let given = minimal(row);
        let mut parameters = given.clone();
        for (name, ..) in row.parameters {
            parameters.entry(*name).or_insert(json!(null));
        }
        assert_eq!(
            build(row.model, &parameters),
            build(row.model, &given),
            "{}",
            row.model
        );
    }
}

#[test]
fn a_null_within_an_object_is_not_sent_either() {
    let request = GenerationRequest::for_model("kirin_v1_t2v")
        .parameter("prompt", "a fox")
        .parameter(
            "camera_control",
            json!({"type": "down_back", "config": null}),
        )
        .build()
        .unwrap();
    assert_eq!(
        request.parameter("camera_control"),
        Some(&json!({"type": "down_back"}))
    );
}

/// Legal parameters of a model, among which `name` can have the legal `value`.
fn around(row: &Row, name: &str, value: &Value) -> Parameters {
    let mut parameters = minimal(row);
    let several_shots = row.model == "kirin_v3_t2v"
        && matches!(name, "multi_shot" | "shot_type" | "multi_prompt")
        && *value != json!(false);
    if several_shots {
        // As long as the shots are: the lists of `legal_values` have their sums here.
        let total = match value.as_array().map(Vec::len) {
            Some(6) => "6",
            Some(2) => "3",
            Some(1) if value[0]["duration"] == "15" => "15",
            _ => "5",
        };
        parameters = object(json!({"multi_shot": true, "shot_type": "customize",
            "multi_prompt": shots(&["5"]), "duration": total}));
    }
    // The page allows these only with pro.
    let only_with_pro = match name {
        "image_tail" => row.model != "kirin_v1_i2v",
        "sound" => row.model.starts_with("kirin_v2_6"),
        _ => false,
    };
    if only_with_pro {
        parameters.insert("mode".into(), json!("pro"));
    }
    parameters
}

/// The fewest parameters of a model.
fn minimal(row: &Row) -> Parameters {
    let required = row.parameters.iter().filter(|it| it.2 == Need::Required);
    let mut parameters: Parameters = required
        .map(|(name, kind, _)| match kind {
            Kind::Image { .. } => ((*name).into(), json!("https://example.com/fox.png")),
            _ => ((*name).into(), json!("a fox")),
        })
        .collect();
    if row.model == "kirin_v3_t2v" {
        parameters.insert("prompt".into(), json!("a fox"));
    }
    parameters
}

#[test]
fn a_problem_has_the_path_of_its_place_in_the_body() {
    fn check(model: &str, parameters: Value, expected: &[&str]) {
        let invalid = build(model, &object(parameters)).unwrap_err();
        let paths: Vec<_> = invalid.problems().iter().map(|it| it.path()).collect();
        assert_eq!(paths, expected);
    }

    let mut list = shots(&["1", "1", "3"]);
    list[2]["duration"] = json!(3);
    list[0]["promt"] = json!("x");
    check(
        "kirin_v3_t2v",
        json!({"multi_shot": true, "shot_type": "customize", "multi_prompt": list}),
        &[
            "input[0].params.multi_prompt[0].promt",
            "input[0].params.multi_prompt[2].duration",
        ],
    );
    check(
        "kirin_v1_t2v",
        json!({"prompt": "a fox", "camera_control": {"type": "simple", "config": {"pan": 11}}}),
        &["input[0].params.camera_control.config.pan"],
    );
    check(
        "kirin_v2_master_t2v",
        json!({"watermark_info": {}, "seed": 7}),
        &[
            "input[0].params.prompt",
            "input[0].params.watermark_info.enabled",
            "input[0].params.seed",
        ],
    );
    check("kirin_v9", json!({}), &["model"]);
}

#[test]
fn problems_stand_in_the_order_of_the_catalogue_the_unknown_last() {
    for row in ROWS {
        let mut parameters = Parameters::new();
        for (name, ..) in row.parameters {
            // An array is wrong for all of them, a list of shots included.
            parameters.insert((*name).into(), json!([1]));
        }
        parameters.insert("AAA".into(), json!(1));
        let invalid = build(row.model, &parameters).unwrap_err();
        let mut expected: Vec<_> = row.parameters.iter().map(|(name, ..)| *name).collect();
        expected.push("AAA");
        let named: Vec<_> = fields(&invalid).into_iter().map(root).collect();
        assert_eq!(named, expected, "{}", row.model);
    }
}

#[test]
fn an_unknown_parameter_of_any_model_is_told_what_was_meant() {
    for row in ROWS {
        for (name, ..) in row.parameters {
            let mut parameters = minimal(row);
            let slip = format!("{name}s");
            parameters.insert(slip.clone(), json!("x"));
            let expected = [format!(
                "{slip} is not a parameter of {}; did you mean {name:?}?",
                row.model
            )];
            let invalid = build(row.model, &parameters).unwrap_err();
            assert_eq!(told(&invalid), expected);
        }
    }
}

#[test]
fn a_parameter_of_another_model_is_unknown() {
    fn check(model: &str, name: &str) {
        let row = ROWS.iter().find(|row| row.model == model).unwrap();
        let mut parameters = minimal(row);
        parameters.insert(name.into(), json!("std"));
        let invalid = build(model, &parameters).unwrap_err();
        assert_eq!(fields(&invalid), [name], "{model}");
        assert_eq!(
            invalid.problems()[0].found,
            format!("is not a parameter of {model}")
        );
    }

    // What section 8 says a model has not.
    check("kirin_v2_master_t2v", "mode");
    check("kirin_v2_master_i2v", "mode");
    check("kirin_v2_1_master_t2v", "mode");
    check("kirin_v2_1_master_t2v", "negative_prompt");
    check("kirin_v2_1_master_i2v", "mode");
    check("kirin_v2_1_master_i2v", "negative_prompt");
    check("kirin_v1_i2v", "duration");
    check("kirin_v1_6_t2v", "camera_control");
    check("kirin_v2_5_turbo_t2v", "image");
    check("kirin_v3_t2v", "aspect_ratio");
    check("kirin_duration_extension", "duration");
}

#[test]
fn an_unknown_field_within_a_parameter_is_told_what_was_meant() {
    let parameters = object(json!({"prompt": "a fox",
        "camera_control": {"type": "simple", "config": {"horizontl": 1, "zoom": 1}}}));
    let invalid = build("kirin_v1_t2v", &parameters).unwrap_err();
    let expected = "camera_control.config.horizontl is not a parameter of \
        camera_control.config; did you mean \"horizontal\"?";
    assert_eq!(told(&invalid), [expected]);
}

pub(crate) fn builder(model: &str, parameters: &Parameters) -> GenerationRequestBuilder {
    let start = GenerationRequest::for_model(model);
    parameters.iter().fold(start, |builder, (name, value)| {
        builder.parameter(name, value.clone())
    })
}

/// Every problem as its text.
fn told(invalid: &InvalidRequest) -> Vec<String> {
    invalid.problems().iter().map(ToString::to_string).collect()
}

/// The parameter that a field is of: `camera_control` of `camera_control.type`.
pub(crate) fn root(field: &str) -> &str {
    field.split(['.', '[']).next().unwrap_or_default()
}

fn object(value: Value) -> Parameters {
    match value {
        Value::Object(object) => object,
        other => panic!("{other} is no object"),
    }
}

pub(crate) fn build(
    model: &str,
    parameters: &Parameters,
) -> Result<GenerationRequest, InvalidRequest> {
    builder(model, parameters).build()
}
