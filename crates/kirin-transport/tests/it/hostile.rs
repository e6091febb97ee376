//! Servers that want to do harm, as far as they concern the transport.

use kirin_transport::{HyperTransport, Sent, Transport, TransportErrorKind};
use tokio::io::AsyncWriteExt;

use crate::server::{Server, Step, create, exchange, play, within};

/// Writes 64 MiB at most, which is 64 times what may be collected.
#[tokio::test]
async fn an_endless_body_ends_at_the_limit() {
    const LIMIT: usize = 1 << 20;
    for head in [
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n",
    ] {
        let server = Server::start().await;
        let transport = HyperTransport::plain();
        let asking = async {
            let response = transport.send(create(&server.url())).await.unwrap();
            response.into_body().collect(LIMIT).await.unwrap_err()
        };
        let (error, written) =
            within(async { tokio::join!(asking, write_on(&server, head)) }).await;
        assert_eq!(error.kind(), TransportErrorKind::TooLarge);
        assert_eq!(error.sent(), Sent::Maybe);
        // The socket's buffers take some megabytes more than was read.
        assert!(written < 32 << 20, "{written} bytes were taken");
    }
}

/// How many bytes of body the client let the server write.
async fn write_on(server: &Server, head: &str) -> usize {
    let mut stream = server.accept().await;
    play(
        &mut stream,
        &[Step::ReadRequest, Step::Write(head.as_bytes())],
    )
    .await;
    let piece = vec![b'x'; 64 << 10];
    let mut written = 0;
    while written < 64 << 20 && stream.write_all(&piece).await.is_ok() {
        written += piece.len();
    }
    written
}

/// No encoding is asked for and none is undone, so a bomb stays as small as it came.
#[tokio::test]
async fn an_encoded_body_is_given_as_it_came() {
    for encoding in ["gzip", "br", "zstd"] {
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\ncontent-length: 4\r\n\r\nbomb"
        );
        let (outcome, _) = exchange(&[Step::ReadRequest, Step::Write(answer.as_bytes())]).await;
        let response = outcome.unwrap();
        assert_eq!(response.headers()["content-encoding"], encoding);
        assert_eq!(response.into_body().unwrap(), "bomb");
    }
}

/// A head is taken as a whole or refused; a refused one is no proof that nothing was done.
async fn check_head(head: &str, expected: Option<u16>) {
    let (outcome, _) = exchange(&[Step::ReadRequest, Step::Write(head.as_bytes())]).await;
    let shown = format!("{} bytes of head", head.len());
    match (outcome, expected) {
        (Ok(response), Some(status)) => assert_eq!(response.status(), status, "{shown}"),
        (Err(error), None) => {
            assert_eq!(
                error.kind(),
                TransportErrorKind::TooLarge,
                "{shown}: {error:?}"
            );
            assert_eq!(error.sent(), Sent::Maybe, "{shown}");
        }
        (outcome, expected) => panic!("{shown}: {outcome:?}, not {expected:?}"),
    }
}

#[tokio::test]
async fn more_than_a_hundred_headers_pass_and_too_many_are_refused() {
    let head = |count| {
        let headers: String = (0..count).map(|it| format!("x-{it}: y\r\n")).collect();
        format!("HTTP/1.1 200 OK\r\n{headers}content-length: 0\r\n\r\n")
    };
    check_head(&head(50), Some(200)).await;
    check_head(&head(101), Some(200)).await;
    check_head(&head(1_999), Some(200)).await;
    check_head(&head(2_000), None).await;
    check_head(&head(10_000), None).await;
}

#[tokio::test]
async fn a_long_head_is_refused() {
    let head = |length| {
        let long = "y".repeat(length);
        format!("HTTP/1.1 200 OK\r\nx-long: {long}\r\ncontent-length: 0\r\n\r\n")
    };
    check_head(&head(100 << 10), Some(200)).await;
    check_head(&head(1 << 20), None).await;
}

/// Interim answers are skipped, however many: only the caller's time-out ends an endless flood.
#[tokio::test]
async fn interim_answers_are_skipped() {
    let interim = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
    for count in [1, 2, 1000] {
        let head =
            interim.repeat(count) + "HTTP/1.1 402 Payment Required\r\ncontent-length: 0\r\n\r\n";
        check_head(&head, Some(402)).await;
    }
}
