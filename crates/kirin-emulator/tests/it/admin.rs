//! The emulator's own endpoints over real loopback TCP.

use kirin_emulator::{Emulator, EmulatorConfig, Fault};
use serde_json::{Value, json};

use crate::{
    support::{CREATE, envelope},
    wire::{Answer, Wire},
};

async fn started() -> Emulator {
    Emulator::start(EmulatorConfig::new()).await.unwrap()
}

/// A call of an admin endpoint with these headers beside the ones of every request.
fn ask_with(emulator: &Emulator, call: &str, headers: &str, body: &str) -> Answer {
    let mut wire = Wire::connect(emulator);
    let length = body.len();
    wire.send(format!(
        "{call} HTTP/1.1\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    ));
    wire.answer()
}

/// The same as a program on this machine sends it.
fn ask(emulator: &Emulator, call: &str, body: &str) -> (u16, Value) {
    let address = emulator.address();
    let headers = format!("host: {address}\r\ncontent-type: application/json\r\n");
    let answer = ask_with(emulator, call, &headers, body);
    (answer.status, answer.json())
}

fn create(emulator: &Emulator) -> Value {
    let body = envelope(json!({ "prompt": "a fox" }));
    Wire::connect(emulator).ask("POST", CREATE, &body).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn its_own_endpoints_show_it_and_start_it_anew() {
    let emulator = started().await;
    let (status, health) = ask(&emulator, "GET /_emulator/health", "");
    assert_eq!((status, health), (200, json!({ "status": "ok" })));
    let first = create(&emulator);
    let (_, state) = ask(&emulator, "GET /_emulator/state", "");
    assert_eq!(state["statistics"]["tasks_created"], 1);
    // What is not the API is not counted as a request to it.
    assert_eq!(state["statistics"]["requests_received"], 1);

    assert_eq!(ask(&emulator, "POST /_emulator/reset", "{}").0, 200);
    assert_eq!(emulator.statistics().tasks_created, 0);
    let again = create(&emulator);
    assert_eq!(again["id"], first["id"], "the same ids again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_ended_by_hand_once() {
    let emulator = started().await;
    let id = create(&emulator)["id"].as_str().unwrap().to_owned();
    let end = |body: Value| ask(&emulator, "POST /_emulator/tasks", &body.to_string());
    let fail = json!({ "fail": { "id": id, "code": "002011095" } });
    assert_eq!(end(fail.clone()), (200, json!({})));
    let task = Wire::connect(&emulator)
        .ask("GET", &format!("/model/v1/generation/task/{id}"), "")
        .json();
    assert_eq!(task["status"], "failed");
    assert_eq!(task["error"]["code"], "002011095");
    assert_eq!(end(fail).0, 409);
    let complete = |id: &str| end(json!({ "complete": { "id": id } }));
    assert_eq!(complete(&id).0, 409);
    assert_eq!(complete("nobody").0, 404);
    assert_eq!(complete(create(&emulator)["id"].as_str().unwrap()).0, 200);
    assert_eq!(end(json!({ "cancel": { "id": id } })).0, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn callbacks_are_shown_without_their_url() {
    let emulator = started().await;
    let rules = r#"{"rules": [{"fault": "callback_before_answer"}]}"#;
    assert_eq!(ask(&emulator, "POST /_emulator/scenario", rules).0, 200);
    let params = json!({ "prompt": "a fox", "callback_url": "http://10.0.0.1/secret-path" });
    let task = Wire::connect(&emulator)
        .ask("POST", CREATE, &envelope(params))
        .json();
    let (_, callbacks) = ask(&emulator, "GET /_emulator/callbacks", "");
    let callback = &callbacks[0];
    assert_eq!(callback["task"], task["id"]);
    assert_eq!(callback["attempt"], 1);
    assert_eq!(callback["outcome"]["blocked"], "10.0.0.1 is private");
    assert_eq!(callback["fault"]["fault"], "callback_before_answer");
    assert!(!callbacks.to_string().contains("secret-path"));
}

/// Every endpoint that `docs/emulator.md` lists is there, and every fault is in it.
#[tokio::test(flavor = "multi_thread")]
async fn the_endpoints_and_faults_are_documented() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/emulator.md");
    let document = std::fs::read_to_string(path).unwrap();
    for fault in Fault::ALL {
        let row = format!("| `{}` |", fault.name());
        assert!(document.contains(&row), "{row}");
    }
    let emulator = started().await;
    let calls = document
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .filter(|call| call.contains(" /_emulator/"));
    let mut endpoints = 0;
    for call in calls {
        // Without a body some refuse, but none of them says that there is no such endpoint.
        let (status, answer) = ask(&emulator, call, "");
        assert!(![404, 405].contains(&status), "{call}: {answer}");
        endpoints += 1;
    }
    assert_eq!(endpoints, 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn admin_endpoints_say_what_they_take() {
    let emulator = started().await;
    assert_eq!(ask(&emulator, "POST /_emulator/health", "").0, 405);
    assert_eq!(ask(&emulator, "GET /_emulator/reset", "").0, 405);
    assert_eq!(ask(&emulator, "GET /_emulator/nothing", "").0, 404);
    let long = " ".repeat(1024 * 1024 + 1);
    assert_eq!(ask(&emulator, "POST /_emulator/reset", &long).0, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_sites_change_nothing() {
    let emulator = started().await;
    create(&emulator);
    let address = emulator.address();
    let json = "content-type: application/json\r\n";
    for headers in [
        format!("host: evil.example\r\n{json}"),
        format!("host: {address}\r\norigin: https://evil.example\r\n{json}"),
        format!("host: {address}\r\nsec-fetch-site: cross-site\r\n{json}"),
        format!("host: {address}\r\ncontent-type: text/plain\r\n"),
    ] {
        let refused = ask_with(&emulator, "POST /_emulator/reset", &headers, "{}");
        assert!([403, 415].contains(&refused.status), "{headers}");
        assert_eq!(emulator.statistics().tasks_created, 1, "{headers}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scenario_is_set_seen_and_taken_away() {
    let emulator = started().await;
    let rules = json!([{ "fault": "rate_limited", "scope": "create", "retry_after": 1 }]);
    let scenario = json!({ "rules": rules }).to_string();
    let (status, set) = ask(&emulator, "POST /_emulator/scenario", &scenario);
    let expected = json!({ "rules": [{ "rule": rules[0], "seen": 0, "applied": 0 }] });
    assert_eq!((status, set), (200, expected));
    assert_eq!(create(&emulator)["error"]["code"], "RATE_LIMIT_EXCEEDED");
    let (_, report) = ask(&emulator, "GET /_emulator/scenario", "");
    assert_eq!(
        (&report["rules"][0]["seen"], &report["rules"][0]["applied"]),
        (&json!(1), &json!(1))
    );
    let (_, requests) = ask(&emulator, "GET /_emulator/requests", "");
    assert_eq!(requests[0]["fault"]["fault"], "rate_limited");
    assert_eq!(requests[0]["status"], 429);

    let (status, problem) = ask(&emulator, "POST /_emulator/scenario", r#"{"rules": [{}]}"#);
    let message = json!({ "message": "the scenario: rules[0].fault: missing" });
    assert_eq!((status, problem), (400, message));
    assert!(
        create(&emulator)["error"].is_object(),
        "the earlier one stays"
    );

    let (status, none) = ask(&emulator, "DELETE /_emulator/scenario", "");
    assert_eq!((status, none), (200, json!({ "rules": [] })));
    assert!(create(&emulator)["id"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn its_own_endpoints_show_the_money_and_move_the_clock() {
    let config = EmulatorConfig::new().clock(kirin_emulator::Pace::Frozen);
    let emulator = Emulator::start(config).await.unwrap();
    let task = create(&emulator);
    let (status, ledger) = ask(&emulator, "GET /_emulator/ledger", "");
    assert_eq!((status, &ledger["double_charges"]), (200, &json!([])));
    assert_eq!(ledger["charges"][0]["task_id"], task["id"]);

    let advanced = ask(
        &emulator,
        "POST /_emulator/clock",
        r#"{"advance_ms": 3000}"#,
    );
    assert_eq!(advanced, (200, json!({ "elapsed_ms": 3000 })));
    let id = task["id"].as_str().unwrap();
    let mut wire = Wire::connect(&emulator);
    let task = wire.ask("GET", &format!("{CREATE}/task/{id}"), "").json();
    assert_eq!(task["status"], "completed");

    for body in [
        "",
        "{}",
        "7",
        r#"{"advance_ms": -1}"#,
        r#"{"advance_ms": 1, "b": 2}"#,
    ] {
        let (status, refused) = ask(&emulator, "POST /_emulator/clock", body);
        assert_eq!(status, 400, "{body}");
        assert!(refused["message"].as_str().unwrap().contains("advance_ms"));
    }
    assert_eq!(ask(&emulator, "GET /_emulator/clock", "").0, 405);
    assert_eq!(ask(&emulator, "POST /_emulator/ledger", "{}").0, 405);
}
