//! HTTP/2, where a server can say in its own words that it has not acted.

use http::Response;
use kirin_transport::{Body, BodyEnd, TransportError};

use super::*;

pub(super) const PREFACE: usize = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len();

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;

pub(super) const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

pub(super) const NO_ERROR: u8 = 0;
const PROTOCOL_ERROR: u8 = 1;
const INTERNAL_ERROR: u8 = 2;
const REFUSED_STREAM: u8 = 7;
const CANCEL: u8 = 8;
const ENHANCE_YOUR_CALM: u8 = 11;

/// The reasons of a goodbye: a polite end, one with an error, and two that sound like more.
const GOODBYES: [u8; 5] = [
    NO_ERROR,
    PROTOCOL_ERROR,
    INTERNAL_ERROR,
    REFUSED_STREAM,
    ENHANCE_YOUR_CALM,
];

pub(super) fn http2() -> HyperTransportBuilder {
    HyperTransport::builder().http2_only()
}

pub(super) fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    [&[0, 0, length, kind, flags, 0, 0, 0, stream], payload].concat()
}

pub(super) fn greeting() -> Vec<u8> {
    frame(SETTINGS, 0, 0, &[])
}

fn reset(reason: u8) -> Vec<u8> {
    frame(RST_STREAM, 0, 1, &[0, 0, 0, reason])
}

pub(super) fn go_away(last_stream: [u8; 4], reason: u8) -> Vec<u8> {
    frame(
        GOAWAY,
        0,
        0,
        &[&last_stream[..], &[0, 0, 0, reason]].concat(),
    )
}

/// The head of an answer with status 200: one indexed field of HPACK.
fn ok_head(flags: u8) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | flags, 1, &[0x88])
}

/// The frames that a client wrote: where each begins, its kind and its flags.
pub(super) fn frames(read: &[u8]) -> Vec<(usize, u8, u8)> {
    let mut frames = Vec::new();
    let mut start = PREFACE;
    while let Some(head) = read.get(start..start + 9) {
        frames.push((start, head[3], head[4]));
        start += 9 + u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
    }
    frames
}

/// Reads a whole create and gives back all that was read.
async fn read_request(server: &mut DuplexStream) -> Vec<u8> {
    let mut read = Vec::new();
    let ends = |frame: &(usize, u8, u8)| frame.1 == DATA && frame.2 & END_STREAM != 0;
    while !(frames(&read).iter().any(ends) && read.ends_with(CREATE.as_bytes())) {
        read.push(server.read_u8().await.unwrap());
    }
    read
}

/// Sends a create to a server that reads it, says `words` and goes.
async fn answered(words: &[u8]) -> Result<Response<Body>, TransportError> {
    let (transport, mut accepted) = over_pipes(http2(), FaultPlan::default());
    let serving = async {
        let mut server = accepted.recv().await.unwrap();
        server.write_all(&greeting()).await.unwrap();
        read_request(&mut server).await;
        server.write_all(words).await.unwrap();
    };
    let (outcome, ()) = tokio::join!(transport.send(create()), serving);
    assert!(accepted.try_recv().is_err(), "tried again after {words:?}");
    outcome
}

/// What is said of a create after the server's words.
async fn check(name: &str, words: &[u8], expected: Sent) {
    let error = answered(words).await.expect_err(name);
    assert_eq!(
        error.kind(),
        TransportErrorKind::Closed,
        "{name}: {error:?}"
    );
    assert_eq!(error.sent(), expected, "{name}: {error:?}");
}

#[tokio::test]
async fn a_refused_stream_was_not_acted_on() {
    let refused = reset(REFUSED_STREAM);
    check("refused", &refused, Sent::No).await;
    let goodbye = go_away([0, 0, 0, 1], NO_ERROR);
    check("goodbye, refused", &[goodbye, refused].concat(), Sent::No).await;
}

#[tokio::test]
async fn a_stream_that_ends_in_any_other_way_may_have_been_acted_on() {
    for reason in [
        NO_ERROR,
        PROTOCOL_ERROR,
        INTERNAL_ERROR,
        CANCEL,
        ENHANCE_YOUR_CALM,
    ] {
        check("reset", &reset(reason), Sent::Maybe).await;
    }
    check("closed", b"", Sent::Maybe).await;
    check("closed within a frame", &[0, 0, 1], Sent::Maybe).await;
    check("no frame", b"HTTP/1.1 400 Bad Request\r\n\r\n", Sent::Maybe).await;
}

/// Our stream is 1. Where the last stream is 0, ours lies above, and the server has not acted on it,
/// whatever the reason is.
#[tokio::test]
async fn a_stream_above_the_last_id_of_a_goodbye_was_not_acted_on() {
    for reason in GOODBYES {
        check("above", &go_away([0, 0, 0, 0], reason), Sent::No).await;
        // A server may name all streams at first, and say later which one was the last.
        let twice = [
            go_away([127, 255, 255, 255], reason),
            go_away([0, 0, 0, 0], reason),
        ];
        check("above, said later", &twice.concat(), Sent::No).await;
    }
}

#[tokio::test]
async fn a_stream_at_or_below_the_last_id_of_a_goodbye_may_have_been_acted_on() {
    for last_stream in [[0, 0, 0, 1], [0, 0, 0, 3], [127, 255, 255, 255]] {
        for reason in GOODBYES {
            let words = go_away(last_stream, reason);
            check(&format!("{last_stream:?}"), &words, Sent::Maybe).await;
        }
    }
    // Raising the last id is a breach of the protocol, which takes the first word back.
    let raised = [
        go_away([0, 0, 0, 1], NO_ERROR),
        go_away([0, 0, 0, 3], NO_ERROR),
    ];
    check("raised", &raised.concat(), Sent::Maybe).await;
}

/// hyper gives this error to a request, too, whose head it wrote before it saw the goodbye; without
/// a body the head is the whole request.
#[tokio::test]
async fn a_goodbye_proves_nothing_of_a_request_without_a_body() {
    let (transport, mut accepted) = over_pipes(http2(), FaultPlan::default());
    let serving = async {
        let mut server = accepted.recv().await.unwrap();
        server.write_all(&greeting()).await.unwrap();
        let (mut read, is_head) = (Vec::new(), |frame: &(usize, u8, u8)| frame.1 == HEADERS);
        while !frames(&read).iter().any(is_head) {
            read.push(server.read_u8().await.unwrap());
        }
        server.write_all(&go_away([0; 4], NO_ERROR)).await.unwrap();
    };
    let asking = transport.send(create_of(Bytes::new()));
    let (outcome, ()) = tokio::join!(asking, serving);
    assert_eq!(outcome.unwrap_err().sent(), Sent::Maybe);
}

#[tokio::test]
async fn an_answer_that_is_refused_later_is_cut() {
    let whole = answered(&ok_head(END_STREAM)).await.unwrap();
    assert_eq!(whole.into_body().collect(0).await.unwrap(), "");

    let refused_later = [ok_head(0), reset(REFUSED_STREAM)].concat();
    let response = answered(&refused_later).await.unwrap();
    assert_eq!(response.status(), 200);
    let error = response.into_body().collect(0).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Body);
    assert_eq!(
        error.sent(),
        Sent::Maybe,
        "it was acted on: there was an answer"
    );
}

/// hyper 1.12.0 ends such a body without an error.
#[tokio::test]
async fn a_body_whose_stream_is_reset_without_an_error_is_cut_all_the_same() {
    let get = || Request::get("http://a.test/a.mp4").body(Bytes::new());
    for (end, is_whole) in [
        (reset(NO_ERROR), false),
        (frame(DATA, END_STREAM, 1, b""), true),
        (
            [frame(DATA, END_STREAM, 1, b""), reset(NO_ERROR)].concat(),
            true,
        ),
    ] {
        let (transport, mut accepted) = over_pipes(http2(), FaultPlan::default());
        let serving = async {
            let mut server = accepted.recv().await.unwrap();
            server.write_all(&greeting()).await.unwrap();
            let (mut read, is_head) = (Vec::new(), |frame: &(usize, u8, u8)| frame.1 == HEADERS);
            while !frames(&read).iter().any(is_head) {
                read.push(server.read_u8().await.unwrap());
            }
            let words = [ok_head(0), frame(DATA, 0, 1, b"hello"), end].concat();
            server.write_all(&words).await.unwrap();
            server
        };
        let (response, _server) = tokio::join!(transport.send(get().unwrap()), serving);
        let response = response.unwrap();
        assert_eq!(BodyEnd::of(response.extensions()), BodyEnd::Framed);
        let body = response.into_body().collect(5).await;
        assert_eq!(body.is_ok(), is_whole, "{body:?}");
    }
}

/// A server that says goodbye to a kept connection gets the next request on a new one, once.
#[tokio::test]
async fn a_goodbye_between_two_requests_loses_nothing() {
    let (transport, mut accepted) = over_pipes(http2(), FaultPlan::default());
    let mut open = Vec::new();
    let serving = async {
        for words in [
            [ok_head(END_STREAM), go_away([0, 0, 0, 1], NO_ERROR)].concat(),
            ok_head(END_STREAM),
        ] {
            let mut server = accepted.recv().await.unwrap();
            server.write_all(&greeting()).await.unwrap();
            read_request(&mut server).await;
            server.write_all(&words).await.unwrap();
            // Kept open: it is the words that end its use.
            open.push(server);
        }
    };
    let asking = async {
        for _ in 0..2 {
            assert_eq!(transport.send(create()).await.unwrap().status(), 200);
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
        }
    };
    tokio::join!(serving, asking);
}
