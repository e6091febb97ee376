//! The golden bodies of `callbacks/`: which task each is about, and what it says of it.

use kirin_types::{Callback, ContentType};

use crate::fixtures;

/// What a callback says: file, task id, external id, status, URLs of its contents.
type Row = (
    &'static str,
    Option<&'static str>,
    Option<&'static str>,
    &'static str,
    &'static [&'static str],
);

const BOAT: &[&str] = &["https://cdn.example.com/boat.mp4"];
const TASK: Option<&str> = Some("d5u5obte8783ap44qtj0");
const ORDER: Option<&str> = Some("order-42");

/// Kling's own task id is not this API's, so no such row has one.
const CALLBACKS: &[Row] = &[
    ("task-in-progress.json", TASK, None, "in_progress", &[]),
    ("task-completed.json", TASK, None, "completed", BOAT),
    ("task-failed.json", TASK, None, "failed", &[]),
    ("kling-submitted.json", None, ORDER, "submitted", &[]),
    ("kling-processing.json", None, ORDER, "processing", &[]),
    ("kling-succeed.json", None, ORDER, "succeed", BOAT),
    ("kling-failed.json", None, ORDER, "failed", &[]),
    (
        "signed-vector.json",
        Some("1234567890"),
        None,
        "succeeded",
        &[],
    ),
];

/// Files that are no callback that could be matched to a task.
const OTHERS: [&str; 2] = [
    "kling-without-external-task-id.json",
    "signed-vector-headers.json",
];

#[test]
fn every_golden_callback_decodes_to_its_value() {
    fn check((name, task_id, external_task_id, status, urls): &Row) {
        let bytes = fixtures::read("callbacks", name);
        let callback =
            Callback::from_json(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(callback.task_id().map(|id| id.as_str()), *task_id, "{name}");
        let external = callback.external_task_id().map(|id| id.as_str());
        assert_eq!(external, *external_task_id, "{name}");
        assert_eq!(callback.status(), Some(*status), "{name}");
        let contents = callback.contents().iter();
        let found: Vec<_> = contents.filter_map(|it| it.url.as_deref()).collect();
        assert_eq!(found, *urls, "{name}");
        let raw = callback.raw().as_str().as_bytes();
        assert_eq!(raw, bytes.trim_ascii(), "{name}");
    }

    for row in CALLBACKS {
        check(row);
    }
}

#[test]
fn no_golden_callback_is_forgotten() {
    let rows = CALLBACKS.iter().map(|(name, ..)| *name);
    fixtures::assert_all_are_named("callbacks", rows.chain(OTHERS));
}

#[test]
fn a_callback_that_names_no_task_is_refused() {
    fn check(body: &str, expected: &str) {
        let error = Callback::from_json(body.as_bytes()).unwrap_err();
        assert!(error.to_string().contains(expected), "{body}: {error}");
    }

    for name in OTHERS {
        assert!(
            Callback::from_json(&fixtures::read("callbacks", name)).is_err(),
            "{name}"
        );
    }
    let external = "task_info.external_task_id";
    check(r#"{"task_id":"8319","task_status":"succeed"}"#, external);
    check(
        r#"{"task_id":"8319","task_info":{"external_task_id":""}}"#,
        external,
    );
    check(
        r#"{"task_id":"8319","task_info":{"external_task_id":"a b"}}"#,
        external,
    );
    check(r#"{"task_id":"8319","task_info":"order-42"}"#, external);
    check(
        r#"{"task_status":"succeed","id":"d5u5obte8783ap44qtj0"}"#,
        external,
    );
    check("[]", "not a JSON object");
    check("null", "not a JSON object");
    assert!(Callback::from_json(b"").is_err());
    assert!(Callback::from_json(b"{}").is_err());
}

#[test]
fn the_contents_of_kling_are_videos_with_their_ids_and_durations() {
    let bytes = fixtures::read("callbacks", "kling-succeed.json");
    let callback = Callback::from_json(&bytes).unwrap();
    let [video] = callback.contents() else {
        panic!("{callback:?}");
    };
    assert_eq!(video.content_type, ContentType::Video);
    assert_eq!(video.id.as_deref(), Some("asset-815"));
    assert_eq!(video.duration.as_deref(), Some("5"));
}

#[test]
fn a_task_object_may_name_its_external_id() {
    let body = br#"{"id":"a","status":"completed","external_task_id":"order-42"}"#;
    let callback = Callback::from_json(body).unwrap();
    assert_eq!(callback.external_task_id().unwrap().as_str(), "order-42");
    assert_eq!(callback.task_id().unwrap().as_str(), "a");
}
