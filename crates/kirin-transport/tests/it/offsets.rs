//! A create cut at every byte: of the request as the server reads it, and of the answer.

use kirin_transport::{Sent, TransportErrorKind};

use crate::server::{ANSWER, Server, Step, exchange, exchange_with};

/// How the server goes away.
#[derive(Clone, Copy, Debug)]
enum End {
    /// It closes its own side and counts what still comes: every byte that left is seen.
    Finish,
    /// It closes; with unread bytes, the operating system makes this a reset.
    Close,
    Reset,
}

impl End {
    const ALL: [Self; 3] = [Self::Finish, Self::Close, Self::Reset];

    fn steps(self) -> &'static [Step<'static>] {
        match self {
            Self::Finish => &[Step::FinishWriting, Step::ReadToEnd],
            Self::Close => &[],
            Self::Reset => &[Step::Reset],
        }
    }
}

#[tokio::test]
async fn a_request_cut_at_every_byte_may_have_been_sent() {
    let server = Server::start().await;
    let (whole, request) = exchange_with(&server, &[Step::ReadRequest, Step::Write(ANSWER)]).await;
    assert_eq!(whole.unwrap().status(), 200);
    assert!(request.len() > 100, "the request is not short");
    for end in End::ALL {
        for count in 0..=request.len() {
            check_request_cut(&server, count, end).await;
        }
    }
    assert_eq!(server.waiting(), 0, "nothing was repeated");
}

async fn check_request_cut(server: &Server, count: usize, end: End) {
    let steps = [&[Step::Read(count)], end.steps()].concat();
    let (outcome, read) = exchange_with(server, &steps).await;
    let error = outcome.expect_err("nobody answered");
    let place = format!("{end:?} after {count} bytes: {error:?}");
    assert!(read.len() >= count, "{place}");
    if read.is_empty() {
        // A reset that is fast enough looks like a connection that never was.
        let legal = [TransportErrorKind::Closed, TransportErrorKind::Connect];
        assert!(legal.contains(&error.kind()), "{place}");
    } else {
        assert_eq!(error.kind(), TransportErrorKind::Closed, "{place}");
        assert_eq!(error.sent(), Sent::Maybe, "{place}");
    }
}

const HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n";
const BODY: &[u8] = b"{\"id\":\"abc\"}";

/// Whether the answer is gone at its end, or cleanly closed, the client gets exactly what arrived.
#[tokio::test]
async fn an_answer_closed_at_every_byte_is_an_error_of_head_or_body() {
    let answer = [HEAD, BODY].concat();
    for count in 0..=answer.len() {
        let steps = [Step::ReadRequest, Step::Write(&answer[..count])];
        let (outcome, _) = exchange(&steps).await;
        let place = format!("closed after {count} bytes");
        match outcome {
            Err(error) => {
                assert!(count < HEAD.len(), "{place}: {error:?}");
                assert_eq!(error.kind(), TransportErrorKind::Closed, "{place}");
                assert_eq!(error.sent(), Sent::Maybe, "{place}");
            }
            Ok(response) => {
                assert!(count >= HEAD.len(), "{place}");
                assert_eq!(response.status(), 200);
                match response.into_body() {
                    Ok(body) => assert_eq!((count, &body[..]), (answer.len(), BODY)),
                    Err(error) => {
                        assert!(count < answer.len(), "{place}: {error:?}");
                        assert_eq!(error.kind(), TransportErrorKind::Body, "{place}");
                        assert_eq!(error.sent(), Sent::Maybe, "{place}");
                    }
                }
            }
        }
    }
}

/// A reset may overtake what was written before it, so less may arrive, but nothing is made up.
#[tokio::test]
async fn an_answer_reset_at_every_byte_is_never_taken_for_unsent() {
    let answer = [HEAD, BODY].concat();
    for count in 0..=answer.len() {
        let steps = [
            Step::ReadRequest,
            Step::Write(&answer[..count]),
            Step::Reset,
        ];
        let (outcome, _) = exchange(&steps).await;
        let place = format!("reset after {count} bytes");
        match outcome.map(http::Response::into_body) {
            Ok(Ok(body)) => assert_eq!((count, &body[..]), (answer.len(), BODY)),
            Ok(Err(error)) | Err(error) => assert_eq!(error.sent(), Sent::Maybe, "{place}"),
        }
    }
}
