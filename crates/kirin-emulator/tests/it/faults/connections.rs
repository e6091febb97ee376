//! Connections that end badly, and answers that come late, in part or never.

use std::{
    io::ErrorKind,
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::json;

use super::{body, create, last, outcome, query, tasks, with};
use crate::{support::CREATE, wire::Wire};

#[tokio::test(flavor = "multi_thread")]
async fn fault_refuse_connection() {
    let rule = json!({ "fault": "refuse_connection", "nth": 1, "milliseconds": 50 });
    let emulator = with(json!([rule])).await;
    let refused = TcpStream::connect(emulator.address());
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    // Bounded: each refusal takes a moment, and the port opens after 50 ms.
    let opened = (0..1_000_000).any(|_| TcpStream::connect(emulator.address()).is_ok());
    assert!(opened);
    assert_eq!(create(&mut Wire::connect(&emulator)).status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_refuse_connection_leaves_the_others_alone() {
    let rule = json!({ "fault": "refuse_connection", "nth": 2, "milliseconds": 3_600_000 });
    let emulator = with(json!([rule])).await;
    let mut wire = Wire::connect(&emulator);
    assert_eq!(create(&mut wire).status, 200);
    let refused = TcpStream::connect(emulator.address());
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    assert_eq!(query(&mut wire).status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_reset_before_read() {
    let rule = json!({ "fault": "reset_before_read", "scope": "create", "nth": 1 });
    let emulator = with(json!([rule])).await;
    let mut wire = Wire::connect(&emulator);
    // The body never comes, and is not waited for.
    wire.send(format!(
        "POST {CREATE} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n"
    ));
    let (bytes, end) = wire.rest();
    assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(bytes.is_empty());
    assert_eq!(emulator.statistics().requests_received, 0);
    assert_eq!(last(&emulator).status, None);
    assert_eq!(create(&mut Wire::connect(&emulator)).status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_reset_before_commit() {
    let emulator = with(json!([{ "fault": "reset_before_commit", "scope": "create" }])).await;
    let (bytes, end) = outcome(&emulator);
    assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(bytes.is_empty());
    assert_eq!(emulator.statistics().creates_received, 1);
    assert_eq!(tasks(&emulator), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_commit_then_drop() {
    let emulator = with(json!([{ "fault": "commit_then_drop", "nth": 1 }])).await;
    let (bytes, end) = outcome(&emulator);
    end.expect("a close, not a reset");
    assert!(bytes.is_empty());
    assert_eq!(tasks(&emulator), 1);
    let created = last(&emulator).task;
    let task = query(&mut Wire::connect(&emulator)).json();
    assert_eq!(task["id"].as_str(), created.as_deref());
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_commit_then_cut_in_the_middle_of_the_body() {
    let emulator = with(json!([{ "fault": "commit_then_cut" }])).await;
    let mut wire = Wire::connect(&emulator);
    wire.send_call("POST", CREATE, &body());
    let head = wire.head();
    let length: usize = head.header("content-length").unwrap().parse().unwrap();
    assert_eq!((head.status, wire.rest().0.len()), (200, length / 2));
    assert_eq!(tasks(&emulator), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_commit_then_cut_at_any_byte() {
    // The same create gets the same answer from a new emulator, but for its date.
    let whole = {
        let emulator = with(json!([])).await;
        let mut wire = Wire::connect(&emulator);
        let answer = create(&mut wire);
        answer.head.len() + answer.body.len()
    };
    for byte in (0..whole).step_by(7) {
        let rule = json!({ "fault": "commit_then_cut", "at_byte": byte });
        let emulator = with(json!([rule])).await;
        let (bytes, end) = outcome(&emulator);
        end.expect("a close, not a reset");
        assert_eq!(bytes.len(), byte);
        assert_eq!(tasks(&emulator), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "the delay is what is tested")]
async fn fault_delay() {
    let emulator = with(json!([{ "fault": "delay", "milliseconds": 80 }])).await;
    let began = Instant::now();
    assert_eq!(create(&mut Wire::connect(&emulator)).status, 200);
    assert!(began.elapsed() >= Duration::from_millis(80));
    assert_eq!(tasks(&emulator), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_never_answer() {
    let emulator = with(json!([{ "fault": "never_answer", "nth": 1 }])).await;
    let mut wire = Wire::connect(&emulator);
    wire.send_call("POST", CREATE, &body());
    assert!(wire.within(Duration::from_millis(200)).is_empty());
    assert_eq!(tasks(&emulator), 1);
    assert_eq!(query(&mut Wire::connect(&emulator)).status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_slow_body() {
    let emulator = with(json!([{ "fault": "slow_body", "milliseconds": 3_600_000 }])).await;
    let mut wire = Wire::connect(&emulator);
    wire.send_call("POST", CREATE, &body());
    let head = wire.head();
    assert_eq!(head.status, 200);
    assert!(wire.within(Duration::from_millis(50)).is_empty());

    let emulator = with(json!([{ "fault": "slow_body", "milliseconds": 1 }])).await;
    let answer = create(&mut Wire::connect(&emulator));
    assert_eq!(answer.json()["status"], "completed", "whole in the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_close_after_answer() {
    let emulator = with(json!([{ "fault": "close_after_answer", "every": 3 }])).await;
    for _ in 0..2 {
        let mut wire = Wire::connect(&emulator);
        let _ = create(&mut wire);
        assert_eq!(query(&mut wire).header("connection"), None);
        let third = query(&mut wire);
        assert_eq!(third.status, 200);
        assert_eq!(third.header("connection"), Some("close"));
        let (rest, end) = wire.rest();
        end.expect("a close, not a reset");
        assert!(rest.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_reload() {
    let emulator = with(json!([{ "fault": "reload", "scope": "query", "nth": 2 }])).await;
    let mut idle = Wire::connect(&emulator);
    assert_eq!(create(&mut idle).status, 200);
    let mut busy = Wire::connect(&emulator);
    assert_eq!(query(&mut busy).header("connection"), None);
    let last = query(&mut busy);
    assert_eq!(
        (last.status, last.header("connection")),
        (200, Some("close"))
    );
    for wire in [&mut idle, &mut busy] {
        let (rest, end) = wire.rest();
        end.expect("a close, not a reset");
        assert!(rest.is_empty());
    }
    // The server is there, as before.
    let mut wire = Wire::connect(&emulator);
    assert_eq!(query(&mut wire).header("connection"), None);
    assert_eq!(query(&mut wire).status, 200);
}
