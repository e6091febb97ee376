//! What holds for every server.

use kirin_tests::{
    property,
    proptest::{
        collection::vec,
        prelude::*,
        sample::{Index, select},
    },
};
use kirin_transport::{Sent, TransportErrorKind};

use super::runtime;
use crate::server::{Server, Step, exchange_with, posts};

/// What answers are made of, so that many of them get further than the first byte.
const FRAGMENTS: &[&str] = &[
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.0 200\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\n",
    "HTTP/1.1 204 No Content\r\n",
    "HTTP/1.1 307 Elsewhere\r\nlocation: http://127.0.0.1:1/\r\n",
    "HTTP/2 200\r\n",
    "content-length: 5\r\n",
    "content-length: 0\r\n",
    "content-length: -1\r\n",
    "content-length: 18446744073709551616\r\n",
    "transfer-encoding: chunked\r\n",
    "transfer-encoding: gzip\r\n",
    "connection: close\r\n",
    "connection: keep-alive\r\n",
    "upgrade: h2c\r\n",
    "\r\n",
    "\n",
    "5\r\nhello\r\n",
    "0\r\n\r\n",
    "ffffffff\r\n",
    "hello",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "\u{0}",
    ": ",
];

fn hostile_answers() -> impl Strategy<Value = Vec<u8>> {
    let fragments = vec(select(FRAGMENTS), 0..10).prop_map(|it| it.concat().into_bytes());
    let damaged = (fragments.clone(), any::<Index>(), any::<u8>()).prop_map(
        |(mut bytes, place, replacement)| {
            if !bytes.is_empty() {
                let place = place.index(bytes.len());
                bytes[place] = replacement;
            }
            bytes
        },
    );
    prop_oneof![
        4 => fragments,
        2 => damaged,
        1 => vec(any::<u8>(), 0..200),
    ]
}

/// The answer comes after the whole request was read, so that no outcome may claim the opposite.
#[test]
fn no_answer_makes_the_transport_panic_hang_repeat_or_deny_that_it_sent() {
    let runtime = runtime();
    let server = runtime.block_on(Server::start());
    property!(hostile_answers(), |answer| {
        let steps = [Step::ReadRequest, Step::Write(&answer)];
        let (outcome, read) = runtime.block_on(exchange_with(&server, &steps));
        prop_assert_eq!(posts(&read), 1);
        match outcome.map(http::Response::into_body) {
            Ok(Ok(body)) => prop_assert!(body.len() <= answer.len()),
            Ok(Err(error)) => {
                prop_assert_eq!(error.kind(), TransportErrorKind::Body);
                prop_assert_eq!(error.sent(), Sent::Maybe);
            }
            Err(error) => {
                prop_assert_eq!(error.sent(), Sent::Maybe);
                let kind = error.kind();
                let legal = [TransportErrorKind::Closed, TransportErrorKind::Protocol];
                prop_assert!(legal.contains(&kind), "{:?}", error);
            }
        }
        Ok(())
    });
    let _in_runtime = runtime.enter();
    assert_eq!(server.waiting(), 0, "something was sent twice");
}

/// A server that does not wait for the whole request, which is longer than it reads before it
/// answers: "not sent" then means that it saw not one byte.
#[test]
fn nothing_was_sent_only_if_the_server_saw_nothing() {
    let runtime = runtime();
    let server = runtime.block_on(Server::start());
    property!((hostile_answers(), 0_usize..150), |(answer, count)| {
        let steps = [
            Step::Read(count),
            Step::Write(&answer),
            Step::FinishWriting,
            Step::ReadToEnd,
        ];
        let (outcome, read) = runtime.block_on(exchange_with(&server, &steps));
        let denied = outcome.is_err_and(|error| error.sent() == Sent::No);
        prop_assert!(!denied || read.is_empty(), "{} bytes were read", read.len());
        Ok(())
    });
    let _in_runtime = runtime.enter();
    assert_eq!(server.waiting(), 0, "something was sent twice");
}
