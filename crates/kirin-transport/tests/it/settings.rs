//! What the builder was told, seen from the server.

use bytes::Bytes;
use http::{HeaderValue, Request};
use kirin_transport::{HyperTransport, HyperTransportBuilder, TransportError, TransportErrorKind};

use crate::server::{ANSWER, Server, Step, ask, create, within};

/// Sends one request through a transport with these settings to a server that answers so; the body,
/// and what the server read.
async fn exchange(
    builder: HyperTransportBuilder,
    change: fn(&mut Request<Bytes>),
    answer: &[u8],
) -> (Result<Bytes, TransportError>, String) {
    let server = Server::start().await;
    let mut request = create(&server.url());
    change(&mut request);
    let transport = builder.build_plain();
    let steps = [Step::ReadRequest, Step::Write(answer)];
    let asking = ask(&transport, request);
    let (outcome, read) = within(async { tokio::join!(asking, server.serve(&steps)) }).await;
    let body = outcome.and_then(http::Response::into_body);
    (body, String::from_utf8(read).unwrap())
}

#[tokio::test]
async fn a_user_agent_is_added_where_there_is_none() {
    let builder = || HyperTransport::builder().user_agent(HeaderValue::from_static("boat/1.0"));
    let (_, read) = exchange(builder(), |_| {}, ANSWER).await;
    assert!(read.contains("\r\nuser-agent: boat/1.0\r\n"), "{read}");
    let own = |request: &mut Request<Bytes>| {
        let own = HeaderValue::from_static("fox/2.0");
        request.headers_mut().insert("user-agent", own);
    };
    let (_, read) = exchange(builder(), own, ANSWER).await;
    assert!(read.contains("\r\nuser-agent: fox/2.0\r\n"), "{read}");
    assert!(!read.contains("boat/1.0"), "{read}");
}

/// A body of five bytes, with a length and without.
const BODIES: [&[u8]; 2] = [
    b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
];

#[tokio::test]
async fn a_body_has_at_most_as_many_bytes_as_the_transport_was_told() {
    for answer in BODIES {
        for (limit, fits) in [(6, true), (5, true), (4, false), (0, false)] {
            let builder = HyperTransport::builder().max_body_bytes(limit);
            let (body, _) = exchange(builder, |_| {}, answer).await;
            match body {
                Ok(body) => assert!(fits && body == "hello", "{limit}"),
                Err(error) => {
                    assert!(!fits, "{limit}: {error:?}");
                    assert_eq!(error.kind(), TransportErrorKind::TooLarge);
                }
            }
        }
    }
}

#[tokio::test]
async fn a_head_is_read_as_far_as_the_transport_was_told() {
    let answer = |length| {
        let long = "y".repeat(length);
        format!("HTTP/1.1 200 OK\r\nx-long: {long}\r\ncontent-length: 0\r\n\r\n")
    };
    for (limit, length, fits) in [
        (HyperTransport::MAX_HEAD_BYTES, 60 << 10, true),
        (HyperTransport::MAX_HEAD_BYTES, 200 << 10, false),
        (1 << 20, 200 << 10, true),
        // No less than 8 KiB, and up to twice as much between two reads.
        (0, 7 << 10, true),
        (0, 40 << 10, false),
    ] {
        let builder = HyperTransport::builder().max_head_bytes(limit);
        let (body, _) = exchange(builder, |_| {}, answer(length).as_bytes()).await;
        assert_eq!(body.is_ok(), fits, "{length} with a limit of {limit}");
    }
}

#[tokio::test]
async fn no_connection_is_kept_where_none_is_to_be() {
    let server = Server::start().await;
    let builder = HyperTransport::builder().pool_max_idle_per_host(0);
    let transport = builder.build_plain();
    let url = server.url();
    // Each answer comes on a connection that the transport could keep.
    let steps = [Step::ReadRequest, Step::Write(ANSWER), Step::ReadToEnd];
    for _ in 0..2 {
        let asking = ask(&transport, create(&url));
        let (outcome, read) = within(async { tokio::join!(asking, server.serve(&steps)) }).await;
        assert_eq!(outcome.unwrap().into_body().unwrap(), "{}");
        assert_eq!(crate::server::posts(&read), 1);
    }
}

/// What [`HyperTransportBuilder`] shows holds nothing of a proxy's password.
#[cfg(feature = "proxy")]
#[test]
fn debug_shows_no_setting() {
    let builder = HyperTransport::builder().proxy("http://me:word@proxy.test", "");
    assert_eq!(format!("{builder:?}"), "HyperTransportBuilder");
}
