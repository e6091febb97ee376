//! Answers in the place of what was asked for, and answers that hide what was done.

use kirin_types::ErrorBody;
use serde_json::{Value, json};

use super::{create, last, outcome, query, tasks, with};
use crate::{
    support::CREATE,
    wire::{Answer, Wire},
};

/// A create under one fault, and how many tasks there are then.
async fn under(rule: Value) -> (Answer, u64) {
    let emulator = with(json!([rule])).await;
    let answer = create(&mut Wire::connect(&emulator));
    assert_eq!(last(&emulator).status, Some(answer.status));
    let fired = last(&emulator).fault.unwrap();
    assert_eq!(fired.fault.name(), rule["fault"]);
    (answer, tasks(&emulator))
}

/// A refusal with this status and body, and nothing created.
async fn refuses(fault: &str, status: u16, expected: Value) {
    let (answer, tasks) = under(json!({ "fault": fault })).await;
    let mut body = answer.json();
    if let Some(fields) = body.as_object_mut() {
        fields.remove("request_id");
    }
    assert_eq!((answer.status, body, tasks), (status, expected, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_rate_limited() {
    let message = "Too many requests";
    let expected = json!({ "error": { "code": "RATE_LIMIT_EXCEEDED", "message": message } });
    refuses("rate_limited", 429, expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_parallel_limited() {
    let message = "parallel task over resource pack limit";
    refuses(
        "parallel_limited",
        429,
        json!({ "code": 1303, "message": message }),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_money_limited() {
    let message = "Resource pack depleted or expired";
    refuses(
        "money_limited",
        429,
        json!({ "code": 1102, "message": message }),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_429_with_and_without_retry_after() {
    for fault in [
        "rate_limited",
        "parallel_limited",
        "money_limited",
        "unavailable",
    ] {
        let (without, _) = under(json!({ "fault": fault })).await;
        assert_eq!(without.header("retry-after"), None, "{fault}");
        let (with, _) = under(json!({ "fault": fault, "retry_after": 7 })).await;
        assert_eq!(with.header("retry-after"), Some("7"), "{fault}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_unauthorized_in_the_middle() {
    let emulator = with(json!([{ "fault": "unauthorized", "scope": "query", "nth": 2 }])).await;
    let mut wire = Wire::connect(&emulator);
    assert_eq!(create(&mut wire).status, 200);
    let statuses = [(); 3].map(|()| query(&mut wire).status);
    assert_eq!(statuses, [200, 401, 200]);
    let message = "the key is not valid";
    let expected = json!({ "error": { "code": "UNAUTHORIZED", "message": message } });
    refuses("unauthorized", 401, expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_insufficient_balance() {
    let expected = json!({
        "status": { "code": 402, "message": "Insufficient credits", "error_code": 40201 },
        "data": null,
    });
    refuses("insufficient_balance", 402, expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_forbidden() {
    refuses(
        "forbidden",
        403,
        json!({ "detail": "Model not allowed for this user" }),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_unavailable() {
    refuses(
        "unavailable",
        503,
        json!({ "message": "service unavailable" }),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_error_spelling() {
    let emulator = with(json!([{ "fault": "error_spelling", "scope": "query" }])).await;
    let mut wire = Wire::connect(&emulator);
    create(&mut wire);
    let mut spellings: Vec<(u16, String)> = (0..200)
        .map(|_| {
            let answer = query(&mut wire);
            let mut body = answer.json();
            assert!(ErrorBody::decode(&answer.body).message.is_some(), "{body}");
            body.as_object_mut().unwrap().remove("request_id");
            (answer.status, body.to_string())
        })
        .collect();
    spellings.sort();
    spellings.dedup();
    assert_eq!(spellings.len(), 9, "{spellings:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_redirect() {
    let (answer, tasks) = under(json!({ "fault": "redirect" })).await;
    assert_eq!((answer.status, tasks), (307, 0));
    let elsewhere = format!("http://elsewhere.invalid{CREATE}");
    assert_eq!(answer.header("location"), Some(elsewhere.as_str()));
    let location = "http://127.0.0.1:1/";
    let (answer, _) = under(json!({ "fault": "redirect", "location": location })).await;
    assert_eq!(answer.header("location"), Some(location));
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_commit_then_500() {
    let (answer, tasks) = under(json!({ "fault": "commit_then_500" })).await;
    let detail = json!({ "detail": "Runtime execution failed" });
    assert_eq!((answer.status, answer.json(), tasks), (500, detail, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_commit_then_502() {
    let (answer, tasks) = under(json!({ "fault": "commit_then_502" })).await;
    assert_eq!((answer.status, tasks), (502, 1));
    assert!(answer.body.starts_with(b"<html>"));
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_commit_then_504() {
    let (answer, tasks) = under(json!({ "fault": "commit_then_504" })).await;
    assert_eq!((answer.status, answer.body.len(), tasks), (504, 0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_commit_then_303() {
    let (answer, tasks) = under(json!({ "fault": "commit_then_303" })).await;
    assert_eq!((answer.status, tasks), (303, 1));
    assert!(answer.body.is_empty());
    let location = answer.header("location").unwrap();
    assert!(
        location.starts_with(&format!("{CREATE}/task/")),
        "{location}"
    );

    let rule = json!({ "fault": "commit_then_303", "location": "/elsewhere" });
    let (answer, tasks) = under(rule).await;
    assert_eq!((answer.status, tasks), (303, 1));
    assert_eq!(answer.header("location"), Some("/elsewhere"));
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_html_body() {
    let (answer, tasks) = under(json!({ "fault": "html_body" })).await;
    assert_eq!((answer.status, tasks), (200, 1));
    assert_eq!(answer.header("content-type"), Some("text/html"));
    assert!(answer.body.starts_with(b"<html>"));
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_empty_body() {
    let (answer, tasks) = under(json!({ "fault": "empty_body" })).await;
    assert_eq!((answer.status, answer.body.len(), tasks), (200, 0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_broken_json() {
    let (answer, tasks) = under(json!({ "fault": "broken_json" })).await;
    assert_eq!((answer.status, tasks), (200, 1));
    assert!(answer.body.starts_with(b"{\"id\":"));
    let error = serde_json::from_slice::<Value>(&answer.body).unwrap_err();
    assert!(error.is_eof(), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_huge_body() {
    let (answer, tasks) = under(json!({ "fault": "huge_body", "bytes": 10_000_000 })).await;
    assert_eq!((answer.status, tasks), (200, 1));
    assert!(answer.body.len() > 10_000_000);
    assert_eq!(
        answer.json()["status"],
        "completed",
        "it is JSON all the same"
    );

    // A gigabyte is announced and begun, and costs no memory to send.
    let emulator = with(json!([{ "fault": "huge_body", "nth": 1 }])).await;
    let mut wire = Wire::connect(&emulator);
    wire.send_call("POST", CREATE, &super::body());
    let length: u64 = wire
        .head()
        .header("content-length")
        .unwrap()
        .parse()
        .unwrap();
    assert!(length > 1 << 30);
    drop(wire);
    assert_eq!(query(&mut Wire::connect(&emulator)).status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_compressed_bomb() {
    let (answer, tasks) = under(json!({ "fault": "compressed_bomb" })).await;
    assert_eq!((answer.status, tasks), (200, 1));
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    assert!(answer.body.len() < 1_100_000);
    assert!(answer.body.starts_with(&[0x1f, 0x8b, 8]));
    // The last four bytes of gzip are the length of what was packed.
    let length = u32::from_le_bytes(answer.body[answer.body.len() - 4..].try_into().unwrap());
    assert_eq!(length, 1 << 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_leave_the_models_alone() {
    let emulator = with(json!([{ "fault": "commit_then_drop" }])).await;
    let models = Wire::connect(&emulator).ask("GET", "/api/v1/skill/models", "");
    assert_eq!(models.status, 200);
    assert!(outcome(&emulator).0.is_empty());
}
