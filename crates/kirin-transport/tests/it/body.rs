//! The body of a response: its limits, its pieces and its errors.

use std::error::Error;

use bytes::Bytes;
use http_body::Body as _;
use kirin_transport::{Body, Sent, TransportError, TransportErrorKind};

use crate::frames::Frames;

fn pieces(texts: &[&'static str]) -> Frames {
    let bytes = |text: &&'static str| Bytes::from_static(text.as_bytes());
    Frames::of_data(texts.iter().map(bytes))
}

/// What [`Body::collect`] gives for these pieces and this limit; `None` is "too large".
async fn check(texts: &[&'static str], announced: u64, limit: usize, expected: Option<&str>) {
    let body = Body::new(pieces(texts).announcing(announced));
    match (body.collect(limit).await, expected) {
        (Ok(collected), Some(expected)) => assert_eq!(collected, expected),
        (Err(error), None) => {
            assert_eq!(error.kind(), TransportErrorKind::TooLarge);
            assert_eq!(error.sent(), Sent::Maybe, "the request left long ago");
            assert!(error.source().is_none());
        }
        (outcome, expected) => panic!("{texts:?} up to {limit}: {outcome:?}, not {expected:?}"),
    }
}

#[tokio::test]
async fn collect_takes_as_much_as_the_limit() {
    check(&[], 0, 0, Some("")).await;
    check(&[""], 0, 0, Some("")).await;
    check(&["a"], 1, 0, None).await;
    check(&["hello"], 5, 5, Some("hello")).await;
    check(&["hello"], 5, 4, None).await;
    check(&["he", "", "llo"], 5, 5, Some("hello")).await;
    check(&["he", "", "llo"], 5, 4, None).await;
    check(&["hello", ""], 5, 5, Some("hello")).await;
    check(&["hello", "!"], 6, 5, None).await;
    check(&["hello"], 5, usize::MAX, Some("hello")).await;
}

#[tokio::test]
async fn collect_counts_and_does_not_believe_the_announced_length() {
    check(&["hello"], 0, 4, None).await;
    check(&["hello"], 1, 5, Some("hello")).await;
    // What was announced is neither refused nor reserved: this one would take 16 exbibytes.
    check(&["hello"], u64::MAX, 5, Some("hello")).await;
}

#[tokio::test]
async fn collect_ends_at_the_limit_and_reads_no_further() {
    // The piece after the limit would be an error of another kind.
    let body = Body::new(pieces(&["hello", "!"]).then_error("read too far"));
    let error = body.collect(5).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::TooLarge);
}

#[tokio::test]
async fn a_cut_body_is_an_error_whatever_came_before() {
    let body = Body::new(pieces(&["hel"]).then_error("reset by peer"));
    check_cut(&body.collect(1024).await.unwrap_err());

    let mut body = Body::new(pieces(&["hel"]).then_error("reset by peer"));
    assert_eq!(body.next().await.unwrap().unwrap(), "hel");
    check_cut(&body.next().await.unwrap().unwrap_err());
    assert!(body.next().await.is_none());
}

/// A foreign body's error becomes one of ours, and the request has left by then.
fn check_cut(error: &TransportError) {
    assert_eq!(error.kind(), TransportErrorKind::Body);
    assert_eq!(error.sent(), Sent::Maybe);
    assert_eq!(error.source().unwrap().to_string(), "reset by peer");
}

/// A body that tried something of its own may know that this was not sent. The request was.
#[tokio::test]
async fn no_error_of_a_body_says_that_the_request_was_not_sent() {
    struct Resuming;
    impl http_body::Body for Resuming {
        type Data = Bytes;
        type Error = TransportError;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _context: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, TransportError>>> {
            let error = TransportError::new(TransportErrorKind::Connect, Sent::No);
            std::task::Poll::Ready(Some(Err(error.with_source("refused"))))
        }
    }
    let error = Body::new(Resuming).collect(1024).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Connect);
    assert_eq!(error.sent(), Sent::Maybe);
    assert_eq!(error.source().unwrap().to_string(), "refused");
}

#[tokio::test]
async fn next_gives_the_pieces_and_skips_trailers() {
    let frames = pieces(&["he", "llo"]).then_trailers().then_data("!");
    let mut body = Body::new(frames.then_trailers());
    for expected in ["he", "llo", "!"] {
        assert_eq!(body.next().await.unwrap().unwrap(), expected);
    }
    assert!(body.next().await.is_none());
    assert!(body.next().await.is_none(), "the end stays the end");

    let only_trailers = Body::new(Frames::default().then_trailers());
    assert_eq!(only_trailers.collect(0).await.unwrap(), "");
}

#[tokio::test]
async fn whole_bodies_hold_what_they_were_made_from() {
    for (body, expected) in [
        (Body::empty(), ""),
        (Body::default(), ""),
        (Body::from(""), ""),
        (Body::from("hello"), "hello"),
        (Body::from(String::from("hello")), "hello"),
        (Body::from(b"hello".to_vec()), "hello"),
        (Body::from(Bytes::from_static(b"hello")), "hello"),
    ] {
        assert_eq!(body.size_hint().exact(), Some(expected.len() as u64));
        assert_eq!(body.is_end_stream(), expected.is_empty());
        assert_eq!(body.collect(expected.len()).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn a_whole_body_counts_down() {
    let mut body = Body::from("hello");
    assert_eq!(body.next().await.unwrap().unwrap(), "hello");
    assert!(body.is_end_stream());
    assert_eq!(body.size_hint().exact(), Some(0));
    assert!(body.next().await.is_none());
    assert!(Body::empty().next().await.is_none(), "no empty piece");
}

#[tokio::test]
async fn a_wrapped_body_says_what_the_inner_one_says() {
    let body = Body::new(pieces(&["hello"]).announcing(5));
    assert_eq!(body.size_hint().exact(), Some(5));
    assert!(!body.is_end_stream());
    let body = Body::new(Frames::default().announcing(7));
    assert_eq!(body.size_hint().exact(), Some(7));
    assert!(body.is_end_stream());
    // Wrapping twice changes neither the hints nor the error's kind.
    let body = Body::new(Body::new(
        pieces(&["hello"]).announcing(5).then_error("cut"),
    ));
    assert_eq!(body.size_hint().exact(), Some(5));
    let error = body.collect(1024).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Body);
}

#[test]
fn debug_shows_no_content() {
    let body = Body::from("https://cdn.example.com/boat.mp4?signature=secret");
    assert_eq!(format!("{body:?}"), "Body");
}
