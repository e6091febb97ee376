//! What an answer decodes to: the golden bodies of `tasks/`, and what is no task at all.

use kirin_tests::canary::{self, Shown};
use kirin_types::{Task, TaskState};

use crate::{fixtures, render};

const SAMPLE_ID: &str = "d5u5obte8783ap44qtj0";

/// Each file of `tasks/` and the facts that it states beside the id of the sample.
#[rustfmt::skip] // One line per case, however long.
const TASKS: &[(&str, &str)] = &[
    ("created.json", "status in_progress, state in progress, model kirin_v2_5_turbo_t2v, created 1769757744021"),
    ("completed.json", "status completed, state completed (terminal), model kirin_v2_5_turbo_t2v, created 1769757744021, output type \"video\"; url https://cdn.example.com/boat.mp4; size 1280x720, usage cost 0.21; discount 0, metadata {}"),
    ("failed.json", "status failed, state failed (terminal), model kirin_v2_5_turbo_t2v, created 1769757744021, code 002011095, meaning Internal generation error, message the model ran out of memory, error the model ran out of memory (code 002011095)"),
    ("enveloped.json", "status in_queue, state in progress, model kirin_v2_5_turbo_t2v, created 1769757744021, updated 1769757744500"),
    ("enveloped-code-zero.json", "status success, state completed (terminal), output type \"video\"; url https://cdn.example.com/boat.mp4"),
    ("status-in-progress.json", "status in_progress, state in progress"),
    ("status-completed.json", "status completed, state completed (terminal)"),
    ("status-failed.json", "status failed, state failed (terminal)"),
    ("status-pending.json", "status pending, state in progress"),
    ("status-processing.json", "status processing, state in progress"),
    ("status-in-queue.json", "status in_queue, state in progress"),
    ("status-success.json", "status success, state completed (terminal)"),
    ("status-submitted.json", "status submitted, state in progress"),
    ("status-succeed.json", "status succeed, state completed (terminal)"),
    ("status-succeeded.json", "status succeeded, state completed (terminal)"),
    ("status-upper-case.json", "status COMPLETED, state completed (terminal)"),
    ("status-mixed-case.json", "status In_Progress, state in progress"),
    ("status-unknown-word.json", "status canceled, state other end, word canceled, plain true"),
    ("status-absent.json", "state other"),
    ("progress-zero.json", "status in_progress, state in progress, progress 0"),
    ("progress-half.json", "status in_progress, state in progress, progress 0.5"),
    ("progress-one.json", "status in_progress, state in progress, progress 1"),
    ("progress-one-completed.json", "status completed, state completed (terminal)"),
    ("failed-002011096.json", "status failed, state failed (terminal), code 002011096, meaning Result parsing error, message Result parsing error, error Result parsing error (code 002011096)"),
    ("failed-002011097.json", "status failed, state failed (terminal), code 002011097, meaning HTTP error response, message HTTP error response, error HTTP error response (code 002011097)"),
    ("failed-002011098.json", "status failed, state failed (terminal), code 002011098, meaning Status check error, message Status check error, error Status check error (code 002011098)"),
    ("failed-002011099.json", "status failed, state failed (terminal), code 002011099, meaning Task creation error, message Task creation error, error Task creation error (code 002011099)"),
    ("failed-code-of-another-model.json", "status failed, state failed (terminal), code 014002095, meaning Internal generation error, message the source video is too long, error the source video is too long (code 014002095)"),
    ("failed-code-integer.json", "status failed, state failed (terminal), code 002011095, meaning Internal generation error, message the model ran out of memory, error the model ran out of memory (code 002011095)"),
    ("failed-code-without-message.json", "status failed, state failed (terminal), code 002011099, meaning Task creation error, error Task creation error (code 002011099)"),
    ("failed-plain-string.json", "status failed, state failed (terminal), message the model ran out of memory, error the model ran out of memory"),
    ("failed-message.json", "status failed, state failed (terminal), code 002011097, meaning HTTP error response, message upstream answered 429, error upstream answered 429 (code 002011097)"),
    ("failed-empty-error-message.json", "status failed, state failed (terminal), code 002011097, meaning HTTP error response, message upstream answered 429, error upstream answered 429 (code 002011097)"),
    ("failed-both-messages.json", "status failed, state failed (terminal), code 002011097, meaning HTTP error response, message upstream answered 429, error upstream answered 429 (code 002011097)"),
    ("failed-without-error.json", "status failed, state failed (terminal)"),
    ("output-empty.json", "status completed, state completed (terminal)"),
    ("output-empty-content.json", "status completed, state completed (terminal)"),
    ("output-without-content-level.json", "status completed, state completed (terminal), output type \"video\"; url https://cdn.example.com/boat.mp4; size 1280x720"),
    ("output-image.json", "status completed, state completed (terminal), output type \"image\"; url https://cdn.example.com/boat.png; size 1024x1024"),
    ("output-audio.json", "status completed, state completed (terminal), output type \"audio\"; url https://cdn.example.com/rain.mp3"),
    ("output-video-url.json", "status completed, state completed (terminal), output type \"video\"; url https://cdn.example.com/boat.mp4"),
    ("output-two-contents.json", "status completed, state completed (terminal), output type \"video\"; url https://cdn.example.com/one.mp4, output type \"image\"; url https://cdn.example.com/one.png, output type \"video\"; url https://cdn.example.com/two.mp4"),
    ("output-duration-string.json", "status completed, state completed (terminal), output type \"video\"; url https://cdn.example.com/boat.mp4; duration 5"),
    ("output-duration-integer.json", "status completed, state completed (terminal), output type \"video\"; url https://cdn.example.com/boat.mp4; duration 5"),
    ("output-duration-number.json", "status completed, state completed (terminal), output type \"video\"; url https://cdn.example.com/boat.mp4; duration 5.041"),
    ("output-asset-id.json", "status completed, state completed (terminal), output type \"video\"; url https://cdn.example.com/boat.mp4; id asset-815"),
    ("output-job-id.json", "status completed, state completed (terminal), output type \"video\"; url https://cdn.example.com/boat.mp4"),
    ("output-text.json", "status completed, state completed (terminal), output type \"text\"; text a paper boat"),
    ("output-metadata.json", "status completed, state completed (terminal), output type \"video\"; url https://cdn.example.com/boat.mp4"),
    ("output-watermark-url.json", "status completed, state completed (terminal), output type \"video\"; url https://cdn.example.com/boat.mp4; watermark https://cdn.example.com/boat-watermarked.mp4"),
    ("usage-cost-string.json", "status completed, state completed (terminal), usage cost 0.35; discount 0.5"),
    ("usage-cost-number.json", "status completed, state completed (terminal), usage cost 0.35; discount 0"),
    ("usage-cost-many-digits-string.json", "status completed, state completed (terminal), usage cost 19.999999999999999999"),
    ("usage-cost-many-digits-number.json", "status completed, state completed (terminal), usage cost 19.999999999999999999"),
    ("usage-quantity.json", "status completed, state completed (terminal), usage cost 0.70; quantity 10"),
    ("usage-unit-price.json", "status completed, state completed (terminal), usage cost 0.70; quantity 10; unit price 0.07"),
    ("usage-extra-info.json", "status completed, state completed (terminal), usage cost 0.70; extra info {\"plan\":\"pro\",\"seconds\":10}"),
    ("usage-token-counts.json", "status completed, state completed (terminal), usage cost 0.01"),
    ("usage-empty.json", "status completed, state completed (terminal), usage nothing in it"),
    ("created-at-milliseconds.json", "status in_progress, state in progress, created 1769757744021"),
    ("created-at-zero.json", "status in_progress, state in progress"),
    ("usage-of-failed-task.json", "status failed, state failed (terminal), usage cost 0"),
    ("created-at-seconds.json", "status in_progress, state in progress, created 1769757744000"),
    ("created-at-absent.json", "status in_progress, state in progress, model kirin_v2_5_turbo_t2v"),
    ("created-at-text.json", "status in_progress, state in progress, created 1769757744000"),
    ("created-at-text-offset.json", "status in_progress, state in progress, created 1769757744021"),
    ("created-at-text-lower-case.json", "status in_progress, state in progress, created 1769757744021"),
    ("created-at-text-space.json", "status in_progress, state in progress, created 1769757744021"),
    ("created-at-http-date.json", "status in_progress, state in progress, created 1769757744000"),
    ("created-at-fraction.json", "status in_progress, state in progress, created 1769757744021"),
    ("created-at-seconds-fraction.json", "status in_progress, state in progress, created 1769757744021"),
    ("created-at-number-in-quotes.json", "status in_progress, state in progress, created 1769757744021"),
    ("updated-at-text.json", "status in_progress, state in progress, created 1769757744021, updated 1769757800500"),
    ("external-task-id.json", "status in_progress, state in progress, named order-42"),
    ("external-task-id-in-task-info.json", "status in_progress, state in progress, named order-42"),
    ("external-task-id-in-metadata.json", "status in_progress, state in progress, metadata {\"external_task_id\":\"order-42\"}, named order-42"),
    ("external-task-id-in-params.json", "status in_progress, state in progress, named order-42"),
    ("updated-at.json", "status in_progress, state in progress, created 1769757744021, updated 1769757800500"),
    ("model-absent.json", "status in_progress, state in progress, created 1769757744021"),
    ("metadata.json", "status in_progress, state in progress, metadata {\"region\":\"eu\",\"attempt\":2}"),
    ("metadata-absent.json", "status completed, state completed (terminal), output type \"video\"; url https://cdn.example.com/boat.mp4"),
];

#[test]
fn every_golden_task_decodes_to_what_it_states() {
    fn check(name: &str, expected: &str) {
        let task = Task::from_json(&fixtures::read("tasks", name))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let expected = format!("id {SAMPLE_ID}, {expected}");
        assert_eq!(render::line(&render::task(&task)), expected, "{name}");
    }

    for (name, expected) in TASKS {
        check(name, expected);
    }
}

#[test]
fn an_id_is_opaque() {
    let task = Task::from_json(&fixtures::read("tasks", "id-opaque.json")).unwrap();
    assert_eq!(task.id().as_str(), "Task/42 ä?");
}

#[test]
fn no_golden_task_is_forgotten() {
    let rows = TASKS.iter().map(|(name, _)| *name);
    fixtures::assert_all_are_named("tasks", rows.chain(["id-opaque.json"]));
}

#[test]
fn a_task_keeps_the_text_that_was_received() {
    fn check(name: &str) {
        let body = String::from_utf8(fixtures::read("tasks", name)).unwrap();
        let task = Task::from_json(body.as_bytes()).unwrap();
        let raw = task.raw().as_str();
        match name.starts_with("enveloped") {
            true => assert!(
                raw.len() < body.trim_end().len() && body.contains(raw),
                "{name}"
            ),
            false => assert_eq!(raw, body.trim_end(), "{name}"),
        }
        assert_eq!(serde_json::to_string(&task).unwrap(), raw, "{name}");
    }

    fixtures::names("tasks").iter().for_each(|name| check(name));
}

#[test]
fn a_refusal_under_a_success_status_is_no_task() {
    fn check(name: &str) {
        let task = Task::from_json(&fixtures::read("errors", name));
        assert!(task.is_err(), "{name}: {task:?}");
    }

    let names = fixtures::names("errors");
    let names: Vec<_> = names
        .iter()
        .filter(|name| name.starts_with("200"))
        .collect();
    assert!(names.len() >= 5);
    names.into_iter().for_each(|name| check(name));
}

#[test]
fn what_has_no_usable_id_is_no_task() {
    fn check(body: impl AsRef<[u8]>, expected: &str) {
        let error = Task::from_json(body.as_ref()).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }

    check("", "not JSON");
    check("{\"id\":\"a", "the field id is damaged");
    check("{\"id\":\"a\"} {\"id\":\"b\"}", "twice");
    check("<html>", "not JSON");
    check("see {\"id\":\"a\"}", "not JSON");
    check(b"{\"id\":\"\xff\"}", "the field id is damaged");
    check(b"\xff", "not UTF-8");
    check("null", "not a JSON object");
    check("\"a\"", "not a JSON object");
    check("[{\"id\":\"a\"}]", "not a JSON object");
    check("{}", "the field id is missing");
    check(r#"{"id":null}"#, "the field id is missing");
    for value in ["0", "-1", "4.0", "1e3", r#"["a"]"#, r#"{"id":"a"}"#, "true"] {
        let body = format!(r#"{{"id":{value}}}"#);
        check(
            body,
            "the field id is neither a string nor a positive integer",
        );
    }
    check(r#"{"id":""}"#, "the field id is unusable");
    check("{\"id\":\"a\\u001bb\"}", "the field id is unusable");
    check(
        format!(r#"{{"id":"{}"}}"#, "a".repeat(257)),
        "the field id is unusable",
    );
    check(r#"{"id":"a","id":"b"}"#, "twice");
    check(
        r#"{"data":{"status":"completed"}}"#,
        "the field data.id is missing",
    );
    check(
        r#"{"data":null,"status":{"code":200}}"#,
        "the field id is missing",
    );
    check(
        r#"{"data":"a","status":{"code":200}}"#,
        "the field id is missing",
    );
}

#[test]
fn an_id_that_stands_twice_with_one_value_is_that_id() {
    let task = Task::from_json(br#"{"id":"a","status":"failed","id":"a"}"#).unwrap();
    assert_eq!(task.id().as_str(), "a");
}

#[test]
fn of_a_field_that_stands_twice_the_last_counts() {
    let task = Task::from_json(br#"{"id":"a","status":"failed","status":"pending"}"#).unwrap();
    assert_eq!(task.status(), Some("pending"));
    assert_eq!(task.state(), &TaskState::InProgress { progress: None });
}

#[test]
fn the_longest_id_has_256_characters() {
    let longest = "ä".repeat(256);
    let task = Task::from_json(format!(r#"{{"id":"{longest}"}}"#).as_bytes()).unwrap();
    assert_eq!(task.id().as_str(), longest);
}

#[test]
fn a_field_of_a_wrong_type_costs_that_field_only() {
    fn check(fields: &str, expected: &str) {
        let body = format!(r#"{{"id":"a",{fields}}}"#);
        let task = Task::from_json(body.as_bytes()).unwrap();
        assert_eq!(
            render::line(&render::task(&task)),
            format!("id a, {expected}"),
            "{fields}"
        );
    }

    check(r#""status":1,"model":"m""#, "state other, model m");
    check(
        r#""model":7,"created_at":1769757744021"#,
        "state other, created 1769757744021",
    );
    check(r#""created_at":"now","model":"m""#, "state other, model m");
    check(
        r#""status":"in_progress","progress":"half""#,
        "status in_progress, state in progress",
    );
    check(
        r#""status":"in_progress","progress":1.5"#,
        "status in_progress, state in progress",
    );
    check(
        r#""status":"in_progress","progress":-0.5"#,
        "status in_progress, state in progress",
    );
    check(
        r#""status":"in_progress","progress":1e999"#,
        "status in_progress, state in progress",
    );
    check(
        r#""status":"completed","output":{}"#,
        "status completed, state completed (terminal)",
    );
    check(
        r#""status":"completed","output":[null,7,{"content":[null,7]}]"#,
        "status completed, state completed (terminal)",
    );
    check(
        r#""status":"completed","output":[{"url":7,"type":"video"}]"#,
        "status completed, state completed (terminal), output type \"video\"",
    );
    check(
        r#""status":"completed","usage":"free""#,
        "status completed, state completed (terminal)",
    );
    check(
        r#""status":"completed","usage":{"cost":"free","discount":0}"#,
        "status completed, state completed (terminal), usage discount 0",
    );
    check(
        r#""status":"failed","error":null"#,
        "status failed, state failed (terminal)",
    );
    check(
        r#""status":"failed","error":"""#,
        "status failed, state failed (terminal), error no reason given",
    );
    check(
        r#""status":"failed","error":{}"#,
        "status failed, state failed (terminal), error no reason given",
    );
    check(
        r#""status":"failed","error":{"code":[],"message":"why"}"#,
        "status failed, state failed (terminal), message why, error why",
    );
    check(
        r#""status":"failed","error":{"code":"","message":"why"}"#,
        "status failed, state failed (terminal), message why, error why",
    );
}

/// It is neither a hit nor a miss for a look-up of that id, whatever else it says.
#[test]
fn an_answer_that_names_another_external_id_anywhere_is_not_about_this_one() {
    fn check(fields: &str, named: Option<&str>, another: bool) {
        let body = format!(r#"{{"id":"a"{fields}}}"#);
        let task = Task::from_json(body.as_bytes()).unwrap();
        let written = serde_json::to_string(&task).unwrap();
        for task in [&task, &serde_json::from_str(&written).unwrap()] {
            assert_eq!(task.named_external_task_id(), named, "{fields}");
            let ours = "order-42".parse().unwrap();
            assert_eq!(task.names_another_than(&ours), another, "{fields}");
        }
    }

    check("", None, false);
    check(r#","external_task_id":null"#, None, false);
    check(r#","external_task_id":"""#, None, false);
    check(r#","external_task_id":["order-43"]"#, None, false);
    check(r#","external_id":"order-43""#, None, false);
    check(
        r#","output":[{"external_task_id":"order-43"}]"#,
        None,
        false,
    );
    check(r#","external_task_id":"order-42""#, Some("order-42"), false);
    check(r#","external_task_id":"order-43""#, Some("order-43"), true);
    check(r#","external_task_id":"Order-42""#, Some("Order-42"), true);
    check(r#","external_task_id":42"#, Some("42"), true);
    check(r#","external_task_id":"no id""#, Some("no id"), true);
    check(
        r#","external_task_id":"order-43","external_task_id":"order-42""#,
        Some("order-43"),
        true,
    );
    check(
        r#","external_task_id":"order-42","metadata":{"external_task_id":"order-43"}"#,
        Some("order-42"),
        true,
    );
    check(
        r#","task_info":{"external_task_id":"order-43"}"#,
        Some("order-43"),
        true,
    );
    check(
        r#","metadata":{"external_task_id":"order-42"}"#,
        Some("order-42"),
        false,
    );
}

#[test]
fn fields_of_another_state_are_not_read() {
    let task = Task::from_json(
        br#"{"id":"a","status":"in_progress","output":[{"type":"video","url":"u"}],"error":"e"}"#,
    );
    let task = task.unwrap();
    assert_eq!(task.state(), &TaskState::InProgress { progress: None });
}

#[test]
fn a_code_outside_the_family_has_no_meaning() {
    fn check(code: &str, expected: &str) {
        let body = format!(r#"{{"id":"a","status":"failed","error":{{"code":{code}}}}}"#);
        let task = Task::from_json(body.as_bytes()).unwrap();
        let TaskState::Failed {
            error: Some(error), ..
        } = task.state()
        else {
            panic!("{code}: {task:?}");
        };
        let code = error.code.as_ref().unwrap();
        assert_eq!((code.as_str(), code.meaning()), (expected, None));
    }

    check(r#""002011094""#, "002011094");
    check(r#""2011095""#, "2011095");
    check(r#""0002011095""#, "0002011095");
    check(r#""00201109五""#, "00201109五");
    check(r#""INTERNAL""#, "INTERNAL");
    check("1303", "1303");
    check("-5", "-5");
    check("1.5", "1.5");
}

/// The rule needs no list of words: what stands beside one nobody knows says what it means.
#[test]
fn a_word_that_nobody_documented_is_an_end_by_itself_or_beside_an_error_or_an_output() {
    let url = r#","output":[{"content":[{"url":"https://example.com/a.mp4"}]}]"#;
    let text = r#","output":[{"content":[{"type":"text","text":"soon"}]}]"#;
    let is_end = |status: &str, beside: &str| {
        let body = format!(r#"{{"id":"a","status":"{status}"{beside}}}"#);
        let task = Task::from_json(body.as_bytes()).unwrap();
        assert!(!task.state().is_terminal(), "{body}");
        matches!(task.state(), TaskState::OtherEnd { .. })
    };
    for status in [
        "cancelled",
        "Timed Out",
        "REJECTED",
        "expired",
        "error",
        "fail",
    ] {
        assert!(is_end(status, ""), "{status}");
        assert!(is_end(status, url), "{status}");
    }
    for status in ["done", "Finished", "ready", "archived", "4", "已取消"] {
        assert!(!is_end(status, ""), "{status}");
        assert!(!is_end(status, text), "{status}");
        assert!(is_end(status, url), "{status}");
        for error in [
            r#""x""#,
            r#"{"message":"x"}"#,
            r#"{"code":7}"#,
            r#"{"error_message":"x"}"#,
        ] {
            assert!(
                is_end(status, &format!(r#","error":{error}"#)),
                "{status}, {error}"
            );
        }
        for none in [
            "null",
            r#""""#,
            "{}",
            "[]",
            "false",
            "0",
            r#"{"code":0,"message":""}"#,
        ] {
            assert!(
                !is_end(status, &format!(r#","error":{none}"#)),
                "{status}, {none}"
            );
        }
    }
    for status in [
        "queued",
        "rendering",
        "in-progress",
        "IN QUEUE",
        "pending",
        "retrying",
        "",
        " ",
    ] {
        assert!(!is_end(status, url), "{status}");
        assert!(!is_end(status, r#","error":{"message":"x"}"#), "{status}");
    }
}

#[test]
fn why_a_task_ended_is_read_wherever_the_answer_says_it() {
    fn check(fields: &str, expected: Option<&str>) {
        for status in ["failed", "cancelled", "Timed Out", "moderation"] {
            let body = format!(r#"{{"id":"a","status":"{status}",{fields}}}"#);
            let task = Task::from_json(body.as_bytes()).unwrap();
            assert_eq!(task.reason().as_deref(), expected, "{body}");
        }
    }

    for field in [
        "message",
        "reason",
        "fail_reason",
        "error_message",
        "detail",
        "cancelReason",
        "status_msg",
        "info",
        "why",
        "explanation",
    ] {
        let text = r#""stopped by an operator""#;
        check(
            &format!(r#""{field}":{text}"#),
            Some("stopped by an operator"),
        );
        check(
            &format!(r#""{field}":["{{\"text\":\"by hand\"}}"]"#),
            Some("by hand"),
        );
        check(
            &format!(r#""last":{{"{field}":{text}}}"#),
            Some("stopped by an operator"),
        );
        check(
            &format!(r#""error":{{"code":"E7"}},"{field}":{text}"#),
            Some("stopped by an operator (code E7)"),
        );
    }
    for field in ["fail_reason", "failure", "status_msg"] {
        check(&format!(r#""{field}":"nsfw""#), Some("nsfw"));
    }
    check(
        r#""message":"by hand","detail":" by hand ""#,
        Some("by hand"),
    );
    check(r#""error":{"type":"by hand"}"#, Some("by hand"));
    check(
        r#""error":"policy","reason":"no such words here""#,
        Some("policy; no such words here"),
    );
    check(
        r#""error":{"error_message":"out of memory"},"message":"see the manual""#,
        Some("out of memory"),
    );
    check(
        r#""queue":{"reason":"no node"},"message":"it was stopped","owner":"Ada L""#,
        Some("it was stopped; no node"),
    );
    check(
        r#""message":"it was\u001b[31m stopped","detail":"it was[31m stopped""#,
        Some("it was[31m stopped; it was[31m stopped"),
    );
    // What was asked for, what came of it, ids and times say nothing of why.
    for fields in [
        r#""prompt":"a fox runs""#,
        r#""input":[{"params":{"prompt":"a fox runs","style":"oil on canvas"}}]"#,
        r#""task_info":{"negative_prompt":"no rain","error_id":"E-f"}"#,
        r#""request":"a fox runs","metadata":{"title":"my film"}"#,
        r#""output":[{"content":[{"text":"a fox runs"}]}],"usage":{"plan":"pay later"}"#,
        r#""failed_at":"2026-11-30T10:00:00Z","error_code":17,"model":"kirin turbo""#,
        r#""queue":"fast","region":"eu","message":"","detail":null,"errors":[]"#,
        r#""params":{"style":"oil on canvas"}"#,
        r#""created_at":"some time ago","updated_at":"a moment ago","progress":"not yet known""#,
    ] {
        check(fields, None);
    }
    let repeated = br#"{"id":"a","status":"Timed Out","message":" timed out "}"#;
    assert_eq!(Task::from_json(repeated).unwrap().reason(), None);
}

#[test]
fn a_message_beside_a_running_task_is_no_end_and_no_reason() {
    for status in [
        "in_progress",
        "pending",
        "queued",
        "retrying",
        "warming up",
        "completed",
    ] {
        let body = format!(
            r#"{{"id":"a","status":"{status}","message":"it was stopped","fail_reason":"no node left"}}"#
        );
        let task = Task::from_json(body.as_bytes()).unwrap();
        assert_eq!(task.reason(), None, "{body}");
        assert_eq!(task.error(), None, "{body}");
        assert!(
            !matches!(task.state(), TaskState::OtherEnd { .. }),
            "{body}"
        );
    }
}

#[test]
fn documented_words_of_a_running_task_may_have_other_separators() {
    for status in [
        "in-progress",
        "In Progress",
        "inProgress",
        "IN-QUEUE",
        " pending ",
    ] {
        let body = format!(r#"{{"id":"a","status":"{status}"}}"#);
        let task = Task::from_json(body.as_bytes()).unwrap();
        assert_eq!(
            task.state(),
            &TaskState::InProgress { progress: None },
            "{status}"
        );
    }
}

/// What signs a URL is worth the video, so it stands in no log that prints a task.
#[test]
fn debug_shows_no_signature_whatever_the_state() {
    let signature = canary::signature();
    for status in ["completed", "failed", "in_progress", "paused"] {
        let body = format!(
            r#"{{"id":"a","status":"{status}","output":[{{"content":[{{"type":"video",
            "url":"https://cdn.example.com/a.mp4?s={signature}",
            "watermark_url":"https://cdn.example.com/b.mp4#{signature}"}}]}}],
            "usage":{{"extra_info":{{"url":"https://cdn.example.com/?s={signature}"}}}},
            "metadata":{{"url":"https://cdn.example.com/?s={signature}"}}}}"#
        );
        let task = Task::from_json(body.as_bytes()).unwrap();
        let shown = format!("{task:?} {task:#?}");
        assert!(!shown.contains(signature), "{status}: {shown}");
        canary::shown(Shown::Debug, &shown);
        assert_eq!(
            status == "completed",
            shown.contains("cdn.example.com/a.mp4")
        );
    }
}
