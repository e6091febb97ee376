//! Senders that mean harm.

use std::time::Duration;

use kirin_client::{CallbackCounts, CallbackReceiver};
use tokio::{io::AsyncWriteExt, time::Instant};

use super::posts::{UNKNOWN, answer, connect, idle, post, secret_path, send};

async fn assert_still_serves(receiver: &CallbackReceiver) {
    let before = receiver.counts().unknown_task;
    let path = secret_path(receiver);
    assert_eq!(send(receiver, &post(&path, UNKNOWN)).await.0, 200);
    assert_eq!(receiver.counts().unknown_task, before + 1);
}

/// All but the date.
fn without_date(head: &str) -> Vec<&str> {
    let lines = head.lines();
    lines.filter(|line| !line.starts_with("date:")).collect()
}

#[tokio::test]
async fn a_wrong_path_is_counted_and_answered_like_the_right_one() {
    let receiver = idle(8).await;
    let right = secret_path(&receiver);
    let mut almost = right.clone();
    almost.replace_range(1..2, if right.starts_with("/0") { "1" } else { "0" });
    let bodies = [UNKNOWN, r#"{"news":1}"#, "7", "", "{", "<html>"];
    for body in bodies {
        let expected = send(&receiver, &post(&right, body)).await.1;
        for wrong in ["/", "/favicon.ico", &almost, &right[..32]] {
            let found = send(&receiver, &post(wrong, body)).await.1;
            assert_eq!(
                without_date(&found),
                without_date(&expected),
                "{wrong} {body}"
            );
        }
    }
    let counts = receiver.counts();
    assert_eq!(counts.wrong_path, 12);
    assert_eq!(
        (counts.unknown_task, counts.no_callback, counts.bad_json),
        (1, 2, 15)
    );
}

#[tokio::test]
async fn bad_heads_are_refused_and_not_counted() {
    let receiver = idle(8).await;
    let path = secret_path(&receiver);
    let with =
        |headers: &str| format!("POST {path} HTTP/1.1\r\n{headers}\r\n{UNKNOWN}").into_bytes();
    let heads = [
        with("content-length: 1\r\ncontent-length: 2\r\n"),
        with("content-length: -1\r\n"),
        with("content-length: 99999999999999999999999999\r\n"),
        with("transfer-encoding: chunked\r\n"),
        with("a b: c\r\n"),
        with("a: \0\r\n"),
        with(&format!("a: {}\r\n", "x".repeat(20_000))),
        with(&"a: b\r\n".repeat(1000)),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"\r\n\r\n\r\n".to_vec(),
        b"POST".to_vec(),
        Vec::new(),
    ];
    for head in heads {
        let (status, _) = send(&receiver, &head).await;
        let shown = String::from_utf8_lossy(&head[..head.len().min(80)]).into_owned();
        assert!(matches!(status, 0 | 400 | 431), "{status}: {shown}");
    }
    assert_eq!(receiver.counts(), CallbackCounts::default());
    assert_still_serves(&receiver).await;
}

#[tokio::test]
async fn a_body_that_announces_a_gibibyte_is_refused_at_once() {
    let receiver = idle(8).await;
    let head = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1073741824\r\n\r\n";
    assert_eq!(send(&receiver, head.as_bytes()).await.0, 413);
    assert_eq!(receiver.counts().too_large, 1);
    assert_still_serves(&receiver).await;
}

#[tokio::test]
async fn a_body_that_streams_a_gibibyte_is_cut() {
    const PIECE: usize = 64 * 1024;
    let receiver = idle(8).await;
    let mut stream = connect(&receiver).await;
    let head = "POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let piece = [b"10000\r\n", &[b' '; PIECE][..], b"\r\n"].concat();
    let mut pieces = 0;
    while pieces < 1024 * 1024 * 1024 / PIECE && stream.write_all(&piece).await.is_ok() {
        pieces += 1;
    }
    // What lies in the buffers of the system between them is a few MiB.
    assert!(
        pieces * PIECE < 64 * 1024 * 1024,
        "{pieces} pieces were taken"
    );
    assert!(matches!(answer(stream).await.0, 0 | 413));
    assert_eq!(receiver.counts().too_large, 1);
    assert_still_serves(&receiver).await;
}

#[tokio::test]
async fn a_body_of_a_mebibyte_is_read_and_one_more_byte_is_too_much() {
    let receiver = idle(8).await;
    let padded = |length: usize| UNKNOWN.to_owned() + &" ".repeat(length - UNKNOWN.len());
    let limit = CallbackReceiver::MAX_BODY_BYTES;
    let path = secret_path(&receiver);
    assert_eq!(send(&receiver, &post(&path, padded(limit))).await.0, 200);
    let (status, _) = send(&receiver, &post(&path, padded(limit + 1))).await;
    // Its last bytes are not read, and a reset may overtake the answer.
    assert!(matches!(status, 0 | 413), "{status}");
    let counts = receiver.counts();
    assert_eq!((counts.unknown_task, counts.too_large), (1, 1));
}

#[tokio::test]
async fn other_methods_are_refused_with_the_one_that_is_allowed() {
    let receiver = idle(8).await;
    let path = secret_path(&receiver);
    for method in [
        "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "NONSENSE",
    ] {
        let request = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        let (status, head) = send(&receiver, request.as_bytes()).await;
        assert_eq!(status, 405, "{method}");
        assert!(head.contains("allow: POST"), "{head}");
    }
    assert_eq!(receiver.counts().wrong_method, 8);
}

#[tokio::test]
async fn bad_json_is_refused() {
    let receiver = idle(8).await;
    let path = secret_path(&receiver);
    let deep = "[".repeat(100_000);
    for body in ["", "{", "{'id':1}", "\u{feff}{}", "id=task-1", "nul", &deep] {
        assert_eq!(
            send(&receiver, &post(&path, body)).await.0,
            400,
            "{body:.20}"
        );
    }
    assert_eq!(receiver.counts().bad_json, 7);
    let nested = format!("{deep}{}", "]".repeat(100_000));
    let (status, _) = send(&receiver, &post(&path, &nested)).await;
    assert!(matches!(status, 200 | 400), "{status}");
    assert_still_serves(&receiver).await;
}

/// A head in pieces, a body in pieces, and nothing at all: each is closed after its time.
#[tokio::test(start_paused = true)]
async fn slow_senders_are_closed_after_their_time() {
    async fn check(beginning: &str, most: Duration) {
        let receiver = idle(8).await;
        let began_at = now();
        let mut stream = connect(&receiver).await;
        stream.write_all(beginning.as_bytes()).await.unwrap();
        assert!(matches!(answer(stream).await.0, 0 | 408), "{beginning}");
        assert!(
            began_at.elapsed() <= most,
            "{:?}: {beginning}",
            began_at.elapsed()
        );
        assert_eq!(receiver.counts(), CallbackCounts::default());
    }

    let tolerance = Duration::from_secs(1);
    let head = CallbackReceiver::HEAD_TIME + tolerance;
    check("", head).await;
    check("POST / HTTP/1.1\r\nhost: local", head).await;
    let body = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{";
    check(body, CallbackReceiver::CONNECTION_TIME + tolerance).await;
}

/// Those that hold the places are closed in time, and whoever waited gets its turn.
#[tokio::test(start_paused = true)]
async fn more_connections_than_the_cap_wait_for_a_place() {
    let receiver = idle(2).await;
    let began_at = now();
    let mut idlers = Vec::new();
    for _ in 0..20 {
        let mut stream = connect(&receiver).await;
        stream.write_all(b"POST / HT").await.unwrap();
        idlers.push(stream);
    }
    assert_still_serves(&receiver).await;
    // Twenty, two at a time.
    assert!(began_at.elapsed() >= 10 * CallbackReceiver::HEAD_TIME);
    for idler in idlers {
        assert!(matches!(answer(idler).await.0, 0 | 408));
    }
    assert_still_serves(&receiver).await;
}

#[expect(
    clippy::disallowed_methods,
    reason = "the tests keep tokio's paused clock"
)]
fn now() -> Instant {
    Instant::now()
}
