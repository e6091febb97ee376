//! Callbacks: what the world sends when, and that the server sends it where it may.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    thread::{self, JoinHandle},
    time::Duration,
};

use http::StatusCode;
use kirin_emulator::{
    CallbackBody, CallbackOutcome, CallbackTargets, Callbacks, Emulator, EmulatorConfig, Scenario,
};
use serde_json::{Value, json};

use crate::{
    support::{CREATE, Session, envelope},
    wire::Wire,
};

const URL: &str = "http://127.0.0.1:9/hook";

fn session(callbacks: Callbacks) -> Session {
    Session::new(EmulatorConfig::new().callbacks(callbacks))
}

/// A scenario of one rule.
fn scenario(rule: &Value) -> Scenario {
    Scenario::from_json(&json!({ "rules": [rule] }).to_string()).unwrap()
}

/// One in whose world this goes wrong.
fn disturbed(rule: &Value) -> Session {
    Session::new(EmulatorConfig::new().scenario(scenario(rule)))
}

fn create(session: &mut Session) -> String {
    session.create(json!({ "prompt": "a fox", "callback_url": URL }))
}

/// The bodies that are due.
fn due(session: &mut Session) -> Vec<Value> {
    let callbacks = session.world.callbacks_due(session.elapsed);
    let bodies = callbacks.iter().map(|callback| {
        assert_eq!(callback.url(), URL);
        serde_json::from_slice(callback.body()).unwrap()
    });
    bodies.collect()
}

fn statuses(session: &mut Session) -> Vec<String> {
    let bodies = due(session);
    let statuses = bodies
        .iter()
        .map(|body| body["status"].as_str().unwrap().into());
    statuses.collect()
}

/// Says of every callback that is due what came of it; how many there were.
fn answer(session: &mut Session, outcome: &CallbackOutcome) -> usize {
    let due = session.world.callbacks_due(session.elapsed);
    let count = due.len();
    for callback in due {
        session
            .world
            .callback_sent(session.elapsed, callback, outcome.clone());
    }
    count
}

#[test]
fn every_change_of_the_status_is_called_back() {
    let mut session = session(Callbacks::new());
    assert_eq!(session.world.next_callback(), None);
    let id = create(&mut session);
    let (_, task) = session.query(&id);
    assert_eq!(due(&mut session), [task]);
    assert_eq!(session.world.next_callback(), Some(Duration::from_secs(3)));
    session.advance(2999);
    assert_eq!(due(&mut session), [Value::Null; 0]);
    session.advance(1);
    let completed = due(&mut session);
    assert_eq!(completed, [session.query(&id).1]);
    assert_eq!(completed[0]["status"], "completed");
    session.create(json!({ "prompt": "a fox", "callback_url": "" }));
    assert_eq!(session.world.callbacks_due(session.elapsed).len(), 0);
}

/// Checks the statuses that are called back about a task of three seconds: when it is created, and
/// when it ends.
fn check(rule: &Value, at_create: &[&str], at_end: &[&str]) -> Session {
    let mut session = disturbed(rule);
    let id = create(&mut session);
    assert_eq!(statuses(&mut session), at_create, "{rule}");
    assert_eq!(session.query(&id).1["status"], "in_progress");
    session.advance(3000);
    assert_eq!(statuses(&mut session), at_end, "{rule}");
    session
}

#[test]
fn fault_callback_lost_is_never_sent() {
    let session = check(&json!({ "fault": "callback_lost" }), &[], &[]);
    let records: Vec<_> = session.world.callback_records().collect();
    assert_eq!(records.len(), 2);
    assert_eq!(records[1].outcome, CallbackOutcome::Lost);
    let fault = records[1].fault.as_ref().unwrap();
    assert_eq!((fault.rule, fault.fault.name()), (0, "callback_lost"));
    assert_eq!(session.world.rule_counts().collect::<Vec<_>>(), [(2, 2)]);
}

#[test]
fn fault_callback_delayed_comes_late() {
    let rule = json!({ "fault": "callback_delayed", "milliseconds": 1000 });
    let mut session = check(&rule, &[], &["in_progress"]);
    session.advance(999);
    assert_eq!(statuses(&mut session), [""; 0]);
    session.advance(1);
    assert_eq!(statuses(&mut session), ["completed"]);
}

#[test]
fn fault_callback_repeated_comes_twice() {
    let rule = json!({ "fault": "callback_repeated" });
    check(&rule, &["in_progress"; 2], &["completed"; 2]);
}

#[test]
fn fault_callback_reordered_comes_after_the_next() {
    let rule = json!({ "fault": "callback_reordered" });
    check(&rule, &[], &["completed", "in_progress"]);
}

#[test]
fn fault_callback_forged_claims_what_is_not_so() {
    let rule = json!({ "fault": "callback_forged", "nth": 1 });
    check(&rule, &["completed", "in_progress"], &["completed"]);
}

#[test]
fn fault_callback_before_answer_overtakes_the_answer_of_its_create() {
    let mut session = disturbed(&json!({ "fault": "callback_before_answer" }));
    create(&mut session);
    assert_eq!(session.world.callbacks_before_answer().len(), 1);
    assert_eq!(statuses(&mut session), [""; 0]);
    session.advance(3000);
    assert_eq!(session.world.callbacks_before_answer().len(), 0);
    assert_eq!(statuses(&mut session), ["completed"]);
}

#[test]
fn a_callback_to_a_task_of_before_a_reset_is_forgotten() {
    let mut session = session(Callbacks::new());
    create(&mut session);
    let sent = session.world.callbacks_due(session.elapsed).remove(0);
    session.world.reset();
    let failed = CallbackOutcome::Failed("no answer in time".into());
    session.world.callback_sent(session.elapsed, sent, failed);
    assert_eq!(session.world.next_callback(), None);
    assert_eq!(session.world.callback_records().count(), 0);
}

#[test]
fn the_body_may_be_klings() {
    let mut session = session(Callbacks::new().body(CallbackBody::Kling));
    let params = json!({ "prompt": "a fox", "callback_url": URL, "external_task_id": "order-42" });
    let id = session.create(params);
    let processing = due(&mut session);
    assert_eq!(processing[0]["task_status"], "processing");
    session.advance(3000);
    let succeed = due(&mut session);
    assert_eq!(succeed[0]["task_status"], "succeed");
    assert_eq!(
        succeed[0]["task_info"],
        json!({ "external_task_id": "order-42" })
    );
    assert_ne!(succeed[0]["task_id"], id.as_str());
    let read = kirin_types::Callback::from_json(succeed[0].to_string().as_bytes()).unwrap();
    assert_eq!(read.external_task_id().unwrap().as_str(), "order-42");
    assert!(read.task_id().is_none());
}

#[test]
fn the_seed_decides_which_callbacks_are_lost() {
    let run = || {
        let mut session = disturbed(&json!({ "fault": "callback_lost", "probability": 0.5 }));
        let counts = (0..200).map(|_| {
            create(&mut session);
            statuses(&mut session).len()
        });
        counts.collect::<Vec<_>>()
    };
    let first = run();
    assert_eq!(first, run());
    let lost = first.iter().filter(|count| **count == 0).count();
    assert!((70..130).contains(&lost), "{lost}");
}

#[test]
fn what_fails_is_tried_again_later_and_later() {
    for outcome in [
        CallbackOutcome::Answered(500),
        CallbackOutcome::Answered(429),
        CallbackOutcome::Failed("no answer in time".into()),
    ] {
        let config = EmulatorConfig::new().task_time(Duration::from_secs(3600));
        let mut session = Session::new(config.callbacks(Callbacks::new()));
        create(&mut session);
        for longest in [1, 2, 4, 8].map(Duration::from_secs) {
            assert_eq!(answer(&mut session, &outcome), 1, "{outcome:?}");
            let next = session.world.next_callback().unwrap();
            let wait = next - session.elapsed;
            assert!(
                wait >= longest / 2 && wait < longest,
                "{wait:?} {longest:?}"
            );
            session.elapsed = next;
        }
        assert_eq!(answer(&mut session, &outcome), 1);
        let end = Some(Duration::from_secs(3600));
        assert_eq!(session.world.next_callback(), end, "{outcome:?}");
        let records = session.world.callback_records();
        let attempts: Vec<_> = records.map(|record| record.attempt).collect();
        assert_eq!(attempts, [1, 2, 3, 4, 5]);
    }
    let mut session = session(Callbacks::new().attempts(1));
    create(&mut session);
    answer(&mut session, &CallbackOutcome::Answered(500));
    assert_eq!(session.world.next_callback(), Some(Duration::from_secs(3)));
}

#[test]
fn an_arrival_a_redirect_and_a_block_are_final() {
    for outcome in [
        CallbackOutcome::Answered(204),
        CallbackOutcome::Answered(307),
        CallbackOutcome::Blocked("private".into()),
    ] {
        let mut session = session(Callbacks::new());
        create(&mut session);
        assert_eq!(answer(&mut session, &outcome), 1);
        let end = Some(Duration::from_secs(3));
        assert_eq!(session.world.next_callback(), end, "{outcome:?}");
        let record = session.world.callback_records().next().unwrap();
        assert_eq!((record.attempt, &record.outcome), (1, &outcome));
    }
}

#[test]
fn gone_ends_all_callbacks_to_the_url() {
    let mut session = session(Callbacks::new());
    create(&mut session);
    assert_eq!(answer(&mut session, &CallbackOutcome::Answered(410)), 1);
    create(&mut session);
    session.advance(5000);
    assert_eq!(statuses(&mut session), [""; 0]);
}

/// Answers so many requests with these bytes, each on its own connection; what it was asked.
fn receiver(count: usize, answer: &'static str) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook?a=b", listener.local_addr().unwrap());
    let receive = move |_| {
        let (mut stream, _) = listener.accept().unwrap();
        let mut received = Vec::new();
        let mut buffer = [0; 4096];
        // A callback is written at once, and this is far above its length.
        for _ in 0..100 {
            let count = stream.read(&mut buffer).unwrap();
            received.extend_from_slice(&buffer[..count]);
            if is_whole(&received) {
                break;
            }
        }
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(received).unwrap()
    };
    (
        url,
        thread::spawn(move || (0..count).map(receive).collect()),
    )
}

/// Whether a request is there with as much body as it says.
fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.split("content-length: ").nth(1);
    let length = length.and_then(|rest| rest.lines().next()?.parse().ok());
    length == Some(body.len())
}

/// What a raw receiver is told of a task, under this rule, when `count` callbacks came.
async fn received(rule: &Value, count: usize) -> Vec<String> {
    let (url, receiving) = receiver(count, "HTTP/1.1 204 No Content\r\n\r\n");
    let config = EmulatorConfig::new()
        .task_time(Duration::from_millis(300))
        .scenario(scenario(rule));
    let emulator = Emulator::start(config).await.unwrap();
    let body = envelope(json!({ "prompt": "a fox", "callback_url": url }));
    assert_eq!(
        Wire::connect(&emulator).ask("POST", CREATE, &body).status,
        200
    );
    let statuses = receiving.join().unwrap().into_iter().map(|request| {
        let (_, body) = request.split_once("\r\n\r\n").unwrap();
        let body: Value = serde_json::from_str(body).unwrap();
        body["status"].as_str().unwrap().into()
    });
    statuses.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_callbacks_go_wrong_on_the_wire_too() {
    let check = async |rule: Value, expected: &[&str]| {
        assert_eq!(received(&rule, expected.len()).await, expected, "{rule}");
    };
    let (progress, completed) = ("in_progress", "completed");
    check(json!({ "fault": "callback_lost", "nth": 1 }), &[completed]).await;
    let delayed = json!({ "fault": "callback_delayed", "nth": 1, "milliseconds": 600 });
    check(delayed, &[completed, progress]).await;
    let repeated = json!({ "fault": "callback_repeated", "nth": 2 });
    check(repeated, &[progress, completed, completed]).await;
    let reordered = json!({ "fault": "callback_reordered" });
    check(reordered, &[completed, progress]).await;
    let forged = json!({ "fault": "callback_forged", "nth": 1 });
    check(forged, &[completed, progress, completed]).await;
    let early = json!({ "fault": "callback_before_answer" });
    check(early, &[progress, completed]).await;
}

/// Creates a task whose first callback is sent before this returns; what came of it.
async fn call_back(url: &str, targets: CallbackTargets) -> CallbackOutcome {
    let config = EmulatorConfig::new()
        .callbacks(Callbacks::new().targets(targets))
        .scenario(scenario(&json!({ "fault": "callback_before_answer" })));
    let emulator = Emulator::start(config).await.unwrap();
    let body = envelope(json!({ "prompt": "a fox", "callback_url": url }));
    let answer = Wire::connect(&emulator).ask("POST", CREATE, &body);
    assert_eq!(answer.status, StatusCode::OK);
    emulator.callback_records()[0].outcome.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_posts_to_the_url() {
    let (url, receiving) = receiver(1, "HTTP/1.1 204 No Content\r\n\r\n");
    let outcome = call_back(&url, CallbackTargets::Loopback).await;
    assert_eq!(outcome, CallbackOutcome::Answered(204));
    let received = receiving.join().unwrap().remove(0);
    assert!(
        received.starts_with("POST /hook?a=b HTTP/1.1\r\n"),
        "{received}"
    );
    let (head, body) = received.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("content-type: application/json"));
    assert!(!head.to_lowercase().contains("authorization"), "{head}");
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["status"], "in_progress");
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_not_followed() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let port = elsewhere.local_addr().unwrap().port();
    let answer = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:{port}/\r\ncontent-length: 0\r\n\r\n"
    );
    let (url, receiving) = receiver(1, answer.leak());
    let outcome = call_back(&url, CallbackTargets::Loopback).await;
    assert_eq!(outcome, CallbackOutcome::Answered(307));
    receiving.join().unwrap();
    let nobody = elsewhere.accept().unwrap_err();
    assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_to_an_address_that_is_not_allowed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let check = async |host: &str, targets| {
        let outcome = call_back(&format!("http://{host}:{port}/"), targets).await;
        assert!(
            matches!(outcome, CallbackOutcome::Blocked(_)),
            "{host}: {outcome:?}"
        );
    };
    for host in [
        "169.254.169.254",
        "10.0.0.1",
        "2130706433",
        "[::ffff:127.0.0.1]",
        "8.8.8.8",
    ] {
        check(host, CallbackTargets::Loopback).await;
    }
    // A name is checked by what it resolves to.
    for host in ["127.0.0.1", "localhost", "0x7f.1"] {
        check(host, CallbackTargets::Public).await;
    }
    let nobody = listener.accept().unwrap_err();
    assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
}
