//! What is a legal request: each limit from both sides.

use kirin_types::{GenerationRequest, InvalidRequest};
use serde_json::{Value, json};

use crate::family::root;

#[test]
fn the_legal_is_accepted() {
    fn check(name: &str, value: Value) {
        let result = with(name, value.clone());
        assert!(result.is_ok(), "{name} {value}: {result:?}");
    }

    check("model", json!("kirin_v2_5_turbo_t2v"));
    check("prompt", json!("x"));
    check("prompt", json!("x".repeat(2500)));
    check("prompt", json!("船".repeat(2500)));
    check("prompt", json!("⛵".repeat(2500)));
    check("prompt", json!(" "));
    check("duration", json!("5"));
    check("duration", json!("10"));
    check("aspect_ratio", json!("16:9"));
    check("aspect_ratio", json!("9:16"));
    check("aspect_ratio", json!("1:1"));
    check("mode", json!("std"));
    check("mode", json!("pro"));
    check("negative_prompt", json!(""));
    check("negative_prompt", json!("x"));
    check("negative_prompt", json!("x".repeat(2500)));
    check("negative_prompt", json!("船".repeat(2500)));
    check("watermark_info", json!({"enabled": true}));
    check("watermark_info", json!({"enabled": false}));
    check("callback_url", json!(""));
    check("callback_url", json!("https://example.com"));
    check("callback_url", json!("http://127.0.0.1:8080/hook?x=1#y"));
    check("callback_url", json!("https://例え.jp/フック"));
    check("external_task_id", json!(""));
    check("external_task_id", json!("a"));
    check("external_task_id", json!("AZaz09._-"));
    check("external_task_id", json!("x".repeat(64)));
}

/// The illegal nearest to the legal, each parameter with each wrong type, and what is found.
#[rustfmt::skip] // One line per case, however long.
pub(crate) fn illegal() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("model", json!(null), "is missing"),
        ("model", json!(""), "is \"\""),
        ("model", json!("kirin_v2_5_turbo"), "is \"kirin_v2_5_turbo\""),
        ("model", json!("Kirin_v2_5_turbo_t2v"), "is \"Kirin_v2_5_turbo_t2v\""),
        ("model", json!(25), "is the number 25"),
        ("prompt", json!(null), "is missing"),
        ("prompt", json!(""), "is empty"),
        ("prompt", json!("x".repeat(2501)), "has 2501 characters"),
        ("prompt", json!("船".repeat(2501)), "has 2501 characters"),
        ("prompt", json!("⛵".repeat(2501)), "has 2501 characters"),
        ("prompt", json!(7), "is the number 7"),
        ("prompt", json!(true), "is the boolean true"),
        ("prompt", json!(["x"]), "is an array"),
        ("prompt", json!({"text": "x"}), "is an object"),
        ("duration", json!(""), "is \"\""),
        ("duration", json!("4"), "is \"4\""),
        ("duration", json!("6"), "is \"6\""),
        ("duration", json!("05"), "is \"05\""),
        ("duration", json!("5s"), "is \"5s\""),
        ("duration", json!(" 5"), "is \" 5\""),
        ("duration", json!(5), "is the number 5"),
        ("duration", json!(5.5), "is the number 5.5"),
        ("duration", json!(["5"]), "is an array"),
        ("aspect_ratio", json!("4:3"), "is \"4:3\""),
        ("aspect_ratio", json!("16x9"), "is \"16x9\""),
        ("aspect_ratio", json!(1.78), "is the number 1.78"),
        ("mode", json!("PRO"), "is \"PRO\""),
        ("mode", json!("best"), "is \"best\""),
        ("mode", json!(false), "is the boolean false"),
        ("negative_prompt", json!("x".repeat(2501)), "has 2501 characters"),
        ("negative_prompt", json!("船".repeat(2501)), "has 2501 characters"),
        ("negative_prompt", json!(0), "is the number 0"),
        ("watermark_info", json!(true), "is the boolean true"),
        ("watermark_info", json!("true"), "is \"true\""),
        ("watermark_info", json!([{"enabled": true}]), "is an array"),
        ("watermark_info", json!({}), "is missing"),
        ("watermark_info", json!({"enabled": "true"}), "is \"true\""),
        ("watermark_info", json!({"enabled": null}), "is missing"),
        ("watermark_info", json!({"enabled": true, "text": "mine"}), "is not a parameter of watermark_info"),
        ("callback_url", json!("example.com/hook"), "is \"example.com/hook\""),
        ("callback_url", json!("/hook"), "is \"/hook\""),
        ("callback_url", json!("ftp://example.com"), "is \"ftp://example.com\""),
        ("callback_url", json!("https://"), "is \"https://\""),
        ("callback_url", json!("https:///hook"), "is \"https:///hook\""),
        ("callback_url", json!("https://example.com/a b"), "is \"https://example.com/a b\""),
        ("callback_url", json!("https://example.com/\n"), "is \"https://example.com/\\n\""),
        ("callback_url", json!({"url": "https://example.com"}), "is an object"),
        ("external_task_id", json!("x".repeat(65)), "is \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\""),
        ("external_task_id", json!("order 42"), "is \"order 42\""),
        ("external_task_id", json!("order/42"), "is \"order/42\""),
        ("external_task_id", json!("ordér"), "is \"ordér\""),
        ("external_task_id", json!("order\u{1b}[31m"), "is \"order\\u{1b}[31m\""),
        ("external_task_id", json!(42), "is the number 42"),
        ("Prompt", json!("x"), "is not a parameter of kirin_v2_5_turbo_t2v"),
        ("promt", json!("x"), "is not a parameter of kirin_v2_5_turbo_t2v"),
        ("negativeprompt", json!("x"), "is not a parameter of kirin_v2_5_turbo_t2v"),
        ("aspect-ratio", json!("1:1"), "is not a parameter of kirin_v2_5_turbo_t2v"),
        ("modes", json!("pro"), "is not a parameter of kirin_v2_5_turbo_t2v"),
        ("image", json!("https://example.com/a.png"), "is not a parameter of kirin_v2_5_turbo_t2v"),
        ("cfg_scale", json!(0.5), "is not a parameter of kirin_v2_5_turbo_t2v"),
        ("", json!("x"), "is not a parameter of kirin_v2_5_turbo_t2v"),
        ("input", json!([]), "is not a parameter of kirin_v2_5_turbo_t2v"),
    ]
}

#[test]
fn the_illegal_is_refused_by_name() {
    fn check(name: &str, value: Value, found: &str) {
        let invalid = with(name, value.clone()).unwrap_err();
        let [problem] = invalid.problems() else {
            panic!("{name} {value}: {invalid}");
        };
        assert_eq!(
            (root(&problem.field), problem.found.as_str()),
            (name, found)
        );
    }

    for (name, value, found) in illegal() {
        check(name, value, found);
    }
}

#[test]
fn what_is_required_and_not_there_is_missing() {
    fn check(body: Value, expected: &[&str]) {
        let parameters = body.as_object().unwrap();
        let invalid = GenerationRequest::from_parameters(parameters).unwrap_err();
        assert_eq!(fields(&invalid), expected, "{body}");
        assert!(
            invalid
                .problems()
                .iter()
                .all(|problem| problem.found == "is missing")
        );
    }

    // What else is required, only a model says.
    check(json!({}), &["model"]);
    check(json!({"model": "kirin_v2_5_turbo_t2v"}), &["prompt"]);
    check(json!({"prompt": "a fox"}), &["model"]);
}

#[test]
fn an_unknown_parameter_is_told_what_was_meant() {
    fn check(name: &str, meant: &str) {
        let invalid = with(name, json!("x")).unwrap_err();
        let expected = format!("did you mean \"{meant}\"?");
        assert_eq!(invalid.problems()[0].allowed, expected, "{name}");
    }

    check("Prompt", "prompt");
    check("promt", "prompt");
    check("prompts", "prompt");
    check("durations", "duration");
    check("aspectRatio", "aspect_ratio");
    check("aspect-ratio", "aspect_ratio");
    check("mod", "mode");
    check("negativ_prompt", "negative_prompt");
    check("watermarkinfo", "watermark_info");
    check("callback_uri", "callback_url");
    check("external_taskid", "external_task_id");
}

#[test]
fn an_unknown_parameter_that_resembles_none_is_told_them_all() {
    fn check(name: &str) {
        let invalid = with(name, json!("x")).unwrap_err();
        let allowed = &invalid.problems()[0].allowed;
        assert!(
            allowed.starts_with("allowed are \"prompt\""),
            "{name}: {allowed}"
        );
        assert!(
            allowed.ends_with("\"external_task_id\""),
            "{name}: {allowed}"
        );
    }

    check("cfg_scale");
    check("seed");
    check("");
    check("x");
    // Parameters of other models of the family: their nearest word is nearest by chance.
    check("image");
    check("sound");
    check("camera_control");
}

#[test]
fn of_a_long_unknown_name_the_beginning_is_repeated() {
    let invalid = with(&"x".repeat(5000), json!("x")).unwrap_err();
    assert_eq!(fields(&invalid), [format!("{}...", "x".repeat(40))]);
}

#[test]
fn all_problems_are_told_at_once_in_the_order_of_the_reference_page() {
    // Written backwards, so that the order is not that of the text.
    let body = r#"{"zoom": 1, "cfg_scale": 0.5, "external_task_id": "a b", "callback_url": "hook",
        "watermark_info": [], "negative_prompt": 1, "mode": "best", "aspect_ratio": "4:3",
        "duration": "7", "prompt": "", "model": "kirin_v2_5_turbo_t2v"}"#;
    let parameters: Value = serde_json::from_str(body).unwrap();
    let invalid = GenerationRequest::from_parameters(parameters.as_object().unwrap()).unwrap_err();
    let mut page = fields(&invalid);
    let mut unknown = page.split_off(PAGE_ORDER.len() - 1);
    assert_eq!(page, PAGE_ORDER[1..]);
    unknown.sort_unstable();
    assert_eq!(unknown, ["cfg_scale", "zoom"]);
}

#[test]
fn deserializing_says_the_same_as_checking() {
    let body = json!({"model": "kirin_v2_5_turbo_t2v", "prompt": "", "duration": 5});
    let checked = GenerationRequest::from_parameters(body.as_object().unwrap()).unwrap_err();
    let read = serde_json::from_value::<GenerationRequest>(body).unwrap_err();
    assert_eq!(read.to_string(), checked.to_string());
}

#[test]
fn what_is_no_object_is_no_request() {
    fn check(body: &str) {
        let request = serde_json::from_str::<GenerationRequest>(body);
        assert!(request.is_err(), "{body}: {request:?}");
    }

    check("null");
    check("[]");
    check("\"a fox\"");
    check("7");
    check("");
}

/// `model` and the parameters, in the order of the reference page.
pub(crate) const PAGE_ORDER: [&str; 9] = [
    "model",
    "prompt",
    "duration",
    "aspect_ratio",
    "mode",
    "negative_prompt",
    "watermark_info",
    "callback_url",
    "external_task_id",
];

/// The names of the parameters that a refusal names.
pub(crate) fn fields(invalid: &InvalidRequest) -> Vec<&str> {
    let problems = invalid.problems().iter();
    problems.map(|problem| problem.field.as_str()).collect()
}

/// A minimal request with one parameter set to `value`.
pub(crate) fn with(name: &str, value: Value) -> Result<GenerationRequest, InvalidRequest> {
    GenerationRequest::builder("a fox")
        .parameter(name, value)
        .build()
}
