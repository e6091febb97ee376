//! The golden bodies of `requests/`: what they say, and the flat form that is written.

use kirin_types::{AspectRatio, GenerationRequest, Mode, VideoDuration};
use serde_json::{Map, Value, json};

use crate::fixtures;

/// Each file of `requests/` and the flat file that states all of the same request, which is
/// what serializing it gives.
const REQUESTS: &[(&str, &str)] = &[
    ("create-sample.json", "flat-sample.json"),
    ("create-minimal.json", "flat-defaults.json"),
    ("create-defaults.json", "flat-defaults.json"),
    ("create-every-parameter.json", "flat-every-parameter.json"),
    ("create-empty-counts-as-absent.json", "flat-defaults.json"),
    ("flat-sample.json", "flat-sample.json"),
    ("flat-minimal.json", "flat-defaults.json"),
    ("flat-defaults.json", "flat-defaults.json"),
    ("flat-every-parameter.json", "flat-every-parameter.json"),
    ("flat-empty-counts-as-absent.json", "flat-defaults.json"),
];

#[test]
fn every_golden_request_is_written_in_full() {
    fn check(name: &str, flat: &str) {
        let request = GenerationRequest::from_parameters(&parameters(name));
        let request = request.unwrap_or_else(|invalid| panic!("{name}: {invalid}"));
        let expected: Value = serde_json::from_slice(&fixtures::read("requests", flat)).unwrap();
        assert_eq!(serde_json::to_value(&request).unwrap(), expected, "{name}");
    }

    for (name, flat) in REQUESTS {
        check(name, flat);
    }
}

#[test]
fn no_golden_request_is_forgotten() {
    fixtures::assert_all_are_named("requests", REQUESTS.iter().map(|(name, _)| *name));
}

#[test]
fn parameters_are_written_in_the_order_of_the_reference_page() {
    let bytes = fixtures::read("requests", "flat-every-parameter.json");
    let request: GenerationRequest = serde_json::from_slice(&bytes).unwrap();
    let written = serde_json::to_string(&request).unwrap();
    let golden = String::from_utf8(bytes).unwrap();
    // The golden file has a line per parameter and the documented blanks, our text has none.
    let golden = golden
        .trim_end()
        .replace("\n \"", "\"")
        .replace("\": ", "\":");
    assert_eq!(written, golden);
}

#[test]
fn the_sample_says_what_was_asked_for() {
    let sample = GenerationRequest::from_parameters(&parameters("create-sample.json")).unwrap();
    assert_eq!(sample.model_id(), "kirin_v2_5_turbo_t2v");
    assert_eq!(sample.prompt().unwrap(), "a paper boat on a rainy street");
    assert_eq!(sample.seconds(), Some(5));
    assert_eq!(sample.aspect_ratio(), Some(AspectRatio::Landscape));
    assert_eq!(sample.mode(), Some(Mode::Std));
    assert_eq!(sample.negative_prompt(), Some("text"));
    assert_eq!(sample.watermark(), Some(false));
    assert_eq!(sample.callback_url(), Some("https://example.com/hook"));
    assert_eq!(
        sample.external_task_id().map(|id| id.as_str()),
        Some("order-42")
    );
}

#[test]
fn a_duration_has_the_seconds_that_its_word_says() {
    for duration in VideoDuration::ALL {
        assert_eq!(duration.seconds().to_string(), duration.as_str());
    }
}

#[test]
fn the_builder_makes_the_golden_request() {
    let built = GenerationRequest::builder("纸船 ⛵ \"on\" a\nrainy street")
        .duration(VideoDuration::TenSeconds)
        .aspect_ratio(AspectRatio::Portrait)
        .mode(Mode::Pro)
        .negative_prompt("text, people")
        .watermark(true)
        .callback_url("https://example.com/hook?order=42&user=7")
        .external_task_id("Order_42.retry-1")
        .build()
        .unwrap();
    let golden = GenerationRequest::from_parameters(&parameters("create-every-parameter.json"));
    assert_eq!(Ok(built), golden);
}

#[test]
fn what_is_not_set_is_the_documented_default_or_absent() {
    let minimal = GenerationRequest::from_parameters(&parameters("flat-minimal.json")).unwrap();
    assert_eq!(minimal.seconds(), Some(5));
    assert_eq!(minimal.aspect_ratio(), Some(AspectRatio::Landscape));
    assert_eq!(minimal.mode(), Some(Mode::Std));
    assert_eq!(minimal.negative_prompt(), None);
    assert_eq!(minimal.watermark(), None);
    assert_eq!(minimal.callback_url(), None);
    assert_eq!(minimal.external_task_id(), None);
}

#[test]
fn null_counts_as_absent_for_what_is_not_required() {
    let mut parameters = parameters("flat-minimal.json");
    for name in [
        "duration",
        "aspect_ratio",
        "mode",
        "negative_prompt",
        "watermark_info",
        "callback_url",
        "external_task_id",
    ] {
        parameters.insert(name.into(), json!(null));
    }
    let minimal = GenerationRequest::from_parameters(&self::parameters("flat-minimal.json"));
    assert_eq!(GenerationRequest::from_parameters(&parameters), minimal);
}

#[test]
fn an_external_task_id_can_be_put_in_later() {
    let before = GenerationRequest::from_parameters(&parameters("create-sample.json")).unwrap();
    let after = before
        .clone()
        .with_external_task_id("order-43".parse().unwrap());
    assert_eq!(after.external_task_id().unwrap().as_str(), "order-43");
    assert_eq!(
        after.with_external_task_id("order-42".parse().unwrap()),
        before
    );
}

/// The flat parameters of a golden request, lifted out of the envelope if it has one.
fn parameters(name: &str) -> Map<String, Value> {
    let body: Value = serde_json::from_slice(&fixtures::read("requests", name)).unwrap();
    let Value::Object(mut body) = body else {
        panic!("{name} is no object");
    };
    if let Some(input) = body.remove("input") {
        let inner = input[0]["params"].as_object().expect("input[0].params");
        body.extend(inner.clone());
    }
    body
}
