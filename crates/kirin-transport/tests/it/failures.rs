//! Every way in which a request fails that can be arranged exactly, and what the error must say.

use bytes::Bytes;
use http::{Request, Version};
use kirin_transport::{HyperTransport, Sent, Transport, TransportError, TransportErrorKind};

use crate::render::shown;
use crate::server::{Server, Step, create, exchange, within};

/// One failure, and the answer to "what kind, and may the request have left?".
pub(crate) struct Failure {
    pub(crate) name: &'static str,
    pub(crate) error: TransportError,
    pub(crate) kind: TransportErrorKind,
    pub(crate) sent: Sent,
}

/// What the server does after it has accepted, and what becomes of the request.
const SERVED: &[(&str, &[Step<'_>], TransportErrorKind, Sent)] = &[
    (
        "reads one byte and closes",
        &[Step::Read(1), Step::FinishWriting, Step::ReadToEnd],
        TransportErrorKind::Closed,
        Sent::Maybe,
    ),
    (
        "reads the head and closes",
        &[Step::ReadHead, Step::FinishWriting, Step::ReadToEnd],
        TransportErrorKind::Closed,
        Sent::Maybe,
    ),
    (
        "reads the request and closes",
        &[Step::ReadRequest],
        TransportErrorKind::Closed,
        Sent::Maybe,
    ),
    (
        "reads the request and resets",
        &[Step::ReadRequest, Step::Reset],
        TransportErrorKind::Closed,
        Sent::Maybe,
    ),
    (
        "closes within the status line",
        &[Step::ReadRequest, Step::Write(b"HTTP/1.1 2")],
        TransportErrorKind::Closed,
        Sent::Maybe,
    ),
    (
        "closes within the head",
        &[
            Step::ReadRequest,
            Step::Write(b"HTTP/1.1 200 OK\r\ncontent-le"),
        ],
        TransportErrorKind::Closed,
        Sent::Maybe,
    ),
    (
        "closes after 100 Continue",
        &[
            Step::ReadRequest,
            Step::Write(b"HTTP/1.1 100 Continue\r\n\r\n"),
        ],
        TransportErrorKind::Closed,
        Sent::Maybe,
    ),
    (
        "answers no HTTP",
        &[
            Step::ReadRequest,
            Step::Write(b"220 mail.test ESMTP ready\r\n"),
        ],
        TransportErrorKind::Protocol,
        Sent::Maybe,
    ),
    (
        "answers a TLS alert",
        &[
            Step::ReadRequest,
            Step::Write(b"\x15\x03\x03\x00\x02\x02\x46"),
        ],
        TransportErrorKind::Protocol,
        Sent::Maybe,
    ),
    (
        "answers HTTP/9.9",
        &[
            Step::ReadRequest,
            Step::Write(b"HTTP/9.9 200 OK\r\ncontent-length: 0\r\n\r\n"),
        ],
        TransportErrorKind::Protocol,
        Sent::Maybe,
    ),
    (
        "answers status 99999",
        &[Step::ReadRequest, Step::Write(b"HTTP/1.1 99999 OK\r\n\r\n")],
        TransportErrorKind::Protocol,
        Sent::Maybe,
    ),
    (
        "answers a header without a colon",
        &[
            Step::ReadRequest,
            Step::Write(b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n"),
        ],
        TransportErrorKind::Protocol,
        Sent::Maybe,
    ),
    (
        "answers two different lengths",
        &[
            Step::ReadRequest,
            Step::Write(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"),
        ],
        TransportErrorKind::Protocol,
        Sent::Maybe,
    ),
];

/// Provokes every failure there is.
pub(crate) async fn all() -> Vec<Failure> {
    let mut failures = vec![refused().await, https_on_plain().await];
    failures.extend(unsendable().await);
    for (name, steps, kind, sent) in SERVED {
        let (outcome, _) = exchange(steps).await;
        failures.push(Failure {
            name,
            error: outcome.expect_err(name),
            kind: *kind,
            sent: *sent,
        });
    }
    failures
}

async fn refused() -> Failure {
    // Bound and not listening: no other test can take the port meanwhile.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let url = format!("http://{}/v1/create", socket.local_addr().unwrap());
    Failure {
        name: "nobody listens",
        error: send(create(&url)).await,
        kind: TransportErrorKind::Connect,
        sent: Sent::No,
    }
}

async fn https_on_plain() -> Failure {
    let server = Server::start().await;
    let url = server.url().replace("http://", "https://");
    let error = send(create(&url)).await;
    assert_eq!(server.waiting(), 0, "not even a connection was opened");
    Failure {
        name: "https on a transport for plain HTTP",
        error,
        kind: TransportErrorKind::Connect,
        sent: Sent::No,
    }
}

/// What the caller cannot ask for: known before a connection is opened.
async fn unsendable() -> Vec<Failure> {
    let mut failures = Vec::new();
    for (name, url) in [
        ("a path without a host", "/v1/create"),
        ("a host without a scheme", "127.0.0.1:1"),
        ("an asterisk", "*"),
    ] {
        failures.push(Failure {
            name,
            error: send(create(url)).await,
            kind: TransportErrorKind::Request,
            sent: Sent::No,
        });
    }
    let server = Server::start().await;
    let mut request = create(&server.url());
    *request.version_mut() = Version::HTTP_3;
    failures.push(Failure {
        name: "a version that nobody speaks here",
        error: send(request).await,
        // hyper-util does not say that this is the caller's fault, and it has not taken the body.
        kind: TransportErrorKind::Other,
        sent: Sent::No,
    });
    assert_eq!(server.waiting(), 0, "not even a connection was opened");
    failures
}

async fn send(request: Request<Bytes>) -> TransportError {
    let transport = HyperTransport::plain();
    let error = within(transport.send(request)).await.unwrap_err();
    shown(&error);
    error
}
