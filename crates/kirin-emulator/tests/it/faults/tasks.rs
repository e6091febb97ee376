//! Tasks that are answered as what they are not.

use std::time::Duration;

use kirin_emulator::{Emulator, EmulatorConfig, Pace, Scenario};
use serde_json::{Value, json};

use super::{create, query, tasks, with, with_config};
use crate::{
    support::{CREATE, Session, envelope},
    wire::Wire,
};

/// A query under one fault.
async fn queried(rule: Value) -> Value {
    let emulator = with(json!([rule])).await;
    let mut wire = Wire::connect(&emulator);
    create(&mut wire);
    let task = query(&mut wire).json();
    let fired = emulator.requests()[1].fault.clone().unwrap();
    assert_eq!(fired.fault.name(), rule["fault"]);
    task
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_wrong_types() {
    let task = queried(json!({ "fault": "wrong_types" })).await;
    assert!(task["id"].is_string() && task["status"] == "completed");
    assert!(task["output"][0]["content"][0]["url"].is_string());
    assert!(task["created_at"].is_string() && task["model"].is_number());
    assert!(task["usage"].is_string() && task["metadata"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_unknown_status() {
    let task = queried(json!({ "fault": "unknown_status" })).await;
    assert_eq!(task["status"], "reticulating");
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_other_end() {
    let task = queried(json!({ "fault": "other_end" })).await;
    assert_eq!(task["status"], "done");
    assert!(task["output"][0]["content"][0]["url"].is_string());

    let emulator = frozen(json!({ "fault": "other_end", "nth": 1 })).await;
    let mut wire = Wire::connect(&emulator);
    create(&mut wire);
    let tasks = [(); 2].map(|()| query(&mut wire).json());
    assert_eq!(tasks[0]["status"], "cancelled");
    assert_eq!(tasks[0]["error"], json!({ "message": "by operator" }));
    assert_eq!(tasks[1]["status"], "in_progress");
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_not_found_after_create() {
    let emulator = with(json!([{ "fault": "not_found_after_create", "count": 2 }])).await;
    let mut wire = Wire::connect(&emulator);
    create(&mut wire);
    let statuses = [(); 3].map(|()| query(&mut wire).status);
    assert_eq!((statuses, tasks(&emulator)), ([404, 404, 200], 1));
}

/// An emulator whose tasks take three seconds and whose clock stands still, with one rule.
async fn frozen(rule: Value) -> Emulator {
    let json = json!({ "rules": [rule] }).to_string();
    let config = EmulatorConfig::new()
        .clock(Pace::Frozen)
        .scenario(Scenario::from_json(&json).unwrap());
    Emulator::start(config).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_not_found_after_create_is_for_a_while() {
    let emulator = frozen(json!({ "fault": "not_found_after_create" })).await;
    let mut wire = Wire::connect(&emulator);
    create(&mut wire);
    emulator.advance(Duration::from_millis(4999));
    assert_eq!(query(&mut wire).status, 404);
    emulator.advance(Duration::from_millis(1));
    assert_eq!(query(&mut wire).status, 200);
    let nobody = wire.ask("GET", &format!("{CREATE}/task/nobody"), "");
    assert_eq!(nobody.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_status_backwards() {
    let emulator = frozen(json!({ "fault": "status_backwards", "nth": 2 })).await;
    let mut wire = Wire::connect(&emulator);
    create(&mut wire);
    emulator.advance(Duration::from_millis(1500));
    let statuses = [(); 3].map(|()| {
        let task = query(&mut wire).json();
        (task["status"].clone(), task["progress"].clone())
    });
    let (before, then) = (
        (json!("in_progress"), json!(0.5)),
        (json!("pending"), Value::Null),
    );
    assert_eq!(statuses, [before.clone(), then, before]);
    emulator.advance(Duration::from_millis(1500));
    let end = query(&mut wire).json();
    assert_eq!(end["status"], "completed", "not at its end");
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_terminal_state_changed() {
    let rules = || json!([{ "fault": "terminal_state_changed", "nth": 2 }]);
    let emulator = with(rules()).await;
    let mut wire = Wire::connect(&emulator);
    create(&mut wire);
    let [first, second] = [(); 2].map(|()| query(&mut wire).json());
    assert_eq!(
        (&first["status"], &second["status"]),
        (&json!("completed"), &json!("failed"))
    );
    assert_eq!(second["error"]["code"], "002011095");
    assert_eq!(second["output"], Value::Null);

    let emulator = with_config(EmulatorConfig::new().fail_with("002011096"), rules()).await;
    let mut wire = Wire::connect(&emulator);
    create(&mut wire);
    let [first, second] = [(); 2].map(|()| query(&mut wire).json());
    assert_eq!(
        (&first["status"], &second["status"]),
        (&json!("failed"), &json!("completed"))
    );
    assert!(second["output"][0]["content"][0]["url"].is_string());
    assert_eq!(second["error"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_completed_without_output() {
    let task = queried(json!({ "fault": "completed_without_output" })).await;
    assert_eq!(
        (&task["status"], &task["output"]),
        (&json!("completed"), &json!([]))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_task_error_spelling() {
    let rules = json!([{ "fault": "task_error_spelling" }]);
    let emulator = with_config(EmulatorConfig::new().fail_with("002011095"), rules).await;
    let mut wire = Wire::connect(&emulator);
    create(&mut wire);
    let task = query(&mut wire).json();
    assert_eq!(task["error"], "Internal generation error");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_and_requests_give_the_same_faults_and_log() {
    let session = || {
        let json = r#"{"rules": [{"fault": "rate_limited", "probability": 0.3},
            {"fault": "broken_json", "probability": 0.3}, {"fault": "unknown_status"}]}"#;
        let scenario = Scenario::from_json(json).unwrap();
        let mut session = Session::new(EmulatorConfig::new().seed(7).scenario(scenario));
        for _ in 0..50 {
            let body = envelope(json!({ "prompt": "a fox" }));
            session.send(&crate::support::request(http::Method::POST, CREATE, body));
            session.elapsed += Duration::from_millis(10);
        }
        let log: Vec<_> = session.world.requests().cloned().collect();
        let faults = log.iter().filter(|request| request.fault.is_some()).count();
        assert_eq!((log.len(), faults), (50, 50));
        serde_json::to_string(&log).unwrap()
    };
    assert_eq!(session(), session());
}
