//! A body that was cut ends with an error.

use super::*;
use crate::BodyEnd;

pub(in super::super) async fn check(bench: &Bench<'_>) {
    let length = || headers([("content-length", "5")]);
    let mut cases = vec![
        (
            "a body is shorter than its length",
            length(),
            vec![Step::Body(b"hel")],
            None,
        ),
        (
            "a body of known length does not begin",
            length(),
            vec![],
            None,
        ),
        (
            "a body of known length is whole",
            length(),
            vec![Step::Body(b"hello"), Step::EndBody],
            Some("hello"),
        ),
    ];
    match bench.peer.version {
        Version::Http1 => cases.extend(cases_http1()),
        Version::Http2 => cases.extend(cases_http2()),
    }
    if bench.peer.scheme() == "https" {
        // Without TLS's own goodbye, somebody in between may have cut it.
        let case = "a body without a length ends with the connection, and TLS was not closed";
        cases.push((case, Vec::new(), vec![Step::Body(b"hello")], None));
    }
    for (case, headers, body, expected) in cases {
        let mut steps = vec![Step::ReadRequest, Step::Head(200, headers)];
        steps.extend(body);
        let work = ends_as(bench, steps, expected);
        bench.run(Clause::CutBodyIsAnError, case, work).await;
    }
    if bench.peer.version == Version::Http1 && bench.peer.scheme() == "http" {
        let case = "a body that ends with the connection is not said to be framed";
        let work = is_not_called_framed(bench);
        bench.run(Clause::CutBodyIsAnError, case, work).await;
    }
    let reset = vec![
        Step::ReadRequest,
        Step::Head(200, length()),
        Step::Body(b"hel"),
        Step::Reset,
    ];
    let work = ends_as(bench, reset, None);
    let case = "the connection is reset within the body";
    bench.run(Clause::CutBodyIsAnError, case, work).await;
}

type Case = (
    &'static str,
    Vec<(String, String)>,
    Vec<Step>,
    Option<&'static str>,
);

fn cases_http1() -> Vec<Case> {
    let chunked = |case, bytes, expected| {
        let headers = headers([("transfer-encoding", "chunked")]);
        (case, headers, vec![Step::Body(bytes)], expected)
    };
    let closing = (
        "a body without a length ends with the connection",
        Vec::new(),
        vec![Step::Body(b"hello"), Step::FinishWriting],
        Some("hello"),
    );
    vec![
        chunked("a chunk is cut", b"5\r\nhel", None),
        chunked("the last chunk is missing", b"5\r\nhello\r\n", None),
        // Behind its size line the body is whole (RFC 9112, section 8), whatever becomes of trailers.
        chunked(
            "the size of the last chunk has no end",
            b"5\r\nhello\r\n0",
            None,
        ),
        chunked("a chunk has no size", b"hello\r\n0\r\n\r\n", None),
        chunked(
            "a chunked body is whole",
            b"5\r\nhello\r\n0\r\n\r\n",
            Some("hello"),
        ),
        closing,
    ]
}

fn cases_http2() -> Vec<Case> {
    let case = |case, end, expected| (case, Vec::new(), vec![Step::Body(b"hel"), end], expected);
    vec![
        case(
            "the stream is reset within the body",
            Step::ResetStream(http2::INTERNAL_ERROR),
            None,
        ),
        case(
            "the stream is cancelled within the body",
            Step::ResetStream(http2::CANCEL),
            None,
        ),
        case(
            "the connection closes within the body",
            Step::FinishWriting,
            None,
        ),
        case(
            "a body without a length is whole",
            Step::EndBody,
            Some("hel"),
        ),
        (
            "a stream ends before its length",
            headers([("content-length", "5")]),
            vec![Step::Body(b"hel"), Step::EndBody, Step::ReadToEnd],
            None,
        ),
    ]
}

/// A transport may say nothing of it, and must not say more than it knows.
async fn is_not_called_framed(bench: &Bench<'_>) -> Outcome {
    let steps = vec![
        Step::ReadRequest,
        Step::Head(200, Vec::new()),
        Step::Body(b"hello"),
        Step::FinishWriting,
    ];
    let (outcome, _) = exchange(bench, steps).await?;
    let is_honest = outcome
        .as_ref()
        .is_ok_and(|response| BodyEnd::of(response.extensions()) == BodyEnd::Closed);
    ensure(is_honest, || shown(&outcome))
}

/// The head is there, and the body is as expected: whole, or cut.
async fn ends_as(bench: &Bench<'_>, steps: Vec<Step>, expected: Option<&str>) -> Outcome {
    let (outcome, _) = exchange(bench, steps).await?;
    let right = match (&outcome, expected) {
        (Ok(response), Some(expected)) => response.body().as_ref().is_ok_and(|it| it == expected),
        // A reset may overtake the head.
        (Ok(response), None) => response.body().is_err(),
        (Err(_), expected) => expected.is_none(),
    };
    ensure(right, || shown(&outcome))
}
