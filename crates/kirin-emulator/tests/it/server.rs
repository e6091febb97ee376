//! The server over real loopback TCP.

use std::{
    io,
    net::TcpListener,
    thread,
    time::{Duration, Instant},
};

use kirin_emulator::{Emulator, EmulatorConfig, Scenario, VideoSize, World};
use serde_json::{Value, json};

use crate::{
    support::{CREATE, envelope},
    wire::Wire,
};

/// Tasks that end at once, with videos that are rendered quickly.
async fn quick() -> Emulator {
    let config = EmulatorConfig::new()
        .task_time(Duration::ZERO)
        .video_size(VideoSize::Small);
    Emulator::start(config).await.unwrap()
}

fn completed(emulator: &Emulator, wire: &mut Wire) -> (Value, String) {
    let task = wire
        .ask("POST", CREATE, &envelope(json!({ "prompt": "a fox" })))
        .json();
    let url = task["output"][0]["content"][0]["url"].as_str().unwrap();
    let path = url.strip_prefix(emulator.base_url()).unwrap().into();
    (task, path)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_on_one_connection() {
    let emulator = Emulator::start(EmulatorConfig::new()).await.unwrap();
    assert_eq!(
        emulator.base_url(),
        format!("http://127.0.0.1:{}", emulator.address().port())
    );
    assert_eq!(emulator.typical_time(), EmulatorConfig::TASK_TIME);
    let mut wire = Wire::connect(&emulator);
    let body = json!({ "prompt": "a fox", "external_task_id": "order-42" });
    let created = wire.ask("POST", CREATE, &envelope(body));
    assert_eq!(created.status, 200);
    let id = created.json()["id"].as_str().unwrap().to_owned();
    for id in [id.as_str(), "order-42"] {
        let task = wire.ask("GET", &format!("{CREATE}/task/{id}"), "").json();
        assert_eq!(task["status"], "in_progress");
        assert!(task["progress"].as_f64().unwrap() < 1.0);
    }
    let spec = wire
        .ask("GET", "/api/v1/skill/models/kirin_v2_5_turbo_t2v/spec", "")
        .json();
    let endpoint = format!("{}{CREATE}", emulator.base_url());
    assert_eq!(spec["data"]["api"]["endpoint"], endpoint);
    let counted = emulator.statistics();
    assert_eq!((counted.creates_received, counted.tasks_created), (1, 1));
    assert_eq!(
        (counted.queries_received, counted.requests_received),
        (2, 4)
    );
    assert!(emulator.notes().is_empty());
    emulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_is_downloaded_whole_and_in_parts() {
    let emulator = quick().await;
    let mut wire = Wire::connect(&emulator);
    let (_, path) = completed(&emulator, &mut wire);
    let whole = wire.download(&path, "");
    assert_eq!(
        (whole.status, whole.header("content-type")),
        (200, Some("video/mp4"))
    );
    assert_eq!(&whole.body[4..8], b"ftyp");
    let length = whole.body.len();

    wire.send(format!("HEAD {path} HTTP/1.1\r\nhost: localhost\r\n\r\n"));
    let head = wire.head();
    let said = head.header("content-length");
    assert_eq!(
        (head.status, said),
        (200, Some(length.to_string().as_str()))
    );

    let etag = whole.header("etag").unwrap();
    assert_eq!(head.header("etag"), Some(etag));
    let resumed = wire.download(
        &path,
        &format!("range: bytes=1000-\r\nif-range: {etag}\r\n"),
    );
    assert_eq!(resumed.status, 206);
    let content_range = format!("bytes 1000-{}/{length}", length - 1);
    assert_eq!(
        resumed.header("content-range"),
        Some(content_range.as_str())
    );
    assert_eq!(resumed.body, whole.body[1000..]);

    let behind = wire.download(&path, &format!("range: bytes={length}-\r\n"));
    assert_eq!((behind.status, behind.body.len()), (416, 0));
    assert_eq!(emulator.statistics().artifacts_served, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn rendering_happens_once_and_keeps_nobody_waiting() {
    let config = EmulatorConfig::new().task_time(Duration::ZERO);
    let emulator = Emulator::start(config).await.unwrap();
    let mut wire = Wire::connect(&emulator);
    let (_, path) = completed(&emulator, &mut wire);
    let downloads: Vec<_> = (0..4)
        .map(|_| {
            let (mut wire, path) = (Wire::connect(&emulator), path.clone());
            thread::spawn(move || wire.download(&path, "").body)
        })
        .collect();
    let mut answered = 0;
    while downloads.iter().any(|download| !download.is_finished()) {
        assert_eq!(wire.ask("GET", "/api/v1/skill/models", "").status, 200);
        answered += 1;
    }
    assert!(
        answered > 10,
        "only {answered} answers while a video was rendered"
    );
    let bodies: Vec<_> = downloads
        .into_iter()
        .map(|download| download.join().unwrap())
        .collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    assert_eq!(emulator.statistics().artifacts_served, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_was_given_up_is_no_harm() {
    let emulator = quick().await;
    let mut wire = Wire::connect(&emulator);
    let (_, path) = completed(&emulator, &mut wire);
    let mut gone = Wire::connect(&emulator);
    gone.send(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n"));
    drop(gone);
    assert_eq!(wire.download(&path, "").status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_may_come_in_any_pieces() {
    let emulator = quick().await;
    let mut wire = Wire::connect(&emulator);
    let body = envelope(json!({ "prompt": "a fox" }));
    wire.send("POST /model/v1/generation HTTP/1.1\r\nhost: localhost\r\n");
    wire.send("authorization: Bearer any\r\ntransfer-encoding: chunked\r\n\r\n");
    for piece in body.as_bytes().chunks(7) {
        wire.send(format!("{:x}\r\n", piece.len()));
        wire.send(piece);
        wire.send("\r\n");
    }
    wire.send("0\r\n\r\n");
    assert_eq!(wire.answer().status, 200);
    assert_eq!(emulator.statistics().creates_received, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_create_is_no_create() {
    let emulator = quick().await;
    let mut wire = Wire::connect(&emulator);
    wire.send("POST /model/v1/generation HTTP/1.1\r\nhost: localhost\r\n");
    wire.send("authorization: Bearer any\r\ncontent-length: 100\r\n\r\n{\"model\"");
    drop(wire);
    let mut wire = Wire::connect(&emulator);
    assert_eq!(wire.ask("GET", "/api/v1/skill/models", "").status, 200);
    assert_eq!(emulator.statistics().creates_received, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_large_is_refused() {
    let emulator = quick().await;
    let head =
        "POST /model/v1/generation HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer any\r\n";

    // It was sent whole: the answer comes, and the connection goes on.
    let mut wire = Wire::connect(&emulator);
    let length = World::MAX_BODY_BYTES + 1;
    wire.send(format!("{head}content-length: {length}\r\n\r\n"));
    wire.send(vec![b' '; length]);
    let refused = wire.answer();
    assert_eq!(refused.status, 413);
    assert!(refused.header("x-request-id").is_some());
    assert_eq!(wire.ask("GET", "/api/v1/skill/models", "").status, 200);

    // It is announced as a gigabyte: the answer comes before it is sent.
    let mut wire = Wire::connect(&emulator);
    wire.send(format!("{head}content-length: {}\r\n\r\n", 1 << 30));
    assert_eq!(wire.answer().status, 413);
    assert!(wire.is_closed());
    assert_eq!(emulator.statistics().creates_received, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_body_is_taken() {
    let emulator = quick().await;
    let mut body = envelope(json!({ "prompt": "a fox" }));
    body.push_str(&" ".repeat(World::MAX_BODY_BYTES - body.len()));
    let answer = Wire::connect(&emulator).ask("POST", CREATE, &body);
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_not_http_end_their_connection_only() {
    let emulator = quick().await;
    let long = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(100_000));
    for bytes in [
        "\r\n\r\nhello\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        long.as_str(),
    ] {
        let mut wire = Wire::connect(&emulator);
        wire.send(bytes);
        let status = wire.head().status;
        assert!((400..500).contains(&status), "{status}");
    }
    assert_eq!(
        Wire::connect(&emulator)
            .ask("GET", "/api/v1/skill/models", "")
            .status,
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_are_no_hindrance() {
    let emulator = quick().await;
    let idle: Vec<_> = (0..200)
        .map(|_| {
            let mut wire = Wire::connect(&emulator);
            wire.send("GET / HT");
            wire
        })
        .collect();
    assert_eq!(
        Wire::connect(&emulator)
            .ask("GET", "/api/v1/skill/models", "")
            .status,
        200
    );
    drop(idle);
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_closes_idle_connections_and_the_port() {
    let emulator = quick().await;
    let address = emulator.address();
    let mut wire = Wire::connect(&emulator);
    assert_eq!(wire.ask("GET", "/api/v1/skill/models", "").status, 200);
    let mut slow = Wire::connect(&emulator);
    slow.send("POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n\r\nab");
    #[expect(clippy::disallowed_methods, reason = "the bound is what is tested")]
    let started = Instant::now();
    emulator.shutdown().await;
    assert!(started.elapsed() < Duration::from_secs(10));
    assert!(wire.is_closed() && slow.is_closed());
    TcpListener::bind(address).expect("the port is free again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_emulator_stops() {
    let emulator = quick().await;
    let mut wire = Wire::connect(&emulator);
    assert_eq!(wire.ask("GET", "/api/v1/skill/models", "").status, 200);
    drop(emulator);
    assert!(wire.is_closed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_an_error() {
    let emulator = quick().await;
    let port = emulator.address().port();
    let second = Emulator::start(EmulatorConfig::new().port(port)).await;
    assert_eq!(second.unwrap_err().kind(), io::ErrorKind::AddrInUse);
}

fn post(emulator: &Emulator) -> (u16, Value) {
    let body = envelope(json!({ "prompt": "a fox" }));
    let answer = Wire::connect(emulator).ask("POST", CREATE, &body);
    (answer.status, answer.json())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scenario_takes_the_place_of_another_while_it_runs() {
    let emulator = quick().await;
    let refusing = r#"{"rules": [{"fault": "insufficient_balance", "scope": "create"}]}"#;
    emulator.set_scenario(Scenario::from_json(refusing).unwrap());
    assert_eq!(post(&emulator).0, 402);
    emulator.set_scenario(Scenario::default());
    assert_eq!(post(&emulator).0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_begins_anew_at_the_same_address() {
    let emulator = quick().await;
    let (_, first) = post(&emulator);
    emulator.set_scenario(Scenario::from_json(r#"{"rules": [{"fault": "forbidden"}]}"#).unwrap());
    emulator.reset();
    assert_eq!(emulator.statistics().tasks_created, 0);
    assert!(emulator.ledger().charges().is_empty());
    assert!(emulator.requests().is_empty());
    let (status, again) = post(&emulator);
    assert_eq!((status, &again["id"]), (200, &first["id"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_in_one_process_share_nothing() {
    let (one, other) = (quick().await, quick().await);
    assert_ne!(one.address(), other.address());
    assert_eq!(post(&one).0, 200);
    assert_eq!(one.statistics().tasks_created, 1);
    assert_eq!(other.statistics().requests_received, 0);
    assert!(other.ledger().charges().is_empty());
    other.set_scenario(Scenario::from_json(r#"{"rules": [{"fault": "forbidden"}]}"#).unwrap());
    other.advance(Duration::from_secs(60));
    assert_eq!((post(&one).0, post(&other).0), (200, 403));

    let address = other.address();
    other.shutdown().await;
    // Its port is free again, and the other one goes on.
    drop(TcpListener::bind(address).unwrap());
    assert_eq!(post(&one).0, 200);
}
