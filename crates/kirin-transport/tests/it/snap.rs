//! What people read when an exchange fails: run with `INSTA_UPDATE=always` after a change and read
//! every difference.

use std::fmt::Write as _;

use kirin_transport::{Sent, TransportError, TransportErrorKind};

use crate::render;

/// The words for every kind, with and without a reason.
#[test]
fn kinds() {
    let mut text = String::new();
    for kind in [
        TransportErrorKind::Body,
        TransportErrorKind::Closed,
        TransportErrorKind::Connect,
        TransportErrorKind::Other,
        TransportErrorKind::Protocol,
        TransportErrorKind::Request,
        TransportErrorKind::Timeout,
        TransportErrorKind::TooLarge,
        TransportErrorKind::Withdrawn,
    ] {
        let error = TransportError::new(kind, Sent::Maybe);
        writeln!(text, "{}", render::error(&error)).unwrap();
    }
    let error = TransportError::new(TransportErrorKind::Timeout, Sent::No);
    writeln!(text, "{}", render::error(&error.with_source("30 s"))).unwrap();
    insta::assert_snapshot!("kinds", text);
}

/// What happened, and what is said of it.
#[cfg(feature = "hyper")]
#[tokio::test]
async fn failures() {
    let mut text = String::new();
    for failure in crate::failures::all().await {
        let rendered = render::error(&failure.error);
        writeln!(text, "{}\n    {rendered}", failure.name).unwrap();
    }
    for (name, error) in cut_bodies().await {
        writeln!(text, "{name}\n    {}", render::error(&error)).unwrap();
    }
    insta::assert_snapshot!("failures", text);
}

/// The failures that come after the head.
#[cfg(feature = "hyper")]
async fn cut_bodies() -> Vec<(&'static str, TransportError)> {
    use crate::server::{Step, exchange};

    let mut errors = Vec::new();
    for (name, answer) in [
        (
            "closes within a body of known length",
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel",
        ),
        (
            "closes between two chunks",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n",
        ),
        (
            "sends a chunk without a size",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nhello\r\n",
        ),
    ] {
        let (outcome, _) = exchange(&[Step::ReadRequest, Step::Write(answer.as_bytes())]).await;
        errors.push((name, outcome.unwrap().into_body().unwrap_err()));
    }
    let error = kirin_transport::Body::from("hello").collect(4).await;
    errors.push(("sends more than was asked for", error.unwrap_err()));
    errors
}
