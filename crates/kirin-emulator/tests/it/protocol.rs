//! The generation protocol, asked of the pure world.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode};
use kirin_emulator::{BodyForms, Duplicates, EmulatorConfig, Lookup, World};
use serde_json::{Value, json};

use crate::support::{CREATE, MODEL, Session, envelope, read, request};

fn session() -> Session {
    Session::new(EmulatorConfig::new())
}

#[test]
fn a_task_goes_from_create_to_completed() {
    let mut session = session();
    session.advance(250);
    let (status, created) = session.post(envelope(json!({ "prompt": "a fox" })));
    assert_eq!(status, StatusCode::OK);
    let id = created["id"].as_str().unwrap();
    assert_eq!(
        created,
        json!({
            "id": id, "status": "in_progress", "model": MODEL, "created_at": 1_769_757_744_271_i64,
        })
    );
    let mut check = |milliseconds, expected: &[(&str, Value)]| {
        session.advance(milliseconds);
        let (status, task) = session.query(id);
        assert_eq!(status, StatusCode::OK);
        for (field, value) in expected {
            assert_eq!(task[field], *value, "{field} of {task}");
        }
    };
    let in_progress = ("status", json!("in_progress"));
    check(0, &[in_progress.clone(), ("progress", json!(0.0))]);
    check(1500, &[in_progress.clone(), ("progress", json!(0.5))]);
    check(1499, &[in_progress, ("progress", json!(0.99))]);
    let usage = json!({ "cost": "0.21", "discount": 0 });
    let completed = [
        ("status", json!("completed")),
        ("progress", Value::Null),
        ("usage", usage),
        ("metadata", json!({ "emulated": true })),
        ("error", Value::Null),
    ];
    check(1, &completed);
    check(1_000_000, &completed);
}

#[test]
fn ids_have_the_shape_of_an_xid() {
    let mut session = session();
    for _ in 0..100 {
        let id = session.create(json!({ "prompt": "a fox" }));
        assert_eq!(id.len(), 20, "{id}");
        assert!(
            id.bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'v'))
        );
        assert!(
            id.ends_with(['0', 'g']),
            "{id}: 96 bits leave one for the last character"
        );
    }
}

#[test]
fn size_cost_and_duration_follow_the_request() {
    let check = |mode, aspect_ratio, duration, size: &str, cost: &str| {
        let mut session = session();
        let params = json!({
            "prompt": "a fox", "mode": mode, "aspect_ratio": aspect_ratio, "duration": duration,
        });
        let id = session.create(params);
        session.advance(3000);
        let (_, task) = session.query(&id);
        let content = &task["output"][0]["content"][0];
        assert_eq!(content["type"], "video");
        assert_eq!(content["size"], size);
        assert_eq!(content["duration"], duration);
        assert_eq!(content["watermark_url"], Value::Null);
        assert_eq!(task["usage"]["cost"], cost);
    };
    check("std", "16:9", "5", "1280x720", "0.21");
    check("std", "9:16", "10", "720x1280", "0.42");
    check("std", "1:1", "5", "960x960", "0.21");
    check("pro", "16:9", "5", "1920x1080", "0.35");
    check("pro", "9:16", "10", "1080x1920", "0.70");
    check("pro", "1:1", "10", "1440x1440", "0.70");
}

#[test]
fn a_task_is_found_by_either_id() {
    let mut session = session();
    let id = session.create(json!({ "prompt": "a fox", "external_task_id": "order-42" }));
    let (status, task) = session.query("order-42");
    assert_eq!((status, &task["id"]), (StatusCode::OK, &json!(id)));
    assert_eq!(session.query(&id).1, task);

    let mut session = Session::new(EmulatorConfig::new().lookup(Lookup::Missing));
    let id = session.create(json!({ "prompt": "a fox", "external_task_id": "order-42" }));
    assert_eq!(session.query("order-42").0, StatusCode::NOT_FOUND);
    assert_eq!(session.query(&id).0, StatusCode::OK);

    let lag = Lookup::Lags(Duration::from_millis(1500));
    let mut session = Session::new(EmulatorConfig::new().lookup(lag));
    let id = session.create(json!({ "prompt": "a fox", "external_task_id": "order-42" }));
    session.advance(1499);
    assert_eq!(session.query("order-42").0, StatusCode::NOT_FOUND);
    assert_eq!(session.query(&id).0, StatusCode::OK);
    session.advance(1);
    assert_eq!(session.query("order-42").0, StatusCode::OK);
}

#[test]
fn duplicates_are_refused_replayed_or_accepted() {
    let params = json!({ "prompt": "a fox", "external_task_id": "order-42" });
    let check = |duplicates, expected: StatusCode, tasks| {
        let mut session = Session::new(EmulatorConfig::new().duplicates(duplicates));
        let first = session.create(params.clone());
        let (status, answer) = session.post(envelope(params.clone()));
        assert_eq!(status, expected);
        assert_eq!(session.world.statistics().tasks_created, tasks);
        let (_, found) = session.query("order-42");
        (first, answer, found)
    };

    let (first, refused, found) = check(Duplicates::Refuse, StatusCode::BAD_REQUEST, 1);
    assert_eq!(refused["code"], 1201);
    let message = refused["message"].as_str().unwrap();
    assert!(
        message.contains("external_task_id order-42 already exists"),
        "{message}"
    );
    assert_eq!(found["id"], *first);

    let (first, replayed, _) = check(Duplicates::Replay, StatusCode::OK, 1);
    assert_eq!(replayed["id"], *first);

    let (first, accepted, found) = check(Duplicates::Accept, StatusCode::OK, 2);
    assert_ne!(accepted["id"], *first);
    assert_eq!(found["id"], accepted["id"], "the newer one is found");
}

#[test]
fn an_empty_external_id_is_none() {
    let mut session = session();
    for _ in 0..2 {
        session.create(json!({ "prompt": "a fox", "external_task_id": "", "callback_url": "" }));
    }
    assert_eq!(session.world.statistics().tasks_created, 2);
}

#[test]
fn a_task_can_be_made_to_fail() {
    let check = |code: &str, message: &str| {
        let mut session = Session::new(EmulatorConfig::new().fail_with(code));
        let id = session.create(json!({ "prompt": "a fox" }));
        assert_eq!(session.query(&id).1["status"], "in_progress");
        session.advance(3000);
        let (_, task) = session.query(&id);
        assert_eq!(task["status"], "failed");
        assert_eq!(
            task["error"],
            json!({ "code": code, "error_message": message })
        );
        assert_eq!([&task["output"], &task["usage"]], [&Value::Null; 2]);
    };
    check("002011095", "Internal generation error");
    check("002011099", "Task creation error");
    check("mine", "The emulator was set to fail with this code");
}

#[test]
fn a_task_without_time_ends_at_once() {
    let mut session = Session::new(EmulatorConfig::new().task_time(Duration::ZERO));
    let (_, task) = session.post(envelope(json!({ "prompt": "a fox" })));
    assert_eq!(task["status"], "completed");
}

#[test]
fn both_forms_of_a_body_are_taken() {
    let flat = json!({ "model": MODEL, "prompt": "a fox", "duration": "10" }).to_string();
    let wrapped = envelope(json!({ "prompt": "a fox", "duration": "10" }));
    let check = |forms, body: &str, expected, notes| {
        let mut session = Session::new(EmulatorConfig::new().body_forms(forms));
        let (status, answer) = session.post(body.to_owned());
        assert_eq!(status, expected, "{answer}");
        assert_eq!(session.world.notes().count(), notes);
    };
    check(BodyForms::Both, &flat, StatusCode::OK, 1);
    check(BodyForms::Both, &wrapped, StatusCode::OK, 0);
    check(BodyForms::Envelope, &flat, StatusCode::BAD_REQUEST, 0);
    check(BodyForms::Envelope, &wrapped, StatusCode::OK, 0);
    check(BodyForms::Flat, &flat, StatusCode::OK, 1);
    check(BodyForms::Flat, &wrapped, StatusCode::BAD_REQUEST, 0);
}

#[test]
fn a_wrong_body_is_refused_with_every_problem_named() {
    let check = |body: &str, expected: &[&str]| {
        let (status, answer) = session().post(body.to_owned());
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        let message = answer["message"].as_str().unwrap();
        assert!(message.starts_with("invalid request: "), "{message}");
        for part in expected {
            assert!(message.contains(part), "{message:?} lacks {part:?}");
        }
    };
    check("", &["the body is not JSON"]);
    check("{", &["the body is not JSON"]);
    check("\u{feff}{}", &["the body is not JSON"]);
    check("[]", &["the body is an array; an object is required"]);
    // Whose parameters they are is not known then, so nothing is said of them.
    check("{}", &["model is missing", MODEL, "kirin_v3_t2v"]);
    check(
        r#"{"model":"kirin_v9"}"#,
        &["model is \"kirin_v9\"", MODEL, "kirin_v3_t2v"],
    );
    check(
        &json!({ "model": MODEL }).to_string(),
        &["prompt is missing"],
    );
    check(r#"{"input":1}"#, &["input is a number"]);
    check(r#"{"input":null,"model":3}"#, &["input is null"]);
    check(r#"{"input":[]}"#, &["input has 0 blocks"]);
    check(r#"{"input":[{},{}]}"#, &["input has 2 blocks"]);
    check(r#"{"input":[7]}"#, &["input[0] is a number"]);
    check(r#"{"input":[{}]}"#, &["input[0].params is missing"]);
    check(
        r#"{"input":[{"params":"x"}]}"#,
        &["input[0].params is a string"],
    );
    check(
        r#"{"prompt":"a","input":[{"type":"t","params":{"model":"m"}}]}"#,
        &[
            "prompt stands beside input",
            "input[0].type is not known",
            "model stands inside input[0].params",
            "model is missing",
        ],
    );
    check(
        &json!({
            "model": MODEL, "prompt": "a", "input": [{ "type": "t", "params": { "model": "m" } }],
        })
        .to_string(),
        &[
            "prompt stands beside input",
            "input[0].type is not known",
            "model stands inside input[0].params",
            "prompt is missing",
        ],
    );
    check(
        &envelope(json!({ "prompt": "", "duration": 7, "mode": "best", "durations": "5" })),
        &[
            "prompt is empty",
            "duration is the number 7",
            "mode is \"best\"",
            "did you mean",
        ],
    );
    check(
        &envelope(json!({ "prompt": "a".repeat(2501) })),
        &["has 2501 characters"],
    );
}

#[test]
fn a_prompt_is_counted_in_characters() {
    let id = session().create(json!({ "prompt": "雨".repeat(2500) }));
    assert_eq!(id.len(), 20);
}

#[test]
fn a_key_is_asked_for() {
    let missing = json!({ "error": "Missing Token" });
    let check = |headers: &[&[u8]], expected: Option<&str>| {
        for (method, path) in [
            (Method::POST, CREATE),
            (Method::GET, "/model/v1/generation/task/a"),
            (Method::GET, "/api/v1/skill/models"),
            (Method::GET, "/api/v1/skill/models/a/spec"),
        ] {
            let mut session = Session::new(EmulatorConfig::new().keys(["secret", "other"]));
            let mut request = request(method, path, "");
            request.headers_mut().remove("authorization");
            for header in headers {
                let value = HeaderValue::from_bytes(header).unwrap();
                request.headers_mut().append("authorization", value);
            }
            let (status, answer) = read(&session.response(&request));
            assert_eq!(status, StatusCode::UNAUTHORIZED);
            match expected {
                None => assert_eq!(answer, missing),
                Some(message) => {
                    assert_eq!(answer["error"]["code"], "UNAUTHORIZED");
                    assert_eq!(answer["error"]["message"], message);
                    assert!(answer["request_id"].is_string());
                }
            }
        }
    };
    check(&[], None);
    check(&[b"Bearer "], Some("the key is empty"));
    check(&[b"bearer"], Some("the key is empty"));
    check(&[b"Bearer wrong"], Some("the key is not valid"));
    check(
        &[b"Basic secret"],
        Some("the Authorization header must be: Bearer KEY"),
    );
    check(&[b""], Some("the Authorization header must be: Bearer KEY"));
    check(
        &[b"Bearer secret", b"Bearer secret"],
        Some("there is more than one Authorization header"),
    );
    check(
        &[b"Bearer s\xe4cret"],
        Some("the Authorization header has bytes that are not visible ASCII"),
    );
}

#[test]
fn every_listed_key_is_one_of_the_same_user() {
    let mut session = Session::new(EmulatorConfig::new().keys(["any", "rotated"]));
    let id = session.create(json!({ "prompt": "a fox" }));
    let mut query = request(Method::GET, &format!("{CREATE}/task/{id}"), "");
    let rotated = HeaderValue::from_static("bearer rotated");
    query.headers_mut().insert("authorization", rotated);
    assert_eq!(session.response(&query).status(), StatusCode::OK);
}

#[test]
fn a_configuration_does_not_show_its_keys() {
    let config = EmulatorConfig::new().keys(["canary"]);
    assert!(!format!("{config:?}").contains("canary"));
}

#[test]
fn other_paths_and_methods_are_refused() {
    let check = |method: Method, path: &str, status: StatusCode, allow: Option<&str>| {
        let response = session().response(&request(method, path, ""));
        assert_eq!(response.status(), status, "{path}");
        let allowed = response
            .headers()
            .get("allow")
            .map(|value| value.to_str().unwrap());
        assert_eq!(allowed, allow);
        read(&response)
    };
    let not_found = StatusCode::NOT_FOUND;
    let (_, body) = check(Method::GET, "/", not_found, None);
    assert_eq!(body, json!({ "detail": "no such path: /" }));
    let (_, body) = check(
        Method::GET,
        "/model/v1/generation/task/nobody",
        not_found,
        None,
    );
    assert_eq!(body, json!({ "message": "no such task: nobody" }));
    check(Method::POST, "/model/v1/generation/tasks", not_found, None);
    check(
        Method::GET,
        "/model/v1/generation/task/a/b",
        not_found,
        None,
    );
    let not_allowed = StatusCode::METHOD_NOT_ALLOWED;
    check(Method::GET, CREATE, not_allowed, Some("POST"));
    check(
        Method::DELETE,
        "/model/v1/generation/task/a",
        not_allowed,
        Some("GET"),
    );
    check(
        Method::POST,
        "/api/v1/skill/models",
        not_allowed,
        Some("GET"),
    );
    check(
        Method::POST,
        "/artifacts/a.mp4",
        not_allowed,
        Some("GET, HEAD"),
    );
}

#[test]
fn a_body_has_a_bound() {
    let padded = |length: usize| {
        let mut body = envelope(json!({ "prompt": "a fox" }));
        body.push_str(&" ".repeat(length - body.len()));
        body
    };
    let mut session = session();
    assert_eq!(
        session.post(padded(World::MAX_BODY_BYTES)).0,
        StatusCode::OK
    );
    let too_large = StatusCode::PAYLOAD_TOO_LARGE;
    assert_eq!(session.post(padded(World::MAX_BODY_BYTES + 1)).0, too_large);
    let counted = session.world.statistics();
    assert_eq!((counted.creates_received, counted.tasks_created), (1, 1));
}

#[test]
fn a_request_id_is_echoed_or_made() {
    let check = |own: &str| {
        let mut query = request(Method::GET, "/model/v1/generation/task/a", "");
        let own = HeaderValue::from_bytes(own.as_bytes()).unwrap();
        query.headers_mut().insert("x-request-id", own);
        let response = session().response(&query);
        response.headers()["x-request-id"]
            .to_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(check("mine-1"), "mine-1");
    let made = check("");
    assert_eq!(made.len(), 32);
    assert_eq!(check(&"x".repeat(129)), made);
    assert_eq!(check("ä"), made);
}

#[test]
fn requests_are_counted() {
    let mut session = session();
    session.create(json!({ "prompt": "a fox" }));
    session.post("");
    session.query("nobody");
    session.get("/api/v1/skill/models");
    let request = Request::post(CREATE).body(Bytes::new()).unwrap();
    session.response(&request);
    let counted = session.world.statistics();
    assert_eq!(counted.requests_received, 5);
    assert_eq!(counted.creates_received, 3);
    assert_eq!(counted.tasks_created, 1);
    assert_eq!(counted.queries_received, 1);
    assert_eq!(counted.artifacts_served, 0);
}

#[test]
fn habits_that_may_not_work_at_the_service_are_noted() {
    let mut session = session();
    let mut create = request(Method::POST, CREATE, envelope(json!({ "prompt": "a fox" })));
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    create.headers_mut().insert("content-type", form);
    assert_eq!(session.response(&create).status(), StatusCode::OK);
    let notes: Vec<_> = session.world.notes().collect();
    assert_eq!(notes.len(), 1);
    assert!(notes[0].contains("Content-Type"), "{notes:?}");
}
