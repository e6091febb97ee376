//! The log of requests: what is in it, and what must not be.

use bytes::Bytes;
use http::{Method, Request};
use kirin_emulator::{EmulatorConfig, Scenario, Scope};
use kirin_tests::canary::{self, Shown};
use serde_json::{Value, json};

use crate::support::{CREATE, MODEL, Session, envelope, request};

fn session(rules: Value) -> Session {
    let json = json!({ "rules": rules }).to_string();
    let scenario = Scenario::from_json(&json).unwrap();
    Session::new(EmulatorConfig::new().scenario(scenario))
}

#[test]
fn faults_know_the_commit_point() {
    let mut session = session(json!([
        { "fault": "reset_before_commit", "scope": "create", "nth": 1 },
        { "fault": "commit_then_drop", "scope": "create", "nth": 2 },
        { "fault": "commit_then_cut", "scope": "create", "nth": 3 },
        { "fault": "commit_then_502", "scope": "create", "nth": 4 },
    ]));
    let tasks = [(); 5].map(|()| {
        let body = envelope(json!({ "prompt": "a fox" }));
        session.send(&request(Method::POST, CREATE, body));
        session.world.statistics().tasks_created
    });
    assert_eq!(tasks, [0, 1, 2, 3, 4]);
}

#[test]
fn every_request_is_logged_with_what_became_of_it() {
    let mut session = session(json!([
        { "fault": "rate_limited", "scope": "query", "probability": 1, "count": 1 },
    ]));
    let id = session.create(json!({ "prompt": "a fox", "external_task_id": "order-42" }));
    session.advance(1500);
    session.query("order-42");
    session.query("order-42");
    session.get("/api/v1/skill/models?page=1");
    session.post("{");
    let log: Vec<_> = session.world.requests().collect();
    let about: Vec<_> = log
        .iter()
        .map(|request| (request.number, request.scope, request.status))
        .collect();
    assert_eq!(
        about,
        [
            (1, Some(Scope::Create), Some(200)),
            (2, Some(Scope::Query), Some(429)),
            (3, Some(Scope::Query), Some(200)),
            (4, None, Some(200)),
            (5, Some(Scope::Create), Some(400)),
        ]
    );
    let tasks = log.iter().map(|request| request.task.as_deref());
    let own = Some(id.as_str());
    assert_eq!(tasks.collect::<Vec<_>>(), [own, own, own, None, None]);
    let logged = serde_json::to_value(log[1]).unwrap();
    let path = format!("{CREATE}/task/order-42");
    let expected = json!({
        "number": 2, "elapsed_ms": 1500, "method": "GET", "target": path, "host": null,
        "has_key": true, "scope": "query", "status": 429, "task": id,
        "fault": { "rule": 0, "fault": "rate_limited", "why": logged["fault"]["why"] },
    });
    assert_eq!(logged, expected);
    let why = log[1].fault.as_ref().unwrap().why.as_str();
    assert!(why.ends_with("below 1, 1 of 1 times"), "{why}");
}

#[test]
fn no_secret_is_logged() {
    let mut session = session(json!([{ "fault": "commit_then_cut" }]));
    let (key, signature) = (canary::key(), canary::signature());
    for target in [
        format!("/artifacts/a.mp4?signature={signature}"),
        format!("/artifacts/a.mp4?{signature}"),
        format!("{CREATE}/task/{key}?key={key}&page={key}"),
        format!("/{key}"),
    ] {
        let request = Request::get(target)
            .header("authorization", format!("Bearer {key}"))
            .header("host", format!("{key}.example"))
            .body(Bytes::new());
        session.send(&request.unwrap());
    }
    let body = json!({ "model": MODEL, "prompt": key }).to_string();
    session.send(&request(Method::POST, CREATE, body));
    let log: Vec<_> = session.world.requests().collect();
    assert_eq!(log.len(), 5);
    assert!(log[..4].iter().all(|request| request.has_key));
    canary::shown(Shown::Output, &serde_json::to_string(&log).unwrap());
    canary::shown(Shown::Debug, &format!("{log:?}"));
}
