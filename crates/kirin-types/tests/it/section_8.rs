//! Section 8 of the protocol, typed a second time: what each model takes, independently of the
//! catalogue, so that a slip in either shows as a difference.

use kirin_tests::proptest::sample::Index;
use serde_json::{Map, Value, json};

use crate::image::{base64, jpeg, png};

pub(crate) type Parameters = Map<String, Value>;

/// A model: its id, and its parameters beside `model` in the order of the page.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) model: &'static str,
    pub(crate) parameters: &'static [(&'static str, Kind, Need)],
}

/// What a parameter may be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    CallbackUrl,
    CameraControl,
    CfgScale,
    ExternalTaskId,
    Flag,
    Image {
        bounded_ratio: bool,
    },
    /// 5 or 10 as a number, on the one page that says so.
    NumberOfSeconds,
    Shots,
    Text {
        min: usize,
    },
    ThreeToFifteen,
    Watermark,
    Words(&'static [&'static str]),
}

/// Whether a parameter must be there, and what it is if it is not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Need {
    /// As JSON.
    Default(&'static str),
    Optional,
    Required,
}

use Need::{Default, Optional, Required};

const TEXT: Kind = Kind::Text { min: 0 };
const TEXT_FROM_1: Kind = Kind::Text { min: 1 };
const IMAGE: Kind = Kind::Image {
    bounded_ratio: true,
};
const ANY_RATIO: Kind = Kind::Image {
    bounded_ratio: false,
};
const DURATION: Kind = Kind::Words(&["5", "10"]);
const RATIO: Kind = Kind::Words(&["16:9", "9:16", "1:1"]);
const MODE: Kind = Kind::Words(&["std", "pro"]);
const SOUND: Kind = Kind::Words(&["on", "off"]);

const FIVE: Need = Default(r#""5""#);
const LANDSCAPE: Need = Default(r#""16:9""#);
const STD: Need = Default(r#""std""#);
const OFF: Need = Default(r#""off""#);

macro_rules! row {
    ($model:literal: $($name:literal $kind:ident $need:expr;)+) => {
        Row {
            model: $model,
            parameters: &[
                $(($name, $kind, $need),)+
                // Common to all.
                ("watermark_info", Kind::Watermark, Optional),
                ("callback_url", Kind::CallbackUrl, Optional),
                ("external_task_id", Kind::ExternalTaskId, Optional),
            ],
        }
    };
}

const CFG_SCALE: Kind = Kind::CfgScale;
const CAMERA: Kind = Kind::CameraControl;
const FLAG: Kind = Kind::Flag;
const SHOTS: Kind = Kind::Shots;
const SHOT_TYPE: Kind = Kind::Words(&["customize"]);
const THREE_TO_FIFTEEN: Kind = Kind::ThreeToFifteen;
const NUMBER: Kind = Kind::NumberOfSeconds;

/// The table. An empty required prompt would be none, so it has 1 character where the page gives
/// no lower bound.
#[rustfmt::skip] // One parameter per word group reads like the page.
pub(crate) const ROWS: &[Row] = &[
    row!("kirin_v1_t2v": "prompt" TEXT_FROM_1 Required; "duration" DURATION FIVE;
        "aspect_ratio" RATIO LANDSCAPE; "negative_prompt" TEXT Optional;
        "cfg_scale" CFG_SCALE Default("0.5"); "mode" MODE STD; "camera_control" CAMERA Optional;),
    row!("kirin_v1_i2v": "image" IMAGE Required; "image_tail" ANY_RATIO Optional;
        "prompt" TEXT_FROM_1 Optional; "mode" MODE Optional;),
    row!("kirin_v1_6_t2v": "prompt" TEXT Optional; "negative_prompt" TEXT Optional;
        "cfg_scale" CFG_SCALE Optional; "mode" MODE STD; "aspect_ratio" RATIO LANDSCAPE;
        "duration" NUMBER Default("5");),
    row!("kirin_v1_6_i2v": "image" IMAGE Required; "image_tail" IMAGE Optional;
        "prompt" TEXT_FROM_1 Optional; "mode" MODE Optional;),
    row!("kirin_v2_master_t2v": "prompt" TEXT_FROM_1 Required; "negative_prompt" TEXT Optional;
        "aspect_ratio" RATIO LANDSCAPE; "duration" DURATION Optional;),
    row!("kirin_v2_master_i2v": "image" IMAGE Required; "prompt" TEXT Optional;
        "negative_prompt" TEXT Optional; "duration" DURATION FIVE;),
    row!("kirin_v2_1_master_t2v": "prompt" TEXT_FROM_1 Required; "aspect_ratio" RATIO LANDSCAPE;
        "duration" DURATION Optional;),
    row!("kirin_v2_1_master_i2v": "image" IMAGE Required; "prompt" TEXT Optional;
        "duration" DURATION FIVE;),
    row!("kirin_v2_5_turbo_t2v": "prompt" TEXT_FROM_1 Required; "duration" DURATION FIVE;
        "aspect_ratio" RATIO LANDSCAPE; "mode" MODE STD; "negative_prompt" TEXT Optional;),
    row!("kirin_v2_5_turbo_i2v": "image" IMAGE Required; "prompt" TEXT Optional;
        "negative_prompt" TEXT Optional; "duration" DURATION FIVE; "mode" MODE STD;
        "image_tail" IMAGE Optional;),
    row!("kirin_v2_6_t2v": "prompt" TEXT_FROM_1 Required; "negative_prompt" TEXT Optional;
        "sound" SOUND OFF; "mode" MODE STD; "aspect_ratio" RATIO LANDSCAPE;
        "duration" DURATION FIVE;),
    row!("kirin_v2_6_i2v": "image" IMAGE Required; "image_tail" IMAGE Optional;
        "prompt" TEXT Optional; "negative_prompt" TEXT Optional; "sound" SOUND Optional;
        "mode" MODE Optional; "duration" DURATION Optional;),
    // The default of the duration is not in section 8; it is Kling's. The page bounds the prompt
    // above only, and requires it of one shot: an empty one would be none.
    row!("kirin_v3_t2v": "multi_shot" FLAG Default("false"); "shot_type" SHOT_TYPE Optional;
        "prompt" TEXT_FROM_1 Optional; "multi_prompt" SHOTS Optional; "negative_prompt" TEXT Optional;
        "sound" SOUND OFF; "mode" MODE Optional; "duration" THREE_TO_FIFTEEN FIVE;),
    row!("kirin_duration_extension": "video_id" TEXT_FROM_1 Required; "prompt" TEXT Optional;
        "negative_prompt" TEXT Optional; "cfg_scale" CFG_SCALE Default("0.5");),
];

/// The legal values of a parameter that lie at its limits.
pub(crate) fn legal_values(kind: Kind) -> Vec<Value> {
    let texts = |texts: &[&str]| texts.iter().map(|it| json!(it)).collect::<Vec<_>>();
    match kind {
        Kind::CallbackUrl => texts(&["", "https://example.com/hook?x=1", "HTTP://127.0.0.1:1"]),
        Kind::CameraControl => [
            // The type alone, and each field at its ends.
            json!({"type": "simple"}),
            json!({"type": "down_back"}),
            json!({"type": "forward_up"}),
            json!({"type": "right_turn_forward"}),
            json!({"type": "left_turn_forward"}),
            json!({"type": "simple", "config": {"horizontal": 10}}),
            json!({"type": "simple", "config": {"vertical": -10}}),
            json!({"type": "simple", "config": {"pan": 0.5, "tilt": 0, "roll": 0.0}}),
            json!({"type": "simple", "config": {"tilt": 10.0}}),
            json!({"type": "simple", "config": {"roll": -10.0}}),
            json!({"type": "simple", "config": {"horizontal": 0, "vertical": 0, "pan": 0,
                "tilt": 0, "roll": 0, "zoom": -0.1}}),
        ]
        .into(),
        Kind::CfgScale => vec![json!(0), json!(1), json!(0.0), json!(1.0), json!(0.5)],
        Kind::ExternalTaskId => {
            let mut ids = texts(&["", "a", "AZaz09._-"]);
            ids.push(json!("x".repeat(64)));
            ids
        }
        Kind::Flag => vec![json!(true), json!(false)],
        Kind::Image { bounded_ratio } => {
            let mut images = texts(&["https://example.com/fox.png", "http://127.0.0.1/a"]);
            let both = [png(300, 300), jpeg(300, 300), png(750, 300), jpeg(300, 750)];
            images.extend(both.iter().map(|bytes| json!(base64(bytes))));
            if !bounded_ratio {
                images.extend([
                    json!(base64(&png(751, 300))),
                    json!(base64(&jpeg(300, 9000))),
                ]);
            }
            images
        }
        Kind::NumberOfSeconds => vec![json!(5), json!(10)],
        Kind::Shots => vec![
            shots(&["5"]),
            shots(&["1", "1", "1", "1", "1", "1"]),
            shots(&["15"]),
            shots(&["2", "1"]),
            json!([{"index": 0, "prompt": "船".repeat(512), "duration": "5"}]),
        ],
        Kind::Text { min } => {
            let longest = ["x".repeat(2500), "船".repeat(2500), "⛵".repeat(2500)];
            let mut all: Vec<Value> = longest.into_iter().map(Value::from).collect();
            all.extend(texts(&["x", " "]));
            all.extend((min == 0).then(|| json!("")));
            all
        }
        Kind::ThreeToFifteen => texts(&["3", "5", "6", "15"]),
        Kind::Watermark => vec![json!({"enabled": true}), json!({"enabled": false})],
        Kind::Words(words) => texts(words),
    }
}

/// The illegal values nearest to the legal, and the wrong types. None is null: it is no value.
pub(crate) fn illegal_values(kind: Kind) -> Vec<Value> {
    let mut values = vec![json!([]), json!([1]), json!({}), json!({"text": "x"})];
    match kind {
        Kind::CfgScale => values.extend([json!(-0.01), json!(1.01), json!(-1), json!(2)]),
        Kind::NumberOfSeconds => {
            values.extend([4, 6, 9, 11, -5, 0, 510].map(Value::from));
            values.extend([json!(5.5), json!(u64::MAX)]);
        }
        _ => values.extend([json!(0), json!(5), json!(0.5), json!(-1)]),
    }
    if !matches!(kind, Kind::Flag) {
        values.extend([json!(true), json!(false)]);
    }
    let texts = |texts: &[&str]| texts.iter().map(|it| json!(it)).collect::<Vec<_>>();
    values.extend(match kind {
        Kind::CallbackUrl => texts(&["x", "/hook", "//a/b", "ftp://a", "https://", "https://a b"]),
        Kind::CameraControl => vec![
            json!("simple"),
            json!({"type": null}),
            json!({"type": "spin"}),
            json!({"type": "Simple"}),
            json!({"config": {"zoom": 1}}),
            json!({"type": "simple", "config": {}}),
            json!({"type": "simple", "config": {"zoom": 0}}),
            json!({"type": "simple", "config": {"zoom": 1, "pan": 1}}),
            json!({"type": "simple", "config": {"horizontal": 10.01}}),
            json!({"type": "simple", "config": {"vertical": -10.01}}),
            json!({"type": "simple", "config": {"pan": 11}}),
            json!({"type": "simple", "config": {"tilt": -11}}),
            json!({"type": "simple", "config": {"roll": "1"}}),
            json!({"type": "simple", "config": {"zoom": true}}),
            json!({"type": "simple", "config": {"dolly": 1}}),
            json!({"type": "simple", "config": [1]}),
            json!({"type": "simple", "zoom": 1}),
            json!({"type": "down_back", "config": {"zoom": 1}}),
            json!({"type": "forward_up", "config": {"zoom": 1}}),
            json!({"type": "right_turn_forward", "config": {"zoom": 1}}),
            json!({"type": "left_turn_forward", "config": {"zoom": 1}}),
        ],
        Kind::CfgScale => texts(&["", "0.5", "1"]),
        Kind::ExternalTaskId => {
            let mut ids = texts(&[" ", "a b", "a/b", "ordér", "a\n"]);
            ids.push(json!("x".repeat(65)));
            ids
        }
        Kind::Flag | Kind::Watermark => {
            let mut values = texts(&["", "true", "on"]);
            values.extend([
                json!([{"enabled": true}]),
                json!({"enabled": "true"}),
                json!({"enabled": 1}),
                json!({"enabled": null}),
                json!({"enabled": true, "text": "mine"}),
            ]);
            values
        }
        Kind::Image { bounded_ratio } => {
            let mut images = texts(&["", "a fox", "fox.png", "ftp://example.com/fox.png"]);
            let data_url = format!("data:image/png;base64,{}", base64(&png(300, 300)));
            images.extend([json!(data_url), json!(base64(b"GIF89a\x2c\x01\x2c\x01"))]);
            let small = [png(299, 300), png(300, 299), jpeg(299, 300), jpeg(300, 299)];
            images.extend(small.iter().map(|bytes| json!(base64(bytes))));
            if bounded_ratio {
                let beyond = [png(751, 300), png(300, 751), jpeg(751, 300), jpeg(300, 751)];
                images.extend(beyond.iter().map(|bytes| json!(base64(bytes))));
            }
            images
        }
        Kind::NumberOfSeconds => texts(&["", "5", "10"]),
        Kind::Shots => vec![
            json!("a fox"),
            shots(&["1", "1", "1", "1", "1", "1", "1"]),
            shots(&["0"]),
            shots(&["16"]),
            shots(&["05"]),
            shots(&["5", ""]),
            json!(["a fox"]),
            json!([{"prompt": "x", "duration": "5"}]),
            json!([{"index": 1, "duration": "5"}]),
            json!([{"index": 1, "prompt": "x"}]),
            json!([{"index": "1", "prompt": "x", "duration": "5"}]),
            json!([{"index": 1.5, "prompt": "x", "duration": "5"}]),
            json!([{"index": -1, "prompt": "x", "duration": "5"}]),
            json!([{"index": 1, "prompt": "", "duration": "5"}]),
            json!([{"index": 1, "prompt": "x".repeat(513), "duration": "5"}]),
            json!([{"index": 1, "prompt": "船".repeat(513), "duration": "5"}]),
            json!([{"index": 1, "prompt": "x", "duration": 5}]),
            json!([{"index": 1, "prompt": "x", "duration": "5", "mode": "std"}]),
        ],
        Kind::Text { min } => {
            let longer = ["x".repeat(2501), "船".repeat(2501), "⛵".repeat(2501)];
            let mut all: Vec<Value> = longer.into_iter().map(Value::from).collect();
            all.extend((min == 1).then(|| json!("")));
            all
        }
        Kind::ThreeToFifteen => texts(&["", "0", "2", "16", "-3", "+3", "03", "3.0", " 3", "３"]),
        Kind::Words(words) => {
            let mut values = texts(&["", "4", "6", "7", "05", "4:3", "16x9", "best", "custom"]);
            values.extend(words.iter().map(|word| json!(format!("{word} "))));
            values
        }
    });
    values
}

/// Shots of these durations.
pub(crate) fn shots(durations: &[&str]) -> Value {
    let shot = |(index, duration)| json!({"index": index, "prompt": "x", "duration": duration});
    durations.iter().enumerate().map(shot).collect()
}

// ----------------------------------------------------------------- an independent checker

/// Whether a request of these parameters is legal, by section 8.
pub(crate) fn is_legal(row: &Row, parameters: &Parameters) -> bool {
    let known = |name: &String| row.parameters.iter().any(|(known, ..)| known == name);
    let each_is_legal =
        row.parameters
            .iter()
            .all(|(name, kind, need)| match set(parameters, name) {
                Some(value) => is_legal_value(*kind, value),
                None => *need != Required,
            });
    parameters.keys().all(known) && each_is_legal && keeps_the_rules(row.model, parameters)
}

/// Whether one value is legal, whatever stands beside it.
pub(crate) fn is_legal_value(kind: Kind, value: &Value) -> bool {
    let text = value.as_str();
    let number = value.as_f64();
    match kind {
        // What is a URL or a picture is not said twice; the tables list some of either.
        Kind::CallbackUrl | Kind::Image { .. } => {
            text.is_some_and(|text| text.starts_with("https://example.com/"))
                || legal_values(kind).contains(value)
        }
        Kind::CameraControl => is_legal_camera(value),
        Kind::CfgScale => number.is_some_and(|number| (0.0..=1.0).contains(&number)),
        Kind::ExternalTaskId => text.is_some_and(|text| {
            let listed = |it: u8| it.is_ascii_alphanumeric() || b"._-".contains(&it);
            text.len() <= 64 && text.bytes().all(listed)
        }),
        Kind::Flag => value.is_boolean(),
        Kind::NumberOfSeconds => *value == json!(5) || *value == json!(10),
        Kind::Shots => {
            let shots = value.as_array().map(Vec::as_slice).unwrap_or_default();
            (1..=6).contains(&shots.len()) && shots.iter().all(is_legal_shot)
        }
        Kind::Text { min } => text.is_some_and(|text| (min..=2500).contains(&text.chars().count())),
        Kind::ThreeToFifteen => (3..=15).any(|seconds| text == Some(seconds.to_string().as_str())),
        Kind::Watermark => {
            *value == json!({"enabled": true}) || *value == json!({"enabled": false})
        }
        Kind::Words(words) => text.is_some_and(|text| words.contains(&text)),
    }
}

fn is_legal_shot(shot: &Value) -> bool {
    let Some(fields) = shot.as_object() else {
        return false;
    };
    let prompt = shot["prompt"].as_str().unwrap_or_default().chars().count();
    let whole = shot["index"].as_i64();
    fields.len() == 3
        && whole.is_some_and(|index| (0..=i64::from(i32::MAX)).contains(&index))
        && (1..=512).contains(&prompt)
        && (1..=15).any(|seconds| shot["duration"] == json!(seconds.to_string()))
}

fn is_legal_camera(camera: &Value) -> bool {
    let Some(fields) = camera.as_object() else {
        return false;
    };
    if fields.keys().any(|name| name != "type" && name != "config") {
        return false;
    }
    let moves = [
        "down_back",
        "forward_up",
        "right_turn_forward",
        "left_turn_forward",
    ];
    match (camera["type"].as_str(), fields.get("config")) {
        (Some("simple"), None | Some(Value::Null)) => true,
        (Some(word), None | Some(Value::Null)) => moves.contains(&word),
        (Some("simple"), Some(Value::Object(config))) => {
            let known = ["horizontal", "vertical", "pan", "tilt", "roll", "zoom"];
            let in_bounds = |value: &Value| {
                value.is_null()
                    || value
                        .as_f64()
                        .is_some_and(|number| (-10.0..=10.0).contains(&number))
            };
            let moving = |value: &&Value| value.as_f64().is_some_and(|number| number != 0.0);
            config.keys().all(|name| known.contains(&name.as_str()))
                && config.values().all(in_bounds)
                && config.values().filter(moving).count() == 1
        }
        _ => false,
    }
}

/// The rules between parameters, for values that are legal by themselves.
fn keeps_the_rules(model: &str, parameters: &Parameters) -> bool {
    let there = |name| set(parameters, name).is_some();
    let word = |name| set(parameters, name).and_then(Value::as_str);
    let both_images = there("image") && there("image_tail");
    match model {
        "kirin_v1_t2v" => {
            !there("camera_control")
                || (word("mode").unwrap_or("std") == "std"
                    && word("duration").unwrap_or("5") == "5")
        }
        // No tail alone: the image is required anyway.
        "kirin_v1_i2v" => true,
        "kirin_v1_6_i2v" => !there("image_tail") || word("mode") == Some("pro"),
        "kirin_v2_5_turbo_i2v" => !both_images || word("mode") == Some("pro"),
        "kirin_v2_6_t2v" => word("sound") != Some("on") || word("mode") == Some("pro"),
        "kirin_v2_6_i2v" => {
            let with_sound = word("sound") == Some("on");
            (!(with_sound || both_images) || word("mode") == Some("pro"))
                && !(both_images && with_sound)
        }
        "kirin_v3_t2v" if set(parameters, "multi_shot") == Some(&json!(true)) => {
            let shots = set(parameters, "multi_prompt").and_then(Value::as_array);
            let seconds = |shot: &Value| shot["duration"].as_str()?.parse::<u32>().ok();
            let sum = shots.map(|shots| shots.iter().filter_map(seconds).sum::<u32>());
            let total = word("duration").unwrap_or("5").parse().ok();
            there("shot_type") && !there("prompt") && sum.is_some() && sum == total
        }
        "kirin_v3_t2v" => there("prompt") && !there("shot_type") && !there("multi_prompt"),
        _ => true,
    }
}

/// Changes parameters that are legal one by one until the rules between them are kept too.
pub(crate) fn adjust_to_the_rules(model: &str, parameters: &mut Parameters, choice: &Index) {
    match model {
        "kirin_v1_t2v" if parameters.contains_key("camera_control") => {
            for name in ["mode", "duration"] {
                parameters.remove(name);
            }
        }
        "kirin_v1_6_i2v" | "kirin_v2_5_turbo_i2v" if parameters.contains_key("image_tail") => {
            parameters.insert("mode".into(), json!("pro"));
        }
        "kirin_v2_6_t2v" if parameters.get("sound") == Some(&json!("on")) => {
            parameters.insert("mode".into(), json!("pro"));
        }
        "kirin_v2_6_i2v" if parameters.contains_key("image_tail") => {
            parameters.insert("mode".into(), json!("pro"));
            match choice.index(2) {
                0 => parameters.remove("sound"),
                _ => parameters.insert("sound".into(), json!("off")),
            };
        }
        "kirin_v2_6_i2v" if parameters.get("sound") == Some(&json!("on")) => {
            parameters.insert("mode".into(), json!("pro"));
        }
        "kirin_v3_t2v" if parameters.get("multi_shot") == Some(&json!(true)) => {
            let lists: [(&str, &[&str]); 4] = [
                ("3", &["3"]),
                ("6", &["1", "1", "1", "1", "1", "1"]),
                ("15", &["14", "1"]),
                ("15", &["15"]),
            ];
            let (total, durations) = lists[choice.index(lists.len())];
            parameters.insert("shot_type".into(), json!("customize"));
            parameters.insert("multi_prompt".into(), shots(durations));
            parameters.insert("duration".into(), json!(total));
            parameters.remove("prompt");
        }
        "kirin_v3_t2v" => {
            parameters.remove("shot_type");
            parameters.remove("multi_prompt");
            parameters.entry("prompt").or_insert_with(|| json!("a fox"));
        }
        _ => {}
    }
}

/// The value of a parameter; null counts as absent.
fn set<'a>(parameters: &'a Parameters, name: &str) -> Option<&'a Value> {
    parameters.get(name).filter(|value| !value.is_null())
}
