//! The contract of [`Transport`], clause by clause, on the hyper transport over HTTP/1.1.

use std::error::Error;

use kirin_tests::canary;
use kirin_transport::{HyperTransport, Sent, Transport, TransportErrorKind};
use tokio::net::TcpStream;

use crate::{
    failures,
    server::{ANSWER, Server, Step, create, exchange, play, posts, within},
};

// ----------------------------------------------------------------- what the error says

#[tokio::test]
async fn every_failure_says_what_kind_it_is_and_whether_the_request_may_have_left() {
    for failure in failures::all().await {
        let (name, error) = (failure.name, failure.error);
        let expected = (failure.kind, failure.sent);
        assert_eq!((error.kind(), error.sent()), expected, "{name}: {error:?}");
        assert!(error.source().is_some(), "{name}: says no reason");
    }
}

#[tokio::test]
async fn a_refused_connection_sent_nothing() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let url = format!("http://{}/v1/create", socket.local_addr().unwrap());
    let transport = HyperTransport::plain();
    let error = within(transport.send(create(&url))).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Connect);
    assert_eq!(error.sent(), Sent::No);
}

/// The server closes its side at once and then counts. What hyper says depends on whether it saw
/// the end before it wrote: it looks first, so mostly it hands the request back unsent.
#[tokio::test]
async fn closed_before_anything_was_read() {
    for _ in 0..50 {
        let (outcome, read) = exchange(&[Step::FinishWriting, Step::ReadToEnd]).await;
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Closed, "{error:?}");
        if error.sent() == Sent::No {
            assert_eq!(read, b"", "{error:?}");
        }
    }
}

/// As above, but the server speaks first: an answer to nothing, or a greeting.
#[tokio::test]
async fn spoken_to_before_anything_was_read() {
    for words in [ANSWER, b"220 mail.test ESMTP ready\r\n"] {
        for _ in 0..50 {
            let steps = [Step::Write(words), Step::FinishWriting, Step::ReadToEnd];
            let (outcome, read) = exchange(&steps).await;
            // Where the request was written before hyper looked, an early answer is an answer.
            let sent = outcome.map_or_else(|error| error.sent(), |_| Sent::Maybe);
            if sent == Sent::No {
                assert_eq!(read, b"", "{words:?}");
            }
        }
    }
}

// ----------------------------------------------------------------- what is a response

#[tokio::test]
async fn any_status_is_ok() {
    for status in [
        101, 200, 201, 204, 299, 301, 304, 400, 402, 429, 500, 503, 599, 999,
    ] {
        let answer = format!("HTTP/1.1 {status} Whatever\r\ncontent-length: 0\r\n\r\n");
        let (outcome, read) = exchange(&[Step::ReadRequest, Step::Write(answer.as_bytes())]).await;
        assert_eq!(outcome.unwrap().status(), status);
        assert_eq!(posts(&read), 1);
    }
}

#[tokio::test]
async fn a_response_is_given_before_its_body_is_there() {
    let server = Server::start().await;
    let transport = HyperTransport::plain();
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n";
    let steps = [Step::ReadRequest, Step::Write(head), Step::ReadToEnd];
    let serving = server.serve(&steps);
    let asking = async {
        let response = transport.send(create(&server.url())).await.unwrap();
        assert_eq!(response.status(), 200);
        // Dropping the unread body closes the connection, which ends the server's last step.
    };
    within(async { tokio::join!(serving, asking) }).await;
}

#[tokio::test]
async fn an_answer_to_half_a_request_is_an_answer() {
    let refusal = b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n";
    let (outcome, _) = exchange(&[Step::ReadHead, Step::Write(refusal)]).await;
    assert_eq!(outcome.unwrap().status(), 413);
}

#[tokio::test]
async fn what_is_sent_is_what_was_asked() {
    let (outcome, read) = exchange(&[Step::ReadRequest, Step::Write(ANSWER)]).await;
    outcome.unwrap();
    let sent = String::from_utf8(read).unwrap();
    let (head, body) = sent.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /v1/create HTTP/1.1\r\n"), "{head}");
    let authorization = format!("\r\nauthorization: Bearer {}\r\n", canary::key());
    assert!(head.contains(&authorization));
    assert!(head.contains("\r\nhost: 127.0.0.1:"), "{head}");
    let length = format!("\r\ncontent-length: {}", body.len());
    assert!(head.contains(&length), "{head}");
    // Nothing is asked for in the caller's name: neither compression nor "wait for 100".
    for name in ["accept-encoding", "expect", "user-agent", "cookie"] {
        assert!(
            !head.to_lowercase().contains(&format!("\r\n{name}:")),
            "{head}"
        );
    }
    assert!(body.contains("order-42"));
}

// ----------------------------------------------------------------- no redirect is followed

#[tokio::test]
async fn no_redirect_is_followed() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = Server::start().await;
        let location = elsewhere.url();
        let answer =
            format!("HTTP/1.1 {status} Moved\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
        let (outcome, read) = exchange(&[Step::ReadRequest, Step::Write(answer.as_bytes())]).await;
        let response = outcome.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()["location"], location);
        assert_eq!(posts(&read), 1);
        assert_eq!(elsewhere.waiting(), 0, "{status} was followed");
    }
}

// ----------------------------------------------------------------- bodies stream and may be cut

/// What collecting gives after this answer and a close; `None` is "cut".
async fn check_body(answer: &[u8], expected: Option<&str>) {
    let shown = String::from_utf8_lossy(answer);
    let (outcome, _) = exchange(&[Step::ReadRequest, Step::Write(answer)]).await;
    let body = outcome.unwrap().into_body();
    match (body, expected) {
        (Ok(collected), Some(expected)) => assert_eq!(collected, expected, "{shown}"),
        (Err(error), None) => {
            assert_eq!(error.kind(), TransportErrorKind::Body, "{shown}");
            assert_eq!(error.sent(), Sent::Maybe, "{shown}");
            assert!(error.source().is_some(), "{shown}");
        }
        (outcome, expected) => panic!("{shown}: {outcome:?}, not {expected:?}"),
    }
}

#[tokio::test]
async fn a_body_with_a_length_is_whole_or_an_error() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n";
    for (body, expected) in [
        ("", None),
        ("hell", None),
        ("hello", Some("hello")),
        // What follows the length is no part of the answer.
        ("hello!", Some("hello")),
    ] {
        check_body([head, body].concat().as_bytes(), expected).await;
    }
}

#[tokio::test]
async fn a_chunked_body_is_whole_or_an_error() {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    for (body, expected) in [
        ("", None),
        ("5", None),
        ("5\r\n", None),
        ("5\r\nhel", None),
        ("5\r\nhello", None),
        ("5\r\nhello\r\n", None),
        ("5\r\nhello\r\n0", None),
        ("5\r\nhello\r\n0\r\n", None),
        ("5\r\nhello\r\n0\r\n\r\n", Some("hello")),
        ("3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", Some("hello")),
        ("5\r\nhello\r\n0\r\nx-checksum: 42\r\n\r\n", Some("hello")),
        ("0\r\n\r\n", Some("")),
        ("x\r\nhello\r\n0\r\n\r\n", None),
        ("fffffffffffffffff\r\nhello", None),
    ] {
        check_body([head, body].concat().as_bytes(), expected).await;
    }
}

/// The limit of HTTP/1.1 without a length: a short body cannot be told from a whole one. Whoever
/// needs to know compares with a size from elsewhere, as the download does.
#[tokio::test]
async fn a_body_that_ends_with_its_connection_is_never_cut() {
    let head = "HTTP/1.1 200 OK\r\n\r\n";
    for body in ["", "hel", "hello"] {
        check_body([head, body].concat().as_bytes(), Some(body)).await;
    }
}

#[tokio::test]
async fn answers_without_a_body_have_none() {
    for status in ["204 No Content", "304 Not Modified"] {
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 5\r\n\r\n");
        check_body(answer.as_bytes(), Some("")).await;
    }
}

// ----------------------------------------------------------------- dropping cancels

/// The transport waits for an answer as long as it is asked to: it is the caller who gives up. The
/// transport itself lives on in this test, so it is the future that closes.
#[tokio::test]
async fn dropping_the_future_closes_the_connection() {
    let half_a_head = b"HTTP/1.1 200 OK\r\ncontent-";
    let read_request: &[Step<'_>] = &[Step::ReadRequest];
    let half_answered: &[Step<'_>] = &[Step::ReadRequest, Step::Write(half_a_head)];
    for steps in [read_request, half_answered] {
        let server = Server::start().await;
        let transport = HyperTransport::plain();
        let sending = transport.send(create(&server.url()));
        let mut stream = within(async {
            tokio::select! {
                outcome = sending => panic!("no complete head was sent: {outcome:?}"),
                stream = begin(&server, steps) => stream,
            }
        })
        .await;
        let rest = within(play(&mut stream, &[Step::ReadToEnd])).await;
        assert_eq!(rest, b"", "{steps:?}");
        assert_eq!(server.waiting(), 0, "{steps:?}");
        drop(transport);
    }
}

async fn begin(server: &Server, steps: &[Step<'_>]) -> TcpStream {
    let mut stream = server.accept().await;
    play(&mut stream, steps).await;
    stream
}

#[tokio::test]
async fn a_future_that_was_never_polled_sends_nothing() {
    let server = Server::start().await;
    let transport = HyperTransport::plain();
    drop(transport.send(create(&server.url())));
    tokio::task::yield_now().await;
    assert_eq!(server.waiting(), 0);
}
