//! Every rule between parameters, both ways.

use super::*;

/// Fails unless a request breaks nothing, or exactly what is told.
fn check_rule(model: &str, parameters: Value, expected: &[&str]) {
    let parameters = object(parameters);
    let found = build(model, &parameters).map_or_else(|invalid| told(&invalid), |_| Vec::new());
    assert_eq!(found, expected, "{model} {parameters:?}");
    // The independent checker is of the same opinion.
    let row = ROWS.iter().find(|row| row.model == model).unwrap();
    assert_eq!(
        section_8::is_legal(row, &parameters),
        expected.is_empty(),
        "{parameters:?}"
    );
}

#[test]
fn the_camera_of_v1_moves_only_in_std_and_for_5_seconds() {
    fn check(others: Value, expected: &[&str]) {
        let mut parameters = object(others);
        parameters.insert("prompt".into(), json!("a fox"));
        parameters.insert("camera_control".into(), json!({"type": "forward_up"}));
        check_rule("kirin_v1_t2v", Value::Object(parameters), expected);
    }

    let only_std = "camera_control is set; it is only allowed where mode is std";
    let only_5 = "camera_control is set; it is only allowed where duration is 5";
    check(json!({}), &[]);
    check(json!({"mode": "std", "duration": "5"}), &[]);
    check(json!({"mode": null, "duration": null}), &[]);
    check(json!({"mode": "pro"}), &[only_std]);
    check(json!({"duration": "10"}), &[only_5]);
    check(
        json!({"mode": "pro", "duration": "10"}),
        &[only_std, only_5],
    );
    // Without a moving camera all of it is allowed.
    let still = json!({"prompt": "a fox", "mode": "pro", "duration": "10"});
    check_rule("kirin_v1_t2v", still, &[]);
}

#[test]
fn the_simple_camera_of_v1_moves_along_exactly_one_axis() {
    fn check(camera: Value, expected: &[&str]) {
        let parameters = json!({"prompt": "a fox", "camera_control": camera});
        check_rule("kirin_v1_t2v", parameters, expected);
    }

    let config = |config: Value| json!({"type": "simple", "config": config});
    let none = "camera_control.config has 0 fields that are not zero; exactly one is required";
    let two = "camera_control.config has 2 fields that are not zero; exactly one is required";
    for axis in ["horizontal", "vertical", "pan", "tilt", "roll", "zoom"] {
        check(config(json!({axis: 10})), &[]);
        check(config(json!({axis: -10})), &[]);
        check(config(json!({axis: 0})), &[none]);
        let found = format!("camera_control.config.{axis} is the number 10.5");
        let beyond = format!("{found}; a number from -10 to 10 is required");
        check(config(json!({axis: 10.5})), &[&beyond]);
    }
    check(config(json!({})), &[none]);
    check(config(json!({"pan": 1, "tilt": 0, "zoom": null})), &[]);
    check(config(json!({"pan": 1, "tilt": -1})), &[two]);
    check(json!({"type": "simple"}), &[]);
    let simple =
        "camera_control.config is set; it is only allowed where camera_control.type is simple";
    for other in [
        "down_back",
        "forward_up",
        "right_turn_forward",
        "left_turn_forward",
    ] {
        check(json!({"type": other}), &[]);
        check(json!({"type": other, "config": {"zoom": 1}}), &[simple]);
    }
}

#[test]
fn a_tail_alone_is_refused() {
    fn check(model: &str) {
        let tail = json!({"image_tail": "https://example.com/fox.png", "mode": "pro"});
        check_rule(model, tail, &["image is missing; it is required"]);
    }

    check("kirin_v1_i2v");
    check("kirin_v1_6_i2v");
    check("kirin_v2_5_turbo_i2v");
    check("kirin_v2_6_i2v");
}

#[test]
fn two_images_need_pro_where_the_page_says_so() {
    fn check(model: &str, mode: Option<&str>, tail: bool, is_legal: bool) {
        let parameters = json!({
            "image": "https://example.com/fox.png",
            "image_tail": tail.then_some("https://example.com/fox.png"),
            "mode": mode,
        });
        let refused = "image_tail is set; it is only allowed where mode is pro";
        let expected: &[&str] = if is_legal { &[] } else { &[refused] };
        check_rule(model, parameters, expected);
    }

    for model in ["kirin_v1_6_i2v", "kirin_v2_5_turbo_i2v", "kirin_v2_6_i2v"] {
        check(model, Some("pro"), true, true);
        check(model, Some("std"), true, false);
        check(model, None, true, false);
        check(model, Some("pro"), false, true);
        check(model, Some("std"), false, true);
        check(model, None, false, true);
    }
    check("kirin_v1_i2v", Some("std"), true, true);
    check("kirin_v1_i2v", None, true, true);
}

#[test]
fn v2_6_has_sound_only_in_pro() {
    fn check(sound: Option<&str>, mode: Option<&str>, is_legal: bool) {
        let refused = "sound is \"on\"; it is only allowed where mode is pro";
        let expected: &[&str] = if is_legal { &[] } else { &[refused] };
        let text = json!({"prompt": "a fox", "sound": sound, "mode": mode});
        check_rule("kirin_v2_6_t2v", text, expected);
        let image = json!({"image": "https://example.com/fox.png", "sound": sound, "mode": mode});
        check_rule("kirin_v2_6_i2v", image, expected);
    }

    check(Some("on"), Some("pro"), true);
    check(Some("on"), Some("std"), false);
    check(Some("on"), None, false);
    check(Some("off"), Some("std"), true);
    check(Some("off"), Some("pro"), true);
    check(Some("off"), None, true);
    check(None, Some("std"), true);
    // v3 has no such rule.
    let v3 = json!({"prompt": "a fox", "sound": "on", "mode": "std"});
    check_rule("kirin_v3_t2v", v3, &[]);
}

#[test]
fn a_refused_picture_is_not_repeated() {
    let mut bytes = png(300, 300);
    bytes.resize(100_000, 0);
    let picture = base64(&bytes);
    let parameters = object(json!({"image": picture, "image_tail": picture, "mode": "std"}));
    let invalid = build("kirin_v1_6_i2v", &parameters).unwrap_err();
    assert!(invalid.to_string().len() < 200, "{invalid}");
}

#[test]
fn between_two_images_v2_6_is_silent() {
    fn check(sound: Option<&str>, mode: &str, expected: &[&str]) {
        let parameters = json!({
            "image": "https://example.com/fox.png",
            "image_tail": "https://example.com/fox.png",
            "sound": sound,
            "mode": mode,
        });
        check_rule("kirin_v2_6_i2v", parameters, expected);
    }

    let tail_pro = "image_tail is set; it is only allowed where mode is pro";
    let sound_pro = "sound is \"on\"; it is only allowed where mode is pro";
    let silent = "sound is \"on\"; \"off\" is required where image is set and image_tail is set";
    check(None, "pro", &[]);
    check(Some("off"), "pro", &[]);
    check(Some("on"), "pro", &[silent]);
    check(Some("on"), "std", &[tail_pro, sound_pro, silent]);
    check(Some("off"), "std", &[tail_pro]);
}

#[test]
fn one_shot_of_v3_has_a_prompt_and_no_shots() {
    fn check(parameters: Value, expected: &[&str]) {
        check_rule("kirin_v3_t2v", parameters, expected);
    }

    let type_refused = "shot_type is set; it is not allowed where multi_shot is false";
    let shots_refused = "multi_prompt is set; it is not allowed where multi_shot is false";
    let prompt_missing = "prompt is missing; it is required where multi_shot is false";
    for multi_shot in [json!(false), json!(null)] {
        check(json!({"multi_shot": multi_shot, "prompt": "a fox"}), &[]);
        check(json!({"multi_shot": multi_shot}), &[prompt_missing]);
        check(
            json!({"multi_shot": multi_shot, "prompt": "a fox", "shot_type": "customize"}),
            &[type_refused],
        );
        check(
            json!({"multi_shot": multi_shot, "prompt": "a fox", "multi_prompt": shots(&["5"])}),
            &[shots_refused],
        );
        check(
            json!({"multi_shot": multi_shot, "shot_type": "customize",
                "multi_prompt": shots(&["5"])}),
            &[type_refused, prompt_missing, shots_refused],
        );
    }
}

#[test]
fn several_shots_of_v3_have_a_type_and_no_prompt() {
    fn check(parameters: Value, expected: &[&str]) {
        check_rule("kirin_v3_t2v", parameters, expected);
    }

    let list = shots(&["5"]);
    let type_missing = "shot_type is missing; it is required where multi_shot is true";
    let prompt_refused = "prompt is set; it is not allowed where multi_shot is true";
    let list_missing = "multi_prompt is missing; it is required where multi_shot is true and shot_type is customize";
    check(
        json!({"multi_shot": true, "shot_type": "customize", "multi_prompt": list}),
        &[],
    );
    check(
        json!({"multi_shot": true, "multi_prompt": list}),
        &[type_missing],
    );
    check(
        json!({"multi_shot": true, "shot_type": "customize", "multi_prompt": list,
            "prompt": "a fox"}),
        &[prompt_refused],
    );
    check(
        json!({"multi_shot": true, "shot_type": "customize"}),
        &[list_missing],
    );
    check(
        json!({"multi_shot": true, "prompt": "a fox"}),
        &[type_missing, prompt_refused],
    );
}

#[test]
fn the_shots_of_v3_add_up_to_the_total() {
    fn check(durations: &[&str], total: Option<&str>, expected: &[&str]) {
        let parameters = json!({
            "multi_shot": true, "shot_type": "customize", "multi_prompt": shots(durations),
            "duration": total,
        });
        check_rule("kirin_v3_t2v", parameters, expected);
    }

    check(&["5"], None, &[]);
    check(&["3"], Some("3"), &[]);
    check(&["1", "2"], Some("3"), &[]);
    check(&["15"], Some("15"), &[]);
    check(&["3", "3", "3", "3", "2", "1"], Some("15"), &[]);
    let sum = |sum, total| {
        format!("multi_prompt adds up to {sum} s; the duration of {total} s is required")
    };
    check(&["3"], None, &[&sum(3, 5)]);
    check(&["5", "4"], Some("10"), &[&sum(9, 10)]);
    check(&["5", "6"], Some("10"), &[&sum(11, 10)]);
    check(
        &["15", "15", "15", "15", "15", "15"],
        Some("15"),
        &[&sum(90, 15)],
    );
    check(&["1"], Some("3"), &[&sum(1, 3)]);
}
